//! `@manyToMany`: each relation becomes a model of its own that joins both sides, before anything else is read.
//!
//! What it becomes is written in directives that the rest of the compiler knows, each with the place of the user's own,
//! so that keys, rules, operations and resolvers of a join model are those of any model.

use indexmap::{IndexMap, IndexSet};

use super::names;
use super::options::Parameters;
use super::report::Report;
use super::rules::{ParsedRule, Strategy};
use crate::error::Code;
use crate::graphql::{
    Directive, Document, Field, Literal, Named, Span, TypeDefinition, TypeKind, TypeRef, Value, scalars,
};

const NAME: &str = "manyToMany";

/// A side of a relation: where its field stands, and what it says.
#[derive(Debug)]
struct Side {
    /// Places of the type and of the field in the document.
    at: (usize, usize),
    model: String,
    target: String,
    relation: String,
    limit: Option<Literal>,
    span: Span,
}

/// The key of a side: names and types, the partition first.
type KeyTypes = Vec<(String, String)>;

/// Replaces every relation of a document; gives the names of the join models.
pub(super) fn expand(document: &mut Document, parameters: &Parameters, report: &mut Report<'_>) -> IndexSet<String> {
    let mut joins = IndexSet::new();
    let relations = read(document, report);
    let mut sides: Vec<&Side> = relations.values().flatten().collect();
    for (name, pair) in &relations {
        if let Some((left, right)) = sound(document, name, pair, report) {
            join(document, name, [left, right], parameters);
            joins.insert(name.clone());
            sides.retain(|side| side.at != left.at && side.at != right.at);
        }
    }
    // What is wrong was told; the rest of the compiler sees a plain field.
    for side in sides {
        if let Some(field) = field_mut(document, side.at) {
            field.directives.retain(|directive| directive.name != NAME);
        }
    }
    joins
}

/// Every use by the name of the join model, in the order of the document.
fn read(document: &Document, report: &mut Report<'_>) -> IndexMap<String, Vec<Side>> {
    let mut relations: IndexMap<String, Vec<Side>> = IndexMap::new();
    for (type_at, found) in document.types.iter().enumerate() {
        for (field_at, field) in found.fields().iter().enumerate() {
            let Some(directive) = field.directive(NAME) else { continue };
            if found.directive("model").is_none() {
                let message = format!("@{NAME} must be on an @model object type field");
                let hint = Some(format!("write `type {} @model`", found.name));
                report.add_with_hint(Code::AMP0308, &directive.span, message, hint);
            }
            if !field.type_ref.is_list() {
                let hint = Some(format!("write `{}: [{}]`", field.name, field.type_ref.name()));
                report.add_with_hint(Code::AMP0308, &directive.span, format!("@{NAME} must be used with a list"), hint);
            }
            // A missing name is told with the arguments of the directive.
            let Some(relation) = directive.argument("relationName").and_then(Literal::as_str) else { continue };
            let side = Side {
                at: (type_at, field_at),
                model: found.name.clone(),
                target: field.type_ref.name().to_owned(),
                relation: relation.to_owned(),
                limit: directive.argument("limit").filter(|limit| !limit.is_null()).cloned(),
                span: directive.span.clone(),
            };
            relations.entry(join_name(relation)).or_default().push(side);
        }
    }
    relations
}

/// `post tags` → `Posttags`: a capital first letter, then only what a GraphQL name may hold.
fn join_name(relation: &str) -> String {
    let kept: String = names::upper(relation)
        .chars()
        .skip_while(|letter| !letter.is_ascii_alphabetic() && *letter != '_')
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    kept
}

/// Both sides of a relation, when each names the other and the name is free.
fn sound<'s>(
    document: &Document,
    name: &str,
    sides: &'s [Side],
    report: &mut Report<'_>,
) -> Option<(&'s Side, &'s Side)> {
    let mut refuse = |message: String, hint: Option<String>| {
        for side in sides {
            report.add_with_hint(Code::AMP0308, &side.span, message.clone(), hint.clone());
        }
    };
    let [left, right] = sides else {
        let relation = sides.first().map(|side| side.relation.as_str()).unwrap_or_default();
        let message = format!(
            "@{NAME} relation '{relation}' must be used in exactly two locations: relationNames should have 2 \
             occurrences, and this one has {}",
            sides.len()
        );
        let other = sides.first().map(|side| format!("add a list of {} to {} with it", side.model, side.target));
        refuse(message, other.filter(|_| sides.len() == 1));
        return None;
    };
    if name.is_empty() || name.starts_with("__") {
        let message = format!(
            "relationName of @{NAME} names the join model: it holds a letter, and does not begin with two underscores"
        );
        refuse(message, None);
        return None;
    }
    for (side, other) in [(left, right), (right, left)] {
        if side.target != other.model {
            let message = format!("@{NAME} relation '{name}' expects '{}' but got '{}'", side.target, other.model);
            report.add(Code::AMP0308, &side.span, message);
            return None;
        }
    }
    if document.types.iter().any(|found| found.name == *name) || scalars::is_scalar(name) {
        let message = format!(
            "@{NAME} relation name '{name}' (derived from '{}') already exists as a type in the schema",
            left.relation
        );
        refuse(message, Some("give both sides another relationName".to_owned()));
        return None;
    }
    if left.model == right.model {
        let message = format!(
            "@{NAME} relation '{name}' joins {} with itself: its join model would need two indexes of one name, \
             'by{}'",
            left.model, left.model
        );
        let hint = format!("write the join model yourself: a type with two @belongsTo fields of type {}", left.model);
        refuse(message, Some(hint));
        return None;
    }
    let models = [left, right].iter().all(|side| document.types[side.at.0].directive("model").is_some());
    let lists = [left, right].iter().all(|side| document.types[side.at.0].fields()[side.at.1].type_ref.is_list());
    (models && lists).then_some((left, right))
}

fn field_mut(document: &mut Document, at: (usize, usize)) -> Option<&mut Field> {
    document.types.get_mut(at.0)?.fields_mut()?.get_mut(at.1)
}

/// Adds the join model, and turns both fields into `@hasMany` over its indexes.
fn join(document: &mut Document, name: &str, sides: [&Side; 2], parameters: &Parameters) {
    let keys = sides.map(|side| key_types(&document.types[side.at.0]));
    let columns: Vec<KeyTypes> = sides.iter().zip(&keys).map(|(side, key)| columns(side, key, parameters)).collect();
    let indexes = sides.map(|side| index_name(&document.types[side.at.0]));
    let mut builder = Builder { span: &sides[0].span };
    let mut fields = vec![builder.field("id", "ID")];
    for ((side, columns), index) in sides.iter().zip(&columns).zip(&indexes) {
        builder.span = &side.span;
        for (at, (column, type_name)) in columns.iter().enumerate() {
            let mut field = builder.field(column, type_name);
            if at == 0 {
                let sort: Vec<&str> = columns[1..].iter().map(|(name, _)| name.as_str()).collect();
                let index = [("name", builder.text(index)), ("sortKeyFields", builder.texts(&sort))];
                field.directives.push(builder.directive("index", index));
            }
            fields.push(field);
        }
    }
    for (side, columns) in sides.iter().zip(&columns) {
        builder.span = &side.span;
        let mut field = builder.field(&names::lower(&side.model), &side.model);
        let by: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        field.directives.push(builder.directive("hasOne", [("fields", builder.texts(&by))]));
        fields.push(field);
    }
    builder.span = &sides[0].span;
    let mut directives = vec![builder.directive("model", [])];
    directives.extend(rules(document, sides, &builder));
    for ((side, key), index) in sides.into_iter().zip(&keys).zip(&indexes) {
        builder.span = &side.span;
        let by: Vec<&str> = key.iter().map(|(name, _)| name.as_str()).collect();
        let mut many =
            builder.directive("hasMany", [("indexName", builder.text(index)), ("fields", builder.texts(&by))]);
        many.arguments.extend(side.limit.clone().map(|limit| (Named::new("limit"), limit)));
        if let Some(field) = field_mut(document, side.at) {
            field.type_ref = field.type_ref.renamed(name);
            field.directives.retain(|directive| directive.name != NAME);
            field.directives.push(many);
        }
    }
    let kind = TypeKind::Object { interfaces: Vec::new(), fields };
    let span = sides[0].span.clone();
    document.types.push(TypeDefinition { name: name.to_owned(), span, description: None, directives, kind });
}

/// Index of the join model by which the items of a side are found; a side that was renamed keeps it.
fn index_name(side: &TypeDefinition) -> String {
    format!("by{}", super::mapping::stored_name(side))
}

/// The key of a model as it declares it. What is wrong with it is told where keys are read.
fn key_types(model: &TypeDefinition) -> KeyTypes {
    let type_of = |name: &str| {
        let field = model.fields().iter().find(|field| field.name == name);
        field.map_or("ID", |field| field.type_ref.name()).to_owned()
    };
    let keyed = model.fields().iter().find_map(|field| Some((field, field.directive("primaryKey")?)));
    let Some((field, directive)) = keyed else { return vec![("id".to_owned(), type_of("id"))] };
    let sort = directive.argument("sortKeyFields").map(Literal::strings).unwrap_or_default();
    std::iter::once(field.name.clone()).chain(sort).map(|name| (name.clone(), type_of(&name))).collect()
}

/// The fields of the join model that hold the key of a side: `postSlug`, then sort keys without a capital, `postlang`.
fn columns(side: &Side, key: &KeyTypes, parameters: &Parameters) -> KeyTypes {
    let stem = names::lower(&side.model);
    let named = parameters.respect_primary_key_attributes_on_connection_field;
    let column = |(at, (name, type_name)): (usize, &(String, String))| {
        let end = match at {
            0 if named => names::upper(name),
            0 => "ID".to_owned(),
            _ => name.clone(),
        };
        (format!("{stem}{end}"), type_name.clone())
    };
    key.iter().enumerate().map(column).collect()
}

/// The rules of both sides.
fn rules(document: &Document, sides: [&Side; 2], builder: &Builder<'_>) -> Option<Directive> {
    let rules = sides.iter().filter_map(|side| document.types[side.at.0].directive("auth")?.argument("rules"));
    let rules: Vec<Literal> = rules.flat_map(Literal::elements).cloned().collect();
    let list = Literal { value: Value::List(rules), span: builder.span.clone() };
    let Value::List(all) = &list.value else { return None };
    (!all.is_empty()).then(|| builder.directive("auth", [("rules", list.clone())]))
}

/// The rules of a join model: where both sides name the same callers, the second side says what they may do, as the
/// reference transformer has it.
pub(super) fn last_of_each_role(rules: Vec<ParsedRule>) -> Vec<ParsedRule> {
    let mut kept: Vec<ParsedRule> = Vec::with_capacity(rules.len());
    for rule in rules {
        for earlier in kept.iter_mut().filter(|earlier| earlier.provider == rule.provider) {
            if let (Strategy::Groups { groups, claim }, Strategy::Groups { groups: again, claim: same }) =
                (&mut earlier.strategy, &rule.strategy)
                && claim == same
            {
                groups.retain(|group| !again.contains(group));
            }
        }
        let replaced = |earlier: &ParsedRule| {
            let empty = matches!(&earlier.strategy, Strategy::Groups { groups, .. } if groups.is_empty());
            empty || (earlier.provider == rule.provider && earlier.strategy == rule.strategy)
        };
        kept.retain(|earlier| !replaced(earlier));
        kept.push(rule);
    }
    kept
}

/// Writes what a directive stands for, with its place.
struct Builder<'s> {
    span: &'s Span,
}

impl Builder<'_> {
    fn field(&self, name: &str, type_name: &str) -> Field {
        Field { span: self.span.clone(), ..Field::new(name, TypeRef::required(type_name)) }
    }

    fn text(&self, value: &str) -> Literal {
        Literal { value: Value::String(value.to_owned()), span: self.span.clone() }
    }

    fn texts(&self, values: &[&str]) -> Literal {
        let values = values.iter().map(|value| self.text(value)).collect();
        Literal { value: Value::List(values), span: self.span.clone() }
    }

    fn directive<const N: usize>(&self, name: &str, arguments: [(&str, Literal); N]) -> Directive {
        let arguments = arguments.into_iter().map(|(name, value)| (Named::new(name), value)).collect();
        Directive { name: name.to_owned(), span: self.span.clone(), arguments }
    }
}

#[cfg(test)]
mod tests;
