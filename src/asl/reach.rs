//! Where states lead to: every target exists in its own branch, every state is reached, every branch can end, every
//! name is there once.
//!
//! It works on the text itself, so that it tells its part whatever else is wrong.

use indexmap::{IndexMap, IndexSet};

use super::Span;
use super::finding::{Finding, FindingCode};
use super::read::{Field, Object, Reader, head, join};
use crate::base::document::{Content, Node};
use crate::base::suggest::nearest;

/// A state, as far as its transitions go.
struct Outline<'n> {
    name: &'n str,
    location: String,
    span: Span,
    /// Whether its branch ends with it.
    ends: bool,
    /// The names that it leads to, each with its place.
    targets: Vec<(&'n str, String, Span)>,
}

/// Where a state of a name was seen before.
struct Seen {
    location: String,
    /// The branches that it is in, from the outermost.
    branches: Vec<usize>,
}

struct Reach<'r, 'n> {
    reader: &'r mut Reader,
    /// Every state of the machine, by name.
    seen: IndexMap<&'n str, Seen>,
    /// The branches that are being looked at, from the outermost, by number.
    branches: Vec<usize>,
    count: usize,
}

/// Looks at a whole machine.
pub(in crate::asl) fn reach(reader: &mut Reader, root: &Node) {
    let Content::Map(_) = &root.content else { return };
    let mut reach = Reach { reader, seen: IndexMap::new(), branches: Vec::new(), count: 0 };
    reach.branch(root, "/");
}

fn object<'n>(node: &'n Node, location: &str) -> Option<Object<'n>> {
    Object::of(node, location)
}

fn text<'n>(field: &Field<'n>) -> Option<&'n str> {
    match &field.node.content {
        Content::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

impl<'n> Reach<'_, 'n> {
    fn branch(&mut self, node: &'n Node, location: &str) {
        let Some(branch) = object(node, location) else { return };
        let Some(states) = branch.field("States").and_then(|field| object(field.node, &field.location)) else { return };
        self.count += 1;
        self.branches.push(self.count);
        let mut outlines: IndexMap<&'n str, Outline<'n>> = IndexMap::new();
        for field in states.fields() {
            self.name(&field);
            if let Some(outline) = outline(&field) {
                outlines.insert(field.name, outline);
            }
            self.inner(&field);
        }
        self.branches.pop();
        let start = branch.field("StartAt");
        let start =
            start.as_ref().and_then(|field| Some((text(field)?, field.location.clone(), field.node.span.clone())));
        self.targets(&outlines, start.as_ref());
        if outlines.is_empty() || outlines.len() < states.fields().count() {
            // What cannot be read leads nowhere that could be known.
            return;
        }
        if !outlines.values().any(|outline| outline.ends) {
            self.no_end(&branch, location);
        } else if let Some((start, ..)) = start {
            self.unreached(&outlines, start);
        }
    }

    /// The branches inside a state.
    fn inner(&mut self, field: &Field<'n>) {
        let Some(state) = object(field.node, &field.location) else { return };
        if let Some(items) = state.field("Branches").and_then(|branches| branches.items()) {
            for (location, node) in items {
                self.branch(node, &location);
            }
        }
        for name in ["ItemProcessor", "Iterator"] {
            if let Some(processor) = state.field(name) {
                self.branch(processor.node, &processor.location);
            }
        }
    }

    /// A name is there once in the whole machine.
    fn name(&mut self, field: &Field<'n>) {
        let Some(before) = self.seen.get(field.name) else {
            let seen = Seen { location: field.location.clone(), branches: self.branches.clone() };
            self.seen.insert(field.name, seen);
            return;
        };
        let nested = self.branches.starts_with(&before.branches) || before.branches.starts_with(&self.branches);
        let message = format!("Duplicate State name: {}", field.name);
        let finding = Finding::new(FindingCode::DuplicateStateName, &field.location, &field.key.span, message)
            .because(format!(
                "another state is named `{}`, at {}",
                field.name.escape_debug(),
                before.location.escape_debug()
            ))
            .hint("names are unique in the whole machine: give one of them another");
        // Branches beside each other never meet, so that nothing is ambiguous.
        self.reader.find(if nested { finding } else { finding.doubt() });
    }

    fn targets(&mut self, outlines: &IndexMap<&'n str, Outline<'n>>, start: Option<&(&'n str, String, Span)>) {
        let all = start.into_iter().chain(outlines.values().flat_map(|outline| &outline.targets));
        let missing: Vec<&(&str, String, Span)> = all.filter(|(name, ..)| !outlines.contains_key(name)).collect();
        for (name, location, span) in missing {
            let near = nearest(name, outlines.keys().copied());
            let elsewhere = self.seen.contains_key(name);
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if elsewhere => "a transition cannot leave its branch: end the branch here instead".to_owned(),
                None => format!("add a state `{name}`, or name one that is there"),
            };
            let reason = if elsewhere {
                format!("`{}` is in another branch", name.escape_debug())
            } else {
                format!("there is no state `{}`", name.escape_debug())
            };
            let message = format!("Missing 'Next' target: {name}");
            let finding = Finding::new(FindingCode::MissingTransitionTarget, location, span, message);
            self.reader.find(finding.because(reason).hint(hint));
        }
    }

    fn no_end(&mut self, branch: &Object<'_>, location: &str) {
        let finding =
            Finding::new(FindingCode::MissingEndState, location, &head(&branch.span), "Workflow has no terminal state")
                .because(match location {
                    "/" => "no state ends the machine".to_owned(),
                    _ => "no state ends the branch".to_owned(),
                })
                .hint("give a state `\"End\": true`, or add a Succeed or Fail state");
        self.reader.find(finding.nowhere());
    }

    fn unreached(&mut self, outlines: &IndexMap<&'n str, Outline<'n>>, start: &'n str) {
        let mut reached: IndexSet<&str> = IndexSet::from([start]);
        let mut at = 0;
        while let Some(name) = reached.get_index(at).copied() {
            at += 1;
            if let Some(outline) = outlines.get(name) {
                reached.extend(outline.targets.iter().map(|(name, ..)| *name));
            }
        }
        for outline in outlines.values().filter(|outline| !reached.contains(outline.name)) {
            let message = format!("State \"{}\" is not reachable.", outline.name);
            let finding = Finding::new(FindingCode::MissingTransitionTarget, &outline.location, &outline.span, message)
                .because(format!("nothing leads to `{}`", outline.name.escape_debug()))
                .hint("let another state lead to it, or remove it");
            self.reader.find(finding);
        }
    }
}

fn outline<'n>(field: &Field<'n>) -> Option<Outline<'n>> {
    let state = object(field.node, &field.location)?;
    let kind = state.field("Type").and_then(|kind| text(&kind)).unwrap_or_default();
    let end = state.field("End").and_then(|end| text(&end)) == Some("true");
    let mut targets = Vec::new();
    let mut target = |field: Option<Field<'n>>| {
        let found = field.and_then(|field| Some((text(&field)?, field.location.clone(), field.node.span.clone())));
        targets.extend(found);
    };
    match kind {
        "Succeed" | "Fail" => {}
        "Choice" => {
            let rules = state.field("Choices").and_then(|rules| rules.items()).unwrap_or_default();
            for (at, node) in rules {
                target(object(node, &at).and_then(|rule| rule.field("Next")));
            }
            target(state.field("Default"));
        }
        _ => target(state.field("Next")),
    }
    let catchers = state.field("Catch").and_then(|catch| catch.items()).unwrap_or_default();
    for (at, node) in catchers {
        target(object(node, &at).and_then(|catcher| catcher.field("Next")));
    }
    Some(Outline {
        name: field.name,
        location: join(field.location.rsplit_once('/').map_or("", |(above, _)| above), field.name),
        span: field.key.span.clone(),
        ends: end || matches!(kind, "Succeed" | "Fail"),
        targets,
    })
}
