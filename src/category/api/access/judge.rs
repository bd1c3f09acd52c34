//! What the rules of a model give to one caller, for one operation on one item.
//!
//! Not here: whether AppSync lets the caller's mode into the field at all.

use indexmap::IndexMap;

use super::identity::{Identity, Who};
use super::{Access, Cell, Column, FieldAccess, Verb};
use crate::category::api::plan::{Allow, AuthMode, Model, Operation, Rule};

/// A model with the fields that resolvers of their own keep from those who may not read them.
#[derive(Debug)]
pub(super) struct Guarded<'a> {
    pub(super) model: &'a Model,
    pub(super) fields: Vec<&'a str>,
}

/// One cell of the matrix.
pub(super) fn cell(guarded: &Guarded<'_>, column: &Column, identity: &Identity) -> Cell {
    let model = guarded.model;
    match column.operation {
        Verb::Create | Verb::Update => write(model, column.operation.operation(), identity),
        Verb::Delete => whole(if deletes(model, identity) { Access::Allowed } else { Access::Refused }),
        Verb::OnCreate | Verb::OnUpdate | Verb::OnDelete => whole(listen(model, identity)),
        Verb::Get | Verb::List | Verb::Sync | Verb::Search => read(guarded, column.operation, identity),
        Verb::Query => query(guarded, column, identity),
    }
}

fn whole(access: Access) -> Cell {
    Cell { access, fields: IndexMap::new() }
}

/// Whether a rule holds for a caller and the item.
fn holds(rule: &Rule, identity: &Identity) -> bool {
    if rule.mode != identity.mode {
        return false;
    }
    match (&rule.allow, &identity.who) {
        // Callers with a signature are told apart by the role that the identity pool gave them.
        (Allow::Public, who) => rule.mode != AuthMode::Iam || *who == Who::Guest,
        (Allow::Private, who) => rule.mode != AuthMode::Iam || *who == Who::SignedIn,
        (Allow::Custom, _) | (Allow::AnySigner, Who::Signer) => true,
        (Allow::AdminRoles(names), Who::AdminRole { name }) => names.contains(name),
        (Allow::Owner { field, claims, .. }, Who::Owner { field: own, claims: names, .. }) => {
            field == own && claims == names
        }
        (Allow::Groups { claim, groups }, Who::Group { claim: own, group }) => claim == own && groups.contains(group),
        (Allow::DynamicGroups { claim, field, .. }, Who::GroupOfItem { claim: own, field: of, .. }) => {
            claim == own && field == of
        }
        _ => false,
    }
}

/// Whether a rule holds for a caller where there is no item.
pub(super) fn holds_without_item(rule: &Rule, identity: &Identity) -> bool {
    !matches!(rule.allow, Allow::Owner { .. } | Allow::DynamicGroups { .. }) && holds(rule, identity)
}

/// Whether a rule could hold for the caller with another item, so that lists are filtered and not refused.
fn could_hold(rule: &Rule, identity: &Identity) -> bool {
    rule.mode == identity.mode
        && match (&rule.allow, &identity.who) {
            (Allow::Owner { .. }, _) => true,
            (
                Allow::DynamicGroups { claim, .. },
                Who::Group { claim: own, .. } | Who::GroupOfItem { claim: own, .. },
            ) => claim == own,
            _ => false,
        }
}

/// Whether a rule holds once the caller has made the new item its own: owners are filled in, groups can be named.
fn holds_for_own(model: &Model, rule: &Rule, identity: &Identity) -> bool {
    let declared = |field: &str| model.fields.get(field).is_some_and(|found| !found.implied);
    let filled = |field: &str| {
        let own = |rule: &&Rule| matches!(&rule.allow, Allow::Owner { field: of, .. } if of == field);
        model.rules.iter().filter(own).any(|rule| rule.mode == identity.mode && allows(rule, Operation::Create))
    };
    could_hold(rule, identity)
        && match &rule.allow {
            Allow::Owner { field, .. } => declared(field) || filled(field),
            Allow::DynamicGroups { field, .. } => declared(field),
            _ => false,
        }
}

fn allows(rule: &Rule, operation: Operation) -> bool {
    rule.operations.contains(&operation)
}

/// The rules of the type; sandbox mode counts as one.
fn type_rules(model: &Model) -> Vec<Rule> {
    let sandbox = model.sandbox.then(|| Rule {
        mode: AuthMode::ApiKey,
        identity_pool: false,
        allow: Allow::Public,
        operations: Vec::from(Operation::ALL),
    });
    model.rules.iter().cloned().chain(sandbox).collect()
}

/// The rules of a field: its own, else those of the type.
fn field_rules(model: &Model, field: &str) -> Vec<Rule> {
    model.field_rules.get(field).cloned().unwrap_or_else(|| type_rules(model))
}

fn any(rules: &[Rule], operation: Operation, test: impl Fn(&Rule) -> bool) -> bool {
    rules.iter().any(|rule| allows(rule, operation) && test(rule))
}

/// Every rule that lets somebody read: those of single fields open the item for these fields.
fn reading_rules(model: &Model) -> Vec<Rule> {
    type_rules(model).into_iter().chain(model.field_rules.values().flatten().cloned()).collect()
}

fn read(guarded: &Guarded<'_>, verb: Verb, identity: &Identity) -> Cell {
    let operation = verb.operation();
    let rules = reading_rules(guarded.model);
    if any(&rules, operation, |rule| holds(rule, identity)) {
        return Cell { access: Access::Allowed, fields: unreadable(guarded, identity) };
    }
    let hidden = verb != Verb::Get && any(&rules, operation, |rule| could_hold(rule, identity));
    whole(if hidden { Access::Hidden } else { Access::Refused })
}

/// DynamoDB does not filter by the partition that is asked for, so whoever asks for another's is refused.
fn query(guarded: &Guarded<'_>, column: &Column, identity: &Identity) -> Cell {
    let model = guarded.model;
    let rules = reading_rules(model);
    let partition = model.indexes.iter().find(|index| index.query_field.as_deref() == Some(&column.field));
    let partition = partition.map(|index| index.key.partition.name.as_str());
    let found = read(guarded, Verb::List, identity);
    if found.access != Access::Hidden {
        return found;
    }
    let filtered = |rule: &Rule| match &rule.allow {
        Allow::Owner { field, .. } | Allow::DynamicGroups { field, .. } => Some(field.as_str()) != partition,
        _ => false,
    };
    let hidden = any(&rules, Operation::List, |rule| could_hold(rule, identity) && filtered(rule));
    whole(if hidden { Access::Hidden } else { Access::Refused })
}

/// Fields that come back as null.
fn unreadable(guarded: &Guarded<'_>, identity: &Identity) -> IndexMap<String, FieldAccess> {
    let model = guarded.model;
    let relations = model.relations.iter().map(String::as_str).filter(|name| model.field_rules.contains_key(*name));
    let hidden = guarded.fields.iter().copied().chain(relations).filter(|field| {
        let rules = field_rules(model, field);
        let reads = [Operation::Get, Operation::List];
        !reads.iter().any(|operation| any(&rules, *operation, |rule| holds(rule, identity)))
    });
    hidden.map(|field| (field.to_owned(), FieldAccess::Refused)).collect()
}

fn listen(model: &Model, identity: &Identity) -> Access {
    let rules = type_rules(model);
    if model.public_subscriptions || any(&rules, Operation::Listen, |rule| holds(rule, identity)) {
        Access::Allowed
    } else if any(&rules, Operation::Listen, |rule| could_hold(rule, identity)) {
        Access::Hidden
    } else {
        Access::Refused
    }
}

/// Whoever writes must be allowed each field that the input names; to clear one takes the right to delete it besides.
fn write(model: &Model, operation: Operation, identity: &Identity) -> Cell {
    let may = |rules: &[Rule], operation| any(rules, operation, |rule| holds(rule, identity));
    let is_key = |name: &str| model.key.partition.name == name || model.key.sort.iter().any(|part| part.name == name);
    let mut fields = IndexMap::new();
    let own = |rules: &[Rule]| {
        operation == Operation::Create && any(rules, operation, |rule| holds_for_own(model, rule, identity))
    };
    let mut some = may(&type_rules(model), operation);
    let mut some_own = own(&type_rules(model));
    let written = model.fields.values().filter(|field| !field.implied && !is_key(&field.name));
    for field in written {
        let rules = field_rules(model, &field.name);
        if !may(&rules, operation) && own(&rules) {
            some_own = true;
            fields.insert(field.name.clone(), FieldAccess::Own);
            continue;
        }
        let clears = operation == Operation::Update && may(&rules, Operation::Delete);
        let exception = match (may(&rules, operation), clears) {
            (false, _) => Some(FieldAccess::Refused),
            (true, false) if operation == Operation::Update => Some(FieldAccess::KeepOnly),
            (true, _) => None,
        };
        some |= exception != Some(FieldAccess::Refused);
        fields.extend(exception.map(|exception| (field.name.clone(), exception)));
    }
    match (some, some_own) {
        (true, _) => Cell { access: Access::Allowed, fields },
        (false, true) => {
            // All of it is the caller's own, so that goes without saying.
            fields.retain(|_, access| *access != FieldAccess::Own);
            Cell { access: Access::Own, fields }
        }
        _ => whole(Access::Refused),
    }
}

/// To delete an item takes the right to clear all of its fields.
fn deletes(model: &Model, identity: &Identity) -> bool {
    let may = |rules: &[Rule]| any(rules, Operation::Delete, |rule| holds(rule, identity));
    let own = model.field_rules.iter().filter(|(field, _)| model.fields.contains_key(*field));
    let follows_type = |name: &str| !model.field_rules.contains_key(name);
    let others = model.fields.values().any(|field| !field.implied && follows_type(&field.name));
    own.into_iter().all(|(_, rules)| may(rules)) && (!others || may(&type_rules(model)))
}
