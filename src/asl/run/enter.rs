//! Entering a state: what it is given, and what has to happen.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::super::fault::Fault;
use super::super::jsonata::Kind;
use super::super::template::Selection;
use super::super::{choice, timestamp};
use super::code::{Rule, Setting, Step, Ways, When, Work};
use super::view::{Found, Parameter, View, query, shown, within_limit};
use super::{Entered, Exit, Situation, TaskWork, Until};

impl Step {
    /// What has to happen in the state. A fault is to be told with the state's name ([`super::Failure::of`]) and judged.
    pub fn enter(&self, situation: &Situation<'_>) -> Result<Entered, Fault> {
        let effective = self.effective(situation)?;
        let view = View::new(situation, &effective);
        match &self.work {
            Work::Pass { result } => {
                let result = match result {
                    Some(result) => Value::clone(result),
                    None => self.given(&view, &effective)?,
                };
                self.leave(situation, result).map(Entered::Left)
            }
            Work::Succeed => self.leave(situation, effective.into_owned()).map(Entered::Left),
            Work::Choice { rules, .. } => self.choose(rules, situation, &view),
            Work::Seconds(seconds) => {
                wait_seconds(seconds, &view).map(|seconds| Entered::Waits(Until::Seconds(seconds)))
            }
            Work::Timestamp(point) => wait_until(point, &view).map(|point| Entered::Waits(Until::Timestamp(point))),
            Work::Fail(ending) => Ok(Entered::Fails {
                error: ending.error.as_ref().map(|error| text(error, "Error", &view)).transpose()?,
                cause: ending.cause.as_ref().map(|cause| text(cause, "Cause", &view)).transpose()?,
            }),
            Work::Task(job) => {
                let parameters = self.given(&view, &effective)?;
                within_limit(&parameters, &self.name)?;
                let seconds = |setting: &Option<Setting<u64>>, name: &str| {
                    setting.as_ref().map(|setting| task_seconds(setting, name, &view)).transpose()
                };
                let credentials = job.credentials.as_ref().map(|filling| view.fill(filling, "Credentials"));
                Ok(Entered::Works(Box::new(TaskWork {
                    resource: job.resource.clone(),
                    parameters,
                    timeout_seconds: seconds(&job.timeout, "TimeoutSeconds")?,
                    heartbeat_seconds: seconds(&job.heartbeat, "HeartbeatSeconds")?,
                    credentials: credentials.transpose()?,
                })))
            }
            Work::Parallel { .. } => {
                let input = self.given(&view, &effective)?;
                within_limit(&input, &self.name)?;
                Ok(Entered::Branches(input))
            }
            Work::Map(iteration) => {
                let work = iteration.enter(&view, &effective, matches!(self.flow, Ways::Jsonata { .. }))?;
                Ok(Entered::Iterates(Box::new(work)))
            }
        }
    }

    /// The input after `InputPath`.
    pub(super) fn effective<'a>(&self, situation: &Situation<'a>) -> Result<Cow<'a, Value>, Fault> {
        match &self.flow {
            Ways::Jsonata { .. } | Ways::Path { input: Selection::Whole, .. } => Ok(Cow::Borrowed(situation.input)),
            Ways::Path { input, .. } => {
                let view = View::new(situation, situation.input);
                input.select(view.scope()).map(Cow::Owned)
            }
        }
    }

    /// What the work is given: the effective input, or what Parameters or Arguments make of it.
    fn given(&self, view: &View<'_>, effective: &Value) -> Result<Value, Fault> {
        match &self.flow {
            Ways::Path { parameters: Some(parameters), .. } => parameters.fill(view.scope()),
            Ways::Jsonata { arguments: Some(arguments), .. } => view.template(arguments, "Arguments"),
            _ => Ok(effective.clone()),
        }
    }

    fn choose(&self, rules: &[Rule], situation: &Situation<'_>, view: &View<'_>) -> Result<Entered, Fault> {
        let Work::Choice { default, .. } = &self.work else { return Err(choice::no_match()) };
        let output = |template, field: &str| match &self.flow {
            Ways::Path { output, .. } => output.select(view.scope()),
            Ways::Jsonata { output, .. } => match Option::or(template, output.as_ref()) {
                Some(template) => view.template(template, field),
                None => Ok(situation.input.clone()),
            },
        };
        for (index, rule) in rules.iter().enumerate() {
            let field = |name: &str| format!("Choices[{index}]/{name}");
            let holds = match &rule.when {
                When::Path(condition) => condition.holds(view.scope())?,
                When::Constant(holds) => *holds,
                When::Expression(expression) => {
                    view.expect(expression, &field("Condition"), Kind::Boolean)? == Value::Bool(true)
                }
            };
            if holds {
                let own = rule.output.as_ref();
                let output = output(own, &if own.is_some() { field("Output") } else { "Output".to_owned() })?;
                let assigned = match &rule.assign {
                    Some(assign) => view.assign(Some(assign), &field("Assign"), &self.name)?,
                    None => view.assign(self.assign.as_ref(), "Assign", &self.name)?,
                };
                return self.left(Exit { output, assigned, next: Some(rule.next.clone()) });
            }
        }
        let Some(next) = default else { return Err(choice::no_match()) };
        let assigned = view.assign(self.assign.as_ref(), "Assign", &self.name)?;
        self.left(Exit { output: output(None, "Output")?, assigned, next: Some(next.clone()) })
    }

    fn left(&self, exit: Exit) -> Result<Entered, Fault> {
        within_limit(&exit.output, &self.name)?;
        Ok(Entered::Left(exit))
    }
}

/// A text that is written down or found.
fn text(setting: &Setting<String>, name: &str, view: &View<'_>) -> Result<String, Fault> {
    if let Setting::Literal(text) = setting {
        return Ok(text.clone());
    }
    match (view.found(setting, name, Kind::String)?, setting) {
        (Found::Value(Value::String(text)), _) => Ok(text),
        (Found::Value(other), Setting::Path(path)) => {
            Err(Parameter { name: &format!("{name}Path"), path }.unfit("a string", &other))
        }
        (_, Setting::Path(path)) => Err(Parameter { name: &format!("{name}Path"), path }.absent()),
        (Found::Value(other), _) => {
            Err(Fault::runtime(format!("The field '{name}Path' must be a string but was: {other}")))
        }
        _ => Err(Fault::runtime(format!("The field '{name}' has no value"))),
    }
}

/// A number of seconds of a Wait state.
fn wait_seconds(setting: &Setting<u64>, view: &View<'_>) -> Result<u64, Fault> {
    seconds(setting, ("Seconds", 0), view)
}

/// A number of seconds of a task, at least one.
fn task_seconds(setting: &Setting<u64>, name: &str, view: &View<'_>) -> Result<u64, Fault> {
    seconds(setting, (name, 1), view)
}

/// The most seconds that a state may wait or work.
const MAX_SECONDS: i64 = 99_999_999;

fn seconds(setting: &Setting<u64>, field: (&str, i64), view: &View<'_>) -> Result<u64, Fault> {
    let (name, least) = field;
    if let Setting::Literal(seconds) = setting {
        return Ok(*seconds);
    }
    let value = view.found(setting, name, Kind::Number)?;
    let named = format!("{name}Path");
    let (value, parameter) = match (value, setting) {
        (Found::Value(value), Setting::Path(path)) => (value, Some(Parameter { name: &named, path })),
        (_, Setting::Path(path)) => return Err(Parameter { name: &named, path }.absent()),
        (Found::Value(value), _) => (value, None),
        _ => return Err(Fault::runtime(format!("The field '{name}' has no value"))),
    };
    match (value.as_i64(), parameter) {
        (Some(seconds), _) if (least..=MAX_SECONDS).contains(&seconds) => Ok(seconds.unsigned_abs()),
        (Some(seconds), Some(parameter)) if seconds < 0 => Err(parameter.negative(&value)),
        (Some(_), Some(parameter)) => Err(parameter.unfit(&format!("a value from {least} to {MAX_SECONDS}"), &value)),
        (None, Some(parameter)) => Err(parameter.unfit("an integer value", &value)),
        (found, None) => {
            let cause = match found {
                Some(_) => format!("{name} must be between {least} and {MAX_SECONDS} but was: {value}"),
                None => format!("The {name} field cannot be parsed as an integer: {value}"),
            };
            Err(Fault { location: Some(name.to_owned()), ..query(cause) })
        }
    }
}

fn wait_until(setting: &Setting<Timestamp>, view: &View<'_>) -> Result<Timestamp, Fault> {
    const WANTED: &str = "a valid ISO-8601 extended offset date-time format string";
    if let Setting::Literal(point) = setting {
        return Ok(*point);
    }
    match (view.found(setting, "Timestamp", Kind::String)?, setting) {
        (Found::Value(value), Setting::Path(path)) => {
            let parameter = Parameter { name: "TimestampPath", path };
            let point = value.as_str().and_then(timestamp::parse_offset);
            point.ok_or_else(|| parameter.unfit(WANTED, &value))
        }
        (_, Setting::Path(path)) => Err(Parameter { name: "TimestampPath", path }.absent()),
        (Found::Value(value), Setting::Expression(expression)) => {
            value.as_str().and_then(timestamp::parse_offset).ok_or_else(|| {
                let shown = shown(&value);
                let cause = format!("The Timestamp parameter does not reference {WANTED}: {expression} == {shown}");
                Fault { location: Some("Timestamp".to_owned()), ..query(cause) }
            })
        }
        _ => Err(Fault::runtime("The field 'Timestamp' has no value")),
    }
}
