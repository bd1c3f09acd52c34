//! The Lambda Runtime API: one small server for each process, through which it takes events and gives answers.
//!
//! Source: "Using the Lambda runtime API for custom runtimes" of the Lambda guide. It listens on the loopback address,
//! on a port that the system chooses; our own runtimes also find it below a path that nobody can guess.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::serve::ListenerExt as _;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// The largest answer of a function, in bytes ("Lambda quotas": 6 MB and what surrounds it).
pub(super) const ANSWER_BYTES: usize = 6_291_556;

/// One event for a process.
#[derive(Debug)]
pub(super) struct Work {
    pub id: String,
    pub payload: Bytes,
    /// Milliseconds since 1970.
    pub deadline_ms: i64,
    /// The ARN by which the function was called.
    pub arn: String,
    /// The client's context as JSON, decoded.
    pub client_context: Option<String>,
    pub answer: oneshot::Sender<Answer>,
}

/// What a process says to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Value(Bytes),
    /// The error document.
    Error(Bytes),
    TooLarge,
}

/// Where a process stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It loads the code.
    Starting,
    /// It could not load it: the error document.
    Failed(Bytes),
    /// It waits for an event.
    Waiting,
    /// It works on one.
    Busy,
}

/// The server of one process; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    pub work: mpsc::Sender<Work>,
    pub stage: watch::Receiver<Stage>,
    server: AbortHandle,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The server's end.
struct Line {
    /// `/` and a random text; empty for runtimes that know no paths.
    prefix: String,
    work: AsyncMutex<mpsc::Receiver<Work>>,
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    stage: watch::Sender<Stage>,
}

impl RuntimeApi {
    /// Starts a server. `token` becomes part of the address.
    pub(super) async fn start(token: Option<&str>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let prefix = token.map(|token| format!("/{token}")).unwrap_or_default();
        let (work, events) = mpsc::channel(1);
        let (stage, stages) = watch::channel(Stage::Starting);
        let address = format!("127.0.0.1:{port}{prefix}");
        let line = Arc::new(Line { prefix, work: AsyncMutex::new(events), current: Mutex::default(), stage });
        let listener = listener.tap_io(|stream| {
            // Small answers must not wait for more; a stream that refuses is only slower.
            let _ = stream.set_nodelay(true);
        });
        let router = Router::new().fallback(handle).with_state(line);
        // It retries failed accepts by itself and ends when it is aborted.
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, work, stage: stages, server: server.abort_handle() })
    }
}

async fn handle(State(line): State<Arc<Line>>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    let known = path.strip_prefix(&line.prefix).and_then(|rest| rest.strip_prefix("/2018-06-01/runtime/"));
    // Pages in a browser send an origin; no runtime does.
    let Some(rest) = known.filter(|_| !request.headers().contains_key("origin")) else {
        return refused(StatusCode::FORBIDDEN, "Forbidden", "This is the runtime API of another process");
    };
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => line.next().await,
        (&Method::POST, ["invocation", id, "response"]) => line.answer(id, request.into_body(), Answer::Value).await,
        (&Method::POST, ["invocation", id, "error"]) => line.answer(id, request.into_body(), Answer::Error).await,
        (&Method::POST, ["init", "error"]) => line.failed(request.into_body()).await,
        _ => refused(StatusCode::NOT_FOUND, "NotFound", "The runtime API has no such resource"),
    }
}

impl Line {
    async fn next(&self) -> Response {
        self.stage.send_replace(Stage::Waiting);
        let Some(work) = self.work.lock().await.recv().await else {
            return refused(StatusCode::GONE, "Gone", "The process is not needed any more");
        };
        self.stage.send_replace(Stage::Busy);
        let Work { id, payload, deadline_ms, arn, client_context, answer } = work;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((id.clone(), answer));
        let mut response = Response::new(Body::from(payload));
        let context = client_context.map(|context| ("lambda-runtime-client-context", context));
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("lambda-runtime-aws-request-id", id),
            ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", arn),
        ];
        for (name, value) in headers.into_iter().chain(context) {
            if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    async fn answer(&self, id: &str, body: Body, kind: fn(Bytes) -> Answer) -> Response {
        let current = {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            if current.as_ref().is_some_and(|(known, _)| known == id) { current.take() } else { None }
        };
        let Some((_, answer)) = current else {
            return refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID");
        };
        let read = Limited::new(body, ANSWER_BYTES).collect().await;
        let (told, response) = if let Ok(read) = read {
            (kind(read.to_bytes()), accepted())
        } else {
            let message = format!("Exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).");
            (Answer::TooLarge, refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message))
        };
        // Nobody waits any more when the time is over.
        let _ = answer.send(told);
        response
    }

    async fn failed(&self, body: Body) -> Response {
        let read = Limited::new(body, ANSWER_BYTES).collect().await;
        let document = read.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        self.stage.send_if_modified(|stage| {
            let starting = *stage == Stage::Starting;
            if starting {
                *stage = Stage::Failed(document);
            }
            starting
        });
        accepted()
    }
}

fn accepted() -> Response {
    document(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    document(status, &json!({"errorMessage": message, "errorType": kind}))
}

fn document(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
