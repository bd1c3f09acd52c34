//! A subscriber: the WebSocket protocol as client libraries speak it.

use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

use super::http::split_url;

/// A connection that was acknowledged.
pub(crate) struct Socket {
    stream: WebSocket<TcpStream>,
}

impl Socket {
    /// Connects; `authorization` are the credentials for the handshake.
    pub(crate) fn open(url: &str, authorization: &Map<String, Value>) -> Self {
        let (endpoint, path) = split_url(url);
        let authority = endpoint.trim_start_matches("http://").to_owned();
        let port = authority.rsplit(':').next().unwrap();
        let tcp = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("ws://{authority}{path}/realtime").into_client_request().unwrap();
        let header = URL_SAFE_NO_PAD.encode(Value::Object(authorization.clone()).to_string());
        let protocols = format!("graphql-ws, header-{header}");
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        let (stream, answer) = tungstenite::client(request, tcp).unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "graphql-ws");
        let mut socket = Self { stream };
        socket.say(&json!({ "type": "connection_init" }));
        let said = socket.hear();
        assert_eq!(said["type"], "connection_ack", "{said}");
        socket
    }

    fn say(&mut self, message: &Value) {
        self.stream.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message that is no sign of life.
    fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.stream.read().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] != "ka" {
                    return message;
                }
            }
        }
    }

    /// Begins a subscription; the error when it is refused. `data` is the text that was signed.
    pub(crate) fn start(&mut self, data: &str, authorization: &Map<String, Value>) -> Result<(), Value> {
        let payload = json!({ "data": data, "extensions": { "authorization": authorization } });
        self.say(&json!({ "id": "1", "type": "start", "payload": payload }));
        let said = self.hear();
        if said["type"] == "start_ack" { Ok(()) } else { Err(said["payload"]["errors"][0].clone()) }
    }

    /// Ends the subscription: everything that it delivered.
    pub(crate) fn stop(&mut self) -> Vec<Value> {
        self.say(&json!({ "id": "1", "type": "stop" }));
        let mut delivered = Vec::new();
        loop {
            let said = self.hear();
            if said["type"] == "complete" {
                return delivered;
            }
            delivered.push(said["payload"].clone());
        }
    }
}
