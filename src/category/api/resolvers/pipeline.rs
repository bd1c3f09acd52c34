//! Pipelines: a resolver that lets the caller in or not, and the functions that it runs one after the other.

use serde::Serialize;

use super::access::Guard;
use super::{Helpers, Scene, all, writing};
use crate::category::api::plan::{Action, Allow, Function, Operation, Plan, Resolver, Rule, Step};
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
        Step::WriteItem { model, write } => writing::update(&scene(plan, name, model, *write)?, render),
    }
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
