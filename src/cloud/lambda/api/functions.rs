//! Functions themselves: made, told, changed, deleted; their policies and tags.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ARCHIVE, Request, nothing, with_status};
use crate::cloud::lambda::engine::{self, Engine, Function, LATEST, Named, Settings, Source, invalid, not_found};
use crate::cloud::service::{ApiError, ApiReply, ReplyBody};

/// Answers the operations of this file.
pub(super) fn answer(request: &Request<'_>) -> Option<Result<ApiReply, ApiError>> {
    Some(match request.operation.name {
        "ListFunctions" => list(request),
        "CreateFunction" => create(request),
        "GetFunction" => described(request),
        "GetFunctionConfiguration" => {
            let found = request.named().and_then(|named| request.engine.resolve(&named));
            found.map(|function| ApiReply::json(function.configuration()))
        }
        "DeleteFunction" => delete(request),
        "UpdateFunctionCode" => update_code(request),
        "UpdateFunctionConfiguration" => update_configuration(request),
        "GetPolicy" => policy(request),
        "AddPermission" => add_permission(request),
        "RemovePermission" => remove_permission(request),
        "ListTags" | "TagResource" | "UntagResource" => tags(request),
        ARCHIVE if !request.call.path.contains("/layers/") => archive(request),
        _ => return None,
    })
}

fn list(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let with_versions = match request.parameter("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(version) => return Err(invalid(format!("FunctionVersion must be ALL, not {version}"))),
    };
    let engine = request.engine;
    let mut all = engine.all();
    if with_versions {
        let versions = |function: Function| {
            let named = Named { name: function.name.clone(), qualifier: None };
            engine.versions(&named).unwrap_or_else(|_| vec![function])
        };
        all = all.into_iter().flat_map(versions).collect();
    }
    let (page, next) = request.page(all, Function::key)?;
    let told: Vec<Value> = page.iter().map(Function::configuration).collect();
    let mut answer = json!({"Functions": told});
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    Ok(ApiReply::json(answer))
}

fn create(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, input) = (request.engine, request.input()?);
    let text = input.get("FunctionName").and_then(Value::as_str).unwrap_or_default();
    let name = Named::read(&engine.shared, text)?.name;
    let settings = Settings::default().with(&input)?;
    let source = source(input.get("Code").unwrap_or(&Value::Null))?;
    let tags = text_members(input.get("Tags"));
    let function = engine.create(&name, settings, &source, tags)?;
    published(engine, &input, function).map(|function| with_status(201, function.configuration()))
}

/// The version that `Publish` asks for, or the function as it is.
fn published(engine: &Engine, input: &Value, function: Function) -> Result<Function, ApiError> {
    if input.get("Publish").and_then(Value::as_bool) != Some(true) {
        return Ok(function);
    }
    engine.publish(&Named { name: function.name.clone(), qualifier: None }, &json!({}))
}

fn delete(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let named = request.named()?;
    if named.qualifier.is_some() {
        request.engine.delete_version(&named)?;
    } else {
        request.engine.delete(&named)?;
    }
    Ok(nothing())
}

fn update_code(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, named, input) = (request.engine, request.named()?, request.input()?);
    let source = source(&input)?;
    let revision = input.get("RevisionId").and_then(Value::as_str);
    if input.get("DryRun").and_then(Value::as_bool) == Some(true) {
        let mut function = engine.function(&named)?;
        function.code = engine.keep(&source)?;
        return Ok(ApiReply::json(function.configuration()));
    }
    // Of the settings only this may come with the code.
    let settings = json!({"Architectures": input.get("Architectures")});
    let function = engine.change(&named, revision, |function| {
        function.settings = function.settings.clone().with(&settings)?;
        function.code = engine.keep(&source)?;
        Ok(())
    })?;
    published(engine, &input, function).map(|function| ApiReply::json(function.configuration()))
}

fn update_configuration(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let input = request.input()?;
    let revision = input.get("RevisionId").and_then(Value::as_str);
    let function = request.engine.change(&request.named()?, revision, |function| {
        function.settings = function.settings.clone().with(&input)?;
        Ok(())
    })?;
    Ok(ApiReply::json(function.configuration()))
}

/// Where code comes from.
pub(super) fn source(code: &Value) -> Result<Source, ApiError> {
    let text = |name: &str| code.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    for name in ["ImageUri", "S3ObjectVersion", "SourceKMSKeyArn"] {
        if text(name).is_some() {
            return Err(ApiError::not_built("lambda", &format!("code with {name}")));
        }
    }
    match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
        (Some(archive), None, None) => {
            let archive = STANDARD
                .decode(archive)
                .map_err(|_| ApiError::new("SerializationException", "ZipFile is not Base64"))?;
            Ok(Source::Archive(archive))
        }
        (None, Some(bucket), Some(key)) => Ok(Source::Object { bucket: bucket.to_owned(), key: key.to_owned() }),
        (Some(_), _, _) => {
            Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        _ => Err(invalid("Please provide a source for function code.")),
    }
}

/// A function as `GetFunction` gives it.
fn described(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, named) = (request.engine, request.named()?);
    let function = engine.resolve(&named)?;
    let qualifier = if function.version == LATEST { String::new() } else { format!("Qualifier={}&", function.version) };
    let location = format!(
        "{}/2015-03-31/functions/{}/archive?{qualifier}ticket={}",
        engine.shared.endpoint, function.name, function.code.ticket
    );
    let mut answer = json!({
        "Configuration": function.configuration(), "Code": {"RepositoryType": "S3", "Location": location},
    });
    let latest = engine.function(&Named { qualifier: None, ..named })?;
    if !latest.tags.is_empty() {
        answer["Tags"] = json!(latest.tags);
    }
    if let Some(reserved) = latest.settings.reserved {
        answer["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
    }
    Ok(ApiReply::json(answer))
}

fn archive(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let function = request.engine.resolve(&request.named()?)?;
    code_file(request, &function.code)
}

/// The archive of code, for those who know the ticket.
pub(super) fn code_file(request: &Request<'_>, code: &engine::Code) -> Result<ApiReply, ApiError> {
    let path = request
        .engine
        .archive(code, request.parameter("ticket").unwrap_or_default())
        .ok_or_else(|| ApiError::new("AccessDeniedException", "this is not the ticket of the code").status(403))?;
    let headers = vec![("content-type".to_owned(), "application/zip".to_owned())];
    Ok(ApiReply { status: 200, headers, body: ReplyBody::File { path, offset: 0, length: code.bytes } })
}

fn policy(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let named = request.named()?;
    let function = request.engine.function_of(&named)?;
    let policy = function.policy(named.qualifier.as_deref());
    let policy = policy.ok_or_else(|| not_found("The resource you requested does not exist."))?;
    Ok(ApiReply::json(json!({"Policy": policy.to_string(), "RevisionId": function.revision})))
}

fn add_permission(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (engine, named, input) = (request.engine, request.named()?, request.input()?);
    let sid = input.get("StatementId").and_then(Value::as_str).unwrap_or_default();
    let statement = engine::statement(sid, &input, &named.arn(&engine.shared))?;
    let revision = input.get("RevisionId").and_then(Value::as_str);
    engine.change_policy(&named, revision, |statements| engine::add_statement(statements, sid, statement.clone()))?;
    Ok(with_status(201, json!({"Statement": statement.to_string()})))
}

fn remove_permission(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let (named, revision) = (request.named()?, request.parameter("RevisionId"));
    let sid = &request.operation.second;
    request.engine.change_policy(&named, revision, |statements| engine::remove_statement(statements, sid))?;
    Ok(nothing())
}

fn tags(request: &Request<'_>) -> Result<ApiReply, ApiError> {
    let named = Named::read(&request.engine.shared, &request.operation.first)?;
    match request.operation.name {
        "ListTags" => Ok(ApiReply::json(json!({"Tags": request.engine.function(&named)?.tags}))),
        "TagResource" => {
            let given = text_members(request.input()?.get("Tags"));
            request.engine.change(&named, None, |function| {
                function.tags.extend(given);
                Ok(())
            })?;
            Ok(nothing())
        }
        _ => {
            let keys: Vec<&String> =
                request.call.query.iter().filter(|(name, _)| name == "tagKeys").map(|(_, value)| value).collect();
            request.engine.change(&named, None, |function| {
                function.tags.retain(|name, _| !keys.contains(&name));
                Ok(())
            })?;
            Ok(nothing())
        }
    }
}

fn text_members(given: Option<&Value>) -> BTreeMap<String, String> {
    let members = given.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
