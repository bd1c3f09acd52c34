//! Tokens: id and access tokens are JWTs, refresh tokens are opaque. Each belongs to a sign-in, which can be revoked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::claims::{self, Cause, Membership};
use super::client::Client;
use super::compare::same;
use super::fault::not_authorized;
use super::pool::Pool;
use super::trigger::Origin;
use super::user::User;
use super::{Claims, Core};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// One sign-in: its refresh token, and whether it still holds. Kept under `{sub}/{origin_jti}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub pool_id: String,
    pub username: String,
    pub client_id: String,
    pub auth_time_s: i64,
    pub expires_ms: i64,
    /// Of the refresh token's random part.
    pub refresh_hash: String,
    pub revoked: bool,
}

impl Core {
    /// `https://cognito-idp.{region}.amazonaws.com/{pool}`: what real tokens carry, though it is not our address.
    pub(super) fn issuer(&self, pool_id: &str) -> String {
        format!("https://cognito-idp.{}.amazonaws.com/{pool_id}", self.shared.region)
    }

    /// A new sign-in: `AuthenticationResult` with all three tokens.
    pub(super) fn sign_in(
        &self,
        pool: &Pool,
        client: &Client,
        user: &User,
        cause: Cause<'_>,
    ) -> Result<Value, ApiError> {
        let now_ms = self.shared.clock.now_ms();
        let origin = self.shared.ids.uuid();
        let mut random = [0; 32];
        self.shared.ids.fill(&mut random);
        let session = Session {
            pool_id: pool.id.clone(),
            username: user.username.clone(),
            client_id: client.id.clone(),
            auth_time_s: now_ms.div_euclid(1000),
            expires_ms: now_ms + client.refresh_s() * 1000,
            refresh_hash: hex::encode(Sha256::digest(random)),
            revoked: false,
        };
        let mut batch = Batch::default();
        self.sessions.add(&mut batch, &format!("{}/{origin}", user.sub), &session);
        for (key, old) in self.sessions.starting_with(&format!("{}/", user.sub)) {
            if old.expires_ms <= now_ms {
                self.sessions.drop(&mut batch, &key);
            }
        }
        // The tokens first: where a function refuses them, there is no sign-in.
        let mut result = self.tokens((pool, client, user), (&origin, session.auth_time_s), cause)?;
        self.shared.store.commit(batch)?;
        let place = URL_SAFE_NO_PAD.encode(format!("{}/{origin}", user.sub));
        result["RefreshToken"] = json!(format!("{place}.{}", URL_SAFE_NO_PAD.encode(random)));
        Ok(result)
    }

    /// Id and access tokens of a sign-in.
    fn tokens(
        &self,
        (pool, client, user): (&Pool, &Client, &User),
        (origin, auth_time_s): (&str, i64),
        cause: Cause<'_>,
    ) -> Result<Value, ApiError> {
        let now_s = self.shared.clock.now_s();
        let common = json!({
            "sub": user.sub,
            "iss": self.issuer(&pool.id),
            "origin_jti": origin,
            "event_id": self.shared.ids.uuid(),
            "auth_time": auth_time_s,
            "iat": now_s,
        });
        let mut access = common.clone();
        access["client_id"] = json!(client.id);
        access["token_use"] = json!("access");
        access["scope"] = json!("aws.cognito.signin.user.admin");
        access["username"] = json!(user.username);
        access["exp"] = json!(now_s + client.access_s());
        access["jti"] = json!(self.shared.ids.uuid());

        let mut id = common;
        id["aud"] = json!(client.id);
        id["token_use"] = json!("id");
        id["cognito:username"] = json!(user.username);
        id["exp"] = json!(now_s + client.id_s());
        id["jti"] = json!(self.shared.ids.uuid());
        for (name, value) in user.attributes.iter().filter(|(name, _)| client.reads(name)) {
            id[name.as_str()] = match name.as_str() {
                "email_verified" | "phone_number_verified" => json!(value == "true"),
                "address" => json!({ "formatted": value }),
                _ => json!(value),
            };
        }
        let membership = Membership::of(&self.groups_by_precedence(pool, user));
        claims::adjust(self, (pool, user), cause, membership, (&mut access, &mut id))?;
        Ok(json!({
            "AccessToken": self.jwt(pool, &access)?,
            "IdToken": self.jwt(pool, &id)?,
            "ExpiresIn": client.access_s(),
            "TokenType": "Bearer",
        }))
    }

    pub(super) fn jwt(&self, pool: &Pool, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "kid": self.keys.id(&pool.id)?, "alg": "RS256" });
        let head = URL_SAFE_NO_PAD.encode(header.to_string());
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.keys.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Checks a JWT of any pool, and that its sign-in still stands. `what` names the token in the refusal: `Access Token`,
    /// `token`.
    pub(super) fn verify(&self, token: &str, what: &str) -> Result<Claims, ApiError> {
        let claims = self.verify_alone(token, what)?;
        let origin = claims.all.get("origin_jti").and_then(Value::as_str).unwrap_or_default();
        let session = self.sessions.get(&format!("{}/{origin}", claims.sub)).filter(|session| !session.revoked);
        if session.is_none_or(|session| session.pool_id != claims.pool_id) {
            let what = if what == "token" { "Token" } else { what };
            return Err(not_authorized(format!("{what} has been revoked")));
        }
        Ok(claims)
    }

    /// Checks a JWT by itself: signature, issuer, `token_use`, expiry.
    pub(super) fn verify_alone(&self, token: &str, what: &str) -> Result<Claims, ApiError> {
        let invalid = || not_authorized(format!("Invalid {what}"));
        let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
        let (head, body) = signed.split_once('.').ok_or_else(invalid)?;
        let json = |part: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (head, all) = (json(head).ok_or_else(invalid)?, json(body).ok_or_else(invalid)?);
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let issuer = text("iss").ok_or_else(invalid)?;
        let pool_id = issuer.rsplit('/').next().unwrap_or_default().to_owned();
        self.pools.get(&pool_id).filter(|_| issuer == self.issuer(&pool_id)).ok_or_else(invalid)?;
        let key_id = self.keys.id(&pool_id)?;
        let names_our_key = head.get("alg").is_some_and(|value| value == "RS256")
            && head.get("kid").is_some_and(|value| *value == key_id);
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid())?;
        if !names_our_key || !self.keys.admits(signed.as_bytes(), &signature)? {
            return Err(invalid());
        }
        let expires_s = all.get("exp").and_then(Value::as_i64).ok_or_else(invalid)?;
        if expires_s <= self.shared.clock.now_s() {
            let what = if what == "token" { "Token" } else { what };
            return Err(not_authorized(format!("{what} has expired")));
        }
        let token_use = text("token_use").ok_or_else(invalid)?;
        let (client, username) = match token_use.as_str() {
            "access" => ("client_id", "username"),
            "id" => ("aud", "cognito:username"),
            _ => return Err(invalid()),
        };
        let groups = all.get("cognito:groups").and_then(Value::as_array).into_iter().flatten();
        Ok(Claims {
            pool_id,
            client_id: text(client).ok_or_else(invalid)?,
            token_use,
            username: text(username).ok_or_else(invalid)?,
            sub: text("sub").ok_or_else(invalid)?,
            groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
            all,
        })
    }

    /// The sign-in of a refresh token, with its key; refuses foreign, false, old and revoked ones.
    fn session_of(&self, token: &str, client: &Client) -> Result<(String, Session), ApiError> {
        let invalid = || not_authorized("Invalid Refresh Token");
        let (place, random) = token.split_once('.').ok_or_else(invalid)?;
        let place = URL_SAFE_NO_PAD.decode(place).ok().and_then(|place| String::from_utf8(place).ok());
        let place = place.ok_or_else(invalid)?;
        let random = URL_SAFE_NO_PAD.decode(random).map_err(|_| invalid())?;
        let session = self.sessions.get(&place).filter(|session| session.client_id == client.id).ok_or_else(invalid)?;
        let hash = hex::encode(Sha256::digest(random));
        if same(hash.as_bytes(), session.refresh_hash.as_bytes()) { Ok((place, session)) } else { Err(invalid()) }
    }

    /// New id and access tokens for a refresh token.
    pub(super) fn refresh(
        &self,
        pool: &Pool,
        client: &Client,
        token: &str,
        origin: Origin<'_>,
    ) -> Result<(User, Value), ApiError> {
        let (place, session) = self.session_of(token, client)?;
        if session.revoked {
            return Err(not_authorized("Refresh Token has been revoked"));
        }
        if session.expires_ms <= self.shared.clock.now_ms() {
            return Err(not_authorized("Refresh Token has expired"));
        }
        let user = self.user(pool, &session.username).map_err(|_| not_authorized("Invalid Refresh Token"))?;
        if !user.enabled {
            return Err(not_authorized("User is disabled."));
        }
        let sign_in = (place.rsplit('/').next().unwrap_or_default(), session.auth_time_s);
        let cause = Cause { source: "TokenGeneration_RefreshTokens", origin };
        let result = self.tokens((pool, client, &user), sign_in, cause)?;
        Ok((user, result))
    }

    /// Ends the sign-in of a refresh token. One that is not ours is no error, as RFC 7009 says.
    pub(super) fn revoke(&self, client: &Client, token: &str) -> Result<(), ApiError> {
        if let Ok((place, mut session)) = self.session_of(token, client) {
            session.revoked = true;
            self.sessions.put(&place, &session)?;
        }
        Ok(())
    }

    /// Ends every sign-in of a user.
    pub(super) fn sign_out(&self, user: &User) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        for (key, mut session) in self.sessions.starting_with(&format!("{}/", user.sub)) {
            session.revoked = true;
            self.sessions.add(&mut batch, &key, &session);
        }
        Ok(self.shared.store.commit(batch)?)
    }
}
