//! What a deployment would change, found without changing anything: the content of change sets.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::engine::{Engine, takes_tags};
use super::lookup::{Found, PENDING, StackLookup};
use super::model::STACK_KIND;
use super::prepare::{Prepared, Ready, refusal};
use super::record::{Made, Stack};
use crate::cfn::change::differing_paths;
use crate::cfn::evaluate::scalar_text;
use crate::cfn::graph::{Reference, references};
use crate::cfn::{EvaluateError, Resource, Template, Value, evaluate};
use crate::cloud::service::{ApiError, Provisioned};

/// How deep stacks may be nested.
const DEEPEST: usize = 16;

/// The changes of one stack and of the stacks nested in it.
#[derive(Debug, Default)]
pub(super) struct Foretold {
    pub stack_name: String,
    pub stack_id: Option<String>,
    pub changes: Vec<ForetoldChange>,
    /// By the logical id of the nested stack: what it is to be, and its changes.
    pub nested: IndexMap<String, (super::record::Definition, Foretold)>,
    /// The outputs; `None` when the value is not known yet.
    outputs: BTreeMap<String, Option<String>>,
    outputs_change: bool,
    tags_change: bool,
}

impl Foretold {
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty() || self.outputs_change || self.tags_change
    }
}

/// The change of one resource.
#[derive(Debug)]
pub(super) struct ForetoldChange {
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub kind: String,
    pub action: &'static str,
    /// `True`, `False`, `Conditional`, of modifications.
    pub replacement: Option<&'static str>,
    pub scope: Vec<&'static str>,
    pub details: Vec<Json>,
}

impl ForetoldChange {
    fn new(logical_id: &str, kind: &str, action: &'static str) -> Self {
        Self {
            logical_id: logical_id.to_owned(),
            physical_id: None,
            kind: kind.to_owned(),
            action,
            replacement: None,
            scope: Vec::new(),
            details: Vec::new(),
        }
    }

    fn modify(logical_id: &str, made: &Made, replacement: &'static str) -> Self {
        let physical_id = Some(made.provisioned.physical_id.clone());
        Self { physical_id, replacement: Some(replacement), ..Self::new(logical_id, &made.kind, "Modify") }
    }

    /// As the API tells it.
    pub(super) fn to_json(&self, nested_change_set: Option<&str>) -> Json {
        let mut change = Map::new();
        let mut put = |name: &str, value: Option<Json>| {
            if let Some(value) = value {
                change.insert(name.to_owned(), value);
            }
        };
        put("Action", Some(json!(self.action)));
        put("LogicalResourceId", Some(json!(self.logical_id)));
        put("PhysicalResourceId", self.physical_id.as_ref().map(|id| json!(id)));
        put("ResourceType", Some(json!(self.kind)));
        put("Replacement", self.replacement.map(|replacement| json!(replacement)));
        put("Scope", Some(json!(self.scope)));
        put("Details", Some(json!(self.details)));
        put("ChangeSetId", nested_change_set.map(|id| json!(id)));
        json!({"Type": "Resource", "ResourceChange": change})
    }
}

/// A property that is to be: its value, or what it waits for.
type Foreseen = IndexMap<String, Result<Json, String>>;

/// What surely outlives an update in place: the id, and the attributes that are made of it (ARNs, addresses). A stream's
/// ARN is not: streams come and go with a setting.
fn lasting(provisioned: &Provisioned) -> Provisioned {
    let id = provisioned.physical_id.as_str();
    let name = id.rsplit(['/', ':']).next().unwrap_or(id);
    let lasts = |(attribute, value): &(&String, &Json)| {
        !attribute.contains("Stream")
            && value.as_str().is_some_and(|value| !value.is_empty() && (value.contains(name) || id.contains(value)))
    };
    let attributes = provisioned.attributes.iter().filter(lasts);
    Provisioned {
        physical_id: id.to_owned(),
        attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// One stack being looked at.
struct Glance<'a> {
    engine: &'a Engine,
    stack: Option<&'a Stack>,
    old: Template,
    ready: &'a Prepared,
    known: BTreeMap<String, Found>,
    result: Foretold,
    depth: usize,
}

impl Engine {
    /// What deploying `ready` to the stack (which may have nothing yet) would change.
    pub(super) fn foretell(&self, stack_id: &str, ready: &Ready, depth: usize) -> Result<Foretold, ApiError> {
        if depth > DEEPEST {
            return Err(refusal("Stacks are nested too deeply"));
        }
        let stack = self.model.with_stack(stack_id, Stack::clone);
        let old = stack.as_ref().and_then(|stack| crate::cfn::parse(&stack.definition.body, "template").ok());
        let result = Foretold {
            stack_name: stack.as_ref().map(|stack| stack.name.clone()).unwrap_or_default(),
            stack_id: stack.as_ref().map(|stack| stack.id.clone()),
            tags_change: stack
                .as_ref()
                .is_some_and(|stack| !stack.resources.is_empty() && stack.definition.tags != ready.definition.tags),
            ..Foretold::default()
        };
        let old = old.unwrap_or_default();
        let glance = Glance { engine: self, stack: stack.as_ref(), old, ready, known: BTreeMap::new(), result, depth };
        glance.look()
    }
}

impl Glance<'_> {
    fn look(mut self) -> Result<Foretold, ApiError> {
        let order = self.ready.graph.order().map_err(|cycle| refusal(cycle.to_string()))?;
        for id in order {
            let resource = &self.ready.template.resources[&id];
            if self.ready.is_active(resource) {
                let found = self.resource(id.as_str(), resource)?;
                self.known.insert(id.to_string(), found);
            }
        }
        // The order of the file is the one that people expect to see.
        let position = |change: &ForetoldChange| self.ready.template.resources.get_index_of(change.logical_id.as_str());
        self.result.changes.sort_by_key(position);
        let records = self.stack.into_iter().flat_map(|stack| stack.resources.values());
        for record in records.filter(|record| !self.known.contains_key(&record.logical_id)) {
            if let Some(made) = &record.made {
                let physical_id = Some(made.provisioned.physical_id.clone());
                let change = ForetoldChange::new(&record.logical_id, &made.kind, "Remove");
                self.result.changes.push(ForetoldChange { physical_id, ..change });
            }
        }
        self.outputs()?;
        Ok(self.result)
    }

    fn evaluate(&self, value: &Value) -> Result<Result<Json, String>, ApiError> {
        let id = self.stack.map(|stack| stack.id.clone()).unwrap_or_default();
        let name = self.stack.map(|stack| stack.name.clone()).unwrap_or_default();
        let facts = self.engine.facts(&id, &name);
        let resource = |id: &str| self.known.get(id).cloned().unwrap_or(Found::Absent);
        let export = |name: &str| self.engine.model.memory().export(name).map(|(_, value)| value.to_owned());
        match evaluate(value, &StackLookup::new(self.ready, &facts, &resource, &export)) {
            Ok(value) => Ok(Ok(value)),
            Err(EvaluateError::Pending(what)) => Ok(Err(what)),
            Err(EvaluateError::UnknownExport(name)) => Err(refusal(format!("No export named {name} found"))),
            Err(error) => Err(refusal(format!("Template error: {error}"))),
        }
    }

    fn foresee(&self, resource: &Resource) -> Result<Foreseen, ApiError> {
        let mut foreseen = Foreseen::new();
        for (name, value) in resource.properties.as_map().into_iter().flatten() {
            if *value == Value::Call(Box::new(crate::cfn::Intrinsic::Ref("AWS::NoValue".to_owned()))) {
                continue;
            }
            foreseen.insert(name.clone(), self.evaluate(value)?);
        }
        Ok(foreseen)
    }

    /// Notes the change of one resource, and says what the others may know of it.
    fn resource(&mut self, id: &str, resource: &Resource) -> Result<Found, ApiError> {
        let kind = resource.kind.as_str();
        let foreseen = self.foresee(resource)?;
        let made = self.stack.and_then(|stack| stack.resources.get(id)?.made.as_ref());
        let Some(old) = made else {
            if kind == STACK_KIND {
                self.nested(id, resource, None)?;
            }
            self.result.changes.push(ForetoldChange::new(id, kind, "Add"));
            return Ok(Found::Pending);
        };
        if old.kind != kind {
            let change = ForetoldChange { kind: kind.to_owned(), ..ForetoldChange::modify(id, old, "True") };
            self.result.changes.push(change);
            return Ok(Found::Pending);
        }
        if kind == STACK_KIND {
            return self.changed_stack(id, resource, old);
        }
        let mut change = ForetoldChange::modify(id, old, "False");
        self.compare_properties(&mut change, resource, old, &foreseen);
        self.compare_attributes(&mut change, id, resource, old);
        if change.scope.is_empty() {
            return Ok(Found::Made(old.provisioned.clone()));
        }
        let found = match change.replacement {
            Some("True" | "Conditional") => Found::Pending,
            _ => Found::Partly(lasting(&old.provisioned)),
        };
        self.result.changes.push(change);
        Ok(found)
    }

    fn compare_properties(&self, change: &mut ForetoldChange, resource: &Resource, old: &Made, foreseen: &Foreseen) {
        let handler = self.engine.handlers.iter().find(|handler| handler.kind() == old.kind);
        let create_only = handler.map(|handler| handler.create_only()).unwrap_or_default();
        let empty = Map::new();
        let before = old.properties.as_object().unwrap_or(&empty);
        let gone = before.keys().filter(|name| !foreseen.contains_key(*name));
        let names: Vec<&String> = foreseen.keys().chain(gone).collect();
        for name in names {
            let dynamic = match foreseen.get(name) {
                Some(Ok(value)) if before.get(name).is_some_and(|old| differing_paths(old, value).is_empty()) => {
                    continue;
                }
                Some(Ok(_)) | None => false,
                Some(Err(_)) => true,
            };
            let recreates = create_only.contains(&name.as_str());
            let requires = match (recreates, dynamic) {
                (false, _) => "Never",
                (true, false) => "Always",
                (true, true) => "Conditionally",
            };
            if recreates && change.replacement != Some("True") {
                change.replacement = Some(if dynamic { "Conditional" } else { "True" });
            }
            if change.scope.is_empty() {
                change.scope.push("Properties");
            }
            let mut detail = json!({
                "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": requires},
                "Evaluation": if dynamic { "Dynamic" } else { "Static" },
            });
            let (source, cause) = self.cause(resource.properties.get(name), foreseen.get(name));
            detail["ChangeSource"] = json!(source);
            if let Some(cause) = cause {
                detail["CausingEntity"] = json!(cause);
            }
            change.details.push(detail);
        }
    }

    /// Why a property changes: the user's edit, a parameter, or another resource.
    fn cause(&self, value: Option<&Value>, foreseen: Option<&Result<Json, String>>) -> (&'static str, Option<String>) {
        if let Some(Err(waits_for)) = foreseen {
            let source = if waits_for.contains('.') { "ResourceAttribute" } else { "ResourceReference" };
            return (source, Some(waits_for.clone()));
        }
        let Some(stack) = self.stack else { return ("DirectModification", None) };
        let changed = |name: &String| {
            self.ready
                .definition
                .parameters
                .get(name)
                .is_some_and(|new| stack.definition.parameters.get(name).is_some_and(|old| old != new))
        };
        let parameter = value.map(references).unwrap_or_default().into_iter().find_map(|reference| match reference {
            Reference::Name(name) if changed(&name) => Some(name),
            _ => None,
        });
        match parameter {
            Some(name) => ("ParameterReference", Some(name)),
            None => ("DirectModification", None),
        }
    }

    /// Metadata, policies and tags.
    fn compare_attributes(&self, change: &mut ForetoldChange, id: &str, resource: &Resource, made: &Made) {
        let handler = self.engine.handlers.iter().find(|handler| handler.kind() == made.kind);
        let tags =
            handler.is_some_and(|handler| takes_tags(handler.properties())) && made.tags != self.ready.definition.tags;
        let old = self.old.resources.get(id);
        let differs = |test: fn(&Resource, &Resource) -> bool| old.is_some_and(|old| test(old, resource));
        for (name, differs) in [
            ("Metadata", differs(|old, new| old.metadata != new.metadata)),
            ("DeletionPolicy", differs(|old, new| old.deletion != new.deletion)),
            ("UpdateReplacePolicy", differs(|old, new| old.update_replace != new.update_replace)),
            ("Tags", tags),
        ] {
            if differs {
                change.scope.push(name);
                change.details.push(json!({
                    "Target": {"Attribute": name, "RequiresRecreation": "Never"},
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }));
            }
        }
    }

    /// What a nested stack is to be, and what that changes in it.
    fn nested(&mut self, id: &str, resource: &Resource, child: Option<&str>) -> Result<(), ApiError> {
        let mut properties = Map::new();
        for (name, value) in resource.properties.as_map().into_iter().flatten() {
            let known = if let (true, Value::Map(parameters)) = (name == "Parameters", value) {
                let mut values = Map::new();
                for (parameter, value) in parameters {
                    values.insert(parameter.clone(), self.evaluate(value)?.unwrap_or_else(|_| json!(PENDING)));
                }
                Json::Object(values)
            } else {
                self.evaluate(value)?.map_err(|what| {
                    refusal(format!("{name} of the nested stack {id} is known only after {what} was deployed"))
                })?
            };
            properties.insert(name.clone(), known);
        }
        let definition = self.engine.nested_definition(&Json::Object(properties), &self.ready.definition)?;
        let name = format!("{}-{id}", self.result.stack_name);
        let child_id = child.map_or_else(|| name.clone(), str::to_owned);
        let ready = self.engine.prepare(&definition, &self.engine.facts(&child_id, &name))?;
        let mut foretold = self.engine.foretell(&child_id, &ready, self.depth + 1)?;
        if foretold.stack_name.is_empty() {
            foretold.stack_name = name;
        }
        self.result.nested.insert(id.to_owned(), (definition, foretold));
        Ok(())
    }

    fn changed_stack(&mut self, id: &str, resource: &Resource, old: &Made) -> Result<Found, ApiError> {
        self.nested(id, resource, Some(&old.provisioned.physical_id))?;
        let Some((_, foretold)) = self.result.nested.get(id) else { return Ok(Found::Pending) };
        let mut change = ForetoldChange::modify(id, old, "False");
        if foretold.has_changes() {
            change.scope.push("Properties");
            change.details.push(json!({
                "Target": {"Attribute": "Properties", "RequiresRecreation": "Never"},
                "Evaluation": "Dynamic",
                "ChangeSource": "Automatic",
            }));
        }
        let known = foretold.outputs.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let attributes = known.map(|(key, value)| (format!("Outputs.{key}"), json!(value))).collect();
        let provisioned = Provisioned { physical_id: old.provisioned.physical_id.clone(), attributes };
        self.compare_attributes(&mut change, id, resource, old);
        if change.scope.is_empty() {
            self.result.nested.shift_remove(id);
            return Ok(Found::Made(old.provisioned.clone()));
        }
        self.result.changes.push(change);
        Ok(Found::Partly(provisioned))
    }

    fn outputs(&mut self) -> Result<(), ApiError> {
        let before: BTreeMap<&str, (&str, Option<&str>)> = self
            .stack
            .into_iter()
            .flat_map(|stack| &stack.outputs)
            .map(|output| (output.key.as_str(), (output.value.as_str(), output.export.as_deref())))
            .collect();
        let mut exports = BTreeMap::new();
        for (id, output) in &self.ready.template.outputs {
            let condition = output.condition.as_ref();
            if condition.is_some_and(|name| !self.ready.conditions.get(name.as_str()).copied().unwrap_or(false)) {
                continue;
            }
            let value = self.evaluate(&output.value)?.ok().as_ref().and_then(scalar_text);
            if let Some(name) = &output.export {
                exports.insert(id.to_string(), self.evaluate(name)?.ok().as_ref().and_then(scalar_text));
            }
            self.result.outputs.insert(id.to_string(), value);
        }
        let same = |(id, value): (&String, &Option<String>)| {
            let export = exports.get(id).map(Option::as_deref);
            before.get(id.as_str()).is_some_and(|(old, old_export)| {
                value.as_deref() == Some(*old) && export.unwrap_or(None) == *old_export
            })
        };
        let all_same = self.result.outputs.len() == before.len() && self.result.outputs.iter().all(same);
        self.result.outputs_change = !all_same;
        Ok(())
    }
}
