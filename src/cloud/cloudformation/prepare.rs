//! A template and its parameters made ready for a deployment: parsed, checked in AWS's words, conditions evaluated.
//!
//! What the embedded cloud does not have (a resource type, a property) is refused here by name,
//! before anything is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::dynamic;
use super::lookup::{Facts, Found, StackLookup};
use super::model::STACK_KIND;
use super::record::Definition;
use crate::cfn::evaluate::{evaluate_condition, scalar_text};
use crate::cfn::graph::{Reference, references};
use crate::cfn::{EvaluateError, Graph, Resource, Template, check, parse};
use crate::cloud::service::{ApiError, ResourceHandler};

/// A definition, ready to be deployed.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Prepared {
    pub definition: Definition,
    pub template: Template,
    pub graph: Graph,
    /// Whether each condition holds.
    pub conditions: BTreeMap<String, bool>,
}

impl Prepared {
    /// Evaluates the conditions of a template that was checked.
    pub(in crate::cloud) fn new(template: Template, definition: Definition, facts: &Facts) -> Result<Self, ApiError> {
        let graph = Graph::new(&template);
        let mut prepared = Self { definition, template, graph, conditions: BTreeMap::new() };
        // A condition may name others: those that can be evaluated are, until all are.
        let mut open: Vec<String> = prepared.template.conditions.keys().map(ToString::to_string).collect();
        while !open.is_empty() {
            let before = open.len();
            let mut failure = None;
            let mut left = Vec::new();
            for name in open {
                let lookup = StackLookup::new(&prepared, facts, &|_| Found::Absent, &|_| None);
                match evaluate_condition(&prepared.template.conditions[name.as_str()], &lookup) {
                    Ok(holds) => {
                        prepared.conditions.insert(name, holds);
                    }
                    // Seen only when changes of a nested stack are foretold: what may come is shown.
                    Err(EvaluateError::Pending(_)) => {
                        prepared.conditions.insert(name, true);
                    }
                    Err(error) => {
                        failure = Some(error);
                        left.push(name);
                    }
                }
            }
            if let Some(error) = failure.filter(|_| left.len() == before) {
                return Err(refusal(format!("Template error: condition {}: {error}", left[0])));
            }
            open = left;
        }
        Ok(prepared)
    }

    /// A resource that the conditions let be.
    pub(in crate::cloud) fn is_active(&self, resource: &Resource) -> bool {
        resource.condition.as_ref().is_none_or(|name| self.conditions.get(name.as_str()).copied().unwrap_or(false))
    }

    /// The resources that are to be, in the order of the file.
    pub(in crate::cloud) fn active(&self) -> impl Iterator<Item = (&str, &Resource)> {
        let active = self.template.resources.iter().filter(|(_, resource)| self.is_active(resource));
        active.map(|(id, resource)| (id.as_str(), resource))
    }

    /// For each resource that is to be: those that must be made before it.
    pub(in crate::cloud) fn waits(&self) -> IndexMap<String, BTreeSet<String>> {
        let ids: BTreeSet<&str> = self.active().map(|(id, _)| id).collect();
        let needs = |id: &str| -> BTreeSet<String> {
            self.graph.needs(id).filter(|need| ids.contains(need.as_str())).map(ToString::to_string).collect()
        };
        self.active().map(|(id, _)| (id.to_owned(), needs(id))).collect()
    }
}

pub(super) fn refusal(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// Parses a template and checks it, in AWS's words.
pub(super) fn read_template(body: &str, handlers: &[Box<dyn ResourceHandler>]) -> Result<Template, ApiError> {
    let template = parse(body, "template").map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        let place = problems.first().and_then(|problem| problem.location.as_ref());
        let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
        for language in ["YAML", "JSON"] {
            if first.starts_with(&format!("the template is not {language}")) {
                return refusal(format!(
                    "Template format error: {language} not well-formed. (line {line}, column {column})"
                ));
            }
        }
        let all: Vec<String> = problems
            .iter()
            .map(|problem| match &problem.location {
                Some(place) => format!("{} (line {}, column {})", problem.message, place.line, place.column),
                None => problem.message.clone(),
            })
            .collect();
        refusal(format!("Template format error: {}", all.join("; ")))
    })?;
    check_references(&template)?;
    let supported = |resource: (&crate::base::LogicalId, &Resource)| check_resource(&template, resource, handlers);
    let mut unsupported: Vec<String> = template.resources.iter().flat_map(supported).collect();
    unsupported.extend(dynamic::refused(&template));
    if unsupported.is_empty() { Ok(template) } else { Err(refusal(unsupported.join("; "))) }
}

fn check_references(template: &Template) -> Result<(), ApiError> {
    if template.resources.is_empty() {
        return Err(refusal("Template format error: At least one Resources member must be defined."));
    }
    for (what, count, most) in [
        ("resources", template.resources.len(), check::MOST_RESOURCES),
        ("outputs", template.outputs.len(), check::MOST_OUTPUTS),
        ("parameters", template.parameters.len(), check::MOST_PARAMETERS),
        ("mappings", template.mappings.len(), check::MOST_MAPPINGS),
    ] {
        if count > most {
            let message =
                format!("Template format error: Number of {what}, {count}, is greater than maximum allowed, {most}");
            return Err(refusal(message));
        }
    }
    for (block, names) in
        [("Resources", check::unresolved_in_resources(template)), ("Outputs", check::unresolved_in_outputs(template))]
    {
        if !names.is_empty() {
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!(
                "Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template"
            );
            return Err(refusal(message));
        }
    }
    if let Err(cycle) = Graph::new(template).order() {
        let names = cycle.0.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
        return Err(refusal(format!("Circular dependency between resources: [{names}]")));
    }
    let problems: Vec<String> = check::check(template).into_iter().map(|problem| problem.message).collect();
    if problems.is_empty() { Ok(()) } else { Err(refusal(format!("Template format error: {}", problems.join("; ")))) }
}

/// Members whose meaning is not built: told by name rather than passed over.
pub(super) fn refuse_unbuilt(input: &Json, names: &[&str]) -> Result<(), ApiError> {
    let given = |name: &&&str| match input.get(**name) {
        None | Some(Json::Null) => false,
        Some(Json::Array(list)) => !list.is_empty(),
        Some(Json::Object(map)) => !map.is_empty(),
        Some(value) => scalar_text(value).is_some_and(|text| !text.is_empty() && !text.eq_ignore_ascii_case("false")),
    };
    match names.iter().find(given) {
        Some(name) => Err(ApiError::not_built("cloudformation", name)),
        None => Ok(()),
    }
}

/// The properties of nested stacks.
const STACK_PROPERTIES: &[&str] = &["TemplateURL", "Parameters", "Tags", "TimeoutInMinutes", "NotificationARNs"];

fn check_resource(
    template: &Template,
    (id, resource): (&crate::base::LogicalId, &Resource),
    handlers: &[Box<dyn ResourceHandler>],
) -> Vec<String> {
    let kind = resource.kind.as_str();
    let handler = handlers.iter().find(|handler| handler.kind() == kind);
    let (properties, required, attributes): (&[&str], &[&str], &[&str]) = match handler {
        Some(handler) => (handler.properties(), handler.required(), handler.attributes()),
        None if kind == STACK_KIND => (STACK_PROPERTIES, &["TemplateURL"], &[]),
        None => {
            let mut known: Vec<&str> = handlers.iter().map(|handler| handler.kind()).chain([STACK_KIND]).collect();
            known.sort_unstable();
            let known = known.join(", ");
            return vec![format!("Resource type {kind} is not supported by the embedded cloud; it has: {known}")];
        }
    };
    let mut found = Vec::new();
    if let Some(reason) = handler.and_then(|handler| handler.absence()) {
        found.push(format!("Resource {id} ({kind}) cannot be made: {reason}"));
    }
    let given = resource.properties.as_map();
    for name in given.into_iter().flat_map(crate::cfn::Map::keys).filter(|name| !properties.contains(&name.as_str())) {
        found.push(format!(
            "Property {name} of {id} ({kind}) is not supported by the embedded cloud; it has: {}",
            properties.join(", ")
        ));
    }
    for name in required.iter().filter(|name| given.is_none_or(|map| !map.contains_key(**name))) {
        found.push(format!("Property validation failure: required key [{name}] not found in {id} ({kind})"));
    }
    for attribute in asked_attributes(template, id.as_str()) {
        let known = match handler {
            Some(_) => attributes.contains(&attribute.as_str()),
            None => attribute.starts_with("Outputs."),
        };
        if !known {
            found.push(format!(
                "Template error: resource {id} does not support attribute type {attribute} in Fn::GetAtt"
            ));
        }
    }
    found
}

/// The attributes of a resource that the template asks for.
fn asked_attributes(template: &Template, id: &str) -> BTreeSet<String> {
    let outputs = template.outputs.values().flat_map(|output| std::iter::once(&output.value).chain(&output.export));
    let values = template.resources.values().map(|resource| &resource.properties).chain(outputs);
    values
        .flat_map(references)
        .filter_map(|reference| match reference {
            Reference::Attribute(name, path) if name == id => Some(path),
            _ => None,
        })
        .collect()
}

/// The capabilities that a template wants: of `CAPABILITY_IAM` and `CAPABILITY_NAMED_IAM`, the stronger one.
pub(super) fn wanted_capability(template: &Template) -> Option<&'static str> {
    const NAMES: &[&str] = &["RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"];
    let iam = |resource: &&Resource| resource.kind.as_str().starts_with("AWS::IAM::");
    let mut wanted = None;
    for resource in template.resources.values().filter(iam) {
        if NAMES.iter().any(|name| resource.properties.get(name).is_some()) {
            return Some("CAPABILITY_NAMED_IAM");
        }
        wanted = Some("CAPABILITY_IAM");
    }
    wanted
}

/// Refuses what the caller did not acknowledge.
pub(super) fn check_capabilities(wanted: Option<&str>, given: &[String]) -> Result<(), ApiError> {
    let has = |name: &str| given.iter().any(|one| one == name);
    match wanted {
        Some("CAPABILITY_IAM") if has("CAPABILITY_IAM") || has("CAPABILITY_NAMED_IAM") => Ok(()),
        Some("CAPABILITY_NAMED_IAM") if has("CAPABILITY_NAMED_IAM") => Ok(()),
        Some(name) => {
            Err(ApiError::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{name}]")))
        }
        None => Ok(()),
    }
}

/// A shared, ready definition.
pub(in crate::cloud) type Ready = Arc<Prepared>;
