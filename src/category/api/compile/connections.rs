//! What relations add: connection fields, foreign keys on types, inputs and filters.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft};
use super::keys;
use super::names;
use super::operations::{ensure_connection, ensure_declared_filter, related_arguments, sort_argument};
use super::options::Parameters;
use super::output::Output;
use super::relations::{By, Relation, RelationKind, foreign_key, foreign_sort_key};
use crate::graphql::{Field, InputValue, TypeRef};

/// A foreign key field that a relation implies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ForeignKey {
    pub name: String,
    pub type_name: String,
}

/// The foreign key fields that the field `field` of `owner` implies for the key of `target`.
pub(super) fn foreign_keys(owner: &str, field: &str, target: &Draft<'_>, parameters: &Parameters) -> Vec<ForeignKey> {
    let partition = &target.key.partition;
    let typed = parameters.respect_primary_key_attributes_on_connection_field;
    let first = ForeignKey {
        name: foreign_key(owner, field, partition, parameters),
        type_name: if typed { target.type_of(partition) } else { "ID" }.to_owned(),
    };
    let rest = target
        .key
        .sort
        .iter()
        .map(|key| ForeignKey { name: foreign_sort_key(owner, field, key), type_name: target.type_of(key).to_owned() });
    std::iter::once(first).chain(rest).collect()
}

/// Expands the relations of all models: first every `@hasMany`, then `@hasOne`, then `@belongsTo`.
pub(super) fn expand(
    drafts: &IndexMap<&str, Draft<'_>>,
    catalogue: &Catalogue<'_>,
    parameters: &Parameters,
    output: &mut Output,
) {
    let all = || drafts.values().flat_map(|draft| draft.relations.iter().map(move |relation| (draft, relation)));
    for (draft, relation) in all().filter(|(_, relation)| matches!(relation.kind, RelationKind::Many { .. })) {
        let Some(related) = drafts.get(relation.related) else { continue };
        if relation.by == By::Implicit {
            let keys = foreign_keys(draft.name(), &relation.field.name, draft, parameters);
            add_keys(related.name(), draft.name(), &keys, relation.field.type_ref.is_required(), output);
        }
        connection_field(draft, relation, related, catalogue, output);
    }
    for (draft, relation) in all().filter(|(_, relation)| owns_key(relation)) {
        let Some(related) = drafts.get(relation.related) else { continue };
        let keys = foreign_keys(draft.name(), &relation.field.name, related, parameters);
        add_keys(draft.name(), draft.name(), &keys, relation.field.type_ref.is_required(), output);
    }
}

/// Whether a relation of one item adds its foreign key to its own model: an implicit `@hasOne`, and an implicit
/// `@belongsTo` on the other side of a `@hasOne`.
pub(super) fn owns_key(relation: &Relation<'_>) -> bool {
    relation.by == By::Implicit
        && match relation.kind {
            RelationKind::Many { .. } => false,
            RelationKind::One => true,
            RelationKind::Belongs => relation.inverse.is_some_and(|inverse| !inverse.many),
        }
}

/// Adds foreign keys to a model and its inputs. The subscription filter that gets them is that of `declared_on`, the
/// model with the relation field: for `@hasMany` that is the other one, as in the reference transformer.
fn add_keys(model: &str, declared_on: &str, keys: &[ForeignKey], required: bool, output: &mut Output) {
    for key in keys {
        let nullable = TypeRef::named(&key.type_name);
        let given = if required { nullable.clone().non_null() } else { nullable.clone() };
        output.add_field(model, Field::new(&key.name, given.clone()));
        output.add_input_field(&names::input("Create", model), &key.name, given);
        output.add_input_field(&names::input("Update", model), &key.name, nullable);
        let condition = TypeRef::named(output.filter_input(&key.type_name, false, false));
        output.add_input_field(&names::filter(model), &key.name, condition.clone());
        output.add_input_field(&names::condition(model), &key.name, condition);
        let subscription = names::subscription_filter(declared_on);
        if output.get(&subscription).is_some() {
            let condition = TypeRef::named(output.filter_input(&key.type_name, false, true));
            output.add_input_field(&subscription, &key.name, condition);
        }
    }
}

/// Turns `comments: [Comment] @hasMany` into a field with arguments and a connection.
fn connection_field(
    draft: &Draft<'_>,
    relation: &Relation<'_>,
    related: &Draft<'_>,
    catalogue: &Catalogue<'_>,
    output: &mut Output,
) {
    let connection = names::related_connection(related.name());
    ensure_connection(&connection, related.name(), output);
    ensure_declared_filter(related, catalogue, output);
    let mut arguments: Vec<InputValue> = Vec::new();
    arguments.extend(related_sort(relation, related, catalogue, output));
    arguments.push(InputValue::new("sortDirection", output.sort_direction()));
    arguments.extend(related_arguments(related.name()));
    if let Some(field) = output.field_mut(draft.name(), &relation.field.name) {
        field.arguments = arguments;
        field.type_ref = TypeRef::named(connection);
    }
}

/// The argument for the sort key of what is queried, unless the relation gives that key itself.
fn related_sort(
    relation: &Relation<'_>,
    related: &Draft<'_>,
    catalogue: &Catalogue<'_>,
    output: &mut Output,
) -> Option<InputValue> {
    let given = match &relation.by {
        By::References(_) => return None,
        By::Fields(fields) => fields.len(),
        By::Implicit => 0,
    };
    if given > 1 {
        return None;
    }
    let (partition, sort, index) = match &relation.index {
        Some(name) => {
            let index = related.indexes.iter().find(|index| index.name == *name)?;
            (&index.partition, &index.sort, Some(name.as_str()))
        }
        // Without an index the reference transformer looks at the table's own key, even where it adds an index.
        None => (&related.key.partition, &related.key.sort, None),
    };
    let key = keys::key(related, catalogue, partition, sort);
    sort_argument(related.name(), index, &key, output)
}
