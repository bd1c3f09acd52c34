//! Fields that functions answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::functions::{make_from, make_function, make_role};
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::stub::Stub;

const SCHEMA: &str = r#"
type Person @model @auth(rules: [{ allow: public }]) {
  id: ID!
  greeting(loud: Boolean): AWSJSON @function(name: "echo")
}
type EventInvocationResponse { success: Boolean! }
type Query {
  told(word: String): AWSJSON @function(name: "echo")
  chained(word: String): AWSJSON @function(name: "first") @function(name: "echo")
  broken(word: String): AWSJSON @function(name: "failing") @function(name: "echo")
}
type Mutation {
  notify(word: String): EventInvocationResponse @function(name: "slow", invocationType: Event)
}
"#;

/// Answers what it was asked.
const ECHO: &str = "exports.handler = async (event) => JSON.stringify(event);";
const FIRST: &str = "exports.handler = async ({ arguments: { word } }) => ({ heard: word });";
const FAILING: &str = "exports.handler = async () => { throw new RangeError('out of words'); };";

/// Tells the test, but not before the test has told it to.
const SLOW: &str = "exports.handler = async (event) => {
  await fetch(`${process.env.TEST}/begun`);
  while ((await (await fetch(`${process.env.TEST}/may-go`)).text()) !== 'yes') {}
  await fetch(`${process.env.TEST}/done`, { method: 'POST', body: JSON.stringify(event) });
  return { success: 'nobody reads this' };
};";

struct World {
    api: Api,
    _dev: Dev,
    _sandbox: Sandbox,
}

/// The functions are there before the API that names them.
fn deploy(test: &str) -> World {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "invocations", "--target", "local"]).ok();
    {
        let dev = sandbox.dev();
        make_role(&dev.endpoint);
        for (name, code) in [("echo", ECHO), ("first", FIRST), ("failing", FAILING)] {
            make_function(&dev.endpoint, name, code, 10);
        }
        make_from(&dev.endpoint, "slow", &[("index.js", SLOW)], &json!({ "TEST": test }));
    }
    let settings = "\n[resources.api]\nkind = \"api\"\nauth = \"api-key\"\n";
    sandbox.write("ampup.toml", &format!("{}{settings}", sandbox.read("ampup.toml")));
    sandbox.write("ampup/api/api/schema.graphql", SCHEMA);
    let _ = sandbox.run(&["render"]).ok();
    let dev = sandbox.dev();
    World { api: Api::of(&sandbox), _dev: dev, _sandbox: sandbox }
}

/// The event that a function was given.
fn event(told: &Value) -> Value {
    serde_json::from_str(told.as_str().unwrap_or_else(|| panic!("no event: {told}"))).unwrap()
}

#[test]
fn item_53_functions_answer_fields_in_chains_and_later() {
    let may_go = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asks = std::sync::Arc::clone(&may_go);
    let stub = Stub::start(move |asked| {
        let yes = asked.path == "/may-go" && asks.load(std::sync::atomic::Ordering::SeqCst);
        (200, if yes { b"yes".to_vec() } else { Vec::new() })
    });
    let world = deploy(&stub.address);

    let told = event(&world.api.value("{ told(word: \"w\") }", &Value::Null));
    let mut members: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["arguments", "fieldName", "identity", "prev", "request", "source", "typeName"]);
    assert_eq!((&told["typeName"], &told["fieldName"]), (&json!("Query"), &json!("told")));
    assert_eq!((&told["arguments"], &told["source"]), (&json!({ "word": "w" }), &Value::Null), "{told}");
    assert_eq!(told["identity"], Value::Null, "an API key has none");
    assert_eq!(told["request"]["headers"]["content-type"], "application/json");
    assert_eq!(told["prev"], json!({ "result": {} }), "no function came before");

    world.api.write("createPerson", &json!({ "id": "ada" }), "id");
    let person = world.api.value("{ getPerson(id: \"ada\") { greeting(loud: true) } }", &Value::Null);
    let told = event(&person["greeting"]);
    assert_eq!((&told["typeName"], &told["fieldName"]), (&json!("Person"), &json!("greeting")));
    assert_eq!((&told["source"]["id"], &told["arguments"]["loud"]), (&json!("ada"), &json!(true)));

    let told = event(&world.api.value("{ chained(word: \"w\") }", &Value::Null));
    assert_eq!(told["prev"]["result"], json!({ "heard": "w" }), "{told}");
    assert_eq!(told["arguments"], json!({ "word": "w" }), "the second has the same arguments");

    let failed = world.api.ask("{ broken(word: \"w\") }", &Value::Null);
    let errors = failed["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &failed["data"]), (1, &json!({ "broken": null })), "the chain ends: {failed}");
    assert_eq!(
        (&errors[0]["errorType"], &errors[0]["message"], &errors[0]["path"]),
        (&json!("Lambda:Unhandled"), &json!("out of words"), &json!(["broken"]))
    );

    // The answer is there while the function still waits to be let go.
    let notified = world.api.value("mutation { notify(word: \"w\") { success } }", &Value::Null);
    assert_eq!(notified, json!({ "success": true }));
    let mut asked = stub.take();
    assert!(asked.iter().all(|asked| asked.path != "/done"), "{asked:?}");
    may_go.store(true, std::sync::atomic::Ordering::SeqCst);
    let begun = Instant::now();
    while asked.iter().all(|asked| asked.path != "/done") {
        assert!(begun.elapsed() < Duration::from_secs(30), "the function never ran");
        std::thread::sleep(Duration::from_millis(10));
        asked.extend(stub.take());
    }
    let done = asked.iter().find(|asked| asked.path == "/done").unwrap().json();
    assert_eq!((&done["typeName"], &done["fieldName"]), (&json!("Mutation"), &json!("notify")));
    assert_eq!(done["arguments"], json!({ "word": "w" }));
}
