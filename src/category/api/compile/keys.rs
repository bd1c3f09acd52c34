//! `@primaryKey` and `@index`: what they declare, and whether the table can have it.

use super::draft::{Catalogue, Draft};
use super::names;
use super::options::Parameters;
use super::report::Report;
use crate::category::api::plan::{AttributeType, Key, KeyField, Projection};
use crate::error::Code;
use crate::graphql::{Directive, Field, Span, TypeKind};

/// The names of a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyNames {
    pub partition: String,
    pub sort: Vec<String>,
    /// Declared by `@primaryKey`.
    pub declared: bool,
}

impl Default for KeyNames {
    fn default() -> Self {
        Self { partition: "id".to_owned(), sort: Vec::new(), declared: false }
    }
}

impl KeyNames {
    /// All of them, the partition key first.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition.as_str()).chain(self.sort.iter().map(String::as_str))
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.all().any(|key| key == name)
    }
}

/// An `@index`.
#[derive(Clone, Debug)]
pub(super) struct IndexDraft {
    pub name: String,
    pub partition: String,
    pub sort: Vec<String>,
    pub query_field: Option<String>,
    pub local: bool,
    pub projection: Projection,
    pub span: Span,
}

/// The key of a table or index, with types. Fields that do not exist are of type ID.
pub(super) fn key(draft: &Draft<'_>, catalogue: &Catalogue<'_>, partition: &str, sort: &[String]) -> Key {
    let field = |name: &str| {
        let type_name = draft.type_of(name).to_owned();
        // Without `@primaryKey` the table's key is text, whatever the type of `id`.
        let text = name == "id" && !draft.key.declared;
        let attribute = if text { AttributeType::S } else { attribute(catalogue, &type_name) };
        KeyField { name: name.to_owned(), type_name, attribute }
    };
    Key { partition: field(partition), sort: sort.iter().map(|name| field(name)).collect() }
}

/// The DynamoDB type of a key of a GraphQL type.
pub(super) fn attribute(catalogue: &Catalogue<'_>, type_name: &str) -> AttributeType {
    let declared = catalogue.types.get(type_name).map(|found| &found.kind);
    match names::plain_scalar(type_name) {
        "Int" | "Float" if !matches!(declared, Some(TypeKind::Enum(_))) => AttributeType::N,
        _ => AttributeType::S,
    }
}

/// Reads the primary key of a model.
pub(super) fn read_primary(draft: &Draft<'_>, catalogue: &Catalogue<'_>, report: &mut Report<'_>) -> KeyNames {
    let model = draft.name();
    let mut found: Option<KeyNames> = None;
    for field in draft.definition.fields() {
        let Some(directive) = field.directive("primaryKey") else { continue };
        if found.is_some() {
            let message = format!("you may only supply one primary key on type '{model}'");
            report.add(Code::AMP0307, &directive.span, message);
            continue;
        }
        let reader = Reader { draft, catalogue, directive, field };
        found = Some(reader.primary(report));
    }
    found.unwrap_or_default()
}

/// Reads the indexes of a model, whose primary key is known.
pub(super) fn read_indexes(
    draft: &Draft<'_>,
    catalogue: &Catalogue<'_>,
    parameters: &Parameters,
    report: &mut Report<'_>,
) -> Vec<IndexDraft> {
    let mut indexes: Vec<IndexDraft> = Vec::new();
    for field in draft.definition.fields() {
        for directive in field.directives.iter().filter(|directive| directive.name == "index") {
            let index = Reader { draft, catalogue, directive, field }.index(parameters, report);
            if indexes.iter().any(|earlier| earlier.name == index.name) {
                let message =
                    format!("you may only supply one @index with the name '{}' on type '{}'", index.name, draft.name());
                report.add(Code::AMP0307, &directive.span, message);
                continue;
            }
            indexes.push(index);
        }
    }
    indexes
}

/// Reads one directive on a field.
struct Reader<'r, 'a> {
    draft: &'r Draft<'a>,
    catalogue: &'r Catalogue<'a>,
    directive: &'r Directive,
    field: &'r Field,
}

impl Reader<'_, '_> {
    fn sort_fields(&self) -> Vec<String> {
        self.directive.argument("sortKeyFields").map(crate::graphql::Literal::strings).unwrap_or_default()
    }

    fn span(&self) -> &Span {
        &self.directive.span
    }

    fn refuse(&self, report: &mut Report<'_>, message: String) {
        report.add(Code::AMP0307, self.span(), message);
    }

    /// A key of Boolean has no order.
    fn not_boolean(&self, field: &Field, report: &mut Report<'_>) {
        if field.type_ref.name() == "Boolean" {
            let message = format!("{} is of type Boolean: boolean values cannot be used as sort keys", field.name);
            self.refuse(report, message);
        }
    }

    fn primary(&self, report: &mut Report<'_>) -> KeyNames {
        let (model, field) = (self.draft.name(), self.field);
        if !field.type_ref.is_required() {
            let message = format!("the primary key on type '{model}' must reference non-null fields");
            let hint = format!("write `{}: {}`", field.name, field.type_ref.clone().non_null());
            report.add_with_hint(Code::AMP0307, self.span(), message, Some(hint));
        }
        if !self.catalogue.is_single_value(field) {
            self.refuse(report, format!("the primary key on type '{model}.{}' cannot be a non-scalar", field.name));
        }
        self.not_boolean(field, report);
        let mut sort = Vec::new();
        for name in self.sort_fields() {
            if let Some(found) = self.sort_field(&name, "the primary key", report) {
                if !self.catalogue.is_single_value(found) {
                    let message = format!("the primary key's sort key on type '{model}.{name}' cannot be a non-scalar");
                    self.refuse(report, message);
                } else if !found.type_ref.is_required() {
                    let message = format!("the primary key on type '{model}' must reference non-null fields: {name}");
                    self.refuse(report, message);
                }
                self.not_boolean(found, report);
                sort.push(name);
            }
        }
        self.each_once(&sort, report);
        KeyNames { partition: field.name.clone(), sort, declared: true }
    }

    /// An argument of the operations, and an entry of an input, can be there once.
    fn each_once(&self, sort: &[String], report: &mut Report<'_>) {
        for (position, name) in sort.iter().enumerate() {
            if sort[..position].contains(name) {
                self.refuse(report, format!("@{} names the sort field '{name}' twice", self.directive.name));
            }
        }
    }

    /// A field that a key names.
    fn sort_field(&self, name: &str, of: &str, report: &mut Report<'_>) -> Option<&Field> {
        if name == self.field.name {
            self.refuse(report, format!("@{} field '{name}' cannot reference itself", self.directive.name));
            return None;
        }
        let found = self.draft.fields.get(name).copied();
        if found.is_none() {
            let near = crate::base::suggest::nearest(name, self.draft.fields.keys().copied());
            let message = format!("can't find field '{name}' in {}, but it was specified in {of}", self.draft.name());
            let hint = near.map(|near| format!("did you mean \"{near}\"?"));
            report.add_with_hint(Code::AMP0307, self.span(), message, hint);
        }
        found
    }

    fn index(&self, parameters: &Parameters, report: &mut Report<'_>) -> IndexDraft {
        let (model, field) = (self.draft.name(), self.field);
        let sort = self.sort_fields();
        let parts: Vec<&str> = std::iter::once(field.name.as_str()).chain(sort.iter().map(String::as_str)).collect();
        let automatic = names::index_query(model, &parts);
        let text = |name: &str| self.directive.argument(name).and_then(|value| value.as_str());
        let query = self.directive.argument("queryField");
        let query_field = match query {
            Some(value) if value.is_null() => None,
            Some(value) if value.as_str().is_some_and(|name| !name.is_empty()) => value.as_str().map(str::to_owned),
            _ => parameters.enable_auto_index_query_names.then(|| automatic.clone()),
        };
        let name = text("name").filter(|name| !name.is_empty()).map_or(automatic, str::to_owned);
        if self.directive.argument("name").is_some_and(crate::graphql::Literal::is_null) {
            self.refuse(report, "explicit null value not allowed for name field on @index".to_owned());
        }
        self.index_name(&name, sort.len(), report);
        if !self.catalogue.is_single_value(field) {
            self.refuse(report, format!("index '{name}' on type '{model}.{}' cannot be a non-scalar", field.name));
        }
        self.not_boolean(field, report);
        self.partition(&name, &sort, parameters, report);
        let sort: Vec<String> = sort.into_iter().filter(|part| self.index_sort(part, &name, report)).collect();
        self.each_once(&sort, report);
        let own_partition = self.draft.key.declared && self.draft.key.partition == field.name;
        IndexDraft {
            local: !parameters.secondary_key_as_gsi && own_partition,
            projection: self.projection(report),
            partition: field.name.clone(),
            span: self.span().clone(),
            name,
            sort,
            query_field,
        }
    }

    fn index_name(&self, name: &str, sort_fields: usize, report: &mut Report<'_>) {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !(3..=255).contains(&name.len()) || !letters {
            let message = format!(
                "the indexName is invalid: '{name}' should be between 3 and 255 characters, only A–Z, a–z, 0–9, \
                 underscore characters, hyphens, and periods allowed"
            );
            self.refuse(report, message);
        } else if sort_fields > 1 && name.contains(['-', '.']) {
            let message = format!(
                "the index name '{name}' becomes part of a type of the schema, because the index has {sort_fields} sort \
                 fields: it cannot hold hyphens and periods"
            );
            self.refuse(report, message);
        }
    }

    /// An index on the table's own partition key needs sort keys to differ.
    fn partition(&self, name: &str, sort: &[String], parameters: &Parameters, report: &mut Report<'_>) {
        let key = &self.draft.key;
        if !key.declared || key.partition != self.field.name {
            return;
        }
        let missing = if key.sort.is_empty() {
            ("primary key", "primary key")
        } else if !parameters.secondary_key_as_gsi && sort.is_empty() {
            ("index", "index")
        } else {
            return;
        };
        let message = format!(
            "invalid @index '{name}': you may not create an index where the partition key is the same as that of the \
             primary key unless the {} has a sort field. You cannot have a local secondary index without a sort key \
             in the {}",
            missing.0, missing.1
        );
        self.refuse(report, message);
    }

    fn index_sort(&self, part: &str, name: &str, report: &mut Report<'_>) -> bool {
        let Some(found) = self.sort_field(part, &format!("index '{name}'"), report) else { return false };
        if !self.catalogue.is_single_value(found) {
            let message =
                format!("the sort key of index '{name}' on type '{}.{part}' cannot be a non-scalar", self.draft.name());
            self.refuse(report, message);
        }
        self.not_boolean(found, report);
        true
    }

    fn projection(&self, report: &mut Report<'_>) -> Projection {
        let Some(given) = self.directive.argument("projection") else { return Projection::All };
        let attributes = given.get("nonKeyAttributes").map(crate::graphql::Literal::strings).unwrap_or_default();
        let kind = given.get("type").map(ToString::to_string).unwrap_or_default();
        if kind == "INCLUDE" && attributes.is_empty() {
            let message = "non-key attributes should be specified when using INCLUDE projection type";
            self.refuse(report, message.to_owned());
        } else if kind != "INCLUDE" && !attributes.is_empty() {
            let message = "non-key attributes should not be specified when not using INCLUDE projection type";
            self.refuse(report, message.to_owned());
        }
        for name in &attributes {
            if !self.draft.fields.contains_key(name.as_str()) {
                let message =
                    format!("can't find field '{name}' in {}, but nonKeyAttributes has it", self.draft.name());
                self.refuse(report, message);
            }
        }
        match kind.as_str() {
            "KEYS_ONLY" => Projection::KeysOnly,
            "INCLUDE" => Projection::Include(attributes),
            _ => Projection::All,
        }
    }
}
