//! The keys of tables and indexes, part of the plan.

use crate::base::Location;

/// The key of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Partition key.
    pub partition: KeyField,
    /// Sort key parts. Two or more are joined by `#` into one attribute whose name is joined the same way.
    pub sort: Vec<KeyField>,
}

impl Key {
    /// Name of the sort attribute in DynamoDB: `date`, or `status#date`.
    pub fn sort_attribute(&self) -> Option<String> {
        let names: Vec<&str> = self.sort.iter().map(|field| field.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join("#"))
    }

    /// DynamoDB type of the sort attribute.
    pub fn sort_type(&self) -> Option<AttributeType> {
        match &self.sort[..] {
            [] => None,
            [one] => Some(one.attribute),
            _ => Some(AttributeType::S),
        }
    }

    /// Argument name of the sort key in queries: `date`, or `statusDate`.
    pub fn sort_argument(&self) -> Option<String> {
        let mut parts = self.sort.iter().map(|field| field.name.as_str());
        let first = parts.next()?.to_owned();
        Some(parts.fold(first, |name, part| {
            let mut letters = part.chars();
            let head = letters.next().map(|c| c.to_ascii_uppercase());
            name + &head.into_iter().chain(letters).collect::<String>()
        }))
    }
}

/// A field in a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyField {
    /// Field and attribute name.
    pub name: String,
    /// GraphQL type.
    pub type_name: String,
    /// DynamoDB type.
    pub attribute: AttributeType,
}

/// DynamoDB's types of key attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Text.
    S,
    /// Number.
    N,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name in DynamoDB.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// The query field, when it has one.
    pub query_field: Option<String>,
    /// A local secondary index.
    pub local: bool,
    /// What it holds.
    pub projection: Projection,
    /// Where it stands in the user's schema; `None` for those that relations imply.
    pub origin: Option<Location>,
}

/// What an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Whole items.
    All,
    /// Keys alone.
    KeysOnly,
    /// Keys and these.
    Include(Vec<String>),
}
