//! A graph as a Mermaid flowchart, which Markdown on many sites renders.

use std::fmt::Write as _;

use super::graph::{EdgeKind, Graph, NodeKind};
use super::{Progress, Status};

/// The colours of the console: fill and line.
const COLOURS: [(Status, &str, &str); 5] = [
    (Status::InProgress, "#dbeafe", "#2563eb"),
    (Status::Succeeded, "#dcfce7", "#16a34a"),
    (Status::Failed, "#fee2e2", "#dc2626"),
    (Status::Caught, "#ffedd5", "#ea580c"),
    (Status::Aborted, "#f3f4f6", "#6b7280"),
];

struct Chart<'p> {
    text: String,
    progress: &'p Progress,
    marked: Vec<(String, Status)>,
}

/// Draws a graph.
pub(super) fn draw(graph: &Graph, progress: &Progress) -> String {
    let mut chart = Chart { text: "flowchart TD\n".to_owned(), progress, marked: Vec::new() };
    chart.graph(graph, "s", 1);
    for (status, fill, line) in COLOURS {
        let ids: Vec<&str> =
            chart.marked.iter().filter(|(_, found)| *found == status).map(|(id, _)| id.as_str()).collect();
        if !ids.is_empty() {
            let name = status.name().replace('-', "");
            // Writing to a text cannot fail.
            let _ = writeln!(chart.text, "  classDef {name} fill:{fill},stroke:{line},color:#111827");
            let _ = writeln!(chart.text, "  class {} {name}", ids.join(","));
        }
    }
    chart.text
}

impl Chart<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.text, "{:width$}{text}", "", width = depth * 2);
    }

    fn graph(&mut self, graph: &Graph, prefix: &str, depth: usize) {
        for (index, node) in graph.nodes.iter().enumerate() {
            let id = format!("{prefix}{index}");
            let mark = self.progress.get(&node.name).filter(|_| !matches!(node.kind, NodeKind::Start | NodeKind::End));
            let note = mark.and_then(|mark| mark.note.as_deref()).map(|note| format!("<br/>{}", quoted(note)));
            let name = format!("{}{}", quoted(&node.name), note.unwrap_or_default());
            if let Some(mark) = mark {
                self.marked.push((id.clone(), mark.status));
            }
            match &node.kind {
                NodeKind::Start | NodeKind::End => self.line(depth, &format!("{id}(({name}))")),
                NodeKind::State("Choice") => self.line(depth, &format!("{id}{{\"{name}\"}}")),
                NodeKind::State("Succeed" | "Fail") => self.line(depth, &format!("{id}([\"{name}\"])")),
                NodeKind::State("Wait") => self.line(depth, &format!("{id}(\"{name}\")")),
                NodeKind::State(_) => self.line(depth, &format!("{id}[\"{name}\"]")),
                NodeKind::Container(kind, branches) => {
                    self.line(depth, &format!("subgraph {id}[\"{kind}: {name}\"]"));
                    self.line(depth + 1, "direction TB");
                    for (number, branch) in branches.iter().enumerate() {
                        self.graph(branch, &format!("{id}b{number}_"), depth + 1);
                    }
                    self.line(depth, "end");
                    self.line(depth, &format!("style {id} stroke-dasharray: 5 5"));
                }
            }
            for label in &node.loops {
                self.line(depth, &format!("{id} -->|\"{}\"| {id}", quoted(label)));
            }
        }
        for edge in &graph.edges {
            let arrow = if edge.kind == EdgeKind::Catch { "-.->" } else { "-->" };
            let label = edge.label.as_ref().map(|label| format!("|\"{}\"|", quoted(label))).unwrap_or_default();
            self.line(depth, &format!("{prefix}{} {arrow}{label} {prefix}{}", edge.from, edge.to));
        }
    }
}

/// A text in quotes: what means something to Mermaid or to HTML is written by its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | ';' | '`' | '{' | '}' | '[' | ']' | '|' | '\\' => {
                let _ = write!(quoted, "#{};", u32::from(c));
            }
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}
