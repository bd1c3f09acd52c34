//! Every access and every sample of functions: the calls that it allows work, all others are refused by IAM.

use serde_json::{Value, json};

use super::calls::{CALLS, Call};
use super::world::{Probe, World};
use crate::support::http::Answer;
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::hmac;

/// Each access alone, and two together where one request needs both.
const ACCESS: &[&str] = &[
    "photos:read",
    "photos:write",
    "photos:delete",
    "orders:read",
    "orders:write",
    "orders:delete",
    "orders:write,delete",
    "target:invoke",
    "target:send",
    "blog:query",
    "blog:mutate",
    "blog.Note:read",
    "blog.Note:write",
    "blog.Note:delete",
    "auth:read",
    "auth:write",
    "auth:delete",
];

/// The samples with the settings that they ask for, and what those allow.
const SAMPLES: &[(&str, &str, &[&str])] = &[
    ("hello", "", &[]),
    ("graphql", "", &[]),
    ("table", "access = [\"orders:read,write,delete\"]", &["orders:read", "orders:write", "orders:delete"]),
    ("users", "environment = { ALLOWED_DOMAINS = \"example.com\" }", &[]),
    ("scheduled", "schedules = [\"rate(1 hour)\"]", &[]),
    ("stream", "triggers = [\"orders:change\"]", &["orders:change"]),
    ("authoriser", "environment = { SIGNING_KEY = \"key\" }", &[]),
];

fn probe(name: &str, settings: &str, allowed: &[&str]) -> Probe {
    Probe {
        name: name.to_owned(),
        sample: None,
        runtime: "nodejs22.x",
        settings: settings.to_owned(),
        allowed: allowed.iter().map(|&allowed| allowed.to_owned()).collect(),
    }
}

fn probes() -> Vec<Probe> {
    let everything = "access = [\"photos:read\", \"others:read\", \"orders:read\", \"bills:read\", \"target:invoke,send\", \
                      \"rival:invoke,send\", \"listener:send\", \"blog:query\", \"shop:query\", \"auth:read\", \
                      \"blog.Note:read\", \"blog.Memo:read\"]";
    let mut probes = vec![
        probe("atlas", everything, &[]),
        probe("target", "triggers = [\"queue\"]", &["target:receive"]),
        probe("rival", "triggers = [\"queue\"]", &["rival:log"]),
        probe("listener", "triggers = [\"queue\"]", &["queue"]),
    ];
    for access in ACCESS {
        let (resource, actions) = access.split_once(':').unwrap();
        let allowed: Vec<String> = actions.split(',').map(|action| format!("{resource}:{action}")).collect();
        let name = access.replace([':', ',', '.'], "-").to_lowercase();
        let settings = format!("access = [\"{access}\"]");
        probes.push(Probe { name, allowed, ..probe("", &settings, &[]) });
    }
    for (sample, settings, allowed) in SAMPLES {
        for (kind, runtime) in [("node", "nodejs22.x"), ("python", "python3.13")] {
            let base = probe(&format!("{sample}-{kind}"), settings, allowed);
            probes.push(Probe { sample: Some(sample), runtime, ..base });
        }
    }
    probes
}

/// What is wrong with an answer, when something is.
fn judge(probe: &Probe, call: &Call, answer: &Answer) -> Option<String> {
    let text = answer.text();
    let said = || format!("{} {} `{}`: {} {text}", probe.name, call.request, call.action, answer.status);
    if probe.may(call.needs) {
        let works = answer.status / 100 == 2 && !text.contains("\"errors\"");
        return (!works).then(|| format!("is refused: {}", said()));
    }
    if answer.status == 403 && call.request.contains(" HEAD ") {
        return None;
    }
    if call.action == "appsync:GraphQL" {
        // AppSync asks IAM for each field, and refuses the field.
        let refused = text.contains("\"errorType\":\"Unauthorized\"") && text.contains("Not Authorized to access ");
        return (!refused).then(|| format!("is not refused as AppSync does it: {}", said()));
    }
    let words = format!(" is not authorized to perform: {} on resource: ", call.action).to_lowercase();
    let refused = [400, 401, 403].contains(&answer.status)
        && text.contains(":assumed-role/")
        && text.to_lowercase().contains(&words);
    (!refused).then(|| format!("is not refused as AWS does it: {}", said()))
}

#[test]
fn functions_can_do_what_they_are_given_and_no_more() {
    let probes = probes();
    let world = World::deploy(&probes);
    // Those that only stand around are asked for, and have rights to what is their own.
    let around = ["atlas", "target", "rival"];
    let tried: Vec<&Probe> = probes.iter().filter(|probe| !around.contains(&probe.name.as_str())).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = tried.chunks(tried.len().div_ceil(4)).map(|part| {
            let world = &world;
            scope.spawn(move || {
                let of = |probe: &&Probe| {
                    let key = world.credentials(&probe.name);
                    let answers = CALLS.iter().map(|call| (call, world.ask(&key, &probe.name, call)));
                    answers.filter_map(|(call, answer)| judge(probe, call, &answer)).collect::<Vec<_>>()
                };
                part.iter().flat_map(of).collect::<Vec<_>>()
            })
        });
        halves.collect::<Vec<_>>().into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    for access in ACCESS {
        assert!(CALLS.iter().any(|call| call.needs == *access), "nothing is asked that needs {access}");
    }
    samples(&world);
}

/// The samples do what they say.
fn samples(world: &World) {
    let field = json!({ "typeName": "Query", "fieldName": "greet", "arguments": { "name": "Ada" }, "identity": null });
    let record = json!({ "eventID": "1", "eventName": "INSERT", "dynamodb": { "Keys": {}, "SequenceNumber": "1" } });
    let user = |domain: &str| {
        let attributes = json!({ "email": format!("ada@{domain}") });
        json!({ "triggerSource": "PreSignUp_SignUp", "request": { "userAttributes": attributes }, "response": {} })
    };
    let good = format!("ada.{}", hex::encode(hmac(b"key", b"ada")));
    let bad = format!("bob.{}", hex::encode(hmac(b"key", b"ada")));
    for kind in ["node", "python"] {
        let ask = |sample: &str, event: &Value| world.invoke(&format!("{sample}-{kind}"), event);
        assert_eq!(ask("hello", &json!({ "name": "Ada" })), json!({ "message": "Hello, Ada!" }));
        assert_eq!(ask("graphql", &field), "Hello, Ada! You are a stranger.");
        assert_eq!(ask("users", &user("example.com")), user("example.com"));
        assert_eq!(ask("scheduled", &json!({})), Value::Null);
        assert_eq!(ask("stream", &json!({ "Records": [record] })), json!({ "batchItemFailures": [] }));
        for (token, admitted) in [(&good, true), (&bad, false)] {
            let answer = ask("authoriser", &json!({ "authorizationToken": token }));
            assert_eq!(answer["isAuthorized"], admitted, "{kind} {token}: {answer}");
        }
    }
}

#[test]
fn no_sample_is_forgotten() {
    let refused = Sandbox::new().run(&["add", "function", "--sample", "nonsense"]);
    let list = refused.stderr.split("possible values: ").nth(1).unwrap_or_else(|| panic!("{refused:?}"));
    let known: Vec<&str> = list.split(']').next().unwrap().split(", ").collect();
    let tried: Vec<&str> = SAMPLES.iter().map(|(sample, ..)| *sample).collect();
    assert_eq!(tried, known);
}
