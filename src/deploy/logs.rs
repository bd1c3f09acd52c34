//! Log events of a target: CloudWatch Logs' `FilterLogEvents`, page by page.

use serde_json::{Value, json};

use super::DeployError;
use super::signed::SignedJson;
use crate::base::BoxFuture;

/// How many events a page has at most: the most that the service gives.
const PAGE: usize = 10_000;

/// A log event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// The service's id of it; the same event has the same one each time.
    pub id: String,
    /// The stream that it stands in.
    pub stream: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// What was written.
    pub message: String,
}

/// Which events of a group are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery<'a> {
    /// The log group.
    pub group: &'a str,
    /// Not before this moment, in milliseconds since 1970.
    pub from_ms: i64,
    /// A filter pattern of CloudWatch Logs.
    pub pattern: Option<&'a str>,
    /// Where the page before ended.
    pub token: Option<&'a str>,
}

/// A page of events, oldest first. It may be empty and have one after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The events.
    pub events: Vec<LogEvent>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Reads logs.
pub trait LogApi: Send + Sync {
    /// A page of a group's events; nothing when there is no such group.
    fn filter<'a>(&'a self, query: LogQuery<'a>) -> BoxFuture<'a, Result<Option<LogPage>, DeployError>>;
}

/// [`LogApi`] over the AWS wire.
#[derive(Debug)]
pub struct WireLogs(pub(super) SignedJson);

impl LogApi for WireLogs {
    fn filter<'a>(&'a self, query: LogQuery<'a>) -> BoxFuture<'a, Result<Option<LogPage>, DeployError>> {
        Box::pin(async move {
            let mut input = json!({ "logGroupName": query.group, "startTime": query.from_ms.max(0), "limit": PAGE });
            if let Some(pattern) = query.pattern {
                input["filterPattern"] = json!(pattern);
            }
            if let Some(token) = query.token {
                input["nextToken"] = json!(token);
            }
            match self.0.call("FilterLogEvents", &input).await {
                Ok(answer) => Ok(Some(page(&answer))),
                Err(DeployError::Service { code, .. }) if code == "ResourceNotFoundException" => Ok(None),
                Err(error) => Err(error),
            }
        })
    }
}

fn page(answer: &Value) -> LogPage {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = answer["events"].as_array().into_iter().flatten().map(|event| LogEvent {
        id: text(&event["eventId"]),
        stream: text(&event["logStreamName"]),
        at_ms: event["timestamp"].as_i64().unwrap_or_default(),
        message: text(&event["message"]),
    });
    let next = answer["nextToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
    LogPage { events: events.collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_events_and_the_next() {
        let answer = json!({"events": [{"eventId": "1", "logStreamName": "s", "timestamp": 5, "message": "m\n",
            "ingestionTime": 6}], "nextToken": "t"});
        let event = LogEvent { id: "1".to_owned(), stream: "s".to_owned(), at_ms: 5, message: "m\n".to_owned() };
        assert_eq!(page(&answer), LogPage { events: vec![event], next: Some("t".to_owned()) });
        assert_eq!(page(&json!({"nextToken": ""})), LogPage::default());
    }
}
