//! The API of functions: what it tells, changes and refuses.

use super::*;

#[tokio::test]
async fn the_api_tells_and_changes_what_a_function_is() {
    let world = World::new().await;
    let zip = archive(&[("index.js", ECHO, 0o644)]);
    let input = json!({
        "FunctionName": "one", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE, "Timeout": 10,
        "Environment": {"Variables": {"AB": "1"}}, "Tags": {"team": "x"}, "Code": {"ZipFile": STANDARD.encode(&zip)},
    });
    let (status, made) = world.wire(Method::POST, "", &input).await;
    assert_eq!(status, 201, "{made}");
    for (name, wanted) in [
        ("FunctionArn", json!("arn:aws:lambda:us-east-1:000000000000:function:one")),
        ("State", json!("Active")),
        ("LastUpdateStatus", json!("Successful")),
        ("Version", json!("$LATEST")),
        ("MemorySize", json!(128)),
        ("Timeout", json!(10)),
        ("CodeSize", json!(zip.len())),
        ("Environment", json!({"Variables": {"AB": "1"}})),
    ] {
        assert_eq!(made[name], wanted, "{name}");
    }
    for name in [
        "one",
        "one:$LATEST",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aone",
        "000000000000:function:one",
        "one?Qualifier=$LATEST",
    ] {
        let (status, got) = world.wire(Method::GET, &format!("/{name}"), &Value::Null).await;
        assert_eq!(
            (status, &got["Configuration"]["FunctionName"], &got["Tags"]["team"]),
            (200, &json!("one"), &json!("x")),
            "{name}"
        );
    }
    let (_, got) = world.wire(Method::GET, "/one", &Value::Null).await;
    let location = got["Code"]["Location"].as_str().unwrap().split("functions").nth(1).unwrap().to_owned();
    let ReplyBody::File { path, .. } = world.send(Method::GET, &location, &[], Vec::new()).await.unwrap().body else {
        panic!("no file")
    };
    assert_eq!(std::fs::read(path).unwrap(), zip);
    assert_eq!(world.send(Method::GET, "/one/archive?ticket=x", &[], Vec::new()).await.unwrap_err().status, 403);
    let changed =
        json!({"ZipFile": STANDARD.encode(archive(&[("index.js", "exports.handler = async () => 2", 0o644)]))});
    assert_eq!(world.invoke("one", json!(1)).await.0, 1);
    let (status, updated) = world.wire(Method::PUT, "/one/code", &changed).await;
    assert_eq!(status, 200, "{updated}");
    assert_ne!(updated["CodeSha256"], made["CodeSha256"]);
    assert_eq!(world.invoke("one", json!(1)).await.0, 2);
    let (status, stale) =
        world.wire(Method::PUT, "/one/configuration", &json!({"RevisionId": made["RevisionId"]})).await;
    assert_eq!((status, &stale["code"]), (412, &json!("PreconditionFailedException")));
    let (_, list) = world.wire(Method::GET, "?MaxItems=1", &Value::Null).await;
    assert_eq!((&list["Functions"][0]["FunctionName"], &list["NextMarker"]), (&json!("one"), &Value::Null));
    world.lambda.stop().await;
}

#[tokio::test]
async fn wrong_input_is_refused_in_lambdas_words() {
    let world = World::new().await;
    world.role("other", "s3.amazonaws.com", &json!([])).await;
    let good = json!({
        "FunctionName": "f", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(archive(&[("index.js", ECHO, 0o644)]))},
    });
    let zip = |bytes: &[u8]| json!({"ZipFile": STANDARD.encode(bytes)});
    for (member, value, code, words) in [
        ("FunctionName", json!("a b"), "ValidationException", "functionName"),
        (
            "Timeout",
            json!(901),
            "ValidationException",
            "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        ("Timeout", json!(0), "ValidationException", "greater than or equal to 1"),
        ("MemorySize", json!(64), "ValidationException", "greater than or equal to 128"),
        ("Role", json!("admin"), "ValidationException", "'role'"),
        (
            "Role",
            json!("arn:aws:iam::000000000000:role/other"),
            "InvalidParameterValueException",
            "cannot be assumed by Lambda",
        ),
        ("Runtime", json!("nodejs"), "InvalidParameterValueException", "'runtime'"),
        ("Runtime", json!("java21"), "NotImplemented", "java21"),
        ("Handler", json!(null), "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        (
            "Environment",
            json!({"Variables": {"AWS_REGION": "x"}}),
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        ("Environment", json!({"Variables": {"BIG": "x".repeat(4096)}}), "InvalidParameterValueException", "4KB"),
        ("Environment", json!({"Variables": {"1A": "x"}}), "ValidationException", "environment"),
        ("Layers", json!(["arn"]), "InvalidParameterValueException", "Layer version arn does not exist"),
        ("FileSystemConfigs", json!([{}]), "NotImplemented", "FileSystemConfigs"),
        (
            "DeadLetterConfig",
            json!({"TargetArn": "arn:aws:s3:::b"}),
            "InvalidParameterValueException",
            "DeadLetterConfig",
        ),
        ("VpcConfig", json!({"SubnetIds": ["a"]}), "NotImplemented", "VpcConfig"),
        ("PackageType", json!("Image"), "NotImplemented", "Image"),
        ("Code", json!({}), "InvalidParameterValueException", "provide a source"),
        ("Code", zip(b"text"), "InvalidParameterValueException", "Could not unzip uploaded file"),
        ("Code", zip(&archive(&[])), "InvalidParameterValueException", "non-empty zip"),
        (
            "Code",
            zip(&archive(&[("../x", "x", 0o644)])),
            "InvalidParameterValueException",
            "Could not unzip uploaded file",
        ),
        (
            "Code",
            json!({"S3Bucket": "none", "S3Key": "k"}),
            "InvalidParameterValueException",
            "S3 Error Code: NoSuchBucket",
        ),
        ("Code", json!({"ImageUri": "x"}), "NotImplemented", "ImageUri"),
    ] {
        let mut input = good.clone();
        input[member] = value.clone();
        let (_, refused) = world.wire(Method::POST, "", &input).await;
        assert_eq!(refused["code"], code, "{member} {value}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(words), "{member} {value}: {refused}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_built_is_refused_by_name() {
    let world = World::new().await;
    let good = json!({
        "FunctionName": "f", "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(archive(&[("index.js", ECHO, 0o644)]))},
    });
    let mut empty = good.clone();
    empty["VpcConfig"] = json!({"SubnetIds": [], "SecurityGroupIds": []});
    empty["SnapStart"] = json!({"ApplyOn": "None"});
    assert_eq!(world.wire(Method::POST, "", &empty).await.0, 201, "what asks for nothing is no refusal");
    let (status, again) = world.wire(Method::POST, "", &good).await;
    assert_eq!(
        (status, &again["code"], &again["extra"]["Type"]),
        (409, &json!("ResourceConflictException"), &json!("User"))
    );
    for (method, path) in
        [(Method::GET, "/none"), (Method::POST, "/none/invocations"), (Method::DELETE, "/none"), (Method::GET, "/f:1")]
    {
        let (status, refused) = world.wire(method, path, &Value::Null).await;
        assert_eq!(status, 404, "{path}: {refused}");
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .starts_with("Function not found: arn:aws:lambda:us-east-1:000000000000:function:"),
            "{refused}"
        );
    }
    for (method, path, name) in [
        (Method::PUT, "/f/provisioned-concurrency", "provisioned concurrency"),
        (Method::POST, "/f/invoke-async", "InvokeAsync"),
        (Method::POST, "/f/response-streaming-invocations", "InvokeWithResponseStream"),
        (Method::PUT, "/f/recursion-config", "recursive loops"),
    ] {
        let (status, refused) = world.wire(method, path, &json!({})).await;
        assert_eq!((status, refused["message"].as_str().unwrap().contains(name)), (501, true), "{refused}");
    }
}
