//! What generated documents ask for: the operations of a schema, each with its variables and a selection of fields.
//!
//! The rules are those of the reference's `graphql-docs-generator`: fields down to a depth, `__typename` on every
//! object, fragments for the members of unions and interfaces. No text is made here.

use indexmap::IndexMap;

use crate::graphql::{Document, Field, InputValue, TypeDefinition, TypeKind, TypeRef};

/// The kinds of operations, in the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl OperationKind {
    pub(super) const ALL: [Self; 3] = [Self::Query, Self::Mutation, Self::Subscription];

    /// `query`.
    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }

    /// `Query`, as in names of types.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }

    /// `queries`, as in names of files.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Query => "queries",
            Self::Mutation => "mutations",
            Self::Subscription => "subscriptions",
        }
    }
}

/// An operation: one field of a root type.
#[derive(Clone, Debug)]
pub(super) struct Operation<'a> {
    pub kind: OperationKind,
    /// `GetPost`.
    pub name: String,
    pub arguments: &'a [InputValue],
    pub field: Selected<'a>,
}

/// A selected field.
#[derive(Clone, Debug)]
pub(super) struct Selected<'a> {
    pub name: &'a str,
    /// Its type; none for `__typename`.
    pub type_ref: Option<&'a TypeRef>,
    pub description: Option<&'a str>,
    pub fields: Vec<Selected<'a>>,
    pub fragments: Vec<Fragment<'a>>,
}

/// What is selected when an object is of one type.
#[derive(Clone, Debug)]
pub(super) struct Fragment<'a> {
    pub on: &'a str,
    pub fields: Vec<Selected<'a>>,
    /// It stands by itself, and is named after its type.
    pub shared: bool,
}

/// The types of a schema by name.
#[derive(Debug)]
pub(super) struct Types<'a> {
    pub by_name: IndexMap<&'a str, &'a TypeDefinition>,
    implementers: IndexMap<&'a str, Vec<&'a TypeDefinition>>,
    document: &'a Document,
}

/// How fields are selected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selecting {
    /// How many levels of objects.
    pub depth: u8,
    /// Files in storage (`S3Object`) are selected by a shared fragment.
    pub shared_files: bool,
}

impl<'a> Types<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let by_name: IndexMap<&str, &TypeDefinition> =
            document.types.iter().map(|found| (found.name.as_str(), found)).collect();
        let mut implementers: IndexMap<&str, Vec<&TypeDefinition>> = IndexMap::new();
        for found in document.types.iter().filter(|found| found.is_object()) {
            for interface in found.interfaces() {
                implementers.entry(&interface.name).or_default().push(found);
            }
        }
        Self { by_name, implementers, document }
    }

    /// Whether a name stands for a type with fields, or a choice of such.
    pub(super) fn is_composite(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|found| {
            matches!(found.kind, TypeKind::Object { .. } | TypeKind::Interface { .. } | TypeKind::Union(_))
        })
    }

    /// The objects that a union or interface may be; none for anything else.
    pub(super) fn members(&self, name: &str) -> Option<Vec<&'a TypeDefinition>> {
        match &self.by_name.get(name)?.kind {
            TypeKind::Union(members) => {
                Some(members.iter().filter_map(|member| self.by_name.get(member.name.as_str()).copied()).collect())
            }
            TypeKind::Interface { .. } => Some(self.implementers.get(name).cloned().unwrap_or_default()),
            _ => None,
        }
    }

    /// Every operation of the schema.
    pub(super) fn operations(&self, selecting: Selecting) -> Vec<Operation<'a>> {
        let roots = &self.document.roots;
        let mut operations = Vec::new();
        for kind in OperationKind::ALL {
            let root = match kind {
                OperationKind::Query => &roots.query,
                OperationKind::Mutation => &roots.mutation,
                OperationKind::Subscription => &roots.subscription,
            };
            let fields: &'a [Field] = self.by_name.get(root.as_str()).map_or(&[], |root| root.fields());
            operations.extend(fields.iter().map(|field| self.operation(kind, field, selecting)));
        }
        operations
    }

    fn operation(&self, kind: OperationKind, field: &'a Field, selecting: Selecting) -> Operation<'a> {
        let depth = i32::from(selecting.depth);
        let selected = self.select(field, depth, selecting).unwrap_or_else(|| Selected {
            // Nothing can be selected so near the top: its name is.
            fields: vec![typename()],
            ..leaf(field)
        });
        Operation {
            kind,
            name: crate::category::api::compile::names::upper(&field.name),
            arguments: &field.arguments,
            field: selected,
        }
    }

    fn select(&self, field: &'a Field, depth: i32, selecting: Selecting) -> Option<Selected<'a>> {
        let name = field.type_ref.name();
        if !self.is_composite(name) {
            return Some(leaf(field));
        }
        let found = *self.by_name.get(name)?;
        if depth < 1 {
            return None;
        }
        if selecting.shared_files && is_stored_file(found) {
            let fields = self.select_all(found, depth - 1, selecting);
            let fragment = Fragment { on: &found.name, fields, shared: true };
            return Some(Selected { fragments: vec![fragment], ..leaf(field) });
        }
        let mut fields: Vec<Selected<'a>> = found
            .fields()
            .iter()
            .filter_map(|inner| {
                let deeper = if is_aggregate(inner) { depth + 1 } else { depth - 1 };
                self.select(inner, deeper, selecting)
            })
            .collect();
        if found.is_object() {
            fields.push(typename());
        }
        let mut fragments = Vec::new();
        for member in self.members(name).unwrap_or_default() {
            let mut own = self.select_all(member, depth - 1, selecting);
            own.retain(|inner| !fields.iter().any(|common| common.name == inner.name));
            if !own.is_empty() {
                fragments.push(Fragment { on: &member.name, fields: own, shared: false });
            }
        }
        if fields.is_empty() && fragments.is_empty() {
            return None;
        }
        Some(Selected { fields, fragments, ..leaf(field) })
    }

    fn select_all(&self, found: &'a TypeDefinition, depth: i32, selecting: Selecting) -> Vec<Selected<'a>> {
        found.fields().iter().filter_map(|field| self.select(field, depth, selecting)).collect()
    }
}

fn leaf(field: &Field) -> Selected<'_> {
    Selected {
        name: &field.name,
        type_ref: Some(&field.type_ref),
        description: field.description.as_deref(),
        fields: Vec::new(),
        fragments: Vec::new(),
    }
}

fn typename<'a>() -> Selected<'a> {
    Selected { name: "__typename", type_ref: None, description: None, fields: Vec::new(), fragments: Vec::new() }
}

/// The results of aggregations are nested deeper than models are, so their depth does not count.
fn is_aggregate(field: &Field) -> bool {
    field.name == "aggregateItems" && field.type_ref.name() == "SearchableAggregateResult"
}

/// A file in storage, as client libraries know it: `S3Object` with `bucket`, `key` and `region`.
fn is_stored_file(found: &TypeDefinition) -> bool {
    let has = |name: &str| found.fields().iter().any(|field| field.name == name && field.type_ref.name() == "String");
    found.is_object() && found.name == "S3Object" && ["bucket", "key", "region"].into_iter().all(has)
}
