//! Who may invoke a function and manage it.

use super::*;

#[tokio::test]
async fn policies_decide_who_may_invoke() {
    let world = World::new().await;
    world.function("echo", "nodejs20.x", ECHO, json!({})).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:echo";
    let allow = json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}]);
    world.role("may", "appsync.amazonaws.com", &allow).await;
    world.role("may-not", "appsync.amazonaws.com", &json!([])).await;
    let session = |role: &str| {
        Caller::Service(RoleSession {
            role_arn: format!("arn:aws:iam::000000000000:role/{role}"),
            session_name: "appsync".to_owned(),
            access_key: String::new(),
            context: BTreeMap::new(),
        })
    };
    let by = |invoker: Invoker<'static>, function: &'static str| {
        let asked = Asked { kind: InvocationType::Check, ..Asked::new(function, "{}", invoker) };
        let lambda = Arc::clone(&world.lambda);
        async move { lambda.invoke(asked).await.map(|_| ()).map_err(|error| error.code) }
    };
    let (may, may_not) = (Box::leak(Box::new(session("may"))), Box::leak(Box::new(session("may-not"))));
    let denied = || Err("AccessDenied".to_owned());
    assert_eq!(by(Invoker::Caller(may), "echo").await, Ok(()));
    assert_eq!(by(Invoker::Caller(may), "echo:$LATEST").await, denied(), "the qualified ARN is another resource");
    assert_eq!(by(Invoker::Caller(may_not), "echo").await, denied());
    assert_eq!(by(Invoker::Caller(&Caller::Anonymous), "echo").await, Err("MissingAuthenticationToken".to_owned()));
    let visitor = |source_arn| Invoker::Service(ServiceVisitor { service: "appsync.amazonaws.com", source_arn });
    let refused = || Err("AccessDeniedException".to_owned());
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "echo").await, refused());
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "appsync.amazonaws.com",
        "SourceArn": "arn:aws:appsync:us-east-1:000000000000:apis/a",
    });
    let made = world.make("AWS::Lambda::Permission", permission.clone()).await.unwrap();
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "echo").await, Ok(()));
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/b"), "echo").await, refused());
    assert_eq!(by(visitor("arn:aws:appsync:us-east-1:000000000000:apis/a"), "none").await, refused());
    let role = json!({
        "StatementId": "role", "Action": "lambda:InvokeFunction", "Principal": "arn:aws:iam::000000000000:role/may-not",
    });
    assert_eq!(world.wire(Method::POST, "/echo/policy", &role).await.0, 201);
    assert_eq!(by(Invoker::Caller(may_not), "echo").await, Ok(()), "the function's policy is enough");
    let (_, policy) = world.wire(Method::GET, "/echo/policy", &Value::Null).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Condition"]["ArnLike"]["AWS:SourceArn"],
        "arn:aws:appsync:us-east-1:000000000000:apis/a"
    );
    world.handler("AWS::Lambda::Permission").delete(&made, &request(permission, None)).await.unwrap();
    assert_eq!(world.wire(Method::DELETE, "/echo/policy/role", &Value::Null).await.0, 204);
    let (status, gone) = world.wire(Method::GET, "/echo/policy", &Value::Null).await;
    assert_eq!((status, &gone["code"]), (404, &json!("ResourceNotFoundException")));
    world.lambda.stop().await;
}

#[test]
fn callers_need_the_rights_that_lambda_asks_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let needs = |method: Method, path: &str, body: Value| {
        let call = ApiCall {
            action: String::new(),
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            input: Value::Null,
            body: body.to_string().into(),
        };
        world.lambda.access(&CallContext { caller: Caller::Anonymous }, &call)
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let requires = |list: &[(&str, &str)]| {
        Access::Requires(list.iter().map(|(action, resource)| Permission::new(*action, *resource)).collect())
    };
    let code = json!({"FunctionName": "f", "Role": ROLE, "Code": {"S3Bucket": "b", "S3Key": "k"}});
    assert_eq!(
        needs(Method::POST, "/2015-03-31/functions", code),
        requires(&[("lambda:CreateFunction", arn), ("iam:PassRole", ROLE), ("s3:GetObject", "arn:aws:s3:::b/k")])
    );
    assert_eq!(
        needs(Method::DELETE, "/2015-03-31/functions/f", Value::Null),
        requires(&[("lambda:DeleteFunction", arn)])
    );
    assert_eq!(needs(Method::GET, "/2015-03-31/functions/", Value::Null), requires(&[("lambda:ListFunctions", "*")]));
    assert_eq!(needs(Method::POST, "/2015-03-31/functions/f/invocations", Value::Null), Access::Open);
}
