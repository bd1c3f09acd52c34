//! Resolvers that write: create, update, delete.

use serde::Serialize;

use super::access::{Guard, allows, identities, rules_for};
use super::fields::mode_of;
use super::script::{is_one_of, key as key_name, list, member};
use super::sql::{self, KeyTest, key_tests};
use super::validation::{self, FieldCheck};
use super::{Helpers, KeyEntry, Scene, denied, key_entries, key_fields, shown};
use crate::category::api::plan::{Allow, Model, Operation, Rule};
use crate::render::filters::js;
use crate::render::{RenderError, Renderer};

/// Context of `create.js`, `update.js` and `delete.js`.
#[derive(Debug, Serialize)]
struct Writing {
    title: String,
    model: String,
    dynamic: bool,
    /// Fields follow different rules.
    guarded: bool,
    /// Fields are written, not only an item taken away.
    written: bool,
    deletes: bool,
    /// The item is only read, to see whose it is.
    checks_only: bool,
    /// With data sync: a write says which version it knows.
    synced: bool,
    /// An error carries the item as it is stored. Never where fields have rules of their own.
    gives_item: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
    key_entries: Vec<KeyEntry>,
    /// The same for SQL models.
    key_tests: Vec<KeyTest>,
    key_fields: Vec<String>,
    /// Fields of the input that are not copied as they are.
    fixed_fields: Vec<String>,
    /// JavaScript for the name of the partition key.
    partition_name: String,
    /// JavaScript for the present, where a timestamp wants it.
    now: Option<&'static str>,
    values: Vec<FilledValue>,
    /// Fields with a default value.
    defaulted: Vec<String>,
    owners: Vec<FilledOwner>,
    /// JavaScript that is true where a rule without owner lets the caller in and owners are not stored then.
    ownerless: Option<String>,
    composites: Vec<Composite>,
    /// What is asked of the values that are written.
    checks: Vec<FieldCheck>,
    checks_sort_keys: bool,
    /// JavaScript for the short names of composite attributes.
    aliases: Option<String>,
    shown: Vec<KeyEntry>,
}

/// A field that gets a value when the input has none.
#[derive(Debug, Serialize)]
struct FilledValue {
    name: String,
    member: String,
    given: String,
    value: String,
}

/// An owner field that gets the caller when the input does not name it, not even as null.
#[derive(Debug, Serialize)]
struct FilledOwner {
    auth_type: &'static str,
    member: String,
    identities: String,
    list: bool,
}

/// A sort key of several fields, which is an attribute of its own.
#[derive(Debug, Serialize)]
struct Composite {
    attribute: String,
    parts: Vec<String>,
    first: String,
    /// The index; `None` for the table's own key.
    index: Option<String>,
}

/// `Mutation.createPost`
pub(super) fn create(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let mut context = writing(scene, Operation::Create, format!("{}: adds a {}.", scene.name(), model.name));
    let fill = |name: &str, value: String| FilledValue {
        name: key_name(name),
        member: member("item", name),
        given: member("input", name),
        value,
    };
    let makes_id = model.fields.get("id").is_some_and(|field| field.type_name == "ID" && !field.list);
    if makes_id && !model.defaults.contains_key("id") {
        context.values.push(fill("id", "util.autoId()".to_owned()));
    }
    context.values.extend(model.defaults.iter().map(|(name, value)| fill(name, js(value))));
    let stamps = [&model.created_at, &model.updated_at];
    context.values.extend(stamps.into_iter().flatten().map(|name| {
        let in_seconds = now(model, name) == SECONDS;
        fill(name, if in_seconds { SECONDS } else { "now" }.to_owned())
    }));
    context.now = stamps.into_iter().flatten().map(|name| now(model, name)).find(|now| *now != SECONDS);
    context.defaulted = model.defaults.keys().cloned().collect();
    context.owners = owners(model);
    if !scene.plan.switches.owner_always_stored && context.dynamic {
        // The last guard is that of the fields without rules of their own.
        context.ownerless = context.guards.last().map(|guard| format!("{}(ctx).all", guard.function));
    }
    context.composites = composites(model);
    context.checks_sort_keys = context.composites.iter().any(|composite| composite.index.is_some());
    let fields = key_fields(&model.key);
    context.key_entries = key_entries(&model.key, &members("item", &fields));
    finish(scene, context, "api/resolver/create.js", render)
}

/// `Mutation.updatePost`
pub(super) fn update(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let mut context = writing(scene, Operation::Update, format!("{}: changes a {}.", scene.name(), model.name));
    match &model.updated_at {
        Some(name) => {
            let (given, value) = (member("input", name), now(model, name).to_owned());
            context.values.push(FilledValue { name: key_name(name), member: member("changes", name), given, value });
            context.fixed_fields.push(name.clone());
        }
        // An update that changes nothing still needs something to set.
        None => context.values.push(FilledValue {
            name: "__typename".to_owned(),
            member: String::new(),
            given: String::new(),
            value: super::script::text(&model.name),
        }),
    }
    context.composites = composites(model).into_iter().filter(|composite| composite.index.is_some()).collect();
    context.checks_sort_keys = !context.composites.is_empty();
    context.aliases = (!context.composites.is_empty()).then(|| {
        let names = context.composites.iter().enumerate();
        let entries = names.map(|(at, composite)| (composite.attribute.clone(), format!("__sort{at}").into()));
        js(&serde_json::Value::Object(entries.collect()))
    });
    finish(scene, context, "api/resolver/update.js", render)
}

/// Whether the caller may update or delete the item that is stored.
pub(super) fn check(scene: &Scene<'_>, write: Operation, render: &Renderer) -> Result<String, RenderError> {
    let title = format!("{}: whether the item is the caller's to write.", scene.name());
    let context = Writing { checks_only: true, ..writing(scene, write, title) };
    finish(scene, context, "api/resolver/check_item.js", render)
}

/// `Mutation.deletePost`
pub(super) fn delete(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let context = writing(scene, Operation::Delete, format!("{}: removes a {}.", scene.name(), model.name));
    finish(scene, context, "api/resolver/delete.js", render)
}

fn members(base: &str, fields: &[String]) -> Vec<String> {
    fields.iter().map(|name| member(base, name)).collect()
}

fn writing(scene: &Scene<'_>, operation: Operation, title: String) -> Writing {
    let model = scene.model;
    let guards = guards(model, operation);
    let guarded = guards.len() > 1;
    let mut fields = key_fields(&model.key);
    let key_entries = key_entries(&model.key, &members("input", &fields));
    let synced = model.conflict.is_some();
    fields.extend(synced.then(|| "_version".to_owned()));
    Writing {
        title,
        model: model.name.clone(),
        dynamic: guards.iter().any(|guard| guard.dynamic),
        guarded,
        written: operation != Operation::Delete,
        deletes: operation == Operation::Delete,
        checks_only: false,
        synced,
        gives_item: synced && model.field_rules.is_empty(),
        guards,
        helpers: Helpers { identities: false, groups: false, meets: false },
        key_entries,
        key_tests: key_tests(&model.key, if operation == Operation::Create { "item" } else { "input" }),
        fixed_fields: fields.clone(),
        key_fields: fields,
        partition_name: key_name(&model.key.partition.name),
        now: None,
        values: Vec::new(),
        defaulted: Vec::new(),
        owners: Vec::new(),
        ownerless: None,
        composites: Vec::new(),
        checks: if operation == Operation::Delete { Vec::new() } else { validation::checks(model) },
        checks_sort_keys: false,
        aliases: None,
        shown: shown(model),
    }
}

fn finish(scene: &Scene<'_>, mut context: Writing, template: &str, render: &Renderer) -> Result<String, RenderError> {
    let closed = context.guards.iter().all(Guard::is_closed);
    // To delete an item one must be allowed to clear all of its fields.
    let deletes_nothing = context.deletes && context.guards.iter().any(Guard::is_closed);
    if closed || deletes_nothing {
        return denied(scene, render);
    }
    context.helpers = Helpers::of(&context.guards, context.dynamic || context.guarded);
    context.helpers.identities |= !context.owners.is_empty();
    if let Some(table) = &scene.model.sql {
        context.values.retain(|value| value.name != "__typename");
        let template = template.replace("resolver/", "resolver/sql_");
        return sql::write(scene.model, table, &template, &context, render);
    }
    render.render(template, &context)
}

/// One guard for each set of fields that follow the same rules; the last is for the fields without their own.
fn guards(model: &Model, operation: Operation) -> Vec<Guard> {
    let mut sets: Vec<(Vec<String>, Vec<Rule>)> = Vec::new();
    for (field, rules) in &model.field_rules {
        if !model.fields.contains_key(field) {
            continue;
        }
        match sets.iter_mut().find(|(_, known)| known == rules) {
            Some((fields, _)) => fields.push(field.clone()),
            None => sets.push((vec![field.clone()], rules.clone())),
        }
    }
    let own: Vec<String> = sets.iter().flat_map(|(fields, _)| fields.clone()).collect();
    let mut guards = Vec::new();
    for (fields, rules) in &sets {
        let about = is_one_of(fields);
        let what = format!("the fields {}", fields.join(", "));
        add_guards(&mut guards, &Wanted { operation, about, what }, rules);
    }
    let others = if own.is_empty() { "true".to_owned() } else { format!("!{}.includes(field)", list(&own)) };
    let free = |name: &String| !own.contains(name) && !key_fields(&model.key).contains(name);
    let has_others = model.fields.iter().any(|(name, field)| free(name) && !field.implied);
    let has_rules = model.rules.iter().any(|rule| !rule.allow.is_setting());
    if operation != Operation::Delete || own.is_empty() || has_others || has_rules {
        let every = [Operation::Create, Operation::Update, Operation::Delete];
        let rules = rules_for(model, &every);
        let wanted = Wanted { operation, about: others, what: model.name.clone() };
        add_guards(&mut guards, &wanted, &rules);
    }
    let guarded = guards.len() > 1;
    for (at, guard) in guards.iter_mut().enumerate() {
        guard.function = if guarded { format!("access{}", at + 1) } else { "access".to_owned() };
        guard.dynamic |= guarded;
    }
    guards
}

struct Wanted {
    operation: Operation,
    about: String,
    what: String,
}

/// To clear a field one needs the right to delete it besides, so an update may have two guards for the same fields.
fn add_guards(guards: &mut Vec<Guard>, wanted: &Wanted, rules: &[Rule]) {
    let of = |operation: Operation| -> Vec<&Rule> { rules.iter().filter(|rule| allows(rule, &[operation])).collect() };
    let mut add = |verb: &str, about: String, rules: &[&Rule]| {
        let comment = format!("What the rules let the caller {verb} of {}.", wanted.what);
        guards.push(Guard { about, ..Guard::new("access", comment, rules, None) });
    };
    let (update, clear) = (of(Operation::Update), of(Operation::Delete));
    match wanted.operation {
        Operation::Update if update != clear => {
            let empty = "(ctx.args.input[field] ?? null) === null";
            add("clear", format!("{} && {empty}", wanted.about), &clear);
            add("change", wanted.about.clone(), &update);
        }
        Operation::Update => add("change", wanted.about.clone(), &update),
        Operation::Create => add("set", wanted.about.clone(), &of(Operation::Create)),
        _ => add("delete", wanted.about.clone(), &clear),
    }
}

const SECONDS: &str = "util.time.nowEpochSeconds()";

/// JavaScript for the present: seconds where the timestamp is an `AWSTimestamp`.
fn now(model: &Model, name: &str) -> &'static str {
    let in_seconds = model.fields.get(name).is_some_and(|field| field.type_name == "AWSTimestamp");
    if in_seconds { SECONDS } else { "util.time.nowISO8601()" }
}

fn owners(model: &Model) -> Vec<FilledOwner> {
    let mut owners: Vec<FilledOwner> = Vec::new();
    for rule in model.rules.iter().filter(|rule| allows(rule, &[Operation::Create])) {
        if let Allow::Owner { field, list, claims } = &rule.allow {
            let (auth_type, member) = (mode_of(rule), member("item", field));
            if !owners.iter().any(|known| known.auth_type == auth_type && known.member == member) {
                owners.push(FilledOwner { auth_type, member, identities: identities(claims), list: *list });
            }
        }
    }
    owners
}

fn composites(model: &Model) -> Vec<Composite> {
    let table = std::iter::once((&model.key, None));
    let indexes = model.indexes.iter().map(|index| (&index.key, Some(index.name.clone())));
    let mut composites: Vec<Composite> = Vec::new();
    for (key, index) in table.chain(indexes) {
        let parts: Vec<String> = key.sort.iter().map(|field| field.name.clone()).collect();
        let (Some(attribute), [first, _, ..]) = (key.sort_attribute(), &parts[..]) else { continue };
        if !composites.iter().any(|known| known.attribute == attribute) {
            composites.push(Composite { attribute, first: first.clone(), parts, index });
        }
    }
    composites
}
