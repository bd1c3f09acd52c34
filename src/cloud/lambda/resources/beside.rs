//! What stacks make beside functions: versions, aliases, layers, URLs, settings of asynchronous invocations.
//!
//! Source: `AWS::Lambda::Version`, `Alias`, `LayerVersion`, `Url`, `EventInvokeConfig` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::simple::{Kind, unchanged};
use crate::cloud::lambda::engine::{AliasInput, Engine, EventConfig, Named, Source, invalid};
use crate::cloud::service::{ApiError, Provisioned, ResourceRequest};

pub(super) const VERSION: Kind = Kind {
    name: "AWS::Lambda::Version",
    properties: &["CodeSha256", "Description", "FunctionName"],
    required: &["FunctionName"],
    create_only: &["CodeSha256", "Description", "FunctionName"],
    attributes: &["FunctionArn", "Version"],
    make: make_version,
    change: unchanged,
    remove: |engine, current, _| engine.delete_version(&Named::read(&engine.shared, &current.physical_id)?),
};

pub(super) const ALIAS: Kind = Kind {
    name: "AWS::Lambda::Alias",
    properties: &["Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"],
    required: &["FunctionName", "FunctionVersion", "Name"],
    create_only: &["FunctionName", "Name"],
    attributes: &["AliasArn"],
    make: |engine, request| {
        let name = request.text("Name").unwrap_or_default();
        let alias = engine.create_alias(&function(engine, request)?, &name, AliasInput::read(&request.properties)?)?;
        Ok(made(alias["AliasArn"].as_str().unwrap_or_default(), &[("AliasArn", alias["AliasArn"].clone())]))
    },
    change: |engine, current, request| {
        let mut input = AliasInput::read(&request.properties)?;
        // What the template does not say any more is taken away.
        input.description.get_or_insert_default();
        input.weights.get_or_insert_default();
        engine.update_alias(&function(engine, request)?, &request.text("Name").unwrap_or_default(), input, None)?;
        Ok(current.clone())
    },
    remove: |engine, _, request| {
        engine.delete_alias(&function(engine, request)?, &request.text("Name").unwrap_or_default())
    },
};

pub(super) const LAYER: Kind = Kind {
    name: "AWS::Lambda::LayerVersion",
    properties: &[
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "Content",
        "Description",
        "LayerName",
        "LicenseInfo",
    ],
    required: &["Content"],
    create_only: &[
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "Content",
        "Description",
        "LayerName",
        "LicenseInfo",
    ],
    attributes: &["LayerVersionArn"],
    make: make_layer,
    change: unchanged,
    remove: |engine, current, _| {
        let layer = engine.layer_by_arn(&current.physical_id)?;
        engine.delete_layer(&layer.name, &layer.version.to_string())
    },
};

pub(super) const URL: Kind = Kind {
    name: "AWS::Lambda::Url",
    properties: &["AuthType", "Cors", "InvokeMode", "Qualifier", "TargetFunctionArn"],
    required: &["AuthType", "TargetFunctionArn"],
    create_only: &["Qualifier", "TargetFunctionArn"],
    attributes: &["FunctionArn", "FunctionUrl"],
    make: |engine, request| {
        let url = engine.create_url(&target(engine, request)?, &request.properties)?.described(&engine.shared);
        let attributes = [("FunctionArn", url["FunctionArn"].clone()), ("FunctionUrl", url["FunctionUrl"].clone())];
        Ok(made(url["FunctionArn"].as_str().unwrap_or_default(), &attributes))
    },
    change: |engine, current, request| {
        let mut input = request.properties.clone();
        if input.get("Cors").is_none() {
            input["Cors"] = json!({});
        }
        engine.update_url(&target(engine, request)?, &input)?;
        Ok(current.clone())
    },
    remove: |engine, _, request| engine.delete_url(&target(engine, request)?),
};

pub(super) const EVENT_INVOKE_CONFIG: Kind = Kind {
    name: "AWS::Lambda::EventInvokeConfig",
    properties: &["DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"],
    required: &["FunctionName", "Qualifier"],
    create_only: &["FunctionName", "Qualifier"],
    attributes: &[],
    make: |engine, request| {
        let named = function(engine, request)?.qualified(request.text("Qualifier").as_deref())?;
        engine.put_event_config(&named, Some(EventConfig::default().with(&request.properties)?))?;
        Ok(made(&format!("{}|{}", named.name, named.qualifier.unwrap_or_default()), &[]))
    },
    change: |engine, current, request| {
        let named = function(engine, request)?.qualified(request.text("Qualifier").as_deref())?;
        engine.put_event_config(&named, Some(EventConfig::default().with(&request.properties)?))?;
        Ok(current.clone())
    },
    remove: |engine, _, request| {
        let named = function(engine, request)?.qualified(request.text("Qualifier").as_deref())?;
        engine.put_event_config(&named, None)
    },
};

pub(super) const MAPPING: Kind = Kind {
    name: "AWS::Lambda::EventSourceMapping",
    properties: &[
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "Enabled",
        "EventSourceArn",
        "FilterCriteria",
        "FunctionName",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "ScalingConfig",
        "StartingPosition",
        "TumblingWindowInSeconds",
    ],
    required: &["EventSourceArn", "FunctionName"],
    create_only: &["EventSourceArn", "StartingPosition"],
    attributes: &["EventSourceMappingArn", "Id"],
    make: |engine, request| {
        let mapping = engine.create_mapping(&request.properties)?;
        let attributes = [("EventSourceMappingArn", json!(mapping.arn(&engine.shared))), ("Id", json!(mapping.id))];
        Ok(made(&mapping.id, &attributes))
    },
    change: |engine, current, request| {
        engine.update_mapping(&current.physical_id, &with_defaults(request))?;
        Ok(current.clone())
    },
    remove: |engine, current, _| engine.delete_mapping(&current.physical_id).map(|_| ()),
};

/// The properties of a mapping, with what is meant where the template says nothing (any more).
fn with_defaults(request: &ResourceRequest) -> Value {
    let mut input = request.properties.clone();
    let queue = request.text("EventSourceArn").is_some_and(|arn| arn.starts_with("arn:aws:sqs:"));
    let mut defaults = json!({
        "BatchSize": if queue { 10 } else { 100 }, "Enabled": true, "FilterCriteria": {}, "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
    });
    if queue {
        defaults["ScalingConfig"] = json!({});
    } else {
        defaults["BisectBatchOnFunctionError"] = json!(false);
        defaults["DestinationConfig"] = json!({});
        defaults["MaximumRecordAgeInSeconds"] = json!(-1);
        defaults["MaximumRetryAttempts"] = json!(-1);
    }
    for (name, value) in defaults.as_object().into_iter().flatten() {
        if request.property(name).is_none() {
            input[name] = value.clone();
        }
    }
    input
}

/// What a handler made.
pub(super) fn made(physical_id: &str, attributes: &[(&str, Value)]) -> Provisioned {
    let attributes: BTreeMap<String, Value> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Provisioned { physical_id: physical_id.to_owned(), attributes }
}

/// The function that a resource names, without qualifier.
pub(super) fn function(engine: &Engine, request: &ResourceRequest) -> Result<Named, ApiError> {
    Named::read(&engine.shared, &request.text("FunctionName").unwrap_or_default())
}

/// The function or alias that a URL is for.
fn target(engine: &Engine, request: &ResourceRequest) -> Result<Named, ApiError> {
    Named::read(&engine.shared, &request.text("TargetFunctionArn").unwrap_or_default())?
        .qualified(request.text("Qualifier").as_deref())
}

fn make_version(engine: &Arc<Engine>, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
    let named = function(engine, request)?;
    let before = engine.function(&named)?.last_version;
    let version = engine.publish(&named, &request.properties)?;
    if engine.function(&named)?.last_version == before {
        // As CloudFormation: two resources cannot be one version.
        let message = format!(
            "A version for this Lambda function exists ( {} ). Modify the function to create a new version.",
            version.version
        );
        return Err(ApiError::new("AlreadyExists", message));
    }
    let attributes = [("FunctionArn", json!(version.arn)), ("Version", json!(version.version))];
    Ok(made(&version.arn, &attributes))
}

fn make_layer(engine: &Arc<Engine>, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
    let content = request.property("Content").cloned().unwrap_or_default();
    if content.get("S3ObjectVersion").is_some() {
        return Err(ApiError::not_built("lambda", "Content with S3ObjectVersion"));
    }
    let text = |name: &str| content.get(name).and_then(Value::as_str).map(str::to_owned);
    let (bucket, key) = text("S3Bucket")
        .zip(text("S3Key"))
        .ok_or_else(|| invalid("Please provide S3Bucket and S3Key as the Content of the layer."))?;
    let generated = || request.generated_name(&*engine.shared.ids, 140);
    let name = request.text("LayerName").unwrap_or_else(generated);
    let layer = engine.publish_layer(&name, &request.properties, &Source::Object { bucket, key })?;
    let arn = layer.arn(&engine.shared);
    Ok(made(&arn, &[("LayerVersionArn", json!(arn))]))
}
