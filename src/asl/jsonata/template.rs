//! Arguments, Output, Assign and the other fields that hold a value with expressions in it.

use serde_json::{Map, Value};

use super::super::cursor::SyntaxError;
use super::super::fault::Fault;
use super::{Expression, Session, inside};

/// How deep a template may nest.
const MAX_DEPTH: usize = 200;

/// A template that was read once and can be filled many times.
#[derive(Debug)]
pub enum Template {
    /// A value without expressions.
    Constant(Value),
    /// An object.
    Object(Vec<(String, Template)>),
    /// A list.
    List(Vec<Template>),
    /// An expression.
    Expression(Expression),
}

/// An expression of a template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Where in the template, as the service spells it after the field: `/order/lines[0]`.
    pub place: String,
    /// Why.
    pub error: SyntaxError,
}

impl Template {
    /// Reads a template; every expression that cannot be read is told.
    pub fn compile(value: &Value) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let template = compile(value, "", 0, &mut errors);
        if errors.is_empty() { Ok(template) } else { Err(errors) }
    }

    /// The value, with every expression evaluated; `field` names the template: `Output`.
    pub fn fill(&self, session: &mut Session<'_>, field: &str) -> Result<Value, Fault> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Expression(expression) => session.evaluate(expression, field),
            Self::List(items) => {
                let filled =
                    items.iter().enumerate().map(|(index, item)| item.fill(session, &format!("{field}[{index}]")));
                filled.collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, item)| Ok((name.clone(), item.fill(session, &format!("{field}/{name}"))?)));
                filled.collect::<Result<Map<_, _>, Fault>>().map(Value::Object)
            }
        }
    }

    /// Every expression, with its place in the template.
    pub fn expressions(&self) -> Vec<(String, &Expression)> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Expression(expression) => vec![(String::new(), expression)],
            Self::List(items) => {
                let each = items.iter().enumerate().map(|(index, item)| (format!("[{index}]"), item));
                each.flat_map(|(place, item)| below(&place, item)).collect()
            }
            Self::Object(fields) => fields.iter().flat_map(|(name, item)| below(&format!("/{name}"), item)).collect(),
        }
    }
}

fn below<'a>(place: &str, item: &'a Template) -> Vec<(String, &'a Expression)> {
    item.expressions().into_iter().map(|(inner, expression)| (format!("{place}{inner}"), expression)).collect()
}

fn compile(value: &Value, place: &str, depth: usize, errors: &mut Vec<TemplateError>) -> Template {
    if depth > MAX_DEPTH {
        let error = SyntaxError { at: 0, reason: "a template nests too deep".to_owned() };
        errors.push(TemplateError { place: place.to_owned(), error });
        return Template::Constant(Value::Null);
    }
    match value {
        Value::String(text) => match inside(text).map(Expression::compile) {
            None => Template::Constant(value.clone()),
            Some(Ok(expression)) => Template::Expression(expression),
            Some(Err(error)) => {
                errors.push(TemplateError { place: place.to_owned(), error });
                Template::Constant(Value::Null)
            }
        },
        Value::Array(items) => {
            let at = |(index, item)| compile(item, &format!("{place}[{index}]"), depth + 1, errors);
            let compiled: Vec<_> = items.iter().enumerate().map(at).collect();
            if compiled.iter().all(|item| matches!(item, Template::Constant(_))) {
                return Template::Constant(value.clone());
            }
            Template::List(compiled)
        }
        Value::Object(fields) => {
            let at = |(name, item): (&String, &Value)| {
                (name.clone(), compile(item, &format!("{place}/{name}"), depth + 1, errors))
            };
            let compiled: Vec<_> = fields.iter().map(at).collect();
            if compiled.iter().all(|(_, item)| matches!(item, Template::Constant(_))) {
                return Template::Constant(value.clone());
            }
            Template::Object(compiled)
        }
        other => Template::Constant(other.clone()),
    }
}
