//! The engine behind the tables: our trait, and the embedded crate that fulfils it.
//!
//! It decodes an action's JSON, carries it out and encodes the answer. Names (regions in ARNs) and permissions are not
//! its concern.

use std::path::{Path, PathBuf};

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::service::ApiError;
use super::records;

/// Carries out DynamoDB's actions.
pub(super) trait TableEngine: Send + Sync {
    /// One action with its input; when it returns, a kill of the process does not undo it.
    fn execute(&self, action: &str, input: Value) -> Result<Value, ApiError>;

    /// Deletes items whose time to live is over, and says how many.
    fn sweep(&self) -> Result<usize, ApiError>;

    /// Deletes the records of streams that are not kept any longer at a time (seconds since 1970), and says how many.
    fn trim(&self, now_s: i64) -> Result<usize, ApiError>;
}

/// The engine on an `SQLite` file.
pub(super) struct Dynoxide {
    database: Database,
    /// Nothing when it keeps nothing.
    path: Option<PathBuf>,
}

impl Dynoxide {
    /// Opens `dynamodb.sqlite` in a folder, or makes it.
    pub(super) fn open(folder: &Path) -> Result<Self, ApiError> {
        let path = folder.join("dynamodb.sqlite");
        let database = Database::new(&path.to_string_lossy()).map_err(refusal)?;
        // Leaves the write-ahead log with `synchronous = NORMAL`: a commit is with the operating system before we
        // answer, so a killed process loses nothing; the file is not flushed to the disk's platter at each write.
        database.disable_bulk_loading().map_err(refusal)?;
        records::order(&path)?;
        Ok(Self { database, path: Some(path) })
    }

    /// An engine that keeps nothing.
    pub(super) fn in_memory() -> Result<Self, ApiError> {
        Ok(Self { database: Database::memory().map_err(refusal)?, path: None })
    }
}

impl TableEngine for Dynoxide {
    fn execute(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        let database = &self.database;
        match action {
            "CreateTable" => run(action, input, |request| database.create_table(request)),
            "DescribeTable" => run(action, input, |request| database.describe_table(request)),
            "UpdateTable" => run(action, input, |request| database.update_table(request)),
            "DeleteTable" => run(action, input, |request| database.delete_table(request)),
            "ListTables" => run(action, input, |request| database.list_tables(request)),
            "UpdateTimeToLive" => run(action, input, |request| database.update_time_to_live(request)),
            "DescribeTimeToLive" => run(action, input, |request| database.describe_time_to_live(request)),
            "TagResource" => run(action, input, |request| database.tag_resource(request)),
            "UntagResource" => run(action, input, |request| database.untag_resource(request)),
            "ListTagsOfResource" => run(action, input, |request| database.list_tags_of_resource(request)),
            _ => self.execute_on_items(action, input),
        }
    }

    fn sweep(&self) -> Result<usize, ApiError> {
        self.database.sweep_ttl().map_err(refusal)
    }

    fn trim(&self, now_s: i64) -> Result<usize, ApiError> {
        let trim = |path: &PathBuf| records::trim(path, now_s - records::KEPT_S, records::MOST);
        self.path.as_ref().map_or(Ok(0), trim)
    }
}

impl Dynoxide {
    fn execute_on_items(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        let database = &self.database;
        match action {
            "GetItem" => run(action, input, |request| database.get_item(request)),
            "PutItem" => run(action, input, |request| database.put_item(request)),
            "UpdateItem" => run(action, input, |request| database.update_item(request)),
            "DeleteItem" => run(action, input, |request| database.delete_item(request)),
            "Query" => run(action, input, |request| database.query(request)),
            "Scan" => run(action, input, |request| database.scan(request)),
            "BatchGetItem" => run(action, input, |request| database.batch_get_item(request)),
            "BatchWriteItem" => run(action, input, |request| database.batch_write_item(request)),
            "TransactGetItems" => run(action, input, |request| database.transact_get_items(request)),
            "TransactWriteItems" => run(action, input, |request| database.transact_write_items(request)),
            "ExecuteStatement" => run(action, input, |request| database.execute_statement(request)),
            "BatchExecuteStatement" => run(action, input, |request| database.batch_execute_statement(request)),
            "ExecuteTransaction" => run(action, input, |request| database.execute_transaction(request)),
            "ListStreams" => run(action, input, |request| database.list_streams(request)),
            "DescribeStream" => run(action, input, |request| database.describe_stream(request)),
            "GetShardIterator" => run(action, input, |request| database.get_shard_iterator(request)),
            "GetRecords" => run(action, input, |request| database.get_records(request)),
            _ => Err(ApiError::not_built("dynamodb", action)),
        }
    }
}

/// Decodes, carries out, encodes.
fn run<Request: DeserializeOwned, Reply: Serialize>(
    action: &str,
    input: Value,
    carry_out: impl FnOnce(Request) -> dynoxide::Result<Reply>,
) -> Result<Value, ApiError> {
    let request = serde_json::from_value(input).map_err(|error| undecodable(action, &error.to_string()))?;
    let reply = carry_out(request).map_err(|error| refusal(in_envelope(action, error)))?;
    let mut reply = serde_json::to_value(reply)
        .map_err(|error| ApiError::new("InternalServerError", error.to_string()).status(500))?;
    // The engine keeps items in hash maps, whose order differs from run to run.
    reply.sort_all_objects();
    Ok(reply)
}

/// Whether an action reports the faults of a request's values inside AWS's "1 validation error detected" sentence.
fn in_envelope(action: &str, error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(message) => DynoxideError::ValidationException(enveloped(action, &message)),
        other => other,
    }
}

fn enveloped(action: &str, message: &str) -> String {
    match action {
        "PutItem" | "UpdateItem" | "DeleteItem" => format!("1 validation error detected: {message}"),
        _ => message.to_owned(),
    }
}

/// The engine's error in our form: AWS's code, text and further members (`Item`, `CancellationReasons`).
fn refusal(error: DynoxideError) -> ApiError {
    if let DynoxideError::UnsupportedCapability(capability) = &error {
        return ApiError::not_built("dynamodb", capability);
    }
    let code = error.error_type().rsplit('#').next().unwrap_or_default().to_owned();
    let mut extra: Map<String, Value> = serde_json::from_str(&error.to_json()).unwrap_or_default();
    extra.retain(|name, _| !matches!(name.as_str(), "__type" | "message" | "Message"));
    extra.values_mut().for_each(Value::sort_all_objects);
    ApiError { code, message: error.to_string(), status: error.status_code(), extra }
}

/// Why an input could not be read. The engine's own checks mark their messages with the class of the error; the rest
/// are faults of form, which AWS calls a `SerializationException`.
fn undecodable(action: &str, message: &str) -> ApiError {
    const CLASSES: [(&str, &str); 5] = [
        ("SERIALIZATION_AS_READ:", "SerializationException"),
        ("VALIDATION_AS_READ:", "ValidationException"),
        ("SERIALIZATION:", "SerializationException"),
        ("VALIDATION_REQUEST:", "ValidationException"),
        ("VALIDATION:", "ValidationException"),
    ];
    for (mark, code) in CLASSES {
        if let Some(text) = message.strip_prefix(mark) {
            let text = if mark == "VALIDATION_REQUEST:" { enveloped(action, text) } else { text.to_owned() };
            return ApiError::new(code, text);
        }
    }
    let validation = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"]
        .iter()
        .any(|part| message.contains(part));
    if validation {
        let empty = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
        let text = if message.contains("empty AttributeValue") { empty } else { message };
        return ApiError::new("ValidationException", text);
    }
    ApiError::new("SerializationException", wrong_type(message).unwrap_or_else(|| message.to_owned()))
}

/// AWS's words for a JSON type in the place of another, from serde's `invalid type: integer `1`, expected a string`.
fn wrong_type(message: &str) -> Option<String> {
    let (given, wanted) = message.strip_prefix("invalid type: ")?.split_once(", expected ")?;
    let class = match wanted {
        "a string" => "String",
        "a boolean" => "Boolean",
        "i64" | "u64" | "usize" => "Long",
        _ => "",
    };
    let token = match given {
        "boolean `true`" => "TRUE_VALUE",
        "boolean `false`" => "FALSE_VALUE",
        _ if given.starts_with("integer") => "NUMBER_VALUE",
        _ if given.starts_with("floating point") => "DECIMAL_VALUE",
        _ if given.starts_with("string") => "STRING_VALUE",
        _ => "",
    };
    Some(match (given, class, token) {
        ("map", ..) => "Start of structure or map found where not expected".to_owned(),
        ("sequence", "", _) => "Start of list found where not expected".to_owned(),
        ("sequence", class, _) => format!("Unrecognized collection type class java.lang.{class}"),
        (_, "", _) | (_, _, "") => "Unexpected field type".to_owned(),
        (_, "Boolean", "STRING_VALUE") => "Unexpected token received from parser".to_owned(),
        (_, class, token) => format!("{token} cannot be converted to {class}"),
    })
}
