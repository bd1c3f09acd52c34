//! CloudFormation text, YAML or JSON, to a [`Template`]; every problem at once, each with its place.
//!
//! Macros and the sections that need a server of their own (`Transform`, `Rules`, `Hooks`) are refused by name.

mod sections;
mod tree;
mod values;

use crate::error::Problem;

use super::Template;
use tree::Content;
use values::Reader;

pub(in crate::cfn) use values::scalar;

/// Reads the text of a template. `origin` is the file that problems and resources name as their place.
///
/// # Errors
/// Every problem of the text: its grammar, unknown sections and attributes, intrinsic functions used wrongly. What
/// the references lead to is the business of [`check`](super::check::check).
pub fn parse(text: &str, origin: &str) -> Result<Template, Vec<Problem>> {
    let root = tree::read(text, origin)?;
    let mut reader = Reader { text, origin, problems: Vec::new() };
    let template = sections::template(&mut reader, &root);
    if reader.problems.is_empty() { Ok(template) } else { Err(reader.problems) }
}

/// A patch: its sections, and the text that it was read from, for places.
pub(in crate::cfn) struct PatchText<'a> {
    /// Each section, unread beyond its intrinsic functions.
    pub sections: super::Map,
    root: tree::Node,
    text: &'a str,
    origin: &'a str,
}

/// Reads a text that is part of a template.
///
/// # Errors
/// Every problem of its grammar and of its intrinsic functions.
pub(in crate::cfn) fn parse_patch<'a>(text: &'a str, origin: &'a str) -> Result<PatchText<'a>, Vec<Problem>> {
    let root = tree::read(text, origin)?;
    let mut reader = Reader { text, origin, problems: Vec::new() };
    let mut sections = super::Map::new();
    match &root.content {
        Content::Map(entries) => {
            for (key, node) in entries {
                let value = if key.text == "Conditions" { reader.condition(node) } else { reader.value(node) };
                sections.insert(key.text.clone(), value);
            }
        }
        _ => reader.problem(root.span.clone(), "a patch must be a map of sections: `Resources`, `Outputs`, …"),
    }
    if reader.problems.is_empty() { Ok(PatchText { sections, root, text, origin }) } else { Err(reader.problems) }
}

impl PatchText<'_> {
    /// The problem, at the deepest key of the patch that `path` leads through.
    pub(in crate::cfn) fn place(&self, problem: Problem, path: &[String]) -> Problem {
        let mut node = &self.root;
        let mut span = 0..1;
        for wanted in path {
            let Content::Map(entries) = &node.content else { break };
            let Some((key, value)) = entries.iter().find(|(key, _)| key.text == *wanted) else { break };
            span = key.span.clone();
            node = value;
        }
        Problem { location: None, excerpt: None, ..problem }.at_span(self.origin, self.text, span)
    }
}

/// The keys that lead to the byte `offset` of a text that can be read.
pub(in crate::cfn) fn path_at(text: &str, offset: usize) -> Vec<String> {
    let mut path = Vec::new();
    let Ok(root) = tree::read(text, "") else { return path };
    let mut node = &root;
    while let Content::Map(entries) = &node.content {
        let Some((key, value)) = entries.iter().rfind(|(key, _)| key.span.start <= offset) else { break };
        path.push(key.text.clone());
        node = value;
    }
    path
}

#[cfg(test)]
mod tests;
