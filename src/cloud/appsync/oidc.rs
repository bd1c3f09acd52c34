//! Tokens of OpenID Connect providers: finds a provider's keys, keeps them, checks tokens against them.
//!
//! Plain HTTP is taken of providers on this computer only. Not here: which mode a request comes by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Limited};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::record::OpenIdConnectConfig;
use super::settings::expression_of;
use crate::cloud::service::Shared;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long keys are taken as they are, and how soon an unknown key id makes us look again.
const KEYS_KEPT_S: i64 = 900;
const KEYS_AGAIN_S: i64 = 10;

/// The largest document of a provider that is read.
const DOCUMENT_LIMIT_BYTES: usize = 1_000_000;

/// Providers and their keys.
pub(in crate::cloud::appsync) struct Providers {
    shared: Arc<Shared>,
    /// Made when it is first needed: the system's certificates take time to read.
    secure: OnceLock<Connector>,
    plain: Connector,
    /// By issuer.
    known: Mutex<BTreeMap<String, Arc<Keys>>>,
}

#[derive(Debug)]
struct Keys {
    found: Vec<Key>,
    read_at_s: i64,
}

/// A key of a JWK set (RFC 7517).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Key {
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Providers").finish_non_exhaustive()
    }
}

/// The claims of a token, not yet checked; none when it is no JWT.
pub(in crate::cloud::appsync) fn unverified(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, body, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    decoded(body)
}

fn decoded(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
}

impl Providers {
    pub(in crate::cloud::appsync) fn new(shared: Arc<Shared>) -> Self {
        let plain = Connector::builder().build_http();
        Self { shared, secure: OnceLock::new(), plain, known: Mutex::default() }
    }

    /// The claims of a token of a provider; the error is AppSync's words.
    pub(in crate::cloud::appsync) async fn verify(
        &self,
        config: &OpenIdConnectConfig,
        token: &str,
    ) -> Result<Map<String, Value>, String> {
        let unreadable = || "Unable to parse JWT token.".to_owned();
        let (signed, signature) = token.rsplit_once('.').ok_or_else(unreadable)?;
        let (head, body) = signed.split_once('.').ok_or_else(unreadable)?;
        let (head, claims) = (decoded(head).ok_or_else(unreadable)?, decoded(body).ok_or_else(unreadable)?);
        let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).map_err(|_| unreadable())?;
        check_issuer(config, &claims)?;
        let text = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or_default();
        let (algorithm, id) = (text("alg"), text("kid"));
        let key = self.key(&config.issuer, id).await.map_err(|reason| {
            // Whoever runs the cloud may know why, whoever calls it may not.
            tracing::warn!(issuer = %config.issuer, %reason, "the keys of an issuer cannot be read");
            unreadable()
        })?;
        // A token that nobody signed learns nothing of what the API takes.
        let signed = key.is_some_and(|key| key.admits(algorithm, signed.as_bytes(), &signature));
        if !signed {
            return Err(unreadable());
        }
        check_claims(config, &claims, self.shared.clock.now_ms())?;
        Ok(claims)
    }

    /// A key of an issuer; an unknown id makes us ask the issuer again.
    async fn key(&self, issuer: &str, id: &str) -> Result<Option<Key>, String> {
        let now_s = self.shared.clock.now_s();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
        let find = |keys: &Keys| {
            let same = keys.found.iter().find(|key| key.kid.as_deref() == Some(id));
            // A provider with one key need not name it (RFC 7517, section 4.5).
            same.or_else(|| keys.found.first().filter(|key| key.kid.is_none() && keys.found.len() == 1)).cloned()
        };
        if let Some(keys) = known {
            let age_s = now_s - keys.read_at_s;
            let found = find(&keys);
            if age_s < KEYS_AGAIN_S || (found.is_some() && age_s < KEYS_KEPT_S) {
                return Ok(found);
            }
        }
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let configuration = self.document(&address).await?;
        let address = configuration.get("jwks_uri").and_then(Value::as_str);
        let address = address.ok_or_else(|| format!("The issuer {issuer} names no `jwks_uri`."))?;
        let set = self.document(address).await?;
        let members = set.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
        // Keys of kinds that we do not know are no fault of the others.
        let found = members.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let keys = Arc::new(Keys { found, read_at_s: now_s });
        let found = find(&keys);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), keys);
        Ok(found)
    }

    /// A JSON document at an address.
    async fn document(&self, address: &str) -> Result<Value, String> {
        let failed = |reason: String| format!("The issuer's {address} cannot be read: {reason}");
        check_address(address).map_err(|reason| failed(reason.to_owned()))?;
        let secure = || Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        let connector = if address.starts_with("https:") { self.secure.get_or_init(secure) } else { &self.plain };
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(address).map_err(|error| failed(error.to_string()))?;
        let body = async {
            let answer = connector.call(request).await.map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            if status != 200 {
                return Err(format!("status {status}"));
            }
            let body = Limited::new(answer.into_body(), DOCUMENT_LIMIT_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
        };
        let body = tokio::time::timeout(PATIENCE, body).await.map_err(|_| failed("it takes too long".to_owned()))?;
        serde_json::from_slice(&body.map_err(failed)?).map_err(|error| failed(error.to_string()))
    }
}

/// Whether keys may be asked for at an address: over TLS, or on this computer.
pub(in crate::cloud::appsync) fn check_address(address: &str) -> Result<(), &'static str> {
    let uri: http::Uri = address.parse().map_err(|_| "it is no address")?;
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if matches!(host, "localhost" | "127.0.0.1" | "[::1]") => Ok(()),
        Some("http") => Err("plain http is for issuers on this computer only"),
        _ => Err("it is no http address"),
    }
}

fn check_issuer(config: &OpenIdConnectConfig, claims: &Map<String, Value>) -> Result<(), String> {
    let issuer = claims.get("iss").and_then(Value::as_str).map(|issuer| issuer.trim_end_matches('/'));
    if issuer == Some(config.issuer.trim_end_matches('/')) {
        Ok(())
    } else {
        Err("The issuer of the token is not the one of the API.".to_owned())
    }
}

/// Issuer, audience and times (AppSync guide, "OPENID_CONNECT authorization").
fn check_claims(config: &OpenIdConnectConfig, claims: &Map<String, Value>, now_ms: i64) -> Result<(), String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Whole seconds: fractions of a second do not matter here.
    let number = |name: &str| claims.get(name).and_then(|value| value.as_i64().or_else(|| value.as_f64().map(whole)));
    check_issuer(config, claims)?;
    if let Some(wanted) = config.client_id.as_deref().filter(|wanted| !wanted.is_empty()) {
        let wanted = expression_of(wanted).map_err(|error| error.to_string())?;
        let audience = match claims.get("aud") {
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            one => one.and_then(Value::as_str).into_iter().collect::<Vec<_>>(),
        };
        if !audience.into_iter().chain(text("azp")).any(|client| wanted.is_match(client)) {
            return Err("The client of the token is not one of the API's.".to_owned());
        }
    }
    let now_s = now_ms.div_euclid(1000);
    if number("exp").is_none_or(|exp| exp <= now_s) {
        return Err("Token has expired.".to_owned());
    }
    if number("nbf").is_some_and(|nbf| nbf > now_s) {
        return Err("The token is not valid yet.".to_owned());
    }
    let fresh = |claim: &str, lifetime_ms: Option<i64>| {
        let Some(lifetime_ms) = lifetime_ms.filter(|lifetime| *lifetime > 0) else { return true };
        number(claim).is_some_and(|at_s| now_ms <= at_s.saturating_mul(1000).saturating_add(lifetime_ms))
    };
    if !fresh("iat", config.iat_ttl) {
        return Err("The token was issued too long ago.".to_owned());
    }
    if !fresh("auth_time", config.auth_ttl) {
        return Err("The sign-in of the token was too long ago.".to_owned());
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a time beyond 64 bits is as good as the last one")]
fn whole(value: f64) -> i64 {
    value as i64
}

impl Key {
    fn admits(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |part: &Option<String>| {
            part.as_deref().and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        };
        let rsa = |parameters: &'static RsaParameters| {
            let Some((n, e)) = bytes(&self.n).zip(bytes(&self.e)).filter(|_| self.kty == "RSA") else { return false };
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        };
        let curve = |name: &str, algorithm: &'static signature::EcdsaVerificationAlgorithm| {
            let fits = self.kty == "EC" && self.crv.as_deref() == Some(name);
            let Some((x, y)) = bytes(&self.x).zip(bytes(&self.y)).filter(|_| fits) else { return false };
            let point = [&[4_u8][..], &x, &y].concat();
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        };
        match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "ES256" => curve("P-256", &signature::ECDSA_P256_SHA256_FIXED),
            "ES384" => curve("P-384", &signature::ECDSA_P384_SHA384_FIXED),
            // `none` and keys that are shared secrets are never taken.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW_MS: i64 = 1_767_323_045_000;

    fn config() -> OpenIdConnectConfig {
        let issuer = "https://id.example".to_owned();
        OpenIdConnectConfig { issuer, client_id: Some("web|app".to_owned()), iat_ttl: Some(60_000), auth_ttl: Some(0) }
    }

    #[test]
    fn claims_are_checked_one_by_one() {
        let now = NOW_MS / 1000;
        let good = json!({ "iss": "https://id.example/", "aud": "web", "exp": now + 10, "iat": now - 5, "sub": "1" });
        let cases = [
            (json!({}), None),
            (json!({ "aud": ["x", "app"] }), None),
            (json!({ "aud": "x", "azp": "web" }), None),
            (json!({ "nbf": now }), None),
            (json!({ "iss": "https://other.example" }), Some("issuer")),
            (json!({ "aud": "webs" }), Some("client")),
            (json!({ "aud": null }), Some("client")),
            (json!({ "exp": now }), Some("expired")),
            (json!({ "exp": null }), Some("expired")),
            (json!({ "nbf": now + 5 }), Some("not valid yet")),
            (json!({ "iat": now - 61 }), Some("issued too long ago")),
            (json!({ "iat": null }), Some("issued too long ago")),
        ];
        for (change, wanted) in cases {
            let mut claims = good.as_object().unwrap().clone();
            claims.extend(change.as_object().unwrap().clone());
            let found = check_claims(&config(), &claims, NOW_MS).err();
            match wanted {
                None => assert_eq!(found, None, "{change}"),
                Some(words) => {
                    assert!(found.as_deref().is_some_and(|found| found.contains(words)), "{change}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn plain_http_is_for_this_computer() {
        let taken = |address| check_address(address).is_ok();
        assert!(taken("https://id.example/x") && taken("http://localhost:9/x") && taken("http://127.0.0.1:9"));
        assert!(!taken("http://id.example") && !taken("ftp://localhost") && !taken("id.example"));
    }
}
