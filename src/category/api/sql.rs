//! SQL models and statements as data: tables and columns of the user's own database, which ampup neither makes nor changes.

use indexmap::IndexMap;
use serde::Deserialize;

use super::plan::FieldKind;

/// What a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SqlEngine {
    /// Aurora MySQL.
    #[serde(rename = "MYSQL")]
    MySql,
    /// Aurora PostgreSQL.
    #[serde(rename = "POSTGRES")]
    Postgres,
}

/// The table of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlTable {
    /// What the database speaks.
    pub engine: SqlEngine,
    /// Its name, which may begin with that of a schema: `sales.orders`.
    pub name: String,
    /// The columns that are named otherwise than their fields, by field.
    pub columns: IndexMap<String, String>,
}

impl SqlTable {
    /// The column of a field.
    pub fn column<'a>(&'a self, field: &'a str) -> &'a str {
        self.columns.get(field).map_or(field, String::as_str)
    }
}

/// A statement of the user's, run by a field of `Query` or `Mutation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlStatement {
    /// What the database speaks.
    pub engine: SqlEngine,
    /// The statement; `:name` stands for the argument of that name.
    pub text: String,
    /// The arguments of the field.
    pub arguments: Vec<SqlArgument>,
    /// What becomes of the rows.
    pub result: SqlResult,
    /// Callers with an API key may run it, because sandbox mode is on and it has no rules.
    pub sandbox: bool,
    /// Callers with a signature of no identity pool may run it: the API lets them pass all rules, and it has none.
    pub any_signer: bool,
}

/// An argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlArgument {
    /// Its name.
    pub name: String,
    /// Name of its scalar, enum or input type.
    pub type_name: String,
    /// A list of that type: each element is a parameter of its own.
    pub list: bool,
}

/// What a field makes of the rows of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlResult {
    /// All rows; otherwise the first.
    pub list: bool,
    /// Whole rows; otherwise the first column of each.
    pub rows: bool,
    /// The fields of the type that the field returns, when that is an object type.
    pub fields: Vec<SqlField>,
}

/// A field that is read from a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlField {
    /// Name of the field.
    pub name: String,
    /// Name of the column.
    pub column: String,
    /// Name of its scalar, enum or non-model type.
    pub type_name: String,
    /// What that name is.
    pub kind: FieldKind,
    /// A list of that type.
    pub list: bool,
}
