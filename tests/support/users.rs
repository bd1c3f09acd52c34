//! A user of an app: signs up, reads the mailbox, signs in by SRP as client libraries do.

use num_bigint::BigUint;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{send, target};

/// The 3072-bit group of RFC 3526, which Cognito uses.
const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

pub(crate) const PASSWORD: &str = "Correct-horse-7";

/// What a sign-in gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub id: String,
    pub refresh: String,
}

/// The ids of a deployed user pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub endpoint: String,
    pub id: String,
    pub client: String,
}

impl Pool {
    /// From the client configuration and the address of the cloud.
    pub(crate) fn of(endpoint: &str, outputs: &Value) -> Self {
        let text = |key: &str| outputs["auth"][key].as_str().unwrap_or_else(|| panic!("no auth.{key}")).to_owned();
        Self { endpoint: endpoint.to_owned(), id: text("user_pool_id"), client: text("user_pool_client_id") }
    }

    /// An action of the user pool service.
    pub(crate) fn call(&self, action: &str, input: &Value) -> super::http::Answer {
        target(&self.endpoint, &format!("AWSCognitoIdentityProviderService.{action}"), input)
    }

    /// The newest code that was sent to an address.
    pub(crate) fn code(&self, to: &str) -> String {
        let inbox = send(&self.endpoint, "GET", &format!("/_ampup/mailbox?userPoolId={}", self.id), &[], b"").json();
        let messages = inbox["messages"].as_array().unwrap();
        let message =
            messages.iter().find(|message| message["to"] == to).unwrap_or_else(|| panic!("no message to {to}"));
        message["code"].as_str().unwrap().to_owned()
    }

    /// Signs a user up with the code from the mailbox.
    pub(crate) fn sign_up(&self, email: &str) {
        self.sign_up_as(email, email);
    }

    /// The same in a pool whose users are known by names.
    pub(crate) fn sign_up_as(&self, username: &str, email: &str) {
        let input = json!({
            "ClientId": self.client, "Username": username, "Password": PASSWORD,
            "UserAttributes": [{ "Name": "email", "Value": email }],
        });
        let answer = self.call("SignUp", &input);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let input = json!({ "ClientId": self.client, "Username": username, "ConfirmationCode": self.code(email) });
        let answer = self.call("ConfirmSignUp", &input);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Signs a user in by SRP.
    pub(crate) fn sign_in(&self, email: &str) -> Tokens {
        let answer = self.try_sign_in(email, PASSWORD);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let result = answer.json()["AuthenticationResult"].clone();
        let text = |key: &str| result[key].as_str().unwrap_or_else(|| panic!("no {key} in {result}")).to_owned();
        Tokens { access: text("AccessToken"), id: text("IdToken"), refresh: text("RefreshToken") }
    }

    /// The last answer of an SRP sign-in.
    pub(crate) fn try_sign_in(&self, email: &str, password: &str) -> super::http::Answer {
        let prime = BigUint::parse_bytes(PRIME.as_bytes(), 16).unwrap();
        let generator = BigUint::from(2_u8);
        let a = BigUint::from_bytes_be(&Sha256::digest(format!("{email}{password}{:?}", std::time::Instant::now())));
        let big_a = generator.modpow(&a, &prime);
        let input = json!({
            "AuthFlow": "USER_SRP_AUTH", "ClientId": self.client,
            "AuthParameters": { "USERNAME": email, "SRP_A": big_a.to_str_radix(16) },
        });
        let first = self.call("InitiateAuth", &input);
        if first.status != 200 {
            return first;
        }
        let challenge = first.json();
        assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
        let parameters = &challenge["ChallengeParameters"];
        let text = |key: &str| parameters[key].as_str().unwrap().to_owned();
        let big_b = BigUint::parse_bytes(text("SRP_B").as_bytes(), 16).unwrap();
        let salt = BigUint::parse_bytes(text("SALT").as_bytes(), 16).unwrap();
        let user = text("USER_ID_FOR_SRP");
        let pool_name = self.id.split_once('_').unwrap().1;
        let u = number(&[&padded(&big_a), &padded(&big_b)]);
        let k = number(&[&padded(&prime), &padded(&generator)]);
        let inner = Sha256::digest(format!("{pool_name}{user}:{password}"));
        let x = number(&[&padded(&salt), &inner]);
        let base = (&big_b + &prime * &k - (&k * generator.modpow(&x, &prime)) % &prime) % &prime;
        let shared = base.modpow(&(&a + &u * &x), &prime);
        let mut key = [0; 16];
        hkdf::Hkdf::<Sha256>::new(Some(&padded(&u)), &padded(&shared))
            .expand(b"Caldera Derived Key", &mut key)
            .unwrap();
        let block = text("SECRET_BLOCK");
        let timestamp = jiff::Timestamp::now().strftime("%a %b %-d %H:%M:%S UTC %Y").to_string();
        let message = [pool_name.as_bytes(), user.as_bytes(), &decode(&block), timestamp.as_bytes()].concat();
        let signature = super::sigv4::hmac(&key, &message);
        let input = json!({
            "ChallengeName": "PASSWORD_VERIFIER", "ClientId": self.client, "Session": challenge["Session"],
            "ChallengeResponses": {
                "USERNAME": user, "PASSWORD_CLAIM_SECRET_BLOCK": block, "TIMESTAMP": timestamp,
                "PASSWORD_CLAIM_SIGNATURE": encode(&signature),
            },
        });
        self.call("RespondToAuthChallenge", &input)
    }
}

/// Bytes with a zero in front when the first bit is set, as Cognito hashes numbers.
fn padded(value: &BigUint) -> Vec<u8> {
    let mut bytes = value.to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    bytes
}

fn number(parts: &[&[u8]]) -> BigUint {
    BigUint::from_bytes_be(&Sha256::digest(parts.concat()))
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
