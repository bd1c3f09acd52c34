//! The stack of an API: the GraphQL API itself, its tables, data sources and roles, and a resolver for each field.
//!
//! Nothing is decided here about the schema; the plan says it all. Environments differ by parameters alone.

mod inputs;
mod names;
mod policies;
mod sources;
mod tables;

use indexmap::IndexMap;
use serde::Serialize;

use super::plan::{AuthMode, Plan, Resolver};
use super::resolvers::{self, FunctionFile, ResolverFile};
use crate::base::{Location, ResourceName};
use crate::category::Context;
use crate::category::synthesis::{Synthesis, rendered};
use crate::error::{Code, Diagnose, Problem};
use inputs::{Mode, Parameter};
use names::Names;
use policies::Policy;
use sources::SourceEntry;
use tables::{Role, Table};

/// What CloudFormation allows in one template ("AWS CloudFormation quotas").
const MOST_RESOURCES: usize = 500;

/// Context of `api/stack.yaml`.
#[derive(Debug, Serialize)]
struct ApiStack {
    description: String,
    api_name: String,
    api_key: bool,
    default_mode: Mode,
    additional_modes: Vec<Mode>,
    /// Parameters that the auth stack fills.
    parameters: Vec<Parameter>,
    schema_file: String,
    tables: Vec<Table>,
    roles: Vec<Role>,
    /// Data sources that are no tables.
    sources: Vec<SourceEntry>,
    functions: Vec<FunctionEntry>,
    resolvers: Vec<ResolverEntry>,
    policies: Vec<Policy>,
}

#[derive(Debug, Serialize)]
struct ResolverEntry {
    id: String,
    label: String,
    type_name: String,
    field: String,
    /// Logical id of its data source; `None` for a pipeline.
    source: Option<String>,
    /// Logical ids of the functions of a pipeline, without `Function`.
    functions: Vec<String>,
    file: String,
    #[serde(skip)]
    origin: Location,
}

#[derive(Debug, Serialize)]
struct FunctionEntry {
    id: String,
    label: String,
    name: String,
    /// Logical id of its data source.
    source: String,
    file: String,
    #[serde(skip)]
    origin: Location,
}

/// The stack of a plan.
///
/// # Errors
/// When a template cannot be rendered, an auth resource is missing, or a limit is exceeded.
pub(super) fn synthesize(plan: &Plan, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    let needs = inputs::needs(plan, context)?;
    let written =
        resolvers::write(plan, context.render).map_err(|error| vec![Problem::new(error.code(), error.to_string())])?;
    let functions = resolvers::write_functions(plan, context.render)
        .map_err(|error| vec![Problem::new(error.code(), error.to_string())])?;
    let mut modes = inputs::modes(plan, context)?;
    let additional_modes = modes.split_off(1);
    let stack = stack(plan, context.name, (modes.remove(0), additional_modes), &written, &functions);
    let problems = tables::limits(plan);
    if !problems.is_empty() {
        return Err(problems);
    }
    let origins = origins(plan, &stack);
    let mut files = IndexMap::from([(format!("{}/schema.graphql", context.name), plan.schema.clone())]);
    files.extend(written.into_iter().map(|file| (format!("{}/{}", context.name, file.path), file.text)));
    files.extend(functions.into_iter().map(|file| (format!("{}/{}", context.name, file.path), file.text)));
    let mut synthesis = rendered(context, "api/stack.yaml", &stack, files)?;
    let count = synthesis.template.resources.len();
    if count > MOST_RESOURCES {
        return Err(vec![too_many(context.name, count)]);
    }
    for (id, resource) in &mut synthesis.template.resources {
        resource.origin = origins.get(id.as_str()).cloned();
    }
    synthesis.needs = needs;
    Ok(synthesis)
}

fn too_many(name: &ResourceName, count: usize) -> Problem {
    let message = format!(
        "the stack of `{name}` would have {count} resources: CloudFormation allows {MOST_RESOURCES} in one template"
    );
    Problem::new(Code::AMP0314, message)
        .hint("leave operations out that nobody uses, for example `@model(subscriptions: null)`")
        .hint("move some of the models into a second API: `ampup add api --name NAME`")
}

fn stack(
    plan: &Plan,
    name: &ResourceName,
    (default_mode, additional_modes): (Mode, Vec<Mode>),
    written: &[ResolverFile],
    functions: &[FunctionFile],
) -> ApiStack {
    let mut names = Names::new(plan);
    let (tables, roles) = tables::tables(plan, &mut names);
    let used = |source: &str| {
        written.iter().any(|file| file.source == source) || functions.iter().any(|file| file.source == source)
    };
    let pipeline = |resolver: &Resolver| -> Vec<String> {
        resolver.functions(plan).iter().map(|name| names::function(name)).collect()
    };
    let resolvers: Vec<ResolverEntry> = plan
        .resolvers
        .iter()
        .zip(written)
        .map(|(resolver, file)| ResolverEntry {
            id: names.resolver(&file.type_name, &file.field),
            label: format!("resolver {}.{}", file.type_name, file.field),
            type_name: file.type_name.clone(),
            field: file.field.clone(),
            source: resolver.functions(plan).is_empty().then(|| sources::id(plan, &names, &file.source)),
            functions: pipeline(resolver),
            file: format!("./{name}/{}", file.path),
            origin: resolver.origin.clone(),
        })
        .collect();
    ApiStack {
        description: format!("GraphQL API ({name}): tables, resolvers and their roles"),
        // What a name in AppSync may hold: letters, digits, underscores, hyphens.
        api_name: format!("{name}-${{Environment}}"),
        api_key: plan.modes.has(AuthMode::ApiKey),
        default_mode,
        additional_modes,
        parameters: inputs::parameters(plan),
        schema_file: format!("./{name}/schema.graphql"),
        tables,
        roles,
        sources: sources::sources(plan, used),
        functions: functions
            .iter()
            .zip(plan.functions.values())
            .map(|(file, function)| FunctionEntry {
                id: names::function(&file.name),
                label: format!("function {}", file.name),
                name: file.name.clone(),
                source: sources::id(plan, &names, &file.source),
                file: format!("./{name}/{}", file.path),
                origin: function.origin.clone(),
            })
            .collect(),
        resolvers,
        policies: policies::policies(plan, name),
    }
}

/// The user's line for each logical id that comes from one.
fn origins(plan: &Plan, stack: &ApiStack) -> IndexMap<String, Location> {
    let models = plan.models.values().zip(&stack.tables).flat_map(|(model, table)| {
        ["Table", "DataSource"].map(|end| (format!("{}{end}", table.id), model.origin.clone()))
    });
    let resolvers = stack.resolvers.iter().map(|entry| (format!("{}Resolver", entry.id), entry.origin.clone()));
    let functions = stack.functions.iter().map(|entry| (format!("{}Function", entry.id), entry.origin.clone()));
    models.chain(resolvers).chain(functions).collect()
}

#[cfg(test)]
mod tests;
