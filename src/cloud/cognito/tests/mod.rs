//! A cloud of user pools in memory, and a client of its own that speaks to it.

mod account;
mod identity;
mod mfa;
mod parts;
mod signin;
mod stack;
mod token;
mod triggers;

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use num_bigint::BigUint;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::api::{Side, execute};
use super::srp::{PRIME, derived_key, hash_number, padded};
use super::{Cognito, Core};
use crate::base::{FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::memory::MemoryStore;
use crate::cloud::store::{Batch, Store};
use triggers::Script;

/// 2027-01-15.
const START_MS: i64 = 1_800_000_000_000;

const PASSWORD: &str = "Tr0ub4dor&3";

struct World {
    functions: Script,
    shared: Arc<Shared>,
    clock: Arc<FixedClock>,
    cognito: Arc<Cognito>,
}

/// One signing key for all tests: making one takes long.
fn signing_key() -> Vec<u8> {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let shared = shared(Arc::clone(&store), Arc::new(FixedClock::at(START_MS)));
        super::keys::Keys::open(&shared).sign(b"any").unwrap();
        store.get("cognito-keys", b"installation").unwrap()
    })
    .clone()
}

fn shared(store: Arc<dyn Store>, clock: Arc<FixedClock>) -> Arc<Shared> {
    Arc::new(Shared {
        store,
        clock,
        ids: Arc::new(RandomIds::default()),
        region: "eu-west-1".parse::<Region>().unwrap(),
        account: "000000000000",
        folder: std::path::PathBuf::new(),
        endpoint: "http://localhost:4700".to_owned(),
        feed: Feed::default(),
        outside: crate::base::ServiceEndpoints::default(),
    })
}

fn world() -> World {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let row = ("cognito-keys", b"installation".to_vec(), Some(signing_key()));
    store.commit(Batch { writes: vec![row] }).unwrap();
    open(store, Arc::new(FixedClock::at(START_MS)))
}

fn open(store: Arc<dyn Store>, clock: Arc<FixedClock>) -> World {
    let shared = shared(store, Arc::clone(&clock));
    let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
    let functions = Script::default();
    let cognito = Arc::new(Cognito::with(Arc::clone(&shared), iam, Box::new(functions.clone())));
    World { functions, shared, clock, cognito }
}

impl World {
    fn core(&self) -> &Core {
        &self.cognito.core
    }

    fn try_run(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        execute(self.core(), Side::UserPools, action, &input)
    }

    fn run(&self, action: &str, input: Value) -> Value {
        self.try_run(action, input).unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    /// The code and text of a refusal.
    fn refusal(&self, action: &str, input: Value) -> (String, String) {
        let error = self.try_run(action, input).expect_err(action);
        (error.code, error.message)
    }

    fn refuses(&self, action: &str, input: Value, code: &str, text: &str) {
        assert_eq!(self.refusal(action, input), (code.to_owned(), text.to_owned()), "{action}");
    }

    /// A pool with e-mail sign-in and a client with every flow.
    fn mail_pool(&self) -> App {
        self.app(
            json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
                        "UsernameConfiguration": {"CaseSensitive": false}}),
            json!({}),
        )
    }

    fn app(&self, pool: Value, client: Value) -> App {
        let mut input = json!({"PoolName": "people"});
        input.as_object_mut().unwrap().extend(pool.as_object().unwrap().clone());
        let pool = self.run("CreateUserPool", input)["UserPool"]["Id"].as_str().unwrap().to_owned();
        let mut input = json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": [
            "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]});
        input.as_object_mut().unwrap().extend(client.as_object().unwrap().clone());
        let made = self.run("CreateUserPoolClient", input);
        App { pool, client: made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned() }
    }

    fn code(&self, to: &str) -> String {
        self.cognito.mailbox(None, Some(to)).first().expect("a message").code.clone()
    }

    /// Signs up and confirms by the code in the mailbox.
    fn join(&self, app: &App, mail: &str) {
        self.run("SignUp", json!({"ClientId": app.client, "Username": mail, "Password": PASSWORD}));
        let code = self.code(mail);
        self.run("ConfirmSignUp", json!({"ClientId": app.client, "Username": mail, "ConfirmationCode": code}));
    }

    fn sign_in(&self, app: &App, name: &str) -> Value {
        self.run("InitiateAuth", by_password(app, name, PASSWORD))["AuthenticationResult"].clone()
    }

    /// The client's side of SRP: the first answer, and the second.
    fn srp(&self, app: &App, name: &str, password: &str) -> (Value, Result<Value, ApiError>) {
        let secret = BigUint::from_bytes_be(&Sha256::digest("client"));
        let public = BigUint::from(2_u8).modpow(&secret, &PRIME);
        let first = self.run(
            "InitiateAuth",
            json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": app.client,
            "AuthParameters": {"USERNAME": name, "SRP_A": public.to_str_radix(16)}}),
        );
        let given = &first["ChallengeParameters"];
        let text = |name: &str| given[name].as_str().unwrap().to_owned();
        let number = |name: &str| BigUint::parse_bytes(text(name).as_bytes(), 16).unwrap();
        let identity = format!("{}{}", app.pool.split_once('_').unwrap().1, text("USER_ID_FOR_SRP"));
        let server = number("SRP_B");
        let scrambler = hash_number(&[&padded(&public), &padded(&server)]);
        let x = hash_number(&[&padded(&number("SALT")), &Sha256::digest(format!("{identity}:{password}"))]);
        let k = hash_number(&[&padded(&PRIME), &padded(&BigUint::from(2_u8))]);
        // S = (B - k g^x) ^ (a + u x)
        let blinded = k * BigUint::from(2_u8).modpow(&x, &PRIME) % &*PRIME;
        let base = (server + &*PRIME - blinded) % &*PRIME;
        let key = derived_key(&base.modpow(&(secret + &scrambler * x), &PRIME), &scrambler);
        let timestamp = "Fri Jan 15 08:00:00 UTC 2027";
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(identity.as_bytes());
        mac.update(&STANDARD.decode(text("SECRET_BLOCK")).unwrap());
        mac.update(timestamp.as_bytes());
        let second = self.try_run(
            "RespondToAuthChallenge",
            json!({
            "ChallengeName": "PASSWORD_VERIFIER", "ClientId": app.client,
            "ChallengeResponses": {
                "USERNAME": text("USER_ID_FOR_SRP"), "TIMESTAMP": timestamp,
                "PASSWORD_CLAIM_SECRET_BLOCK": text("SECRET_BLOCK"),
                "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(mac.finalize().into_bytes()),
            }}),
        );
        (first, second)
    }
}

struct App {
    pool: String,
    client: String,
}

fn by_password(app: &App, name: &str, password: &str) -> Value {
    json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client,
           "AuthParameters": {"USERNAME": name, "PASSWORD": password}})
}

fn attribute<'a>(list: &'a Value, name: &str) -> Option<&'a str> {
    list.as_array().unwrap().iter().find(|one| one["Name"] == name)?["Value"].as_str()
}

fn claims(token: &Value) -> Value {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let body = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}
