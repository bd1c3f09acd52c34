//! AppSync: GraphQL APIs over data sources, by APPSYNC_JS resolvers.
//!
//! Built: the control API, evaluation of code, CloudFormation types, API key, user pool, OpenID Connect, IAM and Lambda callers, queries,
//! mutations and subscriptions; data sources that are DynamoDB (versioned too), Lambda, HTTP, EventBridge and NONE, and, at addresses that the cloud was
//! given, OpenSearch, databases and Bedrock. Refused by name: mapping templates.

mod api;
mod authoriser;
mod authorize;
mod cache;
mod caching;
mod compiled;
mod datasource;
mod engine;
mod evaluate;
mod execute;
mod fault;
mod js;
mod oidc;
pub(in crate::cloud) mod realtime;
mod record;
mod request;
mod resolve;
mod resources;
mod schema;
mod source;

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod caching_tests;
#[cfg(test)]
mod evaluate_tests;
#[cfg(test)]
mod function_tests;
#[cfg(test)]
mod outside_tests;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod versioned_tests;
#[cfg(test)]
mod world;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::cognito::Cognito;
use super::dynamodb::DynamoDb;
use super::eventbridge::EventBridge;
use super::iam::Iam;
use super::lambda::Lambda;
use super::s3::S3;
use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};

use authoriser::Authorisers;
use authorize::Requester;
use compiled::CompiledApi;
use datasource::{Backends, Wire};
use engine::Engine;
use execute::Setting;
use js::SandboxPool;
use oidc::Providers;
use realtime::Hub;

/// AppSync: GraphQL APIs over data sources, by APPSYNC_JS resolvers.
pub(in crate::cloud) struct AppSync {
    shared: Arc<Shared>,
    s3: Arc<S3>,
    cognito: Arc<Cognito>,
    engine: Engine,
    backends: Backends,
    pool: SandboxPool,
    providers: Providers,
    authorisers: Authorisers,
    hub: Hub,
}

impl Service for AppSync {
    fn id(&self) -> ServiceId {
        ServiceId::AppSync
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        api::access(&self.engine, call)
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            if api::is_evaluation(&call) { evaluate::evaluate(self, &call).await } else { api::call(self, &call) }
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(self)
    }

    fn snapshot(&self) -> Value {
        let row = |api: record::Api| {
            json!({
                "name": api.settings.name,
                "id": api.id,
                "address": self.address(&api.id),
                "authentication": api.settings.modes(),
                "resolvers": self.engine.resolvers(&api.id).len(),
            })
        };
        let rows: Vec<Value> = self.engine.apis().into_iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({ "title": "GraphQL APIs", "rows": rows }) }
    }
}

/// What AppSync stands on.
pub(in crate::cloud) struct Below {
    pub iam: Arc<Iam>,
    pub s3: Arc<S3>,
    pub dynamodb: Arc<DynamoDb>,
    pub cognito: Arc<Cognito>,
    pub lambda: Arc<Lambda>,
    pub eventbridge: Arc<EventBridge>,
}

impl AppSync {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, below: Below) -> Self {
        let Below { iam, s3, dynamodb, cognito, lambda, eventbridge } = below;
        let engine = Engine::new(Arc::clone(&shared));
        let authorisers = Authorisers::new(Arc::clone(&shared), Arc::clone(&lambda));
        let wire = Arc::new(Wire::new(Arc::clone(&shared), Arc::clone(&iam)));
        let caches = Arc::default();
        let backends = Backends { shared: Arc::clone(&shared), iam, dynamodb, lambda, eventbridge, wire, caches };
        let pool = SandboxPool::new(engine.tools());
        let providers = Providers::new(Arc::clone(&shared));
        Self { shared, s3, cognito, engine, backends, pool, providers, authorisers, hub: Hub::default() }
    }

    /// Answers a GraphQL request (`POST /graphql/{apiId}/graphql`). `caller` is the `SigV4` identity, if any; the
    /// API key and JWT are in the headers.
    pub(in crate::cloud) async fn graphql(&self, context: &CallContext, api_id: &str, call: &ApiCall) -> ApiReply {
        request::answer(self, context, api_id, call).await
    }

    /// What an execution for a caller stands on.
    fn setting<'a>(&'a self, api: &'a CompiledApi, requester: Arc<Requester>, fixed: Arc<str>) -> Setting<'a> {
        Setting { api, backends: &self.backends, pool: &self.pool, hub: &self.hub, requester, fixed }
    }

    /// Where an API listens for queries.
    fn address(&self, api_id: &str) -> String {
        format!("{}/graphql/{api_id}/graphql", self.shared.endpoint)
    }

    /// Where an API listens for subscriptions: the address of its queries with another ending.
    fn realtime_address(&self, api_id: &str) -> String {
        let endpoint = &self.shared.endpoint;
        let endpoint = endpoint.strip_prefix("http").map_or_else(|| endpoint.clone(), |rest| format!("ws{rest}"));
        format!("{endpoint}/graphql/{api_id}/graphql/realtime")
    }

    /// Host and port, as both domain names of an API.
    fn host(&self) -> &str {
        self.shared.endpoint.split_once("://").map_or(self.shared.endpoint.as_str(), |(_, host)| host)
    }
}
