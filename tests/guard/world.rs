//! A cloud whose clock the tests move, APIs made by the control API, and the doors by which somebody may come in.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use ampup::base::{FixedClock, RandomIds, Region, ServiceEndpoints};
use ampup::cloud::{Cloud, CloudConfig, RunningCloud};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

use crate::support::callers::Credential;
use crate::support::functions::post;
use crate::support::http::{Answer, split_url};
use crate::support::sigv4::{self, Key};
use crate::support::users::{PASSWORD, Pool};

/// What most of the doors lead to.
pub(super) const SCHEMA: &str = "
type Query { secret: String }
type Mutation { tell(word: String): Told }
type Told { word: String }
type Subscription { heard: Told @aws_subscribe(mutations: [\"tell\"]) }
schema { query: Query mutation: Mutation subscription: Subscription }
";

/// Who comes with a token.
pub(super) fn bearer(token: &str) -> Credential {
    Credential::Header("authorization", token.to_owned())
}

/// A resolver's code that gives what is written in it.
pub(super) fn gives(value: &str) -> String {
    format!("export const request = () => ({{ payload: null }});\nexport const response = (ctx) => ({value});\n")
}

/// A running cloud.
pub(super) struct World {
    runtime: tokio::runtime::Runtime,
    cloud: Option<RunningCloud>,
    pub clock: Arc<FixedClock>,
    pub endpoint: String,
}

/// An API of it.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub id: String,
    pub url: String,
}

impl World {
    pub(super) fn start() -> Self {
        let clock = Arc::new(FixedClock::at(jiff::Timestamp::now().as_millisecond()));
        let config = CloudConfig {
            port: 0,
            state: None,
            region: Region::default(),
            clock: clock.clone(),
            ids: Arc::new(RandomIds::default()),
            root_key: None,
            endpoints: ServiceEndpoints::default(),
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let cloud = runtime.block_on(Cloud::start(config)).unwrap();
        let endpoint = cloud.endpoint().to_string();
        Self { runtime, cloud: Some(cloud), clock, endpoint }
    }

    /// Moves the clock. Signatures are made by the time of the computer: what needs one comes before.
    pub(super) fn pass(&self, seconds: i64) {
        self.clock.advance(seconds * 1000);
    }

    /// A call of AppSync's control API by the account's root, which is refused or not.
    pub(super) fn try_control(&self, path: &str, body: &Value) -> Answer {
        post(&self.endpoint, "appsync", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// The same, which is not refused.
    pub(super) fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self.try_control(path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// An API with a schema and code for some fields (`Query.get`), each with a data source that does nothing.
    pub(super) fn api(&self, settings: &Value, schema: &str, code: &[(&str, String)]) -> Api {
        let mut all = json!({ "name": "guarded" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let made = self.control("/v1/apis", &all)["graphqlApi"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let api = Api { id: text(&made["apiId"]), url: text(&made["uris"]["GRAPHQL"]) };
        let path = format!("/v1/apis/{}", api.id);
        self.control(&format!("{path}/schemacreation"), &json!({ "definition": STANDARD.encode(schema) }));
        self.control(&format!("{path}/datasources"), &json!({ "name": "nothing", "type": "NONE" }));
        for (field, code) in code {
            let (type_name, field) = field.split_once('.').unwrap();
            let resolver = json!({
                "fieldName": field, "dataSourceName": "nothing", "code": code,
                "runtime": { "name": "APPSYNC_JS", "runtimeVersion": "1.0.0" },
            });
            self.control(&format!("{path}/types/{type_name}/resolvers"), &resolver);
        }
        api
    }

    /// A new key of an API, good for some days.
    pub(super) fn key(&self, api: &Api, days: i64) -> String {
        let expires = jiff::Timestamp::now().as_second() + days * 86_400 + 3600;
        let made = self.control(&format!("/v1/apis/{}/apikeys", api.id), &json!({ "expires": expires }));
        made["apiKey"]["id"].as_str().unwrap().to_owned()
    }

    /// A user pool with users who are in a group each, or in none.
    pub(super) fn pool(&self, people: &[(&str, Option<&str>)]) -> Pool {
        let call = |action: &str, input: Value| {
            let target = format!("AWSCognitoIdentityProviderService.{action}");
            let answer = sigv4::call(&self.endpoint, &Key::root(), "cognito-idp", &target, &input);
            assert_eq!(answer.status, 200, "{action}: {}", answer.text());
            answer.json()
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let id = text(&call("CreateUserPool", json!({ "PoolName": "people" }))["UserPool"]["Id"]);
        let flows = json!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
        let client = json!({ "UserPoolId": id, "ClientName": "web", "ExplicitAuthFlows": flows });
        let client = text(&call("CreateUserPoolClient", client)["UserPoolClient"]["ClientId"]);
        for (name, group) in people {
            let user = json!({ "UserPoolId": id, "Username": name, "MessageAction": "SUPPRESS" });
            call("AdminCreateUser", user);
            let password = json!({ "UserPoolId": id, "Username": name, "Password": PASSWORD, "Permanent": true });
            call("AdminSetUserPassword", password);
            if let Some(group) = group {
                call("CreateGroup", json!({ "UserPoolId": id, "GroupName": group }));
                call("AdminAddUserToGroup", json!({ "UserPoolId": id, "Username": name, "GroupName": group }));
            }
        }
        Pool { endpoint: self.endpoint.clone(), id, client }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(cloud) = self.cloud.take() {
            let _ = self.runtime.block_on(cloud.stop());
        }
    }
}

/// A connection of a subscriber, before it is acknowledged.
pub(super) struct Line {
    stream: WebSocket<TcpStream>,
}

impl Line {
    /// Connects with what the handshake says of the caller.
    pub(super) fn open(url: &str, authorization: &Map<String, Value>) -> Self {
        let (endpoint, path) = split_url(url);
        let authority = endpoint.trim_start_matches("http://").to_owned();
        let tcp = TcpStream::connect(format!("127.0.0.1:{}", authority.rsplit(':').next().unwrap())).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("ws://{authority}{path}/realtime").into_client_request().unwrap();
        let header = URL_SAFE_NO_PAD.encode(Value::Object(authorization.clone()).to_string());
        let protocols = format!("graphql-ws, header-{header}");
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        Self { stream: tungstenite::client(request, tcp).unwrap().0 }
    }

    pub(super) fn say(&mut self, message: &Value) {
        self.stream.send(Message::text(message.to_string())).unwrap();
    }

    /// The same, whether the other side listens to its end or not.
    pub(super) fn shout(&mut self, message: &Value) {
        let _ = self.stream.send(Message::text(message.to_string()));
    }

    /// The next message that is no sign of life; none when the connection ended.
    pub(super) fn hear(&mut self) -> Option<Value> {
        loop {
            match self.stream.read() {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ka" {
                        return Some(message);
                    }
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// What the cloud says to `connection_init`.
    pub(super) fn init(&mut self) -> Value {
        self.say(&json!({ "type": "connection_init" }));
        self.hear().unwrap()
    }

    /// What it says to a subscription.
    pub(super) fn begin(&mut self, id: &str, data: &str, authorization: &Map<String, Value>) -> Value {
        let payload = json!({ "data": data, "extensions": { "authorization": authorization } });
        self.say(&json!({ "id": id, "type": "start", "payload": payload }));
        self.hear().unwrap()
    }
}

/// A subscription as clients send it.
pub(super) fn data(query: &str) -> String {
    json!({ "query": query, "variables": {} }).to_string()
}

/// Three doors: a request, the handshake of a connection, and a subscription on the connection of somebody else.
pub(super) struct Doors<'a> {
    pub url: &'a str,
    pub query: &'a str,
    pub subscription: &'a str,
    /// Someone who may come in.
    pub friend: Credential,
}

impl Doors<'_> {
    /// That the friend comes in by every door.
    pub(super) fn are_open(&self) {
        let answer = self.friend.send(self.url, self.query, &Value::Null);
        assert_eq!((answer.status, answer.json().get("errors")), (200, None), "{}", answer.text());
        let mut line = self.line();
        let data = data(self.subscription);
        let said = line.begin("1", &data, &self.friend.authorization(self.url, ("", &data)));
        assert_eq!(said["type"], "start_ack", "{said}");
    }

    fn line(&self) -> Line {
        let mut line = Line::open(self.url, &self.friend.authorization(self.url, ("/connect", "{}")));
        let said = line.init();
        assert_eq!(said["type"], "connection_ack", "{said}");
        line
    }

    /// That somebody is refused by every door, and what they are told.
    pub(super) fn refuse(&self, what: &str, stranger: &Credential) -> String {
        let answer = stranger.send(self.url, self.query, &Value::Null);
        let told = answer.json();
        assert_eq!(answer.status, 401, "{what}: {told}");
        assert_eq!(told["errors"][0]["errorType"], "UnauthorizedException", "{what}: {told}");
        assert!(told.get("data").is_none(), "{what}: {told}");

        let mut line = Line::open(self.url, &stranger.authorization(self.url, ("/connect", "{}")));
        let said = line.init();
        let error = &said["payload"]["errors"][0];
        assert_eq!(
            (&said["type"], &error["errorType"]),
            (&json!("connection_error"), &json!("UnauthorizedException")),
            "{what}"
        );
        assert_eq!(error["errorCode"], 401, "{what}: {said}");
        assert_eq!(error["message"], told["errors"][0]["message"], "{what}: one refusal, whatever the door");
        assert_eq!(line.hear(), None, "{what}: the connection ends");

        let mut line = self.line();
        let data = data(self.subscription);
        let said = line.begin("1", &data, &stranger.authorization(self.url, ("", &data)));
        let error = &said["payload"]["errors"][0];
        assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("1")), "{what}: {said}");
        assert_eq!(error["errorType"], "UnauthorizedException", "{what}: {said}");
        let said = line.begin("2", &data, &self.friend.authorization(self.url, ("", &data)));
        assert_eq!(said["type"], "start_ack", "{what}: the connection is still good for its owner: {said}");
        told["errors"][0]["message"].as_str().unwrap().to_owned()
    }
}

/// The parts of a token, decoded.
pub(super) fn parts(token: &str) -> (Value, Value, String) {
    let parts: Vec<&str> = token.split('.').collect();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (json(parts[0]), json(parts[1]), parts[2].to_owned())
}

/// A token of these parts.
pub(super) fn token((head, claims): (&Value, &Value), signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(head), part(claims))
}

/// A token that says that it is signed with a secret, and is: with this one.
pub(super) fn hmac_token(claims: &Value, key_id: &Value, secret: &[u8]) -> String {
    let head = json!({ "alg": "HS256", "typ": "JWT", "kid": key_id });
    let unsigned = token((&head, claims), "");
    let signature = sigv4::hmac(secret, unsigned.trim_end_matches('.').as_bytes());
    format!("{unsigned}{}", URL_SAFE_NO_PAD.encode(signature))
}
