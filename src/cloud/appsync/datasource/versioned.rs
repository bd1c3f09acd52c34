//! Versioned tables: every write gives an item its next version, a deleted item leaves a tombstone, and a second table
//! tells what changed.
//!
//! Source: AppSync guide, "Versioning DynamoDB data sources", "Conflict detection and resolution". An item and the record
//! of its change are written in one transaction. Not here: reading items, which is the same as without versions.

use serde_json::Value;

use super::dynamodb::Asking;
use super::{Answer, Origin};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::{DataSource, DeltaSyncConfig};

/// What AppSync adds to items; no request may change it.
pub(super) const METADATA: [&str; 4] = ["_version", "_lastChangedAt", "_deleted", "_ttl"];

/// A request to a versioned table.
pub(super) struct Versioned<'a> {
    pub asking: &'a Asking<'a>,
    pub source: &'a DataSource,
    pub delta: &'a DeltaSyncConfig,
    pub origin: &'a Origin<'a>,
}

/// Carries out a request.
pub(super) fn invoke(
    asking: &Asking<'_>,
    source: &DataSource,
    delta: &DeltaSyncConfig,
    origin: &Origin<'_>,
) -> Result<Answer, Fault> {
    let versioned = Versioned { asking, source, delta, origin };
    match asking.request.get("operation").and_then(Value::as_str).unwrap_or_default() {
        operation @ ("PutItem" | "UpdateItem" | "DeleteItem") => versioned.write(operation),
        "Sync" => versioned.sync(),
        "BatchPutItem" => Ok(unsupported("BatchPutItem")),
        "BatchDeleteItem" => Ok(unsupported("BatchDeleteItem")),
        "TransactWriteItems" => Ok(unsupported("TransactWriteItems")),
        _ => asking.carry_out(),
    }
}

/// AppSync's refusal of writes that it cannot version ("Errors" of "Conflict detection and resolution").
fn unsupported(operation: &str) -> Answer {
    let message = format!(
        "Unsupported operation '{operation}'. Datasource Versioning only supports the following operations \
         (TransactGetItems,PutItem,BatchGetItem,Scan,Query,GetItem,DeleteItem,UpdateItem,Sync)."
    );
    Answer::error("UnsupportedOperation", message, Value::Null)
}
