//! What relations go by: fields that a resolver can look items up by, and references on all sides or on none.

use indexmap::IndexMap;

use super::assemble::Assembler;
use super::connections::{foreign_keys, owns_key};
use super::draft::{Catalogue, Draft, Kind};
use super::options::Parameters;
use super::relations::{By, Relation, RelationKind};
use super::report::Report;
use crate::error::Code;

/// Tells what is wrong with the fields of relations.
pub(super) fn check<'a>(
    drafts: &IndexMap<&'a str, Draft<'a>>,
    catalogue: &Catalogue<'a>,
    parameters: &Parameters,
    report: &mut Report<'_>,
) {
    for draft in drafts.values() {
        for relation in &draft.relations {
            let Some(related) = drafts.get(relation.related) else { continue };
            mixed(draft, related, relation, report);
            if related.sql.is_some() {
                continue;
            }
            let found = match relation.kind {
                RelationKind::Many { .. } => sort_key(related, relation, catalogue),
                _ => looked_up(draft, related, relation, parameters)
                    .into_iter()
                    .find(|(_, type_name)| catalogue.kind(type_name) == Kind::Enum),
            };
            if let Some((field, type_name)) = found {
                let message = format!(
                    "{}.{} goes by {field}, which is of the enum {type_name}: relations go by scalars",
                    draft.name(),
                    relation.field.name
                );
                let hint = Some(format!("let {field} be a String, and check its values with @validate"));
                report.add_with_hint(Code::AMP0308, &relation.span, message, hint);
            }
        }
    }
}

/// The sort key that a list of related items may be narrowed by, when it is an enum.
fn sort_key(related: &Draft<'_>, relation: &Relation<'_>, catalogue: &Catalogue<'_>) -> Option<(String, String)> {
    if matches!(relation.by, By::References(_)) {
        return None;
    }
    let sort = match &relation.index {
        Some(name) => &related.indexes.iter().find(|index| index.name == *name)?.sort,
        None => &related.key.sort,
    };
    let [only] = &sort[..] else { return None };
    let type_name = related.type_of(only);
    let place = format!("{}.{only}", related.name());
    (catalogue.kind(type_name) == Kind::Enum).then(|| (place, type_name.to_owned()))
}

/// The fields, with their types, by which the one related item is looked up. Three and more are joined to one text.
fn looked_up<'a>(
    draft: &Draft<'a>,
    related: &Draft<'a>,
    relation: &Relation<'a>,
    parameters: &Parameters,
) -> Vec<(String, String)> {
    let of = |model: &Draft<'_>, name: &str| (format!("{}.{name}", model.name()), model.type_of(name).to_owned());
    let own = |names: &[String]| names.iter().map(|name| of(draft, name)).collect::<Vec<_>>();
    let (mut fields, keys) = match &relation.by {
        By::Fields(names) => (own(names), related.key.all().count()),
        By::References(names) if relation.kind == RelationKind::Belongs => (own(names), related.key.all().count()),
        By::References(names) => {
            let first = names.first().map(|name| of(related, name));
            let rest = draft.key.sort.iter().map(|name| of(draft, name));
            (first.into_iter().chain(rest).collect(), draft.key.all().count())
        }
        By::Implicit => {
            let fields = match Assembler::named_by_inverse(draft, related, relation) {
                Some(names) => own(&names),
                None => implied(draft, related, relation, parameters),
            };
            (fields, related.key.all().count())
        }
    };
    fields.truncate(if keys == 2 { 2 } else { 1 });
    fields
}

fn implied<'a>(
    draft: &Draft<'a>,
    related: &Draft<'a>,
    relation: &Relation<'a>,
    parameters: &Parameters,
) -> Vec<(String, String)> {
    let (owner, field) = match relation.inverse {
        Some(inverse) if !owns_key(relation) => (related.name(), inverse.field.name.as_str()),
        _ => (draft.name(), relation.field.name.as_str()),
    };
    let keys = foreign_keys(owner, field, related, parameters).into_iter();
    keys.map(|key| (format!("{}.{}", draft.name(), key.name), key.type_name)).collect()
}

/// A relation by references finds its other side by them, among all relations that lead back.
fn mixed(draft: &Draft<'_>, related: &Draft<'_>, relation: &Relation<'_>, report: &mut Report<'_>) {
    if !matches!(relation.by, By::References(_)) {
        return;
    }
    let leads_back = |other: &&Relation<'_>| {
        let opposite = (other.kind == RelationKind::Belongs) != (relation.kind == RelationKind::Belongs);
        other.related == draft.name() && opposite && !matches!(other.by, By::References(_))
    };
    for other in related.relations.iter().filter(leads_back) {
        let message = format!(
            "{}.{} goes by references, but {}.{}, which leads back, does not",
            draft.name(),
            relation.field.name,
            related.name(),
            other.field.name
        );
        let hint = Some("give all relations between both models `references`, or none of them".to_owned());
        report.add_with_hint(Code::AMP0308, &other.span, message, hint);
    }
}
