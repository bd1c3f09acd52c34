//! The check that stands before whatever answers a field: a Lambda function, another server, a pipeline.

use serde::Serialize;

use super::access::{Guard, Helpers, field_rules_for};
use super::{Scene, all};
use crate::category::api::plan::{Action, Allow, Operation, Plan, Resolver, Rule};
use crate::render::{RenderError, Renderer};

/// Part of the context of every template that includes `parts_gate.js`.
#[derive(Debug, Serialize)]
pub(super) struct Gate {
    /// The field has rules to check.
    checked: bool,
    /// They allow nobody.
    pub(super) closed: bool,
    /// They ask the item that the field is of.
    dynamic: bool,
    /// The field of a model, which subscribers to a mutation must not get with it.
    redacted: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

impl Gate {
    /// The check of a resolver's field.
    pub(super) fn of(plan: &Plan, resolver: &Resolver) -> Self {
        Self::new(plan, &resolver.type_name, &resolver.field)
    }

    /// The check of a field.
    pub(super) fn new(plan: &Plan, type_name: &str, field: &str) -> Self {
        let name = format!("{type_name}.{field}");
        let model = plan.models.get(type_name).filter(|model| !model.field_rules.is_empty());
        let rules: Option<Vec<Rule>> = match model {
            Some(model) => Some(field_rules_for(model, field, &[Operation::Get, Operation::List])),
            None => {
                plan.custom_rules.get(&name).map(|rules| rules.iter().filter(|rule| is_fixed(rule)).cloned().collect())
            }
        };
        let checked = rules.is_some();
        let comment = format!("Whether the rules of {name} let the caller in.");
        let guard = Guard::new("access", comment, &all(&rules.unwrap_or_default()), None);
        let (closed, dynamic) = (checked && guard.is_closed(), guard.dynamic);
        let guards = if checked { vec![guard] } else { Vec::new() };
        Self {
            checked,
            closed,
            dynamic,
            redacted: model.is_some() && is_listened_to(plan, type_name),
            helpers: Helpers::of(&guards, dynamic),
            guards,
        }
    }
}

/// Without a stored item there is nothing whose owner or groups could be asked for.
pub(super) fn is_fixed(rule: &Rule) -> bool {
    !matches!(rule.allow, Allow::Owner { .. } | Allow::DynamicGroups { .. })
}

/// Whether a model has subscriptions, whose subscribers get what a mutation returns.
pub(super) fn is_listened_to(plan: &Plan, model: &str) -> bool {
    let listens = |action: &Action| matches!(action, Action::Subscribe { model: of, .. } if of == model);
    plan.resolvers.iter().any(|resolver| listens(plan.purpose(resolver)))
}

/// A resolver that refuses everyone.
#[derive(Debug, Serialize)]
struct Denied {
    title: String,
}

/// The resolver of a field that no rule allows to anyone.
pub(super) fn refused(title: String, render: &Renderer) -> Result<String, RenderError> {
    render.render("api/resolver/denied.js", &Denied { title })
}

/// The same for the resolver that is written.
pub(super) fn denied(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    refused(scene.name(), render)
}
