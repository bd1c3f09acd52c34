//! Topics with queues behind them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloud::delivery::tests::{World, make, request, run};
use crate::cloud::service::Service as _;

async fn ask(world: &World, action: &str, input: Value) -> Value {
    run(&*world.services.sns, action, input).await.unwrap_or_else(|error| panic!("{action}: {error}"))
}

async fn refusal(world: &World, action: &str, input: Value) -> String {
    run(&*world.services.sns, action, input).await.unwrap_err().to_string()
}

async fn topic(world: &World, name: &str) -> String {
    let attributes = if name.strip_suffix(".fifo").is_some() { json!({"FifoTopic": "true"}) } else { json!({}) };
    let made = ask(world, "CreateTopic", json!({"Name": name, "Attributes": attributes})).await;
    made["TopicArn"].as_str().unwrap().to_owned()
}

async fn subscribe(world: &World, topic: &str, queue: &str, attributes: Value) -> String {
    let input = json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": attributes});
    ask(world, "Subscribe", input).await["SubscriptionArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_reaches_each_subscription_that_it_fits() {
    let world = World::new();
    let topic = topic(&world, "news").await;
    let (all, raw, big, nested) =
        (world.queue("all").await, world.queue("raw").await, world.queue("big").await, world.queue("nested").await);
    let arn = subscribe(&world, &topic, &all, json!({})).await;
    assert_eq!(subscribe(&world, &topic, &all, json!({})).await, arn, "the same again is the same");
    subscribe(&world, &topic, &raw, json!({"RawMessageDelivery": "true"})).await;
    let filter = json!({"size": [{"numeric": [">", 10]}], "colour": ["red"]}).to_string();
    subscribe(&world, &topic, &big, json!({"FilterPolicy": filter, "RawMessageDelivery": "true"})).await;
    let filter = json!({"order": {"state": ["paid"]}}).to_string();
    let scope = json!({"FilterPolicy": filter, "FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true"});
    subscribe(&world, &topic, &nested, scope).await;
    let attributes = json!({
        "size": {"DataType": "Number", "StringValue": "11"},
        "colour": {"DataType": "String.Array", "StringValue": "[\"blue\", \"red\"]"},
    });
    let message = json!({"order": {"state": "paid"}}).to_string();
    let input = json!({"TopicArn": topic, "Message": message, "Subject": "s", "MessageAttributes": attributes});
    let sent = ask(&world, "Publish", input).await;
    ask(&world, "Publish", json!({"TopicArn": topic, "Message": "plain"})).await;
    let got = world.bodies(&all).await;
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0]["MessageId"], &got[0]["Subject"]), (&sent["MessageId"], &json!("s")));
    assert_eq!((&got[0]["Type"], &got[0]["Message"]), (&json!("Notification"), &json!(message)));
    assert_eq!(got[0]["MessageAttributes"]["size"], json!({"Type": "Number", "Value": "11"}));
    let got = world.messages(&raw).await;
    assert_eq!((&got[0]["Body"], &got[1]["Body"]), (&json!(message), &json!("plain")));
    assert_eq!(got[0]["MessageAttributes"]["size"]["StringValue"], "11");
    assert_eq!(world.messages(&big).await.len(), 1);
    assert_eq!(world.messages(&nested).await.len(), 1);
    ask(&world, "Unsubscribe", json!({"SubscriptionArn": arn})).await;
    ask(&world, "Publish", json!({"TopicArn": topic, "Message": "later"})).await;
    assert!(world.bodies(&all).await.is_empty());
}

#[tokio::test]
async fn a_queue_that_lets_nobody_in_gets_nothing() {
    let world = World::new();
    let topic = topic(&world, "news").await;
    let closed = "arn:aws:sqs:us-east-1:000000000000:closed";
    let input = json!({"QueueName": "closed"});
    world.services.sqs.request(&crate::cloud::service::Caller::Root, "CreateQueue", &input).await.unwrap();
    let dead = world.queue("dead").await;
    let redrive = json!({"deadLetterTargetArn": dead}).to_string();
    subscribe(&world, &topic, closed, json!({"RedrivePolicy": redrive, "RawMessageDelivery": "true"})).await;
    ask(&world, "Publish", json!({"TopicArn": topic, "Message": "m"})).await;
    assert!(world.bodies(closed).await.is_empty());
    assert_eq!(world.bodies(&dead).await, [json!("m")]);
}

#[tokio::test]
async fn fifo_topics_keep_order_and_take_once() {
    let world = World::new();
    let topic = topic(&world, "news.fifo").await;
    let queue = world.queue("q.fifo").await;
    subscribe(&world, &topic, &queue, json!({"RawMessageDelivery": "true"})).await;
    let message = |text: &str, id: &str| json!({"TopicArn": topic, "Message": text, "MessageGroupId": "g", "MessageDeduplicationId": id});
    let one = ask(&world, "Publish", message("1", "a")).await;
    ask(&world, "Publish", message("2", "b")).await;
    assert_eq!(ask(&world, "Publish", message("1", "a")).await, one);
    assert_eq!(world.bodies(&queue).await, [json!(1), json!(2)]);
    assert!(refusal(&world, "Publish", json!({"TopicArn": topic, "Message": "m"})).await.contains("MessageGroupId"));
}

#[tokio::test]
async fn texts_by_protocol_and_batches() {
    let world = World::new();
    let topic = topic(&world, "news").await;
    let queue = world.queue("q").await;
    subscribe(&world, &topic, &queue, json!({"RawMessageDelivery": "true"})).await;
    let texts = json!({"default": "d", "sqs": "for queues"}).to_string();
    ask(&world, "Publish", json!({"TopicArn": topic, "Message": texts, "MessageStructure": "json"})).await;
    assert_eq!(world.bodies(&queue).await, [json!("for queues")]);
    let entries = json!([{"Id": "a", "Message": "one"}, {"Id": "b", "Message": ""}]);
    let answer = ask(&world, "PublishBatch", json!({"TopicArn": topic, "PublishBatchRequestEntries": entries})).await;
    assert_eq!((&answer["Successful"][0]["Id"], &answer["Failed"][0]["Id"]), (&json!("a"), &json!("b")));
    assert_eq!(world.bodies(&queue).await, [json!("one")]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let world = World::new();
    let topic = topic(&world, "news").await;
    let subscribe =
        |protocol: &str, endpoint: &str| json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint});
    let mut filtered = subscribe("sqs", "arn:aws:sqs:us-east-1:000000000000:q");
    filtered["Attributes"] = json!({"FilterPolicy": "{\"a\": {\"b\": [1]}}"});
    let mut wrong = filtered.clone();
    wrong["Attributes"] = json!({"FilterPolicy": "{\"a\": [{\"like\": 1}]}"});
    let cases = [
        ("Publish", json!({"TopicArn": format!("{topic}x"), "Message": "m"}), "NotFound: Topic does not exist"),
        ("Publish", json!({"TopicArn": topic, "Message": ""}), "Empty message"),
        ("Publish", json!({"TopicArn": topic, "Message": "x".repeat(262_145)}), "too long"),
        ("Publish", json!({"PhoneNumber": "+1", "Message": "m"}), "NotImplemented"),
        ("Subscribe", subscribe("email", "ada@example.com"), "NotImplemented"),
        ("Subscribe", subscribe("pigeon", "x"), "does not support this protocol string: pigeon"),
        ("Subscribe", subscribe("sqs", "q"), "SQS endpoint ARN"),
        ("Subscribe", subscribe("lambda", "f"), "Lambda endpoint ARN"),
        ("Subscribe", filtered, "does not support nested filter policy"),
        ("Subscribe", wrong, "unrecognised match type like"),
        ("CreateTopic", json!({"Name": "a b"}), "Topic Name"),
        ("Colour", json!({}), "NotImplemented"),
    ];
    for (action, input, words) in cases {
        let said = refusal(&world, action, input.clone()).await;
        assert!(said.contains(words), "{action} {input}: {said}");
    }
}

#[tokio::test]
async fn a_stack_makes_topics_subscriptions_and_policies() {
    let world = World::new();
    let queue = world.queue("q").await;
    let handlers = || Arc::clone(&world.services.sns).resources();
    let inside = json!({"TopicName": "t", "Subscription": [{"Protocol": "sqs", "Endpoint": queue}]});
    let made = make(handlers(), "AWS::SNS::Topic", inside).await.unwrap();
    assert_eq!(made.physical_id, "arn:aws:sns:us-east-1:000000000000:t");
    let listed = ask(&world, "ListSubscriptionsByTopic", json!({"TopicArn": made.physical_id})).await;
    assert_eq!(listed["Subscriptions"][0]["Endpoint"], queue);
    let other = world.queue("other").await;
    let properties = json!({
        "TopicArn": made.physical_id, "Protocol": "sqs", "Endpoint": other, "RawMessageDelivery": true,
        "FilterPolicy": {"a": ["b"]},
    });
    let subscription = make(handlers(), "AWS::SNS::Subscription", properties).await.unwrap();
    let found = ask(&world, "GetSubscriptionAttributes", json!({"SubscriptionArn": subscription.physical_id})).await;
    let entries = found["Attributes"]["entry"].as_array().unwrap();
    assert!(entries.contains(&json!({"key": "FilterPolicy", "value": "{\"a\":[\"b\"]}"})), "{entries:?}");
    let policy = json!({"Statement": {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": made.physical_id,
    }});
    let properties = json!({"Topics": [made.physical_id], "PolicyDocument": policy});
    make(handlers(), "AWS::SNS::TopicPolicy", properties).await.unwrap();
    let handler = handlers().into_iter().find(|handler| handler.kind() == "AWS::SNS::Topic").unwrap();
    let less = request(json!({"TopicName": "t", "DisplayName": "T"}));
    handler.update(&made, &less).await.unwrap();
    handler.delete(&made, &less).await.unwrap();
    assert_eq!(ask(&world, "ListTopics", json!({})).await["Topics"], json!([]));
    assert_eq!(ask(&world, "ListSubscriptions", json!({})).await["Subscriptions"], json!([]));
}

#[tokio::test]
async fn statements_of_a_policy_come_and_go_by_their_label() {
    let world = World::new();
    let topic = ask(&world, "CreateTopic", json!({"Name": "t"})).await["TopicArn"].clone();
    let add = json!({"TopicArn": topic, "Label": "them", "AWSAccountId": ["111122223333"], "ActionName": ["Publish"]});
    ask(&world, "AddPermission", add.clone()).await;
    let policy = async || {
        let found = ask(&world, "GetTopicAttributes", json!({"TopicArn": topic})).await;
        let entries = found["Attributes"]["entry"].as_array().unwrap().clone();
        entries.into_iter().find(|entry| entry["key"] == "Policy").map(|entry| entry["value"].to_string())
    };
    let text = policy().await.unwrap();
    assert!(text.contains("arn:aws:iam::111122223333:root") && text.contains("SNS:Publish"), "{text}");
    assert!(refusal(&world, "AddPermission", add).await.contains("Statement already exists"));
    ask(&world, "RemovePermission", json!({"TopicArn": topic, "Label": "them"})).await;
    assert_eq!(policy().await, None);
}
