//! What a schema becomes, as data: models with their keys and rules, tables, resolvers.
//!
//! The compiler (`schema` side) fills this in; the resolver writer and the stack writer read it. No text is made here.

use indexmap::IndexMap;
use serde_json::Value;

use super::services::{Generation, Service};
use crate::base::Location;

mod answers;
mod keys;
mod steps;

pub use answers::{
    DeclaredField, HttpMethod, HttpRequest, LambdaFunction, OwnAnswer, Piece, Validation, ValidationKind,
};
pub use keys::{AttributeType, Index, Key, KeyField, Projection};
pub use steps::{Function, Step, checked_write};

/// A whole API.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The expanded schema, as deployed to AppSync.
    pub schema: String,
    /// The authorisation modes of the API.
    pub modes: Modes,
    /// Every `@model` type, in the order of the schema.
    pub models: IndexMap<String, Model>,
    /// Every data source, by its name in AppSync.
    pub sources: IndexMap<String, Source>,
    /// Every field with a resolver, sorted by type and field.
    pub resolvers: Vec<Resolver>,
    /// The functions of pipelines, by name. Resolvers that do the same share one.
    pub functions: IndexMap<String, Function>,
    /// The model introspection document for front ends.
    pub introspection: Value,
    /// Rules of fields of root types and of types that are no models, by `Type.field`. Each such field has a
    /// resolver with [`Action::ProtectedField`]. Owner and dynamic group rules cannot hold there and allow nobody.
    pub custom_rules: IndexMap<String, Vec<Rule>>,
    /// The object types that the fields of `custom_rules` return, directly or within, by `Type.field`.
    pub returned: IndexMap<String, Vec<String>>,
    /// The queries and mutations that the user declared. Each needs a resolver, by a directive or by the user's file.
    pub declared: Vec<DeclaredField>,
    /// The user's own files: `resolvers/Query.now.js`, `functions/check.js`. Each stands instead of ours.
    pub own_files: IndexMap<String, String>,
    /// The fields that they answer, by `Type.field`.
    pub own_answers: IndexMap<String, OwnAnswer>,
    /// What resolvers do differently from project to project.
    pub switches: Switches,
    /// Data sync: who settles conflicts where a model has no handler of its own.
    pub conflict: Option<ConflictHandler>,
}

/// What resolvers do differently from project to project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Relation fields are given to subscribers even where the related model lets fewer people read.
    pub relations_reach_subscribers: bool,
    /// A new item gets its owner also when a rule without owner lets the caller in.
    pub owner_always_stored: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { relations_reach_subscribers: false, owner_always_stored: true }
    }
}

impl Plan {
    /// The resolvers that are deployed: all but those of owner fields that the item comes without.
    pub fn deployed(&self) -> impl Iterator<Item = &Resolver> {
        self.resolvers.iter().filter(|resolver| match &resolver.action {
            Action::OwnerField { model } => {
                !self.models.get(model).is_some_and(|model| model.shown_owners.contains(&resolver.field))
            }
            _ => true,
        })
    }

    /// What a field is for: what answers it, or would if the user had written no file.
    pub fn purpose<'a>(&'a self, resolver: &'a Resolver) -> &'a Action {
        let answer = self.own_answers.get(&format!("{}.{}", resolver.type_name, resolver.field));
        answer.and_then(|answer| answer.instead_of.as_ref()).unwrap_or(&resolver.action)
    }
}

/// How callers of an API may identify themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes {
    /// The mode of fields without a directive.
    pub default: AuthMode,
    /// The others.
    pub additional: Vec<AuthMode>,
}

impl Modes {
    /// Whether a mode is configured.
    pub fn has(&self, mode: AuthMode) -> bool {
        self.default == mode || self.additional.contains(&mode)
    }
}

/// AppSync's authorisation modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthMode {
    /// `API_KEY`.
    ApiKey,
    /// `AMAZON_COGNITO_USER_POOLS`.
    UserPools,
    /// `AWS_IAM`.
    Iam,
    /// `OPENID_CONNECT`.
    Oidc,
    /// `AWS_LAMBDA`.
    Lambda,
}

/// A `@model` type with all that relations, keys, timestamps and rules add to it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the type.
    pub name: String,
    /// What the table is named after: the type, or what `@mapsTo` names.
    pub table: String,
    /// English plural, capitalised: `Categories`.
    pub plural: String,
    /// Every stored field, implied ones included (foreign keys, timestamps, owner). Relation fields are not stored.
    pub fields: IndexMap<String, Field>,
    /// Names of the relation fields.
    pub relations: Vec<String>,
    /// The table's own key.
    pub key: Key,
    /// Secondary indexes, in order.
    pub indexes: Vec<Index>,
    /// Name of the creation time, unless switched off.
    pub created_at: Option<String>,
    /// Name of the modification time, unless switched off.
    pub updated_at: Option<String>,
    /// `@default` values, converted to the field's type.
    pub defaults: IndexMap<String, Value>,
    /// `@validate`: what is asked of the values that are written, by field.
    pub validations: IndexMap<String, Vec<Validation>>,
    /// The rules of the type; empty means: nobody, or API keys in sandbox mode.
    pub rules: Vec<Rule>,
    /// The rules of single fields.
    pub field_rules: IndexMap<String, Vec<Rule>>,
    /// Sandbox mode gives API-key callers everything (only set where `rules` and `field_rules` are empty).
    pub sandbox: bool,
    /// Whether its subscriptions have no auth step (`level: public`).
    pub public_subscriptions: bool,
    /// Its table in the user's database; `None` for a model with a table of DynamoDB.
    pub sql: Option<super::sql::SqlTable>,
    /// Whether its table has a stream of changes.
    pub stream: bool,
    /// Who settles a write that knows an older version of the item; `None` without data sync.
    pub conflict: Option<ConflictHandler>,
    /// Owner fields that every resolver which gives items shows as people know them, without the part before the last
    /// `::`. What is stored, and what rules and keys compare, is the whole.
    pub shown_owners: Vec<String>,
    /// Fields whose attributes have other names, from before a model was renamed: the attribute by the name in the API.
    /// Everything else in the plan has the names of attributes; fields of relations have those of the API.
    pub attributes: IndexMap<String, String>,
    /// Where the type stands in the user's schema.
    pub origin: Location,
}

impl Model {
    /// Whether an update or delete reads the item first: with data sync AppSync may write again after a conflict, so
    /// that whose item it is cannot stand in the condition of the write alone.
    pub fn reads_before(&self, write: Operation) -> bool {
        let own = |rule: &Rule| {
            rule.operations.contains(&write) && matches!(rule.allow, Allow::Owner { .. } | Allow::DynamicGroups { .. })
        };
        self.conflict.is_some() && self.rules.iter().chain(self.field_rules.values().flatten()).any(own)
    }
}

/// Who settles a write that knows an older version of an item (AppSync developer guide, "Conflict detection and
/// resolution").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictHandler {
    /// AppSync joins lists and sets; of other values the stored one stays.
    AutoMerge,
    /// The write is refused.
    OptimisticConcurrency,
    /// A Lambda function decides.
    Lambda {
        /// Its name; `${env}` stands for the environment.
        function: String,
    },
}

impl ConflictHandler {
    /// What AppSync calls it.
    pub fn appsync_name(&self) -> &'static str {
        match self {
            Self::AutoMerge => "AUTOMERGE",
            Self::OptimisticConcurrency => "OPTIMISTIC_CONCURRENCY",
            Self::Lambda { .. } => "LAMBDA",
        }
    }
}

/// What the table is named after that holds the recent changes of all models with data sync.
pub const DELTA_TABLE: &str = "AmplifyDataStore";

/// How long a base table keeps tombstones, in minutes: 30 days.
pub const TOMBSTONE_MINUTES: u32 = 43_200;

/// How long the delta table keeps changes, in minutes.
pub const DELTA_MINUTES: u32 = 30;

/// A stored field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Name of its scalar, enum or non-model type.
    pub type_name: String,
    /// What that name is.
    pub kind: FieldKind,
    /// A list of that type.
    pub list: bool,
    /// `!` on the outside.
    pub required: bool,
    /// Not written by the user: implied by a relation, a timestamp or an owner rule.
    pub implied: bool,
}

/// What the type of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A scalar, AWS's own included.
    Scalar,
    /// An enum.
    Enum,
    /// An object type without `@model`.
    NonModel,
}

/// One authorisation rule, with all defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The mode by which the caller must come.
    pub mode: AuthMode,
    /// For [`AuthMode::Iam`]: by the identity pool's roles, so that `public` means the guest role and
    /// `private` the signed-in role.
    pub identity_pool: bool,
    /// Whom it allows.
    pub allow: Allow,
    /// What it allows; never empty. `read` is spread into its parts.
    pub operations: Vec<Operation>,
}

/// Whom a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Anyone who comes by the mode.
    Public,
    /// Anyone signed in.
    Private,
    /// The caller whose identity stands in a field.
    Owner {
        /// The field.
        field: String,
        /// It holds a list of owners.
        list: bool,
        /// Claims that make up the identity: `["sub", "username"]` for the default `sub::username`.
        claims: Vec<String>,
    },
    /// Members of named groups.
    Groups {
        /// The claim with the caller's groups.
        claim: String,
        /// The groups.
        groups: Vec<String>,
    },
    /// Members of the groups that stand in a field.
    DynamicGroups {
        /// The claim with the caller's groups.
        claim: String,
        /// The field.
        field: String,
        /// It holds a list of groups.
        list: bool,
    },
    /// Whoever the Lambda authoriser lets through.
    Custom,
    /// Callers with a signature of a role or user with one of these names, by no identity pool; a setting of the API.
    AdminRoles(Vec<String>),
    /// Every caller with a signature that is of no identity pool; a setting of the API.
    AnySigner,
}

impl Allow {
    /// Whether it comes from the settings of the API and not from a rule of the schema.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::AdminRoles(_) | Self::AnySigner)
    }
}

/// What a rule can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
    /// `get`.
    Get,
    /// `list`.
    List,
    /// `sync`.
    Sync,
    /// `listen`.
    Listen,
    /// `search`.
    Search,
}

impl Operation {
    /// Every operation, in order.
    pub const ALL: [Self; 8] =
        [Self::Create, Self::Update, Self::Delete, Self::Get, Self::List, Self::Sync, Self::Listen, Self::Search];
}

/// What resolvers read from and write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nothing: the resolver answers by itself.
    None,
    /// A Lambda function.
    Lambda(LambdaFunction),
    /// Another server.
    Http {
        /// Scheme and host; `${env}` and `${aws_region}` stand for the environment and the region.
        endpoint: String,
    },
    /// The table of a model.
    Table {
        /// The model.
        model: String,
    },
    /// The user's own Aurora cluster, by the RDS Data API.
    Sql {
        /// Its engine.
        engine: super::sql::SqlEngine,
    },
    /// The OpenSearch domain that holds a copy of every table that can be searched.
    Search,
    /// A service of AWS, called over HTTPS.
    Service {
        /// Which one.
        service: Service,
    },
    /// The function that signs addresses of speech.
    Speech,
    /// The function that answers the messages of a conversation.
    ConversationHandler {
        /// The language model that it asks.
        ai_model: String,
    },
}

/// Name of the data source for searching.
pub const SEARCH_SOURCE: &str = "OpenSearchDataSource";

/// Name of the data source without data.
pub const NONE_SOURCE: &str = "NONE_DS";

/// Name of the data source of SQL models and statements.
pub const SQL_SOURCE: &str = "SqlDatabase";

/// Name of the data source of a model's table.
pub fn table_source(model: &str) -> String {
    format!("{model}Table")
}

/// A field with a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// `Query`, `Mutation`, `Subscription`, or a model.
    pub type_name: String,
    /// The field.
    pub field: String,
    /// What it does.
    pub action: Action,
    /// Its data source, a key of [`Plan::sources`]; for a pipeline that of the last function.
    pub source: String,
    /// Where the line stands that it comes from.
    pub origin: Location,
}

impl Resolver {
    /// The functions that it runs, keys of [`Plan::functions`]; none when it does the work itself.
    pub fn functions(&self, plan: &Plan) -> Vec<String> {
        let checked = |model: &str, write| match plan.models.get(model) {
            Some(found) if found.reads_before(write) => checked_write(model, write).to_vec(),
            _ => Vec::new(),
        };
        match &self.action {
            Action::Pipeline { functions } | Action::Predict { functions, .. } | Action::Converse { functions } => {
                functions.clone()
            }
            Action::Update { model } => checked(model, Operation::Update),
            Action::Delete { model } => checked(model, Operation::Delete),
            _ => Vec::new(),
        }
    }
}

/// What a resolver does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read one item of `model` by its key.
    Get {
        /// The model.
        model: String,
    },
    /// List items of `model`: a scan, or a query when the partition key is given.
    List {
        /// The model.
        model: String,
    },
    /// What has changed in `model` since some time; with data sync.
    Sync {
        /// The model.
        model: String,
    },
    /// Query an index of `model`.
    QueryIndex {
        /// The model.
        model: String,
        /// Name of the index.
        index: String,
    },
    /// Search the items of `model`.
    Search {
        /// The model.
        model: String,
    },
    /// Create an item.
    Create {
        /// The model.
        model: String,
    },
    /// Update an item.
    Update {
        /// The model.
        model: String,
    },
    /// Delete an item.
    Delete {
        /// The model.
        model: String,
    },
    /// Subscribe to a mutation of `model` (`Create`, `Update`, `Delete`).
    Subscribe {
        /// The model.
        model: String,
        /// The mutation.
        to: Operation,
    },
    /// `@hasMany`: query the related model.
    RelatedMany {
        /// The model that holds the field.
        model: String,
        /// The related model.
        related: String,
        /// Index of the related model; `None` means its own key.
        index: Option<String>,
        /// Fields of `model` that give the partition key and, when more than one, the leading sort key parts.
        fields: Vec<String>,
        /// Default page size.
        limit: u32,
    },
    /// `@hasOne`, `@belongsTo`: look one item of the related model up by its own key.
    RelatedOne {
        /// The model that holds the field.
        model: String,
        /// The related model.
        related: String,
        /// Index of the related model to query; `None` means its own key.
        index: Option<String>,
        /// Fields of `model` that give the key of the related model, in the order of its key.
        fields: Vec<String>,
        /// Null is no answer: the sides of a join model.
        required: bool,
    },
    /// A field with its own rules: give it to those who may read it. Its rules are the model's `field_rules`, or the
    /// plan's `custom_rules` when `model` names a type that is no model. When it also holds an owner, the part before
    /// the last `::` is cut off as well.
    ProtectedField {
        /// The model, or other type, that holds the field.
        model: String,
    },
    /// `@sql`: run a statement of the user's.
    SqlStatement(super::sql::SqlStatement),
    /// Run functions one after the other, each with the result of the one before.
    Pipeline {
        /// Keys of [`Plan::functions`], in order.
        functions: Vec<String>,
    },
    /// Invoke the Lambda function that is the data source.
    Invoke {
        /// Do not wait for its result.
        event: bool,
    },
    /// Ask the server that is the data source.
    Request(HttpRequest),
    /// What the user's file says, see [`Plan::own_files`].
    Own {
        /// The model whose table is the data source, if one is.
        table: Option<String>,
    },
    /// `@generation`: ask a language model.
    Generate {
        /// What it is asked.
        generation: Generation,
    },
    /// `@predictions`: run functions as a pipeline does.
    Predict {
        /// Keys of [`Plan::functions`], in order.
        functions: Vec<String>,
        /// The last gives names with commas between them, and the field is a list.
        list: bool,
    },
    /// A mutation of a conversation: run functions as a pipeline does.
    Converse {
        /// Keys of [`Plan::functions`], in order.
        functions: Vec<String>,
    },
    /// Hear the answers in one's own conversations.
    SubscribeToAnswers,
    /// List conversations, or the messages of one: the latest, by an index.
    ListLatest {
        /// The model.
        model: String,
        /// Name of the index.
        index: String,
    },
    /// A field that holds an owner as `sub::username`: give the part after the last `::`, of each element when it is a
    /// list. Deployed only where the resolvers of items do not do so themselves ([`Model::shown_owners`]).
    OwnerField {
        /// The model that holds the field.
        model: String,
    },
}

impl Action {
    /// The model whose table the resolver uses; `None` for those without a data source.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Get { model }
            | Self::List { model }
            | Self::Sync { model }
            | Self::QueryIndex { model, .. }
            | Self::ListLatest { model, .. }
            | Self::Create { model }
            | Self::Update { model }
            | Self::Delete { model }
            | Self::Own { table: Some(model) } => Some(model),
            Self::RelatedMany { related, .. } | Self::RelatedOne { related, .. } => Some(related),
            Self::Subscribe { .. }
            | Self::Search { .. }
            | Self::Generate { .. }
            | Self::Predict { .. }
            | Self::Converse { .. }
            | Self::SubscribeToAnswers
            | Self::ProtectedField { .. }
            | Self::OwnerField { .. }
            | Self::SqlStatement(_)
            | Self::Pipeline { .. }
            | Self::Invoke { .. }
            | Self::Request(_)
            | Self::Own { table: None } => None,
        }
    }

    /// The model in whose stack the resolver is deployed: the one whose table it uses, otherwise the one that it is
    /// about. `None` for the stack of the API itself. What a resolver refers to must be in its own stack, or in that of
    /// the API.
    pub fn home(&self) -> Option<&str> {
        match self {
            Self::Subscribe { model, .. } | Self::ProtectedField { model } | Self::OwnerField { model } => Some(model),
            Self::Pipeline { .. } => None,
            _ => self.table(),
        }
    }
}
