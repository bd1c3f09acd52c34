//! Data sources: what resolvers speak to.
//!
//! Here are `NONE`, `AMAZON_DYNAMODB` and `AWS_LAMBDA`; the others are refused by name when they are made.

mod batch;
mod dynamodb;
mod item;
mod lambda;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::iam::Iam;
use crate::cloud::lambda::Lambda;
use crate::cloud::service::{Caller, Shared};

use super::fault::Fault;
use super::record::DataSource;

/// The service that acts with the role of a data source.
const PRINCIPAL: &str = "appsync.amazonaws.com";

/// What data sources stand on.
#[derive(Clone)]
pub(in crate::cloud::appsync) struct Backends {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub dynamodb: Arc<DynamoDb>,
    pub lambda: Arc<Lambda>,
}

impl std::fmt::Debug for Backends {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Backends").finish_non_exhaustive()
    }
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

/// Carries out a request that a handler returned; a request that the data source cannot read is a fault at once.
pub(in crate::cloud::appsync) fn invoke(
    backends: &Backends,
    source: &DataSource,
    caller: &Caller,
    request: Value,
) -> Result<Answer, Fault> {
    match source.kind.as_str() {
        // The payload comes back as it was given.
        "NONE" => Ok(Answer::result(request.get("payload").cloned().unwrap_or(Value::Null))),
        "AMAZON_DYNAMODB" => dynamodb::invoke(backends, source, caller, &request),
        "AWS_LAMBDA" => lambda::invoke(backends, source, &request),
        other => {
            Err(Fault::raised("NotImplemented", format!("the embedded cloud has no data source of the type {other}")))
        }
    }
}
