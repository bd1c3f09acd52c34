//! `@hasMany`, `@hasOne`, `@belongsTo`: what they join, by which fields, and whether both sides agree.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft, Kind};
use super::names;
use super::options::Parameters;
use super::report::Report;
use crate::error::Code;
use crate::graphql::{Directive, Field, Literal, Span, Value};

/// Page size of `@hasMany` when none is given.
const LIMIT: u32 = 100;

/// A relation field.
#[derive(Clone, Debug)]
pub(super) struct Relation<'a> {
    pub field: &'a Field,
    pub kind: RelationKind,
    pub related: &'a str,
    pub by: By,
    /// For `@hasMany`: the index of the other side that is queried, when the directive names one.
    pub index: Option<String>,
    /// For `@belongsTo`: the field of the other side.
    pub inverse: Option<Inverse<'a>>,
    pub span: Span,
}

impl Relation<'_> {
    /// Whether the relation adds an index to the other side.
    pub(super) fn implies_index(&self) -> bool {
        match (&self.by, self.kind) {
            (By::Implicit, RelationKind::Many { .. }) => self.index.is_none(),
            (By::References(_), RelationKind::Many { .. } | RelationKind::One) => true,
            _ => false,
        }
    }
}

/// What a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RelationKind {
    Many { limit: u32 },
    One,
    Belongs,
}

/// How the other side is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By a foreign key that the relation adds.
    Implicit,
    /// By fields of this model, in an index of the other or in its own key.
    Fields(Vec<String>),
    /// By fields of the model that belongs to the other.
    References(Vec<String>),
}

/// The other end of a `@belongsTo`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inverse<'a> {
    pub field: &'a Field,
    pub many: bool,
}

/// The directives that make a field a relation.
pub(super) const RELATIONS: [&str; 3] = ["hasMany", "hasOne", "belongsTo"];

/// Name of the foreign key that the field `field` of `owner` implies for the key field `key`.
pub(super) fn foreign_key(owner: &str, field: &str, key: &str, parameters: &Parameters) -> String {
    let key = if parameters.respect_primary_key_attributes_on_connection_field { key } else { "id" };
    names::camel(&[owner, field, key])
}

/// Name of the foreign key for a sort key field.
pub(super) fn foreign_sort_key(owner: &str, field: &str, key: &str) -> String {
    names::camel(&[owner, field, key])
}

/// Name of the index that a `@hasMany` or `@hasOne` adds to the other side.
pub(super) fn index_name(owner: &str, field: &str) -> String {
    format!("gsi-{owner}.{field}")
}

/// Reads the relations of every model; their keys are known.
pub(super) fn read<'a>(
    drafts: &IndexMap<&'a str, Draft<'a>>,
    catalogue: &Catalogue<'a>,
    report: &mut Report<'_>,
) -> Vec<Vec<Relation<'a>>> {
    let mut all = Vec::with_capacity(drafts.len());
    for draft in drafts.values() {
        let mut relations = Vec::new();
        for field in draft.fields.values().copied() {
            let directives = || field.directives.iter().filter(|found| RELATIONS.contains(&found.name.as_str()));
            for again in directives().skip(1) {
                let message =
                    format!("a resolver for {}.{} already exists: one field, one relation", draft.name(), field.name);
                report.add(Code::AMP0308, &again.span, message);
            }
            for directive in directives() {
                let mut reader = Reader { drafts, catalogue, draft, field, directive, report };
                relations.extend(reader.relation());
            }
        }
        all.push(relations);
    }
    all
}

struct Reader<'r, 'a, 'p> {
    drafts: &'r IndexMap<&'a str, Draft<'a>>,
    catalogue: &'r Catalogue<'a>,
    draft: &'r Draft<'a>,
    field: &'a Field,
    directive: &'a Directive,
    report: &'r mut Report<'p>,
}

impl<'a> Reader<'_, 'a, '_> {
    fn refuse(&mut self, message: String) {
        self.report.add(Code::AMP0308, &self.directive.span, message);
    }

    fn name(&self) -> &'a str {
        &self.directive.name
    }

    fn relation(&mut self) -> Option<Relation<'a>> {
        let list = self.field.type_ref.is_list();
        let kind = match self.name() {
            "hasMany" if !list => {
                self.refuse("@hasMany must be used with a list. Use @hasOne for non-list types".to_owned());
                return None;
            }
            "hasOne" if list => {
                self.refuse("@hasOne cannot be used with lists. Use @hasMany instead".to_owned());
                return None;
            }
            "belongsTo" if list => {
                self.refuse("@belongsTo cannot be used with lists".to_owned());
                return None;
            }
            "hasMany" => RelationKind::Many { limit: self.limit() },
            "hasOne" => RelationKind::One,
            _ => RelationKind::Belongs,
        };
        let target = self.field.type_ref.name();
        let Some((related, other)) = self.drafts.get_key_value(target) else {
            if self.catalogue.kind(target) != Kind::Unknown {
                self.refuse(format!(
                    "object type {target} must be annotated with @model to be used with @{}",
                    self.name()
                ));
            }
            return None;
        };
        let named = self.directive.argument("indexName").and_then(Literal::as_str);
        let index = named.filter(|name| !name.is_empty()).map(str::to_owned);
        let by = self.by(kind, other, index.as_deref())?;
        let inverse = if kind == RelationKind::Belongs { Some(self.inverse(other)?) } else { None };
        if let By::References(references) = &by {
            self.both_sides(other, references);
        }
        Some(Relation { field: self.field, kind, related, by, index, inverse, span: self.directive.span.clone() })
    }

    fn limit(&self) -> u32 {
        match self.directive.argument("limit").map(|limit| &limit.value) {
            Some(Value::Int(number)) => number.parse().unwrap_or(LIMIT),
            _ => LIMIT,
        }
    }

    fn by(&mut self, kind: RelationKind, other: &Draft<'a>, index: Option<&str>) -> Option<By> {
        let given = |name: &str| self.directive.argument(name).filter(|value| !value.is_null());
        let (fields, references) = (given("fields"), given("references"));
        if other.sql.is_some() {
            return self.sql_references(kind, other, fields, references);
        }
        match (fields, references) {
            (Some(_), Some(_)) => {
                let place = format!("{}.{}", self.draft.name(), self.field.name);
                self.refuse(format!("'references' defined on {place} @{}: expecting 'fields' only", self.name()));
                None
            }
            (Some(fields), None) => {
                let fields = fields.strings();
                self.fields(kind, other, &fields, index).then_some(By::Fields(fields))
            }
            (None, Some(references)) => {
                let references = references.strings();
                self.references(kind, other, &references).then_some(By::References(references))
            }
            (None, None) => {
                let own: Vec<String> = self.draft.key.all().take(1).map(str::to_owned).collect();
                let fits = index.is_none() || self.fields(kind, other, &own, index);
                fits.then_some(By::Implicit)
            }
        }
    }

    /// A relation to a table of the user's: its columns must be named.
    fn sql_references(
        &mut self,
        kind: RelationKind,
        other: &Draft<'a>,
        fields: Option<&Literal>,
        references: Option<&Literal>,
    ) -> Option<By> {
        if fields.is_some() {
            let place = format!("{}.{}", self.draft.name(), self.field.name);
            self.refuse(format!("'fields' defined on {place} @{}: expecting 'references' only", self.name()));
            return None;
        }
        let Some(references) = references else {
            self.refuse(format!("reference fields must be passed to @{} directive for SQL models", self.name()));
            return None;
        };
        let references = references.strings();
        self.references(kind, other, &references).then_some(By::References(references))
    }

    /// Fields of relations by references may be null: nothing in a database makes sure that the other side is there.
    fn nullable(&mut self) -> bool {
        let given = self.field.type_ref.to_string();
        let wanted = given.replace('!', "");
        if given == wanted {
            return true;
        }
        let place = format!("{}.{}", self.draft.name(), self.field.name);
        let message =
            format!("@{} fields must not be required: change '{place}: {given}' to '{place}: {wanted}'", self.name());
        self.refuse(message);
        false
    }

    /// A field of a model that a relation names.
    fn column(&mut self, model: &Draft<'a>, name: &str, what: &str) -> Option<&'a str> {
        let Some(field) = model.fields.get(name).copied() else {
            // The key that a `@manyToMany` is about need not be declared.
            let joins = self.catalogue.joins.contains(self.field.type_ref.name());
            if name == "id" && !model.key.declared && joins {
                return Some("ID");
            }
            let near = crate::base::suggest::nearest(name, model.fields.keys().copied());
            let message = format!("{name} is not a field in {}", model.name());
            let hint = near.map(|near| format!("did you mean \"{near}\"?"));
            self.report.add_with_hint(Code::AMP0308, &self.directive.span, message, hint);
            return None;
        };
        if !self.catalogue.is_single_value(field) {
            self.refuse(format!("all {what} provided to @{} must be scalar or enum fields: {name}", self.name()));
            return None;
        }
        Some(field.type_ref.name())
    }

    fn fields(&mut self, kind: RelationKind, other: &Draft<'a>, fields: &[String], index: Option<&str>) -> bool {
        if fields.is_empty() {
            self.refuse(format!("no fields passed to @{} directive", self.name()));
            return false;
        }
        let types: Vec<Option<&str>> = fields.iter().map(|name| self.column(self.draft, name, "fields")).collect();
        let Some(types) = types.into_iter().collect::<Option<Vec<&str>>>() else { return false };
        let wanted: Vec<&str> = match index {
            None => other.key.all().collect(),
            Some(name) => {
                let Some(found) = other.indexes.iter().find(|index| index.name == name) else {
                    let near =
                        crate::base::suggest::nearest(name, other.indexes.iter().map(|index| index.name.as_str()));
                    let hint = near.map(|near| format!("did you mean \"{near}\"?"));
                    let message = format!("index {name} does not exist for model {}", other.name());
                    self.report.add_with_hint(Code::AMP0308, &self.directive.span, message, hint);
                    return false;
                };
                std::iter::once(found.partition.as_str()).chain(found.sort.iter().map(String::as_str)).collect()
            }
        };
        let partial = types.len() > 1 || !matches!(kind, RelationKind::Many { .. });
        if partial && types.len() != wanted.len() {
            self.refuse(format!(
                "invalid @{} directive on {}: provided fields do not match the size of primary key(s) for {}, partial \
                 sort keys are not accepted",
                self.name(),
                self.field.name,
                other.name()
            ));
            return false;
        }
        self.same_types(fields, &types, other, &wanted)
    }

    fn same_types(&mut self, fields: &[String], types: &[&str], other: &Draft<'a>, wanted: &[&str]) -> bool {
        let mut same = true;
        for ((field, given), wanted) in fields.iter().zip(types).zip(wanted) {
            let expected = other.type_of(wanted);
            let known = self.catalogue.kind(given) != Kind::Unknown && self.catalogue.kind(expected) != Kind::Unknown;
            if known && expected != *given {
                self.refuse(format!("{field} field is not of type {expected}, which {}.{wanted} has", other.name()));
                same = false;
            }
        }
        same
    }

    fn references(&mut self, kind: RelationKind, other: &Draft<'a>, references: &[String]) -> bool {
        if references.is_empty() {
            self.refuse(format!("no reference fields passed to @{} directive", self.name()));
            return false;
        }
        if !self.nullable() {
            return false;
        }
        // The side that belongs holds the fields; the other side gives the key.
        let (child, parent) = match kind {
            RelationKind::Belongs => (self.draft, other),
            _ => (other, self.draft),
        };
        let found: Vec<Option<&str>> = references.iter().map(|name| self.column(child, name, "references")).collect();
        let Some(types) = found.into_iter().collect::<Option<Vec<&str>>>() else { return false };
        let keys: Vec<&str> = parent.key.all().collect();
        if keys.len() != references.len() {
            self.refuse(format!(
                "the number of references provided to @{} must match the number of primary keys on {}",
                self.name(),
                parent.name()
            ));
            return false;
        }
        let required: Vec<bool> = references
            .iter()
            .map(|name| child.fields.get(name.as_str()).is_some_and(|field| field.type_ref.is_required()))
            .collect();
        if required.windows(2).any(|pair| pair[0] != pair[1]) {
            self.refuse("reference fields must have consistent nullability".to_owned());
            return false;
        }
        let text = ["ID", "String"];
        for ((name, given), key) in references.iter().zip(&types).zip(&keys) {
            let expected = parent.type_of(key);
            let alike = expected == *given || (text.contains(&expected) && text.contains(given));
            if !alike && self.catalogue.kind(given) != Kind::Unknown {
                self.refuse(format!(
                    "type mismatch between primary key field(s) of {} and reference fields of {}: type of {}.{key} \
                     does not match type of {}.{name}",
                    parent.name(),
                    child.name(),
                    parent.name(),
                    child.name()
                ));
                return false;
            }
        }
        true
    }

    fn inverse(&mut self, other: &Draft<'a>) -> Option<Inverse<'a>> {
        for field in other.fields.values().copied().filter(|field| field.type_ref.name() == self.draft.name()) {
            let made_by = field.directives.iter().find(|found| found.name == "hasOne" || found.name == "hasMany");
            if let Some(made_by) = made_by {
                return Some(Inverse { field, many: made_by.name == "hasMany" });
            }
        }
        self.refuse(format!(
            "{} must have a relationship with {} in order to use @belongsTo",
            other.name(),
            self.draft.name()
        ));
        None
    }

    /// A relation by references must be declared on both sides, by the same references.
    fn both_sides(&mut self, other: &Draft<'a>, references: &[String]) {
        let wanted: &[&str] = if self.name() == "belongsTo" { &["hasOne", "hasMany"] } else { &["belongsTo"] };
        let counterparts = other.fields.values().filter(|field| field.type_ref.name() == self.draft.name());
        let matching = counterparts
            .flat_map(|field| field.directives.iter().filter(|found| wanted.contains(&found.name.as_str())))
            .any(|found| found.argument("references").is_some_and(|value| value.strings() == references));
        if !matching {
            let expected: Vec<String> = wanted.iter().map(|name| format!("@{name}")).collect();
            let message = format!(
                "uni-directional relationships are not supported: expected {} in {} with the same references to match \
                 @{} in {}.{}: {}",
                expected.join(" or "),
                other.name(),
                self.name(),
                self.draft.name(),
                self.field.name,
                other.name()
            );
            self.refuse(message);
        }
    }
}
