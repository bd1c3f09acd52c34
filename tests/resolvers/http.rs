//! `@http`: requests to other servers in the form of HTTP data sources, and what becomes of their answers.

use serde_json::{Value, json};

use super::project::{Project, ada, bob};

const SCHEMA: &str = r#"
type Out { id: ID! }
type Query {
  get(id: ID!, q: String): AWSJSON
    @http(url: "https://${env}.example.com/v1/:id/of/:owner?fixed=1", headers: [{ key: "X-Region", value: "${aws_region}" }, { key: "X-Own", value: "it's" }])
}
type Mutation {
  add(title: String!, n: Int): Out @http(method: POST, url: "https://api.example.com/posts") @auth(rules: [{ allow: groups, groups: ["Crew"] }])
  put(id: ID!, title: String): Out @http(method: PUT, url: "https://api.example.com/posts/:id")
  remove(id: ID!): Out @http(method: DELETE, url: "https://api.example.com/posts/:id")
}
type Note @model @auth(rules: [{ allow: owner }]) { id: ID! rating: Int @http(url: "https://api.example.com/rating") @auth(rules: [{ allow: owner }]) }
"#;

/// The developer guide, "HTTP resolvers": method, path from the root, headers, query and body.
#[test]
fn a_request_goes_where_the_directive_says() {
    let project = Project::new("", SCHEMA);
    let headers = json!({ "authorization": "token", "host": "abc.appsync", "Content-Length": "7", "x-trace": "1" });
    let context = json!({
        "arguments": { "params": { "id": "a/b c?", "owner": "../../x" }, "query": { "q": "&" } },
        "request": { "headers": headers }, "env": { "ENVIRONMENT": "dev", "REGION": "eu-west-1" },
    });
    assert_eq!(
        project.request("resolvers/Query.get", &context),
        json!({
            "method": "GET",
            "resourcePath": "/v1/a%2Fb%20c%3F/of/..%2F..%2Fx",
            "params": {
                "headers": {
                    "authorization": "token", "x-trace": "1", "accept-encoding": "application/json",
                    "x-region": "eu-west-1", "x-own": "it's",
                },
                "query": { "fixed": "1", "q": "&" },
            },
        })
    );
    let put = json!({ "arguments": { "params": { "id": "7" }, "query": { "title": "t" }, "body": { "title": "u" } }, "request": { "headers": {} } });
    let request = project.request("resolvers/Mutation.put", &put);
    assert_eq!((&request["method"], &request["resourcePath"]), (&json!("PUT"), &json!("/posts/7")));
    assert_eq!(
        (&request["params"]["query"], &request["params"]["body"]),
        (&json!({ "title": "t" }), &json!({ "title": "u" }))
    );
    assert_eq!(request["params"]["headers"]["content-type"], "application/json");
    let remove = json!({ "arguments": { "params": { "id": "7" } }, "request": { "headers": {} } });
    let request = project.request("resolvers/Mutation.remove", &remove);
    assert_eq!(request["method"], "DELETE");
    assert_eq!(request["params"], json!({ "headers": { "accept-encoding": "application/json" } }));
}

#[test]
fn what_must_be_given_may_come_in_the_query_or_in_the_body() {
    let project = Project::new("", SCHEMA);
    let add = |identity: Value, arguments: Value| {
        let context = json!({ "arguments": arguments, "request": { "headers": {} }, "identity": identity });
        project.run("resolvers/Mutation.add", "request", &context)
    };
    for arguments in [json!({ "query": { "title": "t" } }), json!({ "body": { "title": "t" } })] {
        assert!(add(ada(), arguments.clone()).result.is_some(), "{arguments}");
    }
    let missing = add(ada(), json!({ "query": { "n": 1 }, "body": {} }));
    assert!(missing.result.is_none());
    assert_eq!(
        missing.errors[0]["message"],
        "An argument you marked as Non-Null is not present in the query nor the body of your request."
    );
    assert_eq!(add(bob(), json!({ "body": { "title": "t" } })).raised(), Some("Unauthorized"));
}

#[test]
fn answers_are_json_or_xml_and_anything_else_an_error() {
    let project = Project::new("", SCHEMA);
    let answered = |status: u16, kind: &str, body: &str| {
        let result = json!({ "statusCode": status, "headers": { "Content-Type": kind }, "body": body });
        project.run("resolvers/Query.get", "response", &json!({ "result": result, "arguments": {} }))
    };
    assert_eq!(answered(200, "application/json", "{\"a\":[1]}").value(), json!({ "a": [1] }));
    assert_eq!(answered(201, "text/plain", "7").value(), 7);
    let xml = "<?xml version=\"1.0\"?><post><id>1</id><title>A &lt; B</title></post>";
    assert_eq!(answered(200, "text/XML; charset=utf-8", xml).value(), json!({ "post": { "id": 1, "title": "A < B" } }));
    let refused = answered(404, "text/plain", "no such page");
    assert_eq!(refused.result, Some(Value::Null));
    assert_eq!(
        refused.errors,
        [json!({ "message": "no such page", "errorType": "404", "data": null, "errorInfo": null })]
    );
    let error = json!({ "type": "Timeout", "message": "too long" });
    assert_eq!(project.failure("resolvers/Query.get", &error).as_deref(), Some("Timeout"));
}

#[test]
fn a_guarded_field_is_asked_for_nobody_else() {
    let project = Project::new("", SCHEMA);
    let ask = |identity: Value, source: Value| {
        let context = json!({ "arguments": {}, "request": { "headers": {} }, "identity": identity, "source": source });
        project.run("resolvers/Note.rating", "request", &context)
    };
    let note = json!({ "id": "1", "owner": "s-1::ada" });
    assert_eq!(ask(ada(), note.clone()).value()["resourcePath"], "/rating");
    assert_eq!(ask(bob(), note.clone()).raised(), Some("Unauthorized"));
    let changed = json!({ "id": "1", "owner": "s-1::ada", "__operation": "Mutation" });
    assert_eq!(ask(ada(), changed).value(), Value::Null, "subscribers may see less than the caller");
}
