//! A value as YAML: block style, short forms of the intrinsic functions, quotes only where they are needed.

use std::fmt::Write;

use crate::cfn::parse::scalar;
use crate::cfn::{Intrinsic, Map, Value};

/// The value as a document, with a newline at the end.
pub(super) fn print(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Map(map) if !map.is_empty() => entries(&mut text, map, 0),
        Value::List(list) if !list.is_empty() => items(&mut text, list, 0),
        value => {
            inline_or_nested(&mut text, value, 0);
            return text.trim_start().to_owned();
        }
    }
    text
}

fn indent(text: &mut String, level: usize) {
    text.extend(std::iter::repeat_n("  ", level));
}

fn entries(text: &mut String, map: &Map, level: usize) {
    for (key, value) in map {
        indent(text, level);
        entry(text, key, value, level);
    }
}

fn entry(text: &mut String, key: &str, value: &Value, level: usize) {
    if needs_quotes(key) {
        quote(text, key);
    } else {
        text.push_str(key);
    }
    text.push(':');
    inline_or_nested(text, value, level + 1);
}

fn items(text: &mut String, list: &[Value], level: usize) {
    for item in list {
        indent(text, level);
        text.push('-');
        match item {
            // The first entry stands on the line of the dash.
            Value::Map(map) if !map.is_empty() => {
                let mut nested = String::new();
                entries(&mut nested, map, level + 1);
                text.push(' ');
                text.push_str(nested.trim_start_matches(' '));
            }
            Value::List(list) if !list.is_empty() => {
                let mut nested = String::new();
                items(&mut nested, list, level + 1);
                text.push(' ');
                text.push_str(nested.trim_start_matches(' '));
            }
            item => inline_or_nested(text, item, level + 1),
        }
    }
}

/// What follows `key:` or `-`: on the same line, or on lines below at `level`.
fn inline_or_nested(text: &mut String, value: &Value, level: usize) {
    match value {
        Value::Null => text.push_str(" null\n"),
        Value::Bool(flag) => {
            let _ = writeln!(text, " {flag}");
        }
        Value::Number(number) => {
            let _ = writeln!(text, " {number}");
        }
        Value::Text(content) => text_scalar(text, content, level),
        Value::List(list) if list.is_empty() => text.push_str(" []\n"),
        Value::List(list) => {
            text.push('\n');
            items(text, list, level);
        }
        Value::Map(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Map(map) => {
            text.push('\n');
            entries(text, map, level);
        }
        Value::Call(call) => call_form(text, call, level),
    }
}

fn call_form(text: &mut String, call: &Intrinsic, level: usize) {
    if let Intrinsic::GetAtt(resource, attribute) = call {
        text.push_str(" !GetAtt");
        return text_scalar(text, &format!("{resource}.{attribute}"), level);
    }
    let (name, argument) = call.long_form();
    if matches!(argument, Value::Call(_)) {
        // Two tags cannot stand on one node, so the outer one takes its long form.
        text.push('\n');
        indent(text, level);
        return entry(text, name, &argument, level);
    }
    let _ = write!(text, " !{}", name.strip_prefix("Fn::").unwrap_or(name));
    inline_or_nested(text, &argument, level);
}

fn text_scalar(text: &mut String, content: &str, level: usize) {
    text.push(' ');
    if is_block(content) {
        block(text, content, level);
    } else if needs_quotes(content) {
        quote(text, content);
        text.push('\n');
    } else {
        text.push_str(content);
        text.push('\n');
    }
}

/// Text of several lines that a literal block can hold exactly.
fn is_block(content: &str) -> bool {
    content.trim_end_matches('\n').contains('\n')
        && !content.starts_with([' ', '\n', '\t'])
        && content.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
        && content
            .lines()
            .all(|line| !line.ends_with([' ', '\t']) && !line.starts_with("---") && !line.starts_with("..."))
}

/// Characters that YAML allows outside quotes. Those beyond ASCII that end a line for some readers are left out.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}')
        || ('\u{10000}'..='\u{10ffff}').contains(&c)
}

fn block(text: &mut String, content: &str, level: usize) {
    let body = content.trim_end_matches('\n');
    let ends = content.len() - body.len();
    text.push_str(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in body.split('\n') {
        if !line.is_empty() {
            indent(text, level.max(1));
            text.push_str(line);
        }
        text.push('\n');
    }
    text.extend(std::iter::repeat_n('\n', ends.saturating_sub(1)));
}

/// Whether the text would be read as something else without quotes.
fn needs_quotes(content: &str) -> bool {
    // Words that older readers take for booleans, and dates and numbers of other readers, are quoted as well.
    let ambiguous = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| content.eq_ignore_ascii_case(word))
        || content.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '.'));
    ambiguous
        || !matches!(scalar(content), Value::Text(_))
        || content.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@`=< ".contains(c))
        || content.ends_with([' ', ':'])
        || content.contains(": ")
        || content.contains(" #")
        || !content.chars().all(is_printable)
}

fn quote(text: &mut String, content: &str) {
    if content.chars().all(is_printable) {
        let _ = write!(text, "'{}'", content.replace('\'', "''"));
        return;
    }
    text.push('"');
    for c in content.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if is_printable(c) => text.push(c),
            c if u32::from(c) <= 0xff => {
                let _ = write!(text, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) <= 0xffff => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(text, "\\U{:08x}", u32::from(c));
            }
        }
    }
    text.push('"');
}
