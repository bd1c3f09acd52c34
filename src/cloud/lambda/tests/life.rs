//! Processes: used again, ended, limited; events that wait.

use super::*;

#[tokio::test]
async fn processes_are_used_again_until_something_changes() {
    let world = World::new().await;
    let code = "let n = 0; exports.handler = async () => [process.pid, ++n]";
    world.function("count", "nodejs20.x", code, json!({})).await;
    let (first, _, log) = world.invoke("count", json!({})).await;
    assert!(log.contains("\tInit Duration: "), "{log}");
    let (second, _, log) = world.invoke("count", json!({})).await;
    assert_eq!((&second[0], &second[1]), (&first[0], &json!(2)));
    assert!(!log.contains("Init Duration"), "{log}");
    let granted = json!({"StatementId": "a", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"});
    assert_eq!(world.wire(Method::POST, "/count/policy", &granted).await.0, 201);
    assert_eq!(world.invoke("count", json!({})).await.0[1], 3, "a permission is no new configuration");
    assert_eq!(world.wire(Method::PUT, "/count/configuration", &json!({"Description": "x"})).await.0, 200);
    assert!(gone(first[0].as_u64().unwrap()).await);
    let (third, _, _) = world.invoke("count", json!({})).await;
    assert_eq!(third[1], 1);
    assert_eq!(world.wire(Method::DELETE, "/count", &Value::Null).await.0, 204);
    assert!(gone(third[0].as_u64().unwrap()).await);
    // Code that a process was still about to leave is met again at the next change.
    world.function("next", "nodejs20.x", code, json!({})).await;
    assert_eq!(world.wire(Method::DELETE, "/next", &Value::Null).await.0, 204);
    let left: Vec<_> = std::fs::read_dir(world.folder.path().join("lambda/code")).unwrap().collect();
    assert_eq!(left.len(), 1, "only the scope of modules is left: {left:?}");
}

#[tokio::test]
async fn time_memory_and_crashes_end_an_invocation_and_leave_nothing() {
    let world = World::new().await;
    let spin = "const { spawn } = require('child_process');
        exports.handler = async (event) => {
          console.log('pids', process.pid, spawn('sleep', ['100']).pid);
          if (event.spin) for (;;) {}
          if (event.exit !== undefined) process.exit(event.exit);
          if (event.grow) { const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise(setImmediate) } }
          return 'fine' }";
    world.function("bad", "nodejs20.x", spin, json!({"Timeout": 1, "MemorySize": 256})).await;
    for (event, kind, message, report) in [
        (json!({"spin": 1}), "Sandbox.Timedout", "Error: Task timed out after 1.00 seconds", "Status: timeout"),
        (
            json!({"exit": 3}),
            "Runtime.ExitError",
            "Error: Runtime exited with error: exit status 3",
            "Error Type: Runtime.ExitError",
        ),
        (json!({"exit": 0}), "Runtime.ExitError", "Error: Runtime exited without providing a reason", "Status: error"),
        (
            json!({"grow": 1}),
            "Runtime.OutOfMemory",
            "Error: Runtime exited with error: signal: killed",
            "Error Type: Runtime.OutOfMemory",
        ),
    ] {
        let (answer, failed, log) = world.invoke("bad", event.clone()).await;
        assert!(failed, "{event}: {answer}");
        assert_eq!(answer["errorType"], kind, "{event}: {answer}");
        let told = answer["errorMessage"].as_str().unwrap();
        assert!(told.starts_with("RequestId: ") && told.ends_with(message), "{event}: {told}");
        assert!(log.contains(report), "{event}: {log}");
        let pids = log.split("pids ").nth(1).unwrap().lines().next().unwrap();
        for pid in pids.split(' ') {
            assert!(gone(pid.parse().unwrap()).await, "{event}: {pid} is alive");
        }
        assert_eq!(world.invoke("bad", json!({})).await.0, "fine", "the next invocation has a new process");
    }
    world.lambda.stop().await;
}

#[tokio::test]
async fn nothing_outlives_the_cloud() {
    let world = World::new().await;
    let code = "const { spawn } = require('child_process'); exports.handler = async () => [process.pid, spawn('sleep', ['100']).pid]";
    world.function("kept", "nodejs20.x", code, json!({})).await;
    let (pids, _, _) = world.invoke("kept", json!({})).await;
    let pids: Vec<u64> = serde_json::from_value(pids).unwrap();
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    world.lambda.stop().await;
    for pid in &pids {
        assert!(gone(*pid).await, "{pid}");
    }
    let asked = Asked::new("kept", "{}", Invoker::Caller(&Caller::Root));
    assert_eq!(world.lambda.invoke(asked).await.unwrap_err().code, "ServiceException");
}

#[tokio::test]
async fn many_at_once_and_no_more_than_reserved() {
    let world = World::new().await;
    world.function("echo", "nodejs20.x", ECHO, json!({})).await;
    let many = (0..100).map(|number| {
        let lambda = Arc::clone(&world.lambda);
        tokio::spawn(async move {
            let asked = Asked::new("echo", json!(number).to_string(), Invoker::Caller(&Caller::Root));
            (number, lambda.invoke(asked).await.unwrap())
        })
    });
    for one in many.collect::<Vec<_>>() {
        let (number, done) = one.await.unwrap();
        assert_eq!((done.payload.as_ref(), done.failed), (json!(number).to_string().as_bytes(), false));
    }
    let slow = "exports.handler = () => new Promise((done) => setTimeout(done, 300))";
    world.function("slow", "nodejs20.x", slow, json!({"ReservedConcurrentExecutions": 1})).await;
    world.invoke("slow", json!({})).await;
    let ask = || world.lambda.invoke(Asked::new("slow", "{}", Invoker::Caller(&Caller::Root)));
    let (first, second) = tokio::join!(ask(), ask());
    assert!(first.is_ok());
    let error = second.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("TooManyRequestsException", 429));
    assert_eq!(error.extra["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
    world.lambda.stop().await;
}

#[tokio::test]
async fn answers_and_events_have_limits() {
    let world = World::new().await;
    world
        .function("big", "nodejs20.x", "exports.handler = async (e) => 'x'.repeat(e.n)", json!({"MemorySize": 512}))
        .await;
    let (answer, failed, _) = world.invoke("big", json!({"n": 6_291_554})).await;
    assert_eq!((answer.as_str().map(str::len), failed), (Some(6_291_554), false));
    let (answer, failed, _) = world.invoke("big", json!({"n": 6_291_555})).await;
    assert_eq!((answer["errorType"].as_str(), failed), (Some("Function.ResponseSizeTooLarge"), true));
    assert_eq!(world.invoke("big", json!({"n": 1})).await.0, "x", "the process lives on");
    let text = "ä".repeat(2_000_000);
    for (name, runtime, code) in
        [("node", "nodejs20.x", ECHO), ("python", "python3.12", "def handler(event, context):\n    return event\n")]
    {
        world.function(name, runtime, code, json!({"MemorySize": 1024, "Timeout": 30})).await;
        assert_eq!(world.invoke(name, json!(text)).await.0, json!(text), "{name}");
    }
    let event = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    for (bytes, kind, code) in [
        (6_291_457, InvocationType::Wait, Some("RequestEntityTooLargeException")),
        (6_291_456, InvocationType::Check, None),
        (1_048_577, InvocationType::Later, Some("RequestEntityTooLargeException")),
    ] {
        let asked = Asked { kind, ..Asked::new("big", event(bytes), Invoker::Caller(&Caller::Root)) };
        assert_eq!(world.lambda.invoke(asked).await.err().map(|error| error.code).as_deref(), code, "{bytes}");
    }
    let asked = Asked::new("big", "{", Invoker::Caller(&Caller::Root));
    assert_eq!(world.lambda.invoke(asked).await.unwrap_err().code, "InvalidRequestContentException");
    world.lambda.stop().await;
}

#[tokio::test]
async fn events_are_taken_at_once_and_worked_on_later() {
    let world = World::new().await;
    let mark = world.folder.path().join("mark");
    let code = format!("exports.handler = async (e) => require('fs').writeFileSync({mark:?}, JSON.stringify(e))");
    world.function("later", "nodejs20.x", &code, json!({})).await;
    let headers = [("x-amz-invocation-type", "Event")];
    let reply = world.send(Method::POST, "/later/invocations", &headers, b"{\"a\":1}".to_vec()).await.unwrap();
    assert_eq!(reply.status, 202);
    let begun = Instant::now();
    while !mark.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the event was not worked on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "{\"a\":1}");
    let dry = world.send(Method::POST, "/later/invocations", &[("x-amz-invocation-type", "DryRun")], Vec::new()).await;
    assert_eq!(dry.unwrap().status, 204);
    world.lambda.stop().await;
}
