//! A user pool that asks a real function, with and without the permission to; and the function's log by `ampup logs`.

use std::sync::Arc;

use ampup::base::{RandomIds, Region, ServiceEndpoints, SystemClock};
use ampup::cloud::{Cloud, CloudConfig};
use serde_json::{Value, json};

use crate::support::functions::{FUNCTIONS, make_function, make_role, post};
use crate::support::sandbox::Sandbox;

/// Confirms whom it knows, refuses who is bad, and gives nothing back to the others.
const DOORKEEPER: &str = r"
exports.handler = async (event) => {
  const { userName, response } = event;
  if (userName === 'bad') throw new Error('Members only');
  if (userName === 'odd') return undefined;
  response.autoConfirmUser = userName === 'known';
  return event;
};";

fn cognito(endpoint: &str, action: &str, input: &Value) -> (u16, Value) {
    let target = format!("AWSCognitoIdentityProviderService.{action}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    let answer = post(endpoint, "cognito-idp", "/", &headers, input.to_string().as_bytes());
    (answer.status, answer.json())
}

#[test]
fn a_function_keeps_the_door_of_a_pool_that_may_ask_it() {
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = CloudConfig {
        port: 0,
        state: Some(state.path().to_owned()),
        region: Region::default(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        root_key: None,
        endpoints: ServiceEndpoints::default(),
    };
    let cloud = runtime.block_on(Cloud::start(config)).unwrap();
    let endpoint = cloud.endpoint().to_string();
    make_role(&endpoint);
    make_function(&endpoint, "doorkeeper", DOORKEEPER, 5);
    let function = "arn:aws:lambda:us-east-1:000000000000:function:doorkeeper";
    let input = json!({"PoolName": "people", "LambdaConfig": {"PreSignUp": function}});
    let (status, made) = cognito(&endpoint, "CreateUserPool", &input);
    assert_eq!((status, &made["UserPool"]["LambdaConfig"]["PreSignUp"]), (200, &json!(function)));
    let pool = &made["UserPool"];
    let input = json!({"UserPoolId": pool["Id"], "ClientName": "web"});
    let client = cognito(&endpoint, "CreateUserPoolClient", &input).1["UserPoolClient"]["ClientId"].clone();
    let join = |name: &str| {
        let input = json!({"ClientId": client, "Username": name, "Password": "Tr0ub4dor&3"});
        cognito(&endpoint, "SignUp", &input)
    };
    let refused = |code: &str, message: &str| (400, json!({"__type": code, "message": message}));
    assert_eq!(
        join("known"),
        refused("UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException.")
    );
    let permission = json!({"StatementId": "pool", "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com", "SourceArn": pool["Arn"]});
    let json_type = [("content-type", "application/json")];
    let path = format!("{FUNCTIONS}/doorkeeper/policy");
    assert_eq!(post(&endpoint, "lambda", &path, &json_type, permission.to_string().as_bytes()).status, 201);
    assert_eq!(join("known").1["UserConfirmed"], json!(true));
    assert_eq!(join("new").1["UserConfirmed"], json!(false));
    assert_eq!(join("bad"), refused("UserLambdaValidationException", "PreSignUp failed with error Members only."));
    assert_eq!(join("odd"), refused("InvalidLambdaResponseException", "Unrecognizable lambda output"));
    runtime.block_on(cloud.stop()).unwrap();
}

#[test]
fn logs_are_refused_in_words_where_there_are_none() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "demo", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "auth", "--sign-in", "email"]).ok();
    for (arguments, words) in [
        (&["logs"][..], "error[AMP0406]: nothing is deployed"),
        (&["logs", "nobody"], "error[AMP0109]: there is no resource `nobody`"),
        (&["logs", "--follow"], "error[AMP0202]: `--follow` cannot be used here: no local cloud is running"),
        (&["logs", "--since", "yesterday"], "neither a time ago (`10m`, `2h`, `3d`) nor a moment"),
    ] {
        let run = sandbox.run(arguments);
        assert!(run.code != 0 && run.stderr.contains(words), "{arguments:?}: {}", run.stderr);
    }
    let _ = sandbox.run(&["push", "--yes"]).ok();
    let run = sandbox.run(&["logs", "auth"]);
    assert!(run.stderr.contains("error[AMP0109]: `auth` writes no logs"), "{}", run.stderr);
}
