//! The blog: sign up, sign in by SRP, write, list, query, relate, be refused; a guest; the site with deep links.

use serde_json::{Value, json};

use crate::support::http::{graphql, send};
use crate::support::sandbox::Sandbox;
use crate::support::sigv4::{self, Key};
use crate::support::users::{Pool, Tokens};

/// The deployed blog as a client sees it.
struct Blog {
    url: String,
    key: String,
}

impl Blog {
    /// `data` of an answer without errors.
    fn ask(&self, tokens: &Tokens, query: &str, variables: &Value) -> Value {
        let answer = graphql(&self.url, ("authorization", &tokens.access), query, variables);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        assert!(body.get("errors").is_none(), "{query}: {body}");
        body["data"].clone()
    }

    /// The first error of an answer.
    fn refused(&self, credential: (&str, &str), query: &str, variables: &Value) -> Value {
        let answer = graphql(&self.url, credential, query, variables);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        assert!(body["errors"][0].is_object(), "{query} was answered: {body}");
        body["errors"][0].clone()
    }
}

const CREATE: &str = "mutation ($input: CreatePostInput!) { createPost(input: $input) { id title content owner createdAt updatedAt categoryId } }";
const UPDATE: &str = "mutation ($input: UpdatePostInput!, $condition: ModelPostConditionInput) { updatePost(input: $input, condition: $condition) { id title content updatedAt } }";
const DELETE: &str = "mutation ($id: ID!) { deletePost(input: { id: $id }) { id } }";

#[test]
fn the_blog() {
    let sandbox = Sandbox::blog();
    let dev = sandbox.dev();
    let outputs = sandbox.outputs();
    let pool = Pool::of(&dev.endpoint, &outputs);
    pool.sign_up("ada@example.com");
    pool.sign_up("bob@example.com");
    let (ada, bob) = (pool.sign_in("ada@example.com"), pool.sign_in("bob@example.com"));
    let blog = Blog {
        url: outputs["data"]["url"].as_str().unwrap().to_owned(),
        key: outputs["data"]["api_key"].as_str().unwrap().to_owned(),
    };
    let category = categories(&blog, &pool, &dev.endpoint, &ada);
    let posts = posts(&blog, &ada, &category);
    changes(&blog, &ada, &bob, &posts[0]);
    comments(&blog, &ada, &bob, &posts[0]);
    guests(&blog);
    shapes(&blog, &ada);
    let gone = blog.ask(&ada, DELETE, &json!({ "id": posts[4] }));
    assert_eq!(gone["deletePost"]["id"], posts[4].as_str());
    assert_eq!(
        blog.ask(&ada, "query ($id: ID!) { getPost(id: $id) { id } }", &json!({ "id": posts[4] }))["getPost"],
        Value::Null
    );
}

/// Only Editors write categories; an administrator makes Ada one.
fn categories(blog: &Blog, pool: &Pool, endpoint: &str, ada: &Tokens) -> String {
    let create = "mutation { createCategory(input: { name: \"Engines\" }) { id name } }";
    assert_eq!(blog.refused(("authorization", &ada.access), create, &Value::Null)["errorType"], "Unauthorized");
    let input = json!({ "UserPoolId": pool.pool, "Username": "ada@example.com", "GroupName": "Editors" });
    let added = sigv4::call(
        endpoint,
        &Key::root(),
        "cognito-idp",
        "AWSCognitoIdentityProviderService.AdminAddUserToGroup",
        &input,
    );
    assert_eq!(added.status, 200, "{}", added.text());
    // The groups are in the token, so it takes a new one.
    assert_eq!(blog.refused(("authorization", &ada.access), create, &Value::Null)["errorType"], "Unauthorized");
    let editor = pool.sign_in("ada@example.com");
    let made = blog.ask(&editor, create, &Value::Null);
    assert_eq!(made["createCategory"]["name"], "Engines");
    made["createCategory"]["id"].as_str().unwrap().to_owned()
}

/// Five posts; the owner and the times are filled in; lists filter and page; the index is in order.
fn posts(blog: &Blog, ada: &Tokens, category: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..5 {
        let input = json!({ "title": format!("Post {number}"), "content": "…", "categoryId": category });
        let post = blog.ask(ada, CREATE, &json!({ "input": input }))["createPost"].clone();
        assert_eq!(post["createdAt"], post["updatedAt"]);
        assert!(post["owner"].as_str().is_some_and(|owner| !owner.is_empty()), "{post}");
        ids.push(post["id"].as_str().unwrap().to_owned());
    }
    let twice = json!({ "input": { "id": ids[0], "title": "again", "content": "" } });
    let error = blog.refused(("authorization", &ada.access), CREATE, &twice);
    assert_eq!(error["errorType"], "DynamoDB:ConditionalCheckFailedException", "{error}");

    let list = "query ($filter: ModelPostFilterInput, $limit: Int, $nextToken: String) { listPosts(filter: $filter, limit: $limit, nextToken: $nextToken) { items { id title } nextToken } }";
    let filter = json!({ "or": [{ "title": { "eq": "Post 1" } }, { "title": { "beginsWith": "Post 3" } }] });
    let found = blog.ask(ada, list, &json!({ "filter": filter }));
    let mut titles: Vec<&str> =
        found["listPosts"]["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Post 1", "Post 3"]);
    let (mut seen, mut pages, mut token) = (Vec::new(), 0, Value::Null);
    loop {
        let page = blog.ask(ada, list, &json!({ "limit": 2, "nextToken": token }))["listPosts"].clone();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        pages += 1;
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    seen.sort();
    let mut all = ids.clone();
    all.sort();
    assert_eq!((seen, pages >= 3), (all, true));

    let index = "query ($id: ID!, $direction: ModelSortDirection) { postsByCategory(categoryId: $id, sortDirection: $direction) { items { title category { name } } } }";
    let newest = blog.ask(ada, index, &json!({ "id": category, "direction": "DESC" }));
    let titles: Vec<&Value> =
        newest["postsByCategory"]["items"].as_array().unwrap().iter().map(|item| &item["title"]).collect();
    assert_eq!(titles, ["Post 4", "Post 3", "Post 2", "Post 1", "Post 0"]);
    assert_eq!(newest["postsByCategory"]["items"][0]["category"]["name"], "Engines");
    ids
}

/// The owner changes a post, also under a condition; another user may only read it.
fn changes(blog: &Blog, ada: &Tokens, bob: &Tokens, id: &str) {
    let good = json!({ "input": { "id": id, "title": "Changed" }, "condition": { "title": { "eq": "Post 0" } } });
    let changed = blog.ask(ada, UPDATE, &good);
    assert_eq!(changed["updatePost"]["title"], "Changed");
    assert_eq!(changed["updatePost"]["content"], "…", "a field that was not given is untouched");
    let error = blog.refused(("authorization", &ada.access), UPDATE, &good);
    assert_eq!(error["errorType"], "DynamoDB:ConditionalCheckFailedException", "{error}");
    let absent = json!({ "input": { "id": "no-such-post", "title": "x" } });
    let error = blog.refused(("authorization", &ada.access), UPDATE, &absent);
    assert_eq!(error["errorType"], "Unauthorized", "nobody owns an item that is not there: {error}");

    let read = blog.ask(bob, "query ($id: ID!) { getPost(id: $id) { title } }", &json!({ "id": id }));
    assert_eq!(read["getPost"]["title"], "Changed");
    let mine = json!({ "input": { "id": id, "title": "Mine" } });
    assert_eq!(blog.refused(("authorization", &bob.access), UPDATE, &mine)["errorType"], "Unauthorized");
    assert_eq!(blog.refused(("authorization", &bob.access), DELETE, &json!({ "id": id }))["errorType"], "Unauthorized");
    let theirs = json!({ "input": { "title": "x", "content": "x", "owner": "somebody" } });
    let answer = graphql(&blog.url, ("authorization", &bob.access), CREATE, &theirs).json();
    assert!(answer["errors"][0].is_object(), "a post in another's name: {answer}");
}

/// Comments belong to a post and come in order of their date.
fn comments(blog: &Blog, ada: &Tokens, bob: &Tokens, post: &str) {
    let create = "mutation ($input: CreateCommentInput!) { createComment(input: $input) { id } }";
    for text in ["first", "second", "third"] {
        blog.ask(bob, create, &json!({ "input": { "postId": post, "content": text } }));
    }
    let nested = "query ($id: ID!) { getPost(id: $id) { comments(limit: 2, sortDirection: DESC) { items { content post { title } } nextToken } } }";
    let found = blog.ask(ada, nested, &json!({ "id": post }))["getPost"]["comments"].clone();
    assert_eq!(
        found["items"],
        json!([
            { "content": "third", "post": { "title": "Changed" } },
            { "content": "second", "post": { "title": "Changed" } },
        ])
    );
    assert!(found["nextToken"].is_string());
    let index = "query ($id: ID!) { commentsByPost(postId: $id, createdAt: { gt: \"2020\" }) { items { content } } }";
    let found = blog.ask(ada, index, &json!({ "id": post }));
    assert_eq!(found["commentsByPost"]["items"].as_array().unwrap().len(), 3);
}

/// A guest reads by API key, and may not write nor see what only users see.
fn guests(blog: &Blog) {
    let guest = ("x-api-key", blog.key.as_str());
    let answer = graphql(
        &blog.url,
        guest,
        "query { listPosts { items { title comments { items { content } } } } }",
        &Value::Null,
    )
    .json();
    assert!(answer.get("errors").is_none(), "{answer}");
    assert_eq!(answer["data"]["listPosts"]["items"].as_array().unwrap().len(), 5);
    let write = json!({ "input": { "title": "x", "content": "x" } });
    assert_eq!(blog.refused(guest, CREATE, &write)["errorType"], "Unauthorized");
}

/// AppSync's error shapes, and introspection.
fn shapes(blog: &Blog, ada: &Tokens) {
    let error = blog.refused(("authorization", &ada.access), "query { listPosts { items { nope } } }", &Value::Null);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("FieldUndefined") && message.contains("nope"), "{error}");
    assert!(error["locations"][0]["line"].is_number(), "{error}");
    let wrong =
        graphql(&blog.url, ("authorization", &ada.access), "query { listPosts { items { nope } } }", &Value::Null)
            .json();
    assert_eq!(wrong["data"], Value::Null);
    let schema = blog.ask(
        ada,
        "query { __schema { queryType { name } types { name } } __type(name: \"Post\") { fields { name } } }",
        &Value::Null,
    );
    let types = schema["__schema"]["types"].as_array().unwrap();
    assert!(types.iter().any(|one| one["name"] == "AWSDateTime"));
    assert!(schema["__type"]["fields"].as_array().unwrap().iter().any(|one| one["name"] == "comments"));
}

#[test]
fn the_site() {
    let sandbox = Sandbox::blog();
    let dev = sandbox.dev();
    let _ = sandbox.run(&["publish", "--yes"]).ok();
    let again = sandbox.run(&["publish", "--yes", "--json"]).ok().json();
    assert_eq!(again["uploaded"], json!([]), "nothing changed: {again}");
    let board = sandbox.run(&["status", "--json"]).ok().json();
    let addresses = board["addresses"].as_array().unwrap();
    let site = addresses.iter().find(|one| one["name"] == "Site").unwrap_or_else(|| panic!("no site in {board}"));
    let site = site["value"].as_str().unwrap().to_owned();
    let host = site.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let get = |path: &str| send(&dev.endpoint, "GET", path, &[("host", &host)], b"");
    let page = get("/");
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("<html"));
    for header in ["strict-transport-security", "x-content-type-options", "content-security-policy", "referrer-policy"]
    {
        assert!(page.header(header).is_some(), "{header} is missing: {:?}", page.headers);
    }
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    for deep in ["/posts/42", "/a/b/c"] {
        let answer = get(deep);
        assert_eq!((answer.status, answer.body == page.body), (200, true), "{deep}");
    }
    let script = get("/app.js");
    assert!(script.header("content-type").unwrap().contains("javascript"));
    let etag = script.header("etag").unwrap().to_owned();
    let cached = send(&dev.endpoint, "GET", "/app.js", &[("host", &host), ("if-none-match", &etag)], b"");
    assert_eq!(cached.status, 304);
    assert!([403, 404].contains(&get("/missing.js").status), "a missing file is not the entry page");
    sandbox.write("site/extra.txt", "more");
    let more = sandbox.run(&["publish", "--yes", "--json"]).ok().json();
    assert_eq!(more["uploaded"], json!(["extra.txt"]), "{more}");
}
