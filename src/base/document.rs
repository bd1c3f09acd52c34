//! YAML and JSON text as one kind of tree, with the bytes of every node.
//!
//! It knows nothing of what the text means. Scalars keep the text they were written with, so that `012345678901` stays
//! an account id.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// What a text is refused for that is nested too deeply.
const TOO_DEEP: &str = "maps and lists are nested too deeply";

/// How many nodes aliases may stand for, so that a short text cannot become an endless tree.
const MOST_ALIASED: usize = 100_000;

/// A node of the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The bytes that it comes from.
    pub span: Range<usize>,
    /// `Sub` of `!Sub`.
    pub tag: Option<String>,
    pub content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
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
pub(crate) struct Key {
    pub text: String,
    pub span: Range<usize>,
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// The language that the text was read as.
    pub language: Language,
    /// Why, as the parser says it.
    pub reason: String,
}

/// The languages of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Json,
    Yaml,
}

impl Language {
    /// What a text is written in: JSON when it begins like an object.
    pub(crate) fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Self::Json } else { Self::Yaml }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        }
    }
}

/// Reads a text into its tree, or says where it breaks the grammar. Maps and lists may be nested `deepest` levels;
/// deeper text is refused before it can exhaust the stack.
///
/// # Errors
/// The first breach of the grammar.
pub(crate) fn read(text: &str, language: Language, deepest: usize) -> Result<Node, Fault> {
    match language {
        Language::Json => json(text, deepest),
        Language::Yaml => Yaml::new(text, deepest).read(),
    }
}

/// Every key that stands twice in one map, in the order of the text.
pub(crate) fn duplicates(node: &Node) -> Vec<&Key> {
    let mut found = Vec::new();
    find_duplicates(node, &mut found);
    found
}

fn find_duplicates<'n>(node: &'n Node, found: &mut Vec<&'n Key>) {
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(list) => list.iter().for_each(|item| find_duplicates(item, found)),
        Content::Map(entries) => {
            let mut seen = BTreeSet::new();
            for (key, value) in entries {
                if !seen.insert(key.text.as_str()) {
                    found.push(key);
                }
                find_duplicates(value, found);
            }
        }
    }
}

fn fault(span: Range<usize>, language: Language, reason: &str) -> Fault {
    let mut reason = reason.trim().to_owned();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Fault { span, language, reason }
}

fn json(text: &str, deepest: usize) -> Result<Node, Fault> {
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
        fault(range.start..range.end, Language::Json, &error.kind().to_string())
    })?;
    match parsed.value {
        Some(value) => json_node(value, deepest + 1).ok_or_else(|| fault(0..1, Language::Json, TOO_DEEP)),
        None => Err(fault(0..0, Language::Json, "it is empty")),
    }
}

/// `None` when it is nested too deeply.
fn json_node(value: ast::Value<'_>, levels: usize) -> Option<Node> {
    let below = levels.checked_sub(1)?;
    let plain = |text: &str| Content::Scalar { text: text.to_owned(), plain: true };
    let (range, content) = match value {
        ast::Value::StringLit(node) => (node.range, Content::Scalar { text: node.value.into_owned(), plain: false }),
        ast::Value::NumberLit(node) => (node.range, plain(node.value)),
        ast::Value::BooleanLit(node) => (node.range, plain(if node.value { "true" } else { "false" })),
        ast::Value::NullKeyword(node) => (node.range, plain("null")),
        ast::Value::Array(node) => {
            let list = node.elements.into_iter().map(|item| json_node(item, below)).collect::<Option<_>>()?;
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
                Some((key, json_node(property.value, below)?))
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
    deepest: usize,
    /// The byte at which each character begins; empty when every character is one byte.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    root: Option<Node>,
}

impl<'a> Yaml<'a> {
    fn new(text: &'a str, deepest: usize) -> Self {
        let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(byte, _)| byte).collect() };
        Self { text, deepest, offsets, open: Vec::new(), anchors: BTreeMap::new(), aliased: 0, root: None }
    }

    fn read(mut self) -> Result<Node, Fault> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.map_err(|error| {
                let place = self.byte(error.marker().index());
                fault(place..place, Language::Yaml, error.info())
            })?;
            self.take(event, span)?;
        }
        match self.root.take() {
            Some(root) => Ok(root),
            None => Err(yaml_fault(0..0, "it is empty")),
        }
    }

    fn byte(&self, index: usize) -> usize {
        if self.offsets.is_empty() {
            index.min(self.text.len())
        } else {
            self.offsets.get(index).copied().unwrap_or(self.text.len())
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let place = self.byte(span.start.index())..self.byte(span.end.index());
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(yaml_fault(place, "a text is one document, here begins another"))
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
                    return Err(yaml_fault(place, "an alias stands inside the node that it names"));
                };
                self.aliased += count(&node);
                if self.aliased > MOST_ALIASED {
                    return Err(yaml_fault(place, "its aliases stand for too many values"));
                }
                self.put(node, 0)
            }
        }
    }

    fn push(&mut self, span: Range<usize>, tag: Option<String>, content: Content, anchor: usize) -> Result<(), Fault> {
        if self.open.len() >= self.deepest {
            return Err(yaml_fault(span, TOO_DEEP));
        }
        self.open.push(Open { node: Node { span, tag: local_tag(tag), content }, anchor, key: None });
        Ok(())
    }

    /// Puts a finished node where it belongs: as the root, an item, a key or a value.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let depth = self.open.len() + height(&node);
        if depth > self.deepest {
            return Err(yaml_fault(node.span, TOO_DEEP));
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
                    node => return Err(yaml_fault(node.span, "a key must be plain text")),
                },
            },
            Content::Scalar { .. } => {}
        }
        Ok(())
    }
}

fn yaml_fault(span: Range<usize>, reason: &str) -> Fault {
    fault(span, Language::Yaml, reason)
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
