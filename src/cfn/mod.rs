//! CloudFormation as data: parse, print, check, order, evaluate, compare.
//!
//! Both wings speak this language. Nothing here touches a file, a socket or a clock.

pub mod change;
pub mod check;
pub mod evaluate;
pub mod graph;
pub mod parse;
pub mod patch;
pub mod print;
pub(crate) mod substitute;
pub mod value;

use indexmap::IndexMap;

use crate::base::{Label, Location, LogicalId, ResourceKind, StackName};

pub use change::compare;
pub use check::check;
pub use evaluate::{EvaluateError, Lookup, evaluate};
pub use graph::Graph;
pub use parse::parse;
pub use value::{Intrinsic, Map, Value};

/// A CloudFormation template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// `Description`.
    pub description: Option<String>,
    /// `Metadata` of the whole template, as it stands.
    pub metadata: Option<Value>,
    /// `Parameters`, in the order of the file.
    pub parameters: IndexMap<LogicalId, Parameter>,
    /// `Mappings`: map name, top key, second key.
    pub mappings: IndexMap<String, IndexMap<String, IndexMap<String, Value>>>,
    /// `Conditions`.
    pub conditions: IndexMap<LogicalId, Value>,
    /// `Resources`.
    pub resources: IndexMap<LogicalId, Resource>,
    /// `Outputs`.
    pub outputs: IndexMap<LogicalId, Output>,
}

/// One entry of `Parameters`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `String`, `Number`, `CommaDelimitedList`, `List<Number>`, `AWS::SSM::Parameter::Value<…>` ….
    pub kind: String,
    /// `Default`.
    pub default: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `AllowedValues`.
    pub allowed_values: Vec<String>,
    /// `AllowedPattern`.
    pub allowed_pattern: Option<String>,
    /// `MinLength`, `MaxLength`, `MinValue`, `MaxValue`, `ConstraintDescription`, as they stand.
    pub constraints: IndexMap<String, Value>,
    /// `NoEcho`.
    pub no_echo: bool,
}

/// One entry of `Resources`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `Type`.
    pub kind: ResourceKind,
    /// `Properties`; an empty map when absent.
    pub properties: Value,
    /// `DependsOn`.
    pub depends_on: Vec<LogicalId>,
    /// `Condition`.
    pub condition: Option<LogicalId>,
    /// `DeletionPolicy`.
    pub deletion: DeletionPolicy,
    /// `UpdateReplacePolicy`.
    pub update_replace: DeletionPolicy,
    /// `Metadata.Ampup.Label`: what the user knows the resource as; shown in previews and progress.
    pub label: Option<Label>,
    /// All of `Metadata`, as it stands.
    pub metadata: Option<Value>,
    /// The user's line that it comes from. Kept here, never printed into the template.
    pub origin: Option<Location>,
}

/// What happens to a resource when its stack lets go of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays.
    Retain,
    /// It stays, except when its creation is rolled back.
    RetainExceptOnCreate,
    /// It is deleted after a snapshot.
    Snapshot,
}

/// One entry of `Outputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// `Value`.
    pub value: Value,
    /// `Description`.
    pub description: Option<String>,
    /// `Export.Name`.
    pub export: Option<Value>,
    /// `Condition`.
    pub condition: Option<LogicalId>,
}

/// What would change. The same type whether we compared two templates or a cloud told us.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ChangeSet {
    /// Every change, nested stacks included.
    pub changes: Vec<Change>,
}

/// One resource that would change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The stack that holds it.
    pub stack: StackName,
    /// Its logical id.
    pub resource: LogicalId,
    /// What the user knows it as.
    pub label: Label,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ResourceKind,
    /// What would be done.
    pub action: Action,
    /// Whether a modification makes a new one.
    pub replacement: Replacement,
    /// The properties (`BillingMode`, `GlobalSecondaryIndexes.0.IndexName`) that differ.
    pub why: Vec<String>,
}

/// What would be done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Created.
    Add,
    /// Changed or replaced.
    Modify,
    /// Deleted.
    Remove,
    /// Taken over.
    Import,
}

/// Whether a modification makes a new resource and deletes the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// It stays the same resource.
    Never,
    /// It depends on values that are known later.
    Conditional,
    /// It is replaced.
    Always,
}

/// What a deployed stack tree offers, by stack and output name.
pub type Outputs = IndexMap<StackName, IndexMap<LogicalId, String>>;
