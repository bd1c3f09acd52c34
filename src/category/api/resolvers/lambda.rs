//! Fields that Lambda functions answer: a resolver for one function, or a function that pipelines share.

use serde::Serialize;

use super::gate::{self, Gate};
use crate::category::api::plan::{Function, Plan, Resolver, Source};
use crate::render::{RenderError, Renderer};

/// Context of `invoke.js`.
#[derive(Debug, Serialize)]
struct Invoke {
    title: String,
    /// Do not wait for the result.
    event: bool,
    /// JavaScript for what the function before it gave.
    previous: &'static str,
    #[serde(flatten)]
    gate: Gate,
}

/// Context of `invoke_step.js`.
#[derive(Debug, Serialize)]
struct InvokeStep {
    title: String,
    event: bool,
    previous: &'static str,
}

/// `Query.echo`: the rules of the field, then the function.
pub(super) fn resolver(
    plan: &Plan,
    resolver: &Resolver,
    event: bool,
    render: &Renderer,
) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let gate = Gate::of(plan, resolver);
    if gate.closed {
        return gate::refused(name, render);
    }
    let title = format!("{name}: by the Lambda function {}.", function_name(plan, &resolver.source));
    render.render("api/resolver/invoke.js", &Invoke { title, event, previous: "{ result: {} }", gate })
}

/// A function of pipelines.
pub(super) fn step(plan: &Plan, function: &Function, event: bool, render: &Renderer) -> Result<String, RenderError> {
    let title = format!("The Lambda function {}.", function_name(plan, &function.source));
    render.render("api/resolver/invoke_step.js", &InvokeStep { title, event, previous: "ctx.prev" })
}

fn function_name<'a>(plan: &'a Plan, source: &'a str) -> &'a str {
    match plan.sources.get(source) {
        Some(Source::Lambda(function)) => &function.name,
        _ => source,
    }
}
