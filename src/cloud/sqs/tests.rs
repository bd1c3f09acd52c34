//! Queues from the wire's side: time is moved, never slept.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::Sqs;
use crate::base::{FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::iam::{Guest, Iam, ServiceVisitor};
use crate::cloud::service::{
    ApiCall, ApiError, CallContext, Caller, Provisioned, ReplyBody, ResourceRequest, RoleSession, Service as _, Shared,
};
use crate::cloud::store::Store;
use crate::cloud::store::memory::MemoryStore;

struct World {
    sqs: Arc<Sqs>,
    iam: Arc<Iam>,
    clock: Arc<FixedClock>,
    store: Arc<dyn Store>,
}

impl World {
    fn new() -> Self {
        Self::over(Arc::new(MemoryStore::default()), Arc::new(FixedClock::at(1_700_000_000_000)))
    }

    fn over(store: Arc<dyn Store>, clock: Arc<FixedClock>) -> Self {
        let shared = Arc::new(Shared {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: std::env::temp_dir(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        Self { sqs: Arc::new(Sqs::new(shared, Arc::clone(&iam))), iam, clock, store }
    }

    async fn ask(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        self.sqs.request(&Caller::Root, action, &input).await
    }

    async fn run(&self, action: &str, input: Value) -> Value {
        self.ask(action, input).await.unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    async fn refusal(&self, action: &str, input: Value) -> String {
        self.ask(action, input).await.unwrap_err().code
    }

    async fn queue(&self, name: &str, attributes: Value) -> String {
        let made = self.run("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn send(&self, url: &str, body: &str) -> Value {
        self.run("SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await
    }

    async fn received(&self, url: &str, more: Value) -> Vec<Value> {
        let mut input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        self.run("ReceiveMessage", input).await["Messages"].as_array().cloned().unwrap_or_default()
    }

    async fn bodies(&self, url: &str) -> Vec<String> {
        let all = self.received(url, json!({})).await;
        all.iter().map(|one| one["Body"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_message_is_hidden_then_seen_again_then_deleted() {
    let world = World::new();
    let url = world.queue("jobs", json!({"VisibilityTimeout": "5"})).await;
    assert_eq!(url, "http://localhost:4700/000000000000/jobs");
    let sent = world.send(&url, "hello").await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let first = world.received(&url, json!({})).await;
    assert_eq!(
        (first[0]["Body"].as_str(), first[0]["MessageId"].as_str()),
        (Some("hello"), sent["MessageId"].as_str())
    );
    assert!(world.bodies(&url).await.is_empty(), "it is in flight");
    world.clock.advance(5_000);
    let second = world.received(&url, json!({})).await;
    assert_eq!(second[0]["Attributes"]["ApproximateReceiveCount"], "2");
    assert_ne!(first[0]["ReceiptHandle"], second[0]["ReceiptHandle"]);
    let attributes = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let facts = world.run("GetQueueAttributes", attributes.clone()).await;
    assert_eq!(facts["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "1");
    assert_eq!(facts["Attributes"]["QueueArn"], "arn:aws:sqs:us-east-1:000000000000:jobs");
    let handle = &second[0]["ReceiptHandle"];
    world.run("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": handle})).await;
    world.run("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": handle})).await;
    world.clock.advance(60_000);
    assert!(world.bodies(&url).await.is_empty());
    let facts = world.run("GetQueueAttributes", attributes).await;
    assert_eq!(facts["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "0");
}

#[tokio::test]
async fn what_was_taken_is_there_after_a_restart() {
    let world = World::new();
    let url = world.queue("jobs.fifo", json!({"FifoQueue": "true"})).await;
    let message = |body: &str| json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": body});
    let one = world.run("SendMessage", message("1")).await;
    world.run("SendMessage", message("2")).await;
    let again = World::over(Arc::clone(&world.store), Arc::clone(&world.clock));
    assert_eq!(again.run("SendMessage", message("1")).await, one, "it knows what it has taken");
    let third = again.run("SendMessage", message("3")).await;
    assert!(third["SequenceNumber"].as_str() > one["SequenceNumber"].as_str());
    assert_eq!(again.bodies(&url).await, ["1", "2", "3"]);
    let later = World::over(Arc::clone(&world.store), Arc::clone(&world.clock));
    assert!(later.bodies(&url).await.is_empty(), "messages in flight stay in flight");
}

#[tokio::test]
async fn groups_are_in_order_and_wait_for_their_first() {
    let world = World::new();
    let url = world.queue("a.fifo", json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"})).await;
    for (group, body) in [("x", "x1"), ("x", "x2"), ("y", "y1")] {
        world.run("SendMessage", json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group})).await;
    }
    let first = world.received(&url, json!({"MaxNumberOfMessages": 1})).await;
    assert_eq!(first[0]["Body"], "x1");
    assert_eq!(world.bodies(&url).await, ["y1"], "x2 waits for x1");
    world.run("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"]})).await;
    assert_eq!(world.bodies(&url).await, ["x2"]);
    world.clock.advance(30_000);
    let stale = json!({"QueueUrl": url, "ReceiptHandle": first[0]["ReceiptHandle"]});
    world.run("DeleteMessage", stale).await;
    let attempt = json!({"ReceiveRequestAttemptId": "r1"});
    let one = world.received(&url, attempt.clone()).await;
    let same = world.received(&url, attempt).await;
    let handles = |all: &[Value]| all.iter().map(|one| one["ReceiptHandle"].clone()).collect::<Vec<_>>();
    assert_eq!((handles(&one).len(), handles(&one)), (2, handles(&same)));
}

#[tokio::test]
async fn letters_that_nobody_can_read_go_to_the_dead_and_back() {
    let world = World::new();
    let dead = world.queue("dead", json!({})).await;
    let redrive = json!({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2});
    let url = world.queue("live", json!({"RedrivePolicy": redrive.to_string(), "VisibilityTimeout": "0"})).await;
    world.send(&url, "poison").await;
    assert_eq!(world.bodies(&url).await, ["poison"]);
    assert_eq!(world.bodies(&url).await, ["poison"]);
    assert!(world.bodies(&url).await.is_empty());
    let found = world.received(&dead, json!({"VisibilityTimeout": 0})).await;
    assert_eq!(found[0]["Attributes"]["DeadLetterQueueSourceArn"], "arn:aws:sqs:us-east-1:000000000000:live");
    let sources = world.run("ListDeadLetterSourceQueues", json!({"QueueUrl": dead})).await;
    assert_eq!(sources["queueUrls"], json!([url]));
    let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
    world.run("StartMessageMoveTask", json!({"SourceArn": arn})).await;
    let tasks = world.run("ListMessageMoveTasks", json!({"SourceArn": arn})).await;
    assert_eq!(tasks["Results"][0]["ApproximateNumberOfMessagesMoved"], 1);
    assert_eq!(world.bodies(&url).await, ["poison"]);
    let slow = json!({"SourceArn": arn, "MaxNumberOfMessagesPerSecond": 1});
    assert_eq!(world.refusal("StartMessageMoveTask", slow).await, "NotImplemented");
}

#[tokio::test]
async fn a_receiver_waits_for_a_message_a_delay_and_the_end() {
    let world = Arc::new(World::new());
    let url = world.queue("slow", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
    let wait = |more: Value| {
        let (world, url) = (Arc::clone(&world), url.clone());
        tokio::spawn(async move { world.received(&url, more).await })
    };
    let settle = || async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    let waiting = wait(json!({}));
    settle().await;
    world.send(&url, "at once").await;
    assert_eq!(waiting.await.unwrap()[0]["Body"], "at once");
    let delayed = json!({"QueueUrl": url, "MessageBody": "later", "DelaySeconds": 10});
    world.run("SendMessage", delayed).await;
    let waiting = wait(json!({}));
    settle().await;
    world.clock.advance(9_999);
    settle().await;
    assert!(!waiting.is_finished());
    world.clock.advance(1);
    assert_eq!(waiting.await.unwrap()[0]["Body"], "later");
    let waiting = wait(json!({"WaitTimeSeconds": 1}));
    settle().await;
    world.clock.advance(1_000);
    assert!(waiting.await.unwrap().is_empty());
}

#[tokio::test]
async fn old_messages_are_forgotten_and_a_purge_empties() {
    let world = World::new();
    let url = world.queue("q", json!({"MessageRetentionPeriod": "60"})).await;
    world.send(&url, "old").await;
    world.clock.advance(60_000);
    assert!(world.bodies(&url).await.is_empty());
    world.send(&url, "new").await;
    world.run("PurgeQueue", json!({"QueueUrl": url})).await;
    assert!(world.bodies(&url).await.is_empty());
    assert_eq!(world.refusal("PurgeQueue", json!({"QueueUrl": url})).await, "PurgeQueueInProgress");
    let again = World::over(Arc::clone(&world.store), Arc::clone(&world.clock));
    assert!(again.bodies(&url).await.is_empty());
}

#[tokio::test]
async fn attributes_of_messages_have_the_sums_that_clients_check() {
    let world = World::new();
    let url = world.queue("q", json!({})).await;
    let attributes = json!({
        "author": {"DataType": "String", "StringValue": "ada"},
        "count": {"DataType": "Number", "StringValue": "7"},
        "raw.b": {"DataType": "Binary", "BinaryValue": "AQI="},
    });
    let input = json!({"QueueUrl": url, "MessageBody": "m", "MessageAttributes": attributes});
    let sent = world.run("SendMessage", input).await;
    // Made with boto3's own rule over the same attributes.
    let parts: [(&str, &str, u8, &[u8]); 3] =
        [("author", "String", 1, b"ada"), ("count", "Number", 1, b"7"), ("raw.b", "Binary", 2, &[1, 2])];
    let mut whole = Vec::new();
    for (name, kind, tag, value) in parts {
        for part in [name.as_bytes(), kind.as_bytes()] {
            whole.extend([0, 0, 0, u8::try_from(part.len()).unwrap()]);
            whole.extend(part);
        }
        whole.push(tag);
        whole.extend([0, 0, 0, u8::try_from(value.len()).unwrap()]);
        whole.extend(value);
    }
    assert_eq!(sent["MD5OfMessageAttributes"], super::message::md5(&whole));
    let got = world.received(&url, json!({"MessageAttributeNames": ["raw.*", "count"]})).await;
    let names: Vec<&String> = got[0]["MessageAttributes"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["count", "raw.b"]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_awss_words() {
    let world = World::new();
    let url = world.queue("q", json!({"MaximumMessageSize": "1024"})).await;
    let fifo = world.queue("f.fifo", json!({"FifoQueue": "true"})).await;
    let cases = [
        ("SendMessage", json!({"QueueUrl": "http://localhost:4700/0/none", "MessageBody": "m"}), "QueueDoesNotExist"),
        ("SendMessage", json!({"QueueUrl": url}), "MissingRequiredParameterException"),
        ("SendMessage", json!({"QueueUrl": url, "MessageBody": "x".repeat(1025)}), "InvalidParameterValueException"),
        ("SendMessage", json!({"QueueUrl": url, "MessageBody": "a\u{0}b"}), "InvalidMessageContents"),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": "m", "DelaySeconds": 901}),
            "InvalidParameterValueException",
        ),
        ("SendMessage", json!({"QueueUrl": fifo, "MessageBody": "m"}), "MissingRequiredParameterException"),
        (
            "SendMessage",
            json!({"QueueUrl": fifo, "MessageBody": "m", "MessageGroupId": "g"}),
            "InvalidParameterValueException",
        ),
        ("ReceiveMessage", json!({"QueueUrl": url, "MaxNumberOfMessages": 11}), "InvalidParameterValueException"),
        ("ReceiveMessage", json!({"QueueUrl": url, "WaitTimeSeconds": 21}), "InvalidParameterValueException"),
        ("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": "nonsense"}), "ReceiptHandleIsInvalid"),
        ("CreateQueue", json!({"QueueName": "q", "Attributes": {"VisibilityTimeout": "1"}}), "QueueNameExists"),
        ("CreateQueue", json!({"QueueName": "no spaces"}), "InvalidParameterValueException"),
        (
            "CreateQueue",
            json!({"QueueName": "n", "Attributes": {"FifoQueue": "true"}}),
            "InvalidParameterValueException",
        ),
        ("CreateQueue", json!({"QueueName": "n", "Attributes": {"Colour": "red"}}), "InvalidAttributeName"),
        (
            "SetQueueAttributes",
            json!({"QueueUrl": url, "Attributes": {"DelaySeconds": "901"}}),
            "InvalidAttributeValue",
        ),
        ("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"Policy": "{"}}), "InvalidAttributeValue"),
        ("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["Colour"]}), "InvalidAttributeName"),
        ("SendMessageBatch", json!({"QueueUrl": url}), "EmptyBatchRequest"),
        (
            "SendMessageBatch",
            json!({"QueueUrl": url, "Entries": [{"Id": "a"}, {"Id": "a"}]}),
            "BatchEntryIdsNotDistinct",
        ),
        ("Colour", json!({"QueueUrl": url}), "NotImplemented"),
    ];
    for (action, input, code) in cases {
        assert_eq!(world.refusal(action, input.clone()).await, code, "{action} {input}");
    }
    let entries = json!([{"Id": "good", "MessageBody": "m"}, {"Id": "bad", "MessageBody": ""}]);
    let answer = world.run("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    assert_eq!(
        (&answer["Successful"][0]["Id"], &answer["Failed"][0]["Code"]),
        (&json!("good"), &json!("MissingParameter"))
    );
}

#[tokio::test]
async fn policies_of_roles_and_queues_decide() {
    let world = World::new();
    let url = world.queue("q", json!({})).await;
    let session = RoleSession {
        role_arn: "arn:aws:iam::000000000000:role/worker".to_owned(),
        session_name: "s".to_owned(),
        access_key: String::new(),
        context: std::collections::BTreeMap::new(),
    };
    let trust = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let allowed = json!({"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:q"}});
    let role = json!({
        "RoleName": "worker", "AssumeRolePolicyDocument": trust,
        "Policies": [{"PolicyName": "p", "PolicyDocument": allowed}],
    });
    make(Arc::clone(&world.iam).resources(), "AWS::IAM::Role", role).await;
    let caller = Caller::Role(session);
    let message = json!({"QueueUrl": url, "MessageBody": "m"});
    world.sqs.request(&caller, "SendMessage", &message).await.unwrap();
    let refusal = world.sqs.request(&caller, "ReceiveMessage", &message).await.unwrap_err();
    assert_eq!(refusal.code, "AccessDenied");
    assert!(
        refusal.message.contains("is not authorized to perform: sqs:receivemessage on resource: arn:aws:sqs:"),
        "{refusal}"
    );
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let visitor = ServiceVisitor { service: "sns.amazonaws.com", source_arn: "arn:aws:sns:us-east-1:000000000000:t" };
    let body = json!({"MessageBody": "from a topic"});
    assert_eq!(world.sqs.send_for(&Guest::Service(visitor), arn, &body).unwrap_err().code, "AccessDeniedException");
    let policy = json!({"Statement": {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:000000000000:t"}},
    }});
    make(
        Arc::clone(&world.sqs).resources(),
        "AWS::SQS::QueuePolicy",
        json!({"Queues": [url], "PolicyDocument": policy}),
    )
    .await;
    world.sqs.send_for(&Guest::Service(visitor), arn, &body).unwrap();
    let stranger = ServiceVisitor { source_arn: "arn:aws:sns:us-east-1:000000000000:other", ..visitor };
    assert_eq!(world.sqs.send_for(&Guest::Service(stranger), arn, &body).unwrap_err().code, "AccessDeniedException");
}

async fn make(
    handlers: Vec<Box<dyn crate::cloud::service::ResourceHandler>>,
    kind: &str,
    properties: Value,
) -> Provisioned {
    let handler = handlers.into_iter().find(|handler| handler.kind() == kind).unwrap();
    handler.create(&request(properties)).await.unwrap()
}

fn request(properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "app".to_owned(),
        logical_id: "Queue".to_owned(),
        properties,
        previous: None,
        tags: vec![("project".to_owned(), "app".to_owned())],
    }
}

#[tokio::test]
async fn a_stack_makes_changes_and_removes_a_queue() {
    let world = World::new();
    let kind = "AWS::SQS::Queue";
    let made = make(Arc::clone(&world.sqs).resources(), kind, json!({"DelaySeconds": 3, "FifoQueue": true})).await;
    let name = made.attributes["QueueName"].as_str().unwrap();
    assert!(name.starts_with("app-Queue-") && name.strip_suffix(".fifo").is_some(), "{name}");
    assert_eq!(made.physical_id, format!("http://localhost:4700/000000000000/{name}"));
    let handler = Arc::clone(&world.sqs).resources().into_iter().find(|handler| handler.kind() == kind).unwrap();
    let changed = request(json!({"VisibilityTimeout": 9, "FifoQueue": true}));
    handler.update(&made, &changed).await.unwrap();
    let attributes = json!({"QueueUrl": made.physical_id, "AttributeNames": ["DelaySeconds", "VisibilityTimeout"]});
    let found = world.run("GetQueueAttributes", attributes.clone()).await;
    assert_eq!(found["Attributes"], json!({"DelaySeconds": "0", "VisibilityTimeout": "9"}));
    let tags = world.run("ListQueueTags", json!({"QueueUrl": made.physical_id})).await;
    assert_eq!(tags["Tags"], json!({"project": "app"}));
    handler.delete(&made, &changed).await.unwrap();
    handler.delete(&made, &changed).await.unwrap();
    assert_eq!(world.refusal("GetQueueAttributes", attributes).await, "QueueDoesNotExist");
}

#[tokio::test]
async fn the_older_protocol_says_the_same() {
    let world = World::new();
    let call = |form: &str, path: &str| {
        let pairs = crate::cloud::protocol::percent::decode_pairs(form);
        let action = pairs.iter().find(|(name, _)| name == "Action").unwrap().1.clone();
        let input = crate::cloud::protocol::query::input(&pairs).unwrap();
        ApiCall {
            action,
            method: Method::POST,
            path: path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            input,
            body: bytes::Bytes::new(),
        }
    };
    let context = CallContext { caller: Caller::Root };
    let answer = async |form: &str, path: &str| match world.sqs.call(&context, call(form, path)).await.unwrap().body {
        ReplyBody::Json(value) => value,
        other => panic!("{other:?}"),
    };
    let made = answer(
        "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=0&Tag.1.Key=a&Tag.1.Value=b",
        "/",
    )
    .await;
    assert_eq!(made["QueueUrl"], "http://localhost:4700/000000000000/q");
    let path = "/000000000000/q";
    let form = "Action=SendMessage&MessageBody=m&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v";
    assert!(answer(form, path).await["MD5OfMessageAttributes"].is_string());
    let batch =
        "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=two";
    assert_eq!(answer(batch, path).await["SendMessageBatchResultEntry"][0]["Id"], "a");
    let got =
        answer("Action=ReceiveMessage&MaxNumberOfMessages=2&AttributeName.1=All&MessageAttributeName.1=All", path)
            .await;
    assert_eq!(got["Message"][0]["MessageAttribute"][0]["Name"], "n");
    assert_eq!(got["Message"][1]["Attribute"].as_array().unwrap().len(), 4);
    assert_eq!(answer("Action=ListQueueTags", path).await["Tag"], json!([{"Key": "a", "Value": "b"}]));
    let attributes = answer("Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout", path).await;
    assert_eq!(attributes["Attribute"], json!([{"Name": "VisibilityTimeout", "Value": "30"}]));
}
