//! The rules for APIs, keys, data sources, functions and resolvers: what AppSync takes, and what it refuses.
//!
//! Not here: the wire, CloudFormation, and answering queries.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

use super::caching::check_caching;
use super::compiled::CompiledApi;
use super::js::util::Tools;
use super::js::{CodeError, Program, Sandbox, SandboxError};
use super::oidc::check_address;
use super::record::{Api, ApiKey, ApiSettings, AuthMode, DataSource, FunctionRecord, ResolverRecord};
use super::record::{Runtime, SchemaStatus, SyncConfig, UserPoolConfig};
use super::schema::CompiledSchema;
use super::source::check_source;

/// How long an expired API key is still listed (AppSync guide: 60 days).
const KEY_GRACE_S: i64 = 60 * 24 * 3600;

/// How long an API key lives when nothing is said (AppSync guide: 7 days).
const KEY_DEFAULT_S: i64 = 7 * 24 * 3600;

/// How long an API key may live at most.
const KEY_LONGEST_S: i64 = 365 * 24 * 3600;

/// The most requests that are invoked together (API reference: `maxBatchSize`, 0 to 2000).
const BATCH_LIMIT: usize = 2000;

/// The most functions of one pipeline.
const PIPELINE_LIMIT: usize = 10;

/// AppSync's state.
pub(in crate::cloud::appsync) struct Engine {
    pub shared: Arc<Shared>,
    apis: Table<Api>,
    keys: Table<ApiKey>,
    sources: Table<DataSource>,
    functions: Table<FunctionRecord>,
    resolvers: Table<ResolverRecord>,
    schemas: RwLock<BTreeMap<String, Arc<CompiledSchema>>>,
    compiled: RwLock<BTreeMap<String, Arc<CompiledApi>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

pub(in crate::cloud::appsync) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("NotFoundException", message).status(404)
}

pub(in crate::cloud::appsync) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

impl Engine {
    pub(in crate::cloud::appsync) fn new(shared: Arc<Shared>) -> Self {
        let store = || Arc::clone(&shared.store);
        Self {
            apis: Table::new(store(), "appsync_apis"),
            keys: Table::new(store(), "appsync_keys"),
            sources: Table::new(store(), "appsync_sources"),
            functions: Table::new(store(), "appsync_functions"),
            resolvers: Table::new(store(), "appsync_resolvers"),
            schemas: RwLock::default(),
            compiled: RwLock::default(),
            shared,
        }
    }

    /// What sandboxes draw on.
    pub(in crate::cloud::appsync) fn tools(&self) -> Tools {
        Tools { clock: Arc::clone(&self.shared.clock), ids: Arc::clone(&self.shared.ids) }
    }

    /// The ARN of an API, and of what is in it when `rest` begins with a slash.
    pub(in crate::cloud::appsync) fn arn(&self, api_id: &str, rest: &str) -> String {
        format!("arn:aws:appsync:{}:{}:apis/{api_id}{rest}", self.shared.region, self.shared.account)
    }

    /// Everything that a query needs of an API, ready for use.
    pub(in crate::cloud::appsync) fn compiled(&self, api_id: &str) -> Result<Arc<CompiledApi>, ApiError> {
        if let Some(found) = self.compiled.read().unwrap_or_else(PoisonError::into_inner).get(api_id) {
            return Ok(Arc::clone(found));
        }
        let mut cache = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        let api = self.api(api_id)?;
        let schema = self.schema(&api)?;
        let (keys, sources) = (self.keys(api_id), self.sources(api_id));
        let programs = (self.functions(api_id), self.resolvers(api_id));
        let place = (self.arn(api_id, ""), self.shared.account);
        let compiled = CompiledApi::new(api, schema, keys, sources, programs, place);
        let compiled = Arc::new(compiled);
        cache.insert(api_id.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }

    /// The schema of an API.
    pub(in crate::cloud::appsync) fn schema(&self, api: &Api) -> Result<Arc<CompiledSchema>, ApiError> {
        if let Some(found) = self.schemas.read().unwrap_or_else(PoisonError::into_inner).get(&api.id) {
            return Ok(Arc::clone(found));
        }
        let text = api.schema.as_deref().ok_or_else(|| not_found("Schema not found."))?;
        let schema = CompiledSchema::compile(text).map_err(|errors| bad_request(errors.join("\n")))?;
        let schema = Arc::new(schema);
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        schemas.insert(api.id.clone(), Arc::clone(&schema));
        Ok(schema)
    }

    /// Forgets what was compiled, after a change was written.
    fn changed(&self, api_id: &str) {
        self.compiled.write().unwrap_or_else(PoisonError::into_inner).remove(api_id);
    }

    fn write<T>(&self, table: &Table<T>, api_id: &str, key: &str, row: &T) -> Result<(), ApiError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        table.put(&format!("{api_id}/{key}"), row)?;
        self.changed(api_id);
        Ok(())
    }

    // ---- APIs

    pub(in crate::cloud::appsync) fn api(&self, api_id: &str) -> Result<Api, ApiError> {
        self.apis.get(api_id).ok_or_else(|| not_found(format!("GraphQL API {api_id} not found.")))
    }

    pub(in crate::cloud::appsync) fn apis(&self) -> Vec<Api> {
        self.apis.all().into_iter().map(|(_, api)| api).collect()
    }

    pub(in crate::cloud::appsync) fn create_api(&self, settings: ApiSettings) -> Result<Api, ApiError> {
        check_settings(&settings)?;
        let schema_status = SchemaStatus { status: "NOT_APPLICABLE".to_owned(), details: String::new() };
        let id = self.shared.ids.short(26);
        let api = Api { id, settings, variables: BTreeMap::new(), schema: None, schema_status, cache: None };
        self.apis.put(&api.id, &api)?;
        Ok(api)
    }

    pub(in crate::cloud::appsync) fn update_api(&self, api_id: &str, settings: ApiSettings) -> Result<Api, ApiError> {
        check_settings(&settings)?;
        let api = Api { settings, ..self.api(api_id)? };
        self.apis.put(api_id, &api)?;
        self.changed(api_id);
        Ok(api)
    }

    /// Writes an API that was changed.
    pub(in crate::cloud::appsync) fn put_api(&self, api: &Api) -> Result<(), ApiError> {
        self.apis.put(&api.id, api)?;
        self.changed(&api.id);
        Ok(())
    }

    /// Sets the variables that handlers see as `ctx.env`.
    pub(in crate::cloud::appsync) fn set_variables(
        &self,
        api_id: &str,
        variables: BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let api = Api { variables, ..self.api(api_id)? };
        self.apis.put(api_id, &api)?;
        self.changed(api_id);
        Ok(())
    }

    /// Deletes an API and all that is in it.
    pub(in crate::cloud::appsync) fn delete_api(&self, api_id: &str) -> Result<(), ApiError> {
        self.api(api_id)?;
        let prefix = format!("{api_id}/");
        let mut batch = Batch::default();
        self.apis.drop(&mut batch, api_id);
        for (key, _) in self.keys.starting_with(&prefix) {
            self.keys.drop(&mut batch, &key);
        }
        for (key, _) in self.sources.starting_with(&prefix) {
            self.sources.drop(&mut batch, &key);
        }
        for (key, _) in self.functions.starting_with(&prefix) {
            self.functions.drop(&mut batch, &key);
        }
        for (key, _) in self.resolvers.starting_with(&prefix) {
            self.resolvers.drop(&mut batch, &key);
        }
        self.shared.store.commit(batch)?;
        self.schemas.write().unwrap_or_else(PoisonError::into_inner).remove(api_id);
        self.changed(api_id);
        Ok(())
    }

    /// Gives an API its schema; a schema that is not valid leaves the old one in place and is told in the status.
    pub(in crate::cloud::appsync) fn put_schema(&self, api_id: &str, text: &str) -> Result<SchemaStatus, ApiError> {
        let mut api = self.api(api_id)?;
        let (status, details) = match CompiledSchema::compile(text) {
            Ok(schema) => {
                api.schema = Some(text.to_owned());
                let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
                schemas.insert(api_id.to_owned(), Arc::new(schema));
                ("SUCCESS", "Successfully created schema.".to_owned())
            }
            Err(errors) => ("FAILED", errors.join("\n")),
        };
        api.schema_status = SchemaStatus { status: status.to_owned(), details };
        self.apis.put(api_id, &api)?;
        self.changed(api_id);
        Ok(api.schema_status)
    }

    // ---- Keys

    pub(in crate::cloud::appsync) fn keys(&self, api_id: &str) -> Vec<ApiKey> {
        let now = self.shared.clock.now_s();
        let rows = self.keys.starting_with(&format!("{api_id}/"));
        rows.into_iter().map(|(_, key)| key).filter(|key| key.deletes > now).collect()
    }

    pub(in crate::cloud::appsync) fn key(&self, api_id: &str, id: &str) -> Result<ApiKey, ApiError> {
        self.api(api_id)?;
        self.keys.get(&format!("{api_id}/{id}")).ok_or_else(|| not_found(format!("API key {id} not found.")))
    }

    pub(in crate::cloud::appsync) fn create_key(
        &self,
        api_id: &str,
        description: Option<String>,
        expires: Option<i64>,
    ) -> Result<ApiKey, ApiError> {
        self.api(api_id)?;
        let expires = self.expiry(expires)?;
        let id = format!("da2-{}", self.shared.ids.short(26));
        let key = ApiKey { id, description, expires, deletes: expires + KEY_GRACE_S };
        self.write(&self.keys, api_id, &key.id, &key)?;
        Ok(key)
    }

    pub(in crate::cloud::appsync) fn update_key(
        &self,
        api_id: &str,
        id: &str,
        description: Option<String>,
        expires: Option<i64>,
    ) -> Result<ApiKey, ApiError> {
        let mut key = self.key(api_id, id)?;
        key.description = description.or(key.description);
        if expires.is_some() {
            key.expires = self.expiry(expires)?;
            key.deletes = key.expires + KEY_GRACE_S;
        }
        self.write(&self.keys, api_id, id, &key)?;
        Ok(key)
    }

    pub(in crate::cloud::appsync) fn delete_key(&self, api_id: &str, id: &str) -> Result<(), ApiError> {
        self.key(api_id, id)?;
        self.keys.remove(&format!("{api_id}/{id}"))?;
        self.changed(api_id);
        Ok(())
    }

    /// AppSync rounds an expiry down to the hour and takes 1 to 365 days.
    fn expiry(&self, asked: Option<i64>) -> Result<i64, ApiError> {
        let now = self.shared.clock.now_s();
        let expires = asked.unwrap_or(now + KEY_DEFAULT_S);
        let day = 24 * 3600;
        if expires < now + day || expires > now + KEY_LONGEST_S + day {
            let message = "API key must be valid for a minimum of 1 days and a maximum of 365 days.";
            return Err(ApiError::new("ApiKeyValidityOutOfBoundsException", message));
        }
        Ok(expires - expires.rem_euclid(3600))
    }

    // ---- Data sources

    pub(in crate::cloud::appsync) fn sources(&self, api_id: &str) -> Vec<DataSource> {
        self.sources.starting_with(&format!("{api_id}/")).into_iter().map(|(_, row)| row).collect()
    }

    pub(in crate::cloud::appsync) fn source(&self, api_id: &str, name: &str) -> Result<DataSource, ApiError> {
        self.api(api_id)?;
        self.sources
            .get(&format!("{api_id}/{name}"))
            .ok_or_else(|| not_found(format!("No data source found named {name}")))
    }

    pub(in crate::cloud::appsync) fn create_source(
        &self,
        api_id: &str,
        row: DataSource,
    ) -> Result<DataSource, ApiError> {
        if self.source(api_id, &row.name).is_ok() {
            return Err(bad_request(format!("Data source with name {} already exists", row.name)));
        }
        self.api(api_id)?;
        check_source(&row)?;
        self.write(&self.sources, api_id, &row.name, &row)?;
        Ok(row)
    }

    pub(in crate::cloud::appsync) fn update_source(
        &self,
        api_id: &str,
        row: DataSource,
    ) -> Result<DataSource, ApiError> {
        self.source(api_id, &row.name)?;
        check_source(&row)?;
        self.write(&self.sources, api_id, &row.name, &row)?;
        Ok(row)
    }

    pub(in crate::cloud::appsync) fn delete_source(&self, api_id: &str, name: &str) -> Result<(), ApiError> {
        self.source(api_id, name)?;
        let user = self.functions(api_id).into_iter().find(|function| function.data_source_name == name);
        if let Some(function) = user {
            let message = format!("Cannot delete data source {name}: function {} uses it.", function.function_id);
            return Err(bad_request(message));
        }
        self.sources.remove(&format!("{api_id}/{name}"))?;
        self.changed(api_id);
        Ok(())
    }

    // ---- Functions

    pub(in crate::cloud::appsync) fn functions(&self, api_id: &str) -> Vec<FunctionRecord> {
        self.functions.starting_with(&format!("{api_id}/")).into_iter().map(|(_, row)| row).collect()
    }

    pub(in crate::cloud::appsync) fn function(&self, api_id: &str, id: &str) -> Result<FunctionRecord, ApiError> {
        self.api(api_id)?;
        self.functions.get(&format!("{api_id}/{id}")).ok_or_else(|| not_found(format!("Function {id} not found.")))
    }

    /// Makes a function, or changes it when it carries an id.
    pub(in crate::cloud::appsync) fn put_function(
        &self,
        api_id: &str,
        mut row: FunctionRecord,
    ) -> Result<FunctionRecord, ApiError> {
        self.source(api_id, &row.data_source_name)?;
        if row.function_id.is_empty() {
            row.function_id = self.shared.ids.short(26);
        } else {
            self.function(api_id, &row.function_id)?;
        }
        check_batch(row.max_batch_size)?;
        check_sync(row.sync_config.as_ref())?;
        self.check_code(row.code.as_deref(), row.runtime.as_ref())?;
        self.write(&self.functions, api_id, &row.function_id, &row)?;
        Ok(row)
    }

    pub(in crate::cloud::appsync) fn delete_function(&self, api_id: &str, id: &str) -> Result<(), ApiError> {
        self.function(api_id, id)?;
        let uses = |row: &ResolverRecord| {
            row.pipeline_config.as_ref().is_some_and(|pipeline| pipeline.functions.iter().any(|one| one == id))
        };
        if let Some(row) = self.resolvers(api_id).into_iter().find(uses) {
            let message = format!(
                "Cannot delete a function which is currently used by a resolver: {}.{}",
                row.type_name, row.field_name
            );
            return Err(bad_request(message));
        }
        self.functions.remove(&format!("{api_id}/{id}"))?;
        self.changed(api_id);
        Ok(())
    }

    // ---- Resolvers

    pub(in crate::cloud::appsync) fn resolvers(&self, api_id: &str) -> Vec<ResolverRecord> {
        self.resolvers.starting_with(&format!("{api_id}/")).into_iter().map(|(_, row)| row).collect()
    }

    pub(in crate::cloud::appsync) fn resolver(
        &self,
        api_id: &str,
        type_name: &str,
        field_name: &str,
    ) -> Result<ResolverRecord, ApiError> {
        self.api(api_id)?;
        let row = self.resolvers.get(&format!("{api_id}/{type_name}/{field_name}"));
        row.ok_or_else(|| not_found("No resolver found."))
    }

    pub(in crate::cloud::appsync) fn create_resolver(
        &self,
        api_id: &str,
        row: ResolverRecord,
    ) -> Result<ResolverRecord, ApiError> {
        if self.resolver(api_id, &row.type_name, &row.field_name).is_ok() {
            return Err(bad_request("Only one resolver is allowed per field."));
        }
        self.put_resolver(api_id, row)
    }

    pub(in crate::cloud::appsync) fn update_resolver(
        &self,
        api_id: &str,
        row: ResolverRecord,
    ) -> Result<ResolverRecord, ApiError> {
        self.resolver(api_id, &row.type_name, &row.field_name)?;
        self.put_resolver(api_id, row)
    }

    fn put_resolver(&self, api_id: &str, row: ResolverRecord) -> Result<ResolverRecord, ApiError> {
        let api = self.api(api_id)?;
        self.schema(&api)?.check_field(&row.type_name, &row.field_name).map_err(not_found)?;
        check_batch(row.max_batch_size)?;
        check_sync(row.sync_config.as_ref())?;
        check_caching(row.caching_config.as_ref())?;
        match row.kind.as_str() {
            "UNIT" => {
                let name = row.data_source_name.as_deref();
                let name = name.ok_or_else(|| bad_request("A unit resolver needs a data source."))?;
                self.source(api_id, name)?;
            }
            "PIPELINE" => {
                let functions = row.pipeline_config.clone().unwrap_or_default().functions;
                if functions.len() > PIPELINE_LIMIT {
                    return Err(bad_request(format!("A pipeline takes at most {PIPELINE_LIMIT} functions.")));
                }
                for id in functions {
                    self.function(api_id, &id)?;
                }
            }
            other => return Err(bad_request(format!("Unknown resolver kind: {other}"))),
        }
        self.check_code(row.code.as_deref(), row.runtime.as_ref())?;
        self.write(&self.resolvers, api_id, &format!("{}/{}", row.type_name, row.field_name), &row)?;
        Ok(row)
    }

    pub(in crate::cloud::appsync) fn delete_resolver(
        &self,
        api_id: &str,
        type_name: &str,
        field_name: &str,
    ) -> Result<(), ApiError> {
        self.resolver(api_id, type_name, field_name)?;
        self.resolvers.remove(&format!("{api_id}/{type_name}/{field_name}"))?;
        self.changed(api_id);
        Ok(())
    }

    /// Refuses code that could not run.
    fn check_code(&self, code: Option<&str>, runtime: Option<&Runtime>) -> Result<(), ApiError> {
        let runtime = runtime.ok_or_else(|| {
            bad_request("the embedded cloud runs APPSYNC_JS only: mapping templates (VTL) are not supported; give `runtime` and `code`")
        })?;
        if runtime.name != "APPSYNC_JS" || runtime.runtime_version != "1.0.0" {
            return Err(bad_request(format!("Unknown runtime: {} {}", runtime.name, runtime.runtime_version)));
        }
        let code = code.ok_or_else(|| bad_request("Code is required with the runtime APPSYNC_JS."))?;
        let program = Program::read(code).map_err(|errors| code_errors(&errors))?;
        Sandbox::new(self.tools()).check(&program).map_err(|error| {
            let (message, line) = match error {
                SandboxError::Syntax { message, line } => (message, line),
                other => (other.to_string(), 0),
            };
            code_errors(&[CodeError { kind: "PARSER_ERROR", message, line, column: 1 }])
        })
    }
}

/// AppSync's refusal of code, with each fault in `detail` (API reference, "BadRequestException").
fn code_errors(errors: &[CodeError]) -> ApiError {
    let listed: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let mut refusal = bad_request(format!("The code contains one or more errors: {}", listed.join("; ")));
    let details: Vec<serde_json::Value> = errors
        .iter()
        .map(|error| {
            serde_json::json!({
                "errorType": error.kind,
                "value": error.message,
                "location": { "line": error.line, "column": error.column, "span": 1 },
            })
        })
        .collect();
    refusal.extra.insert("reason".to_owned(), "CODE_ERROR".into());
    refusal.extra.insert("detail".to_owned(), serde_json::json!({ "codeErrors": details }));
    refusal
}

fn check_batch(size: usize) -> Result<(), ApiError> {
    if size <= BATCH_LIMIT {
        Ok(())
    } else {
        Err(bad_request(format!("maxBatchSize must be between 0 and {BATCH_LIMIT}, not {size}.")))
    }
}

/// A conflict handler that is a function needs one.
fn check_sync(sync: Option<&SyncConfig>) -> Result<(), ApiError> {
    match sync {
        Some(sync) if sync.calls_function() && sync.lambda_conflict_handler_config.is_none() => {
            Err(bad_request("lambdaConflictHandlerConfig is required for the conflict handler LAMBDA."))
        }
        _ => Ok(()),
    }
}

fn check_settings(settings: &ApiSettings) -> Result<(), ApiError> {
    let modes = settings.modes();
    if modes.contains(&AuthMode::AwsLambda) && settings.authoriser().is_none() {
        return Err(bad_request("lambdaAuthorizerConfig is required for the authentication type AWS_LAMBDA."));
    }
    let pools = settings.user_pools().count();
    if pools != modes.iter().filter(|mode| **mode == AuthMode::AmazonCognitoUserPools).count() {
        return Err(bad_request("userPoolConfig is required for the authentication type AMAZON_COGNITO_USER_POOLS."));
    }
    let providers = settings.open_id_providers().count();
    if providers != modes.iter().filter(|mode| **mode == AuthMode::OpenidConnect).count() {
        return Err(bad_request("openIDConnectConfig is required for the authentication type OPENID_CONNECT."));
    }
    for provider in settings.open_id_providers() {
        check_address(&provider.issuer)
            .map_err(|reason| bad_request(format!("The issuer {} cannot be used: {reason}.", provider.issuer)))?;
    }
    for mode in [AuthMode::ApiKey, AuthMode::AwsIam, AuthMode::AwsLambda] {
        if modes.iter().filter(|one| **one == mode).count() > 1 {
            return Err(bad_request("An authentication type may be given once only."));
        }
    }
    let regex = settings.user_pools().any(|pool: &UserPoolConfig| pool.app_id_client_regex.is_some());
    if regex {
        return Err(bad_request("the embedded cloud does not check `appIdClientRegex`"));
    }
    Ok(())
}
