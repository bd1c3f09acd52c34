//! Who may do what with which field of a model: a matrix of roles, fields and operations.
//!
//! Rules of a field replace those of the model for that field.

use indexmap::{IndexMap, IndexSet};

use super::draft::Draft;
use super::report::Report;
use super::rules::{ParsedRule, Provider, READ, Strategy};
use crate::category::api::plan::Operation;
use crate::error::Code;
use crate::graphql::Span;

/// A set of operations, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Operations(u8);

impl Operations {
    fn of(operations: &[Operation]) -> Self {
        Self(operations.iter().fold(0, |bits, operation| bits | 1 << *operation as u8))
    }

    fn has(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }
}

/// Callers of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub provider: Provider,
    pub strategy: Strategy,
}

/// The matrix.
#[derive(Clone, Debug)]
pub(super) struct Access {
    roles: IndexMap<String, Role>,
    fields: IndexSet<String>,
    /// By role, then by field.
    matrix: Vec<Vec<Operations>>,
}

impl Access {
    fn new(draft: &Draft<'_>) -> Self {
        let fields = draft.fields.keys().map(|name| (*name).to_owned()).collect();
        Self { roles: IndexMap::new(), fields, matrix: Vec::new() }
    }

    /// The matrix of a model; `None` when nothing has rules.
    pub(super) fn of(draft: &Draft<'_>, report: &mut Report<'_>) -> Option<Self> {
        if draft.rules.is_empty() && draft.field_rules.is_empty() {
            return None;
        }
        let mut access = Self::new(draft);
        for rule in &draft.rules {
            for (name, role) in roles(rule) {
                if !access.add(&name, role, rule) {
                    let message = format!("@auth {name} already exists for {}", draft.name());
                    report.add(Code::AMP0306, &rule.span, message);
                }
            }
        }
        for (field, rules) in &draft.field_rules {
            access.replace(field, rules);
        }
        Some(access)
    }

    /// A role for all fields; false when it exists.
    fn add(&mut self, name: &str, role: Role, rule: &ParsedRule) -> bool {
        if self.roles.contains_key(name) {
            return false;
        }
        self.roles.insert(name.to_owned(), role);
        self.matrix.push(vec![Operations::of(&rule.operations); self.fields.len()]);
        true
    }

    fn replace(&mut self, field: &str, rules: &[ParsedRule]) {
        let Some(column) = self.fields.get_index_of(field) else { return };
        for row in &mut self.matrix {
            row[column] = Operations::default();
        }
        for rule in rules {
            for (name, role) in roles(rule) {
                let (row, new) = self.roles.insert_full(name, role);
                if new.is_none() {
                    self.matrix.push(vec![Operations::default(); self.fields.len()]);
                }
                self.matrix[row][column] = Operations::of(&rule.operations);
            }
        }
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// The roles that may do something with a field at least.
    pub(super) fn roles_for(&self, operation: Operation) -> Vec<&Role> {
        self.select(|row| row.iter().any(|cell| cell.has(operation)))
    }

    /// The roles that may do something with every field.
    pub(super) fn roles_for_all_fields(&self, operation: Operation) -> Vec<&Role> {
        self.select(|row| row.iter().all(|cell| cell.has(operation)))
    }

    fn select(&self, wanted: impl Fn(&[Operations]) -> bool) -> Vec<&Role> {
        self.roles.values().zip(&self.matrix).filter(|(_, row)| wanted(row)).map(|(role, _)| role).collect()
    }

    /// Whether some readers of the model may not read a field. A private rule stands for all of its provider.
    pub(super) fn is_protected(&self, field: &str) -> bool {
        let Some(column) = self.fields.get_index_of(field) else { return false };
        let cells: Vec<(&Role, &[Operations], Operations)> = self
            .roles
            .values()
            .zip(&self.matrix)
            .filter(|(_, row)| row.iter().any(|cell| cell.has(Operation::Get)))
            .map(|(role, row)| (role, &row[..], row[column]))
            .collect();
        let open = |provider: Provider| {
            cells.iter().any(|(role, _, cell)| {
                role.provider == provider
                    && role.strategy == Strategy::Private
                    && READ.iter().all(|operation| cell.has(*operation))
            })
        };
        let covered = |role: &Role| {
            matches!(role.provider, Provider::UserPools | Provider::Oidc)
                && role.strategy != Strategy::Private
                && open(role.provider)
        };
        cells.iter().any(|(role, _, cell)| !covered(role) && !READ.iter().any(|operation| cell.has(*operation)))
    }
}

/// The roles that a rule makes: one for each static group, one otherwise.
fn roles(rule: &ParsedRule) -> Vec<(String, Role)> {
    let provider = match rule.provider {
        Provider::ApiKey => "apiKey",
        Provider::Iam => "iam",
        Provider::Oidc => "oidc",
        Provider::UserPools => "userPools",
        Provider::Function => "function",
    };
    let one = |name: String| vec![(name, Role { provider: rule.provider, strategy: rule.strategy.clone() })];
    match &rule.strategy {
        Strategy::Groups { groups, claim } => groups
            .iter()
            .map(|group| {
                let strategy = Strategy::Groups { groups: vec![group.clone()], claim: claim.clone() };
                (format!("{provider}:staticGroup:{group}:{claim}"), Role { provider: rule.provider, strategy })
            })
            .collect(),
        Strategy::DynamicGroups { field, claim } => one(format!("{provider}:dynamicGroup:{field}:{claim}")),
        Strategy::Owner { field, claim } => one(format!("{provider}:owner:{field}:{claim}")),
        Strategy::Private => one(format!("{provider}:private")),
        Strategy::Public => one(format!("{provider}:public")),
        Strategy::Custom => one(format!("{provider}:custom")),
    }
}

/// A required field that some readers may not read would make whole items unreadable.
pub(super) fn check_required_fields(draft: &Draft<'_>, report: &mut Report<'_>) {
    let Some(access) = &draft.access else { return };
    if draft.config.level != super::draft::Level::On {
        return;
    }
    let hidden: Vec<&str> = draft
        .fields
        .values()
        .filter(|field| field.type_ref.is_required() && field.directive("hasMany").is_none())
        .filter(|field| access.is_protected(&field.name))
        .map(|field| field.name.as_str())
        .collect();
    let Some(first) = hidden.first() else { return };
    let span: Span = draft.fields.get(first).map_or(0..0, |field| field.span.clone());
    let names: Vec<String> = hidden.iter().map(|name| format!("\"{name}\"")).collect();
    let message = format!(
        "when using field-level authorization rules you need to add rules to all of the model's required fields with at \
         least read permissions. Found model \"{}\" with required fields [{}] missing field-level authorization rules. \
         For more information see the field-level authorization rules of the docs",
        draft.name(),
        names.join(",")
    );
    let hint = format!("let every reader of {} read {first}, or make {first} nullable", draft.name());
    report.add_with_hint(Code::AMP0306, &span, message, Some(hint));
}
