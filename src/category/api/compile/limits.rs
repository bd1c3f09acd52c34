//! What models must keep: one name an operation, the number of indexes that a table takes, and the types of the fields
//! that the API fills in.

use indexmap::{IndexMap, IndexSet};

use super::draft::{Catalogue, Draft, Kind};
use super::names;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Field, Span};

/// Tells what is wrong with models whose keys, relations and operations are known.
pub(super) fn check(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    check_names(drafts, catalogue, report);
    check_index_counts(drafts, report);
    check_automatic_fields(drafts, report);
    check_combinators(drafts, catalogue, report);
}

/// Fields of filters are those of the model beside `and`, `or` and `not`.
fn check_combinators(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    for (model, draft) in drafts {
        for name in ["and", "or", "not"] {
            let Some(field) = draft.fields.get(name) else { continue };
            if matches!(catalogue.kind(field.type_ref.name()), Kind::Scalar | Kind::Enum) {
                let message = format!("type Model{model}FilterInput has already a field with name {name}");
                let hint = Some(format!("filters combine conditions by `{name}`: call the field otherwise"));
                report.add_with_hint(Code::AMP0316, &field.span, message, hint);
            }
        }
    }
}

/// Operations of models must not share names with each other or with fields of the user's root types.
fn check_names(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    check_connections(drafts, catalogue, report);
    let roots = catalogue.roots;
    let mut taken: IndexSet<(&str, &str)> = IndexSet::new();
    for root in [&roots.query, &roots.mutation, &roots.subscription] {
        let fields = catalogue.types.get(root.as_str()).map(|found| found.fields()).unwrap_or_default();
        taken.extend(fields.iter().map(|field| (root.as_str(), field.name.as_str())));
    }
    let mut add = |root, name, span: &Span| {
        if !taken.insert((root, name)) {
            let message = format!("type '{root}' cannot redeclare field {name}: {root}.{name} exists already");
            let hint = Some("name the operation in @model or @searchable, or the queryField in @index".to_owned());
            report.add_with_hint(Code::AMP0316, span, message, hint);
        }
    };
    for draft in drafts.values() {
        let (config, span) = (&draft.config, &draft.definition.span);
        for name in [&config.get, &config.list, &config.sync].into_iter().flatten() {
            add(&roots.query, name, span);
        }
        for name in [&config.create, &config.update, &config.delete].into_iter().flatten() {
            add(&roots.mutation, name, span);
        }
        if let Some(name) = &draft.search {
            add(&roots.query, name, span);
        }
        for index in &draft.indexes {
            if let Some(name) = &index.query_field {
                add(&roots.query, name, &index.span);
            }
        }
        for (_, name, _) in config.live_subscriptions() {
            add(&roots.subscription, name, span);
        }
    }
}

/// The type of the pages of a model may be the user's, when it is an object.
fn check_connections(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    for draft in drafts.values() {
        let connection = names::connection(draft.name());
        if let Some(other) = catalogue.types.get(connection.as_str()).filter(|other| !other.is_object()) {
            let message =
                format!("conflicting type '{connection}' found: the pages of {} are of that type", draft.name());
            report.add_with_hint(Code::AMP0316, &other.span, message, Some("give it another name".to_owned()));
        }
    }
}

/// DynamoDB takes 20 global and 5 local secondary indexes per table.
fn check_index_counts(drafts: &IndexMap<&str, Draft<'_>>, report: &mut Report<'_>) {
    let mut implied: IndexMap<&str, usize> = IndexMap::new();
    for relation in drafts.values().flat_map(|draft| &draft.relations) {
        if relation.implies_index() {
            *implied.entry(relation.related).or_default() += 1;
        }
    }
    for (name, draft) in drafts.iter().filter(|(_, draft)| draft.sql.is_none()) {
        let local = draft.indexes.iter().filter(|index| index.local).count();
        let global = draft.indexes.len() - local + implied.get(name).copied().unwrap_or_default();
        for (kind, count, limit) in [("global", global, 20), ("local", local, 5)] {
            if count > limit {
                let message = format!("{name} has {count} {kind} secondary indexes: a table of DynamoDB takes {limit}");
                report.add(Code::AMP0307, &draft.definition.span, message);
            }
        }
    }
}

/// What the API fills in holds one value; and the key that is not declared is text.
fn check_automatic_fields(drafts: &IndexMap<&str, Draft<'_>>, report: &mut Report<'_>) {
    for draft in drafts.values() {
        let config = &draft.config;
        let written = config.create.is_some() || config.update.is_some();
        let filled = [("id", written || config.delete.is_some()), ("createdAt", written), ("updatedAt", written)];
        for (name, _) in filled.into_iter().filter(|(_, given)| *given) {
            let is_list = |field: &&&Field| field.type_ref.is_list() && !drafts.contains_key(field.type_ref.name());
            let Some(field) = draft.fields.get(name).filter(is_list) else { continue };
            let message = format!("{}.{name} is a list: a field of this name holds one value", draft.name());
            let hint = Some(format!("write `{name}: {}`, or give the list another name", field.type_ref.name()));
            report.add_with_hint(Code::AMP0307, &field.span, message, hint);
        }
        text_key(draft, report);
    }
}

/// Without `@primaryKey` the key `id` is text, so an index cannot hold it as a number.
fn text_key(draft: &Draft<'_>, report: &mut Report<'_>) {
    let is_number = matches!(names::plain_scalar(draft.type_of("id")), "Int" | "Float");
    if draft.key.declared || !is_number || draft.sql.is_some() {
        return;
    }
    let holds = |index: &&super::keys::IndexDraft| index.partition == "id" || index.sort == ["id"];
    for index in draft.indexes.iter().filter(holds) {
        let message = format!(
            "the index '{}' of {} holds id as a number, but the table's key is text where none is declared",
            index.name,
            draft.name()
        );
        let hint = Some(format!("write `id: {}! @primaryKey`", draft.type_of("id")));
        report.add_with_hint(Code::AMP0307, &index.span, message, hint);
    }
}
