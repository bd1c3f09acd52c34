//! Functions of stacks.

use super::*;

#[tokio::test]
async fn stacks_make_and_change_functions() {
    let world = World::new().await;
    world.make("AWS::S3::Bucket", json!({"BucketName": "code-bucket"})).await.unwrap();
    let mut put = ApiCall {
        action: String::new(),
        method: Method::PUT,
        path: "/code-bucket/one.zip".to_owned(),
        query: Vec::new(),
        headers: HeaderMap::new(),
        input: Value::Null,
        body: archive(&[("index.py", "def handler(e, c):\n    return 'from s3'\n", 0o644)]).into(),
    };
    put.headers.insert("content-type", "application/zip".parse().unwrap());
    world.s3.call(&CallContext { caller: Caller::Root }, put).await.unwrap();
    let properties = json!({
        "Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Timeout": "5", "Tags": [{"Key": "a", "Value": "b"}],
        "Code": {"S3Bucket": "code-bucket", "S3Key": "one.zip"},
    });
    let made = world.make("AWS::Lambda::Function", properties.clone()).await.unwrap();
    assert!(made.physical_id.starts_with("s-Fn-"), "{made:?}");
    assert_eq!(made.attributes["Arn"], format!("arn:aws:lambda:us-east-1:000000000000:function:{}", made.physical_id));
    assert_eq!(world.invoke(&made.physical_id, json!({})).await.0, "from s3");
    let handler = world.handler("AWS::Lambda::Function");
    let mut inline = properties.clone();
    inline["Code"] = json!({"ZipFile": "import os\ndef handler(e, c):\n    return os.environ['AB']\n"});
    inline["Environment"] = json!({"Variables": {"AB": 7}});
    let updated = handler.update(&made, &request(inline.clone(), Some(properties))).await.unwrap();
    assert_eq!(updated, made);
    assert_eq!(world.invoke(&made.physical_id, json!({})).await.0, "7");
    let (_, got) = world.wire(Method::GET, &format!("/{}", made.physical_id), &Value::Null).await;
    assert_eq!((&got["Configuration"]["Timeout"], &got["Tags"]), (&json!(5), &json!({"stack": "s", "a": "b"})));
    let mut bad = inline.clone();
    bad["Code"] = json!({"ZipFile": "x", "S3ObjectVersion": "1"});
    let error = handler.update(&made, &request(bad, Some(inline.clone()))).await.unwrap_err();
    assert!(error.0.contains("S3ObjectVersion"), "{error}");
    handler.delete(&made, &request(inline.clone(), None)).await.unwrap();
    handler.delete(&made, &request(inline, None)).await.unwrap();
    assert!(world.lambda.snapshot().is_null());
    world.lambda.stop().await;
}
