//! A small OpenID Connect provider: a key set over HTTP, and tokens.

use std::io::{Read, Write};
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A provider on a port of its own; it listens until the test ends.
pub(crate) struct Issuer {
    pub address: String,
    key: EcdsaKeyPair,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = key.public_key().as_ref().to_vec();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk =
            json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": part(&point[1..33]), "y": part(&point[33..]) });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let configuration = json!({ "issuer": address, "jwks_uri": format!("{address}/keys") });
        let keys = json!({ "keys": [jwk] });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut head = [0; 2048];
                let read = stream.read(&mut head).unwrap_or(0);
                let wants_keys = head[..read].starts_with(b"GET /keys ");
                let body = if wants_keys { keys.to_string() } else { configuration.to_string() };
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { address, key }
    }

    /// A token with these claims besides the usual ones.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut all = json!({ "iss": self.address, "aud": "web", "iat": now, "exp": now + 3600 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": "k1" })), part(&all));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}
