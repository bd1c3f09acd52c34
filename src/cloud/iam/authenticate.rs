//! Who a request comes from: the signature is found, the secret of its key looked up, and one checked with the other.

use ring::hmac;

use super::signature::{self, Payload};
use super::{Iam, legacy};
use crate::base::Secret;
use crate::cloud::config::ROOT_ACCESS_KEY;
use crate::cloud::protocol::percent;
use crate::cloud::service::{ApiError, Caller};

/// The secret of the well-known root key. The cloud listens on loopback only.
const ROOT_SECRET_KEY: &str = "test";

/// Who sent a request, and how its body is covered by the signature.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Authenticated {
    pub caller: Caller,
    pub payload: Payload,
}

impl Iam {
    /// Who sent a request: checks the `SigV4` signature in its headers or query. No signature is `Anonymous`.
    ///
    /// # Errors
    /// In the words of the Query protocol: `InvalidClientTokenId`, `SignatureDoesNotMatch`, `ExpiredToken`,
    /// `RequestTimeTooSkewed`, `IncompleteSignature`.
    pub(in crate::cloud) fn authenticate(&self, parts: &http::request::Parts, body: &[u8]) -> Result<Caller, ApiError> {
        self.authenticated(parts, Some(body)).map(|authenticated| authenticated.caller)
    }

    /// As [`Self::authenticate`], for a request that must be signed for a service by its name: whoever else was meant, it is
    /// not for us to take.
    pub(in crate::cloud) fn authenticate_for(
        &self,
        service: &str,
        parts: &http::request::Parts,
        body: &[u8],
    ) -> Result<Caller, ApiError> {
        if signature::claim(parts)?.is_some_and(|claim| claim.service != service) {
            let message = format!("Credential should be scoped to correct service: '{service}'. ");
            return Err(ApiError::new("SignatureDoesNotMatch", message).status(403));
        }
        self.authenticate(parts, body)
    }

    /// As [`Self::authenticate`], for a request to S3, whose body is not read yet: whoever reads it checks it. `bucket` is
    /// the one in the host.
    pub(in crate::cloud) fn authenticate_head(
        &self,
        parts: &http::request::Parts,
        bucket: Option<&str>,
    ) -> Result<Authenticated, ApiError> {
        let query = percent::decode_pairs(parts.uri.query().unwrap_or_default());
        let Some(claim) = legacy::claim(&query)? else { return self.authenticated(parts, None) };
        let (secret, caller) = self.holder(&claim.access_key, claim.token.as_deref())?;
        claim.check_time(self.shared.clock.now_s())?;
        claim.check(parts, bucket, secret.reveal())?;
        Ok(Authenticated { caller, payload: Payload::Unsigned })
    }

    fn authenticated(&self, parts: &http::request::Parts, body: Option<&[u8]>) -> Result<Authenticated, ApiError> {
        let Some(claim) = signature::claim(parts)? else {
            return Ok(Authenticated { caller: Caller::Anonymous, payload: Payload::Unsigned });
        };
        let (secret, caller) = self.holder(&claim.access_key, claim.token.as_deref())?;
        claim.check_time(self.shared.clock.now_s())?;
        let payload = claim.check(parts, body, secret.reveal())?;
        Ok(Authenticated { caller, payload })
    }

    /// The secret of an access key, and whose it is. A session's key is good only with its token.
    pub(super) fn holder(&self, access_key: &str, token: Option<&str>) -> Result<(Secret<String>, Caller), ApiError> {
        let unknown = || {
            ApiError::new("InvalidClientTokenId", "The security token included in the request is invalid.").status(403)
        };
        let own = self.root_key.as_ref().filter(|(known, _)| known == access_key);
        let root = own
            .map(|(_, secret)| secret.clone())
            .or_else(|| (access_key == ROOT_ACCESS_KEY).then(|| Secret::new(ROOT_SECRET_KEY.to_owned())));
        if let Some(secret) = root {
            return Ok((secret, Caller::Root));
        }
        let credentials = self.sessions.find(access_key)?.ok_or_else(unknown)?;
        let expected = credentials.session_token.reveal().as_bytes();
        let given = token.unwrap_or_default().as_bytes();
        // Comparing two keyed hashes takes the same time wherever the tokens differ.
        let key = hmac::Key::new(hmac::HMAC_SHA256, expected);
        hmac::verify(&key, expected, hmac::sign(&key, given).as_ref()).map_err(|_| unknown())?;
        if credentials.expires_at_s <= self.shared.clock.now_s() {
            let message = "The security token included in the request is expired";
            return Err(ApiError::new("ExpiredToken", message).status(403));
        }
        let of_owner = credentials.session.role_arn.ends_with(":root");
        let caller = if of_owner { Caller::Root } else { Caller::Role(credentials.session) };
        Ok((credentials.secret_key, caller))
    }
}
