//! Parcels that arrive, wait, are tried again, or end as dead letters; and a cloud for the tests of those who send them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{DeadLetter, Delivery, Parcel, Receiver, Retry, Sender};
use crate::base::{BoxFuture, FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Guest;
use crate::cloud::service::{
    ApiCall, ApiError, CallContext, Caller, Provisioned, ReplyBody, ResourceHandler, ResourceRequest, Service, Shared,
};
use crate::cloud::services::Services;
use crate::cloud::store::memory::MemoryStore;
use crate::cloud::store::{Batch, Store};

/// Whole services over a clock that is moved.
pub(in crate::cloud) struct World {
    pub services: Services,
    pub clock: Arc<FixedClock>,
    pub store: Arc<dyn Store>,
    pub folder: Arc<tempfile::TempDir>,
    stop: watch::Sender<bool>,
}

impl World {
    pub(in crate::cloud) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        // 2026-01-01T00:00:00Z.
        Self::over(Arc::new(MemoryStore::default()), Arc::new(FixedClock::at(1_767_225_600_000)), folder)
    }

    /// The same state after a restart.
    pub(in crate::cloud) fn again(self) -> Self {
        let Self { store, clock, folder, stop, .. } = self;
        stop.send(true).unwrap();
        Self::over(store, clock, folder)
    }

    fn over(store: Arc<dyn Store>, clock: Arc<FixedClock>, folder: Arc<tempfile::TempDir>) -> Self {
        let shared = Arc::new(Shared {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let services = Services::open(shared, None).unwrap();
        let (stop, stopped) = watch::channel(false);
        services.work(&stopped);
        Self { services, clock, store, folder, stop }
    }

    /// Lets those who work by themselves do what there is.
    pub(in crate::cloud) async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// A queue that the services may send to; gives its ARN.
    pub(in crate::cloud) async fn queue(&self, name: &str) -> String {
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        let services = ["events.amazonaws.com", "sns.amazonaws.com", "s3.amazonaws.com"];
        let policy = json!({"Statement": {
            "Effect": "Allow", "Principal": {"Service": services}, "Action": "sqs:SendMessage", "Resource": arn,
        }});
        let mut attributes = json!({"Policy": policy.to_string()});
        if name.strip_suffix(".fifo").is_some() {
            attributes["FifoQueue"] = json!("true");
        }
        let input = json!({"QueueName": name, "Attributes": attributes});
        self.services.sqs.request(&Caller::Root, "CreateQueue", &input).await.unwrap();
        arn
    }

    /// Takes every message out of a queue.
    pub(in crate::cloud) async fn messages(&self, arn: &str) -> Vec<Value> {
        self.settle().await;
        let url = self.services.sqs.url(arn).unwrap();
        let mut all = Vec::new();
        loop {
            let input = json!({
                "QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
            });
            let got = self.services.sqs.request(&Caller::Root, "ReceiveMessage", &input).await.unwrap();
            let Some(messages) = got["Messages"].as_array().cloned() else { return all };
            for message in messages {
                let gone = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
                self.services.sqs.request(&Caller::Root, "DeleteMessage", &gone).await.unwrap();
                all.push(message);
            }
        }
    }

    /// The bodies of the messages of a queue, as JSON where they are.
    pub(in crate::cloud) async fn bodies(&self, arn: &str) -> Vec<Value> {
        let text = |message: &Value| {
            let body = message["Body"].as_str().unwrap();
            serde_json::from_str(body).unwrap_or_else(|_| json!(body))
        };
        self.messages(arn).await.iter().map(text).collect()
    }

    /// A role that a service takes, with statements; gives its ARN.
    pub(in crate::cloud) async fn role(&self, name: &str, service: &str, statements: Value) -> String {
        let trust =
            json!({"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}});
        let properties = json!({
            "RoleName": name, "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}],
        });
        let handlers = Arc::clone(&self.services.iam).resources();
        make(handlers, "AWS::IAM::Role", properties).await.unwrap();
        format!("arn:aws:iam::000000000000:role/{name}")
    }
}

/// Carries out an action of a service for the root of the account.
pub(in crate::cloud) async fn run(service: &dyn Service, action: &str, input: Value) -> Result<Value, ApiError> {
    send(service, action, Method::POST, "/", input).await
}

/// Sends a request to a service.
pub(in crate::cloud) async fn send(
    service: &dyn Service,
    action: &str,
    method: Method,
    path: &str,
    input: Value,
) -> Result<Value, ApiError> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let call = ApiCall {
        action: action.to_owned(),
        method,
        path: path.to_owned(),
        query: crate::cloud::protocol::percent::decode_pairs(query),
        headers: HeaderMap::new(),
        body: input.to_string().into(),
        input,
    };
    match service.call(&CallContext { caller: Caller::Root }, call).await?.body {
        ReplyBody::Json(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

/// Makes a resource as a stack does.
pub(in crate::cloud) async fn make(
    handlers: Vec<Box<dyn ResourceHandler>>,
    kind: &str,
    properties: Value,
) -> Result<Provisioned, String> {
    let handler = handlers.into_iter().find(|handler| handler.kind() == kind).unwrap();
    handler.create(&request(properties)).await.map_err(|error| error.0)
}

/// What a stack asks of a handler.
pub(in crate::cloud) fn request(properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "app".to_owned(),
        logical_id: "Thing".to_owned(),
        properties,
        previous: None,
        tags: Vec::new(),
    }
}

fn parcel(target: &str) -> Parcel {
    Parcel {
        target: target.to_owned(),
        payload: "hello".to_owned(),
        options: Map::new(),
        sender: Sender {
            service: "events.amazonaws.com".to_owned(),
            source_arn: "arn:aws:events:us-east-1:000000000000:rule/r".to_owned(),
            role: None,
        },
        retry: Retry { tries: 2, age_ms: 3_600_000 },
        dead_letter: None,
    }
}

/// Fails so often before it takes.
struct Moody {
    left: AtomicU32,
    status: u16,
    taken: AtomicU32,
}

impl Receiver for Moody {
    fn takes(&self, arn: &str) -> bool {
        arn.starts_with("arn:moody")
    }

    fn check(&self, _arn: &str, _guest: &Guest<'_>) -> Result<(), ApiError> {
        Ok(())
    }

    fn receive<'a>(&'a self, _parcel: &'a Parcel, _guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                return Err(ApiError::new("Moody", "not now").status(self.status));
            }
            self.taken.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }
}

#[tokio::test]
async fn faults_pass_and_refusals_do_not() {
    let cases = [(2, 503, 1, 0), (3, 503, 0, 1), (1, 403, 0, 1), (2, 429, 1, 0)];
    for (failures, status, taken, dead) in cases {
        let world = World::new();
        let dead_queue = world.queue("dead").await;
        let shared = Arc::clone(&world.services.shared);
        let delivery = Delivery::new(shared, Arc::clone(&world.services.iam), Arc::clone(&world.services.sqs));
        let moody = Arc::new(Moody { left: failures.into(), status, taken: 0.into() });
        delivery.connect(vec![Arc::clone(&moody) as _]);
        let attributes = Some(BTreeMap::from([("RULE_ARN".to_owned(), "r".to_owned())]));
        let letter = DeadLetter { queue: dead_queue.clone(), body: "the event".to_owned(), attributes };
        let parcel = Parcel { dead_letter: Some(letter), ..parcel("arn:moody:x") };
        delivery.send(Batch::default(), vec![parcel]).unwrap();
        while let Some(due_ms) = delivery.work().await {
            let wait_ms = due_ms - crate::base::Clock::now_ms(&*world.clock);
            assert!((1..=600_000).contains(&wait_ms), "it waits longer each time: {wait_ms}");
            world.clock.advance(wait_ms);
        }
        assert_eq!(moody.taken.load(Ordering::SeqCst), taken, "{failures} times {status}");
        let letters = world.messages(&dead_queue).await;
        assert_eq!(letters.len(), dead, "{failures} times {status}");
        if let Some(letter) = letters.first() {
            assert_eq!(letter["Body"], "the event");
            assert_eq!(letter["MessageAttributes"]["TARGET_ARN"]["StringValue"], "arn:moody:x");
            let exhausted = &letter["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"];
            assert_eq!(exhausted == "MaximumRetryAttempts", status == 503, "{letter}");
        }
    }
}

#[tokio::test]
async fn what_was_kept_is_delivered_after_a_restart() {
    let world = World::new();
    let queue = world.queue("q").await;
    // Nobody has worked yet when the cloud ends.
    world.services.delivery.send(Batch::default(), vec![parcel(&queue)]).unwrap();
    let world = world.again();
    assert_eq!(world.bodies(&queue).await, [json!("hello")]);
    let world = world.again();
    assert!(world.bodies(&queue).await.is_empty(), "once is enough");
}

#[tokio::test]
async fn targets_that_nobody_receives_are_named() {
    let world = World::new();
    assert!(!world.services.delivery.takes("arn:aws:states:us-east-1:000000000000:stateMachine:m"));
    let guest = Guest::Caller(Caller::Root);
    let refusal = world.services.delivery.check("arn:aws:states:x:y:stateMachine:m", &guest).unwrap_err();
    assert!(refusal.message.contains("states"), "{refusal}");
}

#[tokio::test]
async fn uploads_reach_queues_topics_and_rules() {
    let world = World::new();
    let (direct, ruled, told) = (world.queue("direct").await, world.queue("ruled").await, world.queue("told").await);
    let topic = "arn:aws:sns:us-east-1:000000000000:uploads";
    let sns = Arc::clone(&world.services.sns);
    let policy = json!({"Statement": {
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
    }});
    run(&*sns, "CreateTopic", json!({"Name": "uploads", "Attributes": {"Policy": policy.to_string()}})).await.unwrap();
    let subscription = json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": told});
    run(&*sns, "Subscribe", subscription).await.unwrap();
    let events = Arc::clone(&world.services.eventbridge);
    let pattern = json!({"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos"]}}});
    run(&*events, "PutRule", json!({"Name": "r", "EventPattern": pattern.to_string()})).await.unwrap();
    run(&*events, "PutTargets", json!({"Rule": "r", "Targets": [{"Id": "q", "Arn": ruled}]})).await.unwrap();
    let configuration = json!({
        "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": direct}],
        "TopicConfigurations": [{"Event": "s3:ObjectRemoved:*", "Topic": topic}],
        "EventBridgeConfiguration": {},
    });
    let properties = json!({"BucketName": "photos", "NotificationConfiguration": configuration});
    make(Arc::clone(&world.services.s3).resources(), "AWS::S3::Bucket", properties).await.unwrap();
    // S3 says once that it may send.
    world.messages(&direct).await;
    world.messages(&told).await;
    for method in [Method::PUT, Method::DELETE] {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost".parse().unwrap());
        headers.insert("content-length", "5".parse().unwrap());
        let call = ApiCall {
            action: String::new(),
            body: if method == Method::PUT { "hello".into() } else { bytes::Bytes::new() },
            method,
            path: "/photos/a/b.jpg".to_owned(),
            query: Vec::new(),
            headers,
            input: Value::Null,
        };
        world.services.s3.call(&CallContext { caller: Caller::Root }, call).await.unwrap();
    }
    let got = world.bodies(&direct).await;
    assert_eq!((got.len(), &got[0]["Records"][0]["eventName"]), (1, &json!("ObjectCreated:Put")));
    let got = world.bodies(&ruled).await;
    let kinds: Vec<&Value> = got.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(kinds, ["Object Created", "Object Deleted"]);
    assert_eq!(got[0]["detail"]["object"]["key"], "a/b.jpg");
    let got = world.bodies(&told).await;
    assert_eq!((got.len(), &got[0]["Subject"]), (1, &json!("Amazon S3 Notification")));
    let closed = json!({"QueueName": "closed"});
    world.services.sqs.request(&Caller::Root, "CreateQueue", &closed).await.unwrap();
    let configuration = json!({"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": "arn:aws:sqs:us-east-1:000000000000:closed"}]});
    let properties = json!({"BucketName": "others", "NotificationConfiguration": configuration});
    let refusal = make(Arc::clone(&world.services.s3).resources(), "AWS::S3::Bucket", properties).await.unwrap_err();
    assert!(refusal.contains("Unable to validate the following destination configurations"), "{refusal}");
}

#[tokio::test]
async fn a_rule_invokes_a_function_that_lets_it_in() {
    let world = World::new();
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let dead = world.queue("dead").await;
    let events = Arc::clone(&world.services.eventbridge);
    run(&*events, "PutRule", json!({"Name": "r", "EventPattern": "{\"source\":[\"shop\"]}"})).await.unwrap();
    let target = json!({"Id": "f", "Arn": function, "DeadLetterConfig": {"Arn": dead}});
    run(&*events, "PutTargets", json!({"Rule": "r", "Targets": [target]})).await.unwrap();
    let entry = json!({"Source": "shop", "DetailType": "t", "Detail": "{}"});
    let put = async || run(&*events, "PutEvents", json!({"Entries": [entry.clone()]})).await.unwrap();
    put().await;
    let letters = world.messages(&dead).await;
    assert_eq!(letters[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS", "it is not there");
    let role =
        world.role("f", "lambda.amazonaws.com", json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})).await;
    let lambda = || Arc::clone(&world.services.lambda).resources();
    let code = json!({"ZipFile": "exports.handler = async (event) => event"});
    let properties =
        json!({"FunctionName": "f", "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": role, "Code": code});
    make(lambda(), "AWS::Lambda::Function", properties).await.unwrap();
    put().await;
    let letters = world.messages(&dead).await;
    assert_eq!(letters[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS");
    let permission = json!({
        "FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:events:us-east-1:000000000000:rule/r",
    });
    make(lambda(), "AWS::Lambda::Permission", permission).await.unwrap();
    put().await;
    assert!(world.messages(&dead).await.is_empty(), "the function has taken it");
    world.services.lambda.stop().await;
}
