//! The sections of a template, and the entries of each.

use indexmap::IndexMap;

use super::tree::{Content, Key, Node};
use super::values::Reader;
use crate::base::suggest::nearest;
use crate::base::{Label, Location, LogicalId, ResourceKind};
use crate::cfn::{DeletionPolicy, Map, Output, Parameter, Resource, Template, Value};

/// The one version of the format that exists.
const VERSION: &str = "2010-09-09";

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
];

const PARAMETER_KEYS: &[&str] = &[
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "NoEcho",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
];

const RESOURCE_KEYS: &[&str] =
    &["Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"];

const OUTPUT_KEYS: &[&str] = &["Value", "Description", "Export", "Condition"];

/// The entries of one map.
type Entries = [(Key, Node)];

pub(super) fn template(reader: &mut Reader<'_>, root: &Node) -> Template {
    let mut template = Template::default();
    let Some(sections) = entries(reader, root, "a template") else { return template };
    let mut has_resources = false;
    for (key, node) in sections {
        match key.text.as_str() {
            "AWSTemplateFormatVersion" => version(reader, node),
            "Description" => template.description = reader.text_of(node, "`Description`"),
            "Metadata" => template.metadata = Some(reader.value(node)),
            "Parameters" => template.parameters = named(reader, node, "`Parameters`", parameter),
            "Mappings" => template.mappings = mappings(reader, node),
            "Conditions" => {
                template.conditions =
                    named(reader, node, "`Conditions`", |reader, _, node| Some(reader.condition(node)));
            }
            "Resources" => {
                has_resources = true;
                template.resources = named(reader, node, "`Resources`", resource);
            }
            "Outputs" => template.outputs = named(reader, node, "`Outputs`", output),
            "Transform" => refuse(reader, key, "macros and transforms are not supported", &transform_names(node)),
            "Rules" | "Hooks" => refuse(reader, key, "this section is not supported", ""),
            other => unknown(reader, key, other, "section of a template", SECTIONS),
        }
    }
    if !has_resources {
        reader.problem(0..1, "the template has no `Resources`");
    }
    template
}

fn refuse(reader: &mut Reader<'_>, key: &Key, reason: &str, names: &str) {
    reader.problem(key.span.clone(), format!("`{}{names}` is refused: {reason}", key.text.escape_debug()));
}

fn transform_names(node: &Node) -> String {
    match &node.content {
        Content::Scalar { text, .. } => format!(": {}", text.escape_debug()),
        Content::List(list) => list.iter().map(transform_names).collect(),
        Content::Map(_) => String::new(),
    }
}

fn unknown(reader: &mut Reader<'_>, key: &Key, name: &str, what: &str, known: &[&str]) {
    let suggestion = nearest(name, known.iter().copied());
    let suggestion = suggestion.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    reader.problem(key.span.clone(), format!("`{}` is no {what}{suggestion}", name.escape_debug()));
}

fn version(reader: &mut Reader<'_>, node: &Node) {
    if let Some(text) = reader.text_of(node, "`AWSTemplateFormatVersion`")
        && text != VERSION
    {
        let message = format!("`{}` is no version of the template format: it must be {VERSION}", text.escape_debug());
        reader.problem(node.span.clone(), message);
    }
}

/// The entries of a map without a tag; a problem for anything else.
fn entries<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str) -> Option<&'n Entries> {
    match &node.content {
        Content::Map(entries) if node.tag.is_none() => Some(entries),
        _ => {
            reader.problem(node.span.clone(), format!("{what} must be a map"));
            None
        }
    }
}

/// A section whose keys are logical ids.
fn named<'r, T>(
    reader: &mut Reader<'r>,
    node: &Node,
    what: &str,
    mut read: impl FnMut(&mut Reader<'r>, &Key, &Node) -> Option<T>,
) -> IndexMap<LogicalId, T> {
    let mut found = IndexMap::new();
    for (key, node) in entries(reader, node, what).unwrap_or_default() {
        let id = reader.logical_id(&key.text, key.span.clone());
        let entry = read(reader, key, node);
        if let (Some(id), Some(entry)) = (id, entry) {
            found.insert(id, entry);
        }
    }
    found
}

fn parameter(reader: &mut Reader<'_>, name: &Key, node: &Node) -> Option<Parameter> {
    let what = format!("the parameter `{}`", name.text.escape_debug());
    let mut parameter = Parameter {
        kind: String::new(),
        default: None,
        description: None,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        constraints: IndexMap::new(),
        no_echo: false,
    };
    for (key, value) in entries(reader, node, &what)? {
        let what = format!("`{}` of {what}", key.text.escape_debug());
        match key.text.as_str() {
            "Type" => parameter.kind = reader.text_of(value, &what).unwrap_or_default(),
            "Default" => parameter.default = reader.text_of(value, &what),
            "Description" => parameter.description = reader.text_of(value, &what),
            "AllowedPattern" => parameter.allowed_pattern = reader.text_of(value, &what),
            "NoEcho" => match reader.text_of(value, &what).unwrap_or_default().to_ascii_lowercase().as_str() {
                "true" => parameter.no_echo = true,
                "false" => {}
                _ => reader.problem(value.span.clone(), format!("{what} must be `true` or `false`")),
            },
            "AllowedValues" => match &value.content {
                Content::List(list) => {
                    let values = list.iter().filter_map(|item| reader.text_of(item, &format!("each of {what}")));
                    parameter.allowed_values = values.collect();
                }
                _ => reader.problem(value.span.clone(), format!("{what} must be a list")),
            },
            "MinLength" | "MaxLength" | "MinValue" | "MaxValue" => {
                let text = reader.text_of(value, &what).unwrap_or_default();
                if text.trim().parse::<f64>().is_ok_and(f64::is_finite) {
                    parameter.constraints.insert(key.text.clone(), super::scalar(text.trim()));
                } else {
                    reader.problem(value.span.clone(), format!("{what} must be a number"));
                }
            }
            "ConstraintDescription" => {
                let text = reader.text_of(value, &what).unwrap_or_default();
                parameter.constraints.insert(key.text.clone(), Value::Text(text));
            }
            other => unknown(reader, key, other, "attribute of a parameter", PARAMETER_KEYS),
        }
    }
    if parameter.kind.is_empty() {
        reader.problem(name.span.clone(), format!("{what} has no `Type`"));
    }
    Some(parameter)
}

fn mappings(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, IndexMap<String, IndexMap<String, Value>>> {
    let mut maps = IndexMap::new();
    for (name, map) in entries(reader, node, "`Mappings`").unwrap_or_default() {
        let mut tops = IndexMap::new();
        for (top, seconds) in entries(reader, map, "a mapping").unwrap_or_default() {
            let mut values = IndexMap::new();
            for (second, value) in entries(reader, seconds, "a top-level key of a mapping").unwrap_or_default() {
                let read = reader.value(value);
                if !read.is_plain() {
                    reader.problem(value.span.clone(), "a mapping cannot hold intrinsic functions");
                }
                values.insert(second.text.clone(), read);
            }
            tops.insert(top.text.clone(), values);
        }
        maps.insert(name.text.clone(), tops);
    }
    maps
}

fn resource(reader: &mut Reader<'_>, name: &Key, node: &Node) -> Option<Resource> {
    let what = format!("the resource `{}`", name.text.escape_debug());
    let mut kind = None;
    let mut resource = ResourceParts::default();
    for (key, value) in entries(reader, node, &what)? {
        match key.text.as_str() {
            "Type" => {
                let text = reader.text_of(value, &format!("`Type` of {what}")).unwrap_or_default();
                kind = Some(ResourceKind::new(text));
                if let Some(Err(error)) = &kind {
                    reader.problem(value.span.clone(), error.to_string());
                }
            }
            "Properties" => match reader.value(value) {
                Value::Map(map) => resource.properties = map,
                _ => reader.problem(value.span.clone(), format!("`Properties` of {what} must be a map")),
            },
            "DependsOn" => resource.depends_on = depends_on(reader, value),
            "Condition" => {
                let text = reader.text_of(value, &format!("`Condition` of {what}")).unwrap_or_default();
                resource.condition = reader.logical_id(&text, value.span.clone());
            }
            "DeletionPolicy" => resource.deletion = policy(reader, value, "DeletionPolicy"),
            "UpdateReplacePolicy" => resource.update_replace = policy(reader, value, "UpdateReplacePolicy"),
            "Metadata" => resource.metadata = Some(reader.value(value)),
            "CreationPolicy" | "UpdatePolicy" => refuse(reader, key, "this attribute is not supported", ""),
            other => unknown(reader, key, other, "attribute of a resource", RESOURCE_KEYS),
        }
    }
    let Some(kind) = kind else {
        reader.problem(name.span.clone(), format!("{what} has no `Type`"));
        return None;
    };
    let label = resource.metadata.as_ref().and_then(|metadata| metadata.get("Ampup")?.get("Label")?.as_text());
    Some(Resource {
        kind: kind.ok()?,
        label: label.map(|text| Label(text.to_owned())),
        properties: Value::Map(resource.properties),
        depends_on: resource.depends_on,
        condition: resource.condition,
        deletion: resource.deletion,
        update_replace: resource.update_replace,
        metadata: resource.metadata,
        origin: Some(Location::at_offset(reader.origin, reader.text, name.span.start)),
    })
}

/// A resource whose type is not known yet.
#[derive(Default)]
struct ResourceParts {
    properties: Map,
    depends_on: Vec<LogicalId>,
    condition: Option<LogicalId>,
    deletion: DeletionPolicy,
    update_replace: DeletionPolicy,
    metadata: Option<Value>,
}

fn depends_on(reader: &mut Reader<'_>, node: &Node) -> Vec<LogicalId> {
    let single = std::slice::from_ref(node);
    let list = if let Content::List(list) = &node.content { list.as_slice() } else { single };
    let mut found = Vec::new();
    for item in list {
        let Some(text) = reader.text_of(item, "each of `DependsOn`") else { continue };
        found.extend(reader.logical_id(&text, item.span.clone()));
    }
    found
}

fn policy(reader: &mut Reader<'_>, node: &Node, name: &str) -> DeletionPolicy {
    let text = reader.text_of(node, &format!("`{name}`")).unwrap_or_default();
    match (text.as_str(), name) {
        ("Delete", _) => DeletionPolicy::Delete,
        ("Retain", _) => DeletionPolicy::Retain,
        ("Snapshot", _) => DeletionPolicy::Snapshot,
        ("RetainExceptOnCreate", "DeletionPolicy") => DeletionPolicy::RetainExceptOnCreate,
        _ => {
            let known = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
            let suggestion = nearest(&text, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let message = format!("`{}` is no value of `{name}`{suggestion}", text.escape_debug());
            reader.problem(node.span.clone(), message);
            DeletionPolicy::Delete
        }
    }
}

fn output(reader: &mut Reader<'_>, name: &Key, node: &Node) -> Option<Output> {
    let what = format!("the output `{}`", name.text.escape_debug());
    let mut output = Output { value: Value::Null, description: None, export: None, condition: None };
    let mut has_value = false;
    for (key, value) in entries(reader, node, &what)? {
        match key.text.as_str() {
            "Value" => {
                has_value = true;
                output.value = reader.value(value);
            }
            "Description" => output.description = reader.text_of(value, &format!("`Description` of {what}")),
            "Condition" => {
                let text = reader.text_of(value, &format!("`Condition` of {what}")).unwrap_or_default();
                output.condition = reader.logical_id(&text, value.span.clone());
            }
            "Export" => match &entries(reader, value, &format!("`Export` of {what}"))? {
                [(key, name)] if key.text == "Name" => output.export = Some(reader.value(name)),
                _ => reader.problem(value.span.clone(), format!("`Export` of {what} must have `Name` alone")),
            },
            other => unknown(reader, key, other, "attribute of an output", OUTPUT_KEYS),
        }
    }
    if !has_value {
        reader.problem(name.span.clone(), format!("{what} has no `Value`"));
    }
    Some(output)
}
