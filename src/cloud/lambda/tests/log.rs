//! What functions leave in CloudWatch Logs.

use super::*;

impl World {
    /// The messages of a log group in order, and the names of its streams.
    async fn log_of(&self, group: &str) -> Result<(Vec<String>, Vec<String>), ApiError> {
        let ask = async |action: &str| {
            let call = ApiCall {
                action: action.to_owned(),
                method: Method::POST,
                path: "/".to_owned(),
                query: Vec::new(),
                headers: HeaderMap::new(),
                input: json!({"logGroupName": group}),
                body: Vec::new().into(),
            };
            let reply = self.logs.call(&CallContext { caller: Caller::Root }, call).await?;
            let ReplyBody::Json(value) = reply.body else { panic!("JSON is answered") };
            Ok::<Value, ApiError>(value)
        };
        let texts = |value: &Value, list: &str, member: &str| -> Vec<String> {
            value[list].as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
        };
        let messages = texts(&ask("FilterLogEvents").await?, "events", "message");
        Ok((messages, texts(&ask("DescribeLogStreams").await?, "logStreams", "logStreamName")))
    }
}

#[tokio::test]
async fn what_a_function_prints_stands_in_its_log_group() {
    let world = World::new().await;
    let log_rights = json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]);
    world.role("logger", "lambda.amazonaws.com", &log_rights).await;
    let logger = json!({"Role": "arn:aws:iam::000000000000:role/logger"});
    let code =
        "console.log('loading');\nexports.handler = async (event) => { console.log('two\\nlines', event.a); return 1 }";
    world.function("speaks", "nodejs20.x", code, logger.clone()).await;
    world.invoke("speaks", json!({"a": 1})).await;
    world.invoke("speaks", json!({"a": 2})).await;
    let (messages, streams) = world.log_of("/aws/lambda/speaks").await.unwrap();
    let begins: Vec<&str> = messages.iter().map(|message| message.split([' ', '\t']).next().unwrap()).collect();
    assert_eq!(begins[0], "INIT_START", "{messages:?}");
    assert!(messages[0].contains("Runtime Version: nodejs20:v") && messages[0].contains("\tRuntime Version ARN: arn:"));
    assert!(messages[1].ends_with("\tINFO\tloading\n"), "{messages:?}");
    assert_eq!((begins[2], begins[4], begins[5], begins[6]), ("START", "END", "REPORT", "START"), "{messages:?}");
    assert!(messages[3].ends_with("\tINFO\ttwo\nlines 1\n"), "one message is one event: {messages:?}");
    assert_eq!(messages.len(), 10, "{messages:?}");
    let [stream] = streams.as_slice() else { panic!("one process has one stream: {streams:?}") };
    let (day, rest) = stream.split_at(10);
    assert!(
        day.split('/').map(str::len).eq([4, 2, 2]) && rest.starts_with("/[$LATEST]") && rest.len() == 42,
        "{stream}"
    );
    let named = json!({"Role": logger["Role"], "LoggingConfig": {"LogGroup": "/own/group"}});
    world
        .function(
            "named",
            "python3.12",
            "def handler(e, c):\n    print('a\\n\\nb')\n    return c.log_stream_name",
            named,
        )
        .await;
    let told = world.invoke("named", json!({})).await.0;
    let (messages, streams) = world.log_of("/own/group").await.unwrap();
    assert_eq!(
        (&messages[2..5], json!(streams[0])),
        (&["a\n".to_owned(), "\n".to_owned(), "b\n".to_owned()][..], told)
    );
    world.function("broken", "nodejs20.x", "throw new TypeError('at load')", logger).await;
    world.error("broken").await;
    let (messages, _) = world.log_of("/aws/lambda/broken").await.unwrap();
    let report = messages.iter().find(|message| message.starts_with("INIT_REPORT")).unwrap();
    assert!(report.ends_with("Status: error\tError Type: TypeError\n"), "{report}");
    world.function("silent", "nodejs20.x", ECHO, json!({})).await;
    let (_, _, log) = world.invoke("silent", json!({})).await;
    assert!(log.contains("REPORT RequestId"), "the caller has the end of the log");
    let refused = world.log_of("/aws/lambda/silent").await.unwrap_err();
    assert_eq!(refused.code, "ResourceNotFoundException", "its role may not write logs");
    world.lambda.stop().await;
}

#[tokio::test]
async fn a_log_can_be_followed_while_the_function_runs() {
    let world = World::new().await;
    let log_rights = json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]);
    world.role("logger", "lambda.amazonaws.com", &log_rights).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("go");
    // It goes on when the file is there, and the test makes the file when it has read what was printed before.
    let code = "const fs = require('fs');\nexports.handler = async (event) => {\n  console.log('before');\n  while \
                (!fs.existsSync(event.file)) await new Promise((done) => setTimeout(done, 10));\n  console.log('after');\n}";
    let settings = json!({"Role": "arn:aws:iam::000000000000:role/logger", "Timeout": 60});
    world.function("slow", "nodejs20.x", code, settings).await;
    let follow = async {
        loop {
            if let Ok((messages, _)) = world.log_of("/aws/lambda/slow").await
                && messages.iter().any(|message| message.contains("before"))
            {
                std::fs::write(&file, "").unwrap();
                return messages;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (early, (_, _, tail)) = tokio::join!(follow, world.invoke("slow", json!({"file": file})));
    assert!(!early.iter().any(|message| message.starts_with("REPORT")), "{early:?}");
    let (messages, _) = world.log_of("/aws/lambda/slow").await.unwrap();
    let place = |text: &str| messages.iter().position(|message| message.contains(text)).unwrap();
    let places = ["INIT_START", "START RequestId", "before", "after", "END RequestId", "REPORT RequestId"].map(place);
    assert_eq!(places, [0, 1, 2, 3, 4, 5], "{messages:?}");
    assert!(tail.contains("before") && tail.contains("REPORT"), "{tail}");
    world.lambda.stop().await;
}
