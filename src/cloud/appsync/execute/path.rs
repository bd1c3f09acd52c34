//! Where a value stands in an answer, and nulls that rise to their parents.

use apollo_compiler::ast::Type;
use serde_json::Value;

/// A null that the parent cannot hold either; its error is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bubble;

/// Where a value stands in the answer.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    pub parent: Option<&'p Path<'p>>,
    pub segment: Segment<'p>,
}

#[derive(Clone, Copy)]
pub(super) enum Segment<'p> {
    Key(&'p str),
    Index(usize),
}

impl Path<'_> {
    pub(super) fn to_values(self) -> Vec<Value> {
        let mut values = self.parent.map(|parent| parent.to_values()).unwrap_or_default();
        values.push(match self.segment {
            Segment::Key(key) => key.into(),
            Segment::Index(index) => index.into(),
        });
        values
    }

    /// How many fields there are down to it.
    pub(super) fn depth(self) -> usize {
        let own = usize::from(matches!(self.segment, Segment::Key(_)));
        own + self.parent.map_or(0, |parent| parent.depth())
    }

    /// `/getPost/tags[0]`.
    pub(super) fn text(self) -> String {
        let before = self.parent.map(|parent| parent.text()).unwrap_or_default();
        match self.segment {
            Segment::Key(key) => format!("{before}/{key}"),
            Segment::Index(index) => format!("{before}[{index}]"),
        }
    }
}

/// Null, when the type takes it.
pub(super) fn null_for(kind: &Type) -> Result<Value, Bubble> {
    if kind.is_non_null() { Err(Bubble) } else { Ok(Value::Null) }
}
