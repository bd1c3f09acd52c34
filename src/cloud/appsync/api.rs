//! AppSync's control API: REST with JSON, `/v1/apis…`.
//!
//! Not here: merged APIs, domain names, Event APIs; each is refused by name.

use axum::body::Bytes;
use base64::Engine as _;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::cloud::service::{Access, ApiCall, ApiError, ApiReply, Permission, ReplyBody};

use super::AppSync;
use super::caching::{ApiCache, shown};
use super::engine::{Engine, bad_request, not_found};
use super::record::{Api, ApiKey, ApiSettings, DataSource, FunctionRecord, ResolverRecord};

/// The longest page of a list (AppSync API reference: `maxResults`).
const PAGE_LIMIT: usize = 25;

/// The IAM action of a call and the path in the API's ARN that it is about, or none for what is not built.
fn action(method: &Method, parts: &[&str]) -> Option<&'static str> {
    let one = matches!(*method, Method::GET);
    Some(match (method.as_str(), parts) {
        ("POST", ["dataplane-evaluatecode"]) => "EvaluateCode",
        ("POST", ["apis"]) => "CreateGraphqlApi",
        ("GET", ["apis"]) => "ListGraphqlApis",
        ("GET", ["apis", _]) => "GetGraphqlApi",
        ("POST", ["apis", _]) => "UpdateGraphqlApi",
        ("DELETE", ["apis", _]) => "DeleteGraphqlApi",
        ("POST", ["apis", _, "apikeys"]) => "CreateApiKey",
        ("GET", ["apis", _, "apikeys"]) => "ListApiKeys",
        ("POST", ["apis", _, "apikeys", _]) => "UpdateApiKey",
        ("DELETE", ["apis", _, "apikeys", _]) => "DeleteApiKey",
        ("POST", ["apis", _, "schemacreation"]) => "StartSchemaCreation",
        ("GET", ["apis", _, "schemacreation"]) => "GetSchemaCreationStatus",
        ("GET", ["apis", _, "schema"]) => "GetIntrospectionSchema",
        ("PUT", ["apis", _, "environmentVariables"]) => "PutGraphqlApiEnvironmentVariables",
        ("GET", ["apis", _, "environmentVariables"]) => "GetGraphqlApiEnvironmentVariables",
        ("POST", ["apis", _, "datasources"]) => "CreateDataSource",
        ("GET", ["apis", _, "datasources"]) => "ListDataSources",
        ("GET", ["apis", _, "datasources", _]) => "GetDataSource",
        ("POST", ["apis", _, "datasources", _]) => "UpdateDataSource",
        ("DELETE", ["apis", _, "datasources", _]) => "DeleteDataSource",
        ("POST", ["apis", _, "functions"]) => "CreateFunction",
        ("GET", ["apis", _, "functions"]) => "ListFunctions",
        ("GET", ["apis", _, "functions", _, "resolvers"]) => "ListResolversByFunction",
        ("GET", ["apis", _, "functions", _]) => "GetFunction",
        ("POST", ["apis", _, "functions", _]) => "UpdateFunction",
        ("DELETE", ["apis", _, "functions", _]) => "DeleteFunction",
        ("POST", ["apis", _, "ApiCaches"]) => "CreateApiCache",
        ("GET", ["apis", _, "ApiCaches"]) => "GetApiCache",
        ("POST", ["apis", _, "ApiCaches", "update"]) => "UpdateApiCache",
        ("DELETE", ["apis", _, "ApiCaches"]) => "DeleteApiCache",
        ("DELETE", ["apis", _, "FlushCache"]) => "FlushApiCache",
        ("GET", ["apis", _, "types"]) => "ListTypes",
        ("GET", ["apis", _, "types", _]) => "GetType",
        ("POST", ["apis", _, "types", _, "resolvers"]) => "CreateResolver",
        ("GET", ["apis", _, "types", _, "resolvers"]) => "ListResolvers",
        ("GET" | "POST" | "DELETE", ["apis", _, "types", _, "resolvers", _]) => {
            if one {
                "GetResolver"
            } else if method == Method::POST {
                "UpdateResolver"
            } else {
                "DeleteResolver"
            }
        }
        _ => return None,
    })
}

/// The parts of the path after `/v1/`, decoded.
fn parts(call: &ApiCall) -> Vec<String> {
    let path = call.path.trim_start_matches('/').trim_start_matches("v1/").trim_end_matches('/');
    path.split('/').map(decoded).collect()
}

fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a call is one to evaluate code, which no API is about.
pub(super) fn is_evaluation(call: &ApiCall) -> bool {
    call.method == Method::POST && parts(call) == ["dataplane-evaluatecode"]
}

/// What a caller needs for a call.
pub(super) fn access(engine: &Engine, call: &ApiCall) -> Access {
    let parts = parts(call);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some(action) = action(&call.method, &parts) else { return Access::Requires(Vec::new()) };
    let resource = match parts.as_slice() {
        ["apis", id, "datasources", name] => engine.arn(id, &format!("/datasources/{name}")),
        ["apis", id, "functions", function, ..] => engine.arn(id, &format!("/functions/{function}")),
        ["apis", id, "types", name, "resolvers", field] => engine.arn(id, &format!("/types/{name}/resolvers/{field}")),
        ["apis", id, "types", name, ..] => engine.arn(id, &format!("/types/{name}")),
        ["apis", id, ..] => engine.arn(id, ""),
        _ => "*".to_owned(),
    };
    Access::Requires(vec![Permission::new(format!("appsync:{action}"), resource)])
}

/// Carries out a call.
pub(super) fn call(appsync: &AppSync, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let parts = parts(call);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some(action) = action(&call.method, &parts) else {
        return Err(ApiError::not_built("appsync", &format!("{} /v1/{}", call.method, parts.join("/"))));
    };
    let body = if call.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&call.body).map_err(|error| bad_request(format!("The body is not JSON: {error}")))?
    };
    let control = Control { appsync, engine: &appsync.engine, call, body };
    let id = parts.get(1).copied().unwrap_or_default();
    match parts.as_slice() {
        ["apis"] | ["apis", _] => control.apis(action, id),
        ["apis", _, "apikeys", ..] => control.keys(action, id, parts.get(3).copied().unwrap_or_default()),
        ["apis", _, "datasources", ..] => control.sources(action, id, parts.get(3).copied().unwrap_or_default()),
        ["apis", _, "functions", ..] => control.functions(action, id, parts.get(3).copied().unwrap_or_default()),
        ["apis", _, "types", name, "resolvers", ..] => {
            control.resolvers(action, (id, name), parts.get(5).copied().unwrap_or_default())
        }
        ["apis", _, "ApiCaches" | "FlushCache", ..] => control.caches(action, id),
        ["apis", _, "types", ..] => control.types(id, parts.get(3).copied()),
        _ => control.settings(action, id),
    }
}

/// Input that the engine takes in its own types.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| bad_request(format!("The request is not valid: {error}")))
}

struct Control<'a> {
    appsync: &'a AppSync,
    engine: &'a Engine,
    call: &'a ApiCall,
    body: Value,
}

impl Control<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.body.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body with further members.
    fn with(&self, members: &[(&str, &str)]) -> Value {
        let mut body = self.body.clone();
        if let Value::Object(map) = &mut body {
            for (name, value) in members {
                map.insert((*name).to_owned(), (*value).into());
            }
        }
        body
    }

    /// One page of a list; the token is the offset.
    fn page(&self, name: &str, rows: Vec<Value>) -> Result<ApiReply, ApiError> {
        let size = match self.parameter("maxResults") {
            None => PAGE_LIMIT,
            Some(text) => {
                let size = text.parse().ok().filter(|size| *size <= PAGE_LIMIT);
                size.ok_or_else(|| bad_request("maxResults must be between 0 and 25"))?
            }
        };
        let size = if size == 0 { PAGE_LIMIT } else { size };
        let from: usize = match self.parameter("nextToken") {
            None => 0,
            Some(token) => token.parse().map_err(|_| bad_request("Invalid pagination token given."))?,
        };
        let next = (from + size < rows.len()).then(|| (from + size).to_string());
        let rows: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
        Ok(ApiReply::json(json!({ name: rows, "nextToken": next })))
    }

    fn apis(&self, action: &str, id: &str) -> Result<ApiReply, ApiError> {
        let shown = |api: Api| ApiReply::json(json!({ "graphqlApi": self.appsync.api_json(&api) }));
        match action {
            "CreateGraphqlApi" => self.engine.create_api(read::<ApiSettings>(self.body.clone())?).map(shown),
            "ListGraphqlApis" => {
                let rows = self.engine.apis().iter().map(|api| self.appsync.api_json(api)).collect();
                self.page("graphqlApis", rows)
            }
            "GetGraphqlApi" => self.engine.api(id).map(shown),
            "UpdateGraphqlApi" => {
                let mut settings: ApiSettings = read(self.body.clone())?;
                settings.tags = self.engine.api(id)?.settings.tags;
                self.engine.update_api(id, settings).map(shown)
            }
            _ => self.appsync.delete_api(id).map(|()| ApiReply::empty_json()),
        }
    }

    fn keys(&self, action: &str, id: &str, key: &str) -> Result<ApiReply, ApiError> {
        let expires = self.body.get("expires").and_then(Value::as_i64);
        let shown = |key: ApiKey| ApiReply::json(json!({ "apiKey": key }));
        match action {
            "CreateApiKey" => self.engine.create_key(id, self.text("description"), expires).map(shown),
            "ListApiKeys" => {
                self.engine.api(id)?;
                self.page("apiKeys", self.engine.keys(id).iter().map(|key| json!(key)).collect())
            }
            "UpdateApiKey" => self.engine.update_key(id, key, self.text("description"), expires).map(shown),
            _ => self.engine.delete_key(id, key).map(|()| ApiReply::empty_json()),
        }
    }

    fn sources(&self, action: &str, id: &str, name: &str) -> Result<ApiReply, ApiError> {
        let json = |row: &DataSource| {
            member(row, ("dataSourceArn", self.engine.arn(id, &format!("/datasources/{}", row.name))))
        };
        let shown = |row: DataSource| ApiReply::json(json!({ "dataSource": json(&row) }));
        match action {
            "CreateDataSource" => self.engine.create_source(id, read(self.body.clone())?).map(shown),
            "ListDataSources" => {
                self.engine.api(id)?;
                self.page("dataSources", self.engine.sources(id).iter().map(json).collect())
            }
            "GetDataSource" => self.engine.source(id, name).map(shown),
            "UpdateDataSource" => self.engine.update_source(id, read(self.with(&[("name", name)]))?).map(shown),
            _ => self.engine.delete_source(id, name).map(|()| ApiReply::empty_json()),
        }
    }

    fn functions(&self, action: &str, id: &str, function: &str) -> Result<ApiReply, ApiError> {
        let json = |row: &FunctionRecord| {
            member(row, ("functionArn", self.engine.arn(id, &format!("/functions/{}", row.function_id))))
        };
        let shown = |row: FunctionRecord| ApiReply::json(json!({ "functionConfiguration": json(&row) }));
        match action {
            "CreateFunction" | "UpdateFunction" => {
                self.refuse_templates()?;
                self.engine.put_function(id, read(self.with(&[("functionId", function)]))?).map(shown)
            }
            "ListFunctions" => {
                self.engine.api(id)?;
                self.page("functions", self.engine.functions(id).iter().map(json).collect())
            }
            "ListResolversByFunction" => {
                self.engine.function(id, function)?;
                let uses = |row: &ResolverRecord| {
                    row.pipeline_config
                        .as_ref()
                        .is_some_and(|pipeline| pipeline.functions.iter().any(|one| one == function))
                };
                let rows = self.engine.resolvers(id).into_iter().filter(uses);
                self.page("resolvers", rows.map(|row| self.resolver_json(id, &row)).collect())
            }
            "GetFunction" => self.engine.function(id, function).map(shown),
            _ => self.engine.delete_function(id, function).map(|()| ApiReply::empty_json()),
        }
    }

    fn refuse_templates(&self) -> Result<(), ApiError> {
        let templates = ["requestMappingTemplate", "responseMappingTemplate"];
        match templates.into_iter().find(|name| self.body.get(name).is_some_and(|value| !value.is_null())) {
            Some(name) => {
                Err(bad_request(format!("the embedded cloud does not evaluate mapping templates (`{name}`)")))
            }
            None => Ok(()),
        }
    }

    fn resolver_json(&self, id: &str, row: &ResolverRecord) -> Value {
        let path = format!("/types/{}/resolvers/{}", row.type_name, row.field_name);
        member(row, ("resolverArn", self.engine.arn(id, &path)))
    }

    fn resolvers(&self, action: &str, (id, type_name): (&str, &str), field: &str) -> Result<ApiReply, ApiError> {
        let shown = |row: ResolverRecord| ApiReply::json(json!({ "resolver": self.resolver_json(id, &row) }));
        match action {
            "CreateResolver" => {
                self.refuse_templates()?;
                self.engine.create_resolver(id, read(self.with(&[("typeName", type_name)]))?).map(shown)
            }
            "UpdateResolver" => {
                self.refuse_templates()?;
                let body = self.with(&[("typeName", type_name), ("fieldName", field)]);
                self.engine.update_resolver(id, read(body)?).map(shown)
            }
            "ListResolvers" => {
                self.engine.api(id)?;
                let rows = self.engine.resolvers(id).into_iter().filter(|row| row.type_name == type_name);
                self.page("resolvers", rows.map(|row| self.resolver_json(id, &row)).collect())
            }
            "GetResolver" => self.engine.resolver(id, type_name, field).map(shown),
            _ => self.engine.delete_resolver(id, type_name, field).map(|()| ApiReply::empty_json()),
        }
    }

    fn caches(&self, action: &str, id: &str) -> Result<ApiReply, ApiError> {
        let shown = |cache: ApiCache| ApiReply::json(json!({ "apiCache": shown(&cache) }));
        match action {
            "CreateApiCache" => self.engine.create_cache(id, read(self.body.clone())?).map(shown),
            "GetApiCache" => self.engine.cache(id).map(shown),
            "UpdateApiCache" => self.engine.update_cache(id, read(self.body.clone())?).map(shown),
            "DeleteApiCache" => self.appsync.delete_cache(id).map(|()| ApiReply::empty_json()),
            _ => {
                self.engine.cache(id)?;
                self.appsync.backends.caches.flush(id);
                Ok(ApiReply::empty_json())
            }
        }
    }

    fn types(&self, id: &str, name: Option<&str>) -> Result<ApiReply, ApiError> {
        let schema = self.engine.schema(&self.engine.api(id)?)?;
        if self.parameter("format") != Some("SDL") {
            return Err(bad_request("the embedded cloud gives types in the format SDL only"));
        }
        let json = |name: &str| {
            let definition = schema.schema.types.get(name).map(ToString::to_string).unwrap_or_default();
            let arn = self.engine.arn(id, &format!("/types/{name}"));
            json!({ "name": name, "arn": arn, "format": "SDL", "definition": definition })
        };
        match name {
            Some(name) if schema.schema.types.contains_key(name) => Ok(ApiReply::json(json!({ "type": json(name) }))),
            Some(name) => Err(not_found(format!("No type named {name} found."))),
            None => {
                let own = schema.schema.types.iter().filter(|(_, kind)| !kind.is_built_in());
                self.page("types", own.map(|(name, _)| json(name)).collect())
            }
        }
    }

    fn settings(&self, action: &str, id: &str) -> Result<ApiReply, ApiError> {
        match action {
            "StartSchemaCreation" => {
                let blob = self.text("definition").ok_or_else(|| bad_request("definition is required"))?;
                let bytes = base64::engine::general_purpose::STANDARD.decode(blob);
                let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let text = text.ok_or_else(|| bad_request("definition is not base 64 of text"))?;
                self.engine.put_schema(id, &text)?;
                Ok(ApiReply::json(json!({ "status": "PROCESSING" })))
            }
            "GetSchemaCreationStatus" => Ok(ApiReply::json(json!(self.engine.api(id)?.schema_status))),
            "PutGraphqlApiEnvironmentVariables" => {
                let given = self.body.get("environmentVariables").cloned().unwrap_or_default();
                self.engine.set_variables(id, read(given.clone())?)?;
                Ok(ApiReply::json(json!({ "environmentVariables": given })))
            }
            "GetGraphqlApiEnvironmentVariables" => {
                Ok(ApiReply::json(json!({ "environmentVariables": self.engine.api(id)?.variables })))
            }
            _ => self.introspection(id),
        }
    }

    fn introspection(&self, id: &str) -> Result<ApiReply, ApiError> {
        let api = self.engine.api(id)?;
        let schema = self.engine.schema(&api)?;
        let (text, kind) = match self.parameter("format") {
            Some("SDL") => (api.schema.unwrap_or_default(), "text/plain"),
            Some("JSON") => (schema.introspection_json(), "application/json"),
            _ => return Err(bad_request("format must be SDL or JSON")),
        };
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Ok(ApiReply { status: 200, headers, body: ReplyBody::Bytes(Bytes::from(text)) })
    }
}

/// A row as JSON with one more member.
fn member<T: serde::Serialize>(row: &T, (name, value): (&str, String)) -> Value {
    let mut json = json!(row);
    if let Value::Object(map) = &mut json {
        map.insert(name.to_owned(), value.into());
    }
    json
}

impl AppSync {
    /// Deletes an API, and what is kept of its answers.
    pub(super) fn delete_api(&self, api_id: &str) -> Result<(), ApiError> {
        self.engine.delete_api(api_id)?;
        self.backends.caches.flush(api_id);
        Ok(())
    }

    /// Takes the cache of an API away, with all that is in it.
    pub(super) fn delete_cache(&self, api_id: &str) -> Result<(), ApiError> {
        self.engine.delete_cache(api_id)?;
        self.backends.caches.flush(api_id);
        Ok(())
    }

    /// An API as the control API shows it.
    fn api_json(&self, api: &Api) -> Value {
        let mut json = json!(api.settings);
        if let Value::Object(map) = &mut json {
            let mut insert = |name: &str, value: Value| map.insert(name.to_owned(), value);
            insert("apiId", api.id.clone().into());
            insert("arn", self.engine.arn(&api.id, "").into());
            insert("uris", json!({ "GRAPHQL": self.address(&api.id), "REALTIME": self.realtime_address(&api.id) }));
            insert("dns", json!({ "GRAPHQL": self.host(), "REALTIME": self.host() }));
            insert("owner", self.shared.account.into());
            insert("visibility", "GLOBAL".into());
            insert("apiType", "GRAPHQL".into());
            map.retain(|_, value| *value != Value::Object(Map::new()));
        }
        json
    }
}
