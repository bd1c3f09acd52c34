//! Map states: their items, what each iteration is given, and how many may fail.

use serde_json::{Map, Value, json};

use super::super::fault::{Fault, REFERENCE_PATH};
use super::super::jsonata::Kind;
use super::super::path::{Path, Root};
use super::code::{Batch, Iteration, Outside, Setting, Source, Step, Ways, Work};
use super::view::{Found, View, query, shown, within_limit};
use super::{Failure, Situation};

/// What a Map state asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct MapWork {
    /// Its items; `None` where a reader gives them.
    pub items: Option<Vec<Value>>,
    /// What the reader is given, where there is one with parameters.
    pub reader: Option<Value>,
    /// As many items as the reader may give.
    pub reader_max_items: Option<u64>,
}

/// How the iterations of a Map are done: found once its items are there, after the event `MapStateStarted`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// As many at the same time; 0 is as many as the service allows.
    pub max_concurrency: u64,
    /// As many items may fail; `None` where the definition does not say.
    pub tolerated_count: Option<u64>,
    /// As many items of a hundred may fail.
    pub tolerated_percentage: Option<f64>,
    /// What the writer of results is given, where there is one with parameters.
    pub writer: Option<Value>,
    /// How items are batched: at most so many, of at most so many bytes, with this beside them.
    pub batch: Option<Batching>,
}

/// How items are batched.
#[derive(Clone, Debug, PartialEq)]
pub struct Batching {
    /// At most so many items.
    pub max_items: Option<u64>,
    /// At most so many bytes.
    pub max_bytes: Option<u64>,
    /// `BatchInput` of every batch.
    pub input: Option<Value>,
}

/// The failure of a Map of which more items failed than are tolerated.
pub fn threshold_exceeded() -> Failure {
    Failure {
        error: "States.ExceedToleratedFailureThreshold".to_owned(),
        cause: Some("The specified tolerated failure threshold was exceeded".to_owned()),
    }
}

impl Settings {
    /// Whether more items failed than are tolerated, of `total`.
    pub fn exceeded(&self, failed: u64, total: u64) -> bool {
        if failed == 0 {
            return false;
        }
        let by_count = self.tolerated_count.is_some_and(|count| failed > count);
        #[expect(clippy::cast_precision_loss, reason = "numbers of items are far below 2^53")]
        let share = 100.0 * failed as f64 / total.max(1) as f64;
        let by_share = self.tolerated_percentage.is_some_and(|percentage| share > percentage);
        by_count || by_share || (self.tolerated_count.is_none() && self.tolerated_percentage.is_none())
    }
}

impl Step {
    /// How the iterations of a Map state are done.
    pub fn settings(&self, situation: &Situation<'_>) -> Result<Settings, Fault> {
        let Work::Map(iteration) = &self.work else { return Ok(Settings::default()) };
        let effective = self.effective(situation)?;
        iteration.settings(&View::new(situation, &effective), matches!(self.flow, Ways::Jsonata { .. }))
    }

    /// The input of the iteration for `item`. The context object of the situation has the item in `Map.Item`; its input
    /// is the Map state's own.
    pub fn iteration(&self, situation: &Situation<'_>, item: &Value) -> Result<Value, Fault> {
        let Work::Map(iteration) = &self.work else { return Ok(item.clone()) };
        let input = match &iteration.selector {
            None => item.clone(),
            Some(selector) => {
                let effective = self.effective(situation)?;
                View::new(situation, &effective).fill(selector, "ItemSelector")?
            }
        };
        within_limit(&input, &self.name)?;
        Ok(input)
    }
}

/// The input of a child execution for several items at once.
pub fn batch(items: Vec<Value>, input: Option<&Value>) -> Value {
    let mut fields = Map::new();
    if let Some(input) = input {
        fields.insert("BatchInput".to_owned(), input.clone());
    }
    fields.insert("Items".to_owned(), Value::Array(items));
    Value::Object(fields)
}

/// `Map.Item` of the context object, for the item at a position.
pub fn item_context(index: usize, value: &Value) -> Value {
    json!({"Item": {"Index": index, "Value": value}})
}

impl Iteration {
    /// What the state asks for.
    pub(super) fn enter(&self, view: &View<'_>, effective: &Value, jsonata: bool) -> Result<MapWork, Fault> {
        let field = if jsonata { "ItemReader/Arguments" } else { "ItemReader/Parameters" };
        let reader = given(self.reader.as_ref(), field, view)?;
        let items = if self.reader.is_some() { None } else { Some(self.items(view, effective, jsonata)?) };
        Ok(MapWork { items, reader, reader_max_items: max_items(self.reader_max_items.as_ref(), view)? })
    }

    fn settings(&self, view: &View<'_>, jsonata: bool) -> Result<Settings, Fault> {
        let batch = |batch: &Batch| -> Result<Batching, Fault> {
            Ok(Batching {
                max_items: count(batch.max_items.as_ref(), "MaxItemsPerBatch", view)?,
                max_bytes: count(batch.max_bytes.as_ref(), "MaxInputBytesPerBatch", view)?,
                input: batch.input.as_ref().map(|input| view.fill(input, "ItemBatcher/BatchInput")).transpose()?,
            })
        };
        let field = if jsonata { "ResultWriter/Arguments" } else { "ResultWriter/Parameters" };
        Ok(Settings {
            max_concurrency: count(self.max_concurrency.as_ref(), "MaxConcurrency", view)?.unwrap_or_default(),
            tolerated_count: count(self.tolerated_count.as_ref(), "ToleratedFailureCount", view)?,
            tolerated_percentage: percentage(self.tolerated_percentage.as_ref(), view)?,
            writer: given(self.writer.as_ref(), field, view)?,
            batch: self.batch.as_ref().map(batch).transpose()?,
        })
    }

    fn items(&self, view: &View<'_>, effective: &Value, jsonata: bool) -> Result<Vec<Value>, Fault> {
        let found = match &self.items {
            Source::Input => effective.clone(),
            Source::Template(template) => view.template(template, "Items")?,
            Source::Expression(expression) => view.expect(expression, "Items", Kind::Items)?,
            Source::Path(path) => found_at(path, effective, view)?,
        };
        match (found, &self.items) {
            (Value::Array(items), _) => Ok(items),
            (_, Source::Path(path)) => Err(no_list(path.text())),
            (other, _) if jsonata => Err(query(format!("Map state input must be an array but was: {other}"))),
            _ => Err(no_list("$")),
        }
    }
}

fn given(outside: Option<&Outside>, field: &str, view: &View<'_>) -> Result<Option<Value>, Fault> {
    let filling = outside.and_then(|outside| outside.parameters.as_ref());
    filling.map(|filling| view.fill(filling, field)).transpose()
}

/// The value at `ItemsPath`. It is a reference path: one that leads nowhere in the input conflicts with it.
fn found_at(path: &Path, effective: &Value, view: &View<'_>) -> Result<Value, Fault> {
    if *path.root() == Root::Input && path.is_reference() {
        let found = path.refer(effective).cloned();
        return found.map_err(|error| Fault::new(REFERENCE_PATH, error.to_string()));
    }
    let found = path.evaluate(view.scope()).map(std::borrow::Cow::into_owned);
    found.map_err(|missing| Fault::runtime(format!("Invalid path '{path}' : {missing}")))
}

fn no_list(path: &str) -> Fault {
    Fault::runtime(format!("Reference path \"{path}\" must point to array."))
}

/// A whole number that is not below zero.
fn count(setting: Option<&Setting<u64>>, field: &str, view: &View<'_>) -> Result<Option<u64>, Fault> {
    let Some(setting) = setting else { return Ok(None) };
    if let Setting::Literal(count) = setting {
        return Ok(Some(*count));
    }
    let Found::Value(value) = view.found(setting, field, Kind::Number)? else { return Err(absent(setting, field)) };
    match value.as_i64() {
        Some(count) if count >= 0 => Ok(Some(count.unsigned_abs())),
        Some(_) => Err(told(setting, field, format!("{field} cannot be negative."))),
        None => Err(unfit(setting, field, &value, "integer")),
    }
}

fn percentage(setting: Option<&Setting<f64>>, view: &View<'_>) -> Result<Option<f64>, Fault> {
    const FIELD: &str = "ToleratedFailurePercentage";
    let Some(setting) = setting else { return Ok(None) };
    if let Setting::Literal(percentage) = setting {
        return Ok(Some(*percentage));
    }
    let Found::Value(value) = view.found(setting, FIELD, Kind::Number)? else { return Err(absent(setting, FIELD)) };
    match value.as_f64() {
        Some(percentage) if (0.0..=100.0).contains(&percentage) => Ok(Some(percentage)),
        Some(_) => Err(told(setting, FIELD, format!("{FIELD} must be between 0 and 100."))),
        None => Err(unfit(setting, FIELD, &value, "float")),
    }
}

/// The most items that a reader may give; more than this is as much as this.
fn max_items(setting: Option<&Setting<u64>>, view: &View<'_>) -> Result<Option<u64>, Fault> {
    const FIELD: &str = "MaxItems";
    let Some(setting) = setting else { return Ok(None) };
    if let Setting::Literal(count) = setting {
        return Ok(Some(*count));
    }
    let Found::Value(value) = view.found(setting, FIELD, Kind::Number)? else { return Err(absent(setting, FIELD)) };
    match value.as_i64() {
        Some(count) if count > 0 => Ok(Some(count.unsigned_abs())),
        Some(_) => Err(Fault::new("States.ItemReaderFailed", "field MaxItems must be positive")),
        None => Err(unfit(setting, FIELD, &value, "integer")),
    }
}

/// A fault of the error that the language of the setting has.
fn told<T>(setting: &Setting<T>, field: &str, cause: String) -> Fault {
    match setting {
        Setting::Expression(_) => Fault { location: Some(field.to_owned()), ..query(cause) },
        _ => Fault::runtime(cause),
    }
}

fn path<T>(setting: &Setting<T>) -> Option<&Path> {
    match setting {
        Setting::Path(path) => Some(path),
        _ => None,
    }
}

fn absent<T>(setting: &Setting<T>, field: &str) -> Fault {
    let path = path(setting).map(Path::text).unwrap_or_default();
    Fault::runtime(format!("The {field}Path parameter does not reference an input value: {path}"))
}

fn unfit<T>(setting: &Setting<T>, field: &str, value: &Value, wanted: &str) -> Fault {
    let shown = shown(value);
    let Some(path) = path(setting) else {
        return told(setting, field, format!("The {field} field cannot be parsed as an {wanted}: {shown}"));
    };
    told(
        setting,
        field,
        format!("The {field}Path field refers to value \"{shown}\" which is not a valid {wanted}: {path}"),
    )
}
