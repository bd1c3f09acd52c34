//! `@sql`: a resolver that runs a statement of the user's, whose arguments are parameters of it.

use serde::Serialize;

use super::access::Guard;
use super::script::{member, text};
use super::sql::{Conversion, Readers, conversions};
use super::{Helpers, all};
use crate::category::api::plan::{Allow, AuthMode, Operation, Plan, Resolver, Rule};
use crate::category::api::sql::{SqlArgument, SqlEngine, SqlStatement};
use crate::render::{RenderError, Renderer};

/// Context of `sql_statement.js`.
#[derive(Debug, Serialize)]
struct Statement {
    title: String,
    /// JavaScript for the statement.
    sql: String,
    /// The parameters that are no lists.
    parameters: Vec<Parameter>,
    /// Which types the values have that the Data API must be told.
    hints: Vec<&'static str>,
    lists: bool,
    /// What becomes of the rows.
    list: bool,
    rows: bool,
    conversions: Vec<Conversion>,
    table: Readers,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// A parameter of the statement.
#[derive(Debug, Serialize)]
struct Parameter {
    /// `:name`
    name: String,
    /// JavaScript for its value.
    value: String,
    /// Its type, where the Data API must be told.
    hint: Option<&'static str>,
}

/// `Query.ordersOfToday`
pub(super) fn resolver(
    plan: &Plan,
    resolver: &Resolver,
    statement: &SqlStatement,
    render: &Renderer,
) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let fixed = |rule: &&Rule| super::gate::is_fixed(rule);
    let mut rules: Vec<Rule> = plan.custom_rules.get(&name).into_iter().flatten().filter(fixed).cloned().collect();
    let mut open = |mode, allow| {
        rules.push(Rule { mode, identity_pool: false, allow, operations: vec![Operation::Get] });
    };
    if statement.sandbox {
        open(AuthMode::ApiKey, Allow::Public);
    }
    if statement.any_signer {
        open(AuthMode::Iam, Allow::AnySigner);
    }
    let guard = Guard::new("access", format!("Whether the rules of {name} let the caller in."), &all(&rules), None);
    if guard.is_closed() {
        return super::gate::refused(name, render);
    }
    let pieces = pieces(statement);
    let used: Vec<&SqlArgument> =
        statement.arguments.iter().filter(|argument| pieces.contains(&Piece::Argument(argument))).collect();
    let mut hints: Vec<&'static str> = used.iter().filter_map(|argument| hint(argument)).collect();
    hints.sort_unstable();
    hints.dedup();
    let result = &statement.result;
    let guards = vec![guard];
    let context = Statement {
        title: format!("{name}: a statement of this project, with the arguments as parameters."),
        sql: joined(&pieces),
        parameters: used.iter().filter(|argument| !argument.list).map(|argument| parameter(argument)).collect(),
        hints,
        lists: used.iter().any(|argument| argument.list),
        list: result.list,
        rows: result.rows,
        conversions: conversions(&result.fields, statement.engine, "row"),
        table: Readers::of(&result.fields, statement.engine),
        helpers: Helpers::of(&guards, false),
        guards,
    };
    render.render("api/resolver/sql_statement.js", &context)
}

fn parameter(argument: &SqlArgument) -> Parameter {
    let hint = hint(argument);
    let given = member("ctx.args", &argument.name);
    let value = match hint {
        Some(hint) => format!("parameter({given}, {})", text(hint)),
        None => format!("{given} ?? null"),
    };
    Parameter { name: format!(":{}", argument.name), value, hint }
}

/// The type of a parameter where its text alone would not tell ("RDS Data API reference", `SqlParameter`).
fn hint(argument: &SqlArgument) -> Option<&'static str> {
    match argument.type_name.as_str() {
        "AWSDateTime" => Some("TIMESTAMP"),
        "AWSDate" => Some("DATE"),
        "AWSTime" => Some("TIME"),
        "AWSJSON" => Some("JSON"),
        _ => None,
    }
}

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Argument(&'a SqlArgument),
}

/// JavaScript for the statement: one text, except that lists stand as one parameter for each element.
fn joined(pieces: &[Piece<'_>]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => open.push_str(part),
            Piece::Argument(argument) if argument.list => {
                parts.push(text(&std::mem::take(&mut open)));
                let hint = hint(argument).map(|hint| format!(", {}", text(hint))).unwrap_or_default();
                let (name, given) = (text(&format!(":{}", argument.name)), member("ctx.args", &argument.name));
                parts.push(format!("elements(request, {name}, {given}{hint})"));
            }
            Piece::Argument(argument) => {
                open.push(':');
                open.push_str(&argument.name);
            }
        }
    }
    if parts.is_empty() {
        return text(&open);
    }
    parts.push(text(&open));
    format!("[{}].join('')", parts.join(", "))
}

/// Splits a statement at the arguments that it names: `:name`, outside of texts, quoted names and comments.
fn pieces(statement: &SqlStatement) -> Vec<Piece<'_>> {
    let sql = statement.text.as_str();
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        if let Some(length) = opaque_length(rest, statement.engine) {
            at += length;
            continue;
        }
        let name = rest.strip_prefix(':').map(word).unwrap_or_default();
        let found = statement.arguments.iter().find(|argument| !name.is_empty() && argument.name == name);
        if let Some(argument) = found {
            pieces.push(Piece::Text(&sql[from..at]));
            pieces.push(Piece::Argument(argument));
            from = at + 1 + name.len();
            at = from;
        } else {
            at += if rest.starts_with("::") { 2 } else { first.len_utf8() };
        }
    }
    pieces.push(Piece::Text(&sql[from..]));
    pieces
}

/// The name at the beginning of a text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// How far a text, a quoted name or a comment goes that begins here; what is never closed goes to the end.
fn opaque_length(rest: &str, engine: SqlEngine) -> Option<usize> {
    let to = |end: &str, skip: usize| Some(rest[skip..].find(end).map_or(rest.len(), |at| skip + at + end.len()));
    let first = rest.chars().next()?;
    match first {
        '\'' | '"' | '`' => Some(quoted_length(rest, first, engine)),
        '-' if rest.starts_with("--") => to("\n", 2),
        '#' if engine == SqlEngine::MySql => to("\n", 1),
        '/' if rest.starts_with("/*") => to("*/", 2),
        '$' if engine == SqlEngine::Postgres => {
            let tag = format!("${}$", word(&rest[1..]));
            if rest.starts_with(&tag) { to(&tag, tag.len()) } else { None }
        }
        _ => None,
    }
}

/// A doubled quote ends one text and begins the next, which comes to the same here.
fn quoted_length(rest: &str, quote: char, engine: SqlEngine) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && engine == SqlEngine::MySql {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests;
