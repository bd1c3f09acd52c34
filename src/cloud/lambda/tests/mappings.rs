//! Event source mappings: streams and queues that are read for functions.

use super::*;

const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/reader";

/// A function that keeps every batch in a file, and does with it what `more` says.
fn keeping(more: &str) -> String {
    format!(
        "const fs = require('fs');
        exports.handler = async (event, context) => {{
            fs.writeFileSync(`${{process.env.FOLDER}}/${{context.awsRequestId}}.new`, JSON.stringify(event.Records));
            fs.renameSync(`${{process.env.FOLDER}}/${{context.awsRequestId}}.new`, `${{process.env.FOLDER}}/${{context.awsRequestId}}`);
            {more}
        }}"
    )
}

impl World {
    /// A world with a role that may read tables and queues.
    async fn reading() -> Self {
        let world = Self::new().await;
        let rights = json!([{"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*"], "Resource": "*"}]);
        world.role("reader", "lambda.amazonaws.com", &rights).await;
        world
    }

    /// A function that keeps its batches, and the folder in which they lie.
    async fn batches(&self, name: &str, more: &str) -> std::path::PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let settings = json!({"Role": ROLE_ARN, "Environment": {"Variables": {"FOLDER": folder}}});
        self.function(name, "nodejs20.x", &keeping(more), settings).await;
        folder
    }

    /// A table with a stream; gives the ARN of the stream.
    fn table(&self, name: &str, view: &str) -> String {
        let input = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": view},
        });
        let made = self.dynamodb.execute("CreateTable", input).unwrap();
        made["TableDescription"]["LatestStreamArn"].as_str().unwrap().to_owned()
    }

    fn put(&self, table: &str, id: &str) {
        let item = json!({"id": {"S": id}, "n": {"N": "1"}});
        self.dynamodb.execute("PutItem", json!({"TableName": table, "Item": item})).unwrap();
    }

    async fn queue(&self, name: &str, attributes: Value) -> String {
        let input = json!({"QueueName": name, "Attributes": attributes});
        let made = self.sqs.request(&Caller::Root, "CreateQueue", &input).await.unwrap();
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn send_message(&self, url: &str, body: &str) -> String {
        let input = json!({"QueueUrl": url, "MessageBody": body});
        let sent = self.sqs.request(&Caller::Root, "SendMessage", &input).await.unwrap();
        sent["MessageId"].as_str().unwrap().to_owned()
    }

    /// The messages that are in a queue, visible or not.
    async fn left(&self, url: &str) -> u64 {
        let input = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        let told = self.sqs.request(&Caller::Root, "GetQueueAttributes", &input).await.unwrap();
        let count = |name: &str| told["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }

    async fn map(&self, input: Value) -> Value {
        let (status, mapping) = self.wire(Method::POST, "/2015-03-31/event-source-mappings/", &input).await;
        assert_eq!(status, 202, "{mapping}");
        mapping
    }
}

/// The batches in a folder.
fn kept(folder: &std::path::Path) -> Vec<Vec<Value>> {
    let files = std::fs::read_dir(folder).unwrap().flatten().filter(|file| file.path().extension().is_none());
    files.map(|file| serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap()).collect()
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come about");
}

/// The keys of the items in batches, in order of their sequence numbers.
fn ids(batches: &[Vec<Value>]) -> Vec<String> {
    let mut all: Vec<(&str, &str)> = batches
        .iter()
        .flatten()
        .map(|record| {
            let change = &record["dynamodb"];
            (change["SequenceNumber"].as_str().unwrap(), change["Keys"]["id"]["S"].as_str().unwrap())
        })
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id.to_owned()).collect()
}

#[tokio::test]
async fn streams_are_read_from_where_they_were_left() {
    let world = World::reading().await;
    let folder = world.batches("fn", "").await;
    let stream = world.table("Rows", "NEW_AND_OLD_IMAGES");
    world.put("Rows", "before");
    let latest = json!({"FunctionName": "fn", "EventSourceArn": stream, "StartingPosition": "LATEST",
        "FilterCriteria": {"Filters": [{"Pattern": "{\"eventName\": [\"INSERT\"]}"}]}});
    let mapping = world.map(latest.clone()).await;
    assert_eq!((&mapping["State"], &mapping["BatchSize"]), (&json!("Creating"), &json!(100)));
    world.put("Rows", "one");
    world.put("Rows", "one");
    world.put("Rows", "two");
    until("two inserts", async || ids(&kept(&folder)).len() == 2).await;
    assert_eq!(ids(&kept(&folder)), ["one", "two"], "neither what was there before nor what is no insert");
    let record = kept(&folder)[0][0].clone();
    for (pointer, wanted) in [
        ("/eventSource", json!("aws:dynamodb")),
        ("/eventName", json!("INSERT")),
        ("/awsRegion", json!("us-east-1")),
        ("/eventSourceARN", json!(stream)),
        ("/dynamodb/StreamViewType", json!("NEW_AND_OLD_IMAGES")),
        ("/dynamodb/NewImage/n/N", json!("1")),
    ] {
        assert_eq!(record.pointer(pointer), Some(&wanted), "{pointer}");
    }
    until("a result", async || {
        let path = format!("/2015-03-31/event-source-mappings/{}", mapping["UUID"].as_str().unwrap());
        world.wire(Method::GET, &path, &Value::Null).await.1["LastProcessingResult"] == "OK"
    })
    .await;
    world.lambda.stop().await;
    world.put("Rows", "three");
    let below = Below {
        iam: Arc::clone(&world.iam),
        s3: Arc::clone(&world.s3),
        sqs: Arc::clone(&world.sqs),
        dynamodb: Arc::clone(&world.dynamodb),
        logs: Arc::clone(&world.logs),
    };
    let again = Lambda::new(Arc::clone(&world.shared), below);
    again.resume();
    until("the third insert", async || ids(&kept(&folder)).len() == 3).await;
    assert_eq!(ids(&kept(&folder)), ["one", "two", "three"], "nothing twice, nothing lost");
    again.stop().await;
}

#[tokio::test]
async fn batches_that_fail_are_halved_and_given_up_alone() {
    let world = World::reading().await;
    let poison = "if (event.Records.some((r) => r.dynamodb.Keys.id.S === 'bad')) throw new Error('poison');";
    let folder = world.batches("fn", poison).await;
    let stream = world.table("Rows", "KEYS_ONLY");
    let url = world.queue("failed", json!({})).await;
    for id in ["a", "b", "bad", "c"] {
        world.put("Rows", id);
    }
    let queue = "arn:aws:sqs:us-east-1:000000000000:failed";
    world
        .map(json!({"FunctionName": "fn", "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON",
            "BisectBatchOnFunctionError": true, "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": queue}}}))
        .await;
    until("the end of the poison", async || world.left(&url).await == 1).await;
    until("the last record", async || kept(&folder).iter().any(|batch| ids(std::slice::from_ref(batch)) == ["c"]))
        .await;
    let input = json!({"QueueUrl": url});
    let got = world.sqs.request(&Caller::Root, "ReceiveMessage", &input).await.unwrap();
    let told: Value = serde_json::from_str(got["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(told["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(
        (&told["DDBStreamBatchInfo"]["batchSize"], &told["DDBStreamBatchInfo"]["streamArn"]),
        (&json!(1), &json!(stream))
    );
    let alone = kept(&folder).iter().filter(|batch| ids(std::slice::from_ref(batch)) == ["bad"]).count();
    assert_eq!(alone, 2, "once, and once again");
    world.lambda.stop().await;
}

#[tokio::test]
async fn a_stream_goes_on_from_the_record_that_failed() {
    let world = World::reading().await;
    let more = "const at = event.Records.findIndex((r) => r.dynamodb.Keys.id.S === 'b');
        if (at > 0) return { batchItemFailures: [{ itemIdentifier: event.Records[at].dynamodb.SequenceNumber }] };";
    let folder = world.batches("fn", more).await;
    let stream = world.table("Rows", "KEYS_ONLY");
    for id in ["a", "b", "c"] {
        world.put("Rows", id);
    }
    world
        .map(json!({"FunctionName": "fn", "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"]}))
        .await;
    until("the second try", async || kept(&folder).len() == 2).await;
    let mut seen: Vec<Vec<String>> = kept(&folder).iter().map(|batch| ids(std::slice::from_ref(batch))).collect();
    seen.sort_by_key(|batch| std::cmp::Reverse(batch.len()));
    assert_eq!(seen, [vec!["a", "b", "c"], vec!["b", "c"]]);
    world.lambda.stop().await;
}

#[tokio::test]
async fn messages_are_deleted_when_the_function_has_taken_them() {
    let world = World::reading().await;
    let more = "return { batchItemFailures: event.Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })) };";
    let folder = world.batches("fn", more).await;
    let url = world.queue("q", json!({"VisibilityTimeout": "30"})).await;
    for body in ["good", "bad", "{\"kind\": \"dropped\"}", "fine"] {
        world.send_message(&url, body).await;
    }
    let arn = "arn:aws:sqs:us-east-1:000000000000:q";
    let filters = json!({"Filters": [{"Pattern": "{\"body\": [\"good\", \"bad\", \"fine\"]}"}]});
    world
        .map(json!({"FunctionName": "fn", "EventSourceArn": arn, "FilterCriteria": filters,
            "FunctionResponseTypes": ["ReportBatchItemFailures"]}))
        .await;
    until("one message left", async || world.left(&url).await == 1).await;
    let mut bodies: Vec<String> =
        kept(&folder).iter().flatten().map(|record| record["body"].as_str().unwrap().to_owned()).collect();
    bodies.sort();
    assert_eq!(bodies, ["bad", "fine", "good"]);
    let record = kept(&folder)[0][0].clone();
    assert_eq!((&record["eventSource"], &record["eventSourceARN"]), (&json!("aws:sqs"), &json!(arn)));
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert!(record["receiptHandle"].is_string() && record["md5OfBody"].is_string(), "{record}");
    world.lambda.stop().await;
}

const MAPPINGS: &str = "/2015-03-31/event-source-mappings/";

/// What asks for a mapping from `source` to the function `fn`.
fn of(source: &str, more: Value) -> Value {
    let mut input = json!({"FunctionName": "fn", "EventSourceArn": source});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// What is no mapping: the code and words of the refusal.
fn wrong(stream: &str, queue: &str) -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (of("arn:aws:s3:::b", json!({})), "InvalidParameterValueException", "Unrecognized event source"),
        (of("arn:aws:kinesis:us-east-1:000000000000:stream/s", json!({})), "NotImplemented", "kinesis"),
        (of(stream, json!({})), "ValidationException", "startingPosition"),
        (
            of("arn:aws:dynamodb:us-east-1:000000000000:table/X/stream/1", json!({"StartingPosition": "LATEST"})),
            "InvalidParameterValueException",
            "Stream not found",
        ),
        (
            of(stream, json!({"StartingPosition": "LATEST", "FunctionName": "none"})),
            "ResourceNotFoundException",
            "none",
        ),
        (
            of(stream, json!({"StartingPosition": "LATEST", "FunctionName": "weak"})),
            "InvalidParameterValueException",
            "ensure the role can perform the GetRecords",
        ),
        (
            of(queue, json!({"FunctionName": "weak"})),
            "InvalidParameterValueException",
            "does not have permissions to call ReceiveMessage on SQS",
        ),
        (
            of(queue, json!({})),
            "InvalidParameterValueException",
            "Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds",
        ),
        (of(queue, json!({"BatchSize": 11})), "InvalidParameterValueException", "batch window"),
        (of(queue, json!({"StartingPosition": "LATEST"})), "InvalidParameterValueException", "StartingPosition"),
        (
            of(stream, json!({"StartingPosition": "LATEST", "MaximumRecordAgeInSeconds": 5})),
            "ValidationException",
            "maximumRecordAgeInSeconds",
        ),
        (of(stream, json!({"StartingPosition": "LATEST", "TumblingWindowInSeconds": 5})), "NotImplemented", "Tumbling"),
        (
            of(stream, json!({"StartingPosition": "LATEST", "FilterCriteria": {"Filters": [{"Pattern": "{"}]}})),
            "InvalidParameterValueException",
            "Invalid filter pattern",
        ),
    ]
}

#[tokio::test]
async fn mappings_are_checked() {
    let world = World::reading().await;
    world.batches("fn", "").await;
    world.function("weak", "nodejs20.x", ECHO, json!({})).await;
    let stream = world.table("Rows", "KEYS_ONLY");
    world.queue("q", json!({"VisibilityTimeout": "1"})).await;
    for (input, code, words) in wrong(&stream, "arn:aws:sqs:us-east-1:000000000000:q") {
        let (status, refused) = world.wire(Method::POST, MAPPINGS, &input).await;
        assert!(status >= 400, "{input}");
        assert_eq!(refused["code"], code, "{input}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(words), "{input}: {refused}");
    }
    world.lambda.stop().await;
}

#[tokio::test]
async fn mappings_are_told_and_changed() {
    let world = World::reading().await;
    world.batches("fn", "").await;
    let stream = world.table("Rows", "KEYS_ONLY");
    let made = world.map(of(&stream, json!({"StartingPosition": "LATEST", "Enabled": false}))).await;
    let one = format!("{MAPPINGS}{}", made["UUID"].as_str().unwrap());
    assert_eq!(world.wire(Method::POST, MAPPINGS, &of(&stream, json!({"StartingPosition": "LATEST"}))).await.0, 409);
    let (_, told) = world.wire(Method::GET, &one, &Value::Null).await;
    assert_eq!((&told["State"], &told["MaximumRetryAttempts"]), (&json!("Disabled"), &json!(-1)));
    let (_, changed) = world.wire(Method::PUT, &one, &json!({"BatchSize": 5, "Enabled": true})).await;
    assert_eq!((&changed["State"], &changed["BatchSize"]), (&json!("Enabled"), &json!(5)));
    let (_, listed) = world.wire(Method::GET, "/2015-03-31/event-source-mappings?FunctionName=fn", &Value::Null).await;
    assert_eq!(listed["EventSourceMappings"].as_array().unwrap().len(), 1);
    assert_eq!(world.wire(Method::DELETE, &one, &Value::Null).await.0, 202);
    assert_eq!(world.wire(Method::GET, &one, &Value::Null).await.0, 404);
    let properties = of(&stream, json!({"StartingPosition": "LATEST", "BatchSize": "7", "MaximumRetryAttempts": "2"}));
    let mapping = world.make("AWS::Lambda::EventSourceMapping", properties.clone()).await.unwrap();
    assert_eq!(mapping.attributes["Id"], mapping.physical_id);
    let handler = world.handler("AWS::Lambda::EventSourceMapping");
    let mut less = properties.clone();
    less.as_object_mut().unwrap().remove("MaximumRetryAttempts");
    handler.update(&mapping, &request(less.clone(), Some(properties))).await.unwrap();
    let (_, told) = world.wire(Method::GET, &format!("{MAPPINGS}{}", mapping.physical_id), &Value::Null).await;
    assert_eq!((&told["BatchSize"], &told["MaximumRetryAttempts"]), (&json!(7), &json!(-1)));
    for _ in 0..2 {
        handler.delete(&mapping, &request(less.clone(), None)).await.unwrap();
    }
    world.lambda.stop().await;
}
