//! Resolvers without a table: subscriptions, and fields with rules of their own.

use serde::Serialize;

use super::access::{Guard, auth_type, field_rules_for, rules_for};
use super::gate::is_listened_to;
use super::script::member;
use super::{Helpers, Scene, all, denied};
use crate::category::api::plan::{Allow, Model, Operation, Plan, Resolver, Rule};
use crate::render::{RenderError, Renderer};

/// Context of `subscribe.js`.
#[derive(Debug, Serialize)]
struct Subscription {
    title: String,
    /// Anyone may listen who reaches the field.
    open: bool,
    dynamic: bool,
    /// Arguments that name an owner.
    owners: Vec<String>,
    /// Fields that are tested.
    test_fields: Vec<String>,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// Context of `field.js`.
#[derive(Debug, Serialize)]
struct Field {
    title: String,
    /// It has rules to check.
    checked: bool,
    /// Subscribers to a mutation must not get it with the item.
    redacted: bool,
    /// They allow nobody.
    closed: bool,
    dynamic: bool,
    /// JavaScript for the item, or the object, that holds the field; there is none at the root.
    source: &'static str,
    /// JavaScript for what is stored.
    value: String,
    /// It holds an owner as `sub::username`, or a list of them.
    owner: bool,
    owner_list: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// `Subscription.onCreatePost`
pub(super) fn subscribe(scene: &Scene<'_>, to: Operation, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let open = model.public_subscriptions;
    let rules = if open { Vec::new() } else { rules_for(model, &[Operation::Listen]) };
    let comment = format!("What the rules of {} let the caller listen to.", model.name);
    let guard = Guard::new("access", comment, &all(&rules), None);
    if guard.is_closed() && !open {
        return denied(scene, render);
    }
    let mut owners = Vec::new();
    let mut test_fields = Vec::new();
    for field in rules.iter().filter_map(tested_field).filter(|field| guard.tests(field.name)) {
        let name = field.name.to_owned();
        if field.is_argument && !owners.contains(&name) {
            owners.push(name.clone());
        }
        if !test_fields.contains(&name) {
            test_fields.push(name);
        }
    }
    let did = match to {
        Operation::Create => "created",
        Operation::Delete => "deleted",
        _ => "updated",
    };
    let dynamic = guard.dynamic;
    let guards = if open { Vec::new() } else { vec![guard] };
    let context = Subscription {
        title: format!("{}: {} as they are {did}.", scene.name(), model.plural),
        open,
        dynamic,
        owners,
        test_fields,
        helpers: Helpers::of(&guards, false),
        guards,
    };
    render.render("api/resolver/subscribe.js", &context)
}

struct TestedField<'a> {
    name: &'a str,
    is_argument: bool,
}

fn tested_field(rule: &Rule) -> Option<TestedField<'_>> {
    match &rule.allow {
        Allow::Owner { field, list, .. } => Some(TestedField { name: field, is_argument: !list }),
        Allow::DynamicGroups { field, .. } => Some(TestedField { name: field, is_argument: false }),
        _ => None,
    }
}

/// `Employee.ssn`: the field has rules of its own, or those of the type do not hold for everyone who gets the item.
pub(super) fn protected(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let (model, name) = (scene.model, &scene.resolver.field);
    let rules = field_rules_for(model, name, &[Operation::Get, Operation::List]);
    let listened = is_listened_to(scene.plan, &model.name);
    guarded(&scene.name(), &rules, ("ctx.source", name), owner_of(model, name), listened, render)
}

/// `Post.owner`: whoever got the post may read it.
pub(super) fn owner(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let name = &scene.resolver.field;
    let list = scene.model.fields.get(name).is_some_and(|field| field.list);
    let context = Field {
        title: format!("{}: as people know it.", scene.name()),
        checked: false,
        redacted: false,
        closed: false,
        dynamic: false,
        source: "ctx.source",
        value: member("ctx.source", name),
        owner: true,
        owner_list: list,
        helpers: Helpers { identities: false, groups: false, meets: false },
        guards: Vec::new(),
    };
    render.render("api/resolver/field.js", &context)
}

/// `Weather.wind`, of a type that is no model, or a field of a root type.
pub(super) fn custom(plan: &Plan, resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let rules = plan.custom_rules.get(&name).cloned().unwrap_or_default();
    // There is no stored item whose owner or groups could be asked for.
    let rules: Vec<Rule> = rules.into_iter().filter(|rule| tested_field(rule).is_none()).collect();
    guarded(&name, &rules, ("(ctx.source ?? {})", &resolver.field), None, false, render)
}

/// `owner_list`: the field holds owners of several claims, and whether a list of them.
fn guarded(
    name: &str,
    rules: &[Rule],
    (source, field): (&'static str, &str),
    owner_list: Option<bool>,
    redacted: bool,
    render: &Renderer,
) -> Result<String, RenderError> {
    let guard = Guard::new("access", format!("Whether the rules of {name} let the caller read it."), &all(rules), None);
    let (closed, dynamic) = (guard.is_closed(), guard.dynamic);
    let guards = if closed { Vec::new() } else { vec![guard] };
    let context = Field {
        title: format!("{name}: for those who may read it."),
        checked: true,
        redacted,
        closed,
        dynamic,
        source,
        value: member(source, field),
        owner: owner_list.is_some(),
        owner_list: owner_list == Some(true),
        helpers: Helpers::of(&guards, dynamic),
        guards,
    };
    render.render("api/resolver/field.js", &context)
}

/// Whether the field holds owners of several claims, and if so, whether a list of them.
fn owner_of(model: &Model, name: &str) -> Option<bool> {
    let rules = model.rules.iter().chain(model.field_rules.values().flatten());
    rules.into_iter().find_map(|rule| match &rule.allow {
        Allow::Owner { field, list, claims } if field == name && claims.len() > 1 => Some(*list),
        _ => None,
    })
}

/// What `util.authType()` says to callers who come as the rule wants.
pub(super) fn mode_of(rule: &Rule) -> &'static str {
    auth_type(rule.mode)
}
