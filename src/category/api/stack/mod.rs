//! The stacks of an API: the GraphQL API itself, its tables, data sources and roles, and a resolver for each field.
//!
//! Nothing is decided here about the schema; the plan says it all. Environments differ by parameters alone. A small API
//! is one stack; the models that do not fit go to further ones, which its own stack holds.

mod content;
mod database;
mod inputs;
mod lambdas;
mod limits;
mod names;
mod placement;
mod policies;
mod search;
mod services;
mod sources;
mod syncing;
mod tables;

use serde::Serialize;

use super::ApiSpec;
use super::own_functions;
use super::plan::{Action, AuthMode, Plan};
use super::resolvers;
use crate::base::ResourceName;
use crate::category::Context;
use crate::category::function::UNIQUE;
use crate::category::storage::granted_groups;
use crate::category::synthesis::{Kept, Part, Synthesis, part, rendered};
use crate::cfn::Template;
use crate::error::{Diagnose, Problem};
use crate::render::RenderError;
use content::{Borrowed, Content, Followed, Layout, Written};
use database::Database;
use inputs::{Authoriser, Mode, Parameter};
use lambdas::Invoker;
pub(in crate::category) use names::stream_output;
use placement::{FIRST, Past, Weights, stack_path};
use policies::Policy;
use search::Search;
use services::Services;
use sources::SourceEntry;
use syncing::Changes;

/// Context of `api/stack.yaml`.
#[derive(Debug, Serialize)]
struct ApiStack<'a> {
    description: String,
    api_name: String,
    api_key: bool,
    default_mode: Mode,
    additional_modes: Vec<Mode>,
    authoriser: Option<Authoriser>,
    /// Some function is the project's: a parameter is part of its name.
    unique: bool,
    /// Parameters that the auth stack fills.
    parameters: Vec<Parameter>,
    schema_file: String,
    search: Option<Search>,
    services: Services,
    /// Given where SQL models or statements are.
    database: Option<Database>,
    /// Given where predictions look at pictures.
    predictions_bucket: Option<&'a str>,
    /// Data sources that are no tables.
    sources: Vec<SourceEntry>,
    /// Roles by which Lambda functions are invoked.
    invokers: Vec<Invoker>,
    /// Resolvers ask for the environment's name or the region.
    environment: bool,
    policies: Vec<Policy>,
    /// Further stacks with models.
    nested: Vec<Nested>,
    /// Some stack has tables.
    has_tables: bool,
    /// The table of recent changes, with data sync.
    changes: Option<Changes>,
    /// Streams of changes that functions of the project follow.
    followed: Vec<Followed>,
    #[serde(flatten)]
    content: &'a Content,
}

/// A further stack, as the API's own holds it.
#[derive(Debug, Serialize)]
struct Nested {
    id: String,
    label: String,
    file: String,
    has_tables: bool,
    /// It names functions of the project.
    unique: bool,
    /// What it takes of this stack.
    borrowed: Vec<Borrowed>,
}

/// Context of `api/models.yaml`.
#[derive(Debug, Serialize)]
struct ModelStack<'a> {
    description: String,
    /// It names functions of the project.
    unique: bool,
    #[serde(flatten)]
    content: &'a Content,
}

/// The stacks of a plan.
///
/// # Errors
/// When a template cannot be rendered, an auth resource is missing, a limit is exceeded, or a resolver would change its
/// stack.
pub(super) fn synthesize(spec: &ApiSpec, plan: &Plan, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    let needs = inputs::needs(plan, context)?;
    let weights = Weights::new(plan, base(plan), tables::RESOURCES);
    let past = Past::read(context.name, context.sources);
    let placement = past.place(plan, &weights);
    let mut problems = tables::limits(plan);
    problems.extend(past.moved(plan, &placement));
    problems.extend(lambdas::problems(plan));
    if !problems.is_empty() {
        return Err(problems);
    }
    let written = Written {
        resolvers: resolvers::write(plan, context.render).map_err(failed)?,
        functions: resolvers::write_functions(plan, context.render).map_err(failed)?,
    };
    let problems = limits::code(plan, &written);
    if !problems.is_empty() {
        return Err(problems);
    }
    let layout = Layout::new(plan, context, &placement, &written);
    let mut synthesis = stacks(spec, plan, context, &layout)?;
    let problems = limits::resources(context.name, &synthesis);
    if !problems.is_empty() {
        return Err(problems);
    }
    let path = placement::path(context.name);
    let before = context.sources.text(&path).map(ToOwned::to_owned);
    synthesis.kept.extend(past.text(&placement, &weights).map(|text| Kept {
        path,
        before,
        text,
        attributes: placement::ATTRIBUTES,
    }));
    synthesis.needs = needs;
    Ok(synthesis)
}

fn failed(error: RenderError) -> Vec<Problem> {
    vec![Problem::new(error.code(), error.to_string())]
}

fn stacks(spec: &ApiSpec, plan: &Plan, context: &Context<'_>, layout: &Layout<'_>) -> Result<Synthesis, Vec<Problem>> {
    let name = context.name;
    let first = layout.content(FIRST);
    let further: Vec<(usize, Content)> =
        layout.placement.further().into_iter().map(|number| (number, layout.content(number))).collect();
    let used = |source: &str| layout.uses(source) || (source == super::plan::NONE_SOURCE && !further.is_empty());
    let (sources, invokers) = sources::sources(plan, used);
    let mut modes = inputs::modes(plan, context)?;
    let schema = limits::Schema::of(plan, name);
    let authoriser = inputs::authoriser(context);
    let stack = ApiStack {
        description: format!("GraphQL API ({name}): tables, resolvers and their roles"),
        // What a name in AppSync may hold: letters, digits, underscores, hyphens.
        api_name: format!("{name}-${{Environment}}"),
        api_key: plan.modes.has(AuthMode::ApiKey),
        default_mode: modes.remove(0),
        additional_modes: modes,
        unique: own_functions::uses_own(plan) || authoriser.as_ref().is_some_and(|authoriser| authoriser.own),
        authoriser,
        parameters: inputs::parameters(plan, context),
        schema_file: format!("./{}", schema.file()),
        sources,
        invokers,
        environment: self::sources::needs_environment(plan),
        search: search::search(plan, layout, context.render).map_err(failed)?,
        services: services::services(plan, name, context.render).map_err(failed)?,
        database: database::database(spec.sql.as_ref(), name, used(super::plan::SQL_SOURCE)),
        predictions_bucket: spec.predictions_bucket.as_deref(),
        policies: policies::policies(plan, name, &granted_groups(context.siblings)),
        nested: further.iter().map(|(number, content)| Nested::new(name, *number, content)).collect(),
        has_tables: std::iter::once(&first).chain(further.iter().map(|(_, more)| more)).any(Content::has_tables),
        changes: syncing::changes(plan),
        followed: layout.followed(),
        content: &first,
    };
    let mut files = schema.files;
    files.extend(layout.files());
    let handlers = services::files(plan, context.render).map_err(failed)?;
    files.extend(handlers.into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
    let mut synthesis = rendered(context, "api/stack.yaml", &stack, files)?;
    locate(&mut synthesis.template, &first);
    for (number, content) in &further {
        let path = stack_path(name, *number);
        let description = format!("GraphQL API ({name}): more tables, resolvers and their roles, {number}");
        let Part { mut template, text } =
            part(context, "api/models.yaml", &path, &ModelStack { description, unique: names_own(content), content })?;
        locate(&mut template, content);
        synthesis.parts.insert(path, Part { template, text });
    }
    Ok(synthesis)
}

impl Nested {
    fn new(name: &ResourceName, number: usize, content: &Content) -> Self {
        Self {
            id: stack_id(number),
            label: format!("models {number}"),
            file: format!("./{}.yaml", stack_path(name, number)),
            has_tables: content.has_tables(),
            unique: names_own(content),
            borrowed: content.borrowed.clone(),
        }
    }
}

/// Whether a stack's content names functions of the project.
fn names_own(content: &Content) -> bool {
    serde_json::to_string(content).is_ok_and(|text| text.contains(&format!("${{{UNIQUE}}}")))
}

/// The logical id of a further stack.
fn stack_id(number: usize) -> String {
    format!("Models{number}")
}

/// How many resources an API has besides its models, resolvers and functions: the API, the schema, the key, policies,
/// streams into search. What services need once for the whole API is few enough to be left out.
fn base(plan: &Plan) -> usize {
    let tables = plan.sources.values().filter(|source| matches!(source, super::plan::Source::Table { .. })).count();
    let sources = plan.sources.len() - tables;
    let modes = [AuthMode::ApiKey, AuthMode::Lambda].into_iter().filter(|mode| plan.modes.has(*mode)).count();
    let changes = usize::from(syncing::changes(plan).is_some());
    let searched = plan.resolvers.iter().filter(|resolver| matches!(resolver.action, Action::Search { .. })).count();
    2 + modes + changes + sources + searched + policies::roles(plan).len()
}

/// Gives each resource the user's line that it comes from.
fn locate(template: &mut Template, content: &Content) {
    for (id, resource) in &mut template.resources {
        resource.origin = content.origin(id.as_str()).cloned();
    }
}

#[cfg(test)]
pub(super) use lambdas::{arn as function_arn, role_sizes};
#[cfg(test)]
mod tests;
