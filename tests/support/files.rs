//! A user's credentials of the identity pool, and signed requests for files with them.

use serde_json::{Value, json};

use super::http::{Answer, send, target};
use super::sigv4::{Key, sign_method};

/// Credentials of the identity pool with the id that they are of: a user's by the ID token, without one a guest's.
pub(crate) fn credentials(endpoint: &str, outputs: &Value, token: Option<&str>) -> (Key, String) {
    let pool = outputs["auth"]["identity_pool_id"].as_str().unwrap();
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{}", outputs["auth"]["user_pool_id"].as_str().unwrap());
    let logins = token.map_or_else(|| json!({}), |token| json!({ provider: token }));
    let call = |action: &str, input: Value| {
        let answer = target(endpoint, &format!("AWSCognitoIdentityService.{action}"), &input);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let id = call("GetId", json!({ "IdentityPoolId": pool, "Logins": logins }))["IdentityId"].clone();
    let given = call("GetCredentialsForIdentity", json!({ "IdentityId": id, "Logins": logins }))["Credentials"].clone();
    let text = |key: &str| given[key].as_str().unwrap().to_owned();
    let key = Key { access: text("AccessKeyId"), secret: text("SecretKey"), token: Some(text("SessionToken")) };
    (key, id.as_str().unwrap().to_owned())
}

/// A signed request for a file; a query must be escaped and in order.
pub(crate) fn file(endpoint: &str, key: &Key, method: &str, path: &str, body: &[u8]) -> Answer {
    let host = endpoint.trim_start_matches("http://");
    let signed = sign_method(key, "s3", host, (method, path), &[], body);
    let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(endpoint, method, path, &headers, body)
}
