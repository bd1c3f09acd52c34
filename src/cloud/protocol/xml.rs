//! XML out and the little XML that requests carry in. Namespaces are dropped; entities beyond XML's five are refused.

use serde_json::Value;

/// The document's first line.
pub(in crate::cloud) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// How deep a document may be nested.
const DEPTH_LIMIT: usize = 32;

/// Text as it may stand in an element or attribute. Characters that XML cannot carry become `?`.
pub(in crate::cloud) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(letter),
            control if control < ' ' || matches!(control, '\u{fffe}' | '\u{ffff}') => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// An element with text.
pub(in crate::cloud) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// An element around ready XML.
pub(in crate::cloud) fn wrap(name: &str, inside: &[String]) -> String {
    format!("<{name}>{}</{name}>", inside.concat())
}

/// A JSON value as the content of an element. With `member`, lists are wrapped as the Query protocol does
/// (`<Tags><member>…`); without, an element is repeated, as REST-XML does.
pub(in crate::cloud) fn write(out: &mut String, name: &str, value: &Value, member: bool) {
    match value {
        Value::Null => {}
        // The entries of a map are repeated, with their keys and values.
        Value::Array(items) if member && name != "entry" => {
            let mut inside = String::new();
            for item in items {
                write(&mut inside, "member", item, member);
            }
            out.push_str(&wrap(name, &[inside]));
        }
        Value::Array(items) => {
            for item in items {
                write(out, name, item, member);
            }
        }
        Value::Object(fields) => {
            let mut inside = String::new();
            for (field, value) in fields {
                write(&mut inside, field, value, member);
            }
            out.push_str(&wrap(name, &[inside]));
        }
        Value::String(text) => out.push_str(&element(name, text)),
        Value::Bool(_) | Value::Number(_) => out.push_str(&element(name, &value.to_string())),
    }
}

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document is not well-formed XML: {0}")]
pub(in crate::cloud) struct XmlError(&'static str);

/// An element: its name without prefix, its children, its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cloud) struct Element {
    pub name: String,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The first child of that name.
    pub(in crate::cloud) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of that name.
    pub(in crate::cloud) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name.
    pub(in crate::cloud) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }
}

/// Reads a document. Document types are refused, so there is nothing to expand.
pub(in crate::cloud) fn parse(text: &str) -> Result<Element, XmlError> {
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(start) = rest.find('<') {
        add_text(&mut open, &rest[..start])?;
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = &after[after.find("-->").ok_or(XmlError("a comment is not closed"))? + 3..];
        } else if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let end = after.find("]]>").ok_or(XmlError("a CDATA section is not closed"))?;
            open.last_mut().ok_or(XmlError("text outside of an element"))?.text.push_str(&after[..end]);
            rest = &after[end + 3..];
        } else if rest.starts_with("<!") {
            return Err(XmlError("document types are not allowed"));
        } else {
            let end = rest.find('>').ok_or(XmlError("a tag is not closed"))?;
            tag(&mut open, &rest[1..end])?;
            rest = &rest[end + 1..];
        }
    }
    add_text(&mut open, rest)?;
    let mut root = open.pop().ok_or(XmlError("an element is closed twice"))?;
    if !open.is_empty() || root.children.len() != 1 || !root.text.trim().is_empty() {
        return Err(XmlError("there must be one element around everything"));
    }
    Ok(root.children.remove(0))
}

/// Opens or closes an element.
fn tag(open: &mut Vec<Element>, inside: &str) -> Result<(), XmlError> {
    if inside.starts_with('?') {
        return Ok(());
    }
    if let Some(name) = inside.strip_prefix('/') {
        let closed = open.pop().ok_or(XmlError("an element is closed twice"))?;
        if closed.name != local_name(name) {
            return Err(XmlError("elements are closed in another order than opened"));
        }
        open.last_mut().ok_or(XmlError("an element is closed twice"))?.children.push(closed);
        return Ok(());
    }
    let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
    let name = local_name(inside);
    if name.is_empty() {
        return Err(XmlError("a tag has no name"));
    }
    let element = Element { name, ..Element::default() };
    if empty {
        open.last_mut().ok_or(XmlError("text outside of an element"))?.children.push(element);
    } else if open.len() > DEPTH_LIMIT {
        return Err(XmlError("it is nested too deeply"));
    } else {
        open.push(element);
    }
    Ok(())
}

/// The name in a tag, without prefix and attributes.
fn local_name(tag: &str) -> String {
    let name = tag.split_whitespace().next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    let element = open.last_mut().ok_or(XmlError("text outside of an element"))?;
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        element.text.push_str(&rest[..start]);
        let end = rest[start..].find(';').ok_or(XmlError("an entity is not closed"))? + start;
        element.text.push(entity(&rest[start + 1..end])?);
        rest = &rest[end + 1..];
    }
    element.text.push_str(rest);
    Ok(())
}

fn entity(name: &str) -> Result<char, XmlError> {
    let number = name.strip_prefix("#x").map_or_else(
        || name.strip_prefix('#').and_then(|digits| digits.parse().ok()),
        |digits| u32::from_str_radix(digits, 16).ok(),
    );
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => number.and_then(char::from_u32).ok_or(XmlError("an entity is unknown")),
    }
}
