//! Who sends requests to an API, in each of AppSync's ways, and what they find there.

use serde_json::{Map, Value, json};

use super::http::{Answer, graphql, send, split_url, target};
use super::sigv4::{self, Key};
use super::socket::Socket;
use super::users::Pool;

/// How a caller identifies.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Header(&'static str, String),
    Signed(Key),
}

impl Credential {
    /// Sends a GraphQL request.
    pub(crate) fn send(&self, url: &str, query: &str, variables: &Value) -> Answer {
        match self {
            Self::Header(name, value) => graphql(url, (name, value), query, variables),
            Self::Signed(key) => {
                let (endpoint, path) = split_url(url);
                let body = json!({ "query": query, "variables": variables }).to_string();
                let signed = signed(key, &endpoint, &path, body.as_bytes());
                let headers: Vec<(&str, &str)> =
                    signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                send(&endpoint, "POST", &path, &headers, body.as_bytes())
            }
        }
    }

    /// In the form of the subscription protocol, for the handshake (`/connect`) or a subscription.
    pub(crate) fn authorization(&self, url: &str, (end, body): (&str, &str)) -> Map<String, Value> {
        let (endpoint, path) = split_url(url);
        let host = endpoint.trim_start_matches("http://").to_owned();
        let pairs = match self {
            Self::Header(name, value) => vec![((*name).to_owned(), value.clone()), ("host".to_owned(), host)],
            Self::Signed(key) => signed(key, &endpoint, &format!("{path}{end}"), body.as_bytes()),
        };
        pairs.into_iter().map(|(name, value)| (name, value.into())).collect()
    }

    /// Begins a subscription; the first error when it is refused.
    pub(crate) fn listen(&self, url: &str, query: &str, variables: &Value) -> Result<Socket, Value> {
        let data = json!({ "query": query, "variables": variables }).to_string();
        let mut socket = Socket::open(url, &self.authorization(url, ("/connect", "{}")));
        socket.start(&data, &self.authorization(url, ("", &data))).map(|()| socket)
    }
}

/// The headers of a signed request to AppSync.
pub(crate) fn signed(key: &Key, endpoint: &str, path: &str, body: &[u8]) -> Vec<(String, String)> {
    let host = endpoint.trim_start_matches("http://");
    sigv4::sign(key, "appsync", host, path, &[("content-type", "application/json")], body)
}

/// Credentials of a role of an identity pool: of guests without logins, else of those who are signed in.
pub(crate) fn keys(endpoint: &str, pool: &str, logins: &Value) -> Key {
    let call = |action: &str, input: &Value| {
        let answer = target(endpoint, &format!("AWSCognitoIdentityService.{action}"), input);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let id = call("GetId", &json!({ "IdentityPoolId": pool, "Logins": logins }))["IdentityId"].clone();
    let found = call("GetCredentialsForIdentity", &json!({ "IdentityId": id, "Logins": logins }));
    let text = |name: &str| found["Credentials"][name].as_str().unwrap().to_owned();
    Key { access: text("AccessKeyId"), secret: text("SecretKey"), token: Some(text("SessionToken")) }
}

/// The login of a user of a pool, as identity pools take it.
pub(crate) fn login(pool: &Pool, id_token: &str) -> Value {
    json!({ format!("cognito-idp.us-east-1.amazonaws.com/{}", pool.id): id_token })
}

/// A user joins a group.
pub(crate) fn join(pool: &Pool, username: &str, group: &str) {
    let input = json!({ "UserPoolId": pool.id, "Username": username, "GroupName": group });
    let action = "AWSCognitoIdentityProviderService.AdminAddUserToGroup";
    let added = sigv4::call(&pool.endpoint, &Key::root(), "cognito-idp", action, &input);
    assert_eq!(added.status, 200, "{}", added.text());
}

/// Puts an item into a table.
pub(crate) fn put(endpoint: &str, table: &str, item: &Map<String, Value>) {
    let attributes: Map<String, Value> = item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    let input = json!({ "TableName": table, "Item": attributes });
    let answer = sigv4::call(endpoint, &Key::root(), "dynamodb", "DynamoDB_20120810.PutItem", &input);
    assert_eq!(answer.status, 200, "{table}: {}", answer.text());
}

/// A value as DynamoDB stores it.
fn attribute(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "S": text }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        Value::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Null => json!({ "NULL": true }),
        Value::Object(map) => {
            json!({ "M": map.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>() })
        }
    }
}
