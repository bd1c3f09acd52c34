//! The Lambda authoriser of an API: asks the function about a token, and keeps its answers for a while.
//!
//! Not here: whether a request is one for the authoriser.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::compiled::CompiledApi;
use super::record::LambdaAuthorizerConfig;
use super::settings::expression_of;
use crate::cloud::lambda::{Asked, Invoker, Lambda, ServiceVisitor};
use crate::cloud::service::Shared;

/// How long an authoriser may take (AppSync guide, "AWS_LAMBDA authorization").
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an answer is kept when nothing is said.
const KEPT_S: i64 = 300;

/// How many answers are kept.
const ANSWERS_LIMIT: usize = 1000;

/// What an authoriser said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cloud::appsync) struct Verdict {
    pub is_authorized: bool,
    /// What resolvers see as `ctx.identity.resolverContext`.
    pub resolver_context: Map<String, Value>,
    /// `Type.field`, or its ARN.
    pub denied_fields: Vec<String>,
    /// For how many seconds the answer is kept, instead of what the API says.
    pub ttl_override: Option<i64>,
}

/// Authorisers' answers that are still good.
pub(in crate::cloud::appsync) struct Authorisers {
    shared: Arc<Shared>,
    lambda: Arc<Lambda>,
    /// By API, function and token: until when, and what.
    kept: Mutex<BTreeMap<[String; 3], (i64, Verdict)>>,
}

impl Authorisers {
    pub(in crate::cloud::appsync) fn new(shared: Arc<Shared>, lambda: Arc<Lambda>) -> Self {
        Self { shared, lambda, kept: Mutex::default() }
    }

    /// What the authoriser says of a token; none when it gives no answer that can be read.
    pub(in crate::cloud::appsync) async fn ask(
        &self,
        api: &CompiledApi,
        config: &LambdaAuthorizerConfig,
        token: &str,
        (headers, body): (&HeaderMap, &[u8]),
    ) -> Option<Verdict> {
        let expression = config.identity_validation_expression.as_deref().filter(|text| !text.is_empty());
        if expression.is_some_and(|text| !expression_of(text).is_ok_and(|fits| fits.is_match(token))) {
            return None;
        }
        let now_s = self.shared.clock.now_s();
        let key = [api.api.id.clone(), config.authorizer_uri.clone(), token.to_owned()];
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((_, verdict)) = known.filter(|(until_s, _)| *until_s > now_s) {
            return Some(verdict);
        }
        let event = self.event(api, token, (headers, body));
        let visitor = ServiceVisitor { service: "appsync.amazonaws.com", source_arn: &api.arn };
        let asked = Asked::new(&config.authorizer_uri, event.to_string(), Invoker::Service(visitor));
        let invocation = tokio::time::timeout(PATIENCE, self.lambda.invoke(asked)).await.ok()?.ok()?;
        if invocation.failed {
            return None;
        }
        let verdict: Verdict = serde_json::from_slice(&invocation.payload).ok()?;
        let ttl_s = verdict.ttl_override.or(config.authorizer_result_ttl_in_seconds).unwrap_or(KEPT_S);
        if ttl_s > 0 {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= ANSWERS_LIMIT {
                kept.retain(|_, (until_s, _)| *until_s > now_s);
            }
            if kept.len() < ANSWERS_LIMIT {
                kept.insert(key, (now_s.saturating_add(ttl_s), verdict.clone()));
            }
        }
        Some(verdict)
    }

    fn event(&self, api: &CompiledApi, token: &str, (headers, body): (&HeaderMap, &[u8])) -> Value {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let headers: Map<String, Value> = headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
            .collect();
        json!({
            "authorizationToken": token,
            "requestContext": {
                "apiId": api.api.id,
                "accountId": api.account,
                "requestId": self.shared.ids.uuid(),
                "queryString": asked.get("query"),
                "operationName": asked.get("operationName"),
                "variables": asked.get("variables").cloned().unwrap_or_else(|| json!({})),
            },
            "requestHeaders": headers,
        })
    }
}
