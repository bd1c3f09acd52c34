//! Schedules with a queue behind them; time is moved, never slept.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use crate::cloud::delivery::tests::{World, make, send};
use crate::cloud::service::{ApiError, Service as _};

async fn ask(world: &World, method: Method, path: &str, input: Value) -> Result<Value, ApiError> {
    send(&*world.services.scheduler, "", method, path, input).await
}

async fn role(world: &World) -> String {
    let allowed = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"});
    world.role("timer", "scheduler.amazonaws.com", allowed).await
}

fn schedule(expression: &str, queue: &str, role: &str, more: Value) -> Value {
    let mut input = json!({
        "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": queue, "RoleArn": role, "Input": "at <aws.scheduler.scheduled-time>"},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

#[tokio::test]
async fn schedules_come_by_their_zone_and_with_their_role() {
    let world = World::new();
    let (queue, role) = (world.queue("q").await, role(&world).await);
    let zone = json!({"ScheduleExpressionTimezone": "Europe/Berlin"});
    let daily = schedule("cron(0 9 * * ? *)", &queue, &role, zone);
    let made = ask(&world, Method::POST, "/schedules/daily", daily).await.unwrap();
    assert_eq!(made["ScheduleArn"], "arn:aws:scheduler:us-east-1:000000000000:schedule/default/daily");
    world.settle().await;
    world.clock.advance(8 * 3_600_000 - 1);
    assert!(world.bodies(&queue).await.is_empty());
    world.clock.advance(1);
    assert_eq!(world.bodies(&queue).await, [json!("at 2026-01-01T08:00:00Z")]);
    world.clock.advance(24 * 3_600_000);
    assert_eq!(world.bodies(&queue).await, [json!("at 2026-01-02T08:00:00Z")]);
    let changed = schedule("rate(1 hour)", &queue, &role, json!({"State": "DISABLED"}));
    ask(&world, Method::PUT, "/schedules/daily", changed).await.unwrap();
    world.clock.advance(48 * 3_600_000);
    assert!(world.bodies(&queue).await.is_empty());
    let found = ask(&world, Method::GET, "/schedules/daily", json!({})).await.unwrap();
    assert_eq!((&found["State"], &found["ScheduleExpressionTimezone"]), (&json!("DISABLED"), &json!("UTC")));
    ask(&world, Method::DELETE, "/schedules/daily", json!({})).await.unwrap();
    assert_eq!(ask(&world, Method::GET, "/schedules/daily", json!({})).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn what_comes_once_comes_once_even_late() {
    let world = World::new();
    let (queue, role) = (world.queue("q").await, role(&world).await);
    let gone = schedule("at(2026-01-01T00:10:00)", &queue, &role, json!({"ActionAfterCompletion": "DELETE"}));
    ask(&world, Method::POST, "/schedules/gone", gone).await.unwrap();
    let kept = schedule("at(2026-01-01T00:20:00)", &queue, &role, json!({}));
    ask(&world, Method::POST, "/schedules/kept", kept).await.unwrap();
    world.settle().await;
    world.clock.advance(600_000);
    assert_eq!(world.bodies(&queue).await, [json!("at 2026-01-01T00:10:00Z")]);
    let listed = ask(&world, Method::GET, "/schedules?ScheduleGroup=default", json!({})).await.unwrap();
    assert_eq!(listed["Schedules"].as_array().unwrap().len(), 1);
    let clock = Arc::clone(&world.clock);
    let world = world.again();
    clock.advance(3_600_000);
    assert_eq!(world.bodies(&queue).await, [json!("at 2026-01-01T00:20:00Z")], "it was missed and comes late");
    let world = world.again();
    assert!(world.bodies(&queue).await.is_empty());
}

#[tokio::test]
async fn start_end_and_window_bound_when_it_comes() {
    let world = World::new();
    let (queue, role) = (world.queue("q").await, role(&world).await);
    let bounds = json!({"StartDate": 1_767_229_200, "EndDate": 1_767_232_800});
    ask(&world, Method::POST, "/schedules/b", schedule("rate(30 minutes)", &queue, &role, bounds)).await.unwrap();
    world.settle().await;
    world.clock.advance(3_599_999);
    assert!(world.bodies(&queue).await.is_empty());
    let mut times = Vec::new();
    for _ in 0..5 {
        world.clock.advance(1_800_000);
        times.extend(world.bodies(&queue).await);
    }
    assert_eq!(
        times,
        [json!("at 2026-01-01T01:00:00Z"), json!("at 2026-01-01T01:30:00Z"), json!("at 2026-01-01T02:00:00Z")]
    );
    let window = json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}});
    ask(&world, Method::POST, "/schedules/w", schedule("rate(1 hour)", &queue, &role, window)).await.unwrap();
    world.settle().await;
    world.clock.advance(3_600_000 + 600_000);
    assert_eq!(world.bodies(&queue).await.len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let world = World::new();
    let (queue, role) = (world.queue("q").await, role(&world).await);
    let stranger = world
        .role("other", "lambda.amazonaws.com", json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))
        .await;
    let cases = [
        (schedule("cron(0 10 * * *)", &queue, &role, json!({})), "six fields"),
        (
            schedule("rate(1 hour)", &queue, &role, json!({"ScheduleExpressionTimezone": "Mars/Base"})),
            "Timezone Mars/Base",
        ),
        (
            schedule("rate(1 hour)", &queue, &role, json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}})),
            "between 1 and 1440",
        ),
        (
            schedule("rate(1 hour)", &queue, &stranger, json!({})),
            "must allow AWS EventBridge Scheduler to assume the role",
        ),
        (schedule("rate(1 hour)", "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", &role, json!({})), "NotImplemented"),
        (schedule("rate(1 hour)", &queue, &role, json!({"Colour": 1})), "Colour is no member"),
        (schedule("rate(1 hour)", &queue, &role, json!({"GroupName": "no"})), "Schedule group no does not exist."),
    ];
    for (input, words) in cases {
        let said = ask(&world, Method::POST, "/schedules/x", input.clone()).await.unwrap_err().to_string();
        assert!(said.contains(words), "{input}: {said}");
    }
    let good = schedule("rate(1 hour)", &queue, &role, json!({}));
    ask(&world, Method::POST, "/schedules/x", good.clone()).await.unwrap();
    assert_eq!(ask(&world, Method::POST, "/schedules/x", good).await.unwrap_err().code, "ConflictException");
}

#[tokio::test]
async fn a_stack_makes_a_group_with_a_schedule() {
    let world = World::new();
    let (queue, role) = (world.queue("q").await, role(&world).await);
    let handlers = || Arc::clone(&world.services.scheduler).resources();
    make(handlers(), "AWS::Scheduler::ScheduleGroup", json!({"Name": "g"})).await.unwrap();
    let properties = schedule("rate(1 minute)", &queue, &role, json!({"GroupName": "g", "Name": "s"}));
    let made = make(handlers(), "AWS::Scheduler::Schedule", properties).await.unwrap();
    assert_eq!(made.attributes["Arn"], "arn:aws:scheduler:us-east-1:000000000000:schedule/g/s");
    world.settle().await;
    world.clock.advance(60_000);
    assert_eq!(world.bodies(&queue).await.len(), 1);
    ask(&world, Method::DELETE, "/schedule-groups/g", json!({})).await.unwrap();
    world.clock.advance(60_000);
    assert!(world.bodies(&queue).await.is_empty());
}
