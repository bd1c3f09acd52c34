//! One connection: handshake, heartbeat, subscriptions that begin and end.
//!
//! Not here: delivery, which mutations set off.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::protocol::{self, Said, Start};
use super::{Filter, Subscription, WAITING_LIMIT, Wanted};
use crate::cloud::appsync::authorize::Requester;
use crate::cloud::appsync::compiled::CompiledApi;
use crate::cloud::appsync::execute::{Listening, listen};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::fixed::Fixed;
use crate::cloud::appsync::request::{BODY_LIMIT_BYTES, too_large};
use crate::cloud::appsync::{AppSync, SIGNED_FOR};
use crate::cloud::service::{ApiError, CallContext};

/// How long a connection may wait with `connection_init`.
const INIT_LIMIT: Duration = Duration::from_secs(15);

/// How often a sign of life is sent; clients worry after 65 seconds.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// What clients are told: without a sign of life for so long, the connection is dead.
const TIMEOUT_MS: u64 = 300_000;

/// How long a connection lives at most (AppSync quotas: 24 hours).
const LIFE: Duration = Duration::from_hours(24);

/// What the request for the WebSocket said.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Handshake {
    pub api_id: String,
    /// `/graphql/{apiId}/graphql`, as clients sign it.
    pub path: String,
    pub headers: HeaderMap,
    pub query: Vec<(String, String)>,
}

struct Connection {
    appsync: Arc<AppSync>,
    handshake: Handshake,
    id: String,
    sender: mpsc::Sender<String>,
    overrun: Arc<Notify>,
}

/// Talks to a client until one of both ends it: texts come in, texts go out.
pub(in crate::cloud) async fn converse(
    appsync: Arc<AppSync>,
    handshake: Handshake,
    incoming: mpsc::Receiver<String>,
    outgoing: mpsc::Sender<String>,
) {
    let id = appsync.shared.ids.uuid();
    let connection = Connection { appsync, handshake, id, sender: outgoing, overrun: Arc::default() };
    connection.run(incoming).await;
    connection.appsync.hub.remove(&connection.id, None);
}

impl Connection {
    async fn run(&self, mut incoming: mpsc::Receiver<String>) {
        let now = Instant::now();
        let (init_until, life_until) = (now + INIT_LIMIT, now + LIFE);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = false;
        loop {
            tokio::select! {
                said = incoming.recv() => {
                    let Some(text) = said else { return };
                    match protocol::read(&text) {
                        Said::Init if open => {}
                        // On the heap, so that idle connections hold nothing for it.
                        Said::Init => match Box::pin(self.admit()).await {
                            Ok(()) => {
                                open = true;
                                heartbeat.reset_immediately();
                                self.send(protocol::acknowledged(TIMEOUT_MS)).await;
                            }
                            Err(error) => return self.send(protocol::refused(&error)).await,
                        },
                        Said::Start(start) if open => Box::pin(self.start(*start)).await,
                        Said::Stop { id } if open => {
                            self.appsync.hub.remove(&self.id, Some(&id));
                            self.send(protocol::about("complete", &id)).await;
                        }
                        other => self.send(unsupported(&other)).await,
                    }
                }
                _ = heartbeat.tick(), if open => self.send(protocol::keep_alive()).await,
                () = sleep_until(init_until), if !open => return,
                () = sleep_until(life_until) => return,
                () = self.overrun.notified() => return,
                () = self.sender.closed() => return,
            }
        }
    }

    async fn send(&self, text: String) {
        // A client that went away is noticed by the loop.
        let _ = self.sender.send(text).await;
    }

    /// Checks the credentials of the handshake.
    async fn admit(&self) -> Result<(), ApiError> {
        let authorization = protocol::handshake(&self.handshake.headers, &self.handshake.query)?;
        let api = self.appsync.engine.compiled(&self.handshake.api_id)?;
        let path = format!("{}/connect", self.handshake.path);
        self.identify(&api, &authorization, &path, b"{}").await.map(|_| ())
    }

    /// Who sends a message, by the credentials in it, with these as headers.
    async fn identify(
        &self,
        api: &CompiledApi,
        authorization: &Map<String, Value>,
        path: &str,
        body: &[u8],
    ) -> Result<(Requester, HeaderMap), ApiError> {
        let parts = protocol::head(authorization, path)?;
        let caller = self.appsync.backends.iam.authenticate_for(SIGNED_FOR, &parts, body);
        let caller = caller.map_err(|error| ApiError::new("UnauthorizedException", error.message).status(403))?;
        let requester = self.appsync.identify(api, &CallContext { caller }, (&parts.headers, body)).await?;
        Ok((requester, parts.headers))
    }

    async fn start(&self, start: Start) {
        let id = start.id.clone();
        if let Err(errors) = self.try_start(start).await {
            self.send(protocol::error(Some(&id), &errors)).await;
        }
    }

    async fn try_start(&self, start: Start) -> Result<(), Vec<Value>> {
        let refused = |error: &ApiError| vec![protocol::entry(&error.code, &error.message)];
        let malformed = || vec![protocol::entry("BadRequestException", "Unable to parse GraphQL query.")];
        if start.data.len() > BODY_LIMIT_BYTES {
            return Err(refused(&too_large()));
        }
        let api = self.appsync.engine.compiled(&self.handshake.api_id).map_err(|error| refused(&error))?;
        let path = self.handshake.path.clone();
        let identified = self.identify(&api, &start.authorization, &path, start.data.as_bytes()).await;
        let (requester, headers) = identified.map_err(|error| refused(&error))?;
        let asked: Value = serde_json::from_str(&start.data).map_err(|_| malformed())?;
        let query = asked.get("query").and_then(Value::as_str).ok_or_else(malformed)?;
        let variables = asked.get("variables").and_then(Value::as_object).cloned().unwrap_or_default();
        let operation = asked.get("operationName").and_then(Value::as_str).map(str::to_owned);
        let faults = |faults: Vec<Fault>| faults.iter().map(error_entry).collect::<Vec<_>>();
        let document = api.schema.document(query).map_err(faults)?;
        let requester = Arc::new(requester);
        let fixed = Fixed::new(&api, &requester, &headers);
        let setting = self.appsync.setting(&api, Arc::clone(&requester), Arc::clone(&fixed));
        let listening = listen(setting, &document, (operation.as_deref(), &variables)).await.map_err(faults)?;
        let Listening { field, arguments, filters, mutations } = listening;
        let (wanted, invalidation) = filters_of(arguments, &filters)
            .map_err(|message| vec![protocol::entry("BadRequestException", &message)])?;
        self.appsync
            .hub
            .add(Subscription {
                key: (self.id.clone(), start.id),
                field,
                mutations,
                wanted,
                invalidation,
                api,
                document,
                operation,
                variables,
                requester,
                fixed,
                sender: self.sender.clone(),
                overrun: Arc::clone(&self.overrun),
            })
            .map_err(|entry| vec![entry])
    }
}

/// Errors of subscriptions always carry a type, since clients decide by it.
fn error_entry(fault: &Fault) -> Value {
    let mut entry = fault.to_json();
    if entry.get("errorType").is_none_or(Value::is_null) {
        entry["errorType"] = "ValidationException".into();
    }
    entry
}

/// What a subscription's resolver asked for; the last of each kind counts.
fn filters_of(arguments: Map<String, Value>, filters: &[Value]) -> Result<(Wanted, Option<Filter>), String> {
    let of = |kind: &str| filters.iter().rev().find(|one| one["kind"] == kind).map(|one| &one["filter"]);
    let read = |filter: Option<&Value>| filter.filter(|filter| !filter.is_null()).map(Filter::read).transpose();
    let wanted = read(of("filter"))?.map_or(Wanted::Arguments(arguments), Wanted::Filter);
    Ok((wanted, read(of("invalidation"))?))
}

fn unsupported(said: &Said) -> String {
    let (id, kind) = match said {
        Said::Unknown { id, kind } => (id.as_deref(), kind.as_str()),
        Said::Start(start) => (Some(start.id.as_str()), "start before connection_init"),
        Said::Stop { id } => (Some(id.as_str()), "stop before connection_init"),
        Said::Init => (None, "connection_init"),
    };
    let message = format!("{kind} not supported through the realtime channel");
    protocol::error(id, &[protocol::entry("UnsupportedOperation", &message)])
}

/// The queue of texts that wait for a client.
pub(in crate::cloud) fn queue() -> (mpsc::Sender<String>, mpsc::Receiver<String>) {
    mpsc::channel(WAITING_LIMIT)
}
