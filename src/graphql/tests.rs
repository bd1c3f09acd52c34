//! Behaviour of the language room that could break: spans, many errors at once, printing, the rules of types.

use super::{FaultKind, Value, check, parse, print, scalars};

#[test]
fn every_syntax_error_is_told_with_its_place() {
    let text = "type A { id ID! }\ntype B { x: [Int }\nenum C { }\n";
    let errors = parse(text).expect_err("three types are broken");
    let lines: Vec<usize> = errors.iter().map(|error| text[..error.span.start].matches('\n').count() + 1).collect();
    for line in 1..=3 {
        assert!(lines.contains(&line), "no error on line {line}: {errors:?}");
    }
    assert!(errors.iter().all(|error| error.message.starts_with("syntax error")), "{errors:?}");
}

#[test]
fn syntax_errors_have_no_echoes_and_name_what_is_open() {
    // Each: the text, the lines on which an error is told, and words of the hints.
    let cases: [(&str, &[usize], &str); 7] = [
        ("type A { a: Int = 3, b(x: [Int!]! = [1]): Int! }\ntype B { b: Int }", &[1], ""),
        ("type A { a: Int = 3 }\ntype B { b: Int }\ntype C { c Int }", &[1, 3], ""),
        ("type A { a: Int\ntype B { b: Int }\ntype C { c: Int }", &[2], "the `{` of line 1, column 8 is not closed"),
        ("input A { a: [Int! }", &[1], "the `[` of line 1, column 14 is not closed"),
        ("type A {\n  naïve: Int\n}", &[2], "names hold the letters A to Z"),
        ("# { in a comment\ntype A { \"a { in a text\" a Int }\n\"\"\"{ {\"\"\" type B { b: Int }", &[2], ""),
        ("type A { a: Int }\n}", &[2], ""),
    ];
    for (text, wanted, hint) in cases {
        let errors = parse(text).expect_err("it is broken");
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let lines: Vec<usize> = errors.iter().map(|error| line(error.span.start)).collect();
        assert_eq!(lines, wanted, "{text}: {errors:?}");
        let hints: String = errors.iter().filter_map(|error| error.hint.clone()).collect();
        assert!(hints.contains(hint) && hints.is_empty() == hint.is_empty(), "{text}: {errors:?}");
    }
}

#[test]
fn operations_are_no_part_of_a_schema() {
    let errors = parse("type Query { a: Int }\nquery Q { a }").expect_err("an operation is refused");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("an operation"), "{errors:?}");
}

#[test]
fn spans_are_the_bytes_of_names_and_directives() {
    let text = "type Ärger { ä: Int }";
    assert!(parse(text).is_err(), "GraphQL names are ASCII");
    let text = "\"ä\" type Post @model(queries: null) { id: ID! }";
    let document = parse(text).expect("valid");
    let post = &document.types[0];
    assert_eq!(&text[post.span.clone()], "Post");
    assert_eq!(&text[post.directives[0].span.clone()], "@model(queries: null)");
    let (name, value) = &post.directives[0].arguments[0];
    assert_eq!((&text[name.span.clone()], &value.value), ("queries", &Value::Null));
    assert_eq!(&text[post.fields()[0].type_ref.base().span.clone()], "ID");
}

#[test]
fn extensions_are_merged_into_what_they_extend() {
    let text = "extend type Query { b: Int } type Query { a: Int } enum E { X } extend enum E { Y }";
    let document = parse(text).expect("valid");
    let names: Vec<&str> = document.types[0].fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(document.types.len(), 2);
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let text = concat!(
        "schema { query: Root }\n",
        "\"\"\"says \"hi\"\n\\ twice\"\"\" type Root implements I & J @aws_iam { a(x: [Int!]! = [1, 2], y: In = {k: \"v\\n\"}): String }\n",
        "interface I { a: String } interface J { a: String } union U = Root | Other type Other { b: Float @deprecated(reason: \"old\") }\n",
        "input In { k: String = null z: Float = 1.5 } enum E { \"first\" A B } scalar AWSDate",
    );
    let document = parse(text).expect("valid");
    let printed = print(&document);
    let again = parse(&printed).expect("printed text is valid");
    assert_eq!(print(&again), printed);
    assert_eq!(again.types[0].description.as_deref(), Some("says \"hi\"\n\\ twice"));
    assert_eq!(again.roots.query, "Root");
}

#[test]
fn faults_of_types_are_told() {
    let cases = [
        ("type A { b: Missing }", FaultKind::Unknown, "unknown type \"Missing\""),
        ("type A { b: Int } type A { c: Int }", FaultKind::Duplicate, "only one type named \"A\""),
        ("type A { b: Int b: Int }", FaultKind::Duplicate, "only one field of A named \"b\""),
        ("input I { a: Int } type A { b: I }", FaultKind::Refused, "must be an output type"),
        ("type A { b(a: A): Int }", FaultKind::Refused, "must be an input type"),
        ("type A { b: Int } input I { a: A }", FaultKind::Refused, "must be an input type"),
        ("enum E", FaultKind::Refused, "must define one or more values"),
        ("type A", FaultKind::Refused, "must define one or more fields"),
        ("interface I { a: Int } type A implements I { b: Int }", FaultKind::Refused, "A does not provide it"),
        ("interface I { a: Int! } type A implements I { a: Int }", FaultKind::Refused, "expects type Int!"),
        ("interface I { a: Int } type A implements I { a(x: Int!): Int }", FaultKind::Refused, "is required, but"),
        ("type B { a: Int } type A implements B { a: Int }", FaultKind::Refused, "can only implement interfaces"),
        ("union U = String", FaultKind::Refused, "cannot include String"),
        ("input I { a: Int = \"x\" }", FaultKind::Refused, "is not a value of type Int"),
        ("input I { a: Int! = null }", FaultKind::Refused, "is not a value of type Int!"),
        ("enum E { A } input I { a: [E] = [A, B] }", FaultKind::Refused, "is not a value of type [E]"),
        ("input J { a: Int! } input I { j: J = {} }", FaultKind::Refused, "is not a value of type J"),
        ("input I { a: AWSDate = \"2024-02-30\" }", FaultKind::Refused, "is not a value of type AWSDate"),
        ("scalar Date", FaultKind::Refused, "no scalars of your own"),
        ("type AWSThing { a: Int }", FaultKind::Refused, "reserved by AppSync"),
        ("type A { __b: Int }", FaultKind::Refused, "reserved by GraphQL"),
        (
            "input A { b: B! } input B { a: A! }",
            FaultKind::Refused,
            "can never be given: it needs another of itself (A → B → A)",
        ),
        ("input A { a: A! }", FaultKind::Refused, "can never be given: it needs another of itself (A → A)"),
        ("interface I implements I { a: Int }", FaultKind::Refused, "cannot implement itself"),
        (
            "interface I { a: Int } interface J implements I { a: Int } type A implements J { a: Int }",
            FaultKind::Refused,
            "A must implement I because",
        ),
        ("type A { } enum E { }", FaultKind::Refused, "enum E must define one or more values"),
        ("type A { } enum E { # none\n }", FaultKind::Refused, "type A must define one or more fields"),
        ("input Query { a: Int }", FaultKind::Refused, "a root type must be an object type"),
    ];
    for (text, kind, words) in cases {
        let faults = check(&parse(text).expect("the syntax is right"));
        let found = faults.iter().any(|fault| fault.kind == kind && fault.message.contains(words));
        assert!(found, "{text}: {faults:?}");
    }
}

#[test]
fn valid_types_have_no_faults() {
    let text = concat!(
        "interface Node { id: ID! } interface Named implements Node { id: ID! name: String }",
        "type A implements Node & Named { id: ID! name: String! next: [Node] pick(by: In = {kind: X, at: [1]}): U }",
        "union U = A enum Kind { X } input In { kind: Kind! at: [Int] many: [Int] = 3 t: AWSTimestamp = -4 }",
        "input L { more: [L!]! next: L other: L! = { more: [] } } scalar AWSDate type B { d: AWSDate }",
    );
    assert_eq!(check(&parse(text).expect("valid")), []);
}

#[test]
fn a_slip_in_a_type_name_gets_a_hint() {
    let faults = check(&parse("type Post { a: Strng }").expect("the syntax is right"));
    assert_eq!(faults[0].hint.as_deref(), Some("did you mean \"String\"?"));
}

#[test]
fn scalars_accept_their_values_alone() {
    let cases = [
        ("Int", "2147483647", true),
        ("Int", "2147483648", false),
        ("Float", "1e3", true),
        ("Float", "inf", false),
        ("Boolean", "True", true),
        ("Boolean", "yes", false),
        ("AWSDate", "2024-02-29", true),
        ("AWSDate", "2023-02-29", false),
        ("AWSDate", "2024-01-01+01:30", true),
        ("AWSDate", "2024-1-01", false),
        ("AWSTime", "10:20", true),
        ("AWSTime", "10:20:30.123Z", true),
        ("AWSTime", "24:00:00Z", false),
        ("AWSTime", "10:20.5", false),
        ("AWSDateTime", "2024-01-31T10:20:30Z", true),
        ("AWSDateTime", "2024-01-31T10:20:30", false),
        ("AWSDateTime", "2024-01-31T10:20:30+01:00", true),
        ("AWSTimestamp", "-1", true),
        ("AWSTimestamp", "1.5", false),
        ("AWSEmail", "a@example.com", true),
        ("AWSEmail", "a@-example.com", false),
        ("AWSEmail", "example.com", false),
        ("AWSJSON", "{\"a\": [1]}", true),
        ("AWSJSON", "{a: 1}", false),
        ("AWSURL", "https://example.com/a", true),
        ("AWSURL", "example.com", false),
        ("AWSPhone", "+1 206-555-0100", true),
        ("AWSPhone", "phone", false),
        ("AWSIPAddress", "10.0.0.0/8", true),
        ("AWSIPAddress", "::1", true),
        ("AWSIPAddress", "10.0.0.256", false),
        ("AWSIPAddress", "10.0.0.0/33", false),
        ("ID", "anything", true),
    ];
    for (scalar, text, fits) in cases {
        assert_eq!(scalars::accepts_text(scalar, text), fits, "{scalar} {text}");
    }
}
