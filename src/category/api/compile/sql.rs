//! `@sql` and `@refersTo`, and what SQL models may not have: checks, tables with their columns, statements.
//!
//! Which models are SQL models is a setting of the API, not of the schema.

use indexmap::IndexMap;

use super::draft::{Catalogue, Draft, Kind};
use super::options::{CompileOptions, SqlOptions};
use super::reading::CustomRules;
use super::relations::RELATIONS;
use super::report::Report;
use crate::base::suggest::nearest;
use crate::category::api::plan::FieldKind;
use crate::category::api::sql::{SqlArgument, SqlField, SqlResult, SqlStatement, SqlTable};
use crate::error::Code;
use crate::graphql::{Directive, Document, Field, Literal, TypeDefinition, TypeKind};

/// The other directives that answer a field.
const ANSWERS: [&str; 5] = ["function", "http", "predictions", "generation", "conversation"];

/// Statements by type and field.
pub(super) type Statements = IndexMap<(String, String), SqlStatement>;

/// Checks a document.
pub(super) fn check(document: &Document, options: &CompileOptions, report: &mut Report<'_>) {
    let checker = Checker { document, options: options.sql.as_ref() };
    for found in &document.types {
        if checker.is_sql(found) {
            model(found, report);
        }
        checker.refers_to(found, report);
        for field in found.fields() {
            checker.field(found, field, report);
        }
    }
}

/// The table of a model, when the user's database holds it.
pub(super) fn read_table(definition: &TypeDefinition, options: &CompileOptions) -> Option<SqlTable> {
    let engine = options.sql.as_ref()?.engine(&definition.name)?;
    let renamed = |directives: &[Directive]| {
        let directive = directives.iter().find(|directive| directive.name == "refersTo")?;
        name(directive).filter(|name| !name.is_empty()).map(str::to_owned)
    };
    let columns =
        definition.fields().iter().filter_map(|field| Some((field.name.clone(), renamed(&field.directives)?)));
    Some(SqlTable {
        engine,
        columns: columns.collect(),
        name: renamed(&definition.directives).unwrap_or_else(|| definition.name.clone()),
    })
}

/// Every statement of the root types, which are checked.
pub(super) fn statements(
    catalogue: &Catalogue<'_>,
    drafts: &IndexMap<&str, Draft<'_>>,
    options: &CompileOptions,
    custom: &CustomRules,
    sandbox: bool,
) -> Statements {
    let mut statements = Statements::new();
    let Some(sql) = &options.sql else { return statements };
    for root in [&catalogue.roots.query, &catalogue.roots.mutation] {
        let Some(found) = catalogue.types.get(root.as_str()) else { continue };
        for field in found.fields() {
            let Some(directive) = field.directive("sql") else { continue };
            let key = (root.clone(), field.name.clone());
            let statement = SqlStatement {
                engine: sql.db_type,
                text: text(directive, sql).unwrap_or_default().to_owned(),
                arguments: field.arguments.iter().map(argument).collect(),
                result: result(field, catalogue, drafts),
                sandbox: sandbox && !custom.contains_key(&key),
                any_signer: options.enable_iam_access && !custom.contains_key(&key),
            };
            statements.insert(key, statement);
        }
    }
    statements
}

fn argument(argument: &crate::graphql::InputValue) -> SqlArgument {
    SqlArgument {
        name: argument.name.clone(),
        type_name: argument.type_ref.name().to_owned(),
        list: argument.type_ref.is_list(),
    }
}

fn result(field: &Field, catalogue: &Catalogue<'_>, drafts: &IndexMap<&str, Draft<'_>>) -> SqlResult {
    let type_name = field.type_ref.name();
    let kind = catalogue.kind(type_name);
    let table = drafts.get(type_name).and_then(|draft| draft.sql.as_ref());
    let fields = catalogue.types.get(type_name).filter(|found| found.is_object()).map(|found| found.fields());
    let read = |field: &Field| {
        let kind = match catalogue.kind(field.type_ref.name()) {
            Kind::Scalar => FieldKind::Scalar,
            Kind::Enum => FieldKind::Enum,
            Kind::Object | Kind::Other => FieldKind::NonModel,
            Kind::Model | Kind::Unknown => return None,
        };
        Some(SqlField {
            name: field.name.clone(),
            column: table.map_or(field.name.as_str(), |table| table.column(&field.name)).to_owned(),
            type_name: field.type_ref.name().to_owned(),
            kind,
            list: field.type_ref.is_list(),
        })
    };
    SqlResult {
        list: field.type_ref.is_list(),
        // A row is an object, or JSON.
        rows: !matches!(kind, Kind::Scalar | Kind::Enum) || type_name == "AWSJSON",
        fields: fields.unwrap_or_default().iter().filter_map(read).collect(),
    }
}

fn name(directive: &Directive) -> Option<&str> {
    directive.argument("name").and_then(Literal::as_str)
}

fn text<'a>(directive: &'a Directive, sql: &'a SqlOptions) -> Option<&'a str> {
    let given = |name: &str| directive.argument(name).and_then(Literal::as_str);
    given("statement").or_else(|| sql.statements.get(given("reference")?).map(String::as_str))
}

/// What an SQL model must have, and what it cannot have.
fn model(found: &TypeDefinition, report: &mut Report<'_>) {
    let name = &found.name;
    if !found.fields().iter().any(|field| field.directive("primaryKey").is_some()) {
        let message = format!("SQL model \"{name}\" must contain a primary key field");
        let hint = Some("write @primaryKey after the field that is the primary key of the table".to_owned());
        report.add_with_hint(Code::AMP0307, &found.span, message, hint);
    }
    if let Some(directive) = found.directive("searchable") {
        let message = format!("@searchable is not supported on \"{name}\" model as it uses an SQL data source");
        report.add(Code::AMP0305, &directive.span, message);
    }
    if let Some(directive) = found.directive("mapsTo") {
        let message = format!("@mapsTo is only supported on DynamoDB models: {name} is not one");
        report.add_with_hint(Code::AMP0305, &directive.span, message, Some("use @refersTo".to_owned()));
    }
    for field in found.fields() {
        if let Some(directive) = field.directive("manyToMany") {
            let message = "@manyToMany directive cannot be used on a SQL model";
            let hint = "write a model for the join table, with two @belongsTo relations".to_owned();
            report.add_with_hint(Code::AMP0308, &directive.span, message, Some(hint));
        }
    }
    operations(found, report);
}

/// Rows are neither synchronised nor searched.
fn operations(found: &TypeDefinition, report: &mut Report<'_>) {
    let rules = found.directive("auth").and_then(|directive| directive.argument("rules"));
    for rule in rules.into_iter().flat_map(Literal::elements) {
        for operation in rule.get("operations").into_iter().flat_map(Literal::elements) {
            let word = operation.to_string();
            if word == "sync" || word == "search" {
                let message = format!(
                    "@auth on {} cannot specify '{word}' operation as it is not supported for SQL data sources",
                    found.name
                );
                report.add(Code::AMP0306, &operation.span, message);
            }
        }
    }
}

struct Checker<'a> {
    document: &'a Document,
    options: Option<&'a SqlOptions>,
}

impl<'a> Checker<'a> {
    fn is_sql(&self, found: &TypeDefinition) -> bool {
        found.directive("model").is_some() && self.options.is_some_and(|sql| sql.engine(&found.name).is_some())
    }

    /// What keeps `@refersTo` from a type or its fields.
    fn misplaced(&self, found: &TypeDefinition) -> Option<String> {
        let name = &found.name;
        if found.directive("model").is_none() {
            return Some(format!("@refersTo is not supported on type {name}: it can only be used on a @model type"));
        }
        (!self.is_sql(found)).then(|| format!("@refersTo is only supported on SQL models: {name} is not a SQL model"))
    }

    fn refers_to(&self, found: &TypeDefinition, report: &mut Report<'_>) {
        let Some(directive) = found.directive("refersTo").filter(|_| found.is_object()) else { return };
        if let Some(message) = self.misplaced(found) {
            report.add(Code::AMP0305, &directive.span, message);
            return;
        }
        let Some(target) = name(directive) else { return };
        let models = || self.document.types.iter().filter(|other| other.directive("model").is_some());
        let same = |other: &&TypeDefinition| {
            other.name != found.name && other.directive("refersTo").and_then(name) == Some(target)
        };
        let why = if models().any(|other| other.name == target) {
            format!("\"{target}\" model already exists in the schema")
        } else if let Some(other) = models().find(same) {
            format!("\"{}\" model already has the same name mapping", other.name)
        } else {
            return;
        };
        let message = format!("cannot apply @refersTo with name \"{target}\" on type \"{}\" because {why}", found.name);
        report.add(Code::AMP0305, &directive.span, message);
    }

    fn field(&self, found: &'a TypeDefinition, field: &'a Field, report: &mut Report<'_>) {
        if let Some(directive) = field.directive("refersTo") {
            match self.field_refers_to(found, field, directive) {
                Ok(()) => {}
                Err(message) => report.add(Code::AMP0305, &directive.span, message),
            }
        }
        if let Some(directive) = field.directive("sql") {
            self.statement(found, field, directive, report);
        }
    }

    fn field_refers_to(&self, found: &TypeDefinition, field: &Field, directive: &Directive) -> Result<(), String> {
        let (model, own) = (&found.name, &field.name);
        if matches!(found.kind, TypeKind::Interface { .. }) {
            return Err(format!("@refersTo directive cannot be placed on \"{model}\" interface's {own} field"));
        }
        if let Some(message) = self.misplaced(found) {
            return Err(message);
        }
        let relational = RELATIONS.iter().chain(&["manyToMany"]).any(|name| field.directive(name).is_some());
        if relational {
            return Err(format!("@refersTo is not supported on \"{own}\" relational field in \"{model}\" model"));
        }
        let Some(target) = name(directive) else { return Ok(()) };
        let same = |other: &&Field| other.name != *own && other.directive("refersTo").and_then(name) == Some(target);
        let why = if let Some(other) = found.fields().iter().find(same) {
            format!("\"{}\" field already has the same name mapping", other.name)
        } else if found.fields().iter().any(|other| other.name == target) {
            format!("\"{target}\" field already exists in the model")
        } else {
            return Ok(());
        };
        Err(format!(
            "cannot apply @refersTo with name \"{target}\" on field \"{own}\" in type \"{model}\" because {why}"
        ))
    }

    fn statement(&self, found: &TypeDefinition, field: &Field, directive: &Directive, report: &mut Report<'_>) {
        let roots = &self.document.roots;
        let place = format!("check type \"{}\" and field \"{}\"", found.name, field.name);
        let given = |name: &str| directive.argument(name).filter(|value| !value.is_null());
        let (statement, reference) = (given("statement"), given("reference"));
        let empty = |value: &Literal| value.as_str().is_some_and(|text| text.trim().is_empty());
        let mut hint = None;
        let message = if found.name != roots.query && found.name != roots.mutation {
            format!("@sql directive can only be used on Query or Mutation types: {place}")
        } else if statement.is_none() && reference.is_none() {
            format!("@sql directive must have either a 'statement' or a 'reference' argument: {place}")
        } else if statement.is_some() && reference.is_some() {
            format!("@sql directive can have either a 'statement' or a 'reference' argument but not both: {place}")
        } else if statement.is_some_and(empty) {
            format!("@sql directive 'statement' argument must not be empty: {place}")
        } else if let Some(other) = ANSWERS.iter().find(|other| field.directive(other).is_some()) {
            hint = Some("take one of them away: AppSync has one resolver for a field".to_owned());
            format!("{}.{} has @sql and @{other}: a field is answered by one of them", found.name, field.name)
        } else if let Some(sql) = self.options {
            let Some(name) = reference.and_then(Literal::as_str) else { return };
            if sql.statements.contains_key(name) {
                return;
            }
            hint = missing_statement(name, sql);
            format!(
                "the {} field \"{}\" references a custom SQL statement \"{name}\" that doesn't exist",
                found.name, field.name
            )
        } else {
            hint = Some("name its database: `sql = { engine = \"postgresql\", database = \"NAME\" }`".to_owned());
            format!("{}.{} runs an SQL statement, but the API has no SQL database", found.name, field.name)
        };
        report.add_with_hint(Code::AMP0305, &directive.span, message, hint);
    }
}

/// What to do about a statement that is not there.
fn missing_statement(name: &str, sql: &SqlOptions) -> Option<String> {
    let near = nearest(name, sql.statements.keys().map(String::as_str));
    match (near, &sql.folder) {
        (Some(near), _) => Some(format!("did you mean \"{near}\"?")),
        (None, Some(folder)) => Some(format!("write the statement into `{folder}/{name}.sql`")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests;
