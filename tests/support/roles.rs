//! Roles of the account, which people and jobs take on.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::http::send;
use super::sigv4::{self, Key};

/// The texts in all elements of a name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).map(str::to_owned).collect()
}

/// A call of IAM or STS as the account's root; gives the XML.
fn query(endpoint: &str, service: &str, parameters: &[(&str, &str)]) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    let host = endpoint.trim_start_matches("http://");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let headers = sigv4::sign(&Key::root(), service, host, "/", &form, body.as_bytes());
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = send(endpoint, "POST", "/", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.text()
}

/// Lets a role call every API.
fn allow(endpoint: &str, role: &str) {
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"appsync:GraphQL","Resource":"*"}}"#;
    let named = [("RoleName", role), ("PolicyName", "all"), ("PolicyDocument", policy)];
    query(endpoint, "iam", &[&[("Action", "PutRolePolicy"), ("Version", "2010-05-08")][..], &named].concat());
}

/// Lets every role there is call every API.
pub(crate) fn allow_all(endpoint: &str) {
    let list = query(endpoint, "iam", &[("Action", "ListRoles"), ("Version", "2010-05-08")]);
    for name in elements(&list, "RoleName") {
        allow(endpoint, &name);
    }
}

/// Credentials of a new role that may call every API, in a session that is called `Auditor-dev` whatever its name is.
pub(crate) fn make(endpoint: &str, name: &str) -> Key {
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    let make = [("Action", "CreateRole"), ("Version", "2010-05-08")];
    query(endpoint, "iam", &[&make[..], &[("RoleName", name), ("AssumeRolePolicyDocument", trust)]].concat());
    allow(endpoint, name);
    let arn = format!("arn:aws:iam::000000000000:role/{name}");
    let take = [("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", arn.as_str())];
    let xml = query(endpoint, "sts", &[&take[..], &[("RoleSessionName", "Auditor-dev")]].concat());
    let text = |name: &str| elements(&xml, name).remove(0);
    Key { access: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("SessionToken")) }
}
