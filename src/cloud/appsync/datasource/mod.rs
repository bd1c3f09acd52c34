//! Data sources: what resolvers speak to.
//!
//! Databases, language models and search are asked at addresses that the cloud was given.

mod batch;
mod bedrock;
mod delta;
mod dynamodb;
mod events;
mod handler;
mod http;
mod item;
mod lambda;
mod merge;
mod outside;
mod rds;
mod search;
mod settle;
mod sync;
mod versioned;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::eventbridge::EventBridge;
use crate::cloud::iam::Iam;
use crate::cloud::lambda::Lambda;
use crate::cloud::service::{Caller, Shared};

use super::cache::Caches;
use super::fault::Fault;
use super::record::{DataSource, SyncConfig};
pub(in crate::cloud::appsync) use lambda::{invoke_alone, invoke_together, is_batch};
pub(in crate::cloud::appsync) use wire::Wire;

/// The service that acts with the role of a data source.
const PRINCIPAL: &str = "appsync.amazonaws.com";

/// How long AppSync waits for a function (AppSync quotas: 30 seconds).
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Waits for something outside; none when it takes too long. Resolvers that are known to wait have a thread of their own, and
/// where a handler asks for it unforeseen, others take over the work of this one.
fn wait<T>(work: impl Future<Output = T>) -> Option<T> {
    let limited = async { tokio::time::timeout(PATIENCE, work).await.ok() };
    tokio::task::block_in_place(|| Handle::current().block_on(limited))
}

/// What data sources stand on.
#[derive(Clone)]
pub(in crate::cloud::appsync) struct Backends {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub dynamodb: Arc<DynamoDb>,
    pub lambda: Arc<Lambda>,
    pub eventbridge: Arc<EventBridge>,
    pub wire: Arc<Wire>,
    pub caches: Arc<Caches>,
}

impl std::fmt::Debug for Backends {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Backends").finish_non_exhaustive()
    }
}

/// The field that a request comes from, and who asked for it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud::appsync) struct Origin<'a> {
    /// Who sent the request, for data sources that act with the caller's own credentials.
    pub caller: &'a Caller,
    /// `ctx.identity`.
    pub identity: &'a Value,
    pub arguments: &'a Map<String, Value>,
    /// Type and field.
    pub field: (&'a str, &'a str),
    /// What settles conflicts on versioned data sources.
    pub sync: Option<&'a SyncConfig>,
}

/// What a data source answered: `ctx.result` and `ctx.error`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cloud::appsync) struct Answer {
    pub result: Value,
    /// Type and message.
    pub error: Option<(String, String)>,
}

impl Answer {
    fn result(result: Value) -> Self {
        Self { result, error: None }
    }

    fn error(kind: impl Into<String>, message: impl Into<String>, result: Value) -> Self {
        Self { result, error: Some((kind.into(), message.into())) }
    }
}

/// Whether a data source is waited for without a thread: it may take long, and many may wait.
pub(in crate::cloud::appsync) fn is_awaited(source: &DataSource) -> bool {
    source.kind == "AWS_LAMBDA"
}

/// Carries out a request that a handler returned, unless the data source [`is_awaited`]; a request that the data source
/// cannot read is a fault at once.
pub(in crate::cloud::appsync) fn invoke(
    backends: &Backends,
    source: &DataSource,
    origin: &Origin<'_>,
    request: Value,
) -> Result<Answer, Fault> {
    match source.kind.as_str() {
        // The payload comes back as it was given.
        "NONE" => Ok(Answer::result(request.get("payload").cloned().unwrap_or(Value::Null))),
        "AMAZON_DYNAMODB" => dynamodb::invoke(backends, source, origin, &request),
        "HTTP" => http::invoke(backends, source, &request),
        "AMAZON_EVENTBRIDGE" => events::invoke(backends, source, &request),
        "RELATIONAL_DATABASE" => rds::invoke(backends, source, &request),
        "AMAZON_BEDROCK_RUNTIME" => bedrock::invoke(backends, source, &request),
        "AMAZON_OPENSEARCH_SERVICE" | "AMAZON_ELASTICSEARCH" => search::invoke(backends, source, &request),
        other => {
            Err(Fault::raised("NotImplemented", format!("the embedded cloud has no data source of the type {other}")))
        }
    }
}
