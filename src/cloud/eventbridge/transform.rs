//! What a target gets of an event: all of it, a part, a constant, or a text made from parts.
//!
//! Source: "Amazon EventBridge input transformation" of the EventBridge guide.

use std::collections::BTreeMap;

use serde_json::Value;

use super::records::Target;

/// What the target gets; events are JSON texts when they are sent.
pub(super) fn input(target: &Target, event: &Value, rule: &RuleFacts<'_>) -> String {
    if let Some(input) = &target.input {
        return input.clone();
    }
    if let Some(path) = &target.input_path {
        return find(event, path).map_or_else(|| "null".to_owned(), Value::to_string);
    }
    match &target.transformer {
        Some(transformer) => fill(&transformer.template, &transformer.paths, event, rule),
        None => event.to_string(),
    }
}

/// What templates may say of the rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuleFacts<'a> {
    pub arn: &'a str,
    pub name: &'a str,
    /// When the event came in, ISO 8601.
    pub ingestion_time: &'a str,
}

/// The value at a path like `$.detail.items[0].name`, `$.detail['a.b']`.
pub(super) fn find<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    steps(path)?.iter().try_fold(event, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

/// The steps of a path; none when it is no path.
pub(super) fn steps(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let end = after.find("']")?;
            steps.push(after[..end].to_owned());
            rest = &after[end + 2..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']')?;
            after[..end].parse::<usize>().ok()?;
            steps.push(after[..end].to_owned());
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(after[..end].to_owned());
            rest = &after[end..];
        }
    }
    Some(steps)
}

/// A template with the names between `<` and `>` filled in. Inside of quotes a text stands without its own quotes, other
/// values as JSON with theirs escaped; outside of quotes values stand as JSON.
fn fill(template: &str, paths: &BTreeMap<String, String>, event: &Value, rule: &RuleFacts<'_>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    let mut quoted = false;
    while let Some(letter) = rest.chars().next() {
        let name = rest.strip_prefix('<').and_then(|after| after.split_once('>'));
        let value = name.and_then(|(name, after)| Some((value(name, paths, event, rule)?, after)));
        if let Some((value, after)) = value {
            filled.push_str(&match (&value, quoted) {
                (Some(Value::String(text)), true) => inside(text),
                (Some(value), true) => inside(&value.to_string()),
                (Some(value), false) => value.to_string(),
                (None, true) => String::new(),
                (None, false) => "\"\"".to_owned(),
            });
            rest = after;
            continue;
        }
        if letter == '\\' {
            let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
            filled.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        quoted ^= letter == '"';
        filled.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    filled
}

/// A text as it stands between quotes.
fn inside(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The value of a name: nothing when the name is none, `Some(None)` when there is no value.
#[expect(clippy::option_option, reason = "no such name, and a name without a value, are two things")]
fn value(name: &str, paths: &BTreeMap<String, String>, event: &Value, rule: &RuleFacts<'_>) -> Option<Option<Value>> {
    match name {
        "aws.events.rule-arn" => Some(Some(Value::from(rule.arn))),
        "aws.events.rule-name" => Some(Some(Value::from(rule.name))),
        "aws.events.event.ingestion-time" => Some(Some(Value::from(rule.ingestion_time))),
        "aws.events.event" | "aws.events.event.json" => Some(Some(event.clone())),
        _ => paths.get(name).map(|path| find(event, path).cloned()),
    }
}
