//! Where a request goes: one pure function over its head. Bodies are not looked at, but for the two fields of a form.
//!
//! AWS gives every service a host of its own; behind one port the head must tell. The order of the rules matters:
//! the first that fits decides.

use http::{HeaderMap, Method};

use crate::cloud::lambda::URL_LABEL;
use crate::cloud::protocol::Protocol;
use crate::cloud::service::ServiceId;

/// What is known of a request before its body is looked at.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud) struct RequestHead<'a> {
    pub method: &'a Method,
    /// Percent-encoded.
    pub path: &'a str,
    /// Query parameters, decoded.
    pub query: &'a [(String, String)],
    pub headers: &'a HeaderMap,
    /// The host without its port, in lower case.
    pub host: &'a str,
    /// The fields of the body when it is a form.
    pub form: &'a [(String, String)],
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum Route {
    /// A service's API.
    Service(ServiceId, Protocol),
    /// The GraphQL endpoint of an API.
    GraphQl(String),
    /// A WebSocket for subscriptions.
    Realtime(String),
    /// A document of a user pool: its keys, its configuration.
    WellKnown { pool: String, document: String },
    /// A site of CloudFront, by its host.
    Site(String),
    /// A function URL, by the first label of its host.
    FunctionUrl(String),
    /// The front page, what is below `/_ampup`, and the mailbox by its other name, `/_local/mailbox`.
    Studio,
    /// Whether the cloud is ready.
    Health,
    /// A service that this cloud does not have, by its name, refused in the protocol of the request.
    Absent(String, Protocol),
}

/// The targets of JSON services, by the part of `X-Amz-Target` before the dot.
const TARGETS: &[(&str, ServiceId, Protocol)] = &[
    ("AWSEvents", ServiceId::EventBridge, Protocol::Json11),
    ("AmazonSQS", ServiceId::Sqs, Protocol::Json10),
    ("AWSCognitoIdentityProviderService", ServiceId::Cognito, Protocol::Json11),
    ("AWSCognitoIdentityService", ServiceId::CognitoIdentity, Protocol::Json11),
    ("DynamoDB_20120810", ServiceId::DynamoDb, Protocol::Json10),
    ("DynamoDBStreams_20120810", ServiceId::DynamoDb, Protocol::Json10),
    ("Logs_20140328", ServiceId::Logs, Protocol::Json11),
    ("AmazonSSM", ServiceId::Ssm, Protocol::Json11),
    ("secretsmanager", ServiceId::SecretsManager, Protocol::Json11),
];

/// The services that are known by the name in a signature's scope.
const SIGNING_NAMES: &[(&str, ServiceId, Protocol)] = &[
    ("s3", ServiceId::S3, Protocol::RestXml),
    ("scheduler", ServiceId::Scheduler, Protocol::RestJson),
    ("es", ServiceId::OpenSearch, Protocol::RestJson),
    ("sns", ServiceId::Sns, Protocol::Query),
    ("sqs", ServiceId::Sqs, Protocol::Query),
    ("sts", ServiceId::Sts, Protocol::Query),
    ("iam", ServiceId::Iam, Protocol::Query),
    ("cloudformation", ServiceId::CloudFormation, Protocol::Query),
    ("lambda", ServiceId::Lambda, Protocol::RestJson),
    ("appsync", ServiceId::AppSync, Protocol::RestJson),
    ("cloudfront", ServiceId::CloudFront, Protocol::RestXml),
];

/// The services of the Query protocol, by the `Version` in the form.
const VERSIONS: &[(&str, ServiceId)] = &[
    ("2011-06-15", ServiceId::Sts),
    ("2010-05-08", ServiceId::Iam),
    ("2010-05-15", ServiceId::CloudFormation),
    ("2012-11-05", ServiceId::Sqs),
    ("2010-03-31", ServiceId::Sns),
];

/// Where a request goes. `knows` tells whether a host is an alias of a site.
pub(in crate::cloud) fn route(head: &RequestHead<'_>, knows: &dyn Fn(&str) -> bool) -> Route {
    if head.host.ends_with(".cloudfront.localhost") || head.host.ends_with(".cloudfront.net") || knows(head.host) {
        return Route::Site(head.host.to_owned());
    }
    if let Some(id) = function_url(head.host) {
        return Route::FunctionUrl(id);
    }
    let segments: Vec<&str> = head.path.trim_matches('/').split('/').collect();
    ours(head, &segments)
        .or_else(|| by_target(head))
        .or_else(|| graphql(head, &segments))
        .or_else(|| by_signing_name(head))
        .or_else(|| by_version(head))
        .or_else(|| by_path(head, &segments))
        .unwrap_or(Route::Service(ServiceId::S3, Protocol::RestXml))
}

/// The id in `<id>.lambda-url.<region>.<host>`.
fn function_url(host: &str) -> Option<String> {
    let (id, rest) = host.split_once('.')?;
    (rest.split('.').next() == Some(URL_LABEL)).then(|| id.to_owned())
}

fn ours(head: &RequestHead<'_>, segments: &[&str]) -> Option<Route> {
    match segments {
        ["_ampup", "health"] => Some(Route::Health),
        ["_ampup", ..] | ["_local", "mailbox"] => Some(Route::Studio),
        _ if is_upgrade(head) => {
            let api = match segments {
                ["graphql", api, ..] | ["v1", "apis", api, ..] => (*api).to_owned(),
                _ => head.host.split('.').next().unwrap_or_default().to_owned(),
            };
            Some(Route::Realtime(api))
        }
        _ => None,
    }
}

fn is_upgrade(head: &RequestHead<'_>) -> bool {
    header(head, "upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

fn by_target(head: &RequestHead<'_>) -> Option<Route> {
    let target = header(head, "x-amz-target")?;
    let prefix = target.rsplit_once('.').map_or(target, |(prefix, _)| prefix);
    let known = TARGETS.iter().find(|(name, _, _)| *name == prefix);
    let version_10 = header(head, "content-type").is_some_and(|value| value.contains("json-1.0"));
    let protocol = if version_10 { Protocol::Json10 } else { Protocol::Json11 };
    Some(known.map_or_else(
        || Route::Absent(prefix.to_owned(), protocol),
        |(_, service, protocol)| Route::Service(*service, *protocol),
    ))
}

fn graphql(head: &RequestHead<'_>, segments: &[&str]) -> Option<Route> {
    match segments {
        ["graphql", api, "graphql"] | ["v1", "apis", api, "graphql"] => Some(Route::GraphQl((*api).to_owned())),
        ["graphql", api, "graphql", "realtime"] | ["v1", "apis", api, "graphql", "realtime"] => {
            Some(Route::Realtime((*api).to_owned()))
        }
        ["graphql"] => {
            let (api, rest) = head.host.split_once('.')?;
            rest.starts_with("appsync-api.").then(|| Route::GraphQl(api.to_owned()))
        }
        _ => None,
    }
}

fn by_signing_name(head: &RequestHead<'_>) -> Option<Route> {
    let name = signing_name(head)?;
    let known = SIGNING_NAMES.iter().find(|(known, _, _)| *known == name);
    Some(known.map_or_else(
        || Route::Absent(name.clone(), absent_protocol(head)),
        |(_, service, protocol)| Route::Service(*service, *protocol),
    ))
}

/// The service in the scope of a signature: `…Credential=key/day/region/service/aws4_request`.
pub(super) fn signing_name(head: &RequestHead<'_>) -> Option<String> {
    let in_query = || head.query.iter().find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.as_str());
    let in_header = header(head, "authorization").and_then(|value| {
        let fields = value.strip_prefix("AWS4-HMAC-SHA256")?;
        fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))
    });
    let scope = in_header.or_else(in_query)?;
    scope.split('/').nth(3).map(str::to_owned)
}

/// The protocol in which an unknown service most likely speaks.
fn absent_protocol(head: &RequestHead<'_>) -> Protocol {
    if head.form.iter().any(|(name, _)| name == "Action") { Protocol::Query } else { Protocol::RestJson }
}

fn by_version(head: &RequestHead<'_>) -> Option<Route> {
    let field = |wanted: &str| {
        let mut fields = head.form.iter().chain(head.query);
        fields.find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let action = field("Action")?;
    let version = field("Version")?;
    let known = VERSIONS.iter().find(|(known, _)| *known == version);
    Some(known.map_or_else(
        || Route::Absent(format!("{action} of version {version}"), Protocol::Query),
        |(_, service)| Route::Service(*service, Protocol::Query),
    ))
}

fn by_path(head: &RequestHead<'_>, segments: &[&str]) -> Option<Route> {
    let accepts_html = header(head, "accept").is_some_and(|value| value.contains("text/html"));
    let asks = matches!(*head.method, Method::GET | Method::HEAD);
    match segments {
        [pool, ".well-known", document @ ..] if !document.is_empty() && pool.contains('_') => {
            Some(Route::WellKnown { pool: (*pool).to_owned(), document: document.join("/") })
        }
        ["v1", "apis", ..] => Some(Route::Service(ServiceId::AppSync, Protocol::RestJson)),
        ["2020-05-31", ..] => Some(Route::Service(ServiceId::CloudFront, Protocol::RestXml)),
        ["2015-03-31", "functions", ..] => Some(Route::Service(ServiceId::Lambda, Protocol::RestJson)),
        ["oauth2" | "login" | "logout" | "signup", ..] if asks && accepts_html => {
            Some(Route::Absent("hosted sign-in pages of Cognito".to_owned(), Protocol::RestJson))
        }
        [""] if asks && accepts_html && matches!(head.host, "localhost" | "127.0.0.1" | "[::1]") => Some(Route::Studio),
        _ => None,
    }
}

fn header<'a>(head: &RequestHead<'a>, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}
