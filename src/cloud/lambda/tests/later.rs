//! Events that are not waited for: limits, destinations, reserved concurrency.

use super::*;

impl World {
    /// A function that keeps every event that it gets in a folder, and the folder.
    async fn keeper(&self, name: &str) -> std::path::PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let code = "const fs = require('fs');
            exports.handler = async (event, context) =>
                fs.writeFileSync(`${process.env.FOLDER}/${context.awsRequestId}`, JSON.stringify(event))";
        let variables = json!({"Environment": {"Variables": {"FOLDER": folder}}});
        self.function(name, "nodejs20.x", code, variables).await;
        folder
    }

    async fn later(&self, name: &str, event: Value) {
        let asked = Asked {
            kind: InvocationType::Later,
            ..Asked::new(name, event.to_string(), Invoker::Caller(&Caller::Root))
        };
        self.lambda.invoke(asked).await.unwrap();
    }
}

/// The first file of a folder, as soon as it is whole.
async fn first_of(folder: &std::path::Path) -> Value {
    for _ in 0..1000 {
        let file = std::fs::read_dir(folder).unwrap().flatten().next();
        let read = file.and_then(|file| serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok());
        if let Some(read) = read {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing came into {}", folder.display());
}

#[tokio::test]
async fn outcomes_go_to_destinations_that_the_role_may_invoke() {
    let world = World::new().await;
    let good = world.keeper("good").await;
    let bad = world.keeper("bad").await;
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let rights = json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [arn("good"), arn("bad")]}]);
    world.role("sender", "lambda.amazonaws.com", &rights).await;
    let code = "exports.handler = async (event) => { if (event.fail) throw new TypeError('no'); return event.n + 1 }";
    let role = json!({"Role": "arn:aws:iam::000000000000:role/sender"});
    world.function("fn", "nodejs20.x", code, role).await;
    let properties = json!({
        "FunctionName": "fn", "Qualifier": "$LATEST", "MaximumRetryAttempts": "0", "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {"OnSuccess": {"Destination": arn("good")}, "OnFailure": {"Destination": arn("bad")}},
    });
    world.make("AWS::Lambda::EventInvokeConfig", properties).await.unwrap();
    world.later("fn", json!({"n": 1})).await;
    let record = first_of(&good).await;
    assert_eq!(record["version"], "1.0");
    assert_eq!((&record["requestPayload"], &record["responsePayload"]), (&json!({"n": 1}), &json!(2)));
    assert_eq!(record["requestContext"]["functionArn"], format!("{}:$LATEST", arn("fn")));
    assert_eq!(record["requestContext"]["condition"], "Success");
    assert_eq!(record["responseContext"], json!({"statusCode": 200, "executedVersion": "$LATEST"}));
    world.later("fn", json!({"fail": true})).await;
    let record = first_of(&bad).await;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorType"], "TypeError");
    world.lambda.stop().await;
}

#[tokio::test]
async fn what_events_are_held_to_is_set_told_and_taken_away() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", ECHO, json!({})).await;
    let path = "/2019-09-25/functions/fn/event-invoke-config";
    assert_eq!(world.wire(Method::GET, path, &Value::Null).await.0, 404);
    for bad in [
        json!({"MaximumRetryAttempts": 3}),
        json!({"MaximumEventAgeInSeconds": 59}),
        json!({"DestinationConfig": {"OnFailure": {"Destination": "queue"}}}),
        json!({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}}),
    ] {
        assert!(world.wire(Method::PUT, path, &bad).await.0 >= 400, "{bad}");
    }
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let put = json!({"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": {"Destination": queue}}});
    let (status, told) = world.wire(Method::PUT, path, &put).await;
    assert_eq!((status, &told["DestinationConfig"]["OnFailure"]["Destination"]), (200, &json!(queue)), "{told}");
    let (_, changed) = world.wire(Method::POST, path, &json!({"MaximumEventAgeInSeconds": 60})).await;
    assert_eq!((&changed["MaximumRetryAttempts"], &changed["MaximumEventAgeInSeconds"]), (&json!(1), &json!(60)));
    let (_, replaced) = world.wire(Method::PUT, path, &json!({"MaximumEventAgeInSeconds": 90})).await;
    assert_eq!(replaced.get("MaximumRetryAttempts"), None, "putting replaces");
    let (_, listed) = world.wire(Method::GET, &format!("{path}/list"), &Value::Null).await;
    assert_eq!(listed["FunctionEventInvokeConfigs"].as_array().unwrap().len(), 1);
    assert_eq!(world.wire(Method::DELETE, path, &Value::Null).await.0, 204);
    assert_eq!(world.wire(Method::DELETE, path, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn concurrency_is_reserved_without_ending_processes() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", "let n = 0; exports.handler = async () => ++n", json!({})).await;
    assert_eq!(world.invoke("fn", json!({})).await.0, 1);
    let path = "/2017-10-31/functions/fn/concurrency";
    let told = "/2019-09-30/functions/fn/concurrency";
    assert_eq!(world.wire(Method::GET, told, &Value::Null).await, (200, json!({})));
    let reserve = |count: u64| json!({"ReservedConcurrentExecutions": count});
    assert_eq!(world.wire(Method::PUT, path, &reserve(5)).await, (200, reserve(5)));
    assert_eq!(world.wire(Method::PUT, path, &reserve(901)).await.0, 400, "100 are for the others");
    assert_eq!(world.wire(Method::GET, told, &Value::Null).await, (200, reserve(5)));
    assert_eq!(world.invoke("fn", json!({})).await.0, 2, "the process goes on");
    world.wire(Method::PUT, path, &reserve(0)).await;
    let (status, refused) = world.wire(Method::POST, "/fn/invocations", &json!({})).await;
    assert_eq!((status, &refused["code"]), (429, &json!("TooManyRequestsException")));
    assert_eq!(
        refused["extra"],
        json!({"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"})
    );
    assert_eq!(world.wire(Method::DELETE, path, &Value::Null).await.0, 204);
    assert_eq!(world.invoke("fn", json!({})).await.0, 3);
    world.lambda.stop().await;
}
