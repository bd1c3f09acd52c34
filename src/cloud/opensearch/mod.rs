//! OpenSearch: domains of a search engine that stands outside of the cloud.
//!
//! Built: domains in stacks, with their access policies, and requests to them, which are looked at and handed on to the
//! engine at the address that the cloud was given. All domains are that one engine. Refused by name: everything where no
//! address was given, and the control API.

mod resources;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::endpoints::OPENSEARCH_VARIABLE;
use crate::base::{BoxFuture, Endpoint};

use super::client::{Client, request};
use super::iam::Iam;
use super::iam::policy::{Policy, PolicyKind};
use super::service::{
    Access, ApiCall, ApiError, ApiReply, CallContext, Caller, Permission, ReplyBody, ResourceHandler, Service,
    ServiceId, Shared,
};
use super::store::Table;

/// The beginning of the control API's paths.
const CONTROL: &str = "/2021-01-01/";

/// The largest answer that is handed on (OpenSearch Service quotas: 10 MiB with small machines, 100 MiB with others).
const ANSWER_LIMIT_BYTES: usize = 100 * 1024 * 1024;

/// How long the engine may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is written as it is in a query.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'*').remove(b',');

/// A domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Domain {
    /// `AccessPolicies`.
    policy: Option<Value>,
}

/// OpenSearch: domains of a search engine that stands outside of the cloud.
pub(in crate::cloud) struct OpenSearch {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    /// By name.
    domains: Table<Domain>,
    client: Client,
}

impl Service for OpenSearch {
    fn id(&self) -> ServiceId {
        ServiceId::OpenSearch
    }

    /// The policies of domains count too, so the service asks itself.
    fn access(&self, _context: &CallContext, _call: &ApiCall) -> Access {
        Access::Open
    }

    fn call<'a>(&'a self, context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move {
            if call.path.starts_with(CONTROL) {
                return Err(ApiError::not_built("es", &format!("{} {}", call.method, call.path)));
            }
            let engine = self.engine()?;
            self.admit(&context.caller, &call.method, &call.path)?;
            self.hand_on(engine, &call).await
        })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        resources::handlers(&self)
    }

    fn snapshot(&self) -> Value {
        let engine = self.shared.outside.opensearch.as_ref().map(Endpoint::as_str);
        let row = |(name, _): (String, Domain)| json!({ "domain": name, "engine": engine });
        let rows: Vec<Value> = self.domains.all().into_iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({ "title": "Search domains", "rows": rows }) }
    }
}

impl OpenSearch {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        let domains = Table::new(Arc::clone(&shared.store), "opensearch.domains");
        Self { shared, iam, domains, client: Client::default() }
    }

    /// Why there can be no domain.
    fn absence(&self) -> Option<String> {
        let absent = self.shared.outside.opensearch.is_none();
        absent.then(|| {
            format!(
                "the embedded cloud has no search engine; start it with the address of one: {OPENSEARCH_VARIABLE}=http://127.0.0.1:9200"
            )
        })
    }

    fn engine(&self) -> Result<&Endpoint, ApiError> {
        let refused = || ApiError::new("NotImplemented", self.absence().unwrap_or_default()).status(501);
        self.shared.outside.opensearch.as_ref().ok_or_else(refused)
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:es:{}:{}:domain/{name}", self.shared.region, self.shared.account)
    }

    /// Whether a caller may send a request to some domain. Domains share the host of the cloud, so any may let it in.
    fn admit(&self, caller: &Caller, method: &Method, path: &str) -> Result<(), ApiError> {
        let verb = method.as_str().to_lowercase();
        let verb = verb.chars().take(1).flat_map(char::to_uppercase).chain(verb.chars().skip(1)).collect::<String>();
        let mut refusal = ApiError::new("ResourceNotFoundException", "No domain is deployed.").status(404);
        for (name, domain) in self.domains.all() {
            let policy = domain.policy.and_then(|document| Policy::parse(&document, PolicyKind::Resource).ok());
            let permission = Permission::new(format!("es:ESHttp{verb}"), format!("{}{path}", self.arn(&name)));
            match self.iam.authorize_with(caller, &permission, &BTreeMap::new(), policy.as_ref()) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    async fn hand_on(&self, engine: &Endpoint, call: &ApiCall) -> Result<ApiReply, ApiError> {
        let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let pairs: Vec<String> =
            call.query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        let address = format!("{engine}{}{mark}{}", call.path, pairs.join("&"));
        let kept = ["content-type", "accept"].into_iter().filter_map(|name| {
            let value = call.headers.get(name)?.to_str().ok()?;
            Some((name.to_owned(), value.to_owned()))
        });
        let unreachable = |reason: String| {
            let message = format!("the search engine at {engine} does not answer: {reason}");
            ApiError::new("ServiceUnavailable", message).status(503)
        };
        let request = request((call.method.as_str(), &address), kept, call.body.clone()).map_err(unreachable)?;
        let sent = tokio::time::timeout(PATIENCE, self.client.send(request, ANSWER_LIMIT_BYTES)).await;
        let told = sent.unwrap_or_else(|_| Err("it takes too long".to_owned())).map_err(unreachable)?;
        let headers = told.headers.into_iter().filter(|(name, _)| name == "content-type").collect();
        Ok(ApiReply { status: told.status, headers, body: ReplyBody::Bytes(told.body) })
    }
}
