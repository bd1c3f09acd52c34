//! The actions on secrets: inputs, permissions, answers.
//!
//! Source: the "AWS Secrets Manager API Reference" and its part of the service authorisation reference.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::generate::password;
use super::store::{CURRENT, NewValue, PREVIOUS, SecretRow, Secrets, Version, invalid, not_found};
use crate::cloud::service::{ApiCall, ApiError, Permission};

const PAGE: usize = 100;

/// What the caller of a request must be allowed.
pub(super) fn permission(secrets: &Secrets, call: &ApiCall) -> Permission {
    let action = format!("secretsmanager:{}", call.action);
    let resource = match call.action.as_str() {
        "ListSecrets" | "GetRandomPassword" | "BatchGetSecretValue" => "*".to_owned(),
        "CreateSecret" => secrets.arn(text(&call.input, "Name").unwrap_or_default()),
        _ => {
            let id = text(&call.input, "SecretId").unwrap_or_default();
            let unknown = || if id.starts_with("arn:") { id.to_owned() } else { secrets.arn(id) };
            secrets.find(id).map_or_else(|_| unknown(), |secret| secret.arn)
        }
    };
    Permission::new(action, resource)
}

/// Carries out an action.
pub(super) fn answer(secrets: &Secrets, call: &ApiCall) -> Result<Value, ApiError> {
    let input = &call.input;
    let id = || text(input, "SecretId").ok_or_else(|| missing("secretId"));
    match call.action.as_str() {
        "CreateSecret" => create(secrets, input),
        "GetSecretValue" => get(secrets, id()?, input),
        "PutSecretValue" => put(secrets, id()?, input),
        "UpdateSecret" => update(secrets, id()?, input),
        "DescribeSecret" => Ok(described(&secrets.find(id()?)?)),
        "ListSecrets" => list(secrets, input),
        "ListSecretVersionIds" => versions(&secrets.find(id()?)?),
        "DeleteSecret" => delete(secrets, id()?, input),
        "RestoreSecret" => {
            let secret = secrets.restore(id()?)?;
            Ok(json!({"ARN": secret.arn, "Name": secret.name}))
        }
        "GetRandomPassword" => Ok(json!({"RandomPassword": password(&*secrets.shared.ids, input)?})),
        "UpdateSecretVersionStage" => move_stage(secrets, id()?, input),
        "TagResource" => {
            let given = tags_of(input.get("Tags"));
            secrets.change(id()?, None, |secret| secret.tags.extend(given)).map(|_| json!({}))
        }
        "UntagResource" => {
            let keys = texts(input, "TagKeys");
            let change = |secret: &mut SecretRow| secret.tags.retain(|key, _| !keys.contains(&key.as_str()));
            secrets.change(id()?, None, change).map(|_| json!({}))
        }
        other => Err(ApiError::not_built("secretsmanager", other)),
    }
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    input.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn missing(member: &str) -> ApiError {
    ApiError::new(
        "ValidationException",
        format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ),
    )
}

/// `[{"Key": …, "Value": …}]` as a map.
pub(super) fn tags_of(list: Option<&Value>) -> BTreeMap<String, String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|tag| Some((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned()))).collect()
}

fn seconds(ms: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "the API gives seconds with a fraction; a date is small enough")]
    let seconds = ms as f64 / 1000.0;
    json!(seconds)
}

/// The value in an input, when it has one.
fn value_of(input: &Value) -> Result<Option<NewValue>, ApiError> {
    let stages = texts(input, "VersionStages").into_iter().map(str::to_owned).collect();
    let id = text(input, "ClientRequestToken").map(str::to_owned);
    if id.as_ref().is_some_and(|id| !(32..=64).contains(&id.len())) {
        return Err(invalid("ClientRequestToken must be 32-64 characters long."));
    }
    match (text(input, "SecretString"), text(input, "SecretBinary")) {
        (Some(_), Some(_)) => {
            Err(invalid("You can't specify both a binary secret value and a string secret value in the same secret."))
        }
        (Some(text), None) => Ok(Some(NewValue { id, text: text.to_owned(), binary: false, stages })),
        (None, Some(bytes)) => Ok(Some(NewValue { id, text: bytes.to_owned(), binary: true, stages })),
        (None, None) => Ok(None),
    }
}

fn create(secrets: &Secrets, input: &Value) -> Result<Value, ApiError> {
    if input.get("AddReplicaRegions").and_then(Value::as_array).is_some_and(|regions| !regions.is_empty()) {
        return Err(ApiError::not_built("secretsmanager", "CreateSecret with AddReplicaRegions"));
    }
    let name = text(input, "Name").ok_or_else(|| missing("name"))?;
    let secret = secrets.create(name, value_of(input)?, |secret| {
        secret.description = text(input, "Description").map(str::to_owned);
        secret.key = text(input, "KmsKeyId").map(str::to_owned);
        secret.tags = tags_of(input.get("Tags"));
    })?;
    let mut told = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(version) = secret.versions.last() {
        told["VersionId"] = json!(version.id);
    }
    Ok(told)
}

fn get(secrets: &Secrets, id: &str, input: &Value) -> Result<Value, ApiError> {
    let secret = secrets.live(id)?;
    let (wanted, stage) = (text(input, "VersionId"), text(input, "VersionStage"));
    let fits = |version: &&Version| match (wanted, stage) {
        (None, stage) => version.stages.iter().any(|known| known == stage.unwrap_or(CURRENT)),
        (Some(id), stage) => {
            version.id == id && stage.is_none_or(|stage| version.stages.iter().any(|known| known == stage))
        }
    };
    let version = secret.versions.iter().find(fits).ok_or_else(|| {
        let what = wanted
            .map_or_else(|| format!("staging label: {}", stage.unwrap_or(CURRENT)), |id| format!("VersionId: {id}"));
        ApiError::new(
            "ResourceNotFoundException",
            format!("Secrets Manager can't find the specified secret value for {what}"),
        )
    })?;
    let name = if version.binary { "SecretBinary" } else { "SecretString" };
    let mut told = json!({
        "ARN": secret.arn, "Name": secret.name, "VersionId": version.id, "VersionStages": version.stages,
        "CreatedDate": seconds(version.created_ms),
    });
    told[name] = json!(secrets.reveal(&secret, version)?);
    Ok(told)
}

fn put(secrets: &Secrets, id: &str, input: &Value) -> Result<Value, ApiError> {
    let value = value_of(input)?.ok_or_else(|| invalid("You must provide either SecretString or SecretBinary."))?;
    let (secret, version) = secrets.change(id, Some(value), |_| {})?;
    let version = version.ok_or_else(not_found)?;
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": version.id, "VersionStages": version.stages}))
}

fn update(secrets: &Secrets, id: &str, input: &Value) -> Result<Value, ApiError> {
    let (secret, version) = secrets.change(id, value_of(input)?, |secret| {
        if let Some(description) = text(input, "Description") {
            secret.description = Some(description.to_owned());
        }
        if let Some(key) = text(input, "KmsKeyId") {
            secret.key = Some(key.to_owned());
        }
    })?;
    let mut told = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(version) = version {
        told["VersionId"] = json!(version.id);
    }
    Ok(told)
}

/// `UpdateSecretVersionStage`: a stage goes from one version to another, or away.
fn move_stage(secrets: &Secrets, id: &str, input: &Value) -> Result<Value, ApiError> {
    let stage = text(input, "VersionStage").ok_or_else(|| missing("versionStage"))?;
    let (to, from) = (text(input, "MoveToVersionId"), text(input, "RemoveFromVersionId"));
    let secret = secrets.live(id)?;
    let holds = |version: &&Version| version.stages.iter().any(|held| held == stage);
    let holder = secret.versions.iter().find(holds).map(|version| version.id.as_str());
    if let Some(unknown) = to.into_iter().chain(from).find(|id| secret.versions.iter().all(|one| one.id != *id)) {
        let message = format!("Secrets Manager can't find the specified secret version: {unknown}");
        return Err(ApiError::new("ResourceNotFoundException", message));
    }
    if let Some(holder) = holder.filter(|holder| from != Some(*holder) && to != Some(*holder)) {
        return Err(invalid(format!(
            "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
             {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )));
    }
    if to.is_none() && stage == CURRENT {
        return Err(invalid(format!(
            "You can only move staging label {CURRENT} to a different secret version. It can't be completely removed."
        )));
    }
    let moved = to.filter(|to| holder != Some(*to));
    let before = holder.map(str::to_owned);
    let (secret, _) = secrets.change(id, None, |secret| {
        for version in &mut secret.versions {
            version.stages.retain(|held| held != stage || to == Some(version.id.as_str()));
            if moved == Some(version.id.as_str()) {
                version.stages.push(stage.to_owned());
            }
            if stage == CURRENT && moved.is_some() {
                // The version that was current is the previous one now.
                version.stages.retain(|held| held != PREVIOUS);
                if before.as_deref() == Some(version.id.as_str()) {
                    version.stages.push(PREVIOUS.to_owned());
                }
            }
        }
    })?;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}

fn described(secret: &SecretRow) -> Value {
    let stages: serde_json::Map<String, Value> =
        secret.versions.iter().map(|version| (version.id.clone(), json!(version.stages))).collect();
    let tags: Vec<Value> = secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut told = json!({
        "ARN": secret.arn, "Name": secret.name, "CreatedDate": seconds(secret.created_ms),
        "LastChangedDate": seconds(secret.changed_ms), "VersionIdsToStages": stages, "Tags": tags,
    });
    if let Some(description) = &secret.description {
        told["Description"] = json!(description);
    }
    if let Some(key) = &secret.key {
        told["KmsKeyId"] = json!(key);
    }
    if let Some(deleted_ms) = secret.deleted_ms {
        told["DeletedDate"] = seconds(deleted_ms);
    }
    told
}

fn list(secrets: &Secrets, input: &Value) -> Result<Value, ApiError> {
    let limit = match input.get("MaxResults").map(Value::as_u64) {
        None => PAGE,
        Some(limit) => {
            let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| (1..=PAGE).contains(limit));
            limit.ok_or_else(|| invalid(format!("MaxResults must be a number from 1 to {PAGE}.")))?
        }
    };
    let with_deleted = input.get("IncludePlannedDeletion").and_then(Value::as_bool) == Some(true);
    let mut found = secrets.all();
    found.retain(|secret| with_deleted || secret.deleted_ms.is_none());
    for filter in input.get("Filters").and_then(Value::as_array).into_iter().flatten() {
        let values = texts(filter, "Values");
        match text(filter, "Key") {
            Some("name") => found.retain(|secret| values.iter().any(|value| secret.name.starts_with(value))),
            Some("tag-key") => {
                found.retain(|secret| values.iter().any(|value| secret.tags.keys().any(|key| key.starts_with(value))));
            }
            key => {
                let key = key.unwrap_or_default();
                return Err(ApiError::not_built("secretsmanager", &format!("ListSecrets with a filter of {key}")));
            }
        }
    }
    if let Some(after) = text(input, "NextToken") {
        found.retain(|secret| secret.name.as_str() > after);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let told = found.iter().map(|secret| {
        let mut told = described(secret);
        if let Some(members) = told.as_object_mut()
            && let Some(stages) = members.remove("VersionIdsToStages")
        {
            members.insert("SecretVersionsToStages".to_owned(), stages);
        }
        told
    });
    let mut answer = json!({"SecretList": told.collect::<Vec<Value>>()});
    if let Some(last) = found.last().filter(|_| more) {
        answer["NextToken"] = json!(last.name);
    }
    Ok(answer)
}

fn versions(secret: &SecretRow) -> Result<Value, ApiError> {
    let told = secret.versions.iter().map(|version| {
        json!({"VersionId": version.id, "VersionStages": version.stages, "CreatedDate": seconds(version.created_ms)})
    });
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "Versions": told.collect::<Vec<Value>>()}))
}

fn delete(secrets: &Secrets, id: &str, input: &Value) -> Result<Value, ApiError> {
    let force = input.get("ForceDeleteWithoutRecovery").and_then(Value::as_bool) == Some(true);
    let days = input.get("RecoveryWindowInDays").and_then(Value::as_i64);
    if force && days.is_some() {
        return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
    }
    let days = days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let secret = secrets.delete(id, (!force).then_some(days))?;
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": seconds(secret.gone_ms.unwrap_or_default())}))
}
