//! The root stack: a nested stack for each resource, what they hand each other, and all outputs.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;

use super::{overrides, root_output};
use crate::base::{LogicalId, ResourceName};
use crate::category::{ResourceSpec, Sources, Synthesis};
use crate::cfn::{self, Parameter, Template};
use crate::error::{Code, Diagnose, Problem};
use crate::manifest::Manifest;
use crate::render::Renderer;

/// The parameter that every root stack has.
const ENVIRONMENT: &str = "Environment";
/// The parameter of nested stacks that the root fills with a part of its own id.
const UNIQUE: &str = crate::category::function::UNIQUE;
/// The parameter of nested stacks that the root fills with the project's name.
const PROJECT: &str = crate::category::function::PROJECT;

/// Context of `root/stack.yaml`.
#[derive(Clone, Debug, Serialize)]
struct RootStack {
    description: String,
    project: String,
    parameters: Vec<RootParameter>,
    stacks: Vec<NestedStack>,
    outputs: Vec<RootOutput>,
}

#[derive(Clone, Debug, Serialize)]
struct RootParameter {
    name: LogicalId,
    kind: String,
    /// `Default`, `Description` and the rest.
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize)]
struct Entry {
    key: String,
    value: Json,
}

#[derive(Clone, Debug, Serialize)]
struct NestedStack {
    logical_id: LogicalId,
    label: String,
    template_url: String,
    parameters: Vec<Passed>,
}

/// What fills a parameter of a nested stack.
#[derive(Clone, Debug, Serialize)]
struct Passed {
    name: LogicalId,
    /// The stack whose output it is; otherwise it is a parameter of the root.
    stack: Option<LogicalId>,
    output: LogicalId,
    /// It is the part of the root's id that no other deployment has.
    unique: bool,
    /// It is the project's name.
    project: bool,
}

#[derive(Clone, Debug, Serialize)]
struct RootOutput {
    name: LogicalId,
    description: Option<String>,
    stack: LogicalId,
    output: LogicalId,
}

/// The root template and its text.
pub(super) fn stack(
    manifest: &Manifest,
    nested: &IndexMap<ResourceName, Synthesis>,
    sources: &Sources,
    render: &Renderer,
) -> Result<(Template, String), Vec<Problem>> {
    let context = RootStack {
        description: format!("{}: everything that its ampup.toml names", manifest.name),
        project: manifest.name.to_string(),
        parameters: parameters(nested)?,
        stacks: nested.iter().map(|(name, stack)| nested_stack(manifest, name, stack)).collect(),
        outputs: outputs(nested)?,
    };
    let failed = |error: crate::render::RenderError| vec![Problem::new(error.code(), error.to_string())];
    let text = render.render("root/stack.yaml", &context).map_err(failed)?;
    let template = cfn::parse(&text, &format!("{}/root.yaml", crate::manifest::STACKS))?;
    overrides::patched(overrides::ROOT, template, text, sources)
}

fn nested_stack(manifest: &Manifest, name: &ResourceName, stack: &Synthesis) -> NestedStack {
    let passed = |parameter: &LogicalId| {
        let need = stack.needs.iter().find(|need| need.parameter == *parameter);
        Passed {
            name: parameter.clone(),
            stack: need.map(|need| need.of.logical()),
            output: need.map_or_else(|| parameter.clone(), |need| need.output.clone()),
            unique: parameter.as_str() == UNIQUE,
            project: parameter.as_str() == PROJECT,
        }
    };
    NestedStack {
        logical_id: name.logical(),
        label: label(manifest, name),
        template_url: format!("./{name}.yaml"),
        parameters: stack.template.parameters.keys().map(passed).collect(),
    }
}

/// `api blog`; a resource that is called as its kind is told once.
fn label(manifest: &Manifest, name: &ResourceName) -> String {
    match manifest.resources.get(name).map(ResourceSpec::kind) {
        Some(kind) if kind != name.as_str() => format!("{kind} {name}"),
        _ => name.to_string(),
    }
}

/// `Environment`, and every parameter of a nested stack that neither a sibling nor the root itself fills. Stacks share
/// parameters of one name.
fn parameters(nested: &IndexMap<ResourceName, Synthesis>) -> Result<Vec<RootParameter>, Vec<Problem>> {
    let description = Entry { key: "Description".to_owned(), value: Json::from("The environment, as in ampup.toml") };
    let environment = LogicalId::new(ENVIRONMENT).expect("the name is made of letters");
    let mut parameters =
        vec![RootParameter { name: environment, kind: "String".to_owned(), entries: vec![description] }];
    let mut seen: IndexMap<&LogicalId, (&ResourceName, &Parameter)> = IndexMap::new();
    let mut problems = Vec::new();
    for (name, stack) in nested {
        for (id, parameter) in &stack.template.parameters {
            if [ENVIRONMENT, UNIQUE, PROJECT].contains(&id.as_str())
                || stack.needs.iter().any(|need| need.parameter == *id)
            {
                continue;
            }
            match seen.get(id) {
                Some((_, same)) if *same == parameter => {}
                Some((other, _)) => {
                    let message = format!("the stacks of `{other}` and `{name}` have different parameters `{id}`");
                    problems.push(Problem::new(Code::AMP0316, message));
                }
                None => {
                    seen.insert(id, (name, parameter));
                    parameters.push(root_parameter(id, parameter));
                }
            }
        }
    }
    if problems.is_empty() { Ok(parameters) } else { Err(problems) }
}

fn root_parameter(name: &LogicalId, parameter: &Parameter) -> RootParameter {
    let Parameter { kind, default, description, allowed_values, allowed_pattern, constraints, no_echo } = parameter;
    let mut entries = Vec::new();
    let mut entry = |key: &str, value: Option<Json>| {
        entries.extend(value.map(|value| Entry { key: key.to_owned(), value }));
    };
    entry("Description", description.clone().map(Json::from));
    entry("Default", default.clone().map(Json::from));
    entry("AllowedPattern", allowed_pattern.clone().map(Json::from));
    entry("AllowedValues", (!allowed_values.is_empty()).then(|| Json::from(allowed_values.clone())));
    entry("NoEcho", no_echo.then_some(Json::Bool(true)));
    for (key, value) in constraints {
        entry(key, Some(value.to_json()));
    }
    // A nested stack takes lists as text with commas, so the root takes them so as well.
    let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList";
    RootParameter { name: name.clone(), kind: if is_list { "String".to_owned() } else { kind.clone() }, entries }
}

/// Every output of every nested stack. Those with a condition are left out: there may be nothing to read.
fn outputs(nested: &IndexMap<ResourceName, Synthesis>) -> Result<Vec<RootOutput>, Vec<Problem>> {
    let mut outputs: IndexMap<LogicalId, RootOutput> = IndexMap::new();
    let mut problems = Vec::new();
    for (name, stack) in nested {
        for (id, output) in stack.template.outputs.iter().filter(|(_, output)| output.condition.is_none()) {
            let too_long =
                || vec![Problem::new(Code::AMP0314, format!("the output `{id}` of `{name}` has too long a name"))];
            let root_name = root_output(name, id.as_str()).ok_or_else(too_long)?;
            let entry = RootOutput {
                name: root_name.clone(),
                description: output.description.clone(),
                stack: name.logical(),
                output: id.clone(),
            };
            if let Some(other) = outputs.insert(root_name.clone(), entry) {
                let message = format!(
                    "two outputs are called {root_name}: `{id}` of `{name}`, and `{}` of {}",
                    other.output, other.stack
                );
                problems.push(Problem::new(Code::AMP0316, message).hint("give one of the resources another name"));
            }
        }
    }
    if problems.is_empty() { Ok(outputs.into_values().collect()) } else { Err(problems) }
}
