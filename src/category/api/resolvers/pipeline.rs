//! Pipelines: a resolver that lets the caller in or not, and the functions that it runs one after the other.

use serde::Serialize;

use super::access::Guard;
use super::{Helpers, all};
use crate::category::api::plan::{Allow, Function, Plan, Resolver, Rule, Step};
use crate::render::{RenderError, Renderer};

/// Context of `pipeline.js`.
#[derive(Debug, Serialize)]
struct Pipeline {
    title: String,
    /// It has rules to check.
    checked: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// `Mutation.doWork`: the rules of the field, then its functions.
pub(super) fn resolver(plan: &Plan, resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let rules = plan.custom_rules.get(&name);
    // There is no stored item whose owner or groups could be asked for.
    let fixed = |rule: &&Rule| !matches!(rule.allow, Allow::Owner { .. } | Allow::DynamicGroups { .. });
    let kept: Vec<Rule> = rules.into_iter().flatten().filter(fixed).cloned().collect();
    let guard = Guard::new("access", format!("Whether the rules of {name} let the caller in."), &all(&kept), None);
    let guards = vec![guard];
    let context = Pipeline {
        title: format!("{name}: its functions, one after the other."),
        checked: rules.is_some(),
        helpers: Helpers::of(&guards, false),
        guards: if rules.is_some() { guards } else { Vec::new() },
    };
    render.render("api/resolver/pipeline.js", &context)
}

/// One function.
pub(super) fn step(_name: &str, function: &Function, render: &Renderer) -> Result<String, RenderError> {
    match &function.step {
        Step::Predict { prediction } => super::services::step(*prediction, render),
        Step::Converse { step, conversation } => super::conversation::step(*step, conversation, render),
    }
}
