//! YAML and JSON text as one kind of tree, with the place of every node.
//!
//! It knows nothing of CloudFormation. Scalars keep the text they were written with, so that `012345678901` stays an
//! account id.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::error::{Code, Problem};

/// How deep maps and lists may be nested; deeper text is refused before it can exhaust the stack.
const DEEPEST: usize = 64;

/// How many nodes aliases may stand for, so that a short text cannot become an endless tree.
const MOST_ALIASED: usize = 100_000;

/// A node of the text.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The bytes that it comes from.
    pub span: Range<usize>,
    /// `Sub` of `!Sub`.
    pub tag: Option<String>,
    pub content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// `plain`: written without quotes, so that it may mean null, a boolean or a number.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub text: String,
    pub span: Range<usize>,
}

/// Reads a text into its tree, or says where it breaks the grammar.
pub(super) fn read(text: &str, origin: &str) -> Result<Node, Vec<Problem>> {
    let root = if text.trim_start().starts_with('{') { json(text, origin) } else { Yaml::new(text, origin).read() };
    let root = root.map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    find_duplicates(&root, text, origin, &mut problems);
    if problems.is_empty() { Ok(root) } else { Err(problems) }
}

fn grammar_problem(text: &str, origin: &str, span: Range<usize>, language: &str, reason: &str) -> Problem {
    let mut reason = reason.trim().to_owned();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Problem::new(Code::AMP0312, format!("the template is not {language}: {reason}")).at_span(origin, text, span)
}

/// Reports every key that stands twice in one map.
fn find_duplicates(node: &Node, text: &str, origin: &str, problems: &mut Vec<Problem>) {
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(list) => list.iter().for_each(|item| find_duplicates(item, text, origin, problems)),
        Content::Map(entries) => {
            let mut seen = BTreeSet::new();
            for (key, value) in entries {
                if !seen.insert(key.text.as_str()) {
                    let message = format!("the key `{}` stands twice in one map", key.text.escape_debug());
                    problems.push(Problem::new(Code::AMP0312, message).at_span(origin, text, key.span.clone()));
                }
                find_duplicates(value, text, origin, problems);
            }
        }
    }
}

fn json(text: &str, origin: &str) -> Result<Node, Problem> {
    let options = ParseOptions {
        allow_comments: false,
        allow_trailing_commas: false,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| {
        let range = error.range();
        grammar_problem(text, origin, range.start..range.end, "JSON", &error.kind().to_string())
    })?;
    match parsed.value {
        Some(value) => json_node(value, 0)
            .ok_or_else(|| grammar_problem(text, origin, 0..1, "JSON", "maps and lists are nested too deeply")),
        None => Err(grammar_problem(text, origin, 0..0, "JSON", "it is empty")),
    }
}

/// `None` when it is nested too deeply.
fn json_node(value: ast::Value<'_>, depth: usize) -> Option<Node> {
    if depth > DEEPEST {
        return None;
    }
    let plain = |text: &str| Content::Scalar { text: text.to_owned(), plain: true };
    let (range, content) = match value {
        ast::Value::StringLit(node) => (node.range, Content::Scalar { text: node.value.into_owned(), plain: false }),
        ast::Value::NumberLit(node) => (node.range, plain(node.value)),
        ast::Value::BooleanLit(node) => (node.range, plain(if node.value { "true" } else { "false" })),
        ast::Value::NullKeyword(node) => (node.range, plain("null")),
        ast::Value::Array(node) => {
            let list = node.elements.into_iter().map(|item| json_node(item, depth + 1)).collect::<Option<_>>()?;
            (node.range, Content::List(list))
        }
        ast::Value::Object(node) => {
            let entry = |property: ast::ObjectProp<'_>| {
                let name = property.range.start;
                let span = match &property.name {
                    ast::ObjectPropName::String(name) => name.range.start..name.range.end,
                    ast::ObjectPropName::Word(word) => word.range.start..word.range.end,
                };
                let key = Key { span: span.start.max(name)..span.end, text: property.name.into_string() };
                Some((key, json_node(property.value, depth + 1)?))
            };
            (node.range, Content::Map(node.properties.into_iter().map(entry).collect::<Option<_>>()?))
        }
    };
    Some(Node { span: range.start..range.end, tag: None, content })
}

/// A collection that is still being read.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Key>,
}

/// Builds the tree of a YAML text from the parser's events.
struct Yaml<'a> {
    text: &'a str,
    origin: &'a str,
    /// The byte at which each character begins; empty when every character is one byte.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    root: Option<Node>,
}

impl<'a> Yaml<'a> {
    fn new(text: &'a str, origin: &'a str) -> Self {
        let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(byte, _)| byte).collect() };
        Self { text, origin, offsets, open: Vec::new(), anchors: BTreeMap::new(), aliased: 0, root: None }
    }

    fn read(mut self) -> Result<Node, Problem> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.map_err(|error| {
                let place = self.byte(error.marker().index());
                self.problem(place..place, error.info())
            })?;
            self.take(event, span)?;
        }
        match self.root.take() {
            Some(root) => Ok(root),
            None => Err(self.problem(0..0, "it is empty")),
        }
    }

    fn byte(&self, index: usize) -> usize {
        if self.offsets.is_empty() {
            index.min(self.text.len())
        } else {
            self.offsets.get(index).copied().unwrap_or(self.text.len())
        }
    }

    fn problem(&self, span: Range<usize>, reason: &str) -> Problem {
        grammar_problem(self.text, self.origin, span, "YAML", reason)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let place = self.byte(span.start.index())..self.byte(span.end.index());
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.problem(place, "a template is one document, here begins another"))
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.to_string());
                let content = Content::Scalar {
                    plain: style == ScalarStyle::Plain && tag.as_deref() != Some("tag:yaml.org,2002:!str"),
                    text: text.into_owned(),
                };
                self.put(Node { span: place, tag: local_tag(tag), content }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.push(place, tag.map(|tag| tag.to_string()), Content::List(Vec::new()), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.push(place, tag.map(|tag| tag.to_string()), Content::Map(Vec::new()), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let mut node = open.node;
                node.span.end = place.start.max(node.span.start);
                self.put(node, open.anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.problem(place, "an alias stands inside the node that it names"));
                };
                self.aliased += count(&node);
                if self.aliased > MOST_ALIASED {
                    return Err(self.problem(place, "its aliases stand for too many values"));
                }
                self.put(node, 0)
            }
        }
    }

    fn push(
        &mut self,
        span: Range<usize>,
        tag: Option<String>,
        content: Content,
        anchor: usize,
    ) -> Result<(), Problem> {
        if self.open.len() >= DEEPEST {
            return Err(self.problem(span, "maps and lists are nested too deeply"));
        }
        self.open.push(Open { node: Node { span, tag: local_tag(tag), content }, anchor, key: None });
        Ok(())
    }

    /// Puts a finished node where it belongs: as the root, an item, a key or a value.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let depth = self.open.len() + height(&node);
        if depth > DEEPEST {
            return Err(self.problem(node.span, "maps and lists are nested too deeply"));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.node.content {
            Content::List(list) => list.push(node),
            Content::Map(entries) => match parent.key.take() {
                Some(key) => entries.push((key, node)),
                None => match node {
                    Node { content: Content::Scalar { text, .. }, span, tag: None } => {
                        parent.key = Some(Key { text, span });
                    }
                    node => return Err(self.problem(node.span, "a key must be plain text")),
                },
            },
            Content::Scalar { .. } => {}
        }
        Ok(())
    }
}

/// `Sub` of `!Sub`; the tags of YAML's own types (`!!str`) are none of ours.
fn local_tag(tag: Option<String>) -> Option<String> {
    tag.and_then(|tag| tag.strip_prefix('!').map(str::to_owned))
}

fn count(node: &Node) -> usize {
    1 + match &node.content {
        Content::Scalar { .. } => 0,
        Content::List(list) => list.iter().map(count).sum(),
        Content::Map(entries) => entries.iter().map(|(_, value)| count(value)).sum(),
    }
}

fn height(node: &Node) -> usize {
    match &node.content {
        Content::Scalar { .. } => 0,
        Content::List(list) => 1 + list.iter().map(height).max().unwrap_or(0),
        Content::Map(entries) => 1 + entries.iter().map(|(_, value)| height(value)).max().unwrap_or(0),
    }
}
