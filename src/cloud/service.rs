//! The contract of an emulated service: its wire face, its CloudFormation types, its view for the front page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::base::{BoxFuture, Clock, Ids, Region, ServiceEndpoints};

use super::feed::Feed;
use super::store::Store;

/// The services, in the order of who may call whom: each may call those before it, never after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::cloud) enum ServiceId {
    Iam,
    Sts,
    S3,
    Sqs,
    DynamoDb,
    Logs,
    Ssm,
    SecretsManager,
    Lambda,
    Cognito,
    CognitoIdentity,
    Sns,
    EventBridge,
    Scheduler,
    OpenSearch,
    AppSync,
    CloudFront,
    CloudFormation,
}

/// What every service is given: the cloud's own facts and tools.
pub(in crate::cloud) struct Shared {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub region: Region,
    pub account: &'static str,
    /// Folder for what is not rows: objects, database files.
    pub folder: std::path::PathBuf,
    /// `http://localhost:4700`: the address that outputs carry.
    pub endpoint: String,
    pub feed: Feed,
    /// Where services are that the cloud does not have itself.
    pub outside: ServiceEndpoints,
}

/// Who sent a request, established before any service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Caller {
    /// No signature.
    Anonymous,
    /// The account's root.
    Root,
    /// Temporary credentials of a role.
    Role(RoleSession),
    /// One of our own services, acting with a role (AppSync reading a table).
    Service(RoleSession),
}

/// A session of a role.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::cloud) struct RoleSession {
    /// `arn:aws:iam::…:role/name`.
    pub role_arn: String,
    /// The name after the role in the assumed-role ARN.
    pub session_name: String,
    /// The access key of the session.
    pub access_key: String,
    /// Values of policy variables and condition keys: `cognito-identity.amazonaws.com:sub`, `…:aud`, `…:amr`.
    pub context: BTreeMap<String, Vec<String>>,
}

impl RoleSession {
    /// `arn:aws:sts::…:assumed-role/role/session`.
    pub(in crate::cloud) fn assumed_arn(&self, account: &str) -> String {
        let role = self.role_arn.rsplit('/').next().unwrap_or_default();
        format!("arn:aws:sts::{account}:assumed-role/{role}/{}", self.session_name)
    }
}

/// One request's circumstances.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct CallContext {
    pub caller: Caller,
}

/// A request to a service, decoded as far as its protocol says.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct ApiCall {
    /// The action (`PutItem`) for JSON and Query services; empty for REST services.
    pub action: String,
    pub method: Method,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// The input as JSON: the body of JSON services; the form of Query services, with `X.member.N` turned into
    /// lists and `X.Y` into objects; null for REST services.
    pub input: Value,
    pub body: Bytes,
}

/// What a service answers; the gateway writes it in the protocol of the request.
#[derive(Debug)]
pub(in crate::cloud) struct ApiReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: ReplyBody,
}

/// The body of an answer.
#[derive(Debug)]
pub(in crate::cloud) enum ReplyBody {
    /// JSON for JSON services; for Query services the gateway turns it into `<ActionResponse><ActionResult>…`
    /// (lists become `<member>` elements).
    Json(Value),
    /// Ready bytes; the service set the content type.
    Bytes(Bytes),
    /// A file to stream, from an offset, so many bytes.
    File {
        path: std::path::PathBuf,
        offset: u64,
        length: u64,
    },
    Empty,
}

impl ApiReply {
    /// 200 with JSON.
    pub(in crate::cloud) fn json(value: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: ReplyBody::Json(value) }
    }

    /// 200 with `{}`.
    pub(in crate::cloud) fn empty_json() -> Self {
        Self::json(Value::Object(Map::new()))
    }
}

/// A refusal or fault, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(in crate::cloud) struct ApiError {
    /// AWS's error code: `ValidationException`, `NoSuchKey`.
    pub code: String,
    pub message: String,
    /// HTTP status.
    pub status: u16,
    /// Further members of the error body (`Item`, `CancellationReasons`).
    pub extra: Map<String, Value>,
}

impl ApiError {
    /// A refusal with status 400.
    pub(in crate::cloud) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, extra: Map::new() }
    }

    /// The same, with another status.
    #[must_use]
    pub(in crate::cloud) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// An action that the embedded cloud does not have: refused by name, never pretended.
    pub(in crate::cloud) fn not_built(service: &str, action: &str) -> Self {
        Self::new("NotImplemented", format!("the embedded cloud has no `{service}:{action}`")).status(501)
    }
}

/// What a caller needs before a call is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Access {
    /// Anyone may send it (the service itself checks tokens or keys).
    Open,
    /// The caller must be signed in and allowed each of these.
    Requires(Vec<Permission>),
}

/// An IAM action on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) struct Permission {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// An ARN, or `*`.
    pub resource: String,
}

impl Permission {
    /// `action` on `resource`.
    pub(in crate::cloud) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into() }
    }
}

/// One emulated service: a wire face in front of an engine.
pub(in crate::cloud) trait Service: Send + Sync {
    fn id(&self) -> ServiceId;

    /// What the caller of `call` must be allowed; the gateway asks IAM before it calls.
    fn access(&self, context: &CallContext, call: &ApiCall) -> Access;

    /// Carries out a call.
    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>>;

    /// Whether the call waits and does nothing before its answer: it is given up when its client is gone.
    fn waits(&self, _call: &ApiCall) -> bool {
        false
    }

    /// The CloudFormation types that this service provides.
    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>>;

    /// What the front page shows of it: `{"title": …, "rows": [...]}`, or null for nothing.
    fn snapshot(&self) -> Value;
}

/// A resource of a stack, with all intrinsic functions evaluated.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct ResourceRequest {
    pub stack_name: String,
    pub logical_id: String,
    /// The evaluated `Properties`, an object.
    pub properties: Value,
    /// The evaluated properties before an update.
    pub previous: Option<Value>,
    /// `{"Key": …, "Value": …}` tags of the stack.
    pub tags: Vec<(String, String)>,
}

impl ResourceRequest {
    /// A property, when it is there and not null.
    pub(in crate::cloud) fn property(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// A property as text; numbers and booleans as CloudFormation would write them.
    pub(in crate::cloud) fn text(&self, name: &str) -> Option<String> {
        self.property(name).and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        })
    }

    /// A property as a boolean; CloudFormation accepts `"true"`.
    pub(in crate::cloud) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A name as CloudFormation makes it when the template gives none: `stack-LogicalId-RANDOM12`, cut to `longest`.
    pub(in crate::cloud) fn generated_name(&self, ids: &dyn Ids, longest: usize) -> String {
        let tail = ids.short(12).to_uppercase();
        let room = longest.saturating_sub(tail.len() + 2);
        // The logical id tells more than the stack, of which some characters stay all the same.
        let least = self.stack_name.len().min(8);
        let logical: String = self.logical_id.chars().take(room.saturating_sub(least)).collect();
        let stack: String = self.stack_name.chars().take(room - logical.len()).collect();
        format!("{stack}-{logical}-{tail}")
    }
}

/// What a handler made: the `Ref` and the attributes for `Fn::GetAtt`.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(in crate::cloud) struct Provisioned {
    /// What `Ref` gives.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, Value>,
}

/// Why a handler could not do it: the text of the stack event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::cloud) struct ResourceError(pub String);

impl From<ApiError> for ResourceError {
    fn from(error: ApiError) -> Self {
        Self(format!(
            "{} (Service: embedded cloud, Status Code: {}, Error Code: {})",
            error.message, error.status, error.code
        ))
    }
}

/// How CloudFormation makes, changes and removes one type of resource.
pub(in crate::cloud) trait ResourceHandler: Send + Sync {
    /// `AWS::DynamoDB::Table`.
    fn kind(&self) -> &'static str;

    /// Every property that the handler understands. Any other is refused by name when the change set is made.
    fn properties(&self) -> &'static [&'static str];

    /// Properties that must be there.
    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    /// Properties whose change means a new resource.
    fn create_only(&self) -> &'static [&'static str];

    /// Attributes that `Fn::GetAtt` may ask for.
    fn attributes(&self) -> &'static [&'static str];

    /// Why no resource of the type can be had, when that depends on what the cloud was given. Refused when the change set
    /// is made.
    fn absence(&self) -> Option<String> {
        None
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>>;

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>>;

    /// Deletes it; a resource that is gone already is a success.
    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ResourceRequest;
    use crate::base::ids::SequenceIds;

    #[test]
    fn generated_names_are_never_too_long() {
        let logical = "BedrockanthropicClaude3Haiku20240307V104539420bRole";
        let cases = [("app-dev-app", "Role", "app-dev-app-Role-"), ("app-dev-app", logical, "app-dev-")];
        for (stack_name, logical_id, begins) in cases {
            let request = ResourceRequest {
                stack_name: stack_name.to_owned(),
                logical_id: logical_id.to_owned(),
                properties: json!({}),
                previous: None,
                tags: Vec::new(),
            };
            let name = request.generated_name(&SequenceIds::default(), 64);
            assert!(name.starts_with(begins) && name.len() <= 64, "{name}");
        }
    }
}
