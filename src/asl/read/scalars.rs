//! Scalars of a definition, in their types, written down, read by a path, or computed.

use serde_json::{Number, Value};

use super::{Field, Object, Reader};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::{Dynamic, Expression, Path, QueryLanguage};
use crate::base::document::{Content, Node};
use crate::base::suggest::nearest;

/// The longest that anything lasts, in seconds.
pub(super) const LONGEST_SECONDS: u64 = 99_999_999;

/// A node as a plain value. What is written without quotes in YAML is null, a boolean or a number where it looks like one.
pub(in crate::asl) fn value(node: &Node) -> Value {
    match &node.content {
        Content::Scalar { text, plain: false } => Value::String(text.clone()),
        Content::Scalar { text, plain: true } => match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => text.parse::<Number>().map_or_else(|_| Value::String(text.clone()), Value::Number),
        },
        Content::List(list) => Value::Array(list.iter().map(value).collect()),
        Content::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), value(node))).collect(),
    }
}

/// What a node holds, for people.
pub(super) fn kind(node: &Node) -> &'static str {
    match value_head(node) {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The value of a scalar; collections are empty.
fn value_head(node: &Node) -> Value {
    match &node.content {
        Content::Scalar { .. } => value(node),
        Content::List(_) => Value::Array(Vec::new()),
        Content::Map(_) => Value::Object(serde_json::Map::new()),
    }
}

/// The text of a node that is a string.
pub(super) fn text(node: &Node) -> Option<&str> {
    let Content::Scalar { text, .. } = &node.content else { return None };
    matches!(value_head(node), Value::String(_)).then_some(text.as_str())
}

/// Whether a node is `null`.
pub(super) fn is_null(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar { .. }) && value_head(node).is_null()
}

/// What a field of JSONata holds.
pub(super) enum Whole {
    /// An expression; `None` for a wrong one, which is a finding.
    Expression(Option<Expression>),
    /// Something else.
    Other,
}

/// Whether a text of JSONata is an expression, or is meant to be one.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with("{%") || text.ends_with("%}")
}

/// What may stand in a field that is a number of seconds, items, attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub least: u64,
    pub most: u64,
}

/// Seconds that something lasts.
pub(super) const DURATION: Bounds = Bounds { least: 1, most: LONGEST_SECONDS };

impl Reader {
    /// A text; a finding for anything else.
    pub(super) fn text<'n>(&mut self, field: &Field<'n>) -> Option<&'n str> {
        let found = text(field.node);
        if found.is_none() {
            self.wrong_type(field.node, &field.location, "String");
        }
        found
    }

    /// The text of a field that may be missing.
    pub(super) fn optional_text(&mut self, object: &Object<'_>, name: &str) -> Option<String> {
        let field = object.field(name)?;
        self.text(&field).map(str::to_owned)
    }

    pub(super) fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        if let Value::Bool(found) = value_head(field.node) {
            return Some(found);
        }
        self.wrong_type(field.node, &field.location, "Boolean");
        None
    }

    /// One of the texts of a table.
    pub(super) fn choice<T: Copy>(&mut self, field: &Field<'_>, table: &[(&str, T)]) -> Option<T> {
        let text = self.text(field)?;
        if let Some((_, found)) = table.iter().find(|(name, _)| *name == text) {
            return Some(*found);
        }
        let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        let message = format!("Value must be one of: [{}]", names.join(", "));
        let near = nearest(text, names.iter().copied()).unwrap_or(names[0]);
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
            .because(format!("`{}` is none of {}", text.escape_debug(), names.join(", ")))
            .hint(format!("write `{near}`"));
        self.find(finding);
        None
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, field: &Field<'_>, bounds: Bounds) -> Option<u64> {
        let Value::Number(number) = value_head(field.node) else {
            if self.substituted(field) {
                return Some(bounds.least);
            }
            self.wrong_type(field.node, &field.location, "Integer");
            return None;
        };
        let whole = number.as_u64().or_else(|| whole(&number));
        match whole {
            Some(found) if (bounds.least..=bounds.most).contains(&found) => Some(found),
            Some(_) => self.out_of_bounds(field, &number, bounds),
            None if number.as_f64().is_some_and(|number| number < 0.0 && number.fract() == 0.0) => {
                self.out_of_bounds(field, &number, bounds)
            }
            None => {
                let finding = Finding::new(
                    FindingCode::Schema,
                    &field.location,
                    &field.node.span,
                    "Expected value of type Integer",
                );
                self.find(finding.because(format!("{number} is no whole number")));
                None
            }
        }
    }

    fn out_of_bounds(&mut self, field: &Field<'_>, number: &Number, bounds: Bounds) -> Option<u64> {
        let Bounds { least, most } = bounds;
        let below = number.as_f64().is_some_and(|number| number < 1.0) || number.as_u64().is_some_and(|n| n < least);
        let message = if below {
            format!("Value must be greater than or equal to {least}")
        } else {
            format!("Value must be less than or equal to {most}")
        };
        let limits = if most == u64::MAX { format!("{least} or more") } else { format!("{least} to {most}") };
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
            .because(format!("{number} is out of bounds: `{}` is {limits}", field.name));
        self.find(finding);
        None
    }

    /// A number from `least` to `most`.
    pub(super) fn number(&mut self, field: &Field<'_>, least: f64, most: f64) -> Option<f64> {
        let Value::Number(number) = value_head(field.node) else {
            if self.substituted(field) {
                return Some(least);
            }
            self.wrong_type(field.node, &field.location, "Number");
            return None;
        };
        let found = number.as_f64().filter(|found| (least..=most).contains(found));
        if found.is_none() {
            let limits = if most < f64::MAX { format!("{least} to {most}") } else { format!("{least} or more") };
            let message = format!("Value must be greater than or equal to {least}");
            let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
                .because(format!("{number} is out of bounds: `{}` is {limits}", field.name));
            self.find(finding);
        }
        found
    }

    /// A whole number that is written down in `name`, read by the path in `namePath`, or, in JSONata, computed.
    pub(super) fn dynamic_integer(
        &mut self,
        object: &Object<'_>,
        language: QueryLanguage,
        name: &str,
        bounds: Bounds,
    ) -> Option<Dynamic<u64>> {
        self.dynamic(object, language, name, |reader, field| reader.integer(field, bounds))
    }

    /// A field that is written down in `name`, read by the path in `namePath`, or, in JSONata, computed.
    pub(super) fn dynamic<T>(
        &mut self,
        object: &Object<'_>,
        language: QueryLanguage,
        name: &str,
        literal: impl FnOnce(&mut Self, &Field<'_>) -> Option<T>,
    ) -> Option<Dynamic<T>> {
        let by_path = format!("{name}Path");
        self.exclude(object, &[name, by_path.as_str()]);
        if language == QueryLanguage::JsonPath
            && let Some(field) = object.field(&by_path)
        {
            return self.reference(&field).map(Dynamic::Path);
        }
        let field = object.field(name)?;
        if language == QueryLanguage::Jsonata
            && let Whole::Expression(expression) = self.whole_expression(&field)
        {
            return expression.map(Dynamic::Expression);
        }
        literal(self, &field).map(Dynamic::Literal)
    }

    /// A field of JSONata that may be one expression.
    pub(super) fn whole_expression(&mut self, field: &Field<'_>) -> Whole {
        match text(field.node) {
            Some(text) if is_expression(text) => {
                Whole::Expression(self.expression(text, &field.location, &field.node.span))
            }
            _ => Whole::Other,
        }
    }

    /// A path that gives one value.
    pub(super) fn reference(&mut self, field: &Field<'_>) -> Option<Path> {
        let path = self.path(field)?;
        if path.is_definite() {
            return Some(path);
        }
        let finding =
            Finding::new(FindingCode::Schema, &field.location, &field.node.span, "Value is not a Reference Path")
                .because(format!("`{path}` may give several values: `{}` takes a path to one", field.name))
                .hint("name the value by fields and indices alone: `$.items[0].id`");
        self.find(finding);
        None
    }

    /// A path.
    pub(super) fn path(&mut self, field: &Field<'_>) -> Option<Path> {
        let text = self.text(field)?;
        self.note_substitutions(text);
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                let finding = Finding::new(
                    FindingCode::Schema,
                    &field.location,
                    &field.node.span,
                    "Value must be a valid JSONPath.",
                );
                let hint = (!text.starts_with('$') && !text.is_empty()).then(|| format!("did you mean `$.{text}`?"));
                self.find(finding.because(format!("`{}` is no path: {error}", text.escape_debug())).maybe_hint(hint));
                None
            }
        }
    }

    /// Whether a field is `${Name}`, which deployment replaces by something of any type.
    fn substituted(&mut self, field: &Field<'_>) -> bool {
        let Some(text) = text(field.node) else { return false };
        let names = crate::asl::resource::substitutions(text);
        let whole = names.len() == 1 && text.trim() == format!("${{{}}}", names[0]);
        if whole {
            self.note_substitutions(text);
        }
        whole
    }

    pub(super) fn note_substitutions(&mut self, text: &str) {
        for name in crate::asl::resource::substitutions(text) {
            self.substitutions.insert(name.to_owned());
        }
    }
}

/// `3.0` is a whole number too.
fn whole(number: &Number) -> Option<u64> {
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && *float >= 0.0 && *float < 9e15)?;
    format!("{float:.0}").parse().ok()
}
