//! Filters that quote a value for the language it lands in, so that a hostile name can never change the structure.
//!
//! | filter | gives |
//! | --- | --- |
//! | `yaml` | a YAML scalar on one line (lists and maps in flow style), plain where that is safe |
//! | `sub` | text for `!Sub` in which the value's own `${` stays as it is; pipe it on into `yaml` |
//! | `js` | a JavaScript literal on one line, strings in single quotes |
//! | `json` | JSON on one line; with `pretty=true` over several lines |
//! | `logical_id` | letters and digits alone, for CloudFormation's logical ids |
//! | `comment` | text on one line that cannot end a comment, in any of these languages |
//! | `indent` | text whose lines after the first are moved right by `width` (4 unless told) |
//!
//! The filters of tera itself are there as well; none of them quotes.

use serde_json::Value as Json;
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

/// Adds the filters to a tera.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("yaml", |value: Value, _: Kwargs, _: &State| Ok::<_, Error>(yaml(&data(&value)?)));
    tera.register_filter("js", |value: Value, _: Kwargs, _: &State| Ok::<_, Error>(js(&data(&value)?)));
    tera.register_filter("json", |value: Value, options: Kwargs, _: &State| -> TeraResult<String> {
        let pretty = options.get::<bool>("pretty")?.unwrap_or(false);
        let value = data(&value)?;
        Ok(if pretty { format!("{value:#}") } else { value.to_string() })
    });
    tera.register_filter("sub", |text: &str, _: Kwargs, _: &State| text.replace("${", "${!"));
    tera.register_filter("comment", |text: &str, _: Kwargs, _: &State| comment(text));
    tera.register_filter("logical_id", |text: &str, _: Kwargs, _: &State| {
        logical_id(text).ok_or_else(|| Error::message(format!("`{}` has no letter or digit", text.escape_debug())))
    });
    tera.register_filter("indent", |text: &str, options: Kwargs, _: &State| -> TeraResult<String> {
        Ok(indent(text, options.get::<u64>("width")?.unwrap_or(4)))
    });
}

/// A value of a template as plain data.
fn data(value: &Value) -> TeraResult<Json> {
    if value.is_undefined() {
        return Err(Error::message("the value is undefined"));
    }
    serde_json::to_value(value).map_err(|error| Error::message(format!("the value is not plain data: {error}")))
}

/// A YAML scalar or flow collection on one line.
pub fn yaml(value: &Json) -> String {
    match value {
        Json::String(text) if is_plain(text) => text.clone(),
        Json::String(text) if text.chars().all(is_printable) => format!("'{}'", text.replace('\'', "''")),
        Json::String(text) => yaml_escaped(text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(yaml).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", yaml(&Json::from(key.as_str())), yaml(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether every YAML reader takes the text for that same text without quotes, in any position.
fn is_plain(text: &str) -> bool {
    const RESERVED: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.trim_start_matches("./").starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| inner(c) || c == ' ')
        && !text.ends_with(' ')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a character may stand in a single-quoted scalar on one line.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// `\\u0007`. Characters that are not printable lie in the first plane, so four digits are enough.
fn escape(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

fn yaml_escaped(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_printable(c) => quoted.push(c),
            c => quoted += &escape(c),
        }
    }
    quoted + "\""
}

/// A JavaScript literal on one line.
pub fn js(value: &Json) -> String {
    match value {
        Json::String(text) => js_string(text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(js).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Json::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", js_key(key), js(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A property name: bare where it is a plain word. `__proto__` would set the prototype, so it is computed.
fn js_key(key: &str) -> String {
    let bare = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match key {
        "__proto__" => "['__proto__']".to_owned(),
        key if bare => key.to_owned(),
        key => js_string(key),
    }
}

fn js_string(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_printable(c) => quoted.push(c),
            c => quoted += &escape(c),
        }
    }
    quoted + "'"
}

/// Letters and digits of a text; a letter after anything else becomes a capital. `None` when nothing is left.
pub fn logical_id(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let id: String = words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect();
    (!id.is_empty()).then_some(id)
}

/// Text on one line that cannot end a comment.
pub fn comment(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    one_line.replace("*/", "* /")
}

fn indent(text: &str, width: u64) -> String {
    let space = " ".repeat(usize::try_from(width.min(80)).unwrap_or(0));
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |all, line| if line.is_empty() { all + "\n" } else { format!("{all}\n{space}{line}") })
}
