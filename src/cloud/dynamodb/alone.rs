//! Several actions as one: nobody reads or writes in between, and what a write would make of an item is known before it
//! is done.
//!
//! Versioned data sources record every new item in a second table in the same transaction, and DynamoDB's transactions do
//! not give the items that they make. Not here: what is written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLockWriteGuard};

use serde_json::{Map, Value, json};

use super::super::service::ApiError;
use super::tables::{Dynoxide, TableEngine};
use super::{Core, DynamoDb};

/// The right to act while all others wait. Short work only: no other service may be asked meanwhile.
pub(in crate::cloud) struct Alone<'a> {
    core: &'a Arc<Core>,
    _turn: RwLockWriteGuard<'a, ()>,
}

impl std::fmt::Debug for Alone<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Alone").finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// Waits until all others are done, and keeps them waiting until the value is dropped.
    pub(in crate::cloud) fn alone(&self) -> Alone<'_> {
        Alone { core: &self.core, _turn: self.core.turns.write().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Alone<'_> {
    /// As [`DynamoDb::execute`].
    pub(in crate::cloud) fn execute(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        self.core.carry_out(action, input)
    }

    /// The attributes of a table's key, the partition key first.
    pub(in crate::cloud) fn key_names(&self, table: &str) -> Result<Vec<String>, ApiError> {
        let described = self.core.carry_out("DescribeTable", json!({ "TableName": table }))?;
        Ok(key_names(&described["Table"]).map(str::to_owned).collect())
    }

    /// The item that `PutItem`, `UpdateItem` or `DeleteItem` would leave where `stored` is; nothing is written. Errors
    /// are those of the action, a failed condition among them.
    pub(in crate::cloud) fn foresee(
        &self,
        action: &str,
        input: &Map<String, Value>,
        stored: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, ApiError> {
        let described = self.core.carry_out("DescribeTable", json!({ "TableName": input.get("TableName") }))?;
        let left = self.core.rehearsal.run(&described["Table"], (action, input), stored);
        left.map_err(|error| self.core.names.outward_error(error))
    }
}

/// A second engine, in memory, in which writes are tried.
#[derive(Default)]
pub(super) struct Rehearsal(Mutex<Stage>);

#[derive(Default)]
struct Stage {
    engine: Option<Dynoxide>,
    /// Names of tables by their keys.
    tables: BTreeMap<String, String>,
}

impl Rehearsal {
    fn run(
        &self,
        table: &Value,
        (action, input): (&str, &Map<String, Value>),
        stored: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, ApiError> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = stage.table(table)?;
        let Some(engine) = &stage.engine else { return Ok(None) };
        let of = |source: &Map<String, Value>| -> Map<String, Value> {
            let keys = key_names(table).filter_map(|name| Some((name.to_owned(), source.get(name)?.clone())));
            keys.collect()
        };
        let key = match input.get("Key").or_else(|| input.get("Item")).and_then(Value::as_object) {
            Some(given) => of(given),
            None => Map::new(),
        };
        if let Some(stored) = stored {
            engine.execute("PutItem", json!({ "TableName": name, "Item": stored }))?;
        }
        let mut input = input.clone();
        input.insert("TableName".to_owned(), name.clone().into());
        let done = engine.execute(action, input.into());
        let left = engine.execute("GetItem", json!({ "TableName": name, "Key": key }));
        // A key that the engine does not take left nothing behind.
        let _ = engine.execute("DeleteItem", json!({ "TableName": name, "Key": key }));
        done?;
        Ok(left?.get("Item").and_then(Value::as_object).cloned())
    }
}

impl Stage {
    /// A table with the keys of another one.
    fn table(&mut self, like: &Value) -> Result<String, ApiError> {
        let names: Vec<&str> = key_names(like).collect();
        let attributes = like["AttributeDefinitions"].as_array();
        let own = |one: &&Value| one["AttributeName"].as_str().is_some_and(|name| names.contains(&name));
        let attributes: Vec<&Value> = attributes.into_iter().flatten().filter(own).collect();
        let keys = json!([like["KeySchema"], attributes]).to_string();
        if let Some(name) = self.tables.get(&keys) {
            return Ok(name.clone());
        }
        let engine = match self.engine.take() {
            Some(engine) => engine,
            None => Dynoxide::in_memory()?,
        };
        let engine = self.engine.insert(engine);
        let name = format!("rehearsal-{}", self.tables.len());
        let made = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": like["KeySchema"], "AttributeDefinitions": attributes,
        });
        engine.execute("CreateTable", made)?;
        self.tables.insert(keys, name.clone());
        Ok(name)
    }
}

/// The attributes of a table's key, the partition key first.
fn key_names(table: &Value) -> impl Iterator<Item = &str> {
    let schema = table["KeySchema"].as_array();
    schema.into_iter().flatten().filter_map(|one| one["AttributeName"].as_str())
}
