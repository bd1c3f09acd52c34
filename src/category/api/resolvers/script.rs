//! Small pieces of JavaScript that hold names: every name is quoted here, nowhere else.

use serde_json::Value;

use crate::render::filters::js;

/// A string literal.
pub(super) fn text(value: &str) -> String {
    js(&Value::from(value))
}

/// An array of string literals.
pub(super) fn list(values: &[String]) -> String {
    js(&Value::from(values))
}

/// `base.name`, or `base['name']` where the name is no plain word.
pub(super) fn member(base: &str, name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!("{base}.{name}") } else { format!("{base}[{}]", text(name)) }
}

/// A test whether the variable `field` is one of these names.
pub(super) fn is_one_of(names: &[String]) -> String {
    match names {
        [one] => format!("field === {}", text(one)),
        many => format!("{}.includes(field)", list(many)),
    }
}

/// A property name in an object literal, or an element name in one.
pub(super) fn key(name: &str) -> String {
    let object = js(&serde_json::json!({ name: null }));
    object.trim_start_matches("{ ").trim_end_matches(": null }").to_owned()
}

/// One empty line at most, and none after an opening or before a closing brace.
pub(super) fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let last = lines.last().copied().unwrap_or_default();
        if line.is_empty() && (last.is_empty() || last.ends_with('{')) {
            continue;
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}
