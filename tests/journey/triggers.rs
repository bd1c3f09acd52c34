//! Everything that makes a function run, in two languages: each function writes what it was told into a table, with the
//! rights of its own role.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::files::file;
use crate::support::http::{send, split_url};
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{Key, call, sign_method};
use crate::support::users::Pool;

/// How long what happens by itself may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The functions, with the runtime and the code of each.
const FUNCTIONS: [(&str, &str, &str, &str); 2] = [
    ("clerk", "nodejs22.x", "index.mjs", include_str!("recorder/index.mjs")),
    ("scribe", "python3.13", "index.py", include_str!("recorder/index.py")),
];

/// What both may and what makes both run; `{…}` differs.
const SETTINGS: &str = r#"
[resources.{name}]
kind = "function"
runtime = "{runtime}"
timeout = 5
access = ["results:write", "{name}:send"]
triggers = ["uploads/{name}/:upload", "orders:change", "queue", "auth:{moment}"]
schedules = ["at({when})"]
url = "{url}"
environment = { WHO = "{name}" }
"#;

const AROUND: &str = r#"
[resources.auth]
kind = "auth"
[resources.uploads]
kind = "storage"
bucket = { keep = false }
[resources.orders]
kind = "storage"
table = { key = "id", keep = false }
[resources.results]
kind = "storage"
table = { key = "id", keep = false }
"#;

/// The running project.
struct Office {
    endpoint: String,
    sandbox: Sandbox,
    results: String,
}

impl Office {
    /// The answer of a JSON service to the account's root.
    fn root(&self, service: &str, target: &str, input: &Value) -> Value {
        let answer = call(&self.endpoint, &Key::root(), service, target, input);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    }

    /// The name of a table, by the beginning of it.
    fn table(&self, resource: &str) -> String {
        let listed = self.root("dynamodb", "DynamoDB_20120810.ListTables", &json!({}));
        let names = listed["TableNames"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let mut found = names.filter(|name| name.to_lowercase().contains(resource));
        found.next().unwrap_or_else(|| panic!("no table {resource} in {listed}")).to_owned()
    }

    fn put(&self, table: &str, id: &str) {
        let input = json!({ "TableName": table, "Item": { "id": { "S": id } } });
        self.root("dynamodb", "DynamoDB_20120810.PutItem", &input);
    }

    /// What a function noted, with the number of times; none when it has noted nothing.
    fn noted(&self, id: &str) -> Option<(Value, u32)> {
        let input = json!({ "TableName": self.results, "Key": { "id": { "S": id } }, "ConsistentRead": true });
        let item = self.root("dynamodb", "DynamoDB_20120810.GetItem", &input)["Item"].clone();
        let event = serde_json::from_str(item["event"]["S"].as_str()?).unwrap();
        Some((event, item["tries"]["N"].as_str().unwrap().parse().unwrap()))
    }

    /// Waits until a function has noted something, so many times.
    fn wait(&self, id: &str, tries: u32) -> Value {
        let began = Instant::now();
        loop {
            match self.noted(id) {
                Some((event, count)) if count >= tries => return event,
                found => assert!(began.elapsed() < PATIENCE, "{id}: {found:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The name in the cloud of a function.
    fn function(&self, name: &str) -> String {
        let path = "/2015-03-31/functions";
        let listed = self.signed("lambda", "GET", path, b"");
        let functions = listed["Functions"].as_array().unwrap().iter();
        let mut names = functions.map(|one| one["FunctionName"].as_str().unwrap());
        names.find(|one| one.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {listed}")).to_owned()
    }

    fn signed(&self, service: &str, method: &str, path: &str, body: &[u8]) -> Value {
        let host = self.endpoint.trim_start_matches("http://");
        let headers = sign_method(&Key::root(), service, host, (method, path), &[], body);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = send(&self.endpoint, method, path, &headers, body);
        assert_eq!(answer.status / 100, 2, "{path}: {}", answer.text());
        answer.json()
    }

    /// The address of a function's queue.
    fn queue(&self, name: &str) -> String {
        let input = json!({ "QueueName": self.function(name) });
        self.root("sqs", "AmazonSQS.GetQueueUrl", &input)["QueueUrl"].as_str().unwrap().to_owned()
    }
}

fn deploy() -> (Office, crate::support::sandbox::Dev) {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "office", "--target", "local"]).ok();
    // Late enough that everything stands by then.
    let when = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(15);
    let when = when.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let mut manifest = sandbox.read("ampup.toml") + AROUND;
    for ((name, runtime, path, code), (moment, url)) in
        FUNCTIONS.into_iter().zip([("post-confirmation", "public"), ("pre-sign-up", "iam")])
    {
        sandbox.write(&format!("ampup/function/{name}/{path}"), code);
        let words = [("name", name), ("runtime", runtime), ("moment", moment), ("url", url), ("when", &when)];
        manifest +=
            &words.iter().fold(SETTINGS.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value));
    }
    sandbox.write("ampup.toml", &manifest);
    let dev = sandbox.dev();
    // `dev` goes on when a deployment is refused; this tells why.
    let _ = sandbox.run(&["push", "--yes"]).ok();
    let mut office = Office { endpoint: dev.endpoint.clone(), sandbox, results: String::new() };
    office.results = office.table("results");
    (office, dev)
}

#[test]
fn functions_run_for_every_trigger_with_their_own_rights() {
    let (office, _dev) = deploy();
    let outputs = office.sandbox.outputs();
    let bucket = outputs["storage"]["bucket_name"].as_str().unwrap();
    let orders = office.table("orders");

    // One item that both take at once, one that both fail on the first time.
    office.put(&orders, "chair");
    office.put(&orders, "twice-table");
    for (name, ..) in FUNCTIONS {
        let put = file(&office.endpoint, &Key::root(), "PUT", &format!("/{bucket}/{name}/a%20face.txt"), b"face");
        assert_eq!(put.status, 200, "{}", put.text());
        let queue = office.queue(name);
        for body in [r#"{"name":"letter"}"#, r#"{"name":"twice-letter"}"#] {
            office.root("sqs", "AmazonSQS.SendMessage", &json!({ "QueueUrl": queue, "MessageBody": body }));
        }
    }
    for (name, ..) in FUNCTIONS {
        let uploaded = office.wait(&format!("{name}/file/ObjectCreated:Put/{name}/a+face.txt"), 1);
        assert_eq!(uploaded["s3"]["bucket"]["name"], bucket);
        assert_eq!(uploaded["s3"]["object"]["size"], 4);
        let changed = office.wait(&format!("{name}/item/chair"), 1);
        assert_eq!((&changed["eventName"], &changed["eventSource"]), (&json!("INSERT"), &json!("aws:dynamodb")));
        assert_eq!(changed["dynamodb"]["NewImage"], json!({ "id": { "S": "chair" } }));
        office.wait(&format!("{name}/item/twice-table"), 2);
        let message = office.wait(&format!("{name}/message/letter"), 1);
        assert_eq!((&message["eventSource"], &message["body"]), (&json!("aws:sqs"), &json!(r#"{"name":"letter"}"#)));
    }
    users(&office, &outputs);
    addresses(&office);
    outcomes(&office);
    for (name, ..) in FUNCTIONS {
        // Another bucket's folder is not theirs.
        assert_eq!(office.noted(&format!("{name}/file/ObjectCreated:Put/other/a+face.txt")), None);
        let rung = office.wait(&format!("{name}/clock/aws.scheduler"), 1);
        assert_eq!(rung["detail-type"], "Scheduled Event");
        // A message that failed comes again, alone.
        office.wait(&format!("{name}/message/twice-letter"), 2);
        assert_eq!(office.noted(&format!("{name}/message/letter")).unwrap().1, 1);
    }
}

/// Cognito asks before and after a sign-up.
fn users(office: &Office, outputs: &Value) {
    let pool = Pool::of(&office.endpoint, outputs);
    pool.sign_up("ada@example.com");
    let asked = office.wait("scribe/user/PreSignUp_SignUp", 1);
    assert_eq!(asked["request"]["userAttributes"]["email"], "ada@example.com");
    let told = office.wait("clerk/user/PostConfirmation_ConfirmSignUp", 1);
    assert_eq!(told["userPoolId"], pool.id.as_str());
    let _ = pool.sign_in("ada@example.com");
}

/// Function URLs: one for everybody, one for signed requests.
fn addresses(office: &Office) {
    let url = |name: &str| {
        let path = format!("/2021-10-31/functions/{}/url", office.function(name));
        office.signed("lambda", "GET", &path, b"")["FunctionUrl"].as_str().unwrap().to_owned()
    };
    let host = |url: &str| split_url(url).0.trim_start_matches("http://").to_owned();
    let ask = |headers: &[(&str, &str)]| {
        let headers = [headers, &[("content-type", "text/plain")]].concat();
        send(&office.endpoint, "POST", "/visit", &headers, b"hello")
    };
    let (open, closed) = (host(&url("clerk")), host(&url("scribe")));
    let answer = ask(&[("host", &open)]);
    assert_eq!((answer.status, answer.text().as_str()), (201, "hello"), "{open}");
    assert_eq!(answer.header("x-who"), Some("clerk"));
    assert_eq!(office.wait("clerk/url//visit", 1)["requestContext"]["http"]["method"], "POST");
    assert_eq!(ask(&[("host", &closed)]).status, 403);
    assert_eq!(office.noted("scribe/url//visit"), None);
    let signed = sign_method(&Key::root(), "lambda", &closed, ("POST", "/visit"), &[], b"hello");
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = ask(&signed);
    assert_eq!((answer.status, answer.header("x-who")), (201, Some("scribe")), "{}", answer.text());
}

/// Invocations that nobody waits for: what came of them goes to a destination.
fn outcomes(office: &Office) {
    let function = office.function("clerk");
    let queue = format!("arn:aws:sqs:us-east-1:000000000000:{function}");
    let config = json!({
        "MaximumRetryAttempts": 0,
        "DestinationConfig": { "OnSuccess": { "Destination": queue }, "OnFailure": { "Destination": queue } },
    });
    let path = format!("/2019-09-25/functions/{function}/event-invoke-config");
    office.signed("lambda", "PUT", &path, config.to_string().as_bytes());
    let host = office.endpoint.trim_start_matches("http://");
    let path = format!("/2015-03-31/functions/{function}/invocations");
    for name in ["errand", "never-errand"] {
        let body = json!({ "name": name }).to_string();
        let event = [("x-amz-invocation-type", "Event")];
        let signed = sign_method(&Key::root(), "lambda", host, ("POST", &path), &event, body.as_bytes());
        let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(send(&office.endpoint, "POST", &path, &signed, body.as_bytes()).status, 202);
    }
    let done = office.wait("clerk/message/Success/errand", 1);
    let told: Value = serde_json::from_str(done["body"].as_str().unwrap()).unwrap();
    assert_eq!(told["responsePayload"], json!({ "done": "errand" }));
    let failed = office.wait("clerk/message/RetriesExhausted/never-errand", 1);
    let told: Value = serde_json::from_str(failed["body"].as_str().unwrap()).unwrap();
    assert_eq!(told["responsePayload"]["errorType"], "RangeError");
}
