//! What expressions of either language see while a state is entered or left.

use std::cell::RefCell;

use serde_json::Value;

use super::super::fault::{Fault, QUERY_EVALUATION};
use super::super::jsonata::{Bindings, Expression, Kind, Session};
use super::super::path::Path;
use super::super::scope::{Scope, Variables};
use super::super::template::{MAX_BYTES, size};
use super::Situation;
use super::code::{Filling, Setting};

/// `$` of JSONPath, and `$states` of JSONata.
pub(super) struct View<'a> {
    scope: Scope<'a>,
    session: RefCell<Session<'a>>,
}

impl<'a> View<'a> {
    /// With `effective` as the `$` of JSONPath; `$states` has the state's own input.
    pub(super) fn new(situation: &Situation<'a>, effective: &'a Value) -> Self {
        Self::with(situation, effective, None, None)
    }

    /// Of a state that has a result.
    pub(super) fn of_result(situation: &Situation<'a>, result: &'a Value) -> Self {
        Self::with(situation, result, Some(result), None)
    }

    /// Of a catcher.
    pub(super) fn of_error(situation: &Situation<'a>, output: &'a Value) -> Self {
        Self::with(situation, output, None, Some(output))
    }

    fn with(situation: &Situation<'a>, top: &'a Value, result: Option<&'a Value>, error: Option<&'a Value>) -> Self {
        let Situation { input, context, variables, ids, now_ms } = *situation;
        let bindings = Bindings { input, result, error_output: error, context, variables, ids, now_ms };
        let scope = Scope { input: top, context, variables, ids };
        Self { scope, session: RefCell::new(Session::new(bindings)) }
    }

    /// What JSONPath sees.
    pub(super) fn scope(&self) -> &Scope<'a> {
        &self.scope
    }

    /// A template of either language; `field` names it.
    pub(super) fn fill(&self, filling: &Filling, field: &str) -> Result<Value, Fault> {
        match filling {
            Filling::Path(template) => template.fill(&self.scope),
            Filling::Jsonata(template) => template.fill(&mut self.session.borrow_mut(), field),
        }
    }

    /// A template of JSONata.
    pub(super) fn template(&self, template: &super::super::jsonata::Template, field: &str) -> Result<Value, Fault> {
        template.fill(&mut self.session.borrow_mut(), field)
    }

    /// An expression that wants a kind of value.
    pub(super) fn expect(&self, expression: &Expression, field: &str, kind: Kind) -> Result<Value, Fault> {
        self.session.borrow_mut().expect(expression, field, kind)
    }

    /// The variables that the state `name` sets.
    pub(super) fn assign(&self, filling: Option<&Filling>, field: &str, name: &str) -> Result<Variables, Fault> {
        let Some(filling) = filling else { return Ok(Variables::new()) };
        let value = self.fill(filling, field)?;
        within_limit(&value, name)?;
        match value {
            Value::Object(assigned) => Ok(assigned),
            other => Err(Fault::query(field, format!("The field '{field}' must be an object but was: {other}"))),
        }
    }

    /// The value of a setting that is no literal; a path of JSONPath may lead nowhere.
    pub(super) fn found<T>(&self, setting: &Setting<T>, field: &str, kind: Kind) -> Result<Found, Fault> {
        Ok(match setting {
            Setting::Literal(_) => Found::Literal,
            Setting::Path(path) => match path.evaluate(&self.scope) {
                Ok(value) => Found::Value(value.into_owned()),
                Err(_) => Found::Missing,
            },
            Setting::Intrinsic(call) => Found::Value(call.evaluate(&self.scope)?),
            Setting::Expression(expression) => Found::Value(self.expect(expression, field, kind)?),
        })
    }
}

/// What a setting has.
pub(super) enum Found {
    Literal,
    Value(Value),
    Missing,
}

/// How the fields of Wait and Task tell of a path.
pub(super) struct Parameter<'a> {
    /// The field: `SecondsPath`.
    pub(super) name: &'a str,
    /// The path in it.
    pub(super) path: &'a Path,
}

impl Parameter<'_> {
    /// It leads nowhere.
    pub(super) fn absent(&self) -> Fault {
        Fault::runtime(format!("The {} parameter does not reference an input value: {}", self.name, self.path))
    }

    /// Its value is not what is wanted.
    pub(super) fn unfit(&self, wanted: &str, value: &Value) -> Fault {
        let shown = shown(value);
        Fault::runtime(format!("The {} parameter does not reference {wanted}: {} == {shown}", self.name, self.path))
    }

    /// Its value is below zero.
    pub(super) fn negative(&self, value: &Value) -> Fault {
        Fault::runtime(format!("The {} parameter references a negative value: {} == {value}", self.name, self.path))
    }
}

/// A value in a cause: a text without its quotes.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A fault of a value that an expression gave, in a field that wants another.
pub(super) fn query(cause: String) -> Fault {
    Fault::new(QUERY_EVALUATION, cause)
}

/// Refuses a value that is larger than the service carries.
pub(super) fn within_limit(value: &Value, name: &str) -> Result<(), Fault> {
    if size(value) > MAX_BYTES { Err(Fault::data_limit(name)) } else { Ok(()) }
}
