//! What a role may be asked to do: each request with the action that IAM decides and the access that allows it.

/// One request to one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The access that allows it, all of it: `orders:write,delete`. `own` is what every function has, `none` what none has.
    pub needs: &'static str,
    /// The action as IAM knows it, which a refusal names.
    pub action: &'static str,
    /// `service METHOD path` or `service Target`; `{…}` stands for a name in the cloud.
    pub request: &'static str,
    pub body: &'static str,
}

const fn call(needs: &'static str, action: &'static str, request: &'static str, body: &'static str) -> Call {
    Call { needs, action, request, body }
}

/// Every request that is tried with the credentials of every function.
pub(super) const CALLS: &[Call] = &[
    // Files.
    call("photos:read", "s3:GetObject", "s3 GET /{photos}/kept.txt", ""),
    call("photos:read", "s3:GetObject", "s3 HEAD /{photos}/kept.txt", ""),
    call("photos:read", "s3:ListBucket", "s3 GET /{photos}?list-type=2&prefix=k", ""),
    call("photos:write", "s3:PutObject", "s3 PUT /{photos}/new.txt", "new"),
    call("photos:write", "s3:PutObject", "s3 POST /{photos}/parts.txt?uploads=", ""),
    call("photos:delete", "s3:DeleteObject", "s3 DELETE /{photos}/gone.txt", ""),
    call("none", "s3:GetObject", "s3 GET /{others}/kept.txt", ""),
    call("none", "s3:PutObject", "s3 PUT /{others}/new.txt", "new"),
    call("none", "s3:DeleteObject", "s3 DELETE /{others}/kept.txt", ""),
    call("none", "s3:ListBucket", "s3 GET /{others}?list-type=2", ""),
    call("none", "s3:PutObjectTagging", "s3 PUT /{photos}/kept.txt?tagging=", "<Tagging><TagSet/></Tagging>"),
    call("none", "s3:GetBucketPolicy", "s3 GET /{photos}?policy=", ""),
    call("none", "s3:DeleteBucketPolicy", "s3 DELETE /{photos}?policy=", ""),
    call("none", "s3:PutBucketVersioning", "s3 PUT /{photos}?versioning=", "<VersioningConfiguration/>"),
    call("none", "s3:DeleteBucket", "s3 DELETE /{photos}", ""),
    call("none", "s3:CreateBucket", "s3 PUT /a-bucket-of-its-own", ""),
    call("none", "s3:ListAllMyBuckets", "s3 GET /", ""),
    // Items.
    call("orders:read", "dynamodb:GetItem", "dynamodb GetItem", r#"{"TableName":"{orders}","Key":{"id":{"S":"1"}}}"#),
    call("orders:read", "dynamodb:Scan", "dynamodb Scan", r#"{"TableName":"{orders}"}"#),
    call("orders:read", "dynamodb:Query", "dynamodb Query", QUERY),
    call("orders:read", "dynamodb:Query", "dynamodb Query", QUERY_INDEX),
    call(
        "orders:read",
        "dynamodb:BatchGetItem",
        "dynamodb BatchGetItem",
        r#"{"RequestItems":{"{orders}":{"Keys":[{"id":{"S":"1"}}]}}}"#,
    ),
    call("orders:write", "dynamodb:PutItem", "dynamodb PutItem", r#"{"TableName":"{orders}","Item":{"id":{"S":"1"}}}"#),
    call(
        "orders:write",
        "dynamodb:UpdateItem",
        "dynamodb UpdateItem",
        r#"{"TableName":"{orders}","Key":{"id":{"S":"1"}}}"#,
    ),
    call(
        "orders:delete",
        "dynamodb:DeleteItem",
        "dynamodb DeleteItem",
        r#"{"TableName":"{orders}","Key":{"id":{"S":"2"}}}"#,
    ),
    call("orders:write,delete", "dynamodb:BatchWriteItem", "dynamodb BatchWriteItem", BATCH),
    call("none", "dynamodb:GetItem", "dynamodb GetItem", r#"{"TableName":"{bills}","Key":{"id":{"S":"1"}}}"#),
    call("none", "dynamodb:PutItem", "dynamodb PutItem", r#"{"TableName":"{bills}","Item":{"id":{"S":"1"}}}"#),
    call("none", "dynamodb:DeleteItem", "dynamodb DeleteItem", r#"{"TableName":"{bills}","Key":{"id":{"S":"1"}}}"#),
    call("none", "dynamodb:Scan", "dynamodb Scan", r#"{"TableName":"{bills}"}"#),
    call("none", "dynamodb:DeleteTable", "dynamodb DeleteTable", r#"{"TableName":"{orders}"}"#),
    call("none", "dynamodb:UpdateTable", "dynamodb UpdateTable", r#"{"TableName":"{orders}"}"#),
    call("none", "dynamodb:ListTables", "dynamodb ListTables", "{}"),
    call("orders:change", "dynamodb:DescribeStream", "streams DescribeStream", r#"{"StreamArn":"{orders_stream}"}"#),
    call("none", "dynamodb:DescribeStream", "streams DescribeStream", r#"{"StreamArn":"{bills_stream}"}"#),
    // Functions and their queues.
    call("target:invoke", "lambda:InvokeFunction", "lambda POST /2015-03-31/functions/{target}/invocations", "{}"),
    call("none", "lambda:InvokeFunction", "lambda POST /2015-03-31/functions/{rival}/invocations", "{}"),
    call("none", "lambda:GetFunction", "lambda GET /2015-03-31/functions/{target}", ""),
    call("none", "lambda:DeleteFunction", "lambda DELETE /2015-03-31/functions/{target}", ""),
    call("none", "lambda:ListFunctions", "lambda GET /2015-03-31/functions", ""),
    call("target:send", "sqs:SendMessage", "sqs SendMessage", r#"{"QueueUrl":"{target_queue}","MessageBody":"{}"}"#),
    call("none", "sqs:SendMessage", "sqs SendMessage", r#"{"QueueUrl":"{rival_queue}","MessageBody":"{}"}"#),
    call("target:receive", "sqs:ReceiveMessage", "sqs ReceiveMessage", r#"{"QueueUrl":"{target_queue}"}"#),
    call("none", "sqs:PurgeQueue", "sqs PurgeQueue", r#"{"QueueUrl":"{target_queue}"}"#),
    call("none", "sqs:DeleteQueue", "sqs DeleteQueue", r#"{"QueueUrl":"{target_queue}"}"#),
    call("none", "sqs:ListQueues", "sqs ListQueues", "{}"),
    call("queue", "sqs:ReceiveMessage", "sqs ReceiveMessage", r#"{"QueueUrl":"{listener_queue}"}"#),
    call("queue", "sqs:GetQueueAttributes", "sqs GetQueueAttributes", r#"{"QueueUrl":"{listener_queue}"}"#),
    call("none", "sqs:SendMessage", "sqs SendMessage", r#"{"QueueUrl":"{listener_queue}","MessageBody":"{}"}"#),
    // APIs.
    call("blog:query", "appsync:GraphQL", "appsync POST {blog}", r#"{"query":"{ listNotes { items { id } } }"}"#),
    call("blog:mutate", "appsync:GraphQL", "appsync POST {blog}", MUTATION),
    call("none", "appsync:GraphQL", "appsync POST {shop}", r#"{"query":"{ listNotes { items { id } } }"}"#),
    call("none", "appsync:GraphQL", "appsync POST {shop}", MUTATION),
    call("none", "appsync:ListGraphqlApis", "appsync GET /v1/apis", ""),
    // Models, past their API.
    call("blog.Note:read", "dynamodb:GetItem", "dynamodb GetItem", r#"{"TableName":"{note}","Key":{"id":{"S":"1"}}}"#),
    call("blog.Note:read", "dynamodb:Scan", "dynamodb Scan", r#"{"TableName":"{note}"}"#),
    call(
        "blog.Note:write",
        "dynamodb:PutItem",
        "dynamodb PutItem",
        r#"{"TableName":"{note}","Item":{"id":{"S":"1"}}}"#,
    ),
    call(
        "blog.Note:delete",
        "dynamodb:DeleteItem",
        "dynamodb DeleteItem",
        r#"{"TableName":"{note}","Key":{"id":{"S":"2"}}}"#,
    ),
    call("none", "dynamodb:GetItem", "dynamodb GetItem", r#"{"TableName":"{memo}","Key":{"id":{"S":"1"}}}"#),
    call("none", "dynamodb:PutItem", "dynamodb PutItem", r#"{"TableName":"{memo}","Item":{"id":{"S":"1"}}}"#),
    call("none", "dynamodb:DeleteItem", "dynamodb DeleteItem", r#"{"TableName":"{memo}","Key":{"id":{"S":"1"}}}"#),
    // Users.
    call("auth:read", "cognito-idp:ListUsers", "cognito ListUsers", r#"{"UserPoolId":"{pool}"}"#),
    call(
        "auth:read",
        "cognito-idp:AdminGetUser",
        "cognito AdminGetUser",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com"}"#,
    ),
    call(
        "auth:read",
        "cognito-idp:AdminListGroupsForUser",
        "cognito AdminListGroupsForUser",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com"}"#,
    ),
    call(
        "auth:read",
        "cognito-idp:ListUsersInGroup",
        "cognito ListUsersInGroup",
        r#"{"UserPoolId":"{pool}","GroupName":"Editors"}"#,
    ),
    call(
        "auth:write",
        "cognito-idp:AdminCreateUser",
        "cognito AdminCreateUser",
        r#"{"UserPoolId":"{pool}","Username":"new@example.com","MessageAction":"SUPPRESS"}"#,
    ),
    call("auth:write", "cognito-idp:AdminAddUserToGroup", "cognito AdminAddUserToGroup", GROUP),
    call("auth:write", "cognito-idp:AdminRemoveUserFromGroup", "cognito AdminRemoveUserFromGroup", GROUP),
    call(
        "auth:write",
        "cognito-idp:AdminUpdateUserAttributes",
        "cognito AdminUpdateUserAttributes",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com","UserAttributes":[{"Name":"name","Value":"Kept"}]}"#,
    ),
    call(
        "auth:write",
        "cognito-idp:AdminDisableUser",
        "cognito AdminDisableUser",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com"}"#,
    ),
    call(
        "auth:write",
        "cognito-idp:AdminEnableUser",
        "cognito AdminEnableUser",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com"}"#,
    ),
    call(
        "auth:delete",
        "cognito-idp:AdminDeleteUser",
        "cognito AdminDeleteUser",
        r#"{"UserPoolId":"{pool}","Username":"gone@example.com"}"#,
    ),
    call(
        "none",
        "cognito-idp:AdminSetUserPassword",
        "cognito AdminSetUserPassword",
        r#"{"UserPoolId":"{pool}","Username":"kept@example.com","Password":"Correct-horse-8","Permanent":true}"#,
    ),
    call("none", "cognito-idp:DeleteUserPool", "cognito DeleteUserPool", r#"{"UserPoolId":"{pool}"}"#),
    call(
        "none",
        "cognito-idp:DescribeUserPoolClient",
        "cognito DescribeUserPoolClient",
        r#"{"UserPoolId":"{pool}","ClientId":"{client}"}"#,
    ),
    call("none", "cognito-idp:ListUsers", "cognito ListUsers", r#"{"UserPoolId":"{other_pool}"}"#),
    call(
        "none",
        "cognito-idp:AdminDeleteUser",
        "cognito AdminDeleteUser",
        r#"{"UserPoolId":"{other_pool}","Username":"kept@example.com"}"#,
    ),
    call("none", "cognito-idp:ListUserPools", "cognito ListUserPools", r#"{"MaxResults":10}"#),
    // The account.
    call(
        "own",
        "logs:CreateLogStream",
        "logs CreateLogStream",
        r#"{"logGroupName":"/aws/lambda/{self}","logStreamName":"more"}"#,
    ),
    call("own", "logs:PutLogEvents", "logs PutLogEvents", EVENTS),
    call(
        "rival:log",
        "logs:CreateLogStream",
        "logs CreateLogStream",
        r#"{"logGroupName":"/aws/lambda/{rival}","logStreamName":"another"}"#,
    ),
    call("none", "logs:FilterLogEvents", "logs FilterLogEvents", r#"{"logGroupName":"/aws/lambda/{self}"}"#),
    call("none", "logs:DescribeLogGroups", "logs DescribeLogGroups", "{}"),
    call("none", "iam:ListRoles", "iam POST /", "Action=ListRoles&Version=2010-05-08"),
    call("none", "iam:GetRole", "iam POST /", "Action=GetRole&Version=2010-05-08&RoleName={rival_role}"),
    call("none", "sts:AssumeRole", "sts POST /", ASSUME),
    call("none", "ssm:GetParameter", "ssm GetParameter", r#"{"Name":"/a/parameter"}"#),
    call("none", "secretsmanager:ListSecrets", "secretsmanager ListSecrets", "{}"),
    call("none", "cloudformation:DescribeStacks", "cloudformation POST /", "Action=DescribeStacks&Version=2010-05-15"),
];

const QUERY: &str =
    r#"{"TableName":"{orders}","KeyConditionExpression":"id = :id","ExpressionAttributeValues":{":id":{"S":"1"}}}"#;
const QUERY_INDEX: &str = r##"{"TableName":"{orders}","IndexName":"byOwner","KeyConditionExpression":"#o = :o",
    "ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"ada"}}}"##;
const BATCH: &str = r#"{"RequestItems":{"{orders}":[{"PutRequest":{"Item":{"id":{"S":"1"}}}},{"DeleteRequest":{"Key":{"id":{"S":"2"}}}}]}}"#;
const MUTATION: &str = r#"{"query":"mutation { createNote(input: {}) { id } }"}"#;
const GROUP: &str = r#"{"UserPoolId":"{pool}","Username":"kept@example.com","GroupName":"Editors"}"#;
const EVENTS: &str = r#"{"logGroupName":"/aws/lambda/{self}","logStreamName":"more","logEvents":[{"timestamp":{now},"message":"more"}]}"#;
const ASSUME: &str =
    "Action=AssumeRole&Version=2011-06-15&RoleSessionName=more&RoleArn=arn:aws:iam::000000000000:role/{rival_role}";
