//! Resolvers of SQL models: tables and columns as statements name them, and how values come and go.
//!
//! Names of the database stand in statements quoted, and nothing else does: every value of a request is a parameter. The
//! templates are `sql_….js`; who may do what is decided by the same guards as for tables of DynamoDB.

use serde::Serialize;

use super::script::{key, member, text};
use crate::category::api::plan::{Field, FieldKind, Key, Model};
use crate::category::api::sql::{SqlEngine, SqlField, SqlTable};
use crate::render::{RenderError, Renderer};

/// PostgreSQL hands at most 100 arguments to a function, which are 50 pairs ("PostgreSQL limits").
const MOST_PAIRS: usize = 50;

/// A column that must equal a value.
#[derive(Clone, Debug, Serialize)]
pub(super) struct KeyTest {
    /// Name of the field.
    field: String,
    /// The column as a member of `columns`.
    column: String,
    /// JavaScript for the value.
    value: String,
}

impl KeyTest {
    /// `value`: JavaScript for what the column must equal; empty where only the column matters.
    pub(super) fn new(field: &str, value: String) -> Self {
        Self { field: field.to_owned(), column: member("columns", field), value }
    }
}

/// A test for each part of a key, whose values are members of `base`.
pub(super) fn key_tests(key: &Key, base: &str) -> Vec<KeyTest> {
    let parts = std::iter::once(&key.partition).chain(&key.sort);
    parts.map(|part| KeyTest::new(&part.name, member(base, &part.name))).collect()
}

/// The context of a resolver with the table that its statements are about.
#[derive(Debug, Serialize)]
struct WithTable<'a, T> {
    #[serde(flatten)]
    base: &'a T,
    table: Table,
}

/// A table as templates write it.
#[derive(Debug, Serialize)]
struct Table {
    postgres: bool,
    /// Its name as it stands in statements.
    name: String,
    model: String,
    columns: Vec<Column>,
    /// SQL for an item as JSON.
    item: String,
    /// The fields whose stored form is another than that of GraphQL.
    conversions: Vec<Conversion>,
    /// Columns of the table's own key, as they stand in statements.
    order: Vec<String>,
    /// What an update sets when nothing changes.
    nothing: String,
    #[serde(flatten)]
    readers: Readers,
    /// Kinds of values that are written in another form.
    documents: bool,
    times: bool,
    lists: bool,
}

/// Which functions read what is stored.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Readers {
    moments: bool,
    reads_documents: bool,
}

impl Readers {
    pub(super) fn of(fields: &[SqlField], engine: SqlEngine) -> Self {
        let has = |wanted: Kind| fields.iter().any(|field| Kind::of(field, engine) == wanted);
        Self { moments: has(Kind::Moment), reads_documents: has(Kind::List) || has(Kind::Object) }
    }
}

/// A column as templates write it.
#[derive(Debug, Serialize)]
struct Column {
    /// The field as a property name.
    key: String,
    /// Properties of the column, as an object of JavaScript.
    entry: String,
}

/// What makes the value of a field of what is stored.
#[derive(Debug, Serialize)]
pub(super) struct Conversion {
    /// The field as a property name.
    key: String,
    /// JavaScript.
    value: String,
}

/// Renders a resolver of an SQL model.
pub(super) fn write<T: Serialize>(
    model: &Model,
    table: &SqlTable,
    template: &str,
    context: &T,
    render: &Renderer,
) -> Result<String, RenderError> {
    render.render(template, &WithTable { base: context, table: view(model, table) })
}

fn view(model: &Model, table: &SqlTable) -> Table {
    let engine = table.engine;
    let fields: Vec<SqlField> = model.fields.values().map(|field| sql_field(field, table)).collect();
    let kinds: Vec<Kind> = fields.iter().map(|field| Kind::of(field, engine)).collect();
    let column = |(field, kind): (&SqlField, &Kind)| {
        let quoted = quoted(engine, &field.column);
        let kind = kind.stored().map(|word| format!(", kind: {}", text(word))).unwrap_or_default();
        let name =
            if engine == SqlEngine::Postgres { format!("name: {}, ", text(&field.column)) } else { String::new() };
        Column { key: key(&field.name), entry: format!("{{ {name}text: {}{kind} }}", text(&quoted)) }
    };
    let has = |wanted: Kind| kinds.contains(&wanted);
    let order = std::iter::once(&model.key.partition).chain(&model.key.sort);
    let order: Vec<String> = order.map(|part| quoted(engine, table.column(&part.name))).collect();
    // In the document, fields have their own names.
    let named = |field: &SqlField| SqlField { column: field.name.clone(), ..field.clone() };
    let in_item: Vec<SqlField> = fields.iter().map(named).collect();
    Table {
        postgres: engine == SqlEngine::Postgres,
        name: table.name.split('.').map(|part| quoted(engine, part)).collect::<Vec<_>>().join("."),
        model: model.name.clone(),
        columns: fields.iter().zip(&kinds).map(column).collect(),
        item: item(engine, &fields),
        conversions: conversions(&in_item, engine, "item"),
        nothing: order.first().map(|column| format!("{column} = {column}")).unwrap_or_default(),
        order,
        readers: Readers::of(&fields, engine),
        documents: engine == SqlEngine::MySql && (has(Kind::List) || has(Kind::Object) || has(Kind::Json)),
        times: has(Kind::Time),
        lists: has(Kind::List),
    }
}

fn sql_field(field: &Field, table: &SqlTable) -> SqlField {
    SqlField {
        name: field.name.clone(),
        column: table.column(&field.name).to_owned(),
        type_name: field.type_name.clone(),
        kind: field.kind,
        list: field.list,
    }
}

/// An item as one JSON document, so that every type of the database has a form that JavaScript knows.
fn item(engine: SqlEngine, fields: &[SqlField]) -> String {
    let pair = |field: &SqlField| format!("'{}', {}", field.name, quoted(engine, &field.column));
    let pairs: Vec<String> = fields.iter().map(pair).collect();
    match engine {
        SqlEngine::MySql => format!("JSON_OBJECT({})", pairs.join(", ")),
        SqlEngine::Postgres => {
            let parts = pairs.chunks(MOST_PAIRS).map(|part| format!("jsonb_build_object({})", part.join(", ")));
            parts.collect::<Vec<_>>().join(" || ")
        }
    }
}

/// A name as it stands in a statement.
pub(super) fn quoted(engine: SqlEngine, name: &str) -> String {
    match engine {
        SqlEngine::MySql => format!("`{}`", name.replace('`', "``")),
        SqlEngine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// How the value of a field is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As it is.
    Plain,
    /// MySQL has numbers for these.
    Boolean,
    /// A date with a time, in UTC.
    Moment,
    /// A time of day, of which MySQL takes no zone.
    Time,
    /// A list: an array of PostgreSQL, or a JSON document.
    List,
    /// A JSON document.
    Object,
    /// A JSON document that GraphQL shows as text.
    Json,
}

impl Kind {
    fn of(field: &SqlField, engine: SqlEngine) -> Self {
        match field.type_name.as_str() {
            _ if field.list => Self::List,
            _ if field.kind == FieldKind::NonModel => Self::Object,
            "AWSJSON" => Self::Json,
            "AWSDateTime" => Self::Moment,
            "AWSTime" if engine == SqlEngine::MySql => Self::Time,
            "Boolean" if engine == SqlEngine::MySql => Self::Boolean,
            _ => Self::Plain,
        }
    }

    /// What templates call it, where that makes a difference to what is written.
    fn stored(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Boolean => None,
            Self::Moment => Some("moment"),
            Self::Time => Some("time"),
            Self::List => Some("list"),
            Self::Object | Self::Json => Some("document"),
        }
    }
}

/// What has to be done to fields that were read; `base` is the variable that holds them.
pub(super) fn conversions(fields: &[SqlField], engine: SqlEngine, base: &str) -> Vec<Conversion> {
    let conversion = |field: &SqlField| {
        let stored = member(base, &field.column);
        let value = match Kind::of(field, engine) {
            Kind::Plain | Kind::Time if field.column == field.name => return None,
            Kind::Plain | Kind::Time => stored,
            Kind::Boolean => format!("({stored} ?? null) === null ? null : !!{stored}"),
            Kind::Moment => format!("moment({stored})"),
            Kind::List | Kind::Object => format!("document({stored})"),
            Kind::Json => format!("typeof ({stored} ?? '') === 'string' ? {stored} : JSON.stringify({stored})"),
        };
        Some(Conversion { key: key(&field.name), value })
    };
    fields.iter().filter_map(conversion).collect()
}
