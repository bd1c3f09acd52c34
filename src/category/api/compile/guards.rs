//! What rules add to the schema: `@aws_…` directives, owner fields, subscription arguments.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use super::access::{Access, Role};
use super::draft::{Catalogue, Draft, Kind, Level};
use super::names;
use super::output::{Output, mark};
use super::rules::{ParsedRule, Provider, Strategy};
use super::search::AGGREGATE_TYPES;
use super::signers::Signers;
use crate::category::api::plan::{AuthMode, Modes, Operation};
use crate::graphql::{Field, InputValue, TypeRef};

/// The directive that lets callers of a mode in.
pub(super) fn directive(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "aws_api_key",
        AuthMode::UserPools => "aws_cognito_user_pools",
        AuthMode::Iam => "aws_iam",
        AuthMode::Oidc => "aws_oidc",
        AuthMode::Lambda => "aws_lambda",
    }
}

/// The directives for a set of modes: none for the default mode alone.
fn directives(modes: &Modes, allowed: &BTreeSet<AuthMode>) -> Vec<&'static str> {
    let alone = allowed.iter().all(|mode| *mode == modes.default);
    if alone { Vec::new() } else { allowed.iter().map(|mode| directive(*mode)).collect() }
}

/// Guards a whole schema.
pub(super) struct Guard<'r, 'a> {
    drafts: &'r IndexMap<&'a str, Draft<'a>>,
    catalogue: &'r Catalogue<'a>,
    modes: &'r Modes,
    sandbox: bool,
    signers: &'r Signers,
    /// Types that are no models, with the directives that they got.
    reached: IndexMap<String, IndexSet<&'static str>>,
}

impl<'r, 'a> Guard<'r, 'a> {
    pub(super) fn new(
        drafts: &'r IndexMap<&'a str, Draft<'a>>,
        catalogue: &'r Catalogue<'a>,
        modes: &'r Modes,
        signers: &'r Signers,
        sandbox: bool,
    ) -> Self {
        Self { drafts, catalogue, modes, sandbox, signers, reached: IndexMap::new() }
    }
}

impl Guard<'_, '_> {
    /// Applies the rules of all models and those of `custom` fields (type, field, rules).
    pub(super) fn apply(&mut self, custom: &IndexMap<(String, String), Vec<ParsedRule>>, output: &mut Output) {
        let drafts = self.drafts;
        for draft in drafts.values() {
            if let Some(access) = &draft.access {
                dynamic_fields(draft, access, output);
            }
        }
        for draft in drafts.values() {
            if let Some(access) = &draft.access {
                self.guard(draft, access, output);
            }
            // Rules of fields alone do not close a model.
            if draft.definition.directive("auth").is_none() {
                self.open(draft, output);
            }
        }
        self.aggregates(output);
        if self.sandbox || self.signers.any {
            self.open_custom_operations(output);
        }
        for ((type_name, field), rules) in custom {
            let fixed = rules.iter().filter(|rule| is_static(rule)).map(|rule| rule.provider.mode());
            let allowed = fixed.chain(self.signers.mode()).collect();
            if let Some(field) = output.field_mut(type_name, field) {
                for name in directives(self.modes, &allowed) {
                    mark(&mut field.directives, name);
                }
            }
        }
    }

    /// The user's own operations and all of their types that are no models are open to IAM: where the API lets every
    /// signed request pass, and in sandbox mode, as the reference transformer does for consoles.
    fn open_custom_operations(&self, output: &mut Output) {
        for (name, declared) in &self.catalogue.types {
            if self.catalogue.kind(name) != Kind::Object {
                continue;
            }
            let root = self.catalogue.roots.contains(name);
            let added = &self.catalogue.added.fields;
            if root && declared.fields().iter().all(|field| added.contains(&field.name)) {
                continue;
            }
            output.mark_type(name, directive(AuthMode::Iam));
            for own in declared.fields().iter().filter(|field| root && !added.contains(&field.name)) {
                if let Some(field) = output.field_mut(name, &own.name) {
                    mark(&mut field.directives, directive(AuthMode::Iam));
                }
            }
        }
    }

    /// The modes of some roles, and that of signed requests where some pass all rules.
    fn modes_of<'s>(&self, roles: impl IntoIterator<Item = &'s Role>) -> BTreeSet<AuthMode> {
        roles.into_iter().map(|role| role.provider.mode()).chain(self.signers.mode()).collect()
    }

    /// The same for an operation, which signed requests alone do not close to the default mode.
    fn modes_of_operation(&self, roles: Vec<&Role>) -> BTreeSet<AuthMode> {
        let default = (roles.is_empty() && self.signers.mode().is_some()).then_some(self.modes.default);
        self.modes_of(roles).into_iter().chain(default).collect()
    }

    fn guard(&mut self, draft: &Draft<'_>, access: &Access, output: &mut Output) {
        let all = self.modes_of(access.roles());
        for name in directives(self.modes, &all) {
            output.mark_type(draft.name(), name);
        }
        let (config, roots) = (&draft.config, self.catalogue.roots);
        let operation = |operation| self.modes_of_operation(access.roles_for(operation));
        let (get, list) = (operation(Operation::Get), operation(Operation::List));
        let sync = operation(Operation::Sync);
        for (name, allowed) in [(&config.get, &get), (&config.list, &list), (&config.sync, &sync)] {
            self.mark(&roots.query, name.as_deref(), allowed, output);
        }
        let delete = self.modes_of_operation(access.roles_for_all_fields(Operation::Delete));
        let create = operation(Operation::Create);
        let update = operation(Operation::Update);
        for (name, allowed) in [(&config.create, &create), (&config.update, &update), (&config.delete, &delete)] {
            self.mark(&roots.mutation, name.as_deref(), allowed, output);
        }
        self.mark(&roots.query, draft.search.as_deref(), &operation(Operation::Search), output);
        for index in &draft.indexes {
            self.mark(&roots.query, index.query_field.as_deref(), &list, output);
            self.mark(&roots.query, index.query_field.as_deref(), &get, output);
        }
        if config.level == Level::On {
            self.subscriptions(draft, access, output);
        }
        self.reach(draft.name(), &all, output);
    }

    /// Puts directives on an operation and on the type that it returns.
    fn mark(&self, root: &str, name: Option<&str>, allowed: &BTreeSet<AuthMode>, output: &mut Output) {
        let marks = directives(self.modes, allowed);
        let Some(field) = name.and_then(|name| output.field_mut(root, name)) else { return };
        for name in &marks {
            mark(&mut field.directives, name);
        }
        let returned = match &field.type_ref {
            TypeRef::Named(named) => named.name.clone(),
            _ => return,
        };
        for name in marks {
            output.mark_type(&returned, name);
        }
    }

    fn subscriptions(&self, draft: &Draft<'_>, access: &Access, output: &mut Output) {
        let listeners = access.roles_for(Operation::Listen);
        let owners: IndexSet<&str> = listeners
            .iter()
            .filter_map(|role| match &role.strategy {
                Strategy::Owner { field, .. } if !is_list(draft, field) => Some(field.as_str()),
                _ => None,
            })
            .collect();
        let allowed = self.modes_of_operation(listeners);
        let root = &self.catalogue.roots.subscription;
        let names: IndexSet<&str> = draft.config.live_subscriptions().map(|(_, name, _)| name).collect();
        for name in names {
            self.mark(root, Some(name), &allowed, output);
            if let Some(field) = output.field_mut(root, name) {
                for owner in &owners {
                    if !field.arguments.iter().any(|argument| argument.name == *owner) {
                        field.arguments.push(InputValue::new(*owner, TypeRef::named("String")));
                    }
                }
            }
        }
    }

    /// A model without rules: API keys may do everything with it in sandbox mode, and signed requests where all pass.
    fn open(&self, draft: &Draft<'_>, output: &mut Output) {
        let keys = self.sandbox && (self.signers.any || self.modes.default != AuthMode::ApiKey);
        let signed = self.signers.any && (self.sandbox || self.modes.default != AuthMode::Iam);
        let allowed: BTreeSet<AuthMode> =
            keys.then_some(AuthMode::ApiKey).into_iter().chain(signed.then_some(AuthMode::Iam)).collect();
        if allowed.is_empty() {
            return;
        }
        let config = &draft.config;
        let roots = self.catalogue.roots;
        let marks = directives(self.modes, &allowed);
        for name in &marks {
            output.mark_type(draft.name(), name);
        }
        let queries = [&config.get, &config.list, &config.sync].into_iter().map(Option::as_deref);
        let more = draft.indexes.iter().filter_map(|index| index.query_field.as_deref()).chain(draft.search.as_deref());
        for name in more {
            if let Some(field) = output.field_mut(&roots.query, name) {
                for name in &marks {
                    mark(&mut field.directives, name);
                }
            }
        }
        let mutations = [&config.create, &config.update, &config.delete].into_iter().map(Option::as_deref);
        let subscriptions = config.live_subscriptions().map(|(_, name, _)| Some(name));
        queries.for_each(|name| self.mark(&roots.query, name, &allowed, output));
        mutations.for_each(|name| self.mark(&roots.mutation, name, &allowed, output));
        subscriptions.for_each(|name| self.mark(&roots.subscription, name, &allowed, output));
        self.mark_declared_types(draft.name(), &allowed, output);
    }

    /// Lets callers into the types that are no models and that the user's own fields of a type lead to.
    fn mark_declared_types(&self, type_name: &str, allowed: &BTreeSet<AuthMode>, output: &mut Output) {
        let mut seen: IndexSet<&str> = IndexSet::new();
        let mut open = vec![type_name];
        while let Some(name) = open.pop() {
            for field in self.catalogue.types.get(name).map(|found| found.fields()).unwrap_or_default() {
                let inner = field.type_ref.name();
                if self.catalogue.kind(inner) == Kind::Object && seen.insert(inner) {
                    for mark in directives(self.modes, allowed) {
                        output.mark_type(inner, mark);
                    }
                    open.push(inner);
                }
            }
        }
    }

    /// The answers to aggregations are open to everyone who may do something with a model that can be searched.
    fn aggregates(&self, output: &mut Output) {
        let searched = || self.drafts.values().filter(|draft| draft.search.is_some());
        let allowed =
            searched().filter_map(|draft| draft.access.as_ref()).flat_map(|access| self.modes_of(access.roles()));
        let mut marks = directives(self.modes, &allowed.collect());
        if self.sandbox && self.modes.default != AuthMode::ApiKey && searched().next().is_some() {
            marks.push(directive(AuthMode::ApiKey));
        }
        for name in marks {
            for found in AGGREGATE_TYPES {
                output.mark_type(found, name);
            }
        }
    }

    /// Lets the callers of a type into the types of its fields that are no models, connections included. A type counts
    /// as used by others as soon as a second field of the same model leads to it, as in the reference transformer.
    fn reach(&mut self, type_name: &str, allowed: &BTreeSet<AuthMode>, output: &mut Output) {
        let mut open = vec![self.inner_types(type_name, output)];
        while let Some(targets) = open.last_mut() {
            let Some(target) = targets.pop() else {
                open.pop();
                continue;
            };
            if self.reach_one(&target, allowed, output) {
                open.push(self.inner_types(&target, output));
            }
        }
    }

    /// The object types of a type's fields that are no models, the last first.
    fn inner_types(&self, type_name: &str, output: &Output) -> Vec<String> {
        let fields = output.get(type_name).map(crate::graphql::TypeDefinition::fields).unwrap_or_default();
        let names = fields.iter().rev().map(|field| field.type_ref.name());
        let inner = names.filter(|name| {
            !self.catalogue.models.contains(*name)
                && output.get(name).is_some_and(crate::graphql::TypeDefinition::is_object)
        });
        inner.map(str::to_owned).collect()
    }

    /// Marks one type; whether something is new.
    fn reach_one(&mut self, target: &str, allowed: &BTreeSet<AuthMode>, output: &mut Output) -> bool {
        let first = !self.reached.contains_key(target);
        let mut marks = directives(self.modes, allowed);
        // A type that others use already must stay open to the default mode, when they come by another.
        let other = allowed.iter().any(|mode| *mode != self.modes.default);
        let default = directive(self.modes.default);
        if !first && other && !marks.contains(&default) {
            marks.push(default);
        }
        let known = self.reached.entry(target.to_owned()).or_default();
        let mut new = first;
        for name in marks {
            new |= known.insert(name);
            output.mark_type(target, name);
        }
        new
    }
}

/// Whether a field of a model is a declared list.
pub(super) fn is_list(draft: &Draft<'_>, field: &str) -> bool {
    draft.fields.get(field).is_some_and(|found| found.type_ref.is_list())
}

fn is_static(rule: &ParsedRule) -> bool {
    !matches!(rule.strategy, Strategy::Owner { .. } | Strategy::DynamicGroups { .. })
}

/// Owner fields are added to the type and its filters; fields by which the server filters subscriptions are no longer
/// open to the caller's own filter, except that owner fields come back as plain text. Filters of SQL models know declared
/// fields alone.
fn dynamic_fields(draft: &Draft<'_>, access: &Access, output: &mut Output) {
    let subscription = names::subscription_filter(draft.name());
    for role in access.roles() {
        let (Strategy::Owner { field, .. } | Strategy::DynamicGroups { field, .. }) = &role.strategy else { continue };
        if matches!(role.provider, Provider::UserPools | Provider::Oidc) {
            output.retain_input_fields(&subscription, |own| own.name != *field);
        }
    }
    for role in access.roles() {
        let Strategy::Owner { field, .. } = &role.strategy else { continue };
        output.add_field(draft.name(), Field::new(field, TypeRef::named("String")));
        if draft.sql.is_some() {
            continue;
        }
        for input in [names::filter(draft.name()), names::condition(draft.name()), subscription.clone()] {
            if output.get(&input).is_some() {
                let condition = TypeRef::named(output.filter_input("String", false, false));
                output.add_input_field(&input, field, condition);
            }
        }
    }
}
