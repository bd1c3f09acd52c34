//! The access matrix as tables: callers in rows, operations in columns, fields that are treated otherwise below.

use std::fmt;

use indexmap::IndexMap;

use crate::ops::access::AccessReport;
use crate::ops::{ApiAccess, Cell, CellAccess, FieldAccess, ModelAccess, Row, Verb};
use crate::ui::report::{Paper, Report};
use crate::ui::style::Tone;

impl Report for AccessReport {
    const SCHEMA: &'static str = "ampup.api-access/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        for (position, api) in self.apis.iter().enumerate() {
            if position > 0 {
                paper.blank()?;
            }
            let name = paper.paint(Tone::Strong, &api.api);
            paper.line(format_args!("{name}: callers by {}", api.access.modes.join(", ")))?;
            for model in &api.access.models {
                paper.blank()?;
                of_model(paper, model)?;
            }
            of_custom_fields(paper, &api.access)?;
            of_files(paper, &api.access)?;
        }
        paper.blank()?;
        paper.line("yes: allowed; some: not every field, see below; own: where it becomes the caller's own item; -: answered without the item; file: your resolver file decides; no: refused")
    }
}

fn of_model(paper: &mut Paper<'_>, model: &ModelAccess) -> fmt::Result {
    let heads: Vec<&str> = model
        .columns
        .iter()
        .map(|column| if column.operation == Verb::Query { column.field.as_str() } else { verb(column.operation) })
        .collect();
    let name = paper.paint(Tone::Strong, &model.model);
    paper.line(name)?;
    let labels: Vec<String> = model.rows.iter().map(|row| row.identity.label()).collect();
    let rows: Vec<Vec<&str>> = model.rows.iter().map(|row| row.cells.iter().map(word).collect()).collect();
    table(paper, &heads, &labels, &rows)?;
    for (row, label) in model.rows.iter().zip(&labels) {
        exceptions(paper, row, label, &heads)?;
    }
    Ok(())
}

const EXCEPTIONS: [(FieldAccess, &str); 3] =
    [(FieldAccess::Refused, "not"), (FieldAccess::KeepOnly, "may not clear"), (FieldAccess::Own, "of its own items")];

/// The fields of a caller's operations that are treated otherwise; operations with the same fields share a line.
fn exceptions(paper: &mut Paper<'_>, row: &Row, label: &str, heads: &[&str]) -> fmt::Result {
    let mut lines: IndexMap<String, Vec<&str>> = IndexMap::new();
    for (cell, head) in row.cells.iter().zip(heads) {
        for (access, words) in EXCEPTIONS {
            let fields = cell.fields.iter().filter(|(_, found)| **found == access);
            let fields: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
            if !fields.is_empty() {
                lines.entry(format!("{words} {}", fields.join(", "))).or_default().push(head);
            }
        }
    }
    for (words, heads) in lines {
        paper.line(format_args!("  {label}, {}: {words}", heads.join(", ")))?;
    }
    Ok(())
}

fn of_custom_fields(paper: &mut Paper<'_>, access: &ApiAccess) -> fmt::Result {
    let Some(first) = access.custom.first() else { return Ok(()) };
    paper.blank()?;
    let name = paper.paint(Tone::Strong, "Your own fields");
    paper.line(name)?;
    let heads: Vec<String> = access.custom.iter().map(|field| format!("{}.{}", field.type_name, field.field)).collect();
    let labels: Vec<String> = first.rows.iter().map(|row| row.identity.label()).collect();
    let rows: Vec<Vec<&str>> = (0..labels.len())
        .map(|position| access.custom.iter().map(|field| plain(field.rows[position].access)).collect())
        .collect();
    table(paper, &heads.iter().map(String::as_str).collect::<Vec<_>>(), &labels, &rows)
}

/// The fields that the user's files answer, and whether rules are checked before them.
fn of_files(paper: &mut Paper<'_>, access: &ApiAccess) -> fmt::Result {
    if access.files.is_empty() {
        return Ok(());
    }
    paper.blank()?;
    let name = paper.paint(Tone::Strong, "Answered by your files");
    paper.line(name)?;
    for own in &access.files {
        let checks = if own.checked { "the rules of the field are checked first" } else { "its checks alone count" };
        paper.line(format_args!("  {}.{}: {}, {checks}", own.type_name, own.field, own.file))?;
    }
    Ok(())
}

/// Names to the left, heads on top, every column as wide as its widest word.
fn table(paper: &mut Paper<'_>, heads: &[&str], labels: &[String], rows: &[Vec<&str>]) -> fmt::Result {
    let left = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = heads.iter().map(|head| head.chars().count().max(4)).collect();
    let line = |label: &str, words: Vec<String>| format!("  {label:left$}  {}", words.join("  ")).trim_end().to_owned();
    let words = heads.iter().zip(&widths).map(|(head, width)| paper.paint(Tone::Faint, &format!("{head:width$}")));
    let head = line("", words.collect());
    paper.line(head)?;
    for (label, row) in labels.iter().zip(rows) {
        let words = row.iter().zip(&widths).map(|(word, width)| paper.paint(tone(word), &format!("{word:width$}")));
        let row = line(label, words.collect());
        paper.line(row)?;
    }
    Ok(())
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Sync => "sync",
        Verb::Search => "search",
        Verb::Query => "query",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::OnCreate => "onCreate",
        Verb::OnUpdate => "onUpdate",
        Verb::OnDelete => "onDelete",
    }
}

fn word(cell: &Cell) -> &'static str {
    if cell.access == CellAccess::Allowed && !cell.fields.is_empty() { "some" } else { plain(cell.access) }
}

fn plain(access: CellAccess) -> &'static str {
    match access {
        CellAccess::Allowed => "yes",
        CellAccess::Own => "own",
        CellAccess::Hidden => "-",
        CellAccess::File => "file",
        CellAccess::Refused => "no",
    }
}

fn tone(word: &str) -> Tone {
    match word {
        "yes" => Tone::Good,
        "some" | "own" | "file" => Tone::Warn,
        "no" => Tone::Bad,
        _ => Tone::Faint,
    }
}
