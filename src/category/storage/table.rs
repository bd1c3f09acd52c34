//! Settings of a table: its key, its indexes, its stream of changes, what expires.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::category::SettingProblem;

/// Global secondary indexes of one table ("Quotas in Amazon DynamoDB").
const MOST_INDEXES: usize = 20;

/// Settings of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TableSpec {
    /// The attribute that parts items: `id`, or `number:number`.
    pub key: Attribute,
    /// The attribute that orders items of one key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<Attribute>,
    /// Further ways to find items, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub indexes: IndexMap<String, IndexSpec>,
    /// Changes are told, with the item before and after, to functions that a trigger names.
    pub stream: bool,
    /// The attribute that says, in seconds since 1970, when an item expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The table can be restored to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// The table stays when its resource or the environment is deleted.
    pub keep: bool,
}

/// A global secondary index, with all attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IndexSpec {
    /// The attribute that parts items.
    pub key: Attribute,
    /// The attribute that orders them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<Attribute>,
}

/// An attribute of a key with its type: `id`, `at:number`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: AttributeKind,
}

/// The types that attributes of keys can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttributeKind {
    /// `S`.
    #[default]
    String,
    /// `N`.
    Number,
    /// `B`.
    Binary,
}

impl AttributeKind {
    /// What DynamoDB calls it.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::String => "S",
            Self::Number => "N",
            Self::Binary => "B",
        }
    }
}

impl Default for Attribute {
    fn default() -> Self {
        Self { name: "id".to_owned(), kind: AttributeKind::String }
    }
}

impl FromStr for Attribute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = text.rsplit_once(':').unwrap_or((text, "string"));
        let kind = match kind {
            "string" => AttributeKind::String,
            "number" => AttributeKind::Number,
            "binary" => AttributeKind::Binary,
            other => {
                let shown = other.escape_debug();
                return Err(format!("`{shown}` is no type of a key: it is string, number or binary"));
            }
        };
        if name.is_empty() || name.len() > 255 || name.contains(char::is_control) {
            return Err(format!("`{}` names no attribute, for example `id` or `at:number`", text.escape_debug()));
        }
        Ok(Self { name: name.to_owned(), kind })
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            // A name with a colon would be read back as name and type.
            AttributeKind::String if !self.name.contains(':') => formatter.write_str(&self.name),
            AttributeKind::String => write!(formatter, "{}:string", self.name),
            AttributeKind::Number => write!(formatter, "{}:number", self.name),
            AttributeKind::Binary => write!(formatter, "{}:binary", self.name),
        }
    }
}

impl TryFrom<String> for Attribute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> String {
        attribute.to_string()
    }
}

impl Default for TableSpec {
    fn default() -> Self {
        Self {
            key: Attribute::default(),
            sort_key: None,
            indexes: IndexMap::new(),
            stream: false,
            expires: None,
            point_in_time_recovery: false,
            keep: true,
        }
    }
}

impl TableSpec {
    pub(super) fn check(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        let mut seen: IndexMap<&str, AttributeKind> = IndexMap::new();
        let own = [("table.key", Some(&self.key)), ("table.sort-key", self.sort_key.as_ref())];
        let of_indexes = self.indexes.values();
        let of_indexes = of_indexes
            .flat_map(|index| [("table.indexes", Some(&index.key)), ("table.indexes", index.sort_key.as_ref())]);
        for (setting, attribute) in own.into_iter().chain(of_indexes) {
            let Some(attribute) = attribute else { continue };
            let known = *seen.entry(&attribute.name).or_insert(attribute.kind);
            if known != attribute.kind {
                let why = format!("the attribute `{}` has one type in one key and another in another", attribute.name);
                problems.push(SettingProblem::new(setting, why));
            }
        }
        let twice = |key: &Attribute, sort: Option<&Attribute>| sort.is_some_and(|sort| sort.name == key.name);
        if twice(&self.key, self.sort_key.as_ref()) {
            problems.push(SettingProblem::new("table.sort-key", "it is the attribute of the key already"));
        }
        for (name, index) in &self.indexes {
            let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if !(3..=255).contains(&name.len()) || !name.chars().all(good) {
                let why =
                    format!("`{}` is no name of an index: 3 to 255 letters, digits and `_-.`", name.escape_debug());
                problems.push(SettingProblem::new("table.indexes", why));
            }
            if twice(&index.key, index.sort_key.as_ref()) {
                let why = format!("the sort key of `{name}` is the attribute of its key already");
                problems.push(SettingProblem::new("table.indexes", why));
            }
        }
        if self.indexes.len() > MOST_INDEXES {
            let why = format!("the table has {} indexes: DynamoDB allows {MOST_INDEXES}", self.indexes.len());
            problems.push(SettingProblem::new("table.indexes", why));
        }
        problems
    }

    /// Every attribute of a key, each once.
    pub(super) fn attributes(&self) -> IndexMap<&str, AttributeKind> {
        let indexes = self.indexes.values().flat_map(|index| std::iter::once(&index.key).chain(&index.sort_key));
        let all = std::iter::once(&self.key).chain(&self.sort_key).chain(indexes);
        all.map(|attribute| (attribute.name.as_str(), attribute.kind)).collect()
    }
}
