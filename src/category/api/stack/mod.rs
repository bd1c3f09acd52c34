//! The stack of an API: the GraphQL API itself, its tables, data sources and roles, and a resolver for each field.
//!
//! Nothing is decided here about the schema; the plan says it all. Environments differ by parameters alone.

mod names;
mod policies;
mod tables;

use indexmap::IndexMap;
use serde::Serialize;

use super::plan::{AuthMode, Plan};
use super::resolvers::{self, ResolverFile};
use crate::base::{Location, LogicalId, ResourceName};
use crate::category::synthesis::{Need, Synthesis, rendered};
use crate::category::{AuthSpec, Context};
use crate::error::{Code, Diagnose, Problem};
use names::Names;
use policies::Policy;
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
    /// Some resolvers have no table.
    local_resolvers: bool,
    resolvers: Vec<ResolverEntry>,
    policies: Vec<Policy>,
}

#[derive(Debug, Serialize)]
struct Mode {
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: &'static str,
    description: &'static str,
}

#[derive(Debug, Serialize)]
struct ResolverEntry {
    id: String,
    label: String,
    type_name: String,
    field: String,
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
    let needs = needs(plan, context)?;
    let written =
        resolvers::write(plan, context.render).map_err(|error| vec![Problem::new(error.code(), error.to_string())])?;
    let stack = stack(plan, context.name, &written)?;
    let problems = tables::limits(plan);
    if !problems.is_empty() {
        return Err(problems);
    }
    let origins = origins(plan, &stack);
    let mut files = IndexMap::from([(format!("{}/schema.graphql", context.name), plan.schema.clone())]);
    files.extend(written.into_iter().map(|file| (format!("{}/{}", context.name, file.path), file.text)));
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

fn stack(plan: &Plan, name: &ResourceName, written: &[ResolverFile]) -> Result<ApiStack, Vec<Problem>> {
    let mut names = Names::new(plan);
    let (tables, roles) = tables::tables(plan, &mut names);
    let resolvers: Vec<ResolverEntry> = plan
        .resolvers
        .iter()
        .zip(written)
        .map(|(resolver, file)| ResolverEntry {
            id: names.resolver(&file.type_name, &file.field),
            label: format!("resolver {}.{}", file.type_name, file.field),
            type_name: file.type_name.clone(),
            field: file.field.clone(),
            source: file
                .table
                .as_deref()
                .map_or("NoneSource".to_owned(), |model| format!("{}DataSource", names.model(model))),
            file: format!("./{name}/{}", file.path),
            origin: resolver.origin.clone(),
        })
        .collect();
    let mode = |mode: AuthMode| kind(mode).map(|kind| Mode { kind }).ok_or_else(|| vec![unbuilt(mode)]);
    Ok(ApiStack {
        description: format!("GraphQL API ({name}): tables, resolvers and their roles"),
        // What a name in AppSync may hold: letters, digits, underscores, hyphens.
        api_name: format!("{name}-${{Environment}}"),
        api_key: plan.modes.has(AuthMode::ApiKey),
        default_mode: mode(plan.modes.default)?,
        additional_modes: plan.modes.additional.iter().map(|additional| mode(*additional)).collect::<Result<_, _>>()?,
        parameters: inputs(plan)
            .iter()
            .map(|input| Parameter { name: input.parameter, description: input.what })
            .collect(),
        schema_file: format!("./{name}/schema.graphql"),
        tables,
        roles,
        local_resolvers: written.iter().any(|file| file.table.is_none()),
        resolvers,
        policies: policies::policies(plan, name),
    })
}

/// What CloudFormation calls the modes that a resource can ask for.
fn kind(mode: AuthMode) -> Option<&'static str> {
    match mode {
        AuthMode::ApiKey => Some("API_KEY"),
        AuthMode::UserPools => Some("AMAZON_COGNITO_USER_POOLS"),
        AuthMode::Iam => Some("AWS_IAM"),
        AuthMode::Oidc | AuthMode::Lambda => None,
    }
}

fn unbuilt(mode: AuthMode) -> Problem {
    let name = if mode == AuthMode::Oidc { "OpenID Connect" } else { "a Lambda authoriser" };
    Problem::new(Code::AMP0304, format!("an API cannot be deployed with {name} yet: the mode is only compiled"))
        .hint("use `user-pool`, `api-key` or `iam`")
}

/// A parameter that an output of the auth stack fills.
struct Input {
    parameter: &'static str,
    output: &'static str,
    what: &'static str,
}

fn inputs(plan: &Plan) -> Vec<Input> {
    let mut inputs = Vec::new();
    if plan.modes.has(AuthMode::UserPools) {
        let what = "User pool whose tokens are accepted";
        inputs.push(Input { parameter: "UserPoolId", output: "UserPoolId", what });
    }
    for role in policies::roles(plan) {
        inputs.push(Input { parameter: role.parameter, output: role.parameter, what: role.what });
    }
    inputs
}

fn needs(plan: &Plan, context: &Context<'_>) -> Result<Vec<Need>, Vec<Problem>> {
    let inputs = inputs(plan);
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let Some((auth, _)): Option<(&ResourceName, &AuthSpec)> = context.auth() else {
        let message = format!("the API `{}` needs an auth resource: it lets in users who are signed in", context.name);
        return Err(vec![Problem::new(Code::AMP0310, message).hint("`ampup add auth`")]);
    };
    inputs
        .iter()
        .map(|input| {
            let id =
                |text: &str| LogicalId::new(text).map_err(|error| vec![Problem::new(Code::AMP0901, error.to_string())]);
            Ok(Need { parameter: id(input.parameter)?, of: auth.clone(), output: id(input.output)? })
        })
        .collect()
}

/// The user's line for each logical id that comes from one.
fn origins(plan: &Plan, stack: &ApiStack) -> IndexMap<String, Location> {
    let models = plan.models.values().zip(&stack.tables).flat_map(|(model, table)| {
        ["Table", "DataSource"].map(|end| (format!("{}{end}", table.id), model.origin.clone()))
    });
    let resolvers = stack.resolvers.iter().map(|entry| (format!("{}Resolver", entry.id), entry.origin.clone()));
    models.chain(resolvers).collect()
}

#[cfg(test)]
mod tests;
