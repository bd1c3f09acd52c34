//! Map states: their items, what each iteration is given, and how many may fail.

use serde_json::{Map, Value, json};

use super::super::fault::Fault;
use super::super::jsonata::Kind;
use super::super::path::Path;
use super::Situation;
use super::code::{Iteration, Outside, Setting, Source, Step, Work};
use super::view::{Found, View, query, shown, within_limit};

/// What a Map state asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct MapWork {
    /// Its items; `None` where a reader gives them.
    pub items: Option<Vec<Value>>,
    /// How it is done.
    pub settings: Settings,
    /// What the reader is given, where there is one with parameters.
    pub reader: Option<Value>,
    /// As many items as the reader may give.
    pub reader_max_items: Option<u64>,
    /// What the writer of results is given, where there is one with parameters.
    pub writer: Option<Value>,
    /// How items are batched: at most so many, of at most so many bytes, with this beside them.
    pub batch: Option<Batching>,
}

/// How the iterations of a Map are done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// As many at the same time; 0 is as many as the service allows.
    pub max_concurrency: u64,
    /// As many items may fail; `None` where the definition does not say.
    pub tolerated_count: Option<u64>,
    /// As many items of a hundred may fail.
    pub tolerated_percentage: Option<f64>,
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
        let filled = |given: &Option<Outside>, field: &str| {
            let filling = given.as_ref().and_then(|given| given.parameters.as_ref());
            filling.map(|filling| view.fill(filling, field)).transpose()
        };
        let part = if jsonata { "Arguments" } else { "Parameters" };
        let reader = filled(&self.reader, &format!("ItemReader/{part}"))?;
        let items = if self.reader.is_some() { None } else { Some(self.items(view, effective, jsonata)?) };
        let settings = Settings {
            max_concurrency: count(self.max_concurrency.as_ref(), "MaxConcurrency", view)?.unwrap_or_default(),
            tolerated_count: count(self.tolerated_count.as_ref(), "ToleratedFailureCount", view)?,
            tolerated_percentage: percentage(self.tolerated_percentage.as_ref(), view)?,
        };
        let batch = match &self.batch {
            None => None,
            Some(batch) => Some(Batching {
                max_items: count(batch.max_items.as_ref(), "MaxItemsPerBatch", view)?,
                max_bytes: count(batch.max_bytes.as_ref(), "MaxInputBytesPerBatch", view)?,
                input: batch.input.as_ref().map(|input| view.fill(input, "ItemBatcher/BatchInput")).transpose()?,
            }),
        };
        Ok(MapWork {
            items,
            settings,
            reader,
            reader_max_items: max_items(self.reader_max_items.as_ref(), view)?,
            writer: filled(&self.writer, &format!("ResultWriter/{part}"))?,
            batch,
        })
    }

    fn items(&self, view: &View<'_>, effective: &Value, jsonata: bool) -> Result<Vec<Value>, Fault> {
        let found = match &self.items {
            Source::Input => effective.clone(),
            Source::Template(template) => view.template(template, "Items")?,
            Source::Expression(expression) => view.expect(expression, "Items", Kind::Items)?,
            Source::Path(path) => {
                let found = path.evaluate(view.scope()).map(std::borrow::Cow::into_owned);
                found.map_err(|missing| Fault::runtime(format!("Invalid path '{path}' : {missing}")))?
            }
        };
        match (found, &self.items) {
            (Value::Array(items), _) => Ok(items),
            (_, Source::Path(path)) => Err(no_list(path.text())),
            (other, _) if jsonata => Err(query(format!("Map state input must be an array but was: {other}"))),
            _ => Err(no_list("$")),
        }
    }
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
    let Found::Value(value) = view.found(setting, field, Kind::Integer)? else { return Err(absent(setting, field)) };
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
    let Found::Value(value) = view.found(setting, FIELD, Kind::Integer)? else { return Err(absent(setting, FIELD)) };
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
    let path = path(setting).map(Path::text).unwrap_or_default();
    let shown = shown(value);
    told(
        setting,
        field,
        format!("The {field}Path field refers to value \"{shown}\" which is not a valid {wanted}: {path}"),
    )
}
