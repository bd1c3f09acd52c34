//! Pipelines: a resolver that lets the caller in or not, and the functions that it runs one after the other.

use serde::Serialize;

use super::gate::Gate;
use super::lambda;
use crate::category::api::plan::{Function, Plan, Resolver, Step};
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
        return super::refused(name, render);
    }
    let context = Pipeline { title: format!("{name}: its functions, one after the other."), gate };
    render.render("api/resolver/pipeline.js", &context)
}

/// One function.
pub(super) fn step(name: &str, function: &Function, plan: &Plan, render: &Renderer) -> Result<String, RenderError> {
    match &function.step {
        Step::Invoke { event } => lambda::step(plan, function, *event, render),
        Step::Own => Err(RenderError {
            template: format!("functions/{name}.js"),
            reason: "the plan has no file of the user for it".to_owned(),
        }),
    }
}
