//! Functions of every runtime: what they are told, what they answer, how they fail.

use super::*;

#[tokio::test]
async fn node_functions_of_every_style_answer() {
    let world = World::new().await;
    let context = "exports.handler = async (event, context) => ({
        name: context.functionName, arn: context.invokedFunctionArn, memory: context.memoryLimitInMB,
        left: context.getRemainingTimeInMillis(), own: process.env.OWN, region: process.env.AWS_REGION,
        key: process.env.AWS_ACCESS_KEY_ID.slice(0, 4), home: process.env.HOME, handler: process.env._HANDLER,
        endpoint: process.env.AWS_ENDPOINT_URL })";
    world
        .function("context", "nodejs20.x", context, json!({"Environment": {"Variables": {"OWN": "it's \"mine\"\n"}}}))
        .await;
    let (answer, failed, _) = world.invoke("context", json!({})).await;
    assert!(!failed, "{answer}");
    assert!((1..=3000).contains(&answer["left"].as_i64().unwrap()), "{answer}");
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:context");
    assert_eq!(
        (&answer["own"], &answer["region"], &answer["key"]),
        (&json!("it's \"mine\"\n"), &json!("us-east-1"), &json!("ASIA"))
    );
    assert_eq!((&answer["home"], &answer["memory"]), (&Value::Null, &json!("128")), "nothing of the user's leaks in");
    assert_eq!(answer["endpoint"], "http://localhost:4700");
    for (style, code, wanted) in [
        ("callback", "exports.handler = (event, context, done) => setTimeout(() => done(null, event.a), 5)", json!(1)),
        (
            "early",
            "exports.handler = (event, context, done) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 9); done(null, 2) }",
            json!(2),
        ),
        ("nothing", "exports.handler = () => {}", Value::Null),
        ("never", "exports.handler = () => new Promise(() => {})", Value::Null),
        ("text", "exports.handler = async () => 'ä\\u2028'", json!("ä\u{2028}")),
        (
            "nested",
            "exports.handler = async () => require('fs').existsSync(process.env.LAMBDA_TASK_ROOT + '/index.js')",
            json!(true),
        ),
    ] {
        world.function(style, "nodejs22.x", code, json!({})).await;
        for _ in 0..2 {
            let (answer, failed, log) = world.invoke(style, json!({"a": 1})).await;
            assert_eq!((&answer, failed), (&wanted, false), "{style}: {log}");
        }
    }
    let module = archive(&[
        (
            "src/app.mjs",
            "import { double } from './lib/double.mjs'; export const main = { run: async (e) => double(e.n) };",
            0o644,
        ),
        ("src/lib/double.mjs", "export const double = (n) => n * 2;", 0o644),
    ]);
    let input = json!({
        "FunctionName": "module", "Runtime": "nodejs20.x", "Handler": "src/app.main.run", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(module)},
    });
    assert_eq!(world.wire(Method::POST, "", &input).await.0, 201);
    assert_eq!(world.invoke("module", json!({"n": 21})).await.0, json!(42));
    world.lambda.stop().await;
}

#[tokio::test]
async fn errors_of_node_have_the_names_that_node_gives_them() {
    let world = World::new().await;
    for (name, code, kind, message) in [
        ("type", "exports.handler = async () => null.x", "TypeError", "Cannot read properties of null (reading 'x')"),
        (
            "own",
            "class Odd extends Error { constructor(m) { super(m); this.name = 'Odd' } }\nexports.handler = async () => { throw new Odd('boom') }",
            "Odd",
            "boom",
        ),
        ("text", "exports.handler = async () => { throw 'just text' }", "string", "just text"),
        ("callback", "exports.handler = (e, c, done) => done(new RangeError('far'))", "RangeError", "far"),
        ("load", "throw new TypeError('at load')", "TypeError", "at load"),
        ("syntax", "exports.handler = (", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        (
            "import",
            "require('nope'); exports.handler = 1",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nope'",
        ),
        ("missing", "exports.other = 1", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
        (
            "circle",
            "exports.handler = async () => { const a = {}; a.a = a; return a }",
            "Error",
            "Unable to stringify response body",
        ),
        (
            "thrown",
            "exports.handler = () => new Promise(() => setTimeout(() => { throw new TypeError('later') }, 1))",
            "TypeError",
            "later",
        ),
        (
            "rejected",
            "exports.handler = () => new Promise(() => Promise.reject(new Error('no')))",
            "Runtime.UnhandledPromiseRejection",
            "Error: no",
        ),
    ] {
        world.function(name, "nodejs20.x", code, json!({})).await;
        let (answer, failed, log) = world.invoke(name, json!({})).await;
        assert!(failed, "{name}: {answer}");
        assert_eq!(answer["errorType"], kind, "{name}: {answer}");
        assert!(answer["errorMessage"].as_str().unwrap().starts_with(message), "{name}: {answer}");
        assert!(answer["trace"].is_array(), "{name}: {answer}");
        assert!(log.contains("\tERROR\t") && log.contains("REPORT RequestId: "), "{name}: {log}");
    }
    let (answer, _, _) = world.invoke("own", json!({})).await;
    assert_eq!(answer["trace"][0], "Odd: boom");
    assert!(answer["trace"][1].as_str().unwrap().contains("index.js:2:"), "{answer}");
    world.lambda.stop().await;
}

#[tokio::test]
async fn python_functions_answer_and_fail_as_python_does() {
    let world = World::new().await;
    let good = "import os, logging\ndef handler(event, context):\n    print('seen', event['a'])\n    \
                logging.getLogger().warning('careful')\n    return {'sum': event['a'] + 1, 'id': context.aws_request_id, \
                'left': context.get_remaining_time_in_millis() > 0, 'home': os.environ.get('HOME'), 'memory': context.memory_limit_in_mb}\n";
    world.function("good", "python3.12", good, json!({"MemorySize": 256})).await;
    for _ in 0..2 {
        let (answer, failed, log) = world.invoke("good", json!({"a": 1})).await;
        assert!(!failed, "{answer}");
        assert_eq!(
            (&answer["sum"], &answer["left"], &answer["home"], &answer["memory"]),
            (&json!(2), &json!(true), &Value::Null, &json!("256"))
        );
        let id = answer["id"].as_str().unwrap();
        assert!(log.contains(&format!("START RequestId: {id} Version: $LATEST\nseen 1\n[WARNING]\t")), "{log}");
        assert!(log.contains(&format!("\t{id}\tcareful\n")), "{log}");
    }
    for (name, code, kind, message) in [
        ("value", "class Odd(ValueError): pass\ndef handler(e, c):\n    raise Odd('boom')\n", "Odd", "boom"),
        ("key", "def handler(e, c):\n    return e['b']\n", "KeyError", "'b'"),
        ("load", "raise RuntimeError('at load')\n", "RuntimeError", "at load"),
        (
            "syntax",
            "def handler(:\n",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'index': invalid syntax (index.py, line 1)",
        ),
        (
            "import",
            "import nope\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'nope'",
        ),
        ("missing", "x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        (
            "set",
            "def handler(e, c):\n    return {1}\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ] {
        world.function(name, "python3.12", code, json!({})).await;
        let (answer, failed, log) = world.invoke(name, json!({})).await;
        assert!(failed, "{name}: {answer}");
        assert_eq!(
            (answer["errorType"].as_str(), answer["errorMessage"].as_str()),
            (Some(kind), Some(message)),
            "{name}: {answer}"
        );
        assert!(
            answer["stackTrace"].is_array() && log.contains(&format!("[ERROR] {kind}: ")),
            "{name}: {answer} {log}"
        );
    }
    let (answer, _, _) = world.invoke("value", json!({})).await;
    let frame = answer["stackTrace"][0].as_str().unwrap();
    assert!(frame.contains("index.py\", line 3, in handler\n    raise Odd('boom')"), "{answer}");
    assert_eq!(answer["stackTrace"].as_array().unwrap().len(), 1, "no frames of ours: {answer}");
    world.lambda.stop().await;
}

#[tokio::test]
async fn custom_runtimes_speak_for_themselves() {
    let world = World::new().await;
    let api = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id";
    world.script("sh", &shell(&format!("echo got it; curl -sS -d \"{{\\\"echo\\\": $event}}\" {api}/response"))).await;
    for number in 0..2 {
        let (answer, failed, log) = world.invoke("sh", json!({"n": number})).await;
        assert_eq!((answer, failed), (json!({"echo": {"n": number}}), false), "{log}");
        assert!(log.contains("got it\n"), "{log}");
    }
    let told = "{\\\"errorType\\\": \\\"Own.Kind\\\", \\\"errorMessage\\\": \\\"said\\\"}";
    world.script("told", &shell(&format!("curl -sS -d \"{told}\" {api}/error"))).await;
    assert_eq!(world.error("told").await, ("Own.Kind".to_owned(), "said".to_owned()));
    world.script("one", "#!/bin/sh\nexit 7\n").await;
    let (kind, message) = world.error("one").await;
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    world.script("zero", &shell("exit 0")).await;
    assert!(world.error("zero").await.1.ends_with("Error: Runtime exited without providing a reason"));
    let other = archive(&[("other", "x", 0o644)]);
    let input = json!({"ZipFile": STANDARD.encode(other)});
    assert_eq!(world.wire(Method::PUT, "/zero/code", &input).await.0, 200);
    assert_eq!(world.error("zero").await.0, "Runtime.InvalidEntrypoint");
    world.lambda.stop().await;
}
