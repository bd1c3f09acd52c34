//! Layers.

use serde_json::{Value, json};

use super::functions::{code_file, source};
use super::{ARCHIVE, Request, nothing, with_status};
use crate::cloud::lambda::engine::{LayerVersion, layer_arn};
use crate::cloud::service::{ApiError, ApiReply};

/// Answers the operations of this file.
pub(super) fn answer(request: &Request<'_>) -> Option<Result<ApiReply, ApiError>> {
    let (name, version) = (&request.operation.first, &request.operation.second);
    Some(match request.operation.name {
        "ListLayers" => list(request),
        "PublishLayerVersion" => publish(request),
        "ListLayerVersions" => list_versions(request),
        "GetLayerVersion" => {
            request.engine.layer(name, version).map(|layer| ApiReply::json(layer.described(&request.engine.shared)))
        }
        "DeleteLayerVersion" => request.engine.delete_layer(name, version).map(|()| nothing()),
        ARCHIVE if request.call.path.contains("/layers/") => {
            request.engine.layer(name, version).and_then(|layer| code_file(request, &layer.code))
        }
        _ => return None,
    })
}

fn publish(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let input = request.input()?;
    let source = source(input.get("Content").unwrap_or(&Value::Null))?;
    let layer = request.engine.publish_layer(&request.operation.first, &input, &source)?;
    Ok(with_status(201, layer.described(&request.engine.shared)))
}

/// The layers by their latest versions; or one version by its ARN, which is `GetLayerVersionByArn`.
fn list(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let shared = &request.engine.shared;
    if request.parameter("find") == Some("LayerVersion") {
        let layer = request.engine.layer_by_arn(request.parameter("Arn").unwrap_or_default())?;
        return Ok(ApiReply::json(layer.described(shared)));
    }
    let mut latest: Vec<LayerVersion> = Vec::new();
    for layer in request.engine.layer_versions("") {
        if !latest.iter().any(|known| known.name == layer.name) && fits(request, &layer) {
            latest.push(layer);
        }
    }
    latest.reverse();
    let (page, next) = request.page(latest, |layer| layer.name.clone())?;
    let told = page.iter().map(|layer| {
        let arn = layer_arn(shared, &layer.name);
        json!({"LayerName": layer.name, "LayerArn": arn, "LatestMatchingVersion": layer.summary(shared)})
    });
    Ok(ApiReply::json(with_marker(json!({"Layers": told.collect::<Vec<Value>>()}), next)))
}

fn list_versions(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let mut versions = request.engine.layer_versions(&request.operation.first);
    versions.retain(|layer| fits(request, layer));
    let (page, next) = request.page(versions, |layer| layer.version.to_string())?;
    let told: Vec<Value> = page.iter().map(|layer| layer.summary(&request.engine.shared)).collect();
    Ok(ApiReply::json(with_marker(json!({"LayerVersions": told}), next)))
}

fn fits(request: &Request<'_>, layer: &LayerVersion) -> bool {
    let listed = |name: &str, list: &[String]| {
        request.parameter(name).is_none_or(|wanted| list.iter().any(|known| known == wanted))
    };
    listed("CompatibleRuntime", &layer.runtimes) && listed("CompatibleArchitecture", &layer.architectures)
}

fn with_marker(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    answer
}
