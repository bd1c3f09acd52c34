//! The WebSockets of subscriptions: carries texts between a client and AppSync.
//!
//! Not here: what the texts mean.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::cloud::appsync::AppSync;
use crate::cloud::appsync::realtime::{Handshake, converse, protocol, queue};

/// The largest message of a client, in bytes: a document may have 1 MB.
const MESSAGE_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// What a connection holds of memory while nothing is said; ten thousand of them may be open.
const BUFFER_BYTES: usize = 4 * 1024;

/// How many messages of a client may wait.
const INCOMING_LIMIT: usize = 300;

/// How long a client may take to accept a message.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// Answers a request for a WebSocket.
pub(super) async fn upgrade(
    appsync: Arc<AppSync>,
    api_id: &str,
    (mut parts, query): (Parts, Vec<(String, String)>),
    stopped: watch::Receiver<bool>,
) -> Response {
    let path = parts.uri.path().trim_end_matches('/').trim_end_matches("/connect").trim_end_matches("/realtime");
    let (api_id, path, headers) = (api_id.to_owned(), path.to_owned(), parts.headers.clone());
    let handshake = Handshake { api_id, path, headers, query };
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade
            .protocols([protocol::PROTOCOL])
            .max_message_size(MESSAGE_LIMIT_BYTES)
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .on_upgrade(move |socket| carry(appsync, handshake, socket, stopped)),
        Err(refusal) => refusal.into_response(),
    }
}

/// Carries texts until the client, AppSync or the cloud ends it.
async fn carry(appsync: Arc<AppSync>, handshake: Handshake, mut socket: WebSocket, mut stopped: watch::Receiver<bool>) {
    let (to_appsync, incoming) = mpsc::channel(INCOMING_LIMIT);
    let (outgoing, mut from_appsync) = queue();
    let talk = converse(appsync, handshake, incoming, outgoing);
    let move_texts = async {
        loop {
            tokio::select! {
                message = socket.recv() => match message {
                    // A client that floods us loses its connection.
                    Some(Ok(Message::Text(text))) => if to_appsync.try_send(text.to_string()).is_err() { return },
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return,
                },
                text = from_appsync.recv() => {
                    let Some(text) = text else { return };
                    let sent = timeout(SEND_LIMIT, socket.send(Message::Text(text.into()))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return;
                    }
                }
                () = ended(&mut stopped) => return,
            }
        }
    };
    tokio::pin!(talk, move_texts);
    tokio::select! {
        // What was said last must still go out.
        () = &mut talk => drop(timeout(SEND_LIMIT, &mut move_texts).await),
        () = &mut move_texts => {}
    }
}

/// Waits until the cloud stops.
async fn ended(stopped: &mut watch::Receiver<bool>) {
    // An error means that the cloud was dropped.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
