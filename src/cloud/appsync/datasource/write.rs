//! Writes: the check of the version, conflicts, and the item with the record of its change in one transaction.
//!
//! An item that was never written by way of AppSync has no version, which counts as 0.

use serde_json::{Map, Value, json};

use super::Answer;
use super::dynamodb::refused;
use super::item::{plain_item, strict_entries, typed_item};
use super::merge::{Wanted, merged};
use super::settle::Decision;
use super::versioned::{METADATA, Versioned};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::{ConflictDetection, ConflictHandler, SyncConfig};
use crate::cloud::dynamodb::Alone;
use crate::cloud::service::{ApiError, Permission};

/// How often a conflict handler is asked about one write before AppSync gives up; the guide names no number.
const MOST_ATTEMPTS: usize = 10;

const SECONDS_A_MINUTE: i64 = 60;

type Item = Map<String, Value>;

/// What the request says.
struct Asked {
    operation: &'static str,
    key: Item,
    input: Item,
    /// The same without the condition.
    unconditional: Item,
}

/// What is to be written.
enum Intent {
    /// What the request says.
    Asked,
    /// What a conflict handler made of it.
    Item(Item),
    /// Nothing: a conflict handler removes the item.
    Remove,
}

/// What became of an attempt.
enum Outcome {
    Done(Answer),
    /// A function must decide.
    Conflict {
        stored: Item,
        version: i64,
        foreseen: Item,
    },
}

/// An attempt: what is stored, and when it is written.
struct Attempt<'a> {
    alone: Alone<'a>,
    asked: &'a Asked,
    stored: Option<Item>,
    now_ms: i64,
}

impl Versioned<'_> {
    /// Carries out a write.
    pub(super) fn write(&self, operation: &str) -> Result<Answer, Fault> {
        let operation = match operation {
            "PutItem" => "PutItem",
            "UpdateItem" => "UpdateItem",
            _ => "DeleteItem",
        };
        let asked = Asked {
            operation,
            key: strict_entries(&self.asking.map("key")?),
            input: self.asking.write_input(operation, true)?,
            unconditional: self.asking.write_input(operation, false)?,
        };
        if let Some(refusal) = self.refusal(operation) {
            return Ok(refusal);
        }
        Ok(self.attempts(&asked).unwrap_or_else(|error| refused(self.asking.backends, &error, Value::Null)))
    }

    /// What IAM says against it.
    fn refusal(&self, operation: &str) -> Option<Answer> {
        // A tombstone is an update.
        let action = match operation {
            "DeleteItem" if self.delta.base_table_ttl > 0 => "UpdateItem",
            other => other,
        };
        if let Err(error) = self.may(action, self.asking.table()) {
            return Some(refused(self.asking.backends, &error, Value::Null));
        }
        self.may("PutItem", &self.delta.delta_sync_table_name).err().map(|error| unrecorded(&error))
    }

    pub(super) fn may(&self, action: &str, table: &str) -> Result<(), ApiError> {
        let backends = self.asking.backends;
        let resource = format!("arn:aws:dynamodb:{}:{}:table/{table}", backends.shared.region, backends.shared.account);
        backends.iam.authorize(&self.asking.caller, &Permission::new(format!("dynamodb:{action}"), resource))
    }

    fn attempts(&self, asked: &Asked) -> Result<Answer, ApiError> {
        let mut expected = self.asking.request.get("_version").and_then(Value::as_i64);
        let mut intent = Intent::Asked;
        for _ in 0..MOST_ATTEMPTS {
            let (stored, version, foreseen) = match self.attempt(asked, &intent, expected)? {
                Outcome::Done(answer) => return Ok(answer),
                Outcome::Conflict { stored, version, foreseen } => (stored, version, foreseen),
            };
            intent = match self.decide(asked.operation, &stored, &foreseen) {
                Ok(Decision::Resolve(item)) => Intent::Item(typed_item(&item, &stored)),
                Ok(Decision::Remove) => Intent::Remove,
                Ok(Decision::Reject) => return Ok(unhandled(&stored)),
                Err(reason) => return Ok(Answer::error("ConflictError", reason, plain_item(&stored))),
            };
            expected = Some(version);
        }
        let message = "Max retry attempts were reached for conflict resolution.";
        Ok(Answer::error("MaxConflicts", message, Value::Null))
    }

    fn attempt(&self, asked: &Asked, intent: &Intent, expected: Option<i64>) -> Result<Outcome, ApiError> {
        let backends = self.asking.backends;
        let alone = backends.dynamodb.alone();
        // Told while nobody else writes, so that whoever reads changes since a moment misses none.
        let now_ms = backends.shared.clock.now_ms();
        let read = json!({ "TableName": self.asking.table(), "Key": asked.key, "ConsistentRead": true });
        let stored = alone.execute("GetItem", read)?.get("Item").and_then(Value::as_object).cloned();
        let attempt = Attempt { alone, asked, stored, now_ms };
        if let Some(names) = attempt.metadata()? {
            let message = format!("Unable to update metadata fields: {}.", names.join(", "));
            return Ok(Outcome::Done(Answer::error("BadRequest", message, Value::Null)));
        }
        match (&attempt.stored, expected) {
            (Some(stored), Some(expected)) if self.detects() && version(stored) != expected => {
                self.conflict(&attempt, stored, expected)
            }
            _ => self.proceed(&attempt, intent).map(Outcome::Done),
        }
    }

    fn detects(&self) -> bool {
        self.origin.sync.is_some_and(|sync| sync.conflict_detection == ConflictDetection::Version)
    }

    /// Writes what is asked for, when the condition holds.
    fn proceed(&self, attempt: &Attempt<'_>, intent: &Intent) -> Result<Answer, ApiError> {
        let foreseen = match attempt.foresee() {
            Err(error) => return self.failed(attempt, &error),
            Ok(foreseen) => foreseen,
        };
        let deletes = attempt.asked.operation == "DeleteItem";
        match (intent, &attempt.stored) {
            (Intent::Remove, Some(stored)) => self.commit(attempt, stored.clone(), true),
            (Intent::Asked, Some(stored)) if deletes => self.commit(attempt, stored.clone(), true),
            (Intent::Item(item), _) => {
                let mut item = item.clone();
                item.extend(attempt.asked.key.clone());
                self.commit(attempt, item, false)
            }
            (Intent::Asked, _) if !deletes => self.commit(attempt, foreseen.unwrap_or_default(), false),
            // There is nothing to delete.
            _ => Ok(Answer::result(Value::Null)),
        }
    }

    /// Settles a write on another version, or says that a function must.
    fn conflict(&self, attempt: &Attempt<'_>, stored: &Item, expected: i64) -> Result<Outcome, ApiError> {
        let deletes = attempt.asked.operation == "DeleteItem";
        match self.origin.sync.map(|sync: &SyncConfig| sync.conflict_handler).unwrap_or_default() {
            ConflictHandler::Automerge if !deletes => {
                let foreseen = match attempt.foresee() {
                    Err(error) => return self.failed(attempt, &error).map(Outcome::Done),
                    Ok(foreseen) => foreseen.unwrap_or_default(),
                };
                let wanted = attempt.wanted(stored, &foreseen);
                let base = self.at_version(&attempt.alone, &attempt.asked.key, expected, attempt.now_ms)?;
                let item = merged(stored, &wanted, base.as_ref());
                self.commit(attempt, item, false).map(Outcome::Done)
            }
            ConflictHandler::Lambda => {
                let foreseen = if deletes {
                    let mut gone = stored.clone();
                    gone.insert("_deleted".to_owned(), json!({ "BOOL": true }));
                    gone
                } else {
                    let (operation, input) = (attempt.asked.operation, &attempt.asked.unconditional);
                    attempt.alone.foresee(operation, input, Some(stored))?.unwrap_or_default()
                };
                Ok(Outcome::Conflict { stored: stored.clone(), version: version(stored), foreseen })
            }
            _ => Ok(Outcome::Done(unhandled(stored))),
        }
    }

    /// What a condition that does not hold comes to: the item that is stored comes with the error.
    fn failed(&self, attempt: &Attempt<'_>, error: &ApiError) -> Result<Answer, ApiError> {
        if !error.code.ends_with("ConditionalCheckFailedException") {
            return Err(error.clone());
        }
        let stored = attempt.stored.as_ref().map_or(Value::Null, plain_item);
        Ok(refused(self.asking.backends, error, stored))
    }

    /// Writes the item in its next version, and the record of the change.
    fn commit(&self, attempt: &Attempt<'_>, mut item: Item, deleted: bool) -> Result<Answer, ApiError> {
        let next = attempt.stored.as_ref().map(version).unwrap_or_default() + 1;
        item.insert("_version".to_owned(), json!({ "N": next.to_string() }));
        item.insert("_lastChangedAt".to_owned(), json!({ "N": attempt.now_ms.to_string() }));
        if deleted {
            let expires = attempt.now_ms.div_euclid(1000) + self.delta.base_table_ttl * SECONDS_A_MINUTE;
            item.insert("_deleted".to_owned(), json!({ "BOOL": true }));
            item.insert("_ttl".to_owned(), json!({ "N": expires.to_string() }));
        }
        let table = self.asking.table();
        let record = self.change(&item, &attempt.alone.key_names(table)?, attempt.now_ms);
        let base = if deleted && self.delta.base_table_ttl == 0 {
            json!({ "Delete": { "TableName": table, "Key": attempt.asked.key } })
        } else {
            json!({ "Put": { "TableName": table, "Item": item } })
        };
        let change = json!({ "Put": { "TableName": self.delta.delta_sync_table_name, "Item": record } });
        match attempt.alone.execute("TransactWriteItems", json!({ "TransactItems": [base, change] })) {
            Ok(_) => Ok(Answer::result(plain_item(&item))),
            // The base table was just read.
            Err(error) if error.code.ends_with("ResourceNotFoundException") => Ok(unrecorded(&error)),
            Err(error) => Err(first_reason(error)),
        }
    }
}

impl Attempt<'_> {
    /// What the write would leave, when its condition holds.
    fn foresee(&self) -> Result<Option<Item>, ApiError> {
        self.alone.foresee(self.asked.operation, &self.asked.input, self.stored.as_ref())
    }

    /// Attributes that the request may not change, and would.
    fn metadata(&self) -> Result<Option<Vec<&'static str>>, ApiError> {
        let asked = self.asked;
        let changed = |after: &Item, before: Option<&Item>| -> Vec<&'static str> {
            let differs = |name: &&str| after.get(*name) != before.and_then(|before| before.get(*name));
            METADATA.into_iter().filter(differs).collect()
        };
        let names = match asked.operation {
            "PutItem" => {
                let item = asked.input.get("Item").and_then(Value::as_object);
                item.map(|item| changed(item, None)).unwrap_or_default()
            }
            "UpdateItem" => {
                let after = self.alone.foresee("UpdateItem", &asked.unconditional, self.stored.as_ref())?;
                changed(&after.unwrap_or_default(), self.stored.as_ref())
            }
            _ => Vec::new(),
        };
        Ok(Some(names).filter(|names| !names.is_empty()))
    }

    /// What the request wants of the item, however much of it is there already.
    fn wanted(&self, stored: &Item, foreseen: &Item) -> Wanted {
        let asked = self.asked;
        let own = |(name, _): &(&String, &Value)| !asked.key.contains_key(*name);
        let copy = |(name, value): (&String, &Value)| (name.clone(), value.clone());
        if asked.operation == "PutItem" {
            return Wanted { sets: foreseen.iter().filter(own).map(copy).collect(), removes: Vec::new() };
        }
        let removes = stored.keys().filter(|name| !foreseen.contains_key(*name)).cloned().collect();
        // On no item at all, an update leaves what it sets. One that counts on what is there fails; then the difference
        // tells.
        let sets = match self.alone.foresee("UpdateItem", &asked.unconditional, None) {
            Ok(Some(fresh)) => fresh.iter().filter(own).map(copy).collect(),
            _ => foreseen.iter().filter(|(name, value)| stored.get(*name) != Some(*value)).map(copy).collect(),
        };
        Wanted { sets, removes }
    }
}

/// The version of an item.
fn version(item: &Item) -> i64 {
    item.get("_version").and_then(|value| value.get("N")?.as_str()?.parse().ok()).unwrap_or_default()
}

/// The handler refuses the write; the caller learns what is stored.
fn unhandled(stored: &Item) -> Answer {
    Answer::error("ConflictUnhandled", "Conflict resolver rejects mutation.", plain_item(stored))
}

/// The change cannot be recorded, so nothing is written.
fn unrecorded(error: &ApiError) -> Answer {
    let message = format!("Failed to write delta sync record: {}", error.message);
    Answer::error("DeltaSyncWriteError", message, Value::Null)
}

/// What is wrong with the item, of a transaction that was cancelled.
fn first_reason(error: ApiError) -> ApiError {
    let reasons = error.extra.get("CancellationReasons").and_then(Value::as_array);
    let text = |reason: &Value, name: &str| reason.get(name).and_then(Value::as_str).map(str::to_owned);
    let first = reasons.into_iter().flatten().find_map(|reason| text(reason, "Message"));
    match first {
        Some(message) => ApiError::new("ValidationException", message),
        None => error,
    }
}
