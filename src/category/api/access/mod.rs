//! Who may do what on which field of an API, worked out from its plan. It deploys and asks nothing.
//!
//! Rows are callers as they stand to one item, columns are operations. An identity that a rule does not know is
//! refused: nothing is allowed by default.

mod admission;
mod custom;
mod identity;
mod judge;
mod own;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde::Serialize;

use super::plan::{Action, AuthMode, Model, Operation, Plan, Resolver};
use admission::Admission;
use judge::Guarded;

pub use identity::{Identity, Who};
pub use own::OwnFile;

/// The access matrix of an API.
#[derive(Clone, Debug, Serialize)]
pub struct ApiAccess {
    /// The authorisation modes, as AppSync writes them, the default first.
    pub modes: Vec<&'static str>,
    /// A matrix for each model.
    pub models: Vec<ModelAccess>,
    /// The fields that are the user's own: of root types, and of other types where they have rules.
    pub custom: Vec<CustomAccess>,
    /// The fields that the user's own resolver files answer.
    pub files: Vec<OwnFile>,
}

/// The matrix of a model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelAccess {
    /// The type.
    pub model: String,
    /// Its operations.
    pub columns: Vec<Column>,
    /// Its callers.
    pub rows: Vec<Row>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// What is done.
    pub operation: Verb,
    /// The root type.
    pub type_name: String,
    /// Its field.
    pub field: String,
}

/// What can be done with the items of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// Add one.
    Create,
    /// Read one by its key.
    Get,
    /// Read many.
    List,
    /// Read what has changed, with data sync.
    Sync,
    /// Read many by an index.
    Query,
    /// Search them.
    Search,
    /// Change one.
    Update,
    /// Remove one.
    Delete,
    /// Listen to additions.
    OnCreate,
    /// Listen to changes.
    OnUpdate,
    /// Listen to removals.
    OnDelete,
}

impl Verb {
    /// What rules call it.
    pub fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Get => Operation::Get,
            Self::List | Self::Query => Operation::List,
            Self::Sync => Operation::Sync,
            Self::Search => Operation::Search,
            Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
            Self::OnCreate | Self::OnUpdate | Self::OnDelete => Operation::Listen,
        }
    }
}

/// A caller, with what each column gives.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The caller.
    pub identity: Identity,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

/// What a caller gets of an operation on one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The operation as a whole.
    pub access: Access,
    /// Fields that are treated otherwise.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, FieldAccess>,
}

/// An operation as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It is carried out on the item.
    Allowed,
    /// It is carried out where the new item becomes the caller's own, and `Unauthorized` where it names another.
    Own,
    /// It is answered, without the item: lists leave it out, subscriptions do not deliver it.
    Hidden,
    /// The user's own resolver file decides: no rule is checked before it.
    File,
    /// `Unauthorized`.
    Refused,
}

/// A field that is treated otherwise than the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldAccess {
    /// Reading gives null and `Unauthorized` at its path; a write that names it is `Unauthorized`.
    Refused,
    /// It may be set but not cleared with null.
    KeepOnly,
    /// It may be set where the new item becomes the caller's own.
    Own,
}

/// A field of the user's own, with what each caller gets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomAccess {
    /// `Query`, `Mutation`, `Subscription`, or another type.
    pub type_name: String,
    /// The field.
    pub field: String,
    /// The callers.
    pub rows: Vec<CustomRow>,
}

/// What a caller gets of a field.
#[derive(Clone, Debug, Serialize)]
pub struct CustomRow {
    /// The caller.
    pub identity: Identity,
    /// Allowed or refused.
    pub access: Access,
}

/// AppSync's name of a mode.
pub(in crate::category::api) fn mode_name(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "API_KEY",
        AuthMode::UserPools => "AMAZON_COGNITO_USER_POOLS",
        AuthMode::Iam => "AWS_IAM",
        AuthMode::Oidc => "OPENID_CONNECT",
        AuthMode::Lambda => "AWS_LAMBDA",
    }
}

/// The access matrix of a plan.
pub fn access(plan: &Plan) -> ApiAccess {
    let admission = Admission::of(plan);
    let all: Vec<AuthMode> = std::iter::once(plan.modes.default).chain(plan.modes.additional.iter().copied()).collect();
    let models = plan.models.values().map(|model| of_model(plan, model, &all, &admission)).collect();
    ApiAccess {
        modes: all.iter().map(|mode| mode_name(*mode)).collect(),
        models,
        custom: custom::fields(plan, &all, &admission),
        files: own::files(plan),
    }
}

fn of_model(plan: &Plan, model: &Model, modes: &[AuthMode], admission: &Admission) -> ModelAccess {
    let columns = plan.resolvers.iter().filter_map(|resolver| column(plan, resolver, &model.name));
    let mut columns: Vec<Column> = columns.collect();
    columns.sort_by_key(|column| column.operation as u8);
    let rules = model.rules.iter().chain(model.field_rules.values().flatten());
    let kept = plan
        .resolvers
        .iter()
        .filter(|own| own.type_name == model.name && matches!(plan.purpose(own), Action::ProtectedField { .. }));
    let guarded = Guarded { model, fields: kept.map(|own| own.field.as_str()).collect() };
    let whole = |access: Access| Cell { access, fields: IndexMap::new() };
    let rows = identity::identities(modes, rules)
        .into_iter()
        .map(|identity| {
            let cell = |column: &Column| {
                if !admission.opens(&column.type_name, &column.field, identity.mode) {
                    whole(Access::Refused)
                } else if own::is_left_to_file(plan, &column.type_name, &column.field) {
                    whole(Access::File)
                } else {
                    judge::cell(&guarded, column, &identity)
                }
            };
            Row { cells: columns.iter().map(cell).collect(), identity }
        })
        .collect();
    ModelAccess { model: model.name.clone(), columns, rows }
}

/// The column that a resolver of a root type makes for a model.
fn column(plan: &Plan, resolver: &Resolver, of: &str) -> Option<Column> {
    let (model, operation) = match plan.purpose(resolver) {
        Action::Get { model } => (model, Verb::Get),
        Action::List { model } => (model, Verb::List),
        Action::Sync { model } => (model, Verb::Sync),
        Action::Search { model, .. } => (model, Verb::Search),
        Action::QueryIndex { model, .. } => (model, Verb::Query),
        Action::Create { model } => (model, Verb::Create),
        Action::Update { model } => (model, Verb::Update),
        Action::Delete { model } => (model, Verb::Delete),
        Action::Subscribe { model, to: Operation::Create } => (model, Verb::OnCreate),
        Action::Subscribe { model, to: Operation::Update } => (model, Verb::OnUpdate),
        Action::Subscribe { model, to: Operation::Delete } => (model, Verb::OnDelete),
        _ => return None,
    };
    let (type_name, field) = (resolver.type_name.clone(), resolver.field.clone());
    (model == of).then_some(Column { operation, type_name, field })
}
