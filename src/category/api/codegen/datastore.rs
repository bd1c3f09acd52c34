//! DataStore models as TypeScript and JavaScript: `index.js` with `index.d.ts`, or `index.ts`.

use std::fmt::Write as _;

use indexmap::IndexSet;

use super::metadata::enum_names;
use crate::category::api::models::{KeyKind, ModelField, ModelType, Models};

/// `index.js`.
pub(super) fn script(models: &Models) -> String {
    let enums = models.enums.iter().map(|(name, values)| {
        let mut text = format!("const {name} = {{");
        for (index, (key, value)) in enum_names(values).iter().enumerate() {
            let _ = write!(text, "{}\n  \"{key}\": {value}", if index == 0 { "" } else { "," });
        }
        text + "\n};"
    });
    let classes: Vec<&str> = models.stored.keys().chain(models.others.keys()).map(String::as_str).collect();
    let exported: Vec<&str> =
        models.stored.keys().chain(models.enums.keys()).chain(models.others.keys()).map(String::as_str).collect();
    let mut parts = vec![
        "// @ts-check\nimport { initSchema } from '@aws-amplify/datastore';\nimport { schema } from './schema';"
            .to_owned(),
    ];
    parts.extend(enums);
    if !classes.is_empty() {
        parts.push(format!("const {{ {} }} = initSchema(schema);", classes.join(", ")));
    }
    parts.push(exports(&exported));
    parts.join("\n\n") + "\n"
}

fn exports(names: &[&str]) -> String {
    if names.is_empty() { "export {};".to_owned() } else { format!("export {{\n  {}\n}};", names.join(",\n  ")) }
}

/// `index.d.ts`.
pub(super) fn declaration(models: &Models) -> String {
    let mut writer = Writer::new(models, "");
    let enums: Vec<String> = models.enums.iter().map(|(name, values)| enumeration(name, values)).collect();
    let declared: Vec<String> = models.stored.values().map(|model| writer.declare(model, true)).collect();
    let others: Vec<String> = models.others.values().map(|other| writer.declare(other, false)).collect();
    let read_only = writer.read_only_types();
    let mut parts = vec![writer.imports(&[])];
    parts.extend(enums.into_iter().chain(others).chain(read_only).chain(declared));
    parts.join("\n\n") + "\n"
}

/// `index.ts`. The names of the models are types too, so that keys can be told apart by model.
pub(super) fn typed(models: &Models) -> String {
    let mut writer = Writer::new(models, "Model");
    let enums: Vec<String> = models.enums.iter().map(|(name, values)| enumeration(name, values)).collect();
    let declared: Vec<String> = models.stored.values().map(|model| writer.declare(model, true)).collect();
    let others: Vec<String> = models.others.values().map(|other| writer.declare(other, false)).collect();
    let read_only = writer.read_only_types();
    let classes: Vec<&str> = models.stored.keys().chain(models.others.keys()).map(String::as_str).collect();
    let mut parts = vec![format!(
        "{}\nimport {{ initSchema }} from \"@aws-amplify/datastore\";\n\nimport {{ schema }} from \"./schema\";",
        writer.imports(&["PersistentModelConstructor"])
    )];
    parts.extend(enums.into_iter().chain(read_only).chain(declared).chain(others));
    if !classes.is_empty() {
        let typed: Vec<String> =
            classes.iter().map(|name| format!("  {name}: PersistentModelConstructor<{name}Model>;")).collect();
        parts.push(format!("const {{ {} }} = initSchema(schema) as {{\n{}\n}};", classes.join(", "), typed.join("\n")));
    }
    parts.extend(classes.iter().map(|name| format!("type {name} = {name}Model;")));
    parts.push(exports(&models.stored.keys().map(String::as_str).collect::<Vec<_>>()));
    parts.join("\n\n") + "\n"
}

fn enumeration(name: &str, values: &[String]) -> String {
    let values: Vec<String> = enum_names(values).iter().map(|(key, value)| format!("  {key} = {value}")).collect();
    format!("export enum {name} {{\n{}\n}}", values.join(",\n"))
}

/// Writes declarations, and remembers what they need to import.
struct Writer<'a> {
    models: &'a Models,
    /// What the names of declared types end with.
    suffix: &'static str,
    imports: IndexSet<&'static str>,
    lazy_imports: IndexSet<&'static str>,
}

impl<'a> Writer<'a> {
    fn new(models: &'a Models, suffix: &'static str) -> Self {
        Self {
            models,
            suffix,
            imports: IndexSet::from(["ModelInit", "MutableModel"]),
            lazy_imports: IndexSet::from(["LazyLoading", "LazyLoadingDisabled"]),
        }
    }

    fn imports(&self, more: &[&'static str]) -> String {
        let join = |names: Vec<&str>| names.join(", ");
        let imports = join(self.imports.iter().copied().chain(more.iter().copied()).collect());
        let lazy = join(self.lazy_imports.iter().copied().collect());
        format!(
            "import {{ {imports} }} from \"@aws-amplify/datastore\";\n// @ts-ignore\nimport {{ {lazy} }} from \"@aws-amplify/datastore\";"
        )
    }

    /// Without custom keys, types of their own name the fields that only the service writes.
    fn read_only_types(&self) -> Vec<String> {
        if self.models.custom_keys {
            return Vec::new();
        }
        let with = self.models.stored.values().filter(|model| !model.read_only().is_empty());
        with.map(|model| {
            format!(
                "type {}{}MetaData = {{\n  readOnlyFields: {};\n}}",
                model.name,
                self.suffix,
                union(&model.read_only())
            )
        })
        .collect()
    }

    fn declare(&mut self, found: &ModelType, is_model: bool) -> String {
        let name = format!("{}{}", found.name, self.suffix);
        let meta = if is_model && self.models.custom_keys { self.meta(found) } else { String::new() };
        let (mut eager, mut lazy) = (meta.clone(), meta);
        for field in &found.fields {
            let Some((now, later)) = self.types(field) else { continue };
            let optional = if field.shape.is_optional() { "?" } else { "" };
            let related = self.models.stored.contains_key(&field.shape.type_name);
            let _ = writeln!(eager, "  readonly {}{optional}: {now};", field.name);
            let _ = writeln!(lazy, "  readonly {}{}: {later};", field.name, if related { "" } else { optional });
        }
        let init = if is_model && !self.models.custom_keys && !found.read_only().is_empty() {
            format!("{name}, {name}MetaData")
        } else {
            name.clone()
        };
        let copying = format!(
            " & {{\n  copyOf(source: {name}, mutator: (draft: MutableModel<{init}>) => MutableModel<{init}> | void): {name};\n}}"
        );
        let copying = if is_model { copying } else { String::new() };
        format!(
            "type Eager{name} = {{\n{eager}}}\n\ntype Lazy{name} = {{\n{lazy}}}\n\n\
             export declare type {name} = LazyLoading extends LazyLoadingDisabled ? Eager{name} : Lazy{name}\n\n\
             export declare const {name}: (new (init: ModelInit<{init}>) => {name}){copying}"
        )
    }

    /// What identifies an item, and the fields that only the service writes.
    fn meta(&mut self, model: &ModelType) -> String {
        self.imports.insert("__modelMeta__");
        let Some(key) = &model.key else { return String::new() };
        let names: Vec<&str> = std::iter::once(&key.partition).chain(&key.sort).map(String::as_str).collect();
        let (kind, fields) = match (key.kind, &names[..]) {
            (KeyKind::Managed, _) => ("ManagedIdentifier", format!("'{}'", key.partition)),
            (KeyKind::OptionallyManaged, _) => ("OptionallyManagedIdentifier", format!("'{}'", key.partition)),
            (KeyKind::Custom, [one]) => ("CustomIdentifier", format!("'{one}'")),
            (KeyKind::Custom, all) => ("CompositeIdentifier", format!("['{}']", all.join("', '"))),
        };
        self.imports.insert(kind);
        let mut meta = format!("  readonly [__modelMeta__]: {{\n    identifier: {kind}<{}, {fields}>;\n", model.name);
        if !model.read_only().is_empty() {
            let _ = writeln!(meta, "    readOnlyFields: {};", union(&model.read_only()));
        }
        meta + "  };\n"
    }

    /// The type of a field when relations are loaded at once, and when they are loaded on demand; none for types that
    /// models cannot hold.
    fn types(&mut self, field: &ModelField) -> Option<(String, String)> {
        let shape = &field.shape;
        let null = if shape.is_optional() { " | null" } else { "" };
        let listed = |name: &str| match (shape.list, shape.nullable) {
            (None, _) => name.to_owned(),
            (Some(_), true) => format!("({name} | null)[]"),
            (Some(_), false) => format!("{name}[]"),
        };
        let declared = format!("{}{}", shape.type_name, self.suffix);
        if self.models.stored.contains_key(&shape.type_name) {
            let lazy = if shape.list.is_some() {
                self.lazy_imports.insert("AsyncCollection");
                format!("AsyncCollection<{declared}>")
            } else {
                self.lazy_imports.insert("AsyncItem");
                format!("AsyncItem<{declared}{}>", if shape.nullable { " | undefined" } else { "" })
            };
            return Some((listed(&declared) + null, lazy));
        }
        let plain = if self.models.enums.contains_key(&shape.type_name) {
            let keys = format!("keyof typeof {}", shape.type_name);
            let keys = if shape.list.is_some() { format!("Array<{keys}>") } else { keys };
            format!("{} | {keys}", listed(&shape.type_name))
        } else if self.models.others.contains_key(&shape.type_name) {
            listed(&shape.type_name)
        } else {
            listed(super::types::scalar(&shape.type_name)?)
        };
        let plain = plain + null;
        Some((plain.clone(), plain))
    }
}

fn union(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" | ")
}
