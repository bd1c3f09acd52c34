//! The models as the user declared them: names of their operations, keys, relations, rules. Nothing is added yet.

use indexmap::{IndexMap, IndexSet};
use serde_json::Value as Json;

use super::access::Access;
use super::keys::{IndexDraft, KeyNames};
use super::names;
use super::options::CompileOptions;
use super::plural::plural;
use super::relations::Relation;
use super::rules::ParsedRule;
use crate::category::api::plan::{ConflictHandler, Operation, Validation};
use crate::category::api::sql::{SqlEngine, SqlTable};
use crate::graphql::{Directive, Document, Field, Literal, Roots, TypeDefinition, TypeKind, scalars};

/// The types of a document by name.
#[derive(Debug)]
pub(super) struct Catalogue<'a> {
    pub types: IndexMap<&'a str, &'a TypeDefinition>,
    pub models: IndexSet<&'a str>,
    /// The models that join the sides of a `@manyToMany`.
    pub joins: IndexSet<String>,
    pub roots: &'a Roots,
    /// What conversations add, which the user did not write.
    pub added: super::conversation::Added,
}

/// What a type name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Enum,
    Model,
    Object,
    Other,
    Unknown,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(document: &'a Document, joins: IndexSet<String>) -> Self {
        let mut types = IndexMap::new();
        for found in &document.types {
            types.entry(found.name.as_str()).or_insert(found);
        }
        let models = types.values().filter(|found| found.is_object() && found.directive("model").is_some());
        let models = models.map(|found| found.name.as_str()).collect();
        Self { types, models, joins, roots: &document.roots, added: super::conversation::Added::default() }
    }

    pub(super) fn kind(&self, name: &str) -> Kind {
        if self.models.contains(name) {
            return Kind::Model;
        }
        match self.types.get(name).map(|found| &found.kind) {
            Some(TypeKind::Scalar) => Kind::Scalar,
            None if scalars::is_scalar(name) => Kind::Scalar,
            Some(TypeKind::Enum(_)) => Kind::Enum,
            Some(TypeKind::Object { .. }) => Kind::Object,
            Some(_) => Kind::Other,
            None => Kind::Unknown,
        }
    }

    /// Whether a field holds one scalar or one value of an enum. Unknown types count, they are told elsewhere.
    pub(super) fn is_single_value(&self, field: &Field) -> bool {
        !field.type_ref.is_list()
            && matches!(self.kind(field.type_ref.name()), Kind::Scalar | Kind::Enum | Kind::Unknown)
    }
}

/// A model.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub definition: &'a TypeDefinition,
    pub fields: IndexMap<&'a str, &'a Field>,
    pub plural: String,
    pub config: Config,
    /// Name of the search query.
    pub search: Option<String>,
    pub key: KeyNames,
    pub indexes: Vec<IndexDraft>,
    pub relations: Vec<Relation<'a>>,
    pub defaults: IndexMap<String, Json>,
    /// Its table in the user's database; `None` for a model with a table of DynamoDB.
    pub sql: Option<SqlTable>,
    pub validations: IndexMap<String, Vec<Validation>>,
    pub rules: Vec<ParsedRule>,
    pub field_rules: IndexMap<String, Vec<ParsedRule>>,
    /// Who may do what with which field; `None` when neither the type nor a field has rules.
    pub access: Option<Access>,
    /// Who settles conflicts, with data sync.
    pub conflict: Option<ConflictHandler>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(definition: &'a TypeDefinition, options: &CompileOptions) -> Self {
        let mut fields = IndexMap::new();
        for field in definition.fields() {
            fields.entry(field.name.as_str()).or_insert(field);
        }
        let plural = plural(&names::upper(&definition.name));
        let config = Config::read(definition, &plural, options);
        let search = super::search::query(definition, &plural);
        Self {
            definition,
            fields,
            plural,
            config,
            search,
            key: KeyNames::default(),
            indexes: Vec::new(),
            relations: Vec::new(),
            defaults: IndexMap::new(),
            sql: None,
            validations: IndexMap::new(),
            rules: Vec::new(),
            field_rules: IndexMap::new(),
            access: None,
            conflict: options.conflict_handler(&definition.name),
        }
    }

    pub(super) fn name(&self) -> &'a str {
        &self.definition.name
    }

    /// Whether its table is one of PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        self.sql.as_ref().is_some_and(|table| table.engine == SqlEngine::Postgres)
    }

    /// Type of a field; a model without `id` has one of type ID.
    pub(super) fn type_of(&self, field: &str) -> &'a str {
        self.fields.get(field).map_or("ID", |found| found.type_ref.name())
    }
}

/// Who may subscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    On,
    Public,
    Off,
}

/// The arguments of `@model`, merged with the defaults.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub get: Option<String>,
    pub list: Option<String>,
    /// Only with data sync.
    pub sync: Option<String>,
    pub create: Option<String>,
    pub update: Option<String>,
    pub delete: Option<String>,
    /// Names of the subscriptions to each mutation.
    pub subscriptions: [(Operation, Vec<String>); 3],
    pub level: Level,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

impl Config {
    fn read(definition: &TypeDefinition, plural: &str, options: &CompileOptions) -> Self {
        let model = &definition.name;
        let directive = definition.directive("model");
        let group =
            |name: &str| Group::read(directive, name, options.params.should_deep_merge_directive_config_defaults);
        let (queries, mutations) = (group("queries"), group("mutations"));
        let (subscriptions, timestamps) = (group("subscriptions"), group("timestamps"));
        let level = match subscriptions.entry("level").map(ToString::to_string).as_deref() {
            Some("off") => Level::Off,
            Some("public") => Level::Public,
            _ => Level::On,
        };
        let named = |event: &str| subscriptions.entry(event).is_some_and(|value| !value.is_null());
        // Without merging, `level: public` alone still means all subscriptions.
        let all = level == Level::Public && !["onCreate", "onUpdate", "onDelete"].into_iter().any(named);
        let events = |event: &str| match level {
            Level::Off => Vec::new(),
            _ if all && !options.params.should_deep_merge_directive_config_defaults => {
                vec![names::subscription(event, model)]
            }
            _ => subscriptions.names(event, names::subscription(event, model)),
        };
        Self {
            get: queries.name("get", names::camel(&["get", model])),
            list: queries.name("list", names::camel(&["list", plural])),
            sync: queries.name("sync", names::camel(&["sync", plural])).filter(|_| options.is_synced()),
            create: mutations.name("create", names::camel(&["create", model])),
            update: mutations.name("update", names::camel(&["update", model])),
            delete: mutations.name("delete", names::camel(&["delete", model])),
            subscriptions: [
                (Operation::Create, events("onCreate")),
                (Operation::Update, events("onUpdate")),
                (Operation::Delete, events("onDelete")),
            ],
            level,
            created_at: timestamps.merged("createdAt"),
            updated_at: timestamps.merged("updatedAt"),
        }
    }

    /// Name of the mutation of an operation.
    pub(super) fn mutation(&self, operation: Operation) -> Option<&str> {
        match operation {
            Operation::Create => self.create.as_deref(),
            Operation::Update => self.update.as_deref(),
            Operation::Delete => self.delete.as_deref(),
            _ => None,
        }
    }

    /// The subscriptions that exist: those whose mutation exists.
    pub(super) fn live_subscriptions(&self) -> impl Iterator<Item = (Operation, &str, &str)> {
        self.subscriptions.iter().flat_map(|(operation, names)| {
            let mutation = self.mutation(*operation);
            names.iter().filter_map(move |name| mutation.map(|mutation| (*operation, name.as_str(), mutation)))
        })
    }
}

/// One argument of `@model`.
enum Group<'a> {
    Absent,
    Off,
    Given { value: &'a Literal, merge: bool },
}

impl<'a> Group<'a> {
    fn read(directive: Option<&'a Directive>, name: &str, merge: bool) -> Self {
        match directive.and_then(|directive| directive.argument(name)) {
            None => Self::Absent,
            Some(value) if value.is_null() => Self::Off,
            Some(value) => Self::Given { value, merge },
        }
    }

    fn entry(&self, name: &str) -> Option<&'a Literal> {
        match self {
            Self::Given { value, .. } => value.get(name),
            _ => None,
        }
    }

    fn names(&self, name: &str, default: String) -> Vec<String> {
        match (self, self.entry(name)) {
            (_, Some(value)) => value.strings().into_iter().filter(|name| !name.is_empty()).collect(),
            (Self::Absent | Self::Given { merge: true, .. }, None) => vec![default],
            _ => Vec::new(),
        }
    }

    fn name(&self, name: &str, default: String) -> Option<String> {
        self.names(name, default).into_iter().next()
    }

    /// Timestamps keep their default whenever they are not named.
    fn merged(&self, name: &str) -> Option<String> {
        match (self, self.entry(name)) {
            (Self::Off, _) => None,
            (_, None) => Some(name.to_owned()),
            (_, Some(value)) => value.as_str().filter(|name| !name.is_empty()).map(str::to_owned),
        }
    }
}
