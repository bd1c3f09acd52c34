//! A cloud without a gateway, for tests: APIs made as CloudFormation makes them, over the real tables and roles.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::sync::Arc;

use axum::body::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{AppSync, Below};
use crate::base::clock::FixedClock;
use crate::base::ids::SequenceIds;
use crate::base::{Region, ServiceEndpoints};
use crate::cloud::cognito::Cognito;
use crate::cloud::config::ACCOUNT_ID;
use crate::cloud::delivery::Delivery;
use crate::cloud::dynamodb::DynamoDb;
use crate::cloud::eventbridge::EventBridge;
use crate::cloud::feed::Feed;
use crate::cloud::iam::Iam;
use crate::cloud::lambda::{self, Lambda};
use crate::cloud::logs::Logs;
use crate::cloud::s3::S3;
use crate::cloud::service::{ApiCall, CallContext, Caller, Provisioned, ReplyBody, ResourceHandler, ResourceRequest};
use crate::cloud::service::{Service, Shared};
use crate::cloud::sqs::Sqs;
use crate::cloud::store::memory::MemoryStore;

/// When it begins, in milliseconds since 1970.
pub(in crate::cloud::appsync) const NOW_MS: i64 = 1_767_323_045_678;

/// A cloud without a gateway.
pub(in crate::cloud::appsync) struct World {
    handlers: Vec<Box<dyn ResourceHandler>>,
    pub(in crate::cloud::appsync) appsync: Arc<AppSync>,
    pub(in crate::cloud::appsync) clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(in crate::cloud::appsync) fn new() -> Self {
        Self::with(ServiceEndpoints::default())
    }

    /// A cloud that knows where others are.
    pub(in crate::cloud::appsync) fn with(outside: ServiceEndpoints) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(NOW_MS));
        let shared = Arc::new(Shared {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::clone(&clock) as Arc<dyn crate::base::Clock>,
            ids: Arc::new(SequenceIds::default()),
            region: "us-east-1".parse::<Region>().unwrap(),
            account: ACCOUNT_ID,
            folder: folder.path().to_owned(),
            endpoint: "http://localhost:4700".to_owned(),
            feed: Feed::default(),
            outside,
        });
        let iam = Arc::new(Iam::new(Arc::clone(&shared), None));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), Arc::clone(&iam)));
        let dynamodb = Arc::new(DynamoDb::new(Arc::clone(&shared)).unwrap());
        let logs = Arc::new(Logs::new(Arc::clone(&shared), Arc::clone(&iam)).unwrap());
        let sqs = Arc::new(Sqs::new(Arc::clone(&shared), Arc::clone(&iam)));
        let delivery = Arc::new(Delivery::new(Arc::clone(&shared), Arc::clone(&iam), Arc::clone(&sqs)));
        let eventbridge = Arc::new(EventBridge::new(Arc::clone(&shared), Arc::clone(&iam), delivery));
        let under_lambda =
            lambda::Below { iam: Arc::clone(&iam), s3: Arc::clone(&s3), sqs, dynamodb: Arc::clone(&dynamodb), logs };
        let lambda = Arc::new(Lambda::new(Arc::clone(&shared), under_lambda));
        let cognito = Arc::new(Cognito::new(Arc::clone(&shared), Arc::clone(&iam), Arc::clone(&lambda)));
        let mut handlers = Arc::clone(&iam).resources();
        handlers.extend(Arc::clone(&lambda).resources());
        handlers.extend(Arc::clone(&dynamodb).resources());
        let appsync = Arc::new(AppSync::new(shared, Below { iam, s3, dynamodb, cognito, lambda, eventbridge }));
        handlers.extend(Arc::clone(&appsync).resources());
        Self { handlers, appsync, clock, _folder: folder }
    }

    pub(in crate::cloud::appsync) async fn try_make(
        &self,
        kind: &str,
        properties: Value,
    ) -> Result<Provisioned, String> {
        let handler = self.handlers.iter().find(|handler| handler.kind() == kind).expect(kind);
        let request = ResourceRequest {
            stack_name: "stack".to_owned(),
            logical_id: "Logical".to_owned(),
            properties,
            previous: None,
            tags: Vec::new(),
        };
        handler.create(&request).await.map_err(|error| error.0)
    }

    pub(in crate::cloud::appsync) async fn make(&self, kind: &str, properties: Value) -> Provisioned {
        self.try_make(kind, properties).await.unwrap()
    }

    /// An API with a schema; gives its id.
    pub(in crate::cloud::appsync) async fn api(&self, settings: Value, schema: &str) -> String {
        let mut properties = json!({ "Name": "blog", "AuthenticationType": "API_KEY" });
        properties.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let api = self.make("AWS::AppSync::GraphQLApi", properties).await;
        let id = api.attributes["ApiId"].as_str().unwrap().to_owned();
        self.make("AWS::AppSync::GraphQLSchema", json!({ "ApiId": id, "Definition": schema })).await;
        self.make("AWS::AppSync::DataSource", json!({ "ApiId": id, "Name": "None", "Type": "NONE" })).await;
        id
    }

    pub(in crate::cloud::appsync) async fn key(&self, api: &str) -> String {
        let key = self.make("AWS::AppSync::ApiKey", json!({ "ApiId": api })).await;
        key.attributes["ApiKey"].as_str().unwrap().to_owned()
    }

    /// A unit resolver; the body of its request handler, and of its response handler.
    pub(in crate::cloud::appsync) async fn resolver(
        &self,
        api: &str,
        (kind, field): (&str, &str),
        source: &str,
        (request, response): (&str, &str),
    ) {
        let code = code(request, response);
        self.make(
            "AWS::AppSync::Resolver",
            json!({
                "ApiId": api, "TypeName": kind, "FieldName": field, "DataSourceName": source, "Code": code,
                "Runtime": { "Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0" },
            }),
        )
        .await;
    }

    pub(in crate::cloud::appsync) async fn send(
        &self,
        api: &str,
        caller: Caller,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let context = CallContext { caller };
        let call = ApiCall {
            action: String::new(),
            method: Method::POST,
            path: format!("/graphql/{api}/graphql"),
            query: Vec::new(),
            headers: map,
            input: Value::Null,
            body: Bytes::from(body.to_string()),
        };
        let reply = self.appsync.graphql(&context, api, &call).await;
        let ReplyBody::Bytes(bytes) = reply.body else { panic!("no bytes") };
        (reply.status, serde_json::from_slice(&bytes).unwrap())
    }

    pub(in crate::cloud::appsync) async fn query(&self, api: &str, key: &str, query: &str) -> Value {
        self.send(api, Caller::Anonymous, &[("x-api-key", key)], &json!({ "query": query })).await.1
    }

    pub(in crate::cloud::appsync) async fn control(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, (u16, String)> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let call = ApiCall {
            action: String::new(),
            method,
            path: path.to_owned(),
            query: query.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers: HeaderMap::new(),
            input: Value::Null,
            body: if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) },
        };
        let context = CallContext { caller: Caller::Root };
        match self.appsync.call(&context, call).await {
            Ok(reply) => match reply.body {
                ReplyBody::Json(value) => Ok(value),
                ReplyBody::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned().into()),
                _ => Ok(Value::Null),
            },
            Err(error) => Err((error.status, error.code)),
        }
    }

    /// A table with a role that may use it, as a data source `Posts`.
    pub(in crate::cloud::appsync) async fn table(&self, api: &str, actions: &[&str]) {
        self.make(
            "AWS::DynamoDB::Table",
            json!({
                "TableName": "Posts", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            }),
        )
        .await;
        let role = self.make("AWS::IAM::Role", json!({
            "RoleName": "posts",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "appsync.amazonaws.com" }, "Action": "sts:AssumeRole" }] },
            "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": actions, "Resource": "arn:aws:dynamodb:*:*:table/Posts" }] } }],
        })).await;
        self.make(
            "AWS::AppSync::DataSource",
            json!({
                "ApiId": api, "Name": "Posts", "Type": "AMAZON_DYNAMODB", "ServiceRoleArn": role.attributes["Arn"],
                "DynamoDBConfig": { "TableName": "Posts", "AwsRegion": "us-east-1" },
            }),
        )
        .await;
    }
}

pub(in crate::cloud::appsync) fn code(request: &str, response: &str) -> String {
    format!(
        "import {{ util, runtime, extensions }} from '@aws-appsync/utils';\nimport * as ddb from '@aws-appsync/utils/dynamodb';\n\
         export function request(ctx) {{ {request} }}\nexport function response(ctx) {{ {response} }}"
    )
}

/// What a server of a test was sent: the first line, the headers with names in lower case, the body.
pub(in crate::cloud::appsync) fn heard(stream: &TcpStream) -> (String, serde_json::Map<String, Value>, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers) = (String::new(), serde_json::Map::new());
    reader.read_line(&mut line).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.into());
    }
    let length = headers.get("content-length").and_then(|length| length.as_str()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (line.trim_end().to_owned(), headers, body)
}
