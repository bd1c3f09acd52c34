//! Secrets made, read by stage, sealed, deleted and made by stacks.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::SecretsManager;
use super::generate::password;
use crate::base::{FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::service::{
    Access, ApiCall, ApiError, CallContext, Caller, ReplyBody, ResourceRequest, Service as _, Shared,
};
use crate::cloud::store::Store as _;
use crate::cloud::store::memory::MemoryStore;

struct World {
    secrets: Arc<SecretsManager>,
    store: Arc<MemoryStore>,
    clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(FixedClock::at(1_767_225_600_000));
        let shared = Arc::new(Shared {
            store: Arc::clone(&store) as Arc<dyn crate::cloud::store::Store>,
            clock: Arc::clone(&clock) as Arc<dyn crate::base::Clock>,
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        Self { secrets: Arc::new(SecretsManager::new(shared)), store, clock, _folder: folder }
    }

    async fn call(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        match self.secrets.call(&CallContext { caller: Caller::Root }, call(action, input)).await?.body {
            ReplyBody::Json(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    async fn ok(&self, action: &str, input: Value) -> Value {
        self.call(action, input.clone()).await.unwrap_or_else(|error| panic!("{action} {input}: {error}"))
    }

    async fn code(&self, action: &str, input: Value) -> String {
        self.call(action, input).await.unwrap_err().code
    }
}

fn call(action: &str, input: Value) -> ApiCall {
    ApiCall {
        action: action.to_owned(),
        method: Method::POST,
        path: "/".to_owned(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        input,
        body: Vec::new().into(),
    }
}

#[tokio::test]
async fn values_move_from_stage_to_stage() {
    let world = World::new();
    let made = world.ok("CreateSecret", json!({"Name": "app/db", "SecretString": "one", "Description": "d"})).await;
    let arn = made["ARN"].as_str().unwrap();
    let prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-";
    assert!(arn.starts_with(prefix) && arn.len() == prefix.len() + 6, "{arn}");
    let put = world.ok("PutSecretValue", json!({"SecretId": "app/db", "SecretString": "two"})).await;
    assert_eq!(put["VersionStages"], json!(["AWSCURRENT"]));
    for (more, wanted) in [
        (json!({}), "two"),
        (json!({"VersionStage": "AWSPREVIOUS"}), "one"),
        (json!({"VersionId": made["VersionId"]}), "one"),
    ] {
        for id in ["app/db", arn, &arn[..arn.len() - 7]] {
            let mut input = more.clone();
            input["SecretId"] = json!(id);
            assert_eq!(world.ok("GetSecretValue", input).await["SecretString"], wanted, "{id} {more}");
        }
    }
    world.ok("UpdateSecret", json!({"SecretId": arn, "SecretBinary": "AAE=", "Description": "e"})).await;
    let read = world.ok("GetSecretValue", json!({"SecretId": arn})).await;
    assert_eq!((&read["SecretBinary"], &read["SecretString"]), (&json!("AAE="), &Value::Null));
    assert_eq!(
        world.code("GetSecretValue", json!({"SecretId": arn, "VersionId": made["VersionId"]})).await,
        "ResourceNotFoundException"
    );
    let described = world.ok("DescribeSecret", json!({"SecretId": arn})).await;
    assert_eq!(
        (&described["Description"], described["VersionIdsToStages"].as_object().unwrap().len()),
        (&json!("e"), 2)
    );
    let rows = world.store.range("secretsmanager.secret", b"");
    let row = String::from_utf8_lossy(&rows[0].1);
    assert!(!row.contains("\"two\"") && !row.contains("AAE="), "{row}");
    let token = "x".repeat(32);
    let twice = json!({"SecretId": arn, "SecretString": "three", "ClientRequestToken": token});
    let first = world.ok("PutSecretValue", twice.clone()).await;
    assert_eq!(world.ok("PutSecretValue", twice.clone()).await["VersionId"], first["VersionId"]);
    let mut other = twice;
    other["SecretString"] = json!("four");
    assert_eq!(world.code("PutSecretValue", other).await, "ResourceExistsException");
}

#[tokio::test]
async fn secrets_that_are_deleted_can_be_had_back_for_a_while() {
    let world = World::new();
    world.ok("CreateSecret", json!({"Name": "s", "SecretString": "x"})).await;
    assert_eq!(world.code("CreateSecret", json!({"Name": "s"})).await, "ResourceExistsException");
    assert_eq!(
        world.code("DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 3})).await,
        "InvalidParameterException"
    );
    world.ok("DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 7})).await;
    assert_eq!(world.code("GetSecretValue", json!({"SecretId": "s"})).await, "InvalidRequestException");
    assert_eq!(world.code("CreateSecret", json!({"Name": "s"})).await, "InvalidRequestException");
    assert_eq!(world.ok("ListSecrets", json!({})).await["SecretList"], json!([]));
    world.ok("RestoreSecret", json!({"SecretId": "s"})).await;
    assert_eq!(world.ok("GetSecretValue", json!({"SecretId": "s"})).await["SecretString"], "x");
    world.ok("DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 7})).await;
    world.clock.advance(8 * 86_400_000);
    assert_eq!(world.code("DescribeSecret", json!({"SecretId": "s"})).await, "ResourceNotFoundException");
    world.ok("CreateSecret", json!({"Name": "s"})).await;
    assert_eq!(world.code("GetSecretValue", json!({"SecretId": "s"})).await, "ResourceNotFoundException");
    world.ok("DeleteSecret", json!({"SecretId": "s", "ForceDeleteWithoutRecovery": true})).await;
    assert_eq!(world.code("RotateSecret", json!({"SecretId": "s"})).await, "NotImplemented");
}

#[test]
fn passwords_follow_their_rules() {
    let ids = RandomIds::default();
    for (rules, length, allowed) in [
        (json!({}), 32, ""),
        (
            json!({"PasswordLength": "12", "ExcludePunctuation": "true", "ExcludeUppercase": true, "ExcludeLowercase": true}),
            12,
            "0123456789",
        ),
        (
            json!({"PasswordLength": 4, "ExcludeCharacters": "abcdefghijklmnopqrstuvwxy", "ExcludePunctuation": true,
            "ExcludeUppercase": true, "ExcludeNumbers": true}),
            4,
            "z",
        ),
    ] {
        let made = password(&ids, &rules).unwrap();
        assert_eq!(made.chars().count(), length, "{rules}");
        assert!(allowed.is_empty() || made.chars().all(|letter| allowed.contains(letter)), "{rules}: {made}");
    }
    for _ in 0..50 {
        let made = password(&ids, &json!({"PasswordLength": 4})).unwrap();
        let has = |test: fn(char) -> bool| made.chars().any(test);
        assert!(
            has(|l| l.is_ascii_uppercase())
                && has(|l| l.is_ascii_lowercase())
                && has(|l| l.is_ascii_digit())
                && has(|l| l.is_ascii_punctuation()),
            "{made}"
        );
    }
    for bad in [
        json!({"PasswordLength": 0}),
        json!({"PasswordLength": 3}),
        json!({"ExcludeUppercase": true, "ExcludeLowercase": true,
        "ExcludeNumbers": true, "ExcludePunctuation": true}),
    ] {
        assert!(password(&ids, &bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn callers_need_the_secret_by_its_whole_arn() {
    let world = World::new();
    let made = world.ok("CreateSecret", json!({"Name": "s"})).await;
    let context = CallContext { caller: Caller::Anonymous };
    let Access::Requires(needed) = world.secrets.access(&context, &call("GetSecretValue", json!({"SecretId": "s"})))
    else {
        panic!("a permission is needed")
    };
    assert_eq!(
        (needed[0].action.as_str(), json!(needed[0].resource)),
        ("secretsmanager:GetSecretValue", made["ARN"].clone())
    );
}

#[tokio::test]
async fn stacks_make_secrets_with_generated_values() {
    let world = World::new();
    let handler = Arc::clone(&world.secrets).resources().remove(0);
    let request = |properties: Value, previous: Option<Value>| ResourceRequest {
        stack_name: "s".to_owned(),
        logical_id: "Db".to_owned(),
        properties,
        previous,
        tags: Vec::new(),
    };
    let rules = json!({"SecretStringTemplate": "{\"username\": \"ada\"}", "GenerateStringKey": "password", "PasswordLength": 20});
    let properties = json!({"Name": "db", "GenerateSecretString": rules});
    let made = handler.create(&request(properties.clone(), None)).await.unwrap();
    let value =
        async || world.ok("GetSecretValue", json!({"SecretId": made.physical_id})).await["SecretString"].clone();
    let first = value().await;
    let document: Value = serde_json::from_str(first.as_str().unwrap()).unwrap();
    assert_eq!((&document["username"], document["password"].as_str().unwrap().chars().count()), (&json!("ada"), 20));
    let mut changed = properties.clone();
    changed["Description"] = json!("d");
    handler.update(&made, &request(changed.clone(), Some(properties))).await.unwrap();
    assert_eq!(value().await, first, "the value stays as long as its rules do");
    let given = json!({"Name": "db", "SecretString": "given"});
    handler.update(&made, &request(given, Some(changed))).await.unwrap();
    assert_eq!(value().await, "given");
    let both = json!({"SecretString": "x", "GenerateSecretString": {}});
    assert!(handler.create(&request(both, None)).await.is_err());
    for _ in 0..2 {
        handler.delete(&made, &request(json!({}), None)).await.unwrap();
    }
}

#[tokio::test]
async fn stages_move_from_version_to_version() {
    let world = World::new();
    let first = world.ok("CreateSecret", json!({"Name": "s", "SecretString": "1"})).await["VersionId"].clone();
    let second = world.ok("PutSecretValue", json!({"SecretId": "s", "SecretString": "2"})).await["VersionId"].clone();
    let held = async |stage: &str| {
        let found = world.call("GetSecretValue", json!({"SecretId": "s", "VersionStage": stage})).await;
        found.map(|found| found["SecretString"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let stage = |stage: &str, to: &Value, from: &Value| json!({"SecretId": "s", "VersionStage": stage, "MoveToVersionId": to, "RemoveFromVersionId": from});
    world.ok("UpdateSecretVersionStage", stage("mine", &first, &Value::Null)).await;
    assert_eq!(held("mine").await, "1");
    for (input, code) in [
        (stage("mine", &second, &Value::Null), "InvalidParameterException"),
        (stage("AWSCURRENT", &Value::Null, &second), "InvalidParameterException"),
        (stage("mine", &json!("none"), &first), "ResourceNotFoundException"),
    ] {
        assert_eq!(world.call("UpdateSecretVersionStage", input).await.unwrap_err().code, code);
    }
    world.ok("UpdateSecretVersionStage", stage("mine", &second, &first)).await;
    world.ok("UpdateSecretVersionStage", stage("AWSCURRENT", &first, &second)).await;
    assert_eq!(
        (held("mine").await, held("AWSCURRENT").await, held("AWSPREVIOUS").await),
        ("2".to_owned(), "1".to_owned(), "2".to_owned())
    );
    world.ok("UpdateSecretVersionStage", stage("mine", &Value::Null, &second)).await;
    assert_eq!(held("mine").await, "", "nobody holds it");
}
