//! The point-in-time-recovery setting of a table: kept and described.
//!
//! No backup is made: restoring is refused by name, as an action that the embedded cloud does not have.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::service::ApiError;
use super::super::store::{Store, Table};
use super::Core;

/// Days that AWS keeps when a request names none.
const DEFAULT_DAYS: i64 = 35;

/// The setting of one table.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Setting {
    enabled: bool,
    days: i64,
    since_s: i64,
}

/// The settings of all tables.
pub(super) struct Backups(Table<Setting>);

impl Backups {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self(Table::new(store, "dynamodb-recovery"))
    }
}

/// Answers the actions on this setting, and those on tables that the engine leaves out; `None` for all others.
pub(super) fn execute(core: &Arc<Core>, action: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    match action {
        "DescribeContinuousBackups" => Some(describe(core, input)),
        "UpdateContinuousBackups" => Some(update(core, input)),
        "UpdateTable" => ["SSESpecification", "ReplicaUpdates", "MultiRegionConsistency", "WarmThroughput"]
            .into_iter()
            .find(|member| input.get(member).is_some_and(|value| !value.is_null()))
            .map(|member| Err(ApiError::not_built("dynamodb", &format!("UpdateTable with {member}")))),
        "CreateTable" => ["ResourcePolicy", "WarmThroughput", "GlobalTableSourceArn"]
            .into_iter()
            .find(|member| input.get(member).is_some_and(|value| !value.is_null()))
            .map(|member| Err(ApiError::not_built("dynamodb", &format!("CreateTable with {member}")))),
        "DeleteTable" => {
            // A table of the same name starts anew, without the setting of this one.
            let deleted = core.engine.execute(action, input.clone()).and_then(|mut output| {
                core.names.outward(action, &mut output);
                core.backups.0.remove(table(input))?;
                Ok(output)
            });
            Some(deleted.map_err(|error| core.names.outward_error(error)))
        }
        _ => None,
    }
}

fn table(input: &Value) -> &str {
    input.get("TableName").and_then(Value::as_str).unwrap_or_default()
}

fn exists(core: &Core, input: &Value) -> Result<(), ApiError> {
    let described = core.engine.execute("DescribeTable", json!({ "TableName": input.get("TableName") }));
    described.map(drop).map_err(|error| match error.code.as_str() {
        "ResourceNotFoundException" => {
            ApiError::new("TableNotFoundException", format!("Table not found: {}", table(input)))
        }
        _ => error,
    })
}

fn describe(core: &Core, input: &Value) -> Result<Value, ApiError> {
    exists(core, input)?;
    let setting = core.backups.0.get(table(input)).filter(|setting| setting.enabled);
    let recovery = match setting {
        Some(setting) => json!({
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": setting.days,
            "EarliestRestorableDateTime": setting.since_s,
            "LatestRestorableDateTime": core.shared.clock.now_s(),
        }),
        None => json!({ "PointInTimeRecoveryStatus": "DISABLED" }),
    };
    Ok(json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": recovery,
    } }))
}

fn update(core: &Core, input: &Value) -> Result<Value, ApiError> {
    exists(core, input)?;
    let specification = input.get("PointInTimeRecoverySpecification").cloned().unwrap_or_default();
    let Some(enabled) = specification.get("PointInTimeRecoveryEnabled").and_then(Value::as_bool) else {
        return Err(ApiError::new(
            "ValidationException",
            "1 validation error detected: Value null at 'pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled' \
             failed to satisfy constraint: Member must not be null",
        ));
    };
    let days = specification.get("RecoveryPeriodInDays").and_then(Value::as_i64).unwrap_or(DEFAULT_DAYS);
    if !(1..=DEFAULT_DAYS).contains(&days) {
        return Err(ApiError::new(
            "ValidationException",
            format!("RecoveryPeriodInDays must be between 1 and {DEFAULT_DAYS}"),
        ));
    }
    let before = core.backups.0.get(table(input)).filter(|setting| setting.enabled);
    let since_s = before.map_or_else(|| core.shared.clock.now_s(), |setting| setting.since_s);
    core.backups.0.put(table(input), &Setting { enabled, days, since_s })?;
    describe(core, input)
}
