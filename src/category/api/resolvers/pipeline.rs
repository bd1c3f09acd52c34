//! Pipelines: a resolver that lets the caller in or not, and the functions that it runs one after the other.

use serde::Serialize;

use super::gate::{self, Gate};
use super::{Scene, lambda, writing};
use crate::category::api::plan::{Action, Function, Operation, Plan, Resolver, Step};
use crate::render::{RenderError, Renderer};

/// Context of `pipeline.js`.
#[derive(Debug, Serialize)]
struct Pipeline {
    title: String,
    #[serde(flatten)]
    gate: Gate,
}

/// `Mutation.doWork`: the rules of the field, then its functions.
pub(super) fn resolver(plan: &Plan, resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let gate = Gate::of(plan, resolver);
    if gate.closed {
        return gate::refused(name, render);
    }
    let context = Pipeline { title: format!("{name}: its functions, one after the other."), gate };
    render.render("api/resolver/pipeline.js", &context)
}

/// One function.
///
/// # Errors
/// When a template cannot be rendered, or the plan names a model that it does not have.
pub(super) fn step(plan: &Plan, name: &str, function: &Function, render: &Renderer) -> Result<String, RenderError> {
    match &function.step {
        Step::Predict { prediction } => super::services::step(*prediction, render),
        Step::Converse { step, conversation } => super::conversation::step(*step, conversation, render),
        Step::CheckItem { model, write } => writing::check(&scene(plan, name, model, *write)?, *write, render),
        Step::WriteItem { model, write: Operation::Delete } => {
            writing::delete(&scene(plan, name, model, Operation::Delete)?, render)
        }
        Step::Invoke { event } => lambda::step(plan, function, *event, render),
        Step::Check { type_name, field } => check(plan, type_name, field, render),
        Step::Own => Err(RenderError {
            template: format!("functions/{name}.js"),
            reason: "the plan has no file of the user for it".to_owned(),
        }),
        Step::WriteItem { model, write } => writing::update(&scene(plan, name, model, *write)?, render),
    }
}

/// The rules of a field as the first function of the user's pipeline.
fn check(plan: &Plan, type_name: &str, field: &str, render: &Renderer) -> Result<String, RenderError> {
    let title = format!("Whether the caller may use {type_name}.{field}.");
    let gate = Gate::new(plan, type_name, field);
    if gate.closed {
        return gate::refused(title, render);
    }
    render.render("api/resolver/check.js", &Pipeline { title, gate })
}

/// The resolver that a function of a write belongs to, with its model.
fn scene<'a>(plan: &'a Plan, name: &str, model: &str, write: Operation) -> Result<Scene<'a>, RenderError> {
    let belongs = |resolver: &&Resolver| match &resolver.action {
        Action::Update { model: own } => own == model && write == Operation::Update,
        Action::Delete { model: own } => own == model && write == Operation::Delete,
        _ => false,
    };
    let resolver = plan.resolvers.iter().find(belongs).ok_or_else(|| RenderError {
        template: name.to_owned(),
        reason: format!("the plan has no resolver that writes `{model}` by it"),
    })?;
    Scene::new(plan, resolver, model)
}
