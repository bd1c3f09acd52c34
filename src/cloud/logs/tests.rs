//! Groups, streams, events and patterns, as clients ask for them; what roles may write; what goes by itself.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{LogEvent, Logs};
use crate::base::{Clock as _, FixedClock, RandomIds, Region};
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::service::{
    Access, ApiCall, ApiError, CallContext, Caller, ReplyBody, ResourceHandler, ResourceRequest, Service as _, Shared,
};
use crate::cloud::store::memory::MemoryStore;

const NOW_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;

struct World {
    logs: Arc<Logs>,
    iam: Arc<Iam>,
    clock: Arc<FixedClock>,
    shared: Arc<Shared>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(NOW_MS));
        let shared = Arc::new(Shared {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::clone(&clock) as Arc<dyn crate::base::Clock>,
            ids: Arc::new(RandomIds::default()),
            region: Region::default(),
            account: "000000000000",
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside: crate::base::ServiceEndpoints::default(),
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let logs = Arc::new(Logs::new(Arc::clone(&shared), Arc::clone(&iam)).unwrap());
        Self { logs, iam, clock, shared, _folder: folder }
    }

    async fn call(&self, action: &str, input: Value) -> Result<Value, ApiError> {
        let context = CallContext { caller: Caller::Root };
        match self.logs.call(&context, call(action, input)).await?.body {
            ReplyBody::Json(value) => Ok(value),
            other => panic!("{action} gave {other:?}"),
        }
    }

    async fn ok(&self, action: &str, input: Value) -> Value {
        self.call(action, input.clone()).await.unwrap_or_else(|error| panic!("{action} {input}: {error}"))
    }

    async fn code(&self, action: &str, input: Value) -> String {
        self.call(action, input).await.unwrap_err().code
    }

    /// A group with a stream and events of these messages, a second apart, the last of them now.
    async fn stream(&self, group: &str, stream: &str, messages: &[&str]) {
        // Another stream may have made the group.
        let _ = self.call("CreateLogGroup", json!({"logGroupName": group})).await;
        self.ok("CreateLogStream", json!({"logGroupName": group, "logStreamName": stream})).await;
        let first_ms = self.clock.now_ms() - 1000 * (i64::try_from(messages.len()).unwrap() - 1);
        let events: Vec<Value> = (0..)
            .zip(messages)
            .map(|(at, message)| json!({"timestamp": first_ms + 1000 * at, "message": message}))
            .collect();
        self.ok("PutLogEvents", json!({"logGroupName": group, "logStreamName": stream, "logEvents": events})).await;
    }

    async fn filter(&self, group: &str, more: Value) -> Vec<String> {
        let mut input = json!({"logGroupName": group});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        messages(&self.ok("FilterLogEvents", input).await)
    }

    fn handler(&self, kind: &str) -> Box<dyn ResourceHandler> {
        let mut all = Arc::clone(&self.logs).resources();
        all.extend(Arc::clone(&self.iam).resources());
        all.into_iter().find(|handler| handler.kind() == kind).unwrap()
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

fn request(properties: Value) -> ResourceRequest {
    ResourceRequest {
        stack_name: "s".to_owned(),
        logical_id: "Group".to_owned(),
        properties,
        previous: None,
        tags: vec![("stack".to_owned(), "s".to_owned())],
    }
}

fn messages(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_and_streams_are_made_described_and_deleted() {
    let world = World::new();
    for name in ["/a/two", "/a/one", "/b"] {
        world.ok("CreateLogGroup", json!({"logGroupName": name, "tags": {"for": name}})).await;
    }
    assert_eq!(world.code("CreateLogGroup", json!({"logGroupName": "/b"})).await, "ResourceAlreadyExistsException");
    for bad in ["", "a b", "a:b", "ä"] {
        assert_eq!(world.code("CreateLogGroup", json!({"logGroupName": bad})).await, "InvalidParameterException");
    }
    let names = |answer: &Value| -> Vec<String> {
        answer["logGroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["logGroupName"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = world.ok("DescribeLogGroups", json!({"limit": 2})).await;
    assert_eq!(names(&first), ["/a/one", "/a/two"]);
    let rest = world.ok("DescribeLogGroups", json!({"limit": 2, "nextToken": first["nextToken"]})).await;
    assert_eq!((names(&rest), &rest["nextToken"]), (vec!["/b".to_owned()], &Value::Null));
    assert_eq!(names(&world.ok("DescribeLogGroups", json!({"logGroupNamePrefix": "/a"})).await), ["/a/one", "/a/two"]);
    assert_eq!(names(&world.ok("DescribeLogGroups", json!({"logGroupNamePattern": "TWO"})).await), ["/a/two"]);
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a/one";
    assert_eq!(
        (&first["logGroups"][0]["logGroupArn"], &first["logGroups"][0]["arn"]),
        (&json!(arn), &json!(format!("{arn}:*")))
    );
    world.ok("TagResource", json!({"resourceArn": arn, "tags": {"more": "1"}})).await;
    world.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["for"]})).await;
    assert_eq!(world.ok("ListTagsForResource", json!({"resourceArn": arn})).await, json!({"tags": {"more": "1"}}));
    world.stream("/b", "s/1", &["x"]).await;
    let described = world.ok("DescribeLogStreams", json!({"logGroupName": "/b"})).await;
    let stream = &described["logStreams"][0];
    assert_eq!((&stream["logStreamName"], &stream["lastEventTimestamp"]), (&json!("s/1"), &json!(NOW_MS)));
    let group = &world.ok("DescribeLogGroups", json!({"logGroupNamePrefix": "/b"})).await["logGroups"][0];
    assert_eq!(group["storedBytes"], 27);
    assert_eq!(
        world.code("CreateLogStream", json!({"logGroupName": "/b", "logStreamName": "s/1"})).await,
        "ResourceAlreadyExistsException"
    );
    world.ok("DeleteLogStream", json!({"logGroupName": "/b", "logStreamName": "s/1"})).await;
    world.ok("DeleteLogGroup", json!({"logGroupName": "/b"})).await;
    for (action, input) in [
        ("DeleteLogGroup", json!({"logGroupName": "/b"})),
        ("DescribeLogStreams", json!({"logGroupName": "/b"})),
        ("GetLogEvents", json!({"logGroupName": "/a/one", "logStreamName": "none"})),
    ] {
        assert_eq!(world.code(action, input).await, "ResourceNotFoundException", "{action}");
    }
    assert_eq!(world.code("StartQuery", json!({})).await, "NotImplemented");
}

#[tokio::test]
async fn one_stream_is_read_forwards_and_backwards() {
    let world = World::new();
    world.stream("g", "s", &["1", "2", "3", "4", "5"]).await;
    let get = |more: Value| {
        let mut input = json!({"logGroupName": "g", "logStreamName": "s"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.ok("GetLogEvents", input)
    };
    let last = get(json!({"limit": 2})).await;
    assert_eq!(messages(&last), ["4", "5"], "the latest are given first");
    let before = get(json!({"limit": 2, "nextToken": last["nextBackwardToken"]})).await;
    assert_eq!(messages(&before), ["2", "3"]);
    let end = get(json!({"nextToken": last["nextForwardToken"]})).await;
    assert_eq!(
        (messages(&end).len(), &end["nextForwardToken"]),
        (0, &last["nextForwardToken"]),
        "the same token at the end"
    );
    let event = json!([{"timestamp": NOW_MS, "message": "6"}]);
    world.ok("PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": event})).await;
    assert_eq!(messages(&get(json!({"nextToken": last["nextForwardToken"]})).await), ["6"], "what came since");
    assert_eq!(messages(&get(json!({"startFromHead": true, "limit": 2})).await), ["1", "2"]);
    let times = json!({"startTime": NOW_MS - 3000, "endTime": NOW_MS - 1000});
    assert_eq!(messages(&get(times).await), ["2", "3"], "the end is not part of it");
    assert_eq!(
        world.code("GetLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "nextToken": "x"})).await,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn a_group_is_searched_in_order_of_time() {
    let world = World::new();
    world.stream("g", "one", &["a ERROR", "b", "c ERROR"]).await;
    world.clock.advance(500);
    world.stream("g", "two", &["d ERROR", "e"]).await;
    assert_eq!(world.filter("g", json!({})).await, ["a ERROR", "b", "d ERROR", "c ERROR", "e"]);
    assert_eq!(world.filter("g", json!({"filterPattern": "ERROR"})).await, ["a ERROR", "d ERROR", "c ERROR"]);
    assert_eq!(world.filter("g", json!({"logStreamNames": ["two"]})).await, ["d ERROR", "e"]);
    assert_eq!(
        world.filter("g", json!({"logStreamNamePrefix": "on", "startTime": NOW_MS - 1000})).await,
        ["b", "c ERROR"]
    );
    assert_eq!(world.filter("g", json!({"endTime": NOW_MS - 1000})).await, ["a ERROR", "b"], "the end is part of it");
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = world.ok("FilterLogEvents", json!({"logGroupName": "g", "limit": 2, "nextToken": token})).await;
        assert!(page["events"].as_array().unwrap().iter().all(|event| event["eventId"].as_str().unwrap().len() == 56));
        seen.extend(messages(&page));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["a ERROR", "b", "d ERROR", "c ERROR", "e"]);
    let bad = json!({"logGroupName": "g", "filterPattern": "{ $.a = }"});
    assert_eq!(world.code("FilterLogEvents", bad).await, "InvalidParameterException");
}

#[tokio::test]
async fn batches_are_checked_and_what_is_too_far_away_is_told() {
    let world = World::new();
    world.stream("g", "s", &["x"]).await;
    world.ok("PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 5})).await;
    let put = |events: Value| json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    let at = |ms: i64| json!({"timestamp": NOW_MS + ms, "message": "m"});
    for bad in [
        json!([]),
        json!([at(5), at(0)]),
        json!([at(-DAY_MS - 1), at(0)]),
        json!([{"timestamp": NOW_MS, "message": ""}]),
        json!([{"timestamp": NOW_MS, "message": "x".repeat(1_048_551)}]),
    ] {
        assert_eq!(world.code("PutLogEvents", put(bad)).await, "InvalidParameterException");
    }
    let old = world.ok("PutLogEvents", put(json!([at(-6 * DAY_MS), at(-6 * DAY_MS + 1)]))).await;
    assert_eq!(old["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 2}));
    let new = world.ok("PutLogEvents", put(json!([at(0), at(2 * 3_600_000 + 1)]))).await;
    assert_eq!(new["rejectedLogEventsInfo"], json!({"tooNewLogEventStartIndex": 1}));
    assert_eq!(world.filter("g", json!({})).await, ["x", "m"], "the rest is taken");
    let bad = json!({"logGroupName": "g", "retentionInDays": 2});
    assert_eq!(world.code("PutRetentionPolicy", bad).await, "InvalidParameterException");
}

#[tokio::test]
async fn old_events_go_by_retention_and_the_oldest_by_the_bound() {
    let world = World::new();
    world.stream("short", "s", &["old"]).await;
    world.stream("long", "s", &["kept"]).await;
    world.ok("PutRetentionPolicy", json!({"logGroupName": "short", "retentionInDays": 1})).await;
    world.clock.advance(DAY_MS + 60_000);
    assert_eq!(world.filter("short", json!({})).await.len(), 0);
    assert_eq!(world.filter("long", json!({})).await, ["kept"]);
    world.ok("DeleteRetentionPolicy", json!({"logGroupName": "short"})).await;
    let message = "m".repeat(74);
    let many: Vec<&str> = vec![&message; 100];
    world.stream("long", "many", &many).await;
    world.logs.engine.keep_at_most(5000);
    let left = world.filter("long", json!({})).await;
    assert!((40..=45).contains(&left.len()) && !left.contains(&"kept".to_owned()), "{}", left.len());
    let stored =
        &world.ok("DescribeLogGroups", json!({"logGroupNamePrefix": "long"})).await["logGroups"][0]["storedBytes"];
    assert_eq!(stored.as_u64(), Some(left.len() as u64 * 100));
}

#[tokio::test]
async fn services_write_what_their_role_may() {
    let world = World::new();
    let role = async |name: &str, actions: Value, resource: &str| {
        let trust = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
        let document = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": resource}});
        let properties = json!({"RoleName": name, "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "p", "PolicyDocument": document}]});
        world.handler("AWS::IAM::Role").create(&request(properties)).await.unwrap();
        world.iam.act_as(&format!("arn:aws:iam::000000000000:role/{name}"), "lambda.amazonaws.com").unwrap()
    };
    let all = role("all", json!("logs:*"), "*").await;
    let streams = json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
    let own = role("own", streams.clone(), "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/own:*").await;
    let none = role("none", json!("s3:*"), "*").await;
    let write = |caller: &Caller, group: &str| {
        let event = LogEvent { at_ms: NOW_MS, message: format!("{group} says\n") };
        world.logs.write_for(caller, group, "stream", vec![event]);
    };
    write(&all, "/aws/lambda/all");
    write(&own, "/aws/lambda/own");
    write(&own, "/aws/lambda/all");
    write(&none, "/aws/lambda/all");
    assert_eq!(world.filter("/aws/lambda/all", json!({})).await, ["/aws/lambda/all says\n"]);
    let missing = json!({"logGroupName": "/aws/lambda/own"});
    assert_eq!(
        world.code("FilterLogEvents", missing.clone()).await,
        "ResourceNotFoundException",
        "it may not make groups"
    );
    world.ok("CreateLogGroup", missing).await;
    write(&own, "/aws/lambda/own");
    assert_eq!(world.filter("/aws/lambda/own", json!({})).await.len(), 1);
    let Access::Requires(needed) = world.logs.access(
        &CallContext { caller: own.clone() },
        &call("FilterLogEvents", json!({"logGroupName": "/aws/lambda/own"})),
    ) else {
        panic!("everything needs a permission");
    };
    assert_eq!(needed[0].resource, "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/own:log-stream:");
    assert!(world.iam.authorize(&own, &needed[0]).is_err());
}

#[tokio::test]
async fn events_survive_the_end_of_the_cloud() {
    let world = World::new();
    world.stream("g", "s", &["x"]).await;
    world.logs.write_for(&Caller::Root, "g", "s", vec![LogEvent { at_ms: NOW_MS, message: "y".to_owned() }]);
    let World { logs, iam, shared, _folder, .. } = world;
    let engine = Arc::downgrade(&logs.engine);
    drop(logs);
    while engine.upgrade().is_some() {
        // What was begun is written to its end.
        std::thread::yield_now();
    }
    let logs = Logs::new(shared, iam).unwrap();
    let context = CallContext { caller: Caller::Root };
    let reply = logs.call(&context, call("FilterLogEvents", json!({"logGroupName": "g"}))).await.unwrap();
    let ReplyBody::Json(answer) = reply.body else { panic!("JSON is answered") };
    assert_eq!(messages(&answer), ["x", "y"]);
}

#[tokio::test]
async fn stacks_make_groups_and_streams() {
    let world = World::new();
    let groups = world.handler("AWS::Logs::LogGroup");
    let properties = json!({"LogGroupName": "/own", "RetentionInDays": "14", "Tags": [{"Key": "a", "Value": "b"}]});
    let made = groups.create(&request(properties.clone())).await.unwrap();
    assert_eq!(made.physical_id, "/own");
    assert_eq!(made.attributes["Arn"], "arn:aws:logs:us-east-1:000000000000:log-group:/own:*");
    let described = async || world.ok("DescribeLogGroups", json!({})).await["logGroups"][0].clone();
    assert_eq!(described().await["retentionInDays"], 14);
    let tags = world.ok("ListTagsLogGroup", json!({"logGroupName": "/own"})).await;
    assert_eq!(tags, json!({"tags": {"a": "b", "stack": "s"}}));
    assert!(groups.create(&request(properties)).await.is_err(), "the name is taken");
    assert!(groups.create(&request(json!({"LogGroupName": "/x", "RetentionInDays": 2}))).await.is_err());
    groups.update(&made, &request(json!({"LogGroupName": "/own"}))).await.unwrap();
    assert_eq!(described().await.get("retentionInDays"), None);
    let streams = world.handler("AWS::Logs::LogStream");
    let properties = json!({"LogGroupName": "/own", "LogStreamName": "s"});
    let stream = streams.create(&request(properties.clone())).await.unwrap();
    for _ in 0..2 {
        streams.delete(&stream, &request(properties.clone())).await.unwrap();
        groups.delete(&made, &request(json!({}))).await.unwrap();
    }
    let named = groups.create(&request(json!({}))).await.unwrap();
    assert!(named.physical_id.starts_with("s-Group-"), "{named:?}");
}

#[test]
fn patterns_of_terms_match_texts() {
    for (pattern, message, wanted) in [
        ("", "anything", true),
        ("ERROR", "[ERROR 400] BAD", true),
        ("error", "[ERROR 400] BAD", false),
        ("ERROR BAD", "[ERROR 400] BAD", true),
        ("ERROR GOOD", "[ERROR 400] BAD", false),
        ("\"ERROR 400\"", "[ERROR 400] BAD", true),
        ("\"a \\\"b\\\"\"", "say a \"b\"", true),
        ("?GOOD ?BAD", "[ERROR 400] BAD", true),
        ("?GOOD ?FINE", "[ERROR 400] BAD", false),
        ("ERROR -BAD", "[ERROR 400] BAD", false),
        ("ERROR -\"BAD REQUEST\"", "[ERROR 400] BAD", true),
        ("?GOOD ERROR", "[ERROR 400] BAD", true),
        ("%4[0-9]{2}%", "[ERROR 400] BAD", true),
        ("%^4%", "[ERROR 400] BAD", false),
        ("[address, user, ..., status = 4*, bytes > 100]", "1.2.3.4 ada [1 Jan] \"GET / HTTP\" 404 1534", true),
        ("[address, user, ..., status = 4*, bytes > 100]", "1.2.3.4 ada [1 Jan] \"GET / HTTP\" 404 15", false),
        ("[a, b = 1 || b = 2]", "x 2", true),
        ("[a, b = 1 || b = 2]", "x 3", false),
        ("[a, b]", "x 2 3", false),
        ("[a != x && a != y]", "z", true),
    ] {
        assert_eq!(Pattern::read(pattern).unwrap().matches(message), wanted, "{pattern} on {message}");
    }
}

#[test]
fn patterns_of_json_match_documents() {
    let message = r#"{"level": "error", "code": 503, "ok": false, "user": {"id": 7, "name": "ada l"}, "none": null,
        "list": [{"n": 1}, {"n": 2}], "a b": "x", "path": "/users/1"}"#;
    for (pattern, wanted) in [
        (r#"{ $.level = "error" && $.code >= 500 }"#, true),
        ("{ $.level = error }", true),
        ("{ $.level = err* }", true),
        ("{ $.level != error }", false),
        ("{ $.level != info }", true),
        ("{ $.absent != info }", false),
        ("{ $.code = 503 }", true),
        ("{ $.code = 5.03e2 }", true),
        ("{ $.code < 503 }", false),
        ("{ ($.code = 1 || $.user.id = 7) && $.ok IS FALSE }", true),
        ("{ $.code = 1 || $.user.id = 7 && $.ok IS TRUE }", false),
        ("{ $.none IS NULL }", true),
        ("{ $.absent IS NULL }", false),
        ("{ $.absent NOT EXISTS }", true),
        ("{ $.code NOT EXISTS }", false),
        ("{ $.list[1].n = 2 }", true),
        ("{ $.list[0].n = 2 }", false),
        ("{ $.list[*].n = 2 }", true),
        ("{ $['a b'] = x }", true),
        (r#"{ $.user.name = "ada *" }"#, true),
        ("{ $.path = %^/users/[0-9]+$% }", true),
        (r#"{ $.path = "/users/1" }"#, true),
    ] {
        assert_eq!(Pattern::read(pattern).unwrap().matches(message), wanted, "{pattern}");
    }
    assert!(!Pattern::read("{ $.a NOT EXISTS }").unwrap().matches("no JSON"));
}

#[test]
fn bad_patterns_say_what_is_wrong_and_where() {
    for (pattern, part) in [
        ("\"open", "column 1"),
        ("a -", "a term is missing"),
        ("{ $.a = 1", "a `}` is missing"),
        ("{ a = 1 }", "begins with `$`"),
        ("{ $.a ~ 1 }", "an operator is expected"),
        ("{ $.a = }", "a value is missing"),
        ("{ $.a IS MAYBE }", "NULL, TRUE, FALSE"),
        ("{ $.a = 1 } more", "column 13"),
        ("{ $.a[x] = 1 }", "a number is expected"),
        ("[a, ..., b, ...]", "only once"),
        ("[a = 1", "`,` or `]`"),
        ("%[%", "no regular expression"),
    ] {
        let error = Pattern::read(pattern).unwrap_err();
        assert!(error.starts_with("Invalid filter pattern: ") && error.contains(part), "{pattern}: {error}");
    }
    let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(40), ")".repeat(40));
    assert!(Pattern::read(&deep).is_err());
}
