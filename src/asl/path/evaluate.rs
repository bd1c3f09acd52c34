//! From path and values to a value.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::super::scope::Scope;
use super::{Function, Path, Root, Step};

/// As many places as one path may visit at a time, so that `$..*..*` cannot exhaust memory.
const MAX_PLACES: usize = 200_000;

/// A definite path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Why, in the words of the service's library.
    pub reason: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Missing {}

impl Path {
    /// What the path yields: the value of a definite path, a list for any other.
    pub fn evaluate<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, Missing> {
        let start = match &self.root {
            Root::Input | Root::Current => scope.input,
            Root::Context => scope.context,
            Root::Variable(name) => scope
                .variables
                .get(name)
                .ok_or_else(|| Missing { reason: format!("No results for path: $['{name}']") })?,
        };
        self.from(start, start)
    }

    /// What the path yields from `current`, with `top` as the `$` of its filters.
    pub(super) fn from<'a>(&self, current: &'a Value, top: &'a Value) -> Result<Cow<'a, Value>, Missing> {
        if self.is_definite() {
            return self.definite(current);
        }
        let mut places = vec![Cow::Borrowed(current)];
        for step in &self.steps {
            let mut next = Vec::new();
            for place in places {
                spread(step, place, top, &mut next);
                if next.len() > MAX_PLACES {
                    return Err(Missing { reason: format!("more than {MAX_PLACES} places match {}", self.text) });
                }
            }
            places = next;
        }
        Ok(Cow::Owned(Value::Array(places.into_iter().map(Cow::into_owned).collect())))
    }

    fn definite<'a>(&self, start: &'a Value) -> Result<Cow<'a, Value>, Missing> {
        let mut place = Cow::Borrowed(start);
        for (index, step) in self.steps.iter().enumerate() {
            place = match (step, place) {
                (Step::Fields(names), place) => Cow::Owned(picked(names, &place)),
                (step, Cow::Borrowed(value)) => one(step, value).ok_or_else(|| self.missing(index, value))?,
                (step, Cow::Owned(value)) => {
                    let found = one(step, &value).map(Cow::into_owned);
                    Cow::Owned(found.ok_or_else(|| self.missing(index, &value))?)
                }
            };
        }
        Ok(place)
    }

    /// Why step `index` of a definite path finds nothing in `value`.
    fn missing(&self, index: usize, value: &Value) -> Missing {
        let before = self.spelt(index);
        let reason = match (&self.steps[index], value) {
            (Step::Field(_), Value::Object(_)) if index + 1 < self.steps.len() => {
                format!("Missing property in path {}", self.spelt(index + 1))
            }
            (Step::Field(_), Value::Object(_)) => format!("No results for path: {}", self.spelt(self.steps.len())),
            (Step::Field(name), other) => format!(
                "Expected to find an object with property ['{name}'] in path {before} but found '{}'. This is not a json \
                 object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
                node(other)
            ),
            (Step::Index(at), other) if !other.is_array() => {
                format!("Filter: [{at}] can only be applied to arrays. Current context is: {other}")
            }
            _ => format!("No results for path: {}", self.spelt(self.steps.len())),
        };
        Missing { reason }
    }

    /// The first `count` steps in brackets.
    fn spelt(&self, count: usize) -> String {
        let mut text = "$".to_owned();
        for step in self.steps.iter().take(count) {
            // Writing to a text cannot fail.
            let _ = match step {
                Step::Field(name) => write!(text, "['{name}']"),
                Step::Index(at) => write!(text, "[{at}]"),
                Step::Fields(names) => write!(text, "['{}']", names.join("','")),
                Step::Function(Function::Length) => write!(text, ".length()"),
                Step::Function(Function::Fruitless(name)) => write!(text, ".{name}()"),
                _ => write!(text, "[*]"),
            };
        }
        text
    }
}

/// The class that the service's library names for a value.
fn node(value: &Value) -> &'static str {
    match value {
        Value::Null => "com.fasterxml.jackson.databind.node.NullNode",
        Value::Bool(_) => "com.fasterxml.jackson.databind.node.BooleanNode",
        Value::Number(number) if number.is_f64() => "com.fasterxml.jackson.databind.node.DoubleNode",
        Value::Number(_) => "com.fasterxml.jackson.databind.node.IntNode",
        Value::String(_) => "com.fasterxml.jackson.databind.node.TextNode",
        Value::Array(_) => "com.fasterxml.jackson.databind.node.ArrayNode",
        Value::Object(_) => "com.fasterxml.jackson.databind.node.ObjectNode",
    }
}

/// The one value that a definite step finds.
fn one<'a>(step: &Step, value: &'a Value) -> Option<Cow<'a, Value>> {
    match step {
        Step::Field(name) => value.as_object()?.get(name).map(Cow::Borrowed),
        Step::Index(at) => item(value.as_array()?, *at).map(Cow::Borrowed),
        Step::Function(Function::Length) => {
            let length = match value {
                Value::Array(items) => items.len(),
                Value::Object(fields) => fields.len(),
                _ => return None,
            };
            Some(Cow::Owned(Value::from(length)))
        }
        _ => None,
    }
}

/// The item at a position; negative ones count from the end.
fn item(items: &[Value], at: i64) -> Option<&Value> {
    let length = i64::try_from(items.len()).ok()?;
    let at = if at < 0 { length.checked_add(at)? } else { at };
    items.get(usize::try_from(at).ok()?)
}

fn picked(names: &[String], value: &Value) -> Value {
    let found = |name: &String| value.get(name).map(|field| (name.clone(), field.clone()));
    Value::Object(names.iter().filter_map(found).collect::<Map<_, _>>())
}

/// Everything that a step finds in one place; nothing is no error.
fn spread<'a>(step: &Step, place: Cow<'a, Value>, top: &'a Value, out: &mut Vec<Cow<'a, Value>>) {
    match place {
        Cow::Borrowed(value) => spread_borrowed(step, value, top, out),
        Cow::Owned(value) => {
            let mut found = Vec::new();
            spread_borrowed(step, &value, top, &mut found);
            out.extend(found.into_iter().map(|place| Cow::Owned(place.into_owned())));
        }
    }
}

fn spread_borrowed<'a>(step: &Step, value: &'a Value, top: &Value, out: &mut Vec<Cow<'a, Value>>) {
    match (step, value) {
        (Step::Field(_) | Step::Index(_) | Step::Function(_), _) => out.extend(one(step, value)),
        (Step::Fields(names), Value::Object(fields)) => {
            out.extend(names.iter().filter_map(|name| fields.get(name)).map(Cow::Borrowed));
        }
        (Step::Indexes(all), Value::Array(items)) => {
            out.extend(all.iter().filter_map(|at| item(items, *at)).map(Cow::Borrowed));
        }
        (Step::Slice(from, to), Value::Array(items)) => slice(items, *from, *to, out),
        (Step::Every, Value::Array(items)) => out.extend(items.iter().map(Cow::Borrowed)),
        (Step::Every, Value::Object(fields)) => out.extend(fields.values().map(Cow::Borrowed)),
        (Step::Deep, _) => descend(value, out),
        (Step::Filters(filters), Value::Array(items)) => {
            let holds = |item: &&Value| filters.iter().all(|filter| filter.holds(item, top));
            out.extend(items.iter().filter(holds).map(Cow::Borrowed));
        }
        (Step::Filters(filters), Value::Object(_)) if filters.iter().all(|filter| filter.holds(value, top)) => {
            out.push(Cow::Borrowed(value));
        }
        _ => {}
    }
}

/// The value and everything below it, from the top down.
fn descend<'a>(value: &'a Value, out: &mut Vec<Cow<'a, Value>>) {
    let mut open = vec![value];
    while let Some(next) = open.pop() {
        out.push(Cow::Borrowed(next));
        if out.len() > MAX_PLACES {
            return;
        }
        match next {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(fields) => open.extend(fields.values().rev()),
            _ => {}
        }
    }
}

fn slice<'a>(items: &'a [Value], from: Option<i64>, to: Option<i64>, out: &mut Vec<Cow<'a, Value>>) {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_end = |at: i64| if at < 0 { (length.saturating_add(at)).max(0) } else { at };
    let (first, last) = match (from, to) {
        // Between two positions a negative one is counted from the end item by item.
        (Some(from), Some(to)) => (from.max(-length), to.min(length)),
        (Some(from), None) => (from_end(from), length),
        (None, Some(to)) => (0, if to < 0 { length.saturating_add(to) } else { to.min(length) }),
        (None, None) => (0, length),
    };
    out.extend((first..last).filter_map(|at| item(items, at)).map(Cow::Borrowed));
}
