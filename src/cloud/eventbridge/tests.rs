//! Rules with queues behind them; time is moved, never slept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::records::{Target, Transformer};
use super::transform::{RuleFacts, find, input};
use crate::cloud::delivery::tests::{World, make, request, run};
use crate::cloud::service::Service as _;

async fn ask(world: &World, action: &str, input: Value) -> Value {
    run(&*world.services.eventbridge, action, input).await.unwrap_or_else(|error| panic!("{action}: {error}"))
}

async fn refusal(world: &World, action: &str, input: Value) -> String {
    run(&*world.services.eventbridge, action, input).await.unwrap_err().to_string()
}

async fn rule(world: &World, name: &str, pattern: Value, target: Value) {
    ask(world, "PutRule", json!({"Name": name, "EventPattern": pattern.to_string()})).await;
    ask(world, "PutTargets", json!({"Rule": name, "Targets": [target]})).await;
}

async fn put(world: &World, entry: Value) -> Value {
    ask(world, "PutEvents", json!({"Entries": [entry]})).await
}

fn order(state: &str) -> Value {
    json!({"Source": "shop", "DetailType": "order", "Detail": json!({"state": state, "id": 7}).to_string()})
}

#[tokio::test]
async fn an_event_reaches_the_targets_of_the_rules_that_it_fits() {
    let world = World::new();
    let (all, made, part) = (world.queue("all").await, world.queue("made").await, world.queue("part").await);
    rule(&world, "all", json!({"source": ["shop"]}), json!({"Id": "q", "Arn": all})).await;
    let transformer = json!({"InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": "\"it is <s>\""});
    let paid = json!({"detail": {"state": ["paid"]}});
    rule(&world, "made", paid, json!({"Id": "q", "Arn": made, "InputTransformer": transformer})).await;
    rule(&world, "part", json!({"detail-type": ["order"]}), json!({"Id": "q", "Arn": part, "InputPath": "$.detail"}))
        .await;
    let answer = put(&world, order("paid")).await;
    put(&world, order("new")).await;
    put(&world, json!({"Source": "other", "DetailType": "x", "Detail": "{}"})).await;
    let got = world.bodies(&all).await;
    assert_eq!(got.len(), 2);
    assert_eq!(got[0]["id"], answer["Entries"][0]["EventId"]);
    assert_eq!((&got[0]["time"], &got[0]["region"]), (&json!("2026-01-01T00:00:00Z"), &json!("us-east-1")));
    assert_eq!(world.bodies(&made).await, [json!("it is paid")]);
    assert_eq!(world.bodies(&part).await, [json!({"state": "paid", "id": 7}), json!({"state": "new", "id": 7})]);
    ask(&world, "DisableRule", json!({"Name": "all"})).await;
    put(&world, order("paid")).await;
    assert!(world.bodies(&all).await.is_empty());
}

#[tokio::test]
async fn schedules_come_when_the_clock_says_so() {
    let world = World::new();
    let queue = world.queue("q").await;
    ask(&world, "PutRule", json!({"Name": "often", "ScheduleExpression": "rate(5 minutes)"})).await;
    ask(&world, "PutTargets", json!({"Rule": "often", "Targets": [{"Id": "q", "Arn": queue}]})).await;
    world.settle().await;
    world.clock.advance(299_999);
    assert!(world.bodies(&queue).await.is_empty());
    world.clock.advance(1);
    let got = world.bodies(&queue).await;
    assert_eq!(got.len(), 1);
    assert_eq!((&got[0]["detail-type"], &got[0]["time"]), (&json!("Scheduled Event"), &json!("2026-01-01T00:05:00Z")));
    let world = world.again();
    world.settle().await;
    world.clock.advance(300_000);
    assert_eq!(world.bodies(&queue).await.len(), 1, "it comes after a restart too");
    ask(&world, "RemoveTargets", json!({"Rule": "often", "Ids": ["q"]})).await;
    ask(&world, "DeleteRule", json!({"Name": "often"})).await;
    world.clock.advance(300_000);
    assert!(world.bodies(&queue).await.is_empty());
}

#[tokio::test]
async fn an_event_goes_on_to_another_bus_with_a_role() {
    let world = World::new();
    let queue = world.queue("q").await;
    let bus = ask(&world, "CreateEventBus", json!({"Name": "own"})).await["EventBusArn"].as_str().unwrap().to_owned();
    let statement = json!({"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus});
    let role = world.role("on", "events.amazonaws.com", statement).await;
    rule(&world, "on", json!({"source": ["shop"]}), json!({"Id": "b", "Arn": bus, "RoleArn": role})).await;
    ask(&world, "PutRule", json!({"Name": "in", "EventBusName": "own", "EventPattern": "{\"source\":[\"shop\"]}"}))
        .await;
    ask(&world, "PutTargets", json!({"Rule": "in", "EventBusName": "own", "Targets": [{"Id": "q", "Arn": queue}]}))
        .await;
    put(&world, order("paid")).await;
    assert_eq!(world.bodies(&queue).await[0]["detail"]["state"], "paid");
}

#[tokio::test]
async fn an_event_that_came_from_a_bus_goes_to_no_further_bus() {
    let world = World::new();
    let queue = world.queue("q").await;
    let bus = ask(&world, "CreateEventBus", json!({"Name": "own"})).await["EventBusArn"].as_str().unwrap().to_owned();
    let default = bus.replace("/own", "/default");
    let statement = json!({"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"});
    let role = world.role("on", "events.amazonaws.com", statement).await;
    let shop = json!({"source": ["shop"]});
    // The default bus names itself and the other one, which names the default bus again.
    rule(&world, "round", shop.clone(), json!({"Id": "b", "Arn": default, "RoleArn": role})).await;
    rule(&world, "on", shop.clone(), json!({"Id": "b", "Arn": bus, "RoleArn": role})).await;
    rule(&world, "seen", shop.clone(), json!({"Id": "q", "Arn": queue})).await;
    ask(&world, "PutRule", json!({"Name": "back", "EventBusName": "own", "EventPattern": shop.to_string()})).await;
    let back = json!({"Id": "b", "Arn": default, "RoleArn": role});
    ask(&world, "PutTargets", json!({"Rule": "back", "EventBusName": "own", "Targets": [back]})).await;
    put(&world, order("paid")).await;
    assert_eq!(world.bodies(&queue).await.len(), 2, "as it was put, and once more from its own bus");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_awss_words() {
    let world = World::new();
    let pattern = "{\"source\":[\"shop\"]}";
    ask(&world, "PutRule", json!({"Name": "r", "EventPattern": pattern})).await;
    let target = |arn: &str| json!({"Rule": "r", "Targets": [{"Id": "a", "Arn": arn}]});
    let cases = [
        ("PutRule", json!({"Name": "x"}), "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (
            "PutRule",
            json!({"Name": "x", "EventPattern": "{\"source\":\"shop\"}"}),
            "\"source\" must be an object or an array",
        ),
        (
            "PutRule",
            json!({"Name": "x", "ScheduleExpression": "cron(0 25 * * ? *)"}),
            "`25` does not fit the hours: they are 0-23 (at position 8)",
        ),
        ("PutRule", json!({"Name": "x", "ScheduleExpression": "at(2030-01-01T00:00:00)"}), "rules know rate"),
        (
            "PutRule",
            json!({"Name": "x", "EventBusName": "no", "EventPattern": pattern}),
            "Event bus no does not exist.",
        ),
        ("PutTargets", target("arn:aws:states:us-east-1:000000000000:stateMachine:m"), "NotImplemented"),
        ("PutTargets", json!({"Rule": "no", "Targets": []}), "Rule no does not exist on EventBus default."),
        (
            "PutTargets",
            json!({"Rule": "r", "Targets": [{"Id": "a", "Arn": "arn:aws:sqs:x:y:q", "EcsParameters": {}}]}),
            "EcsParameters",
        ),
        ("DescribeRule", json!({"Name": "no"}), "ResourceNotFoundException"),
        ("PutEvents", json!({"Entries": []}), "ValidationException"),
        ("TestEventPattern", json!({"EventPattern": "{", "Event": "{}"}), "InvalidEventPatternException"),
        ("TestEventPattern", json!({"EventPattern": pattern, "Event": "{}"}), "Parameter Event is not valid."),
        ("CreateArchive", json!({}), "NotImplemented"),
    ];
    for (action, input, words) in cases {
        let said = refusal(&world, action, input.clone()).await;
        assert!(said.contains(words), "{action} {input}: {said}");
    }
    let entries = json!([{"Source": "a"}, {"Source": "aws.s3", "DetailType": "x", "Detail": "{}"}, {"Source": "a", "DetailType": "x", "Detail": "[]"}]);
    let answer = ask(&world, "PutEvents", json!({"Entries": entries})).await;
    let codes: Vec<&str> =
        answer["Entries"].as_array().unwrap().iter().map(|one| one["ErrorCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["InvalidArgument", "NotAuthorizedForSourceException", "MalformedDetail"]);
    assert_eq!(answer["FailedEntryCount"], 3);
}

#[test]
fn templates_are_filled_as_json_and_inside_of_quotes() {
    let event = json!({"detail": {"name": "a \"b\"", "n": 5, "list": [1, 2], "a.b": true}, "id": "i"});
    let paths: BTreeMap<String, String> =
        [("name", "$.detail.name"), ("n", "$.detail.n"), ("list", "$.detail.list"), ("none", "$.detail.none")]
            .into_iter()
            .map(|(name, path)| (name.to_owned(), path.to_owned()))
            .collect();
    let rule = RuleFacts { arn: "arn:r", name: "r", ingestion_time: "now" };
    let cases = [
        ("{\"x\": <n>, \"y\": <list>}", "{\"x\": 5, \"y\": [1,2]}"),
        ("{\"x\": <name>}", "{\"x\": \"a \\\"b\\\"\"}"),
        ("\"<name> has <n>\"", "\"a \\\"b\\\" has 5\""),
        ("\"<none>!\"", "\"!\""),
        (
            "{\"r\": \"<aws.events.rule-name>\", \"e\": <aws.events.event.json>}",
            &format!("{{\"r\": \"r\", \"e\": {event}}}"),
        ),
        ("\"<unknown> \\\"<n>\\\"\"", "\"<unknown> \\\"5\\\"\""),
    ];
    for (template, wanted) in cases {
        let transformer = Transformer { paths: paths.clone(), template: template.to_owned() };
        let target = Target { transformer: Some(transformer), ..Target::default() };
        assert_eq!(input(&target, &event, &rule), wanted, "{template}");
    }
    assert_eq!(find(&event, "$.detail['a.b']"), Some(&json!(true)));
    assert_eq!(find(&event, "$.detail.list[1]"), Some(&json!(2)));
    assert_eq!(find(&event, "$"), Some(&event));
}

#[tokio::test]
async fn a_stack_makes_changes_and_removes_rules_and_buses() {
    let world = World::new();
    let queue = world.queue("q").await;
    let handlers = || Arc::clone(&world.services.eventbridge).resources();
    make(handlers(), "AWS::Events::EventBus", json!({"Name": "own"})).await.unwrap();
    let statement =
        json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "events:PutEvents", "Resource": "*"});
    let policy = json!({"EventBusName": "own", "StatementId": "s", "Statement": statement});
    make(handlers(), "AWS::Events::EventBusPolicy", policy).await.unwrap();
    assert!(
        ask(&world, "DescribeEventBus", json!({"Name": "own"})).await["Policy"]
            .as_str()
            .unwrap()
            .contains("111122223333")
    );
    let targets = json!([{"Id": "q", "Arn": queue, "RetryPolicy": {"MaximumRetryAttempts": "3"}}]);
    let properties = json!({"EventPattern": {"source": ["shop"]}, "Targets": targets});
    let made = make(handlers(), "AWS::Events::Rule", properties).await.unwrap();
    assert_eq!(made.attributes["Arn"], format!("arn:aws:events:us-east-1:000000000000:rule/{}", made.physical_id));
    put(&world, order("paid")).await;
    assert_eq!(world.bodies(&queue).await.len(), 1);
    let handler = handlers().into_iter().find(|handler| handler.kind() == "AWS::Events::Rule").unwrap();
    let changed = request(json!({"EventPattern": {"source": ["other"]}, "Targets": []}));
    handler.update(&made, &changed).await.unwrap();
    let listed = ask(&world, "ListTargetsByRule", json!({"Rule": made.physical_id})).await;
    assert_eq!(listed["Targets"], json!([]));
    handler.delete(&made, &changed).await.unwrap();
    assert_eq!(ask(&world, "ListRules", json!({})).await["Rules"], json!([]));
    let bad = json!({"ScheduleExpression": "rate(1 minutes)", "Targets": []});
    let error = make(handlers(), "AWS::Events::Rule", bad).await.unwrap_err();
    assert!(error.contains("write `minute` (at position 8)"), "{error}");
}
