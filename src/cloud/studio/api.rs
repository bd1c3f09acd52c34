//! What the front page reads: one snapshot of everything, and the mailbox.

use serde_json::{Map, Value, json};

use crate::base::clock::iso_ms;
use crate::cloud::cognito::Message;
use crate::cloud::service::{Service, ServiceId};
use crate::cloud::services::Services;

/// How many messages and happenings the front page shows.
const SHOWN: usize = 50;

/// Every service's own view, the last messages and the last happenings (newest first).
pub(super) fn snapshot(services: &Services) -> Value {
    let shared = &services.shared;
    let views: Map<String, Value> = services
        .all()
        .into_iter()
        .map(|service| (name(service.id()).to_owned(), Service::snapshot(service)))
        .filter(|(_, view)| !view.is_null())
        .collect();
    let messages = services.cognito.mailbox(None, None);
    let messages: Vec<Value> = messages.iter().take(SHOWN).map(message).collect();
    let happenings: Vec<Value> =
        shared.feed.recent().iter().rev().take(SHOWN).map(|happening| json!(happening)).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "endpoint": shared.endpoint,
        "region": shared.region.to_string(),
        "account": shared.account,
        "services": views,
        "mailbox": messages,
        "happenings": happenings,
    })
}

/// The messages that a real cloud would have sent, newest first; of one pool and one user when they are given.
pub(super) fn mailbox(services: &Services, query: &[(String, String)]) -> Value {
    let given = |name: &str| {
        let found = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    };
    let messages = services.cognito.mailbox(given("userPoolId"), given("username"));
    json!({"messages": messages.iter().map(message).collect::<Vec<_>>()})
}

fn message(message: &Message) -> Value {
    json!({
        "at": iso_ms(message.at_ms),
        "kind": message.kind,
        "channel": message.channel,
        "to": message.to,
        "code": message.code,
        "subject": message.subject,
        "body": message.body,
        "username": message.username,
        "userPoolId": message.pool_id,
    })
}

fn name(service: ServiceId) -> &'static str {
    match service {
        ServiceId::Iam => "iam",
        ServiceId::Sts => "sts",
        ServiceId::S3 => "s3",
        ServiceId::Sqs => "sqs",
        ServiceId::DynamoDb => "dynamodb",
        ServiceId::Logs => "logs",
        ServiceId::Ssm => "ssm",
        ServiceId::SecretsManager => "secretsmanager",
        ServiceId::Lambda => "lambda",
        ServiceId::Cognito => "cognito",
        ServiceId::CognitoIdentity => "cognito-identity",
        ServiceId::Sns => "sns",
        ServiceId::EventBridge => "eventbridge",
        ServiceId::Scheduler => "scheduler",
        ServiceId::OpenSearch => "opensearch",
        ServiceId::AppSync => "appsync",
        ServiceId::CloudFront => "cloudfront",
        ServiceId::CloudFormation => "cloudformation",
    }
}
