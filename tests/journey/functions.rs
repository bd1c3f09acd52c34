//! Functions behind fields of a schema, in two languages; a bucket where every user has a folder that nobody else reads.

use serde_json::{Value, json};

use crate::support::files::{credentials, file};
use crate::support::http::graphql;
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::Key;
use crate::support::users::Pool;

const SCHEMA: &str = "\
type Todo @model @auth(rules: [{ allow: public }]) {
  id: ID!
}
type Query {
  greet(name: String!): String @function(name: \"fields\")
  salute(name: String!): String @function(name: \"others-${env}\")
}
";

fn ask(sandbox: &Sandbox, query: &str) -> Value {
    let outputs = sandbox.outputs();
    let key = outputs["data"]["api_key"].as_str().unwrap();
    let answer = graphql(outputs["data"]["url"].as_str().unwrap(), ("x-api-key", key), query, &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn fields_are_answered_by_functions_of_the_project() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "function", "--name", "fields", "--sample", "graphql"]).ok();
    let python = ["--runtime", "python3.13", "--sample", "graphql", "--variable", "STAGE=at ${env}"];
    let _ = sandbox.run(&[&["add", "function", "--name", "others"][..], &python].concat()).ok();
    let code = sandbox.read("ampup/function/others/index.py").replace("\"greet\"", "\"salute\"");
    let code = code.replace("return f\"Hello,", "import os\n    return f\"{os.environ['STAGE']}: Hello,");
    sandbox.write("ampup/function/others/index.py", &code);
    sandbox.write("ampup/api/blog/schema.graphql", SCHEMA);
    let _ = sandbox.run(&["add", "api", "--name", "blog", "--sample", "blank", "--auth", "api-key"]).ok();
    let dev = sandbox.dev();
    let hello = "Hello, Ada! You are a stranger.";
    assert_eq!(ask(&sandbox, "{ greet(name: \"Ada\") }"), json!({ "data": { "greet": hello } }));
    let dev_hello = format!("at dev: {hello}");
    assert_eq!(ask(&sandbox, "{ salute(name: \"Ada\") }"), json!({ "data": { "salute": dev_hello } }));

    // The same code is the same archive: nothing is to be done, and nothing is uploaded.
    let again = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert_eq!(again["outcome"], "nothing-to-do", "{again}");
    let code = sandbox.read("ampup/function/fields/index.mjs").replace("Hello", "Welcome");
    sandbox.write("ampup/function/fields/index.mjs", &code);
    let changed = sandbox.run(&["push", "--yes", "--json"]).ok().json();
    assert_eq!(changed["outcome"], "deployed", "{changed}");
    let answer = ask(&sandbox, "{ greet(name: \"Ada\") }");
    assert_eq!(answer["data"]["greet"], "Welcome, Ada! You are a stranger.", "{answer}");

    // An error keeps its class and its message.
    sandbox.write(
        "ampup/function/fields/index.mjs",
        "export const handler = async () => { throw new TypeError('no'); };\n",
    );
    let _ = sandbox.run(&["push", "--yes"]).ok();
    let error = ask(&sandbox, "{ greet(name: \"Ada\") }")["errors"][0].clone();
    assert_eq!((&error["errorType"], &error["message"]), (&json!("Lambda:Unhandled"), &json!("no")), "{error}");
    drop(dev);
}

#[test]
fn every_user_has_a_folder_that_nobody_else_reads() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "app", "--target", "local"]).ok();
    let _ = sandbox.run(&["add", "auth", "--sign-in", "email", "--groups", "Editors", "--guests", "true"]).ok();
    let allow = [
        ["--allow", "private/{owner}/*=owner:read,write,delete"],
        ["--allow", "public/*=guests:read"],
        ["--allow", "public/*=signed-in:read,write"],
        ["--allow", "reports/*=group/Editors:write"],
    ];
    let add = ["add", "storage", "--name", "photos", "--kind", "bucket"];
    let _ = sandbox.run(&[&add[..], &allow.concat()].concat()).ok();
    let dev = sandbox.dev();
    let (endpoint, outputs) = (&dev.endpoint, sandbox.outputs());
    let bucket = outputs["storage"]["bucket_name"].as_str().unwrap();
    let pool = Pool::of(endpoint, &outputs);
    pool.sign_up("ada@example.com");
    pool.sign_up("bob@example.com");
    let input = json!({ "UserPoolId": pool.id, "Username": "bob@example.com", "GroupName": "Editors" });
    let target = "AWSCognitoIdentityProviderService.AdminAddUserToGroup";
    let added = crate::support::sigv4::call(endpoint, &Key::root(), "cognito-idp", target, &input);
    assert_eq!(added.status, 200, "{}", added.text());
    let user = |email: &str| credentials(endpoint, &outputs, Some(&pool.sign_in(email).id));
    let ((ada, ada_id), (bob, bob_id)) = (user("ada@example.com"), user("bob@example.com"));
    let (guest, _) = credentials(endpoint, &outputs, None);
    let own = |id: &str| format!("/{bucket}/private/{}/face.txt", id.replace(':', "%3A"));
    let status = |key: &Key, method: &str, path: &str| file(endpoint, key, method, path, b"").status;

    let put = file(endpoint, &ada, "PUT", &own(&ada_id), b"ada's face");
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(file(endpoint, &ada, "GET", &own(&ada_id), b"").text(), "ada's face");
    for (who, key) in [("bob", &bob), ("guest", &guest)] {
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(status(key, method, &own(&ada_id)), 403, "{who} {method}");
        }
    }
    // A user of a group has the rights of all users besides those of the group.
    assert_eq!(status(&bob, "PUT", &own(&bob_id)), 200);
    let report = format!("/{bucket}/reports/one.txt");
    assert_eq!((status(&bob, "PUT", &report), status(&bob, "GET", &report)), (200, 403));
    assert_eq!((status(&ada, "PUT", &report), status(&guest, "PUT", &report)), (403, 403));
    let shared = format!("/{bucket}/public/one.txt");
    assert_eq!((status(&guest, "PUT", &shared), status(&ada, "PUT", &shared)), (403, 200));
    assert_eq!((status(&guest, "GET", &shared), status(&ada, "DELETE", &shared)), (200, 403));
    assert_eq!(status(&ada, "DELETE", &own(&ada_id)), 204);
}
