//! An expression, read once.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::catch_unwind;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::parser;

use super::super::cursor::SyntaxError;
use super::plain::Plain;
use super::{bounds, messages, walk};

/// An expression that can be evaluated many times.
#[derive(Debug)]
pub struct Expression {
    text: String,
    plain: Option<Plain>,
    tree: AstNode,
}

/// The inside of `{% … %}`, without blanks around it; `None` for a text that is no expression.
pub fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// What an expression refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Variables that it reads and does not bind itself, without the `$`.
    pub variables: BTreeSet<String>,
    /// Names that stand at the top level, where there is nothing: `phone`.
    pub top_level: Vec<String>,
    /// Whether it refers to `$` or `$$` at the top level.
    pub root: bool,
    /// The parts of `$states` that it reads: `input`, `result`, `errorOutput`, `context`.
    pub states: BTreeSet<String>,
}

impl Expression {
    /// Reads an expression: the text inside `{% %}`.
    pub fn compile(text: &str) -> Result<Self, SyntaxError> {
        let mut tree = read(text).map_err(|message| messages::syntax(text, &message))?;
        bounds::bound(&mut tree);
        Ok(Self { text: text.to_owned(), plain: Plain::read(text), tree })
    }

    /// As it was written, without `{%` and `%}`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its syntax tree.
    pub(super) fn tree(&self) -> &AstNode {
        &self.tree
    }

    /// The path that it is, when it is no more than that.
    pub(super) fn plain(&self) -> Option<&Plain> {
        self.plain.as_ref()
    }

    /// What it refers to.
    pub fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        look(&self.tree, true, &mut BTreeSet::new(), &mut survey);
        survey
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The syntax tree of a text, or the parser's message. A fault of the parser's own is a message too.
pub(super) fn read(text: &str) -> Result<AstNode, String> {
    match catch_unwind(|| parser::parse(text)) {
        Ok(parsed) => parsed.map_err(|error| error.to_string()),
        Err(_) => Err("S0201: Syntax error".to_owned()),
    }
}

/// Notes what `node` refers to. `top` tells whether names in it are looked up at the top level.
fn look(node: &AstNode, top: bool, bound: &mut BTreeSet<String>, survey: &mut Survey) {
    match node {
        AstNode::Name(name) if top => survey.top_level.push(name.clone()),
        AstNode::Variable(name) if name.is_empty() => survey.root |= top,
        AstNode::Variable(name) if name == "$" => survey.root = true,
        AstNode::ParentVariable(_) => survey.root = true,
        AstNode::Variable(name) => {
            if name != "states" && !bound.contains(name) {
                survey.variables.insert(name.clone());
            }
        }
        AstNode::Path { steps } => {
            let mut inner = top;
            for (index, step) in steps.iter().enumerate() {
                if let (0, AstNode::Variable(name), Some(next)) = (index, &step.node, steps.get(1))
                    && name == "states"
                    && let AstNode::Name(part) = &next.node
                {
                    survey.states.insert(part.clone());
                }
                look(&step.node, inner, bound, survey);
                inner = false;
                for filter in walk::filters(step) {
                    look(filter, false, bound, survey);
                }
            }
        }
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => {
            look(rhs, top, bound, survey);
            if let AstNode::Variable(name) = &**lhs {
                bound.insert(name.clone());
            }
        }
        AstNode::Lambda { params, body, .. } => {
            let mut within = bound.clone();
            within.extend(params.iter().cloned());
            look(body, top, &mut within, survey);
        }
        AstNode::Sort { input, terms } => {
            look(input, top, bound, survey);
            for (term, _) in terms {
                look(term, false, bound, survey);
            }
        }
        AstNode::ObjectTransform { input, pattern } => {
            look(input, top, bound, survey);
            for (key, value) in pattern {
                look(key, false, bound, survey);
                look(value, false, bound, survey);
            }
        }
        AstNode::Transform { location, update, delete } => {
            for part in [Some(location), Some(update), delete.as_ref()].into_iter().flatten() {
                look(part, false, bound, survey);
            }
        }
        other => {
            for part in walk::parts(other) {
                look(part, top, bound, survey);
            }
        }
    }
}
