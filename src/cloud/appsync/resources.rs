//! AppSync's CloudFormation types.
//!
//! Not here: properties that are not built; those are refused by name before a handler is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

use super::AppSync;
use super::api::read;
use super::record::{Api, ApiKey, ApiSettings, DataSource, FunctionRecord, ResolverRecord};

/// The types, with what CloudFormation must know of each (CloudFormation's resource reference).
struct Kind {
    name: &'static str,
    properties: &'static [&'static str],
    required: &'static [&'static str],
    create_only: &'static [&'static str],
    attributes: &'static [&'static str],
    make: Make,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Api,
    Schema,
    Key,
    Source,
    Resolver,
    Function,
    Cache,
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "AWS::AppSync::GraphQLApi",
        properties: &[
            "Name",
            "AuthenticationType",
            "UserPoolConfig",
            "OpenIDConnectConfig",
            "LambdaAuthorizerConfig",
            "AdditionalAuthenticationProviders",
            "XrayEnabled",
            "IntrospectionConfig",
            "QueryDepthLimit",
            "ResolverCountLimit",
            "EnvironmentVariables",
            "OwnerContact",
            "LogConfig",
            "ApiType",
            "Visibility",
            "Tags",
        ],
        required: &["Name", "AuthenticationType"],
        create_only: &["ApiType", "Visibility"],
        attributes: &["ApiId", "Arn", "GraphQLUrl", "GraphQLDns", "GraphQLEndpointArn", "RealtimeUrl", "RealtimeDns"],
        make: Make::Api,
    },
    Kind {
        name: "AWS::AppSync::GraphQLSchema",
        properties: &["ApiId", "Definition", "DefinitionS3Location"],
        required: &["ApiId"],
        create_only: &["ApiId"],
        attributes: &["Id"],
        make: Make::Schema,
    },
    Kind {
        name: "AWS::AppSync::ApiKey",
        properties: &["ApiId", "Description", "Expires"],
        required: &["ApiId"],
        create_only: &["ApiId"],
        attributes: &["ApiKey", "ApiKeyId", "Arn"],
        make: Make::Key,
    },
    Kind {
        name: "AWS::AppSync::DataSource",
        properties: &[
            "ApiId",
            "Name",
            "Type",
            "Description",
            "ServiceRoleArn",
            "DynamoDBConfig",
            "LambdaConfig",
            "HttpConfig",
            "EventBridgeConfig",
            "OpenSearchServiceConfig",
            "ElasticsearchConfig",
            "RelationalDatabaseConfig",
        ],
        required: &["ApiId", "Name", "Type"],
        create_only: &["ApiId", "Name"],
        attributes: &["DataSourceArn", "Name"],
        make: Make::Source,
    },
    Kind {
        name: "AWS::AppSync::Resolver",
        properties: &[
            "ApiId",
            "TypeName",
            "FieldName",
            "Kind",
            "DataSourceName",
            "PipelineConfig",
            "Code",
            "CodeS3Location",
            "Runtime",
            "MaxBatchSize",
            "SyncConfig",
            "CachingConfig",
        ],
        required: &["ApiId", "TypeName", "FieldName"],
        create_only: &["ApiId", "TypeName", "FieldName"],
        attributes: &["ResolverArn", "TypeName", "FieldName"],
        make: Make::Resolver,
    },
    Kind {
        name: "AWS::AppSync::FunctionConfiguration",
        properties: &[
            "ApiId",
            "Name",
            "Description",
            "DataSourceName",
            "Code",
            "CodeS3Location",
            "Runtime",
            "MaxBatchSize",
            "SyncConfig",
        ],
        required: &["ApiId", "Name", "DataSourceName"],
        create_only: &["ApiId"],
        attributes: &["FunctionId", "FunctionArn", "Name", "DataSourceName"],
        make: Make::Function,
    },
    Kind {
        name: "AWS::AppSync::ApiCache",
        properties: &[
            "ApiId",
            "ApiCachingBehavior",
            "Ttl",
            "Type",
            "TransitEncryptionEnabled",
            "AtRestEncryptionEnabled",
            "HealthMetricsConfig",
        ],
        required: &["ApiId", "ApiCachingBehavior", "Ttl", "Type"],
        create_only: &["ApiId", "TransitEncryptionEnabled", "AtRestEncryptionEnabled"],
        attributes: &["Id"],
        make: Make::Cache,
    },
];

/// The handlers of all types.
pub(super) fn handlers(appsync: Arc<AppSync>) -> Vec<Box<dyn ResourceHandler>> {
    let handler =
        |kind: &'static Kind| -> Box<dyn ResourceHandler> { Box::new(Handler { kind, appsync: Arc::clone(&appsync) }) };
    KINDS.iter().map(handler).collect()
}

struct Handler {
    kind: &'static Kind,
    appsync: Arc<AppSync>,
}

impl ResourceHandler for Handler {
    fn kind(&self) -> &'static str {
        self.kind.name
    }

    fn properties(&self) -> &'static [&'static str] {
        self.kind.properties
    }

    fn required(&self) -> &'static [&'static str] {
        self.kind.required
    }

    fn create_only(&self) -> &'static [&'static str] {
        self.kind.create_only
    }

    fn attributes(&self) -> &'static [&'static str] {
        self.kind.attributes
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move { self.put(None, request) })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move { self.put(Some(current), request) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            match self.remove(current, request) {
                // What is gone already is deleted.
                Err(error) if error.code == "NotFoundException" => Ok(()),
                other => Ok(other?),
            }
        })
    }
}

/// An attribute that a resource was made with.
fn known(current: &Provisioned, name: &str) -> String {
    current.attributes.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn provisioned(physical_id: String, attributes: &[(&str, String)]) -> Provisioned {
    let attributes: BTreeMap<String, Value> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    Provisioned { physical_id, attributes }
}

impl Handler {
    fn put(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        match self.kind.make {
            Make::Api => self.api(current, request),
            Make::Schema => self.schema(request),
            Make::Key => self.key(current, request),
            Make::Source => self.source(current, request),
            Make::Resolver => self.resolver(current, request),
            Make::Function => self.function(current, request),
            Make::Cache => self.cache(current, request),
        }
    }

    fn api(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        for (name, only) in [("ApiType", "GRAPHQL"), ("Visibility", "GLOBAL")] {
            if let Some(other) = request.text(name).filter(|given| given != only) {
                return Err(ResourceError(format!(
                    "the embedded cloud has no GraphQLApi with {name} {other}: only {only}"
                )));
            }
        }
        let mut input = lowered(&request.properties, &["EnvironmentVariables", "ApiType", "Visibility", "Tags"]);
        input.insert("tags".to_owned(), tags(request));
        let settings: ApiSettings = read(input.into())?;
        let engine = &self.appsync.engine;
        let api: Api = match current {
            Some(current) => engine.update_api(&known(current, "ApiId"), settings)?,
            None => engine.create_api(settings)?,
        };
        let variables = request.property("EnvironmentVariables").cloned().unwrap_or_else(|| json!({}));
        let variables: BTreeMap<String, String> = read(variables)?;
        if variables != api.variables {
            engine.set_variables(&api.id, variables)?;
        }
        let arn = engine.arn(&api.id, "");
        let host = self.appsync.host().to_owned();
        Ok(provisioned(
            arn.clone(),
            &[
                ("GraphQLEndpointArn", arn.replace(":apis/", ":endpoints/graphql-api/")),
                ("Arn", arn),
                ("GraphQLUrl", self.appsync.address(&api.id)),
                ("GraphQLDns", host.clone()),
                ("RealtimeUrl", self.appsync.realtime_address(&api.id)),
                ("RealtimeDns", host),
                ("ApiId", api.id),
            ],
        ))
    }

    fn schema(&self, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let text = self.text(request, ("Definition", "DefinitionS3Location"))?;
        let text =
            text.ok_or_else(|| ResourceError("Either Definition or DefinitionS3Location is required".to_owned()))?;
        let status = self.appsync.engine.put_schema(&api_id, &text)?;
        if status.status == "FAILED" {
            return Err(ResourceError(format!("Schema Creation Status is FAILED with details: {}", status.details)));
        }
        let id = format!("{api_id}GraphQLSchema");
        Ok(provisioned(id.clone(), &[("Id", id)]))
    }

    fn key(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let expires = match request.text("Expires") {
            Some(text) => {
                let read = text.parse::<f64>().ok().filter(|seconds| seconds.fract() == 0.0);
                let read = read.and_then(|_| text.split('.').next().and_then(|whole| whole.parse::<i64>().ok()));
                Some(read.ok_or_else(|| ResourceError(format!("Expires must be seconds since 1970, not {text}")))?)
            }
            None => None,
        };
        let description = request.text("Description");
        let engine = &self.appsync.engine;
        let key: ApiKey = match current {
            Some(current) => engine.update_key(&api_id, &known(current, "ApiKeyId"), description, expires)?,
            None => engine.create_key(&api_id, description, expires)?,
        };
        let arn = engine.arn(&api_id, &format!("/apikey/{}", key.id));
        Ok(provisioned(arn.clone(), &[("ApiKey", key.id.clone()), ("ApiKeyId", key.id), ("Arn", arn)]))
    }

    fn source(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let row: DataSource = read(lowered(&request.properties, &["ApiId"]).into())?;
        let engine = &self.appsync.engine;
        let row = match current {
            Some(_) => engine.update_source(&api_id, row)?,
            None => engine.create_source(&api_id, row)?,
        };
        let arn = engine.arn(&api_id, &format!("/datasources/{}", row.name));
        Ok(provisioned(arn.clone(), &[("DataSourceArn", arn), ("Name", row.name)]))
    }

    fn resolver(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let row: ResolverRecord = read(self.with_code(request)?)?;
        let engine = &self.appsync.engine;
        let row = match current {
            Some(_) => engine.update_resolver(&api_id, row)?,
            None => engine.create_resolver(&api_id, row)?,
        };
        let arn = engine.arn(&api_id, &format!("/types/{}/resolvers/{}", row.type_name, row.field_name));
        let attributes = [("ResolverArn", arn.clone()), ("TypeName", row.type_name), ("FieldName", row.field_name)];
        Ok(provisioned(arn, &attributes))
    }

    fn function(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let mut row: FunctionRecord = read(self.with_code(request)?)?;
        row.function_id = current.map(|current| known(current, "FunctionId")).unwrap_or_default();
        let row = self.appsync.engine.put_function(&api_id, row)?;
        let arn = self.appsync.engine.arn(&api_id, &format!("/functions/{}", row.function_id));
        let attributes = [
            ("FunctionId", row.function_id),
            ("FunctionArn", arn.clone()),
            ("Name", row.name),
            ("DataSourceName", row.data_source_name),
        ];
        Ok(provisioned(arn, &attributes))
    }

    fn cache(&self, current: Option<&Provisioned>, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        let api_id = request.text("ApiId").unwrap_or_default();
        let cache = read(lowered(&request.properties, &["ApiId"]).into())?;
        match current {
            Some(_) => self.appsync.engine.update_cache(&api_id, cache)?,
            None => self.appsync.engine.create_cache(&api_id, cache)?,
        };
        let id = format!("{api_id}ApiCache");
        Ok(provisioned(id.clone(), &[("Id", id)]))
    }

    /// The properties as the control API takes them, with the code in its text.
    fn with_code(&self, request: &ResourceRequest) -> Result<Value, ResourceError> {
        let mut input = lowered(&request.properties, &["ApiId", "Code", "CodeS3Location"]);
        if let Some(code) = self.text(request, ("Code", "CodeS3Location"))? {
            input.insert("code".to_owned(), code.into());
        }
        Ok(input.into())
    }

    /// Text that stands in the template or in a bucket.
    fn text(
        &self,
        request: &ResourceRequest,
        (inline, located): (&str, &str),
    ) -> Result<Option<String>, ResourceError> {
        if let Some(text) = request.text(inline) {
            return Ok(Some(text));
        }
        let Some(url) = request.text(located) else { return Ok(None) };
        let unreadable = |reason: &str| ResourceError(format!("{located} {url} could not be read: {reason}"));
        let (bucket, key) =
            self.appsync.s3.locate(&url).ok_or_else(|| unreadable("it is not the address of an object"))?;
        let bytes = self.appsync.s3.read(&bucket, &key).map_err(|error| unreadable(&error.message))?;
        String::from_utf8(bytes).map(Some).map_err(|_| unreadable("it is not text"))
    }

    fn remove(&self, current: &Provisioned, request: &ResourceRequest) -> Result<(), ApiError> {
        let engine = &self.appsync.engine;
        let api_id = request.text("ApiId").unwrap_or_default();
        match self.kind.make {
            Make::Api => self.appsync.delete_api(&known(current, "ApiId")),
            // A schema goes with its API.
            Make::Schema => Ok(()),
            Make::Key => engine.delete_key(&api_id, &known(current, "ApiKeyId")),
            Make::Source => engine.delete_source(&api_id, &known(current, "Name")),
            Make::Resolver => {
                engine.delete_resolver(&api_id, &known(current, "TypeName"), &known(current, "FieldName"))
            }
            Make::Function => engine.delete_function(&api_id, &known(current, "FunctionId")),
            Make::Cache => self.appsync.delete_cache(&api_id),
        }
    }
}

/// Properties whose values CloudFormation may give as text.
const FLAGS: [&str; 5] =
    ["XrayEnabled", "UseCallerCredentials", "Versioned", "TransitEncryptionEnabled", "AtRestEncryptionEnabled"];
const NUMBERS: [&str; 9] = [
    "Ttl",
    "QueryDepthLimit",
    "ResolverCountLimit",
    "MaxBatchSize",
    "IatTTL",
    "AuthTTL",
    "AuthorizerResultTtlInSeconds",
    "BaseTableTTL",
    "DeltaSyncTableTTL",
];

/// Properties by the names of the control API, except some.
fn lowered(properties: &Value, except: &[&str]) -> Map<String, Value> {
    let members = properties.as_object().into_iter().flatten();
    let kept = members.filter(|(name, value)| !except.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, value)| (lower_name(name), lowered_value(name, value))).collect()
}

fn lower_name(name: &str) -> String {
    if name == "DynamoDBConfig" {
        return "dynamodbConfig".to_owned();
    }
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn lowered_value(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(_) => lowered(value, &[]).into(),
        Value::Array(items) => items.iter().map(|item| lowered_value(name, item)).collect(),
        Value::String(text) if FLAGS.contains(&name) => {
            text.parse::<bool>().map_or_else(|_| value.clone(), Value::from)
        }
        Value::String(text) if NUMBERS.contains(&name) => {
            text.parse::<u64>().map_or_else(|_| value.clone(), Value::from)
        }
        other => other.clone(),
    }
}

/// The tags of the stack and of the resource.
fn tags(request: &ResourceRequest) -> Value {
    let mut tags: Map<String, Value> =
        request.tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    let own = request.property("Tags").and_then(Value::as_array);
    for tag in own.into_iter().flatten() {
        if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
            tags.insert(key.to_owned(), value.into());
        }
    }
    tags.into()
}
