//! Documents that are small and mean much work: they are refused or answered, and never waited for.
//!
//! A document that is worked on as it is written would take longer than the universe is old; the client gives up after
//! twenty seconds.

use std::sync::Arc;

use serde_json::{Value, json};

use super::world::{Api, Line, World, gives};
use crate::support::api::{Shared, shared};
use crate::support::callers::Credential;
use crate::support::http::{Answer, split_url, try_send};

static KEPT: Shared<Kept> = Shared::new(std::sync::Weak::new());

const SCHEMA: &str = "
type Query { node(id: ID, list: [[[[Int]]]]): Node text: String }
type Node { name: String next: Node children: [Node] told(in: In): String }
input In { in: In word: String list: [In] }
type Mutation { touch: Node }
type Subscription { touched: Node @aws_subscribe(mutations: [\"touch\"]) }
schema { query: Query mutation: Mutation subscription: Subscription }
";

const NODE: &str = "{ name: 'n', next: { name: 'm', next: { name: 'o' } }, children: [{ name: 'c' }] }";

struct Kept {
    _world: World,
    api: Api,
    key: Credential,
}

fn kept() -> Arc<Kept> {
    shared(&KEPT, || {
        let world = World::start();
        let code = [("Query.node", gives(NODE)), ("Query.text", gives("'t'")), ("Mutation.touch", gives(NODE))];
        let api = world.api(&json!({ "authenticationType": "API_KEY" }), SCHEMA, &code);
        let key = Credential::Header("x-api-key", world.key(&api, 2));
        Kept { api, key, _world: world }
    })
}

impl Kept {
    fn ask(&self, query: &str) -> Value {
        let answer = self.key.send(&self.api.url, query, &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// That a document is refused before anything of it is done; in which words.
    fn refused(&self, what: &str, query: &str) -> String {
        let answer = self.ask(query);
        assert!(answer["data"].is_null(), "{what}: {answer}");
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{what}: {answer}"));
        assert!(!errors.is_empty() && errors.len() <= 100, "{what}: {} errors", errors.len());
        let words = errors[0]["message"].as_str().unwrap().to_owned();
        // The cloud lives on.
        assert_eq!(self.ask("{ text }"), json!({ "data": { "text": "t" } }), "{what}");
        words
    }

    fn try_post(&self, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<Answer> {
        let (endpoint, path) = split_url(&self.api.url);
        let Credential::Header(name, key) = &self.key else { unreachable!("the key is a header") };
        try_send(&endpoint, "POST", &path, &[headers, &[(name, key.as_str())]].concat(), body)
    }

    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_post(headers, body).unwrap()
    }
}

/// A text for each number.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |all, number| all + &text(number))
}

#[test]
fn fragments_that_spread_each_other_cost_what_they_are() {
    let kept = kept();
    // By the rules of GraphQL a fragment that is spread again where it was spread adds nothing.
    let doubled = each(60, |one| format!("fragment F{one} on Query {{ ...F{} ...F{} }}\n", one + 1, one + 1));
    let answer = kept.ask(&format!("{{ ...F0 }}\n{doubled}fragment F60 on Query {{ text }}"));
    assert_eq!(answer, json!({ "data": { "text": "t" } }));

    let aliased = |names: &[&str], levels: usize| {
        let chain = each(levels, |one| {
            let spread: Vec<String> = names.iter().map(|name| format!("{name}: next {{ ...F{} }}", one + 1)).collect();
            let spread = spread.join(" ");
            format!("fragment F{one} on Node {{ {spread} }}\n")
        });
        format!("{{ node {{ ...F0 }} }}\n{chain}fragment F{levels} on Node {{ name }}")
    };
    assert_eq!(
        kept.refused("two ways at sixty levels", &aliased(&["a", "b"], 60)),
        "Maximum field count exceeded: 100000"
    );
    let words =
        kept.refused("ten ways at seven levels", &aliased(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], 7));
    assert_eq!(words, "Maximum field count exceeded: 100000");
    let some = kept.ask(&aliased(&["a", "b"], 5));
    assert_eq!(some["data"]["node"]["a"]["b"], json!({ "a": null, "b": null }), "{some}");

    let wrapped = each(50, |one| {
        format!("fragment F{one} on Query {{ ... {{ ...F{} }} ... on Query {{ ...F{} }} }}\n", one + 1, one + 1)
    });
    let query = format!("{{ ...F0 }}\n{wrapped}fragment F50 on Query {{ text }}");
    kept.refused("fragments within inline fragments", &query);

    let circle = "{ ...A } fragment A on Query { ...B text } fragment B on Query { ...A }";
    assert!(kept.refused("a circle", circle).contains("FragmentCycle"));
    let chain = each(2400, |one| format!("fragment F{one} on Query {{ ...F{} }}\n", one + 1));
    kept.refused("a chain", &format!("{{ ...F0 }}\n{chain}fragment F2400 on Query {{ text }}"));
    let backwards = each(2400, |one| format!("fragment F{} on Query {{ ...F{} }}\n", 2400 - one, 2399 - one));
    kept.refused("a chain from its end", &format!("fragment F0 on Query {{ text }}\n{backwards}{{ ...F2400 }}"));
}

#[test]
fn deep_documents_are_refused() {
    let kept = kept();
    let nested = |open: &str, core: &str, close: &str, levels: usize| {
        format!("{}{core}{}", open.repeat(levels), close.repeat(levels))
    };
    for levels in [150, 5000, 200_000 / 8] {
        let words =
            kept.refused("objects in objects", &format!("{{ node {} }}", nested("{ next ", "{ name }", " }", levels)));
        assert!(words.starts_with("Validation error of type InvalidSyntax"), "{words}");
        kept.refused("inline fragments", &nested("{ ... ", "{ text }", " }", levels));
        let list = nested("[", "1", "]", levels);
        kept.refused("lists in lists", &format!("{{ node(list: {list}) {{ name }} }}"));
        let object = nested("{ in: ", "{}", " }", levels);
        kept.refused("objects in literals", &format!("{{ node {{ told(in: {object}) }} }}"));
        kept.refused("types of variables", &format!("query ($v: {}) {{ text }}", nested("[", "Int", "]", levels)));
        kept.refused("brackets without end", &"{".repeat(levels));
    }
    for body in [
        format!("{{\"query\":\"{{text}}\",\"variables\":{}}}", nested("{\"a\":", "1", "}", 50_000)),
        nested("[", "1", "]", 100_000),
    ] {
        let answer = kept.post(&[("content-type", "application/json")], body.as_bytes());
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["errors"][0]["errorType"], "MalformedHttpRequestException");
    }
}

#[test]
fn wide_documents_cost_what_they_are() {
    let kept = kept();
    let aliases = kept.ask(&format!("{{ {} }}", each(3000, |one| format!("a{one}: text "))));
    assert_eq!(aliases["data"].as_object().unwrap().len(), 3000);
    let same = kept.ask(&format!("{{ {} }}", "text ".repeat(15_000)));
    assert_eq!(same, json!({ "data": { "text": "t" } }));
    let merged = kept.ask(&format!("{{ {} }}", "node { next { name } } ".repeat(2000)));
    assert_eq!(merged, json!({ "data": { "node": { "next": { "name": "m" } } } }));
    kept.refused("more than any client sends", &format!("{{ {} }}", each(50_000, |one| format!("a{one}: text "))));

    let operations = each(900, |one| format!("query Q{one} {{ ...F }}\n"));
    let fields = each(2500, |one| format!("a{one}: name "));
    kept.refused(
        "many operations without a name",
        &format!("{operations} fragment F on Query {{ node {{ {fields} }} }}"),
    );
    let uses = each(700, |one| format!("a{one}: told(in: {{ word: $v }}) "));
    let operations = each(90, |one| format!("query Q{one} {{ ...F }}\n"));
    let words =
        kept.refused("many uses of no variable", &format!("{operations} fragment F on Query {{ node {{ {uses} }} }}"));
    assert!(words.contains("UndefinedVariable"), "{words}");
    kept.refused("many wrong fields", &format!("{{ {} }}", each(6000, |one| format!("wrong{one} "))));
    kept.refused("many directives", &format!("{{ text {} }}", "@include(if: true) ".repeat(3000)));
    let variables = each(3000, |one| format!("$v{one}: Int "));
    kept.refused("many variables", &format!("query ({variables}) {{ text }}"));
    let conflict = each(2000, |one| format!("a: node(id: {one}) {{ name }} "));
    assert!(kept.refused("many conflicts", &format!("{{ {conflict} }}")).contains("FieldsConflict"));
}

#[test]
fn the_schema_is_told_once_and_not_a_thousand_times() {
    let kept = kept();
    let usual = include_str!("../../src/cloud/appsync/introspection.graphql");
    let answer = kept.ask(usual);
    assert!(answer.get("errors").is_none() && answer["data"]["__schema"]["types"].is_array(), "{answer}");
    assert!(
        kept.ask("{ __type(name: \"Node\") { fields { type { name fields { name } } } } }").get("errors").is_none()
    );

    let bomb = |levels: usize| {
        let open = "fields { type { ".repeat(levels);
        format!("{{ __schema {{ types {{ {open} name {} }} }} }}", "} } ".repeat(levels))
    };
    kept.refused("types of fields of types", &bomb(20));
    let aliases = each(900, |one| format!("a{one}: __schema {{ types {{ fields {{ name args {{ name }} }} }} }} "));
    kept.refused("many times the schema", &format!("{{ {aliases} }}"));
    let chain = each(40, |one| {
        format!("fragment F{one} on __Type {{ a: fields {{ type {{ ...F{0} }} }} b: ofType {{ ...F{0} }} }}\n", one + 1)
    });
    kept.refused(
        "by fragments",
        &format!("{{ __schema {{ types {{ ...F0 }} }} }}\n{chain}fragment F40 on __Type {{ name }}"),
    );
    let names = each(5000, |one| format!("n{one}: name "));
    kept.refused("many names", &format!("{{ __schema {{ types {{ fields {{ {names} }} }} }} }}"));
}

#[test]
fn bodies_of_a_mebibyte_are_refused() {
    let kept = kept();
    let of = |bytes: usize| {
        let empty = json!({ "query": "{ text }", "variables": { "pad": "" } }).to_string();
        json!({ "query": "{ text }", "variables": { "pad": "x".repeat(bytes - empty.len()) } }).to_string()
    };
    let plain = [("content-type", "application/json")];
    assert_eq!(kept.post(&plain, of(1_000_000).as_bytes()).json(), json!({ "data": { "text": "t" } }));
    for bytes in [1_000_001, 1_048_576, 1_048_577, 5_000_000, 20_000_000] {
        for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
            // Nobody reads twenty megabytes to their end: a client may find the connection closed while it writes.
            let answer = match kept.try_post(&[("content-type", kind)], of(bytes).as_bytes()) {
                Err(_) if bytes > 16_000_000 => continue,
                answer => answer.unwrap(),
            };
            assert_eq!(answer.status, 413, "{bytes} {kind}: {}", answer.text());
            let told = answer.json();
            assert_eq!(told["errors"][0]["errorType"], "RequestEntityTooLargeException", "{bytes} {kind}: {told}");
        }
    }
    assert_eq!(kept.ask("{ text }"), json!({ "data": { "text": "t" } }));
    for (what, body) in [
        ("nothing", ""),
        ("no JSON", "query { text }"),
        ("no query", "{}"),
        ("a query that is no text", "{\"query\":7}"),
        ("several requests", "[{\"query\":\"{ text }\"}]"),
        ("variables that are a list", "{\"query\":\"{ text }\",\"variables\":[]}"),
    ] {
        let answer = kept.post(&plain, body.as_bytes());
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["errorType"], "MalformedHttpRequestException", "{what}");
    }
}

#[test]
fn a_connection_takes_no_larger_documents() {
    let kept = kept();
    let open = || {
        let mut line = Line::open(&kept.api.url, &kept.key.authorization(&kept.api.url, ("/connect", "{}")));
        assert_eq!(line.init()["type"], "connection_ack");
        line
    };
    let mut line = open();
    let of = |query: &str, pad: usize| json!({ "query": query, "variables": { "pad": "x".repeat(pad) } }).to_string();
    let subscription = "subscription { touched { name } }";
    let authorization = kept.key.authorization(&kept.api.url, ("", ""));
    let said = line.begin("1", &of(subscription, 1_048_576), &authorization);
    assert_eq!(said["payload"]["errors"][0]["errorType"], "RequestEntityTooLargeException", "{}", said["type"]);
    let chain =
        each(60, |one| format!("fragment F{one} on Node {{ a: next {{ ...F{0} }} b: next {{ ...F{0} }} }}\n", one + 1));
    let bomb = format!("subscription {{ touched {{ ...F0 }} }}\n{chain}fragment F60 on Node {{ name }}");
    let said = line.begin("2", &of(&bomb, 0), &authorization);
    assert_eq!(said["payload"]["errors"][0]["message"], "Maximum field count exceeded: 100000", "{said}");
    assert_eq!(
        line.begin("3", &of(subscription, 0), &authorization)["type"],
        "start_ack",
        "the connection is still good"
    );
    line.shout(&json!({ "type": "start", "id": "4", "payload": { "data": "x".repeat(3_000_000) } }));
    assert_eq!(line.hear(), None, "the connection ends");
    assert_eq!(open().begin("1", &of(subscription, 0), &authorization)["type"], "start_ack");
}
