//! From an HTTP request to its answer: who may ask, where it goes, who asks, what is said.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use http::request::Parts;
use http::{Method, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::route::{RequestHead, Route, route};
use super::{origin, socket, tls};
use crate::base::endpoints::{BEDROCK_RUNTIME_VARIABLE, RDS_DATA_VARIABLE};
use crate::cloud::iam::{Authenticated, Payload, missing_token};
use crate::cloud::protocol::{self, Asked, Protocol, percent, query};
use crate::cloud::s3::Incoming;
use crate::cloud::service::{Access, ApiCall, ApiError, ApiReply, CallContext, Caller, ReplyBody, Service, ServiceId};
use crate::cloud::services::Services;
use crate::cloud::studio;

/// The largest body of a request that is no object, in bytes: DynamoDB's and Cognito's own limits lie below.
pub(super) const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// The largest body of a request with the code of a function, in bytes: AWS's own limit.
const CODE_LIMIT_BYTES: usize = 70_167_211;

/// What answers requests.
pub(super) struct Gateway {
    services: Services,
    /// Becomes true when the cloud stops: WebSockets do not end by themselves.
    stopped: watch::Receiver<bool>,
}

/// Answers requests on a listener until the cloud stops.
pub(super) async fn serve(listener: tls::Listener, gateway: Arc<Gateway>, mut stopped: watch::Receiver<bool>) {
    let router = Router::new().fallback(handle).with_state(gateway);
    let until = async move {
        // An error means that the cloud was dropped.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // axum's server retries failed accepts by itself and ends only when told to.
    let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
}

/// One request. It runs as a task of its own, so that a panic costs one request and not the connection, and a client that
/// goes away ends nothing in its middle.
async fn handle(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    // The server drops this future, and with it the sender, when the client is gone.
    let (_here, client) = watch::channel(());
    let task = tokio::spawn(async move { gateway.answer(request, client).await });
    match task.await {
        Ok(response) => response,
        Err(_) => super::answer::failed("the embedded cloud has a fault: the request was given up"),
    }
}

/// A request whose body was read.
struct Whole {
    parts: Parts,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    host: String,
    body: Bytes,
    id: String,
    /// Ends when the client is gone.
    client: watch::Receiver<()>,
}

impl Gateway {
    pub(super) fn new(services: Services, stopped: watch::Receiver<bool>) -> Self {
        Self { services, stopped }
    }

    async fn answer(&self, request: Request<Body>, client: watch::Receiver<()>) -> Response {
        let (parts, body) = request.into_parts();
        let head_only = parts.method == Method::HEAD;
        let id = self.services.shared.ids.uuid();
        let host = host_of(&parts);
        let knows = |name: &str| self.services.cloudfront.knows(name);
        if let Some(refusal) = stranger(&parts, &host, &knows) {
            return super::answer::response(refusal, head_only).await;
        }
        let query = percent::decode_pairs(parts.uri.query().unwrap_or_default());
        let mut whole = Whole { parts, query, form: Vec::new(), host, body: Bytes::new(), id, client };
        let mut target = whole.route(&knows);
        if let Route::Realtime(api) = &target {
            let asked = (whole.parts, whole.query);
            return socket::upgrade(Arc::clone(&self.services.appsync), api, asked, self.stopped.clone()).await;
        }
        if whole.streams(&target) {
            let reply = self.reply(&target, whole, Some(body)).await;
            return super::answer::response(reply, head_only).await;
        }
        let limit = match target {
            Route::Service(ServiceId::Lambda, _) => CODE_LIMIT_BYTES,
            _ => BODY_LIMIT_BYTES,
        };
        let is_form =
            whole.header("content-type").is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let read = Limited::new(body, if is_form { BODY_LIMIT_BYTES } else { limit }).collect().await;
        let reply = match read {
            Ok(read) => {
                whole.body = read.to_bytes();
                if is_form {
                    whole.form = percent::decode_pairs(&String::from_utf8_lossy(&whole.body));
                    target = whole.route(&knows);
                }
                self.reply(&target, whole, None).await
            }
            Err(error) => unread(&target, &whole, error.downcast_ref::<LengthLimitError>().is_some()),
        };
        super::answer::response(reply, head_only).await
    }

    /// The reply of a route, with what browsers need to read it.
    async fn reply(&self, target: &Route, whole: Whole, body: Option<Body>) -> ApiReply {
        let rules = self.browser_rules(target, &whole);
        let general = rules.is_none() && is_for_all_pages(target);
        if general && origin::is_preflight(&whole.parts.method, &whole.parts.headers) {
            let headers = origin::preflight_headers(&whole.parts.headers);
            return ApiReply { status: 200, headers, body: ReplyBody::Empty };
        }
        let mut reply = match body {
            Some(body) => self.objects(whole, body).await,
            None => self.dispatch(target, whole).await,
        };
        if general {
            reply.headers.extend(origin::answer_headers());
        }
        reply.headers.extend(rules.unwrap_or_default());
        reply
    }

    /// The headers by a bucket's own rules, when the request is for a bucket.
    fn browser_rules(&self, target: &Route, whole: &Whole) -> Option<Vec<(String, String)>> {
        if !matches!(target, Route::Service(ServiceId::S3, _)) {
            return None;
        }
        self.services.s3.browser_headers(&whole.host, whole.parts.uri.path(), &whole.parts)
    }

    async fn dispatch(&self, target: &Route, whole: Whole) -> ApiReply {
        match target {
            Route::Service(service, protocol) => self.service(*service, *protocol, whole).await,
            Route::GraphQl(api) => self.graphql(api, whole).await,
            Route::WellKnown { pool, document } => {
                let asked = Asked {
                    service: None,
                    protocol: Protocol::RestJson,
                    action: "",
                    request_id: &whole.id,
                    head: false,
                };
                protocol::encode(&asked, self.services.cognito.well_known(pool, document))
            }
            Route::Site(host) => {
                self.services.cloudfront.serve(host, &whole.into_call(String::new(), Value::Null)).await
            }
            Route::FunctionUrl(id) => self.function_url(id, whole).await,
            Route::Studio => studio::answer(&self.services, &whole.into_call(String::new(), Value::Null)).await,
            Route::Health => {
                let region = self.services.shared.region.as_str();
                let facts = json!({"version": env!("CARGO_PKG_VERSION"), "region": region, "ready": true});
                let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                ApiReply { status: 200, headers, body: ReplyBody::Bytes(facts.to_string().into()) }
            }
            Route::Realtime(_) => {
                let message = "subscriptions need a WebSocket: the request does not ask for one";
                refused(&whole, Protocol::RestJson, ApiError::new("BadRequestException", message))
            }
            Route::Absent(service, protocol) => {
                let message = absent(service);
                refused(&whole, *protocol, ApiError::new("NotImplemented", message).status(501))
            }
        }
    }

    async fn service(&self, service: ServiceId, protocol: Protocol, whole: Whole) -> ApiReply {
        let action = whole.action(protocol);
        let id = whole.id.clone();
        let head = whole.parts.method == Method::HEAD;
        let outcome = self.call(service, protocol, action.clone(), whole).await;
        protocol::encode(&Asked { service: Some(service), protocol, action: &action, request_id: &id, head }, outcome)
    }

    /// A request to S3, which reads the body itself.
    async fn objects(&self, whole: Whole, body: Body) -> ApiReply {
        let id = whole.id.clone();
        let head = whole.parts.method == Method::HEAD;
        let bucket = self.services.s3.bucket_in_host(&whole.host);
        let outcome = match self.services.iam.authenticate_head(&whole.parts, bucket.as_deref()) {
            Ok(Authenticated { caller, payload }) => {
                let call = whole.into_call(String::new(), Value::Null);
                self.services.s3.receive(&CallContext { caller }, call, Incoming { body, payload }).await
            }
            Err(refusal) => {
                Incoming { body, payload: Payload::Unsigned }.drain(&whole.parts.headers).await;
                Err(refusal)
            }
        };
        let service = Some(ServiceId::S3);
        protocol::encode(&Asked { service, protocol: Protocol::RestXml, action: "", request_id: &id, head }, outcome)
    }

    /// Signature, input, permission, call.
    async fn call(
        &self,
        service: ServiceId,
        protocol: Protocol,
        action: String,
        whole: Whole,
    ) -> Result<ApiReply, ApiError> {
        let caller = self.services.iam.authenticate(&whole.parts, &whole.body)?;
        let input = match protocol {
            Protocol::Json10 | Protocol::Json11 => protocol::json_input(&whole.body)?,
            Protocol::Query => query::input(if whole.form.is_empty() { &whole.query } else { &whole.form })?,
            Protocol::RestJson | Protocol::RestXml => Value::Null,
        };
        if action.is_empty() && protocol == Protocol::Query {
            return Err(ApiError::new("MissingAction", "The request is missing an action or a required parameter."));
        }
        let context = CallContext { caller };
        let service = self.of(service);
        let mut client = whole.client.clone();
        let call = whole.into_call(action, input);
        if let Access::Requires(permissions) = service.access(&context, &call) {
            if context.caller == Caller::Anonymous {
                return Err(missing_token());
            }
            for permission in &permissions {
                self.services.iam.authorize(&context.caller, permission)?;
            }
        }
        let waits = service.waits(&call);
        let outcome = service.call(&context, call);
        if !waits {
            return outcome.await;
        }
        tokio::select! {
            biased;
            outcome = outcome => outcome,
            // Nobody hears this.
            _ = client.changed() => Err(ApiError::new("RequestTimeout", "the client is gone")),
        }
    }

    async fn graphql(&self, api: &str, whole: Whole) -> ApiReply {
        let id = whole.id.clone();
        let asked = Asked {
            service: Some(ServiceId::AppSync),
            protocol: Protocol::RestJson,
            action: "",
            request_id: &id,
            head: false,
        };
        match self.services.iam.authenticate(&whole.parts, &whole.body) {
            Ok(caller) => {
                let context = CallContext { caller };
                let call = whole.into_call(String::new(), Value::Null);
                protocol::encode(&asked, Ok(self.services.appsync.graphql(&context, api, &call).await))
            }
            Err(error) => protocol::encode(&asked, Ok(protocol::graphql_refusal(&asked, error))),
        }
    }

    /// A function URL: signed requests are checked, others are anybody's, whatever they carry.
    async fn function_url(&self, id: &str, whole: Whole) -> ApiReply {
        let lambda = &self.services.lambda;
        let caller = if lambda.url_is_signed(id) {
            self.services.iam.authenticate(&whole.parts, &whole.body).unwrap_or(Caller::Anonymous)
        } else {
            Caller::Anonymous
        };
        let host = whole.host.clone();
        lambda.serve_url(id, &caller, &host, &whole.into_call(String::new(), Value::Null)).await
    }

    fn of(&self, service: ServiceId) -> &dyn Service {
        let services = &self.services;
        match service {
            ServiceId::Iam => &*services.iam,
            ServiceId::Sts => &*services.sts,
            ServiceId::S3 => &*services.s3,
            ServiceId::Sqs => &*services.sqs,
            ServiceId::DynamoDb => &*services.dynamodb,
            ServiceId::Logs => &*services.logs,
            ServiceId::Ssm => &*services.ssm,
            ServiceId::SecretsManager => &*services.secretsmanager,
            ServiceId::Lambda => &*services.lambda,
            ServiceId::Cognito | ServiceId::CognitoIdentity => &*services.cognito,
            ServiceId::Sns => &*services.sns,
            ServiceId::EventBridge => &*services.eventbridge,
            ServiceId::Scheduler => &*services.scheduler,
            ServiceId::OpenSearch => &*services.opensearch,
            ServiceId::AppSync => &*services.appsync,
            ServiceId::CloudFront => &*services.cloudfront,
            ServiceId::CloudFormation => &*services.cloudformation,
        }
    }
}

impl Whole {
    fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn route(&self, knows: &dyn Fn(&str) -> bool) -> Route {
        let head = RequestHead {
            method: &self.parts.method,
            path: self.parts.uri.path(),
            query: &self.query,
            headers: &self.parts.headers,
            host: &self.host,
            form: &self.form,
        };
        route(&head, knows)
    }

    fn action(&self, protocol: Protocol) -> String {
        let found = match protocol {
            Protocol::Json10 | Protocol::Json11 => {
                self.header("x-amz-target").map(|target| target.rsplit('.').next().unwrap_or_default())
            }
            Protocol::Query => {
                let mut fields = self.form.iter().chain(&self.query);
                fields.find(|(name, _)| name == "Action").map(|(_, value)| value.as_str())
            }
            Protocol::RestJson | Protocol::RestXml => None,
        };
        // The name goes into XML elements: letters and digits only.
        found.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect()
    }

    /// Whether the service reads the body itself: S3, but for forms, whose fields tell where they go.
    fn streams(&self, target: &Route) -> bool {
        let form = || {
            self.parts.method == Method::POST
                && self.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        };
        matches!(target, Route::Service(ServiceId::S3, _)) && (self.is_signed() || !form())
    }

    /// Whether the head names the service by its signature.
    fn is_signed(&self) -> bool {
        self.header("authorization").is_some() || self.query.iter().any(|(name, _)| name == "X-Amz-Credential")
    }

    fn into_call(self, action: String, input: Value) -> ApiCall {
        ApiCall {
            action,
            path: self.parts.uri.path().to_owned(),
            method: self.parts.method,
            query: self.query,
            headers: self.parts.headers,
            input,
            body: self.body,
        }
    }
}

/// Whether pages of every origin that is ours may read the answers: not those of a site, which has rules of its own, and
/// not the front page with its mailbox, which is for itself alone.
fn is_for_all_pages(target: &Route) -> bool {
    !matches!(target, Route::Site(_) | Route::Studio | Route::FunctionUrl(_))
}

/// The host that a request names, without port.
fn host_of(parts: &Parts) -> String {
    let header = parts.headers.get("host").and_then(|value| value.to_str().ok());
    let host = header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    origin::host_name(host)
}

/// The refusal of a request that is not meant for us.
fn stranger(parts: &Parts, host: &str, knows: &dyn Fn(&str) -> bool) -> Option<ApiReply> {
    let refuse = |message: String| {
        let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Some(ApiReply { status: 403, headers, body: ReplyBody::Bytes(message.into()) })
    };
    if !origin::host_is_ours(host, knows) {
        return refuse(format!("the embedded cloud does not answer for the host `{}`\n", host.escape_debug()));
    }
    let origin = parts.headers.get("origin").map(|value| value.to_str().unwrap_or("?"));
    match origin {
        Some(origin) if !origin::origin_is_ours(origin) => refuse(format!(
            "the embedded cloud does not answer pages of the origin `{}`: front ends must run on this computer\n",
            origin.escape_debug()
        )),
        _ => None,
    }
}

/// What is said of a service that the cloud does not have. Some may be outside of it.
fn absent(service: &str) -> String {
    let variable = match service {
        "bedrock" => BEDROCK_RUNTIME_VARIABLE,
        "rds-data" => RDS_DATA_VARIABLE,
        _ => return format!("the embedded cloud does not have the service `{service}`"),
    };
    format!(
        "the embedded cloud does not have the service `{service}`; start it with the address of one: {variable}=http://127.0.0.1:PORT"
    )
}

/// A refusal for a route that is no service of ours.
fn refused(whole: &Whole, protocol: Protocol, error: ApiError) -> ApiReply {
    let head = whole.parts.method == Method::HEAD;
    protocol::encode(&Asked { service: None, protocol, action: "", request_id: &whole.id, head }, Err(error))
}

/// The refusal of a body that is too large or broke off.
fn unread(target: &Route, whole: &Whole, too_large: bool) -> ApiReply {
    let (service, protocol) = match target {
        Route::Service(service, protocol) => (Some(*service), *protocol),
        _ => (None, Protocol::RestJson),
    };
    let error = match (too_large, service) {
        (true, Some(ServiceId::Lambda)) => {
            let message = format!("Request must be smaller than {CODE_LIMIT_BYTES} bytes for the operation");
            ApiError::new("RequestEntityTooLargeException", message).status(413)
        }
        (true, _) => {
            ApiError::new("RequestEntityTooLargeException", format!("the body is larger than {BODY_LIMIT_BYTES} bytes"))
                .status(413)
        }
        (false, _) => ApiError::new("IncompleteBody", "The request body terminated unexpectedly"),
    };
    let mut reply =
        protocol::encode(&Asked { service, protocol, action: "", request_id: &whole.id, head: false }, Err(error));
    // What is left of the body is not read, so the connection cannot be used again.
    reply.headers.push(("connection".to_owned(), "close".to_owned()));
    if is_for_all_pages(target) {
        reply.headers.extend(origin::answer_headers());
    }
    reply
}
