//! Versions and aliases.

use serde_json::{Value, json};

use super::{Request, nothing, with_status};
use crate::cloud::lambda::engine::{AliasInput, Function};
use crate::cloud::service::{ApiError, ApiReply};

/// Answers the operations of this file.
pub(super) fn answer(request: &Request<'_>) -> Option<Result<ApiReply, ApiError>> {
    Some(match request.operation.name {
        "PublishVersion" => publish(request),
        "ListVersionsByFunction" => list_versions(request),
        "CreateAlias" => create_alias(request),
        "UpdateAlias" => update_alias(request),
        "GetAlias" => {
            let alias = request.named().and_then(|named| request.engine.alias(&named, &request.operation.second));
            alias.map(ApiReply::json)
        }
        "DeleteAlias" => {
            let deleted =
                request.named().and_then(|named| request.engine.delete_alias(&named, &request.operation.second));
            deleted.map(|()| nothing())
        }
        "ListAliases" => list_aliases(request),
        _ => return None,
    })
}

fn publish(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let version = request.engine.publish(&request.named()?, &request.input()?)?;
    Ok(with_status(201, version.configuration()))
}

fn list_versions(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let versions = request.engine.versions(&request.named()?)?;
    let (page, next) = request.page(versions, |version| version.version.clone())?;
    let told: Vec<Value> = page.iter().map(Function::configuration).collect();
    Ok(ApiReply::json(with_marker(json!({"Versions": told}), next)))
}

fn create_alias(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let input = request.input()?;
    let name = input.get("Name").and_then(Value::as_str).unwrap_or_default();
    let alias = request.engine.create_alias(&request.named()?, name, AliasInput::read(&input)?)?;
    Ok(with_status(201, alias))
}

fn update_alias(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let input = request.input()?;
    let revision = input.get("RevisionId").and_then(Value::as_str);
    let (named, name) = (request.named()?, &request.operation.second);
    request.engine.update_alias(&named, name, AliasInput::read(&input)?, revision).map(ApiReply::json)
}

fn list_aliases(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let function = request.engine.function(&request.named()?)?;
    let wanted = request.parameter("FunctionVersion");
    let aliases = function.aliases.iter().filter(|(_, alias)| wanted.is_none_or(|wanted| alias.version == wanted));
    let (page, next) = request.page(aliases.collect(), |(name, _)| (*name).clone())?;
    let told: Vec<Value> = page.iter().map(|(name, alias)| alias.described(&function, name)).collect();
    Ok(ApiReply::json(with_marker(json!({"Aliases": told}), next)))
}

fn with_marker(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    answer
}
