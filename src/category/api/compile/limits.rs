//! What all models together must keep: one name an operation, and the number of indexes that a table takes.

use indexmap::{IndexMap, IndexSet};

use super::draft::{Catalogue, Draft};
use super::report::Report;
use crate::error::Code;
use crate::graphql::Span;

/// Operations of models must not share names with each other or with fields of the user's root types.
pub(super) fn check_names(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
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
        let names: IndexSet<&str> = config.live_subscriptions().map(|(_, name, _)| name).collect();
        for name in names {
            add(&roots.subscription, name, span);
        }
    }
}

/// DynamoDB takes 20 global and 5 local secondary indexes per table.
pub(super) fn check_index_counts(drafts: &IndexMap<&str, Draft<'_>>, report: &mut Report<'_>) {
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
