//! `AWS::DynamoDB::Table`.
//!
//! The replacement of a table, and what becomes of its data, is CloudFormation's matter.

mod input;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::super::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};
use super::{Core, blocking};

/// Longest name of a table.
const LONGEST_NAME: usize = 255;

/// Makes, changes and removes tables.
pub(super) struct TableHandler(Arc<Core>);

impl TableHandler {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self(core)
    }
}

impl ResourceHandler for TableHandler {
    fn kind(&self) -> &'static str {
        "AWS::DynamoDB::Table"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "TableName",
            "AttributeDefinitions",
            "KeySchema",
            "BillingMode",
            "ProvisionedThroughput",
            "OnDemandThroughput",
            "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes",
            "StreamSpecification",
            "SSESpecification",
            "PointInTimeRecoverySpecification",
            "TimeToLiveSpecification",
            "DeletionProtectionEnabled",
            "TableClass",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["KeySchema"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["TableName", "KeySchema", "LocalSecondaryIndexes"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "StreamArn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (core, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(async move { Ok(blocking(move || create(&core, &request)).await?) })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (core, table, request) = (Arc::clone(&self.0), current.physical_id.clone(), request.clone());
        Box::pin(async move { Ok(blocking(move || update(&core, &table, &request)).await?) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        let (core, table) = (Arc::clone(&self.0), current.physical_id.clone());
        Box::pin(async move {
            let deleted = blocking(move || core.execute("DeleteTable", json!({ "TableName": table }))).await;
            match deleted {
                Err(error) if error.code != "ResourceNotFoundException" => Err(error.into()),
                _ => Ok(()),
            }
        })
    }
}

fn create(core: &Arc<Core>, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
    let table = request.text("TableName").unwrap_or_else(|| request.generated_name(&*core.shared.ids, LONGEST_NAME));
    core.execute("CreateTable", input::create(&table, request))?;
    let finished = settle(core, &table, None, request).and_then(|()| describe(core, &table));
    if finished.is_err() {
        // The stack never learns the name of a half-made table, so it must not stay.
        let _ = core.execute("UpdateTable", json!({ "TableName": table, "DeletionProtectionEnabled": false }));
        let _ = core.execute("DeleteTable", json!({ "TableName": table }));
    }
    finished
}

fn update(core: &Arc<Core>, table: &str, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
    let before = request.previous.clone().unwrap_or_else(|| json!({}));
    for step in input::updates(table, &before, &request.properties)? {
        core.execute("UpdateTable", step)?;
    }
    settle(core, table, Some(&before), request)?;
    tag(core, table, &before, request)?;
    describe(core, table)
}

/// The `Ref` and attributes of a table as it is now.
fn describe(core: &Arc<Core>, table: &str) -> Result<Provisioned, ApiError> {
    let described = core.execute("DescribeTable", json!({ "TableName": table }))?;
    let mut attributes = BTreeMap::from([("Arn".to_owned(), described["Table"]["TableArn"].clone())]);
    if let Some(stream) = described["Table"].get("LatestStreamArn") {
        attributes.insert("StreamArn".to_owned(), stream.clone());
    }
    Ok(Provisioned { physical_id: table.to_owned(), attributes })
}

/// Time to live and recovery, which have actions of their own.
fn settle(core: &Arc<Core>, table: &str, before: Option<&Value>, request: &ResourceRequest) -> Result<(), ApiError> {
    let changed = |name: &str| before.and_then(|before| before.get(name)) != request.property(name);
    if changed("TimeToLiveSpecification") {
        let old = before.and_then(|before| before.get("TimeToLiveSpecification"));
        if let Some(specification) = input::time_to_live(old, request.property("TimeToLiveSpecification")) {
            core.execute("UpdateTimeToLive", json!({ "TableName": table, "TimeToLiveSpecification": specification }))?;
        }
    }
    if changed("PointInTimeRecoverySpecification") {
        let specification = input::recovery(request.property("PointInTimeRecoverySpecification"));
        core.execute(
            "UpdateContinuousBackups",
            json!({ "TableName": table, "PointInTimeRecoverySpecification": specification }),
        )?;
    }
    Ok(())
}

/// Brings the tags to those of the template and the stack.
fn tag(core: &Arc<Core>, table: &str, before: &Value, request: &ResourceRequest) -> Result<(), ApiError> {
    let arn = core.names.table_arn(table);
    let wanted = input::tags(&request.properties, &request.tags);
    let listed = core.execute("ListTagsOfResource", json!({ "ResourceArn": arn }))?;
    let known = listed["Tags"].as_array().cloned().unwrap_or_default();
    let gone: Vec<&Value> = known
        .iter()
        .filter(|tag| wanted.iter().all(|one| one["Key"] != tag["Key"]))
        // Tags that someone added by hand stay.
        .filter(|tag| input::tags(before, &[]).iter().any(|one| one["Key"] == tag["Key"]))
        .map(|tag| &tag["Key"])
        .collect();
    if !gone.is_empty() {
        core.execute("UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone }))?;
    }
    if wanted.iter().any(|tag| !known.contains(tag)) {
        core.execute("TagResource", json!({ "ResourceArn": arn, "Tags": wanted }))?;
    }
    Ok(())
}
