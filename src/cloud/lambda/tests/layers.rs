//! Layers: published, merged, kept while they are used.

use super::*;

impl World {
    /// Publishes a version of a layer and gives what is told of it.
    async fn layer(&self, name: &str, files: &[(&str, &str, u32)]) -> Value {
        let input =
            json!({"Content": {"ZipFile": STANDARD.encode(archive(files))}, "CompatibleRuntimes": ["nodejs20.x"]});
        let (status, layer) = self.wire(Method::POST, &format!("/2018-10-31/layers/{name}/versions"), &input).await;
        assert_eq!(status, 201, "{layer}");
        layer
    }
}

#[tokio::test]
async fn code_of_layers_is_found_and_later_ones_win() {
    let world = World::new().await;
    let base = world
        .layer(
            "base",
            &[
                ("nodejs/node_modules/words/index.js", "exports.word = 'base'", 0o644),
                ("nodejs/node_modules/only/index.js", "exports.word = 'only'", 0o644),
                ("python/words.py", "WORD = 'python'", 0o644),
                ("bin/tool", "#!/bin/sh\necho tool", 0o755),
            ],
        )
        .await;
    let over = world.layer("over", &[("nodejs/node_modules/words/index.js", "exports.word = 'over'", 0o644)]).await;
    let layers = json!({"Layers": [base["LayerVersionArn"], over["LayerVersionArn"]], "Timeout": 10});
    let code = "const { execSync } = require('child_process');
        exports.handler = async () => [require('words').word, require('only').word, execSync('tool').toString().trim()]";
    world.function("node", "nodejs20.x", code, layers.clone()).await;
    assert_eq!(world.invoke("node", json!({})).await.0, json!(["over", "only", "tool"]));
    world.function("python", "python3.12", "import words\ndef handler(e, c):\n    return words.WORD", layers).await;
    let gone = base["LayerVersionArn"].as_str().unwrap();
    assert_eq!(world.wire(Method::DELETE, "/2018-10-31/layers/base/versions/1", &Value::Null).await.0, 204);
    assert_eq!(world.invoke("python", json!({})).await.0, "python", "functions keep what was deleted");
    let (status, refused) = world.wire(Method::PUT, "/node/configuration", &json!({"Layers": [gone]})).await;
    assert_eq!((status, &refused["code"]), (400, &json!("InvalidParameterValueException")), "nobody else gets it");
    let (_, configuration) = world.wire(Method::GET, "/python/configuration", &Value::Null).await;
    assert_eq!(configuration["Layers"][0]["Arn"], gone);
    assert_eq!(world.layer("base", &[("x", "x", 0o644)]).await["Version"], 2, "numbers are not given again");
    world.lambda.stop().await;
}

#[tokio::test]
async fn a_runtime_may_lie_in_a_layer() {
    let world = World::new().await;
    let api = "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id";
    let script = shell(&format!("curl -sS -d '\"from a layer\"' {api}/response"));
    let layer = world.layer("runtime", &[("bootstrap", &script, 0o755)]).await;
    let input = json!({
        "FunctionName": "own", "Runtime": "provided.al2023", "Handler": "any", "Role": ROLE,
        "Code": {"ZipFile": STANDARD.encode(archive(&[("data", "x", 0o644)]))}, "Layers": [layer["LayerVersionArn"]],
    });
    assert_eq!(world.wire(Method::POST, "", &input).await.0, 201);
    assert_eq!(world.invoke("own", json!({})).await.0, "from a layer");
    world.lambda.stop().await;
}

#[tokio::test]
async fn layers_are_listed_told_and_made_by_stacks() {
    let world = World::new().await;
    let first = world.layer("one", &[("a", "1", 0o644)]).await;
    world.layer("one", &[("a", "2", 0o644)]).await;
    world.layer("two", &[("a", "3", 0o644)]).await;
    let (_, all) = world.wire(Method::GET, "/2018-10-31/layers", &Value::Null).await;
    let told: Vec<(&Value, &Value)> = all["Layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (&layer["LayerName"], &layer["LatestMatchingVersion"]["Version"]))
        .collect();
    assert_eq!(told, [(&json!("one"), &json!(2)), (&json!("two"), &json!(1))]);
    let (_, none) = world.wire(Method::GET, "/2018-10-31/layers?CompatibleRuntime=python3.12", &Value::Null).await;
    assert_eq!(none["Layers"], json!([]));
    let (_, versions) = world.wire(Method::GET, "/2018-10-31/layers/one/versions", &Value::Null).await;
    assert_eq!(versions["LayerVersions"][0]["Version"], 2, "the latest comes first");
    let arn = first["LayerVersionArn"].as_str().unwrap();
    let by_arn = format!("/2018-10-31/layers?find=LayerVersion&Arn={arn}");
    let (_, found) = world.wire(Method::GET, &by_arn, &Value::Null).await;
    assert_eq!(found["Content"]["CodeSha256"], first["Content"]["CodeSha256"]);
    let location = found["Content"]["Location"].as_str().unwrap().split("4700").nth(1).unwrap().to_owned();
    let reply = world.send(Method::GET, &location, &[], Vec::new()).await.unwrap();
    assert!(matches!(reply.body, ReplyBody::File { .. }));
    let missing = world.make("AWS::Lambda::LayerVersion", json!({"Content": {"S3Bucket": "no", "S3Key": "k"}})).await;
    assert!(missing.unwrap_err().contains("NoSuchBucket"));
    let Access::Requires(needed) = world.lambda.access(
        &CallContext { caller: Caller::Anonymous },
        &ApiCall {
            action: String::new(),
            method: Method::GET,
            path: "/2018-10-31/layers/one/versions/1".to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            input: Value::Null,
            body: Vec::new().into(),
        },
    ) else {
        panic!("a permission is needed")
    };
    assert_eq!(needed, [Permission::new("lambda:GetLayerVersion", arn)]);
}
