//! Data sync in the stacks: the table of recent changes, who settles conflicts, and what that takes of roles.

use serde::Serialize;

use crate::category::api::own_functions::substituted;
use crate::category::api::plan::{ConflictHandler, DELTA_MINUTES, DELTA_TABLE, Model, Plan, Source, TOMBSTONE_MINUTES};

/// Logical id of the table of recent changes in the API's own stack, and the parameter with its name in the others. No
/// model has it: theirs end in `Table`.
pub(super) const CHANGES: &str = "RecentChanges";

/// What AppSync does with a versioned data source ("Versioning DynamoDB data sources"): deleted items are updates, and
/// every write goes to the table of recent changes too.
pub(super) const ACTIONS: [&str; 6] = [
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// The table of recent changes.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    id: &'static str,
    /// Text for `!Sub`.
    name: String,
}

/// How long data sources keep what.
#[derive(Debug, Serialize)]
pub(super) struct Kept {
    /// Logical id of the table of recent changes.
    changes: &'static str,
    tombstone_minutes: u32,
    delta_minutes: u32,
}

/// Who settles conflicts, as resolvers and functions say it.
#[derive(Debug, Serialize)]
pub(super) struct Settling {
    handler: &'static str,
    /// Text for `!Sub`: the ARN of the function that decides.
    function: Option<String>,
}

/// The table of recent changes, when a model has data sync.
pub(super) fn changes(plan: &Plan) -> Option<Changes> {
    let name = format!("{DELTA_TABLE}-${{GraphQLApi.ApiId}}-${{Environment}}");
    plan.models.values().any(is_synced).then_some(Changes { id: CHANGES, name })
}

pub(super) fn is_synced(model: &Model) -> bool {
    model.conflict.is_some()
}

/// What a model's data source keeps.
pub(super) fn kept(model: &Model) -> Option<Kept> {
    let kept = Kept { changes: CHANGES, tombstone_minutes: TOMBSTONE_MINUTES, delta_minutes: DELTA_MINUTES };
    is_synced(model).then_some(kept)
}

/// Who settles conflicts of what uses a data source.
pub(super) fn settling(plan: &Plan, source: &str) -> Option<Settling> {
    let Source::Table { model } = plan.sources.get(source)? else { return None };
    let handler = plan.models.get(model)?.conflict.as_ref()?;
    Some(Settling { handler: handler.appsync_name(), function: function_arn(handler) })
}

/// Text for `!Sub`: the ARN of the function that a handler calls.
pub(super) fn function_arn(handler: &ConflictHandler) -> Option<String> {
    let ConflictHandler::Lambda { function } = handler else { return None };
    let name = substituted(function);
    Some(format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}"))
}
