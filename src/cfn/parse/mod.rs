//! CloudFormation text, YAML or JSON, to a [`Template`]; every problem at once, each with its place.
//!
//! Macros and the sections that need a server of their own (`Transform`, `Rules`, `Hooks`) are refused by name.

mod sections;
mod tree;
mod values;

use crate::error::Problem;

use super::{Template, Value};
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

/// Reads a text that is one value (a patch, a map of settings) rather than a template. The keys of the outermost map
/// come with their places.
///
/// # Errors
/// Every problem of the text.
pub(in crate::cfn) fn parse_value(text: &str, origin: &str) -> Result<(Value, Vec<KeyPlace>), Vec<Problem>> {
    let root = tree::read(text, origin)?;
    let mut reader = Reader { text, origin, problems: Vec::new() };
    let value = reader.value(&root);
    let mut places = Vec::new();
    note_places(&root, &mut Vec::new(), &mut places);
    if reader.problems.is_empty() { Ok((value, places)) } else { Err(reader.problems) }
}

/// The place of a key: the keys that lead to it, and its bytes.
pub(in crate::cfn) type KeyPlace = (Vec<String>, std::ops::Range<usize>);

fn note_places(node: &tree::Node, path: &mut Vec<String>, places: &mut Vec<KeyPlace>) {
    // Sections, logical ids and their attributes: deeper keys are named by these.
    if path.len() == 3 {
        return;
    }
    if let Content::Map(entries) = &node.content {
        for (key, value) in entries {
            path.push(key.text.clone());
            places.push((path.clone(), key.span.clone()));
            note_places(value, path, places);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests;
