//! The key that signs tokens: one RSA pair for the installation, made once and in the background.
//!
//! Making a pair takes longer than starting the cloud may, so no start waits for it: the first signature does, when it
//! comes before the pair is there. All pools share the pair, each under a key id of its own; a token is accepted only
//! when its issuer and its key id name the same pool.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::base::{Ids, RandomIds};
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;

/// Bits of the modulus, as in Cognito's keys.
const BITS: usize = 2048;

/// The row that holds the pair.
const ROW: &str = "installation";

/// The signing pair, which may still be in the making.
pub(super) struct Keys {
    shared: Arc<Shared>,
    /// The pair in PKCS #8, in Base64.
    rows: Table<String>,
    pair: OnceLock<Result<RsaKeyPair, String>>,
}

impl Keys {
    /// Reads the pair, or starts to make it on a thread of its own.
    pub(super) fn open(shared: &Arc<Shared>) -> Arc<Self> {
        let rows = Table::new(Arc::clone(&shared.store), "cognito-keys");
        let keys = Arc::new(Self { shared: Arc::clone(shared), rows, pair: OnceLock::new() });
        let maker = Arc::clone(&keys);
        std::thread::spawn(move || {
            if let Err(error) = maker.pair() {
                tracing::error!(%error, "no key for tokens");
            }
        });
        keys
    }

    /// The pair; waits when another thread is making it.
    fn pair(&self) -> Result<&RsaKeyPair, ApiError> {
        let made = self.pair.get_or_init(|| {
            let stored = self.rows.get(ROW).and_then(|text| STANDARD.decode(text).ok());
            let pair = stored.and_then(|document| RsaKeyPair::from_pkcs8(&document).ok());
            pair.map_or_else(|| self.make(), Ok)
        });
        made.as_ref().map_err(|reason| ApiError::new("InternalErrorException", reason.clone()).status(500))
    }

    fn make(&self) -> Result<RsaKeyPair, String> {
        let private =
            rsa::RsaPrivateKey::new(&mut Random(RandomIds::default()), BITS).map_err(|error| error.to_string())?;
        let document = private.to_pkcs8_der().map_err(|error| error.to_string())?;
        self.rows.put(ROW, &STANDARD.encode(document.as_bytes())).map_err(|error| error.to_string())?;
        RsaKeyPair::from_pkcs8(document.as_bytes()).map_err(|error| error.to_string())
    }

    /// Signs with RS256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ApiError> {
        let pair = self.pair()?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| ApiError::new("InternalErrorException", "the token could not be signed").status(500))?;
        Ok(signature)
    }

    /// Whether a signature is ours.
    pub(super) fn admits(&self, message: &[u8], signature: &[u8]) -> Result<bool, ApiError> {
        let public = self.pair()?.public_key();
        let key = ring::signature::UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        Ok(key.verify(message, signature).is_ok())
    }

    /// The id of the pair in one pool.
    pub(super) fn id(&self, pool_id: &str) -> Result<String, ApiError> {
        let public = self.pair()?.public_key();
        let digest = Sha256::new().chain_update(pool_id).chain_update(b"\0").chain_update(public.as_ref()).finalize();
        Ok(STANDARD.encode(digest))
    }

    /// The key set of one pool.
    pub(super) fn jwks(&self, pool_id: &str) -> Result<Value, ApiError> {
        let id = self.id(pool_id)?;
        let public = PublicKeyComponents::<Vec<u8>>::from(self.pair()?.public());
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(json!({ "keys": [{
            "alg": "RS256",
            "e": number(&public.e),
            "kid": id,
            "kty": "RSA",
            "n": number(&public.n),
            "use": "sig",
        }] }))
    }
}

/// Our source of random bytes in the form that the key maker wants. Always the strong one: a source that a test has
/// fixed is not for keys, and this thread would take its ids out of order.
struct Random(RandomIds);

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
