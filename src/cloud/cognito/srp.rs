//! Secure Remote Password as Cognito speaks it: 3,072-bit group, SHA-256, its own padding and key derivation.
//!
//! Only the server's half. It stores no password and sees none in this flow.

use std::sync::LazyLock;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The prime of RFC 3526's group 15.
pub(super) static PRIME: LazyLock<BigUint> = LazyLock::new(|| {
    const HEX: &[u8] = b"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB\
9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718\
3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33\
A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864\
D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2\
08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";
    BigUint::parse_bytes(HEX, 16).expect("the constant is hexadecimal")
});

static GENERATOR: LazyLock<BigUint> = LazyLock::new(|| BigUint::from(2_u8));

/// `k`, the multiplier.
static MULTIPLIER: LazyLock<BigUint> = LazyLock::new(|| hash_number(&[&padded(&PRIME), &padded(&GENERATOR)]));

/// What is stored of a password: enough to check it, not to know it. Its cost to a thief is that of one SHA-256 and
/// one exponentiation per guess, and the protocol fixes that; a slow hash beside it would not raise the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verifier {
    /// 16 random bytes, hexadecimal.
    pub salt: String,
    /// `g^x mod N`, hexadecimal.
    pub value: String,
}

impl Verifier {
    /// The verifier of a password. `identity` is the pool's id after its region, then the username.
    pub(super) fn of(identity: &str, password: &str, salt: [u8; 16]) -> Self {
        let salt_number = BigUint::from_bytes_be(&salt);
        let inner = Sha256::digest(format!("{identity}:{password}"));
        let x = hash_number(&[&padded(&salt_number), &inner]);
        Self { salt: salt_number.to_str_radix(16), value: GENERATOR.modpow(&x, &PRIME).to_str_radix(16) }
    }

    /// Whether a password is the one, in time that does not tell how near it was.
    pub(super) fn admits(&self, identity: &str, password: &str) -> bool {
        let salt = BigUint::parse_bytes(self.salt.as_bytes(), 16).unwrap_or_default().to_bytes_be();
        let mut bytes = [0; 16];
        let start = bytes.len().saturating_sub(salt.len());
        bytes[start..].copy_from_slice(&salt[salt.len().saturating_sub(16)..]);
        let other = Self::of(identity, password, bytes);
        ring::constant_time::verify_slices_are_equal(&digest(&self.value), &digest(&other.value)).is_ok()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// The server's side of one sign-in.
#[derive(Clone)]
pub(super) struct Exchange {
    /// The client's public value.
    client_public: BigUint,
    secret: BigUint,
    pub server_public: BigUint,
    verifier: BigUint,
}

impl Exchange {
    /// Answers the client's public value; `None` when it is not a number or a multiple of the prime, which would make
    /// the key known to all.
    pub(super) fn begin(client_public: &str, verifier: &Verifier, secret: &[u8; 32]) -> Option<Self> {
        let client_public = BigUint::parse_bytes(client_public.as_bytes(), 16)?;
        if client_public.bits() > 2 * PRIME.bits() || (&client_public % &*PRIME) == BigUint::ZERO {
            return None;
        }
        let verifier = BigUint::parse_bytes(verifier.value.as_bytes(), 16)?;
        let secret = BigUint::from_bytes_be(secret);
        let server_public = (&*MULTIPLIER * &verifier + GENERATOR.modpow(&secret, &PRIME)) % &*PRIME;
        Some(Self { client_public, secret, server_public, verifier })
    }

    /// Whether the client's claim proves that it knows the password.
    pub(super) fn admits(&self, claim: &Claim<'_>) -> bool {
        let scrambler = hash_number(&[&padded(&self.client_public), &padded(&self.server_public)]);
        if scrambler == BigUint::ZERO {
            return false;
        }
        let base = &self.client_public * self.verifier.modpow(&scrambler, &PRIME) % &*PRIME;
        let shared = base.modpow(&self.secret, &PRIME);
        let key = derived_key(&shared, &scrambler);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(claim.identity.as_bytes());
        mac.update(claim.secret_block);
        mac.update(claim.timestamp.as_bytes());
        // `verify_slice` compares in constant time.
        mac.verify_slice(claim.signature).is_ok()
    }
}

/// What a client sends to prove that it knows the password.
pub(super) struct Claim<'a> {
    /// The pool's id after its region, then the username.
    pub identity: &'a str,
    pub secret_block: &'a [u8],
    /// `Mon Nov 2 03:04:05 UTC 2026`.
    pub timestamp: &'a str,
    pub signature: &'a [u8],
}

/// The 16 bytes that both sides derive from the shared number.
pub(super) fn derived_key(shared: &BigUint, scrambler: &BigUint) -> [u8; 16] {
    let mut key = [0; 16];
    Hkdf::<Sha256>::new(Some(&padded(scrambler)), &padded(shared))
        .expand(b"Caldera Derived Key", &mut key)
        .expect("16 bytes are within what HKDF can give");
    key
}

/// Big-endian bytes with a zero in front when the first bit is set: Cognito's clients hash signed numbers.
pub(super) fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}

pub(super) fn hash_number(parts: &[&[u8]]) -> BigUint {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    BigUint::from_bytes_be(&hash.finalize())
}
