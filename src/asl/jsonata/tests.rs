//! What is told of expressions that fail, bounds, templates, references.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::suite::{evaluate, variables};
use super::{Bindings, Expression, Kind, Session, Template, inside};
use crate::base::{Ids, SequenceIds};

fn with_session<T>(work: impl FnOnce(&mut Session<'_>) -> T) -> T {
    let (variables, context) = (variables(), json!({"Execution": {"Name": "run"}}));
    let (input, result) =
        (json!({"a": [1], "n": null, "big": 9_007_199_254_740_993_i64, "half": 0.5}), json!({"r": 1.0}));
    let ids: Arc<dyn Ids> = Arc::new(SequenceIds::default());
    let error = json!({"Error": "E", "Cause": "c"});
    let bindings = Bindings {
        input: &input,
        result: Some(&result),
        error_output: Some(&error),
        context: &context,
        variables: &variables,
        ids: &ids,
        now_ms: 1_510_067_557_121,
    };
    work(&mut Session::new(bindings))
}

#[test]
fn a_failing_expression_is_told_in_the_language_s_words() {
    let table = [
        ("$doesNotExist", " returned nothing (undefined)."),
        ("$states.input.absent", " returned nothing (undefined)."),
        ("$states.result", " returned nothing (undefined)."),
        ("$range(1, 5)", " returned nothing (undefined)."),
        ("$range(1, 5, -1)", " returned nothing (undefined)."),
        ("$partition([], 2)", " returned nothing (undefined)."),
        ("$partition([1], 0)", " returned nothing (undefined)."),
        ("$hash('x')", " returned nothing (undefined)."),
        ("function($x) { $x }", " returned nothing (undefined)."),
        ("$eval(\"1+1\")", ". T1006: Attempted to invoke a non-function"),
        ("$nope(1)", ". T1006: Attempted to invoke a non-function"),
        ("$randomSeeded(1)", ". T1006: Attempted to invoke a non-function"),
        ("$abs(\"a\")", ". T0410: Argument 1 of function \"abs\" does not match function signature"),
        ("1 + $length(1)", ". T0410: Argument 1 of function \"length\" does not match function signature"),
        ("$uppercase($string($abs('a')))", ". T0410: Argument 1 of function \"abs\" does not match function signature"),
        ("'a' ~> $abs", ". T0410: Argument 1 of function \"abs\" does not match function signature"),
        ("'a' ~> $power(2)", ". T0410: Argument 1 of function \"power\" does not match function signature"),
        ("$sum([1, \"a\"])", ". T0412: Argument 1 of function \"sum\" must be an array of \"numbers\""),
        ("$join(1)", ". T0412: Argument 1 of function \"join\" must be an array of \"strings\""),
        ("1 + \"a\"", ". T2002: The right side of the \"+\" operator must evaluate to a number"),
        ("\"a\" * 2", ". T2001: The left side of the \"*\" operator must evaluate to a number"),
        ("\"a\" < 1", ". T2009: The values \"a\" and 1 either side of operator \"<\" must be of the same data type"),
        (
            "[1] >= 1",
            ". T2010: The expressions either side of operator \">=\" must evaluate to numeric or string values",
        ),
        ("-\"a\"", ". D1002: Cannot negate a non-numeric value: \"a\""),
        ("$number(\"x\")", ". D3030: Unable to cast value to a number: \"x\""),
        ("$sqrt(-1)", ". D3060: The sqrt function cannot be applied to a negative number: -1"),
        ("{1: 2}", ". T1003: Key in object structure must evaluate to a string; got: 1"),
        ("1 ~> 2", ". T2006: The right side of the function application operator ~> must be a function"),
        ("$error(\"boom\")", ". D3137: boom"),
        ("$assert(false, \"no\")", ". D3141: no"),
        (
            "$formatNumber(1, \"x\")",
            ". D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
        ),
        (
            "$toMillis(\"x\")",
            ". D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given \"x\"",
        ),
        (
            "$single([1, 2], function($v) { $v > 5 })",
            ". D3139: The $single() function expected exactly 1 matching result.  Instead it matched 0.",
        ),
        ("$partition([1], -1)", ". D3137: Second argument must be zero or greater"),
        ("$partition(1, 1)", ". T0412: Argument 1 of function \"partition\" must be an array of undefined"),
        ("$range('a', 1, 1)", ". T0410: Argument 1 of function \"range\" does not match function signature"),
        ("$uuid(1)", ". T0410: Argument 1 of function \"uuid\" does not match function signature"),
        ("$random(1, 2)", ". T0410: Argument 2 of function \"random\" does not match function signature"),
        (
            "$hash('x', 'SHA256')",
            ". D3137: Hash algorithm 'SHA256' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
        ),
        ("$parse('{')", ". D3137: Invalid JSON"),
        ("$parse('')", ". D3137: Invalid JSON"),
    ];
    for (text, end) in table {
        let middle = if end.starts_with(" returned") { "" } else { " threw an error during evaluation" };
        let expected = format!("The JSONata expression '{text}' specified for the field 'Output'{middle}{end}");
        assert_eq!(evaluate(text), Err(expected), "{text}");
    }
}

#[test]
fn a_fault_of_the_evaluator_is_a_failure() {
    let text = "$fromMillis(0, '[\u{1f600}M01]')";
    let expected = format!(
        "The JSONata expression '{text}' specified for the field 'Output' threw an internal error during evaluation."
    );
    assert_eq!(evaluate(text), Err(expected));
}

#[test]
fn an_evaluation_is_bounded() {
    let deep = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. Depth=101 max=100";
    let large = "Expression evaluation memory limit exceeded: Check for excessive memory usage";
    let count = "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(";
    assert_eq!(evaluate(&format!("{count}31))")), Ok(json!(31)));
    let table = [
        (format!("{count}40))"), deep),
        ("[1..900000] ~> $count()".to_owned(), large),
        ("$sum([1..900000])".to_owned(), large),
        ("$range(1, 360146, 1)".to_owned(), large),
        ("$reduce([1..60], function($p, $n) { $p & $p }, 'x')".to_owned(), large),
        ("$pad('x', 1e12)".to_owned(), large),
        ("'x' ~> $pad(1e12)".to_owned(), large),
        ("$formatInteger(1.9e13, 'I')".to_owned(), large),
        ("1.9e13 ~> $formatInteger('i' & '')".to_owned(), large),
        ("$join([1..8000].$string(), $pad('', 100000, '-'))".to_owned(), large),
        ("$replace($pad('', 1000000, 'a'), 'a', $pad('', 1000000, 'b'))".to_owned(), large),
        ("$pad('', 1000000, 'a') ~> $replace('a', $pad('', 1000000, 'b'))".to_owned(), large),
    ];
    for (text, end) in table {
        let told = evaluate(&text).unwrap_err();
        assert!(told.ends_with(&format!(" threw an error during evaluation: {end}")), "{text}: {told}");
    }
    assert_eq!(evaluate("$count($range(1, 200000, 1))"), Ok(json!(200_000)));
    let within = [
        ("$join(['a', 'b'], 'x' & 'y')", "axyb"),
        ("['a', 'b'] ~> $join('x' & 'y')", "axyb"),
        ("$replace('a-a', 'a', $join(['b', 'c'], '1' & '2'))", "b12c-b12c"),
        ("$formatInteger(19, 'I') & (19 ~> $formatInteger('i'))", "XIXxix"),
        ("$replace('a-a', /a/, function($m) { $m.match & '!' })", "a!-a!"),
        ("'a' ~> $pad(-3) ~> $replace(' ', '_' & '')", "__a"),
        ("$map(['a', 'b'], $pad(?, 2, '.' & '')) ~> $join", "a.b."),
    ];
    for (text, expected) in within {
        assert_eq!(evaluate(text), Ok(json!(expected)), "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused_at_its_place() {
    let table = [
        ("a[1,2)", "Expected \"]\", got \",\" at character 4"),
        ("{\"a\":}", "The symbol \"}\" cannot be used as a unary operator at character 6"),
        ("1 +", "Unexpected end of expression at character 4"),
        ("$x :=", "Unexpected end of expression at character 6"),
        ("(1", "Expected \")\" before end of expression at character 3"),
        ("", "Unexpected end of expression at character 1"),
    ];
    for (text, expected) in table {
        assert_eq!(Expression::compile(text).unwrap_err().to_string(), expected, "{text}");
    }
    assert_eq!(
        Expression::compile("\"unterminated").unwrap_err().reason,
        "String literal must be terminated by a matching quote"
    );
}

#[test]
fn values_keep_their_digits_on_plain_paths() {
    let table = [
        ("$states.input.big", json!(9_007_199_254_740_993_i64)),
        ("$states.input.half", json!(0.5)),
        ("$states.input.n", json!(null)),
        ("$states.input.a", json!([1])),
        ("$states.result.r", json!(1.0)),
        ("$states.errorOutput.Error", json!("E")),
        ("$states.result.r + 0", json!(1)),
    ];
    for (text, expected) in table {
        let expression = Expression::compile(text).unwrap();
        let value = with_session(|session| session.evaluate(&expression, "Output"));
        assert_eq!(value.map(|value| value.to_string()), Ok(expected.to_string()), "{text}");
    }
}

#[test]
fn a_field_wants_its_kind_of_value() {
    let told = |text: &str, field: &str, kind: Kind| {
        let expression = Expression::compile(text).unwrap();
        with_session(|session| session.expect(&expression, field, kind)).map_err(|fault| fault.cause)
    };
    let unexpected = |text: &str, field: &str, wanted: &str, found: &str, value: &str| {
        Err(format!(
            "The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result type. \
             Expected '{wanted}', but was '{found}' for value: {value}"
        ))
    };
    assert_eq!(told("$states.input.a", "Items", Kind::Array), Ok(json!([1])));
    assert_eq!(
        told("{'foo': 'bar'}", "Items", Kind::Array),
        unexpected("{'foo': 'bar'}", "Items", "array", "object", "{\"foo\":\"bar\"}")
    );
    assert_eq!(told("1", "Items", Kind::Array), unexpected("1", "Items", "array", "number", "1"));
    assert_eq!(
        told("'x'", "Choices[1]/Condition", Kind::Boolean),
        unexpected("'x'", "Choices[1]/Condition", "boolean", "string", "\"x\"")
    );
    assert_eq!(
        told("$states.input.n", "Cause", Kind::String),
        unexpected("$states.input.n", "Cause", "string", "null", "null")
    );
    assert_eq!(told("2 * 2", "Seconds", Kind::Number), Ok(json!(4)));
    assert!(told("'4'", "Seconds", Kind::Number).is_err());
}

#[test]
fn a_template_is_filled_and_names_what_fails() {
    let template = json!({
        "whole": "{% $states.input.a %}", "text": " {% $states.input.a %} ", "list": [1, "{% 1 + 1 %}", {"x": "{%$one%}"}],
        "null": null, "path.$": "$.a"
    });
    let filled = json!({"whole": [1], "text": " {% $states.input.a %} ", "list": [1, 2, {"x": [7]}], "null": null, "path.$": "$.a"});
    let compiled = Template::compile(&template).unwrap();
    assert_eq!(with_session(|session| compiled.fill(session, "Output")), Ok(filled));
    let places: Vec<_> = compiled.expressions().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/whole", "/list[1]", "/list[2]/x"]);

    let failing = Template::compile(&json!({"a": {"b": [0, "{% $nothing %}"]}})).unwrap();
    let fault = with_session(|session| failing.fill(session, "Output")).unwrap_err();
    assert_eq!(fault.location.as_deref(), Some("Output/a/b[1]"));
    assert!(fault.cause.contains("specified for the field 'Output/a/b[1]' returned nothing"), "{fault}");

    let errors = Template::compile(&json!({"a": "{% 1 + %}", "b": ["{% ( %}"]})).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.place.as_str()).collect::<Vec<_>>(), ["/a", "/b[0]"]);
}

#[test]
fn only_a_whole_text_is_an_expression() {
    let table = [
        ("{% 1 %}", Some("1")),
        ("{%1%}", Some("1")),
        (" {% 1 %}", None),
        ("{% 1", None),
        ("x", None),
        ("{%%}", Some("")),
    ];
    for (text, expected) in table {
        assert_eq!(inside(text), expected, "{text}");
    }
}

/// An expression; the variables, names at the top level and parts of `$states` in it; whether it refers to the root.
type Reference = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str], bool);

#[test]
fn references_are_found() {
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let table: &[Reference] = &[
        ("$states.input.a + $total", &["total"], &[], &["input"], false),
        ("phone", &[], &["phone"], &[], false),
        ("$map($states.input.a, function($x) { b })", &[], &["b"], &["input"], false),
        ("$states.input.items[value > 3].name", &[], &[], &["input"], false),
        ("$states.input.items[$limit > n].name", &["limit"], &[], &["input"], false),
        ("($x := $y; $x)", &["y"], &[], &[], false),
        ("$$", &[], &[], &[], true),
        ("$$.a", &[], &[], &[], true),
        ("$states.context.Execution.Id & $states.result.x", &[], &[], &["context", "result"], false),
        ("$v.a^(b).{'c': d}", &["v"], &[], &[], false),
    ];
    for (text, variables, top_level, states, root) in table {
        let found = Expression::compile(text).unwrap().survey();
        assert_eq!(found.variables, names(variables), "{text}");
        assert_eq!(found.top_level, *top_level, "{text}");
        assert_eq!(found.states, names(states), "{text}");
        assert_eq!(found.root, *root, "{text}");
    }
}
