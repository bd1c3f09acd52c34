//! `@searchable`: the search query of a model, with the types by which it filters, sorts and aggregates.
//!
//! Who may search is decided with the other operations, see `guards`.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft, Kind};
use super::names::plain_scalar;
use super::output::Output;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Document, Field, InputValue, Literal, TypeDefinition, TypeKind, TypeRef};

/// The types that answers to aggregations are made of, the same for every model.
pub(super) const AGGREGATE_TYPES: [&str; 4] = [
    "SearchableAggregateResult",
    "SearchableAggregateScalarResult",
    "SearchableAggregateBucketResult",
    "SearchableAggregateBucketResultItem",
];

/// The directive means something on models alone.
pub(super) fn check(document: &Document, report: &mut Report<'_>) {
    for found in document.types.iter().filter(|found| found.directive("model").is_none()) {
        if let Some(directive) = found.directive("searchable") {
            let message = "types annotated with @searchable must also be annotated with @model";
            report.add(Code::AMP0305, &directive.span, message);
        }
    }
}

/// Name of a model's search query; `None` when there is none, or the directive leaves it out.
pub(super) fn query(definition: &TypeDefinition, plural: &str) -> Option<String> {
    let directive = definition.directive("searchable")?;
    match directive.argument("queries").filter(|queries| !queries.is_null()) {
        None => Some(format!("search{plural}")),
        Some(queries) => {
            queries.get("search").and_then(Literal::as_str).filter(|name| !name.is_empty()).map(str::to_owned)
        }
    }
}

/// Adds the search queries of all models. It comes after relations, whose foreign keys can be searched too.
pub(super) fn expand(drafts: &IndexMap<&str, Draft<'_>>, catalogue: &Catalogue<'_>, output: &mut Output) {
    for draft in drafts.values() {
        if let Some(query) = &draft.search {
            expand_one(draft.name(), query, catalogue, output);
        }
    }
}

/// `SearchablePostConnection`.
fn connection(model: &str) -> String {
    format!("Searchable{model}Connection")
}

fn expand_one(model: &str, query: &str, catalogue: &Catalogue<'_>, output: &mut Output) {
    shared_types(output);
    let fields = fields(model, catalogue, output);
    let scalars: Vec<&str> = fields.iter().filter(|field| field.scalar).map(|field| field.name.as_str()).collect();
    let all: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    output.add(TypeDefinition::enumeration(format!("Searchable{model}SortableFields"), &scalars));
    output.add(TypeDefinition::enumeration(format!("Searchable{model}AggregateField"), &all));
    add_filter(model, &fields, output);
    add_input(
        output,
        format!("Searchable{model}SortInput"),
        &[("field", format!("Searchable{model}SortableFields")), ("direction", "SearchableSortDirection".to_owned())],
    );
    add_input(
        output,
        format!("Searchable{model}AggregationInput"),
        &[
            ("name", "String!".to_owned()),
            ("type", "SearchableAggregateType!".to_owned()),
            ("field", format!("Searchable{model}AggregateField!")),
        ],
    );
    let results = vec![
        Field::new("items", TypeRef::list_of(model).non_null()),
        Field::new("nextToken", TypeRef::named("String")),
        Field::new("total", TypeRef::named("Int")),
        Field::new("aggregateItems", TypeRef::list_of(AGGREGATE_TYPES[0]).non_null()),
    ];
    output.add(TypeDefinition::object(connection(model), results));
    let arguments = vec![
        InputValue::new("filter", TypeRef::named(format!("Searchable{model}FilterInput"))),
        InputValue::new("sort", TypeRef::list_of(format!("Searchable{model}SortInput"))),
        InputValue::new("limit", TypeRef::named("Int")),
        InputValue::new("nextToken", TypeRef::named("String")),
        InputValue::new("from", TypeRef::named("Int")),
        InputValue::new("aggregates", TypeRef::list_of(format!("Searchable{model}AggregationInput"))),
    ];
    let field = Field::new(query, TypeRef::named(connection(model))).with_arguments(arguments);
    output.add_root_field(&catalogue.roots.query, field);
}

/// A field that can be searched.
struct Searched {
    name: String,
    /// A scalar; otherwise an enum, by which nothing is sorted.
    scalar: bool,
    filter: String,
}

fn fields(model: &str, catalogue: &Catalogue<'_>, output: &Output) -> Vec<Searched> {
    let expanded = output.get(model).map(TypeDefinition::fields).unwrap_or_default();
    let searched = |field: &Field| {
        let type_name = field.type_ref.name();
        let scalar = match catalogue.kind(type_name) {
            Kind::Scalar => true,
            Kind::Enum => false,
            _ => return None,
        };
        let plain = if scalar { plain_scalar(type_name) } else { "String" };
        Some(Searched { name: field.name.clone(), scalar, filter: format!("Searchable{plain}FilterInput") })
    };
    expanded.iter().filter_map(searched).collect()
}

fn add_filter(model: &str, fields: &[Searched], output: &mut Output) {
    let name = format!("Searchable{model}FilterInput");
    let mut conditions: Vec<InputValue> =
        fields.iter().map(|field| InputValue::new(&field.name, TypeRef::named(&field.filter))).collect();
    conditions.push(InputValue::new("and", TypeRef::list_of(&name)));
    conditions.push(InputValue::new("or", TypeRef::list_of(&name)));
    conditions.push(InputValue::new("not", TypeRef::named(&name)));
    output.add(TypeDefinition::input(name, conditions));
}

/// An input of a few fields, whose types end in `!` when they are required.
fn add_input(output: &mut Output, name: String, fields: &[(&str, String)]) {
    let field = |(name, type_name): &(&str, String)| {
        let type_ref = match type_name.strip_suffix('!') {
            Some(required) => TypeRef::required(required),
            None => TypeRef::named(type_name),
        };
        InputValue::new(*name, type_ref)
    };
    output.add(TypeDefinition::input(name, fields.iter().map(field).collect()));
}

/// What all searchable models share.
fn shared_types(output: &mut Output) {
    for scalar in ["String", "ID", "Int", "Float", "Boolean"] {
        let condition = |word: &&str| {
            let type_ref = match *word {
                "range" => TypeRef::list_of(scalar),
                "exists" => TypeRef::named("Boolean"),
                _ => TypeRef::named(scalar),
            };
            InputValue::new(*word, type_ref)
        };
        let fields = conditions(scalar).iter().map(condition).collect();
        output.add(TypeDefinition::input(format!("Searchable{scalar}FilterInput"), fields));
    }
    output.add(TypeDefinition::enumeration("SearchableSortDirection", &["asc", "desc"]));
    let kinds = ["terms", "avg", "min", "max", "sum", "cardinality"];
    output.add(TypeDefinition::enumeration("SearchableAggregateType", &kinds));
    let [result, scalar, bucket, item] = AGGREGATE_TYPES;
    let field = |name: &str, type_ref| Field::new(name, type_ref);
    output.add(TypeDefinition::object(
        result,
        vec![
            field("name", TypeRef::required("String")),
            field("result", TypeRef::named("SearchableAggregateGenericResult")),
        ],
    ));
    output.add(TypeDefinition::object(scalar, vec![field("value", TypeRef::required("Float"))]));
    output.add(TypeDefinition::object(bucket, vec![field("buckets", TypeRef::list_of(item))]));
    output.add(TypeDefinition::object(
        item,
        vec![field("key", TypeRef::required("String")), field("doc_count", TypeRef::required("Int"))],
    ));
    let members = [scalar, bucket].map(crate::graphql::Named::new).to_vec();
    output.add(TypeDefinition::new("SearchableAggregateGenericResult", TypeKind::Union(members)));
}

fn conditions(scalar: &str) -> &'static [&'static str] {
    match scalar {
        "Boolean" => &["eq", "ne"],
        "Int" | "Float" => &["ne", "gt", "lt", "gte", "lte", "eq", "range"],
        _ => &[
            "ne",
            "gt",
            "lt",
            "gte",
            "lte",
            "eq",
            "match",
            "matchPhrase",
            "matchPhrasePrefix",
            "multiMatch",
            "exists",
            "wildcard",
            "regexp",
            "range",
        ],
    }
}
