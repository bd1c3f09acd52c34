//! Edits of the manifest's text that keep the user's comments, order and style.
//!
//! Settings that have their default value are not written, unless the user wrote them.

use serde::Serialize;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::{FILE, Manifest, ManifestChange};
use crate::category::{ApiSpec, AuthSpec, FunctionSpec, HostingSpec, Renderer, ResourceSpec};
use crate::error::{Code, Problem};

/// The text of a new manifest, with comments that explain it.
pub fn fresh(manifest: &Manifest) -> Result<String, Vec<Problem>> {
    let context = serde_json::json!({ "name": manifest.name, "outputs": manifest.outputs.path });
    let head = Renderer::default()
        .render("project/ampup.toml", &context)
        .map_err(|error| vec![Problem::new(Code::AMP0311, error.to_string())])?;
    let environments = manifest.environments.iter();
    let environments = environments.map(|(name, target)| ManifestChange::PutEnvironment(name.clone(), target.clone()));
    let resources = manifest.resources.iter();
    let resources = resources.map(|(name, spec)| ManifestChange::PutResource(name.clone(), spec.clone()));
    rewrite(&head, &environments.chain(resources).collect::<Vec<_>>())
}

/// The text after the changes; what they do not concern stays as it is, to the byte.
///
/// # Errors
/// Every problem of the text as it is, of a change that does not fit it, and of the text as it would become.
pub fn rewrite(text: &str, changes: &[ManifestChange]) -> Result<String, Vec<Problem>> {
    super::parse(text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| vec![Problem::new(Code::AMP0102, error.message())])?;
    for change in changes {
        apply(&mut document, change)?;
    }
    let after = document.to_string();
    super::parse(&after)?;
    Ok(after)
}

fn apply(document: &mut DocumentMut, change: &ManifestChange) -> Result<(), Vec<Problem>> {
    match change {
        ManifestChange::PutResource(name, spec) => {
            let defaults = settings(&default_of(spec))?;
            put(section(document, "resources")?, name.as_str(), &settings(spec)?, &defaults);
        }
        ManifestChange::PutEnvironment(name, target) => {
            put(section(document, "environments")?, name.as_str(), &settings(target)?, &Table::new());
        }
        ManifestChange::RemoveResource(name) => {
            let missing = || vec![Problem::new(Code::AMP0109, format!("there is no resource `{name}`"))];
            section(document, "resources")?.remove(name.as_str()).ok_or_else(missing)?;
        }
        ManifestChange::RemoveEnvironment(name) => {
            let missing = || vec![Problem::new(Code::AMP0108, format!("there is no environment `{name}`"))];
            section(document, "environments")?.remove(name.as_str()).ok_or_else(missing)?;
        }
    }
    Ok(())
}

/// `[resources]` or `[environments]`; made without a header of its own when it is not there.
fn section<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut dyn TableLike, Vec<Problem>> {
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let item = document.entry(name).or_insert_with(implicit);
    item.as_table_like_mut()
        .ok_or_else(|| vec![Problem::new(Code::AMP0103, format!("`{name}` of {FILE} must be a table"))])
}

/// The settings as a table.
fn settings(value: &impl Serialize) -> Result<Table, Vec<Problem>> {
    let document = toml_edit::ser::to_document(value);
    let document =
        document.map_err(|error| vec![Problem::new(Code::AMP0901, format!("settings cannot be written: {error}"))])?;
    Ok(document.as_table().clone())
}

fn default_of(spec: &ResourceSpec) -> ResourceSpec {
    match spec {
        ResourceSpec::Auth(_) => ResourceSpec::Auth(AuthSpec::default()),
        ResourceSpec::Api(_) => ResourceSpec::Api(ApiSpec::default()),
        ResourceSpec::Hosting(_) => ResourceSpec::Hosting(HostingSpec::default()),
        ResourceSpec::Function(_) => ResourceSpec::Function(FunctionSpec::default()),
        ResourceSpec::Storage(spec) => ResourceSpec::Storage(spec.plain()),
    }
}

fn put(section: &mut dyn TableLike, name: &str, wanted: &Table, defaults: &Table) {
    if let Some(there) = section.get_mut(name).and_then(Item::as_table_like_mut) {
        merge(there, wanted, defaults);
        return;
    }
    let mut fresh = Table::new();
    merge(&mut fresh, wanted, defaults);
    section.insert(name, Item::Table(fresh));
}

/// Keys whose presence says what a resource is: they are written even where everything in them has its default.
const SAY_WHAT_IT_IS: [&str; 3] = ["kind", "bucket", "table"];

/// Makes `there` mean what `wanted` means, with as few changes of its text as can be.
fn merge(there: &mut dyn TableLike, wanted: &Table, defaults: &Table) {
    let gone: Vec<String> =
        there.iter().map(|(key, _)| key.to_owned()).filter(|key| !wanted.contains_key(key)).collect();
    for key in gone {
        there.remove(&key);
    }
    for (key, value) in wanted {
        let default = defaults.get(key);
        let is_default = !SAY_WHAT_IT_IS.contains(&key) && default.is_some_and(|default| same(default, value));
        let Some(old) = there.get_mut(key) else {
            if is_default {
                continue;
            }
            there.insert(key, without_defaults(value, default));
            continue;
        };
        if let (Some(old), Some(new)) = (old.as_table_like_mut(), value.as_table_like()) {
            let defaults = default.and_then(Item::as_table_like).map(owned).unwrap_or_default();
            merge(old, &owned(new), &defaults);
        } else if !same(old, value) {
            replace(old, value);
        }
    }
}

/// A nested table without the settings that have their default value.
fn without_defaults(value: &Item, default: Option<&Item>) -> Item {
    let Some(table) = value.as_table_like() else { return value.clone() };
    let mut written = toml_edit::InlineTable::new();
    for (key, inner) in table.iter() {
        let same_as_default = default.and_then(|default| default.get(key)).is_some_and(|default| same(default, inner));
        if let (false, Some(value)) = (same_as_default, inner.as_value()) {
            written.insert(key, value.clone());
        }
    }
    Item::Value(Value::InlineTable(written))
}

fn owned(table: &dyn TableLike) -> Table {
    table.iter().map(|(key, item)| (key.to_owned(), item.clone())).collect()
}

/// Puts a value in the place of another; blanks and comments around it stay.
fn replace(old: &mut Item, new: &Item) {
    let around = old.as_value().map(|value| value.decor().clone());
    let mut item = new.clone();
    if let (Some(value), Some(around)) = (item.as_value_mut(), around) {
        *value.decor_mut() = around;
    }
    *old = item;
}

/// Whether two values mean the same, whatever their style.
fn same(left: &Item, right: &Item) -> bool {
    plain(left) == plain(right)
}

fn plain(item: &Item) -> serde_json::Value {
    use serde_json::Value as Json;
    if let Some(table) = item.as_table_like() {
        // By name, because the order of settings has no meaning.
        let sorted: std::collections::BTreeMap<String, Json> =
            table.iter().map(|(key, item)| (key.to_owned(), plain(item))).collect();
        return Json::Object(sorted.into_iter().collect());
    }
    match item.as_value() {
        Some(Value::String(text)) => Json::String(text.value().clone()),
        Some(Value::Integer(number)) => Json::from(*number.value()),
        Some(Value::Float(number)) => Json::from(*number.value()),
        Some(Value::Boolean(value)) => Json::Bool(*value.value()),
        Some(Value::Datetime(time)) => Json::String(time.value().to_string()),
        Some(Value::Array(items)) => items.iter().map(|item| plain(&Item::Value(item.clone()))).collect(),
        Some(Value::InlineTable(_)) | None => Json::Null,
    }
}
