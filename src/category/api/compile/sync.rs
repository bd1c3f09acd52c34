//! Data sync: which handler settles the conflicts of which model, what data sync asks of a schema, and what it adds.

use indexmap::IndexMap;
use serde::Deserialize;

use super::options::CompileOptions;
use super::report::Report;
use crate::base::suggest::nearest;
use crate::category::api::plan::{ConflictHandler, DELTA_TABLE};
use crate::error::{Code, Problem};
use crate::graphql::{Document, Field, InputValue, TypeDefinition, TypeRef};

/// The fields that AppSync writes to every item.
pub(super) const FIELDS: [&str; 3] = ["_version", "_deleted", "_lastChangedAt"];

/// The function that settles conflicts where none is named, as conformance cases have it.
const FUNCTION: &str = "merge";

/// A handler as AppSync writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConflictKind {
    /// Lists and sets are joined; of other values the stored one stays.
    #[serde(rename = "AUTOMERGE")]
    AutoMerge,
    /// The write is refused.
    OptimisticConcurrency,
    /// A function decides.
    Lambda,
}

/// Which handler settles conflicts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ConflictOption {
    /// One of AppSync's; for `LAMBDA` the function is the one that the options name.
    Kind(ConflictKind),
    /// A function of its own.
    Function {
        /// Its name; `${env}` stands for the environment.
        lambda: String,
    },
}

impl CompileOptions {
    /// Whether the API has data sync: all of its models have it, or none.
    pub(super) fn is_synced(&self) -> bool {
        self.conflict.is_some() || self.conflict_models.is_some()
    }

    /// The handler of models without their own.
    pub(super) fn usual_conflict_handler(&self) -> Option<ConflictHandler> {
        self.conflict.as_ref().map(|option| self.handler(option))
    }

    /// The handler of a model.
    pub(super) fn conflict_handler(&self, model: &str) -> Option<ConflictHandler> {
        let own = self.conflict_models.as_ref().and_then(|models| models.get(model));
        own.map(|option| self.handler(option)).or_else(|| self.usual_conflict_handler())
    }

    fn handler(&self, option: &ConflictOption) -> ConflictHandler {
        match option {
            ConflictOption::Kind(ConflictKind::AutoMerge) => ConflictHandler::AutoMerge,
            ConflictOption::Kind(ConflictKind::OptimisticConcurrency) => ConflictHandler::OptimisticConcurrency,
            ConflictOption::Kind(ConflictKind::Lambda) => ConflictHandler::Lambda {
                function: self.conflict_lambda.clone().unwrap_or_else(|| FUNCTION.to_owned()),
            },
            ConflictOption::Function { lambda } => ConflictHandler::Lambda { function: lambda.clone() },
        }
    }
}

/// What data sync asks of a document: that it does not have the fields that AppSync writes, nor cycles of owners.
pub(super) fn check(document: &Document, options: &CompileOptions, report: &mut Report<'_>) {
    if !options.is_synced() {
        return;
    }
    for model in models(document) {
        for field in model.fields().iter().filter(|field| FIELDS.contains(&field.name.as_str())) {
            let message = format!(
                "type {} has already a field with name {}: with data sync AppSync writes it to every item",
                model.name, field.name
            );
            report.add(Code::AMP0305, &field.span, message);
        }
        if model.name == DELTA_TABLE {
            let message = format!("the table of data sync is named {DELTA_TABLE}: no model can have that name");
            report.add(Code::AMP0305, &model.span, message);
        }
    }
    cycles(document, report);
}

/// What is wrong with the handlers of single models. The join models of a `@manyToMany` are models too.
pub(super) fn check_handlers(document: &Document, options: &CompileOptions, report: &mut Report<'_>) {
    let Some(handlers) = &options.conflict_models else { return };
    let names = || models(document).map(|model| model.name.as_str());
    for name in handlers.keys().filter(|name| names().all(|model| model != *name)) {
        let mut problem =
            Problem::new(Code::AMP0103, format!("a conflict handler names `{name}`: no model has that name"));
        if let Some(near) = nearest(name, names()) {
            problem = problem.hint(format!("did you mean `{near}`?"));
        }
        report.extend(vec![problem]);
    }
    for model in models(document).filter(|model| options.conflict_handler(&model.name).is_none()) {
        let message = format!("{} has no conflict handler: with data sync every model needs one", model.name);
        let hint = format!("name one for {}, or one for the whole API", model.name);
        report.add_with_hint(Code::AMP0305, &model.span, message, Some(hint));
    }
}

fn models(document: &Document) -> impl Iterator<Item = &TypeDefinition> {
    document.types.iter().filter(|found| found.is_object() && found.directive("model").is_some())
}

/// Two models may not both own the other: a client could not order what it sends.
fn cycles(document: &Document, report: &mut Report<'_>) {
    let owns = |field: &&Field| field.directive("hasOne").or_else(|| field.directive("hasMany")).is_some();
    let mut pairs: IndexMap<(&str, &str), &Field> = IndexMap::new();
    for model in models(document) {
        for field in model.fields().iter().filter(owns) {
            pairs.insert((&model.name, field.type_ref.name()), field);
        }
    }
    for ((model, related), field) in &pairs {
        if model != related && pairs.contains_key(&(*related, *model)) {
            let message = format!(
                "{model} and {related} cannot refer to each other via @hasOne or @hasMany when DataStore is in use: use \
                 @belongsTo instead, see the docs of belongs-to relationships in data modeling"
            );
            report.add(Code::AMP0308, &field.span, message);
        }
    }
}

/// The fields that AppSync writes, as the type of a model shows them.
pub(super) fn fields() -> [Field; 3] {
    [
        Field::new("_version", TypeRef::required("Int")),
        Field::new("_deleted", TypeRef::named("Boolean")),
        Field::new("_lastChangedAt", TypeRef::required("AWSTimestamp")),
    ]
}

/// The version that a writer knows.
pub(super) fn known_version() -> InputValue {
    InputValue::new("_version", TypeRef::named("Int"))
}

/// `_deleted`, by which tombstones are left out.
pub(super) fn deleted_condition(condition: String) -> InputValue {
    InputValue::new("_deleted", TypeRef::named(condition))
}

/// When a list was read: what the next sync asks from.
pub(super) fn started_at() -> Field {
    Field::new("startedAt", TypeRef::named("AWSTimestamp"))
}

/// From when on changes are wanted.
pub(super) fn last_sync() -> InputValue {
    InputValue::new("lastSync", TypeRef::named("AWSTimestamp"))
}

#[cfg(test)]
mod tests;
