//! The text of a template as a tree, and what breaks its grammar as problems.

use crate::base::document::{Fault, Language, duplicates};
use crate::error::{Code, Problem};

pub(super) use crate::base::document::{Content, Key, Node};

/// How deep maps and lists may be nested.
const DEEPEST: usize = 64;

/// Reads a text into its tree, or says where it breaks the grammar, or which keys stand twice in one map.
pub(super) fn read(text: &str, origin: &str) -> Result<Node, Vec<Problem>> {
    let root = crate::base::document::read(text, Language::of(text), DEEPEST).map_err(|fault| {
        let Fault { span, language, reason } = fault;
        let message = format!("the template is not {}: {reason}", language.name());
        vec![Problem::new(Code::AMP0312, message).at_span(origin, text, span)]
    })?;
    let twice = duplicates(&root).into_iter().map(|key| {
        let message = format!("the key `{}` stands twice in one map", key.text.escape_debug());
        Problem::new(Code::AMP0312, message).at_span(origin, text, key.span.clone())
    });
    let problems: Vec<Problem> = twice.collect();
    if problems.is_empty() { Ok(root) } else { Err(problems) }
}
