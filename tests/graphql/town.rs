//! A project with an API whose callers identify in several ways, and the people who call it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::support::api::{Shared, shared};
use crate::support::callers::{self, Credential};
use crate::support::doorkeeper;
use crate::support::http::{Answer, split_url};
use crate::support::issuer::Issuer;
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::sigv4::{self, Key};
use crate::support::socket::Socket;
use crate::support::users::Pool;

/// Where the tests of a file keep their town.
pub(super) type Kept = Shared<Town>;

/// What a town is made of.
#[derive(Clone, Copy, Default)]
pub(super) struct Charter<'a> {
    pub schema: &'a str,
    /// The default way to identify as the manifest writes it, and the others. `OIDC` and `DOORKEEPER` stand for tables.
    pub ways: (&'a str, &'a [&'a str]),
    /// More lines of the API's table.
    pub settings: &'a str,
    /// Users and their groups, each of which may be listed with others.
    pub people: &'a [(&'a str, &'a [&'a str])],
    /// Files below the API's folder.
    pub files: &'a [(&'a str, &'a str)],
}

/// Someone with an account in the user pool.
pub(super) struct Person {
    pub username: String,
    pub sub: String,
    access: String,
    id: String,
}

/// The running project.
pub(super) struct Town {
    pub url: String,
    api_id: String,
    key: String,
    people: BTreeMap<String, Person>,
    guest: Key,
    signed_in: Key,
    issuer: Issuer,
    dev: Dev,
    _sandbox: Sandbox,
}

/// The town that others use, or a new one.
pub(super) fn town(kept: &Kept, charter: Charter<'_>) -> Arc<Town> {
    shared(kept, || Town::found(charter))
}

impl Town {
    fn found(charter: Charter<'_>) -> Self {
        let issuer = Issuer::start();
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "town", "--target", "local"]).ok();
        let ways: Vec<&str> = std::iter::once(&charter.ways.0).chain(charter.ways.1).copied().collect();
        if ways.contains(&"DOORKEEPER") {
            doorkeeper::make(&sandbox);
        }
        sandbox.write("ampup.toml", &format!("{}{}", sandbox.read("ampup.toml"), manifest(charter, &ways, &issuer)));
        sandbox.write("ampup/api/api/schema.graphql", charter.schema);
        for (path, text) in charter.files {
            sandbox.write(&format!("ampup/api/api/{path}"), text);
        }
        let _ = sandbox.run(&["render"]).ok();
        let dev = sandbox.dev();
        let outputs = sandbox.outputs();
        let pool = Pool::of(&dev.endpoint, &outputs);
        let people: BTreeMap<String, Person> = charter
            .people
            .iter()
            .map(|(name, groups)| ((*name).to_owned(), Person::new(&pool, name, groups)))
            .collect();
        let identity_pool = outputs["auth"]["identity_pool_id"].as_str().unwrap();
        let guest = callers::keys(&dev.endpoint, identity_pool, &json!({}));
        let signed_in = people.values().next().map_or_else(
            || guest.clone(),
            |person| callers::keys(&dev.endpoint, identity_pool, &callers::login(&pool, &person.id)),
        );
        let url = outputs["data"]["url"].as_str().unwrap().to_owned();
        let api_id = split_url(&url).1.split('/').nth(2).unwrap().to_owned();
        let key = outputs["data"]["api_key"].as_str().unwrap_or_default().to_owned();
        Self { url, api_id, key, people, guest, signed_in, issuer, dev, _sandbox: sandbox }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.dev.endpoint
    }

    pub(super) fn person(&self, name: &str) -> &Person {
        &self.people[name]
    }

    /// How somebody identifies: `key`, `guest`, `signed in`, `root`, `doorkeeper`, or a user by the access token, with ` id`
    /// behind the name by the ID token.
    pub(super) fn credential(&self, who: &str) -> Credential {
        match who {
            "key" => Credential::Header("x-api-key", self.key.clone()),
            "guest" => Credential::Signed(self.guest.clone()),
            "signed in" => Credential::Signed(self.signed_in.clone()),
            "root" => Credential::Signed(Key::root()),
            "doorkeeper" => doorkeeper::credential(),
            who => {
                let (name, id) = who.strip_suffix(" id").map_or((who, false), |name| (name, true));
                let person = &self.people[name];
                Credential::Header("authorization", if id { person.id.clone() } else { person.access.clone() })
            }
        }
    }

    /// How somebody identifies by a token of the OpenID Connect provider with these claims.
    pub(super) fn token(&self, claims: &Value) -> Credential {
        Credential::Header("authorization", self.issuer.token(claims))
    }

    /// A whole answer with its status.
    pub(super) fn send(&self, credential: &Credential, query: &str, variables: &Value) -> Answer {
        credential.send(&self.url, query, variables)
    }

    /// The body of an answer.
    pub(super) fn ask(&self, who: &str, query: &str, variables: &Value) -> Value {
        self.send(&self.credential(who), query, variables).json()
    }

    /// The value of the one field that a query has; without errors.
    pub(super) fn value(&self, who: &str, query: &str, variables: &Value) -> Value {
        let answer = self.ask(who, query, variables);
        assert!(answer.get("errors").is_none(), "{who}: {query} {variables}: {answer}");
        answer["data"].as_object().unwrap().values().next().unwrap().clone()
    }

    /// A mutation with an input.
    pub(super) fn write(&self, who: &str, field: &str, input: &Value, selected: &str) -> Value {
        self.value(who, &mutation(field, selected), &json!({ "input": input }))
    }

    /// The answer to the same, whatever it is.
    pub(super) fn try_write(&self, who: &str, field: &str, input: &Value, selected: &str) -> Value {
        self.ask(who, &mutation(field, selected), &json!({ "input": input }))
    }

    /// The ids that a list holds for somebody, sorted.
    pub(super) fn ids(&self, who: &str, list: &str) -> Vec<String> {
        let page = self.value(who, &format!("{{ {list} {{ items {{ id }} }} }}"), &Value::Null);
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{who}: {list}: {page}"));
        let mut ids: Vec<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    /// Whether a field answers somebody as a whole; everything else must be a refusal of exactly that field.
    pub(super) fn admits(&self, who: &str, query: &str) -> bool {
        admitted(&self.ask(who, query, &Value::Null), query)
    }

    /// Begins a subscription; the first error when it is refused.
    pub(super) fn listen(&self, who: &str, query: &str, variables: &Value) -> Result<Socket, Value> {
        self.credential(who).listen(&self.url, query, variables)
    }

    /// Puts an item into the table of a model, past the API.
    pub(super) fn put(&self, model: &str, item: &Value) {
        let item: &Map<String, Value> = item.as_object().unwrap();
        callers::put(&self.dev.endpoint, &self.table(model), item);
    }

    /// An attribute of a stored item, as DynamoDB gives it.
    pub(super) fn stored(&self, model: &str, id: &str, attribute: &str) -> Value {
        let input = json!({ "TableName": self.table(model), "Key": { "id": { "S": id } } });
        let action = "DynamoDB_20120810.GetItem";
        let answer = sigv4::call(&self.dev.endpoint, &Key::root(), "dynamodb", action, &input);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["Item"][attribute].clone()
    }

    fn table(&self, model: &str) -> String {
        format!("{model}-{}-dev", self.api_id)
    }
}

impl Person {
    fn new(pool: &Pool, name: &str, groups: &[&str]) -> Self {
        pool.sign_up_as(name, &format!("{name}@example.com"));
        for group in groups {
            callers::join(pool, name, group);
        }
        let tokens = pool.sign_in(name);
        let body = URL_SAFE_NO_PAD.decode(tokens.access.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| claims[name].as_str().unwrap_or_else(|| panic!("{name}: {claims}")).to_owned();
        Self { username: text("username"), sub: text("sub"), access: tokens.access, id: tokens.id }
    }

    /// `sub::username`, as items name an owner.
    pub(super) fn owner(&self) -> String {
        format!("{}::{}", self.sub, self.username)
    }
}

fn manifest(charter: Charter<'_>, ways: &[&str], issuer: &Issuer) -> String {
    let mut groups: Vec<&str> = charter.people.iter().flat_map(|(_, groups)| groups.iter().copied()).collect();
    groups.sort_unstable();
    groups.dedup();
    let ways: Vec<String> = ways
        .iter()
        .map(|way| match *way {
            "OIDC" => format!("{{ oidc = {:?}, client-id = \"web|app\" }}", issuer.address),
            "DOORKEEPER" => format!("{{ lambda = {:?} }}", doorkeeper::NAME),
            way => format!("{way:?}"),
        })
        .collect();
    format!(
        "\n[resources.auth]\nkind = \"auth\"\nsign-in = \"username\"\nguests = true\ngroups = {groups:?}\n\
         \n[resources.api]\nkind = \"api\"\nauth = {}\nadditional-auth = [{}]\n{}\n",
        ways[0],
        ways[1..].join(", "),
        charter.settings,
    )
}

fn mutation(field: &str, selected: &str) -> String {
    let mut input = field.to_owned();
    input[..1].make_ascii_uppercase();
    format!("mutation Go($input: {input}Input!) {{ {field}(input: $input) {{ {selected} }} }}")
}

/// What AppSync says of a field that the caller may not have, without the place in the document.
pub(super) fn refusal(path: &Value, type_name: &str) -> Value {
    let parts = path.as_array().unwrap();
    let field = parts.iter().rev().find_map(Value::as_str).unwrap();
    json!({
        "path": path, "data": null, "errorType": "Unauthorized", "errorInfo": null,
        "message": format!("Not Authorized to access {field} on type {type_name}"),
    })
}

/// The errors of an answer without their places, which must be there.
pub(super) fn errors(answer: &Value) -> Vec<Value> {
    let list = answer["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}"));
    list.iter()
        .map(|error| {
            let mut error = error.as_object().unwrap().clone();
            let locations = error.remove("locations").unwrap_or_else(|| panic!("no locations: {answer}"));
            let place = &locations[0];
            let whole = place["line"].is_u64() && place["column"].is_u64() && place.get("sourceName").is_some();
            assert!(whole, "{answer}");
            Value::Object(error)
        })
        .collect()
}

/// The answer has this data, and exactly these fields are refused: each by its path and its type.
#[track_caller]
pub(super) fn assert_refused(answer: &Value, data: &Value, fields: &[(Value, &str)]) {
    assert_eq!(&answer["data"], data, "{answer}");
    let mut wanted: Vec<Value> = fields.iter().map(|(path, type_name)| refusal(path, type_name)).collect();
    let mut found = errors(answer);
    // Fields beside each other are answered at the same time.
    for list in [&mut wanted, &mut found] {
        list.sort_by_key(|error| error["path"].to_string());
    }
    assert_eq!(found, wanted, "{answer}");
}

/// The one field of an answer is refused as a whole.
#[track_caller]
pub(super) fn assert_refused_whole(answer: &Value, field: &str, type_name: &str) {
    assert_refused(answer, &json!({ field: null }), &[(json!([field]), type_name)]);
}

fn admitted(answer: &Value, query: &str) -> bool {
    if answer.get("errors").is_none() {
        return true;
    }
    let found = errors(answer);
    assert!(found.len() == 1 && found[0]["errorType"] == "Unauthorized", "{query}: {answer}");
    false
}
