//! The ways to identify: whom each lets in, and what whoever has none is told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused, assert_refused_whole, town};
use crate::support::callers::Credential;
use crate::support::http::send;
use crate::support::roles;
use crate::support::sigv4::Key;

static TOWN: Kept = Kept::new(std::sync::Weak::new());
static ADMINS: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
type ForKeys @model @auth(rules: [{ allow: public }]) { id: ID! }
type ForGuests @model @auth(rules: [{ allow: public, provider: identityPool }]) { id: ID! }
type ForSignedIn @model @auth(rules: [{ allow: private, provider: identityPool }]) { id: ID! }
type ForUsers @model @auth(rules: [{ allow: private }]) {
  id: ID!
  keys: [ForBoth] @hasMany
}
type ForBoth @model @auth(rules: [{ allow: private }, { allow: public, operations: [get] }]) {
  id: ID!
  text: String
  forUsersKeysId: ID
}
type ForOthers @model @auth(rules: [{ allow: private, provider: oidc }]) { id: ID! }
type ForEither @model @auth(rules: [{ allow: owner }, { allow: owner, provider: oidc, identityClaim: "sub" }]) {
  id: ID!
  text: String
}
type ForLetIn @model @auth(rules: [{ allow: custom }]) { id: ID! }
type Query { mine: Thing @auth(rules: [{ allow: public }, { allow: private }]) }
type Thing { name: String secret: Inner }
type Inner { word: String }
"#;

const THING: &str = "export const request = () => ({ payload: null });
export const response = () => ({ name: 'n', secret: { word: 'w' } });
";

fn here() -> Arc<Town> {
    let ways: (&str, &[&str]) = ("user-pool", &["api-key", "iam", "OIDC", "DOORKEEPER"]);
    let files: &[(&str, &str)] = &[("resolvers/Query.mine.js", THING)];
    town(&TOWN, Charter { schema: SCHEMA, ways, people: &[("ada", &[])], files, ..Charter::default() })
}

/// Callers by the way in which they come.
fn callers(town: &Town) -> Vec<(&'static str, Credential)> {
    let mut all: Vec<(&'static str, Credential)> =
        ["key", "guest", "signed in", "ada", "doorkeeper"].into_iter().map(|who| (who, town.credential(who))).collect();
    all.push(("oidc", town.token(&json!({ "sub": "o" }))));
    all
}

#[test]
fn item_33_each_rule_lets_in_who_comes_its_way() {
    let town = here();
    for (model, allowed) in [
        ("ForKeys", "key"),
        ("ForGuests", "guest"),
        ("ForSignedIn", "signed in"),
        ("ForUsers", "ada"),
        ("ForOthers", "oidc"),
        ("ForLetIn", "doorkeeper"),
    ] {
        for (who, caller) in callers(&town) {
            let plural = format!("list{}", plural_of(model));
            let id = format!("m33-{}", who.replace(' ', "-"));
            let queries = [
                (
                    format!("mutation {{ create{model}(input: {{ id: \"{id}\" }}) {{ id }} }}"),
                    format!("create{model}"),
                    "Mutation",
                ),
                (format!("{{ get{model}(id: \"{id}\") {{ id }} }}"), format!("get{model}"), "Query"),
                (format!("{{ {plural} {{ items {{ id }} }} }}"), plural.clone(), "Query"),
                (
                    format!("mutation {{ update{model}(input: {{ id: \"{id}\" }}) {{ id }} }}"),
                    format!("update{model}"),
                    "Mutation",
                ),
                (
                    format!("mutation {{ delete{model}(input: {{ id: \"{id}\" }}) {{ id }} }}"),
                    format!("delete{model}"),
                    "Mutation",
                ),
            ];
            for (query, field, type_name) in queries {
                let answer = town.send(&caller, &query, &Value::Null).json();
                if who == allowed {
                    assert!(
                        answer.get("errors").is_none() && answer["data"][&field].is_object(),
                        "{who}: {query}: {answer}"
                    );
                } else {
                    assert_refused_whole(&answer, &field, type_name);
                }
            }
            let listen = format!("subscription {{ onCreate{model} {{ id }} }}");
            let begun = caller.listen(&town.url, &listen, &json!({}));
            assert_eq!(begun.is_ok(), who == allowed, "{who} {model}");
            if let Err(error) = begun {
                assert_eq!(error["errorType"], "Unauthorized", "{error}");
            }
        }
    }
}

/// The plural that the schema has.
fn plural_of(model: &str) -> String {
    match model {
        "ForKeys" | "ForGuests" | "ForUsers" | "ForOthers" => model.to_owned(),
        "ForSignedIn" => "ForSignedIns".to_owned(),
        other => format!("{other}s"),
    }
}

#[test]
fn owners_of_several_providers_stay_apart() {
    let town = here();
    let oidc = |sub: &str| town.token(&json!({ "sub": sub, "username": "ada" }));
    let (kim, lee, ada) = (oidc("kim"), oidc("lee"), town.credential("ada"));
    let ask = |caller: &Credential, query: &str| town.send(caller, query, &Value::Null).json();
    for (caller, id, owner) in [(&kim, "e-kim", "kim"), (&lee, "e-lee", "lee"), (&ada, "e-ada", "ada")] {
        let made = ask(caller, &format!("mutation {{ createForEither(input: {{ id: \"{id}\" }}) {{ owner }} }}"));
        assert_eq!(made, json!({ "data": { "createForEither": { "owner": owner } } }));
    }
    assert_eq!(town.stored("ForEither", "e-kim", "owner"), json!({ "S": "kim" }));
    assert_eq!(town.stored("ForEither", "e-ada", "owner"), json!({ "S": town.person("ada").owner() }));
    for (caller, own) in [(&kim, "e-kim"), (&lee, "e-lee"), (&ada, "e-ada")] {
        let listed = ask(caller, "{ listForEithers { items { id } } }");
        assert_eq!(listed, json!({ "data": { "listForEithers": { "items": [{ "id": own }] } } }));
        for other in ["e-kim", "e-lee", "e-ada"] {
            let found = ask(caller, &format!("{{ getForEither(id: \"{other}\") {{ id }} }}"));
            assert_eq!(found.get("errors").is_none(), other == own, "{own} {other}: {found}");
        }
    }
}

#[test]
fn item_34_a_way_that_is_not_on_the_fields_list_is_refused_before_anything_is_done() {
    let town = here();
    town.write("ada", "createForUsers", &json!({ "id": "m34" }), "id");
    town.write("ada", "createForBoth", &json!({ "id": "m34", "text": "t", "forUsersKeysId": "m34" }), "id");
    let key = |query: &str| town.ask("key", query, &Value::Null);
    // The field of the root type.
    assert_refused_whole(
        &key("mutation { deleteForBoth(input: { id: \"m34\" }) { id } }"),
        "deleteForBoth",
        "Mutation",
    );
    assert_eq!(town.stored("ForBoth", "m34", "id"), json!({ "S": "m34" }));
    assert_refused_whole(&key("{ listForBoths { items { id } } }"), "listForBoths", "Query");
    // The rest of the document is answered.
    let both = key("{ getForBoth(id: \"m34\") { text } other: getForUsers(id: \"m34\") { id } }");
    assert_eq!(both["data"], json!({ "getForBoth": { "text": "t" }, "other": null }), "{both}");
    assert_eq!(both["errors"][0]["path"], json!(["other"]), "{both}");
    assert_eq!(both["errors"][0]["message"], "Not Authorized to access getForUsers on type Query", "{both}");
    // Types that are no models are open to the default way alone, whichever field leads to them.
    let mine = "{ mine { name secret { word } } }";
    assert_eq!(town.value("ada", mine, &Value::Null), json!({ "name": "n", "secret": { "word": "w" } }));
    let refused = [(json!(["mine", "name"]), "Thing"), (json!(["mine", "secret"]), "Thing")];
    assert_refused(&key(mine), &json!({ "mine": { "name": null, "secret": null } }), &refused);
    for who in ["guest", "doorkeeper"] {
        assert_refused_whole(&town.ask(who, mine, &Value::Null), "mine", "Query");
    }
}

/// The status, the error type and the message of an answer that has no data.
fn whole(answer: &crate::support::http::Answer) -> (u16, String, String) {
    let body = answer.json();
    assert!(body.get("data").is_none(), "{body}");
    let errors = body["errors"].as_array().unwrap_or_else(|| panic!("{body}"));
    assert_eq!(errors.len(), 1, "{body}");
    let text = |name: &str| errors[0][name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (answer.status, text("errorType"), text("message"))
}

#[test]
fn item_42_a_refused_field_is_200_and_a_wrong_credential_is_401() {
    let town = here();
    let refused = town.send(&town.credential("key"), "{ listForUsers { items { id } } }", &Value::Null);
    assert_eq!(refused.status, 200);
    assert_refused(&refused.json(), &json!({ "listForUsers": null }), &[(json!(["listForUsers"]), "Query")]);
    // Nothing of a request with a wrong credential is done, and nothing is said of it.
    let mutation = "mutation { createForKeys(input: { id: \"m42\" }) { id } }";
    let wrong_key = Credential::Header("x-api-key", "da2-aaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned());
    let wrong = |credential: &Credential| whole(&town.send(credential, mutation, &Value::Null));
    let call = (401, "UnauthorizedException".to_owned(), "You are not authorized to make this call.".to_owned());
    assert_eq!(wrong(&wrong_key), call);
    let token = match town.credential("ada") {
        Credential::Header(name, value) => (name, value),
        Credential::Signed(_) => panic!("a user has a token"),
    };
    for changed in [token.1.replacen("ey", "ez", 1), token.1[..token.1.len() - 4].to_owned(), "a.b.c".to_owned()] {
        let (status, kind, _) = wrong(&Credential::Header(token.0, changed.clone()));
        assert_eq!((status, kind.as_str()), (401, "UnauthorizedException"), "{changed}");
    }
    let (endpoint, path) = crate::support::http::split_url(&town.url);
    let body = json!({ "query": mutation }).to_string();
    let none = send(&endpoint, "POST", &path, &[("content-type", "application/json")], body.as_bytes());
    assert_eq!(whole(&none).0, 401);
    assert_eq!(whole(&none).1, "UnauthorizedException");
    assert_eq!(town.stored("ForKeys", "m42", "id"), Value::Null);
}

const ADMIN_SCHEMA: &str = r#"
type Note @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  text: String
  mood: String @auth(rules: [{ allow: owner }])
}
type Memo @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) { id: ID! }
type Bare @model { id: ID! }
"#;

#[test]
fn item_41_signed_requests_of_admin_roles_skip_the_rules() {
    let settings = "admin-roles = [\"Auditor-${env}\"]";
    let people: &[(&str, &[&str])] = &[("ada", &[]), ("zoe", &["Staff"])];
    let ways: (&str, &[&str]) = ("user-pool", &["iam"]);
    let town = town(&ADMINS, Charter { schema: ADMIN_SCHEMA, ways, people, settings, ..Charter::default() });
    town.write("ada", "createNote", &json!({ "id": "m41", "text": "t", "mood": "calm" }), "id");
    let endpoint = town.endpoint();
    roles::allow_all(endpoint);
    let role = |name: &str| Credential::Signed(roles::make(endpoint, name));
    let (admin, other) = (role("Auditor-dev"), role("Auditor"));
    let ask = |caller: &Credential, query: &str| town.send(caller, query, &Value::Null).json();
    let read = "{ getNote(id: \"m41\") { text mood } }";
    let list = "{ listNotes { items { id } } }";
    let writes = [
        ("updateNote", "mutation { updateNote(input: { id: \"m41\", mood: \"glad\" }) { id } }"),
        ("createMemo", "mutation { createMemo(input: { id: \"m41\" }) { id } }"),
        ("deleteNote", "mutation { deleteNote(input: { id: \"m41\" }) { id } }"),
    ];
    for caller in [&other, &town.credential("guest"), &town.credential("signed in")] {
        assert_refused_whole(&ask(caller, read), "getNote", "Query");
        assert_refused_whole(&ask(caller, list), "listNotes", "Query");
        for (field, query) in writes {
            assert_refused_whole(&ask(caller, query), field, "Mutation");
        }
        assert!(caller.listen(&town.url, "subscription { onCreateMemo { id } }", &json!({})).is_err());
    }
    assert_eq!(ask(&admin, read), json!({ "data": { "getNote": { "text": "t", "mood": "calm" } } }));
    assert_eq!(ask(&admin, list), json!({ "data": { "listNotes": { "items": [{ "id": "m41" }] } } }));
    let mut socket = admin.listen(&town.url, "subscription { onCreateMemo { id } }", &json!({})).unwrap();
    for (field, query) in writes {
        let answer = ask(&admin, query);
        assert_eq!(answer, json!({ "data": { field: { "id": "m41" } } }), "{query}");
    }
    assert_eq!(socket.stop(), [json!({ "data": { "onCreateMemo": { "id": "m41" } } })]);
    // Where no rule stands there is none to skip.
    assert_refused_whole(&ask(&admin, "{ getBare(id: \"x\") { id } }"), "getBare", "Query");
    // A key that nobody has is refused whole.
    let stranger =
        Credential::Signed(Key { access: "AKIAZZZZZZZZZZZZZZZZ".to_owned(), secret: "s".to_owned(), token: None });
    let answer = town.send(&stranger, read, &Value::Null);
    assert!([401, 403].contains(&answer.status) && answer.json().get("data").is_none(), "{}", answer.text());
}
