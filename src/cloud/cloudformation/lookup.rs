//! What the values of one stack may ask for: its parameters, conditions, mappings, resources, and the exports of others.

use serde_json::Value;

use super::parameters;
use super::prepare::Prepared;
use crate::base::LogicalId;
use crate::cfn::{EvaluateError, Lookup};
use crate::cloud::service::Provisioned;

/// Where and who a stack is.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Facts {
    pub region: String,
    pub account: &'static str,
    pub stack_id: String,
    pub stack_name: String,
}

/// What is known of a resource.
#[derive(Clone, Debug)]
pub(in crate::cloud) enum Found {
    Made(Provisioned),
    /// It will be changed: its id stays, and these attributes do; others are not known.
    Partly(Provisioned),
    /// It will be made; nothing of it is known.
    Pending,
    /// It is not part of the stack (a condition, or it failed).
    Absent,
}

/// Looks up for one stack.
pub(in crate::cloud) struct StackLookup<'a> {
    prepared: &'a Prepared,
    facts: &'a Facts,
    resource: &'a dyn Fn(&str) -> Found,
    export: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> StackLookup<'a> {
    pub(in crate::cloud) fn new(
        prepared: &'a Prepared,
        facts: &'a Facts,
        resource: &'a dyn Fn(&str) -> Found,
        export: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self { prepared, facts, resource, export }
    }

    fn pseudo(&self, name: &str) -> Option<Value> {
        let text = match name {
            "AWS::AccountId" => self.facts.account,
            "AWS::Partition" => "aws",
            "AWS::Region" => &self.facts.region,
            "AWS::StackId" => &self.facts.stack_id,
            "AWS::StackName" => &self.facts.stack_name,
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::NotificationARNs" => return Some(Value::Array(Vec::new())),
            _ => return None,
        };
        Some(Value::String(text.to_owned()))
    }
}

impl Lookup for StackLookup<'_> {
    fn reference(&self, name: &str) -> Result<Value, EvaluateError> {
        if let Some(value) = self.pseudo(name) {
            // A nested stack that is still to be made has no name and no id yet.
            if value == "" && matches!(name, "AWS::StackId" | "AWS::StackName") {
                return Err(EvaluateError::Pending(name.to_owned()));
            }
            // A stack that a change set only looks at has no id and no name yet.
            if matches!(name, "AWS::StackId" | "AWS::StackName") && value == Value::String(String::new()) {
                return Err(EvaluateError::Pending(name.to_owned()));
            }
            return Ok(value);
        }
        if let Some(parameter) = self.prepared.template.parameters.get(name) {
            let definition = &self.prepared.definition;
            let value = definition.resolved.get(name).or_else(|| definition.parameters.get(name));
            let value = value.map(String::as_str).unwrap_or_default();
            if value == PENDING {
                return Err(EvaluateError::Pending(name.to_owned()));
            }
            return Ok(parameters::reference(parameter, value));
        }
        match (self.resource)(name) {
            Found::Made(provisioned) | Found::Partly(provisioned) => Ok(Value::String(provisioned.physical_id)),
            Found::Pending => Err(EvaluateError::Pending(name.to_owned())),
            Found::Absent => Err(EvaluateError::UnknownName(name.to_owned())),
        }
    }

    fn attribute(&self, resource: &str, path: &str) -> Result<Value, EvaluateError> {
        let unknown = || EvaluateError::UnknownAttribute { resource: resource.to_owned(), attribute: path.to_owned() };
        match (self.resource)(resource) {
            Found::Made(provisioned) => provisioned.attributes.get(path).cloned().ok_or_else(unknown),
            Found::Partly(Provisioned { attributes, .. }) if attributes.contains_key(path) => {
                Ok(attributes[path].clone())
            }
            Found::Partly(_) | Found::Pending => Err(EvaluateError::Pending(format!("{resource}.{path}"))),
            Found::Absent => Err(EvaluateError::UnknownName(resource.to_owned())),
        }
    }

    fn condition(&self, name: &LogicalId) -> Result<bool, EvaluateError> {
        let holds = self.prepared.conditions.get(name.as_str()).copied();
        holds.ok_or_else(|| EvaluateError::UnknownCondition(name.to_string()))
    }

    fn mapping(&self, map: &str, top: &str, second: &str) -> Result<Value, EvaluateError> {
        let value = self.prepared.template.mappings.get(map).and_then(|tops| tops.get(top)?.get(second));
        value.map(crate::cfn::Value::to_json).ok_or_else(|| EvaluateError::NotInMapping {
            map: map.to_owned(),
            top: top.to_owned(),
            second: second.to_owned(),
        })
    }

    fn import(&self, name: &str) -> Result<Value, EvaluateError> {
        (self.export)(name).map(Value::String).ok_or_else(|| EvaluateError::UnknownExport(name.to_owned()))
    }

    fn zones(&self, region: &str) -> Result<Vec<String>, EvaluateError> {
        let region = if region.is_empty() { &self.facts.region } else { region };
        Ok(["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec())
    }
}

/// The value of a nested stack's parameter that is known only when another resource was made. It begins with a
/// character that no template can hold unescaped.
pub(in crate::cloud) const PENDING: &str = "\u{0}known after deployment";
