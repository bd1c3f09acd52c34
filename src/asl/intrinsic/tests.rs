//! Calls and their values, by table.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::numbers::JavaRandom;
use super::{Intrinsic, MAX_NESTING};
use crate::asl::Scope;
use crate::base::{Ids, SequenceIds};

fn input() -> Value {
    json!({
        "name": "Ada", "n": [1, 2, 3, 4, 5, 6, 7, 8, 9], "e": [], "o": {"a": 1, "b": {"c": [true, null]}}, "half": 1.5,
        "json": "{\"x\": [1, 2.50]}", "t": "Hello {}", "twice": [1, 1.0, "1", 1, {"a": 1}, {"a": 1}], "nil": null,
        "long": "x".repeat(10_001), "objects": [{"a": 1, "b": 2}], "swapped": {"b": 2, "a": 1}, "i": 2
    })
}

fn call(text: &str) -> Result<Value, String> {
    let (input, context) = (input(), json!({"Execution": {"Name": "run"}}));
    let variables = Map::from_iter([("v".to_owned(), json!({"w": "var"}))]);
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let scope = Scope { input: &input, context: &context, variables: &variables, ids: &ids };
    let call = Intrinsic::parse(text).map_err(|error| error.to_string())?;
    call.evaluate(&scope).map_err(|fault| fault.to_string())
}

#[test]
fn calls_have_values() {
    let table = [
        ("States.Format('Hello {}', $.name)", json!("Hello Ada")),
        ("States.Format('{} {} {}', 1, true, null)", json!("1 true null")),
        ("States.Format('{}|{}|{}', $.half, $.o, $.nil)", json!("1.5|{\"a\":1,\"b\":{\"c\":[true,null]}}|null")),
        (r"States.Format('It\'s \{ \} \\ {}', $.name)", json!(r"It's { } \ Ada")),
        ("States.Format('  {}  ', $v.w)", json!("  var  ")),
        ("States.Format($.t, $$.Execution.Name)", json!("Hello run")),
        ("States.Format('no place')", json!("no place")),
        ("States.Format('{}', States.JsonToString($.o.b))", json!("{\"c\":[true,null]}")),
        ("States.Format('{}', States.StringToJson('\"x\"'))", json!("\"x\"")),
        ("States.StringToJson($.json)", json!({"x": [1, 2.50]})),
        ("States.StringToJson('{\"a\": \"b\"}')", json!({"a": "b"})),
        ("States.StringToJson(' ')", json!(null)),
        ("States.JsonToString($.o)", json!("{\"a\":1,\"b\":{\"c\":[true,null]}}")),
        ("States.Array()", json!([])),
        ("States.Array(1, 'a', true, null, $.half, States.Array())", json!([1, "a", true, null, 1.5, []])),
        ("States.ArrayPartition($.n, 4)", json!([[1, 2, 3, 4], [5, 6, 7, 8], [9]])),
        ("States.ArrayPartition($.n, 20.9)", json!([[1, 2, 3, 4, 5, 6, 7, 8, 9]])),
        ("States.ArrayPartition($.e, 1)", json!([])),
        ("States.ArrayContains($.n, 5)", json!(true)),
        ("States.ArrayContains($.n, '5')", json!(false)),
        ("States.ArrayContains($.n, 5.0)", json!(false)),
        ("States.ArrayContains($.objects, $.swapped)", json!(false)),
        ("States.ArrayRange(1, 9, 2)", json!([1, 3, 5, 7, 9])),
        ("States.ArrayRange(5, 1, -2)", json!([5, 3, 1])),
        ("States.ArrayRange(5, 1, 1)", json!([])),
        ("States.ArrayRange(3, 3, -1)", json!([3])),
        ("States.ArrayRange(1.6, 1.4, 1)", json!([1])),
        ("States.ArrayRange(5.4, -0.6, -2.4)", json!([5, 3, 1])),
        ("States.ArrayGetItem($.n, $.i)", json!(3)),
        ("States.ArrayGetItem($.n, 1.2)", json!(2)),
        ("States.ArrayGetItem($.e, 7)", json!(null)),
        ("States.ArrayLength($.n)", json!(9)),
        ("States.ArrayUnique($.twice)", json!([1, 1.0, "1", {"a": 1}])),
        ("States.Base64Encode('Data to encode')", json!("RGF0YSB0byBlbmNvZGU=")),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", json!("Data to encode")),
        ("States.Base64Decode('')", json!("")),
        ("States.Base64Decode(' YWJjZA== ')", json!("abcd")),
        ("States.Base64Decode('YWI')", json!("ab")),
        ("States.Base64Decode('YWI=YWI=')", json!("ab")),
        ("States.Base64Decode('!!!YWJj!!!')", json!("abc")),
        ("States.Hash('hello', 'MD5')", json!("5d41402abc4b2a76b9719d911017c592")),
        ("States.Hash('hello', 'SHA-1')", json!("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")),
        ("States.Hash('', 'SHA-256')", json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
        ("States.Hash(123, 'MD5')", json!("202cb962ac59075b964b07152d234b70")),
        ("States.JsonMerge($.o, States.StringToJson('{\"b\": 2, \"c\": 3}'), false)", json!({"a": 1, "b": 2, "c": 3})),
        ("States.MathAdd(111, -1)", json!(110)),
        ("States.MathAdd($.half, 0)", json!(2)),
        ("States.MathAdd(-1.5, 0)", json!(-1)),
        ("States.MathAdd(-2.5, -0.5)", json!(-2)),
        ("States.MathRandom(3, 4)", json!(3)),
        ("States.StringSplit('1,2,3', ',')", json!(["1", "2", "3"])),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", json!(["This", "is", "a", "test", "string"])),
        ("States.StringSplit(',,,,', ',')", json!([])),
        ("States.StringSplit('a b', '')", json!(["a b"])),
        (" States.ArrayLength( $.n[?(@ > 2 && @ < 5)] ) ", json!(2)),
        ("States.ArrayGetItem($['n'][0,1], 1)", json!(2)),
        ("States.MathAdd($.n.length(), 1)", json!(10)),
    ];
    for (text, expected) in table {
        assert_eq!(call(text), Ok(expected), "{text}");
    }
    for (algorithm, length) in [("SHA-384", 96), ("SHA-512", 128)] {
        let digest = call(&format!("States.Hash('hello', '{algorithm}')")).unwrap();
        assert_eq!(digest.as_str().unwrap().len(), length, "{algorithm}");
    }
}

#[test]
fn a_failing_call_names_itself() {
    let invalid = |name: &str| format!("Invalid arguments in States.{name}");
    let missing = |path: &str| {
        format!("The JsonPath argument for the field '{path}' could not be found in the input '{}'", input())
    };
    let format = |reason: &str| format!("Invalid template in States.Format: {reason}");
    let count = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.";
    let table = [
        ("States.Format('{}')", count.to_owned()),
        ("States.Format('{}', 1, 2)", count.to_owned()),
        ("States.Format('Hello {', 1)", format("matching '}' not found for '{'.")),
        ("States.Format('}')", format("matching '{' not found for '}'.")),
        ("States.Format('{}', $.nothing)", missing("$.nothing")),
        ("States.StringToJson('{')", invalid("StringToJson")),
        ("States.StringToJson($.o)", invalid("StringToJson")),
        ("States.ArrayPartition($.n, 0.6)", invalid("ArrayPartition")),
        ("States.ArrayPartition($.n, -1)", invalid("ArrayPartition")),
        ("States.ArrayPartition($.name, 1)", invalid("ArrayPartition")),
        ("States.ArrayContains($.name, 'A')", invalid("ArrayContains")),
        ("States.ArrayRange(1, 10, 0)", invalid("ArrayRange")),
        ("States.ArrayRange(1, 1001, 1)", invalid("ArrayRange")),
        ("States.ArrayRange('a', 5, 1)", invalid("ArrayRange")),
        ("States.ArrayGetItem($.n, 9)", invalid("ArrayGetItem")),
        ("States.ArrayGetItem($.n, -1)", invalid("ArrayGetItem")),
        ("States.ArrayGetItem($.n, '1')", invalid("ArrayGetItem")),
        ("States.ArrayLength('abc')", invalid("ArrayLength")),
        ("States.ArrayUnique($.o)", invalid("ArrayUnique")),
        ("States.Base64Encode($.long)", invalid("Base64Encode")),
        ("States.Base64Decode(1)", invalid("Base64Decode")),
        ("States.Hash('x', 'SHA256')", invalid("Hash")),
        ("States.Hash($.long, 'MD5')", invalid("Hash")),
        ("States.JsonMerge($.o, $.o, true)", invalid("JsonMerge")),
        ("States.JsonMerge($.o, $.n, false)", invalid("JsonMerge")),
        ("States.MathAdd(1, '1')", invalid("MathAdd")),
        ("States.MathAdd(2147483647, 1)", invalid("MathAdd")),
        ("States.MathRandom(1, 1)", invalid("MathRandom")),
        ("States.MathRandom(1.4, 1.6)", invalid("MathRandom")),
        ("States.MathRandom(1, 9, null)", invalid("MathRandom")),
        ("States.StringSplit(1, ',')", invalid("StringSplit")),
        (
            "States.ArrayLength($.name[0])",
            "Filter: [0] can only be applied to arrays. Current context is: \"Ada\"".to_owned(),
        ),
    ];
    for (text, reason) in table {
        let expected = format!("States.Runtime: The function '{text}' had the following error: {reason}");
        assert_eq!(call(text), Err(expected), "{text}");
    }
}

#[test]
fn what_is_no_call_is_refused_at_its_place() {
    let table = [
        ("States.Formt('x')", "there is no function `States.Formt`; did you mean `States.Format`? at character 1"),
        ("States.UUID(1)", "`States.UUID` takes 0 arguments, not 1 at character 1"),
        ("States.MathRandom(1)", "`States.MathRandom` takes 2 to 3 arguments, not 1 at character 1"),
        ("States.Format()", "`States.Format` takes at least 1 arguments, not 0 at character 1"),
        ("States.Array(1", "expected `,`, found the end at character 15"),
        (
            "States.Array(1,)",
            "expected a text in single quotes, a number, true, false, null, a path or a call, found `` at character 16",
        ),
        ("States.Array(1) x", "unexpected `x` after the call at character 17"),
        ("States.Array('a)", "a text in quotes has no end at character 14"),
        (r"States.Array('a\n')", r"after `\` stands one of ' { } \ at character 16"),
        (
            "States.Array(\"a\")",
            "expected a text in single quotes, a number, true, false, null, a path or a call, found `\"a\"` at character 14",
        ),
        ("States.Array($.a.)", "a path does not end with a dot at character 18"),
        ("States.StringSplit('2020', 'T')[0]", "unexpected `[` after the call at character 32"),
    ];
    for (text, expected) in table {
        assert_eq!(Intrinsic::parse(text).unwrap_err().to_string(), expected, "{text}");
    }
    let nested = |depth: usize| format!("{}1{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Intrinsic::parse(&nested(MAX_NESTING)).is_ok());
    assert!(Intrinsic::parse(&nested(MAX_NESTING + 1)).is_err());
}

#[test]
fn chance_is_java_s() {
    assert_eq!(format!("{}", JavaRandom::seeded(42).unit()), "0.7275636800328681");
    let seeded = call("States.MathRandom(1, 1000, 42)");
    assert_eq!(seeded, call("States.MathRandom(1, 1000, 42)"));
    // new java.util.Random(42).nextInt(10) is 0, and of 64, a power of two, 46.
    assert_eq!(call("States.MathRandom(0, 10, 42)"), Ok(json!(0)));
    assert_eq!(call("States.MathRandom(0, 64, 42)"), Ok(json!(46)));
    for seed in 0..200 {
        let drawn = call(&format!("States.MathRandom(-3, 4, {seed})")).unwrap().as_i64().unwrap();
        assert!((-3..4).contains(&drawn), "{drawn}");
    }
    let uuid = call("States.UUID()").unwrap();
    assert_eq!(uuid.as_str().unwrap().len(), 36);
}

#[test]
fn the_paths_of_a_call_are_found_in_inner_calls_too() {
    let call = Intrinsic::parse("States.Format('{} {}', $a, States.ArrayLength($.b))").unwrap();
    assert_eq!(call.paths().iter().map(|path| path.text()).collect::<Vec<_>>(), ["$a", "$.b"]);
    assert!(Intrinsic::is_meant("States.Array()") && !Intrinsic::is_meant("$.States"));
}
