//! The rules for caches: which an API may have, what a resolver says about them, and which entry a field or a query is.
//!
//! Source: `CreateApiCache` in the AppSync API reference; "Configuring server-side caching", AppSync guide.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::Operation;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cloud::iam::Iam;
use crate::cloud::service::ApiError;

use super::authorize::Requester;
use super::cache::{CachingKey, EntryKey, Seen};
use super::compiled::CompiledApi;
use super::engine::{Engine, bad_request, not_found};
use super::record::{Api, AuthMode};

/// The longest that an entry may be kept, in seconds.
const TTL_LIMIT_S: i64 = 3600;

/// The kinds of machines that AppSync keeps caches on; here they make no difference.
const TYPES: [&str; 15] = [
    "SMALL",
    "MEDIUM",
    "LARGE",
    "XLARGE",
    "LARGE_2X",
    "LARGE_4X",
    "LARGE_8X",
    "LARGE_12X",
    "T2_SMALL",
    "T2_MEDIUM",
    "R4_LARGE",
    "R4_XLARGE",
    "R4_2XLARGE",
    "R4_4XLARGE",
    "R4_8XLARGE",
];

/// Headers that say nothing about the answer.
const RESERVED_HEADERS: [&str; 23] = [
    "authorization",
    "cloudfront-forwarded-proto",
    "cloudfront-is-desktop-viewer",
    "cloudfront-is-mobile-viewer",
    "cloudfront-is-smarttv-viewer",
    "cloudfront-is-tablet-viewer",
    "cloudfront-viewer-asn",
    "cloudfront-viewer-country",
    "content-length",
    "host",
    "priority",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "via",
    "x-amz-cf-id",
    "x-amz-date",
    "x-amz-security-token",
    "x-amzn-appsync-is-vpce-request",
    "x-amzn-remote-ip",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "x-forwarded-for",
];

/// `apiCachingBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud::appsync) enum Behaviour {
    /// Every resolver of a query.
    #[serde(rename = "FULL_REQUEST_CACHING")]
    FullRequest,
    /// The resolvers that say so.
    #[serde(rename = "PER_RESOLVER_CACHING")]
    PerResolver,
    /// Whole answers.
    #[serde(rename = "OPERATION_LEVEL_CACHING")]
    OperationLevel,
}

/// The cache of an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct ApiCache {
    /// In seconds.
    pub ttl: i64,
    pub api_caching_behavior: Behaviour,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub transit_encryption_enabled: bool,
    #[serde(default)]
    pub at_rest_encryption_enabled: bool,
    /// `ENABLED` or `DISABLED`.
    #[serde(default = "disabled")]
    pub health_metrics_config: String,
}

fn disabled() -> String {
    "DISABLED".to_owned()
}

/// `cachingConfig` of a resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cloud::appsync) struct CachingConfig {
    /// In seconds.
    pub ttl: i64,
    #[serde(default)]
    pub caching_keys: Vec<String>,
}

/// How long the answer of a resolver is kept, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) struct Caching {
    pub ttl_s: i64,
    keys: Vec<CachingKey>,
}

impl Caching {
    /// What an API and one of its resolvers say; none when the resolver's answers are not kept.
    pub(in crate::cloud::appsync) fn of(api: &Api, config: Option<&CachingConfig>) -> Option<Self> {
        let cache = api.cache.as_ref()?;
        let (ttl_s, texts) = match cache.api_caching_behavior {
            Behaviour::FullRequest => (cache.ttl, &[][..]),
            Behaviour::PerResolver => config.map(|config| (config.ttl, &config.caching_keys[..]))?,
            Behaviour::OperationLevel => return None,
        };
        let whole = |map| CachingKey { map, way: Vec::new() };
        let keys = if texts.is_empty() {
            ["arguments", "source", "identity"].map(whole).to_vec()
        } else {
            texts.iter().filter_map(|text| CachingKey::read(text)).collect()
        };
        Some(Self { ttl_s, keys })
    }

    /// The entry of a field.
    pub(in crate::cloud::appsync) fn entry(&self, place: (&str, &str, &str), seen: Seen<'_>) -> EntryKey {
        EntryKey::field(place, &self.keys, seen)
    }
}

/// Refuses what a resolver says about caching and cannot be.
pub(super) fn check_caching(config: Option<&CachingConfig>) -> Result<(), ApiError> {
    let Some(config) = config else { return Ok(()) };
    check_ttl(config.ttl)?;
    match config.caching_keys.iter().find(|text| CachingKey::read(text).is_none()) {
        Some(wrong) => {
            let message = format!(
                "Invalid caching key {wrong}: a key begins with $context.arguments, $context.source or $context.identity."
            );
            Err(bad_request(message))
        }
        None => Ok(()),
    }
}

fn check_ttl(ttl: i64) -> Result<(), ApiError> {
    if (1..=TTL_LIMIT_S).contains(&ttl) {
        Ok(())
    } else {
        Err(bad_request(format!("The TTL of a cache is between 1 and {TTL_LIMIT_S} seconds, not {ttl}.")))
    }
}

fn check_cache(cache: &ApiCache) -> Result<(), ApiError> {
    check_ttl(cache.ttl)?;
    if !TYPES.contains(&cache.kind.as_str()) {
        return Err(bad_request(format!(
            "Unknown type of cache: {}. Expected one of {}",
            cache.kind,
            TYPES.join(", ")
        )));
    }
    if !["ENABLED", "DISABLED"].contains(&cache.health_metrics_config.as_str()) {
        return Err(bad_request("healthMetricsConfig must be ENABLED or DISABLED."));
    }
    Ok(())
}

/// A cache as the control API shows it.
pub(super) fn shown(cache: &ApiCache) -> Value {
    let mut json = json!(cache);
    json["status"] = "AVAILABLE".into();
    json
}

impl Engine {
    /// The cache of an API.
    pub(in crate::cloud::appsync) fn cache(&self, api_id: &str) -> Result<ApiCache, ApiError> {
        self.api(api_id)?.cache.ok_or_else(|| not_found(format!("No cache found for the API {api_id}.")))
    }

    /// Gives an API a cache.
    pub(in crate::cloud::appsync) fn create_cache(&self, api_id: &str, cache: ApiCache) -> Result<ApiCache, ApiError> {
        let api = self.api(api_id)?;
        check_cache(&cache)?;
        if api.cache.is_some() {
            return Err(bad_request(format!("The API {api_id} has a cache already.")));
        }
        self.put_api(&Api { cache: Some(cache.clone()), ..api })?;
        Ok(cache)
    }

    /// Changes a cache; how it is encrypted stays.
    pub(in crate::cloud::appsync) fn update_cache(&self, api_id: &str, cache: ApiCache) -> Result<ApiCache, ApiError> {
        let ApiCache { transit_encryption_enabled, at_rest_encryption_enabled, .. } = self.cache(api_id)?;
        let cache = ApiCache { transit_encryption_enabled, at_rest_encryption_enabled, ..cache };
        check_cache(&cache)?;
        self.put_api(&Api { cache: Some(cache.clone()), ..self.api(api_id)? })?;
        Ok(cache)
    }

    /// Takes the cache of an API away.
    pub(in crate::cloud::appsync) fn delete_cache(&self, api_id: &str) -> Result<(), ApiError> {
        self.cache(api_id)?;
        self.put_api(&Api { cache: None, ..self.api(api_id)? })
    }
}

/// The entry of a whole query, and for how many seconds it is kept; none where whole answers are not.
pub(super) fn operation_entry(
    (api, requester, iam): (&CompiledApi, &Requester, &Iam),
    (document, operation): (&ExecutableDocument, &Operation),
    (query, name, variables): (&str, Option<&str>, &Map<String, Value>),
    headers: &HeaderMap,
) -> Option<(EntryKey, i64)> {
    let cache = api.api.cache.as_ref()?;
    if cache.api_caching_behavior != Behaviour::OperationLevel || !operation.is_query() {
        return None;
    }
    let mut identity = requester.identity.clone();
    if matches!(requester.mode, AuthMode::AwsIam | AuthMode::AmazonCognitoUserPools)
        && let Some(members) = identity.as_object_mut()
    {
        members.remove("sourceIp");
    }
    let told = headers.iter().filter(|(name, _)| !RESERVED_HEADERS.contains(&name.as_str()));
    let told: Vec<(&str, &[u8])> = told.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let denied = match requester.mode {
        AuthMode::AwsIam | AuthMode::AwsLambda => denied((api, requester, iam), document, operation),
        _ => Vec::new(),
    };
    let key = json!([query, name, variables, identity, requester.mode, told, denied]);
    Some((EntryKey::operation(&api.api.id, &key), cache.ttl))
}

/// The fields of a document that the caller may not see.
fn denied(
    (api, requester, iam): (&CompiledApi, &Requester, &Iam),
    document: &ExecutableDocument,
    operation: &Operation,
) -> Vec<String> {
    let schema = &api.schema.schema;
    let mut asked = std::collections::BTreeSet::new();
    let fragments = document.fragments.values().map(|fragment| &fragment.selection_set);
    let mut sets: Vec<_> = std::iter::once(&operation.selection_set).chain(fragments).collect();
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            match selection {
                apollo_compiler::executable::Selection::Field(field) => {
                    let objects = schema.types.iter().filter(|(name, kind)| {
                        kind.is_object() && (**name == set.ty || schema.is_subtype(&set.ty, name))
                    });
                    asked.extend(objects.map(|(name, _)| (name.to_string(), field.name.to_string())));
                    sets.push(&field.selection_set);
                }
                apollo_compiler::executable::Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                apollo_compiler::executable::Selection::FragmentSpread(_) => {}
            }
        }
    }
    asked.retain(|(object, field)| !field.starts_with("__") && !requester.may_see(api, iam, (object, field)));
    asked.into_iter().map(|(object, field)| format!("{object}.{field}")).collect()
}
