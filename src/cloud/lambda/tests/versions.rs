//! Versions and aliases: what runs, what is told, what may be deleted.

use super::*;

const WHO: &str = "exports.handler = async (event, context) => `one ${context.functionVersion} ${process.env.AWS_LAMBDA_FUNCTION_VERSION} ${context.invokedFunctionArn.split(':').slice(6).join(':')}`";

impl World {
    async fn says(&self, name: &str) -> String {
        let (answer, failed, log) = self.invoke(name, json!({})).await;
        assert!(!failed, "{answer} {log}");
        answer.as_str().unwrap().to_owned()
    }

    async fn refusal(&self, method: Method, path: &str, input: Value) -> String {
        let (status, refused) = self.wire(method, path, &input).await;
        assert!(status >= 400, "{path}: {refused}");
        refused["code"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn versions_stay_as_they_were_published() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", WHO, json!({})).await;
    let (status, first) = world.wire(Method::POST, "/fn/versions", &json!({"Description": "the first"})).await;
    assert_eq!((status, &first["Version"], &first["Description"]), (201, &json!("1"), &json!("the first")));
    assert_eq!(first["FunctionArn"], "arn:aws:lambda:us-east-1:000000000000:function:fn:1");
    let (_, again) = world.wire(Method::POST, "/fn/versions", &json!({})).await;
    assert_eq!(again["Version"], "1", "nothing has changed");
    let zip = STANDARD.encode(archive(&[("index.js", &WHO.replace("one", "two"), 0o644)]));
    let (_, second) = world.wire(Method::PUT, "/fn/code", &json!({"ZipFile": zip, "Publish": true})).await;
    assert_eq!(second["Version"], "2");
    for (name, wanted) in [
        ("fn", "two $LATEST $LATEST fn"),
        ("fn:1", "one 1 1 fn:1"),
        ("fn:2", "two 2 2 fn:2"),
        ("fn:$LATEST", "two $LATEST $LATEST fn:$LATEST"),
    ] {
        assert_eq!(world.says(name).await, wanted);
    }
    let reply = world.send(Method::POST, "/fn/invocations?Qualifier=1", &[], b"{}".to_vec()).await.unwrap();
    assert!(reply.headers.contains(&("x-amz-executed-version".to_owned(), "1".to_owned())), "{:?}", reply.headers);
    let (_, listed) = world.wire(Method::GET, "/fn/versions", &Value::Null).await;
    let numbers: Vec<&Value> = listed["Versions"].as_array().unwrap().iter().map(|one| &one["Version"]).collect();
    assert_eq!(numbers, [&json!("$LATEST"), &json!("1"), &json!("2")]);
    let stale = json!({"CodeSha256": first["CodeSha256"]});
    assert_eq!(world.refusal(Method::POST, "/fn/versions", stale).await, "InvalidParameterValueException");
    assert_eq!(world.refusal(Method::PUT, "/fn:1/code", json!({"ZipFile": zip})).await, "ResourceNotFoundException");
    assert_eq!(world.wire(Method::DELETE, "/fn?Qualifier=1", &Value::Null).await.0, 204);
    assert_eq!(world.refusal(Method::GET, "/fn?Qualifier=1", Value::Null).await, "ResourceNotFoundException");
    assert_eq!(
        world.refusal(Method::DELETE, "/fn?Qualifier=$LATEST", Value::Null).await,
        "InvalidParameterValueException"
    );
    assert_eq!(world.wire(Method::DELETE, "/fn", &Value::Null).await.0, 204);
    world.function("fn", "nodejs20.x", WHO, json!({})).await;
    assert_eq!(world.refusal(Method::GET, "/fn?Qualifier=2", Value::Null).await, "ResourceNotFoundException");
    world.lambda.stop().await;
}

#[tokio::test]
async fn aliases_lead_to_versions_by_weight() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", WHO, json!({})).await;
    world.wire(Method::POST, "/fn/versions", &json!({})).await;
    world.wire(Method::PUT, "/fn/configuration", &json!({"Description": "x", "Timeout": 4})).await;
    world.wire(Method::POST, "/fn/versions", &json!({})).await;
    let (status, alias) =
        world.wire(Method::POST, "/fn/aliases", &json!({"Name": "live", "FunctionVersion": "1"})).await;
    assert_eq!((status, &alias["AliasArn"]), (201, &json!("arn:aws:lambda:us-east-1:000000000000:function:fn:live")));
    assert_eq!(world.says("fn:live").await, "one 1 1 fn:live");
    for (input, code) in [
        (json!({"Name": "live", "FunctionVersion": "1"}), "ResourceConflictException"),
        (json!({"Name": "7", "FunctionVersion": "1"}), "ValidationException"),
        (json!({"Name": "other", "FunctionVersion": "9"}), "ResourceNotFoundException"),
        (json!({"Name": "other"}), "ValidationException"),
        (
            json!({"Name": "o", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}}),
            "InvalidParameterValueException",
        ),
        (
            json!({"Name": "o", "FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}}),
            "InvalidParameterValueException",
        ),
    ] {
        assert_eq!(world.refusal(Method::POST, "/fn/aliases", input.clone()).await, code, "{input}");
    }
    let weights = |weight: f64| json!({"RoutingConfig": {"AdditionalVersionWeights": {"2": weight}}});
    let (_, half) = world.wire(Method::PUT, "/fn/aliases/live", &weights(0.5)).await;
    assert_eq!(half["RoutingConfig"]["AdditionalVersionWeights"]["2"], 0.5);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..64 {
        seen.insert(world.says("fn:live").await);
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    world.wire(Method::PUT, "/fn/aliases/live", &weights(1.0)).await;
    assert_eq!(world.says("fn:live").await, "one 2 2 fn:live");
    assert_eq!(world.refusal(Method::DELETE, "/fn?Qualifier=2", Value::Null).await, "ResourceConflictException");
    let stale = json!({"FunctionVersion": "2", "RoutingConfig": {}, "RevisionId": alias["RevisionId"]});
    assert_eq!(world.refusal(Method::PUT, "/fn/aliases/live", stale).await, "PreconditionFailedException");
    let (_, moved) =
        world.wire(Method::PUT, "/fn/aliases/live", &json!({"FunctionVersion": "2", "RoutingConfig": {}})).await;
    assert_eq!((&moved["FunctionVersion"], &moved["RoutingConfig"]), (&json!("2"), &Value::Null));
    let (_, listed) = world.wire(Method::GET, "/fn/aliases?FunctionVersion=2", &Value::Null).await;
    assert_eq!(listed["Aliases"].as_array().unwrap().len(), 1);
    assert_eq!(world.wire(Method::DELETE, "/fn/aliases/live", &Value::Null).await.0, 204);
    assert_eq!(world.refusal(Method::GET, "/fn/aliases/live", Value::Null).await, "ResourceNotFoundException");
    world.lambda.stop().await;
}

#[tokio::test]
async fn every_qualifier_has_a_policy_of_its_own() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", WHO, json!({})).await;
    world.wire(Method::POST, "/fn/versions", &json!({})).await;
    world.wire(Method::POST, "/fn/aliases", &json!({"Name": "live", "FunctionVersion": "1"})).await;
    let statement = json!({"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"});
    assert_eq!(world.wire(Method::POST, "/fn/policy?Qualifier=live", &statement).await.0, 201);
    let source_arn = "arn:aws:events:us-east-1:000000000000:rule/r";
    for (function, admitted) in [("fn:live", true), ("fn", false), ("fn:1", false)] {
        let visitor = ServiceVisitor { service: "events.amazonaws.com", source_arn };
        let asked = Asked { kind: InvocationType::Check, ..Asked::new(function, "{}", Invoker::Service(visitor)) };
        assert_eq!(world.lambda.invoke(asked).await.is_ok(), admitted, "{function}");
    }
    let (_, policy) = world.wire(Method::GET, "/fn/policy?Qualifier=live", &Value::Null).await;
    assert!(policy["Policy"].as_str().unwrap().contains("function:fn:live"), "{policy}");
    assert_eq!(world.refusal(Method::GET, "/fn/policy", Value::Null).await, "ResourceNotFoundException");
    assert_eq!(world.refusal(Method::POST, "/fn/policy?Qualifier=no", statement).await, "ResourceNotFoundException");
    assert_eq!(world.wire(Method::DELETE, "/fn/policy/s?Qualifier=live", &Value::Null).await.0, 204);
    world.lambda.stop().await;
}

#[tokio::test]
async fn stacks_make_versions_and_aliases() {
    let world = World::new().await;
    world.function("fn", "nodejs20.x", WHO, json!({})).await;
    let version = world.make("AWS::Lambda::Version", json!({"FunctionName": "fn"})).await.unwrap();
    assert_eq!(version.physical_id, "arn:aws:lambda:us-east-1:000000000000:function:fn:1");
    assert_eq!(version.attributes["Version"], "1");
    let again = world.make("AWS::Lambda::Version", json!({"FunctionName": "fn"})).await.unwrap_err();
    assert!(again.contains("A version for this Lambda function exists ( 1 )"), "{again}");
    let properties = json!({"FunctionName": "fn", "FunctionVersion": "1", "Name": "live"});
    let alias = world.make("AWS::Lambda::Alias", properties.clone()).await.unwrap();
    assert_eq!(alias.physical_id, "arn:aws:lambda:us-east-1:000000000000:function:fn:live");
    assert_eq!(world.says(&alias.physical_id).await, "one 1 1 fn:live");
    let aliases = world.handler("AWS::Lambda::Alias");
    let mut changed = properties.clone();
    changed["FunctionVersion"] = json!("$LATEST");
    aliases.update(&alias, &request(changed, Some(properties.clone()))).await.unwrap();
    assert_eq!(world.says("fn:live").await, "one $LATEST $LATEST fn:live");
    for _ in 0..2 {
        aliases.delete(&alias, &request(properties.clone(), None)).await.unwrap();
        world.handler("AWS::Lambda::Version").delete(&version, &request(json!({}), None)).await.unwrap();
    }
    assert_eq!(world.refusal(Method::GET, "/fn?Qualifier=1", Value::Null).await, "ResourceNotFoundException");
    world.lambda.stop().await;
}
