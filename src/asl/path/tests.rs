//! Paths and what they yield, by table.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Path;
use crate::asl::Scope;
use crate::base::{Ids, SequenceIds};

fn store() -> Value {
    json!({
        "store": {
            "book": [
                {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
                {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
                {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99},
                {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99}
            ],
            "bicycle": {"color": "red", "price": 19.95}
        },
        "expensive": 10,
        "a-b": {"c d": 1, "e.f": [null, false]},
        "n": [0, 1, 2, 3, 4, 5],
        "empty": [],
        "tags": [["x", "y"], ["y"], []],
        "mixed": [1, "1", 1.0, true, null]
    })
}

/// What a path yields, or why nothing.
fn read(path: &str, input: &Value) -> Result<Value, String> {
    let context = json!({"Execution": {"Name": "run"}, "Map": {"Item": {"Index": 0}}});
    let variables = Map::from_iter([("list".to_owned(), json!([{"a": [7, 8]}])), ("größe".to_owned(), json!(3))]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let scope = Scope { input, context: &context, variables: &variables, ids: &ids };
    let path = Path::parse(path).map_err(|error| error.to_string())?;
    path.evaluate(&scope).map(std::borrow::Cow::into_owned).map_err(|missing| missing.to_string())
}

#[test]
fn definite_paths_yield_a_value() {
    let table = [
        ("$", store()),
        ("$.expensive", json!(10)),
        ("$['expensive']", json!(10)),
        ("$[\"expensive\"]", json!(10)),
        ("$.store.book[0].author", json!("Nigel Rees")),
        ("$.store['book'][-1]['title']", json!("The Lord of the Rings")),
        ("$.a-b['c d']", json!(1)),
        ("$.a-b['e.f'][1]", json!(false)),
        ("$.a-b['e.f'][0]", json!(null)),
        ("$.n.length()", json!(6)),
        ("$.store.length()", json!(2)),
        ("$.store.bicycle['color','price']", json!({"color": "red", "price": 19.95})),
        ("$$.Execution.Name", json!("run")),
        ("$$['Map'].Item.Index", json!(0)),
        ("$list[0].a[1]", json!(8)),
        ("$list", json!([{"a": [7, 8]}])),
        ("$größe", json!(3)),
        ("$.[ 'expensive' ]", json!(10)),
    ];
    for (path, expected) in table {
        assert_eq!(read(path, &store()), Ok(expected), "{path}");
        assert!(Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn indefinite_paths_yield_a_list() {
    let titles = |all: &[&str]| json!(all);
    let table = [
        ("$.n[*]", json!([0, 1, 2, 3, 4, 5])),
        ("$.n[1:3]", json!([1, 2])),
        ("$.n[:2]", json!([0, 1])),
        ("$.n[4:]", json!([4, 5])),
        ("$.n[-2:]", json!([4, 5])),
        ("$.n[:-4]", json!([0, 1])),
        ("$.n[-3:-1]", json!([3, 4])),
        ("$.n[0,2,-1,9]", json!([0, 2, 5])),
        ("$.n[3:2]", json!([])),
        ("$.n[1:4:2]", json!([1, 2, 3])),
        ("$.store.bicycle.*", json!(["red", 19.95])),
        ("$.store.book[*].isbn", json!(["0-553-21311-3", "0-395-19395-8"])),
        ("$..isbn", json!(["0-553-21311-3", "0-395-19395-8"])),
        ("$.store..price", json!([8.95, 12.99, 8.99, 22.99, 19.95])),
        ("$..book[2].title", json!(["Moby Dick"])),
        ("$..book[-1:].title", json!(["The Lord of the Rings"])),
        ("$..['color']", json!(["red"])),
        ("$.tags[*][*]", json!(["x", "y", "y"])),
        ("$.tags..[0]", json!([["x", "y"], "x", "y"])),
        ("$.empty[*]", json!([])),
        ("$.missing[*]", json!([])),
        ("$.missing.far[1:5]", json!([])),
        ("$.expensive[*]", json!([])),
        ("$.store.book[?(@.price < 10)].title", titles(&["Sayings of the Century", "Moby Dick"])),
        ("$.store.book[?(@.isbn)].title", titles(&["Moby Dick", "The Lord of the Rings"])),
        ("$.store.book[?(!@.isbn)].title", titles(&["Sayings of the Century", "Sword of Honour"])),
        ("$.store.book[?(@.price <= $.expensive)].title", titles(&["Sayings of the Century", "Moby Dick"])),
        ("$.store.book[?(@.category == 'fiction' && @.price > 20)].title", titles(&["The Lord of the Rings"])),
        (
            "$.store.book[?(@.price > 20 || @.author == \"Nigel Rees\")].title",
            titles(&["Sayings of the Century", "The Lord of the Rings"]),
        ),
        ("$.store.book[?(!(@.price > 20 || @.isbn))].title", titles(&["Sayings of the Century", "Sword of Honour"])),
        ("$.store.book[?(@.author =~ /.*rees/i)].title", titles(&["Sayings of the Century"])),
        ("$.store.book[?(@.author =~ /rees/i)].title", titles(&[])),
        ("$.store.book[?(@.title in ['Moby Dick', 'x'])].price", json!([8.99])),
        ("$.store.book[?(@.title nin ['Moby Dick'])].price", json!([8.95, 12.99, 22.99])),
        ("$.store.book[?(@['title'] contains 'of')].price", json!([8.95, 12.99, 22.99])),
        ("$.tags[?(@ contains 'x')]", json!([["x", "y"]])),
        ("$.tags[?(@ size 1)]", json!([["y"]])),
        ("$.tags[?(@ empty true)]", json!([[]])),
        ("$.tags[?(@ subsetof ['y','z'])]", json!([["y"], []])),
        ("$.tags[?(@ anyof ['x'])]", json!([["x", "y"]])),
        ("$.tags[?(@ noneof ['x'])]", json!([["y"], []])),
        ("$.tags[?(@ all ['x','y'])]", json!([["x", "y"]])),
        ("$.tags[?(@.length() > 1)]", json!([["x", "y"]])),
        ("$.mixed[?(@ == 1)]", json!([1, "1", 1.0])),
        ("$.mixed[?(@ === 1)]", json!([1, 1.0])),
        ("$.mixed[?(@ != 1)]", json!([true, null])),
        ("$.mixed[?(@ == null)]", json!([null])),
        ("$.mixed[?(@ == true)]", json!([true])),
        ("$.store.bicycle[?(@.color == 'red')].price", json!([19.95])),
        ("$.store.book[?(@.nothing == 1)]", json!([])),
        ("$.store.book[0]['title','price']['x']", json!([])),
        ("$..[?(@.color)].price", json!([19.95])),
    ];
    for (path, expected) in table {
        assert_eq!(read(path, &store()), Ok(expected), "{path}");
        assert!(!Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn a_definite_path_that_leads_nowhere_says_why() {
    let table = [
        ("$.nothing", "No results for path: $['nothing']"),
        ("$.nothing.more", "Missing property in path $['nothing']"),
        ("$.store.shoe.size", "Missing property in path $['store']['shoe']"),
        ("$.n[9]", "No results for path: $['n'][9]"),
        ("$.n[-9]", "No results for path: $['n'][-9]"),
        ("$.expensive[0]", "Filter: [0] can only be applied to arrays. Current context is: 10"),
        ("$.n.sum()", "No results for path: $['n'].sum()"),
        ("$.expensive.length()", "No results for path: $['expensive'].length()"),
        ("$unknown.a", "No results for path: $['unknown']"),
    ];
    for (path, expected) in table {
        assert_eq!(read(path, &store()), Err(expected.to_owned()), "{path}");
    }
}

#[test]
fn what_is_no_path_is_refused_at_its_place() {
    let table = [
        ("", "a path begins with `$` at character 1"),
        ("a.b", "a path begins with `$` at character 1"),
        ("$.", "a path does not end with a dot at character 3"),
        ("$.a.", "a path does not end with a dot at character 5"),
        ("$.a..", "a path does not end with a dot at character 6"),
        ("$...a", "`..` is followed by a name, `*` or `[` at character 4"),
        ("$.a b", "a name with blanks is written in brackets: `['a b']` at character 4"),
        ("$[a]", "expected a name in quotes, a position, `*` or `?`, found `a` at character 3"),
        ("$['a'", "expected `]`, found the end at character 6"),
        ("$['a", "a text in quotes has no end at character 3"),
        ("$[1.5]", "not a position: `1.5` at character 3"),
        ("$[:]", "a slice needs a position: `:` at character 3"),
        ("$[1,]", "a position is missing: `1,` at character 3"),
        ("$.a.shout()", "a path has no function `shout` at character 5"),
        ("$.a.length(", "the arguments of `length` have no end at character 12"),
        ("$[?(@.a = 1)]", "expected `)`, found `=` at character 9"),
        ("$[?(@.a == )]", "expected a path, a number, a text in quotes, true, false or null, found `` at character 12"),
        ("$[?(1)]", "a value alone is no test; compare it at character 5"),
        ("$[?(@.a =~ /(/)]", "not a pattern: `(` at character 12"),
        ("$[?(@.a == 1]", "expected `)`, found `]` at character 13"),
        ("$a-b", "expected `.` or `[`, found `-` at character 3"),
        ("$$x", "expected `.` or `[`, found `x` at character 3"),
    ];
    for (path, expected) in table {
        assert_eq!(Path::parse(path).map_err(|error| error.to_string()).err().as_deref(), Some(expected), "{path}");
    }
}

#[test]
fn a_result_is_written_where_the_path_says() {
    let table = [
        (json!({"a": 1}), "$", json!("r")),
        (json!({"a": 1}), "$.b", json!({"a": 1, "b": "r"})),
        (json!({"a": 1}), "$.a", json!({"a": "r"})),
        (json!({}), "$.a.b['c d']", json!({"a": {"b": {"c d": "r"}}})),
        (json!({"a": {"x": 1}}), "$.a.b", json!({"a": {"x": 1, "b": "r"}})),
        (json!({"a": [1, 2]}), "$.a[1]", json!({"a": [1, "r"]})),
        (json!({"a": [{"b": 1}]}), "$.a[0].c", json!({"a": [{"b": 1, "c": "r"}]})),
    ];
    for (target, path, expected) in table {
        let parsed = Path::parse(path).unwrap();
        assert!(parsed.is_reference(), "{path}");
        assert_eq!(parsed.write(target, json!("r")), Ok(expected), "{path}");
    }
    let refused = [
        (json!("text"), "$.a", "Unable to apply step \"a\" to input \"text\""),
        (json!([1]), "$.a", "Unable to apply step \"a\" to input [1]"),
        (json!({"a": 1}), "$.a.b", "Unable to apply step \"b\" to input {\"a\":1}"),
        (json!({"a": []}), "$.a[0]", "Unable to apply step \"0\" to input {\"a\":[]}"),
    ];
    for (target, path, expected) in refused {
        let error = Path::parse(path).unwrap().write(target, json!("r")).unwrap_err();
        assert_eq!(error.to_string(), expected, "{path}");
    }
}

#[test]
fn only_names_and_positions_make_a_reference() {
    for path in ["$", "$.a", "$['a'][0]", "$$.a", "$a.b"] {
        assert!(Path::parse(path).unwrap().is_reference(), "{path}");
    }
    for path in ["$.*", "$..a", "$.a[0:1]", "$.a[-1]", "$.a[?(@.b)]", "$['a','b']", "$.a.length()", "$.a[0,1]"] {
        assert!(!Path::parse(path).unwrap().is_reference(), "{path}");
    }
}

#[test]
fn a_greedy_path_is_stopped() {
    let mut value = json!(1);
    for _ in 0..60 {
        value = json!([value, [1, 2, 3, 4, 5, 6, 7, 8]]);
    }
    let reason = read("$..*..*..*..*", &value).unwrap_err();
    assert!(reason.starts_with("more than 200000 places match"), "{reason}");
}
