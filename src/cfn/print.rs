//! A [`Template`] as text: canonical JSON, or YAML that people like to read.
//!
//! Sections and attributes come in a fixed order, entries in the order of the template. Reading the text again gives
//! the same template. Comments of an earlier text are not kept.

mod yaml;

use serde_json::Value as Json;

use super::{DeletionPolicy, Output, Parameter, Resource, Template, Value};

/// The template as JSON, without spaces: equal templates have equal texts.
pub fn json(template: &Template) -> String {
    document(template).to_json().to_string()
}

/// The template as YAML with the short forms (`!Ref`), two spaces a level.
pub fn yaml(template: &Template) -> String {
    yaml::print(&document(template))
}

/// The template as a JSON value.
pub fn to_json(template: &Template) -> Json {
    document(template).to_json()
}

/// One value as YAML, for messages and patches.
pub fn value_yaml(value: &Value) -> String {
    yaml::print(value)
}

/// A map that is written entry by entry.
#[derive(Default)]
struct Entries(super::Map);

impl Entries {
    fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(key, Value::Text(text.to_owned()));
        }
    }

    fn value(&mut self, key: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.put(key, value.clone());
        }
    }
}

/// The whole template as one value.
pub(in crate::cfn) fn document(template: &Template) -> Value {
    let mut sections = Entries::default();
    sections.text("AWSTemplateFormatVersion", Some("2010-09-09"));
    sections.text("Description", template.description.as_deref());
    sections.value("Metadata", template.metadata.as_ref());
    let mut section = |name: &str, entries: super::Map| {
        if !entries.is_empty() {
            sections.put(name, Value::Map(entries));
        }
    };
    section("Parameters", template.parameters.iter().map(|(id, entry)| (id.to_string(), parameter(entry))).collect());
    let second = |map: &indexmap::IndexMap<String, Value>| Value::Map(map.clone());
    let top = |map: &indexmap::IndexMap<String, indexmap::IndexMap<String, Value>>| {
        Value::Map(map.iter().map(|(key, map)| (key.clone(), second(map))).collect())
    };
    section("Mappings", template.mappings.iter().map(|(name, map)| (name.clone(), top(map))).collect());
    section("Conditions", template.conditions.iter().map(|(id, value)| (id.to_string(), value.clone())).collect());
    let resources = template.resources.iter().map(|(id, entry)| (id.to_string(), resource(entry))).collect();
    sections.put("Resources", Value::Map(resources));
    let outputs: super::Map = template.outputs.iter().map(|(id, entry)| (id.to_string(), output(entry))).collect();
    if !outputs.is_empty() {
        sections.put("Outputs", Value::Map(outputs));
    }
    Value::Map(sections.0)
}

fn parameter(parameter: &Parameter) -> Value {
    let mut entries = Entries::default();
    entries.text("Type", Some(&parameter.kind));
    entries.text("Description", parameter.description.as_deref());
    entries.text("Default", parameter.default.as_deref());
    if !parameter.allowed_values.is_empty() {
        let values = parameter.allowed_values.iter().cloned().map(Value::Text).collect();
        entries.put("AllowedValues", Value::List(values));
    }
    entries.text("AllowedPattern", parameter.allowed_pattern.as_deref());
    for (name, value) in &parameter.constraints {
        entries.put(name, value.clone());
    }
    if parameter.no_echo {
        entries.put("NoEcho", Value::Bool(true));
    }
    Value::Map(entries.0)
}

fn resource(resource: &Resource) -> Value {
    let mut entries = Entries::default();
    entries.text("Type", Some(resource.kind.as_str()));
    entries.value("Metadata", resource.metadata.as_ref());
    entries.text("Condition", resource.condition.as_ref().map(AsRef::as_ref));
    match &resource.depends_on[..] {
        [] => {}
        [one] => entries.text("DependsOn", Some(one.as_str())),
        many => {
            let ids = many.iter().map(|id| Value::Text(id.to_string())).collect();
            entries.put("DependsOn", Value::List(ids));
        }
    }
    entries.text("DeletionPolicy", policy(resource.deletion));
    entries.text("UpdateReplacePolicy", policy(resource.update_replace));
    if resource.properties.as_map().is_some_and(|map| !map.is_empty()) {
        entries.put("Properties", resource.properties.clone());
    }
    Value::Map(entries.0)
}

/// The default is not written.
fn policy(policy: DeletionPolicy) -> Option<&'static str> {
    match policy {
        DeletionPolicy::Delete => None,
        DeletionPolicy::Retain => Some("Retain"),
        DeletionPolicy::RetainExceptOnCreate => Some("RetainExceptOnCreate"),
        DeletionPolicy::Snapshot => Some("Snapshot"),
    }
}

fn output(output: &Output) -> Value {
    let mut entries = Entries::default();
    entries.text("Description", output.description.as_deref());
    entries.text("Condition", output.condition.as_ref().map(AsRef::as_ref));
    entries.put("Value", output.value.clone());
    if let Some(name) = &output.export {
        let mut export = super::Map::new();
        export.insert("Name".to_owned(), name.clone());
        entries.put("Export", Value::Map(export));
    }
    Value::Map(entries.0)
}

#[cfg(test)]
mod tests;
