//! What every handler of a request sees alike: identity, headers, environment. Written as JSON when a handler first looks
//! at it; most never do.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::authorize::Requester;
use super::compiled::CompiledApi;

/// The members of a context that are the same for all fields of a request.
#[derive(Debug)]
pub(in crate::cloud::appsync) struct Fixed {
    headers: HeaderMap,
    env: Arc<str>,
    requester: Arc<Requester>,
    identity: OnceLock<String>,
    request: OnceLock<String>,
}

impl Fixed {
    pub(in crate::cloud::appsync) fn new(
        api: &CompiledApi,
        requester: &Arc<Requester>,
        headers: &HeaderMap,
    ) -> Arc<Self> {
        Arc::new(Self {
            headers: headers.clone(),
            env: Arc::clone(&api.env),
            requester: Arc::clone(requester),
            identity: OnceLock::new(),
            request: OnceLock::new(),
        })
    }

    /// `ctx.identity`
    pub(in crate::cloud::appsync) fn identity(&self) -> &str {
        self.identity.get_or_init(|| self.requester.identity.to_string())
    }

    /// `ctx.request`
    pub(in crate::cloud::appsync) fn request(&self) -> &str {
        self.request.get_or_init(|| {
            let read = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?)))
            };
            let headers: Map<String, Value> = self.headers.iter().filter_map(read).collect();
            json!({ "headers": headers, "domainName": null }).to_string()
        })
    }

    /// `ctx.env`
    pub(in crate::cloud::appsync) fn env(&self) -> &str {
        &self.env
    }
}
