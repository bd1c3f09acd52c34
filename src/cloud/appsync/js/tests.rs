//! What code is taken, what `util` gives, and what a sandbox holds back.

use std::sync::Arc;

use serde_json::{Value, json};

use super::util::Tools;
use super::{Outcome, Program, Sandbox, SandboxError, SandboxPool};
use crate::base::clock::FixedClock;
use crate::base::ids::SequenceIds;

fn tools() -> Tools {
    Tools { clock: Arc::new(FixedClock::at(1_767_323_045_678)), ids: Arc::new(SequenceIds::default()) }
}

fn sandbox() -> Sandbox {
    Sandbox::new(tools())
}

const HEAD: &str = "import { util, extensions, runtime } from '@aws-appsync/utils';\nimport * as ddb from '@aws-appsync/utils/dynamodb';\n";

fn run_in(sandbox: &mut Sandbox, body: &str, context: &Value) -> Result<Outcome, SandboxError> {
    let code = format!(
        "{HEAD}export function request(ctx) {{ {body} }}\nexport function response(ctx) {{ return ctx.result; }}"
    );
    let program = Program::read(&code).unwrap();
    sandbox.run(&code, &program, "request", &context.to_string())
}

fn run(body: &str) -> Outcome {
    let context = json!({ "arguments": { "id": "7" }, "stash": {}, "authType": "API Key Authorization" });
    run_in(&mut sandbox(), body, &context).unwrap()
}

fn value(expression: &str) -> Value {
    let outcome = run(&format!("return {expression};"));
    assert_eq!(outcome.error, None, "{expression}");
    outcome.value
}

#[test]
fn refuses_what_appsync_js_does_not_have() {
    let cases = [
        ("try { a() } catch (e) { }", "`try`"),
        ("throw 1", "`throw`"),
        ("while (true) { }", "`while`"),
        ("for (let i = 0; i < 3; i += 1) { }", "`for (…; …; …)`"),
        ("let a = 1; a++", "`++`"),
        ("return ~1", "`~`"),
        ("return 'a' in {}", "`in`"),
        ("return /a/.test('a')", "regular expressions"),
        ("return this", "`this`"),
        ("class A {}", "`class`"),
        ("const f = async () => 1", "`async`"),
        ("function* g() {}", "generators"),
        ("return eval('1')", "`eval`"),
        ("for (const a of [1]) { continue }", "`continue`"),
        ("return `${`${this}`}`", "`this`"),
    ];
    for (body, wanted) in cases {
        let code = format!("export function request(ctx) {{ {body} }}\nexport const response = (ctx) => ctx.result;");
        let errors = Program::read(&code).expect_err(body);
        assert!(errors[0].message.contains(wanted), "{body}: {errors:?}");
        assert_eq!(errors[0].line, 1, "{body}");
    }
}

#[test]
fn takes_what_only_looks_like_it() {
    let bodies = [
        "const a = { in: 1, class: 2, while: 3 }; return a.in + a.class + a.while;",
        "for (const key in { a: 1 }) { return 6; }",
        "const text = 'try { throw this }'; return text.length > 0 ? 6 : 0;",
        "// while (true)\n/* class */ return 6;",
        "const a = 12, b = 2; return a / b / 1;",
        "for (const a of [1, 2, 3]) { if (a === 3) { return a * 2; } } return 0;",
        "return `a${{ b: `}` }.b}`.length * 3;",
    ];
    for body in bodies {
        assert_eq!(run(body).value, json!(6), "{body}");
    }
}

#[test]
fn modules_are_checked() {
    let cases = [
        ("import { nothing } from '@aws-appsync/utils';", "no `nothing`"),
        ("import { agg } from '@aws-appsync/utils/rds';", "no `agg`"),
        ("import { embed } from '@aws-appsync/utils/ai';", "no `embed`"),
        ("import utils from '@aws-appsync/utils';", "no default export"),
        ("import fs from 'fs';", "no module `fs`"),
        ("export default 1;", "only named exports"),
    ];
    for (line, wanted) in cases {
        let code = format!("{line}\nexport function request() {{}}\nexport function response() {{}}");
        let errors = Program::read(&code).expect_err(line);
        assert!(errors[0].message.contains(wanted), "{line}: {errors:?}");
    }
    let missing = Program::read("export function request() {}").unwrap_err();
    assert!(missing[0].message.contains("`response`"), "{missing:?}");
    let renamed = "import { util as u } from '@aws-appsync/utils'\nconst a = () => u.isNull(null), b = () => 2;\nexport { a as request, b as response }";
    let program = Program::read(renamed).unwrap();
    assert_eq!(program.exports, ["request", "response"]);
    assert_eq!(sandbox().run("x", &program, "request", "{\"stash\":{}}").unwrap().value, json!(true));
}

#[test]
fn the_engine_tells_where_code_is_not_well_formed() {
    let program =
        Program::read("export function request(ctx) {\n  return {;\n}\nexport function response() {}").unwrap();
    let SandboxError::Syntax { line, .. } = sandbox().check(&program).unwrap_err() else { panic!("no syntax error") };
    assert_eq!(line, 2);
}

#[test]
fn nothing_leaks_from_one_run_to_the_next() {
    let mut sandbox = sandbox();
    let code = "let count = 0; const seen = [];\nexport function request(ctx) { count += 1; seen.push(1); return count + seen.length; }\nexport function response() {}";
    let program = Program::read(code).unwrap();
    for _ in 0..3 {
        assert_eq!(sandbox.run("count", &program, "request", "{\"stash\":{}}").unwrap().value, json!(2));
    }
    let context = json!({ "stash": {} });
    for spoil in [
        "Object.prototype.spoilt = 1; return 0;",
        "Array.prototype.map = () => 'spoilt'; return 0;",
        "util.isNull = () => 'spoilt'; return 0;",
        "globalThis.spoilt = 1; return 0;",
        "util.dynamodb.toMapValues = null; return 0;",
        "ddb.operations.add = null; return 0;",
        "JSON.parse = null; return 0;",
    ] {
        let outcome = run_in(&mut sandbox, spoil, &context).unwrap();
        assert!(outcome.error.is_some(), "{spoil}");
    }
    let outcome =
        run_in(&mut sandbox, "return [util.isNull(1), [1].map((a) => a), typeof spoilt, {}.spoilt ?? 0]", &context);
    assert_eq!(outcome.unwrap().value, json!([false, [1], "undefined", 0]));
}

#[test]
fn code_cannot_be_made_out_of_text() {
    for body in [
        "return Function('return 1')();",
        "return (() => 1).constructor('return 1')();",
        "return globalThis['ev' + 'al']('1');",
        "return ((a) => a).constructor.constructor('return 1')();",
        "return [].map.constructor('return 1')();",
    ] {
        assert!(run(body).error.is_some(), "{body}");
    }
    assert_eq!(
        value("[typeof Date, typeof Promise, typeof setTimeout, typeof require]"),
        json!(["undefined", "undefined", "undefined", "undefined"])
    );
}

#[test]
fn names_of_object_members_are_free() {
    assert_eq!(
        value("(() => { const a = {}; a.toString = 1; a.valueOf = 2; return a; })()"),
        json!({"toString": 1, "valueOf": 2})
    );
}

#[test]
fn time_and_memory_are_limited_and_the_sandbox_heals() {
    let mut sandbox = sandbox();
    let context = json!({ "stash": {} });
    let spinning = "function spin(n) { return n === 0 ? 0 : spin(n - 1) + spin(n - 1); } return spin(60);";
    assert_eq!(run_in(&mut sandbox, spinning, &context).unwrap_err(), SandboxError::Time);
    let growing = "const list = [1]; for (const one of list) { list.push('x'.repeat(1000) + list.length); } return 1;";
    let outcome = run_in(&mut sandbox, growing, &context);
    assert!(outcome.is_err() || outcome.unwrap().error.is_some());
    let deep = "function down(n) { return down(n + 1) + 1; } return down(0);";
    let outcome = run_in(&mut sandbox, deep, &context);
    assert!(outcome.is_err() || outcome.unwrap().error.is_some());
    assert_eq!(run_in(&mut sandbox, "return 1;", &context).unwrap().value, json!(1));
}

#[test]
fn errors_are_raised_and_appended() {
    let raised = run("util.error('no', 'Kind', { a: 1 }, { b: 2 });").error.unwrap();
    assert_eq!((raised.message.as_str(), raised.kind.as_deref()), ("no", Some("Kind")));
    assert_eq!((raised.data, raised.info), (Some(json!({"a": 1})), Some(json!({"b": 2}))));
    let outcome = run("util.appendError('one'); util.appendError('two', 'T'); return 5;");
    assert_eq!((outcome.appended.len(), outcome.value), (2, json!(5)));
    assert_eq!(run("util.unauthorized();").error.unwrap().kind.as_deref(), Some("Unauthorized"));
    let broken = run("return ctx.nothing.here;").error.unwrap();
    assert_eq!((broken.message.as_str(), broken.kind.as_deref()), ("Runtime Error", Some("Code")));
    let early = run("runtime.earlyReturn({ a: 1 }); return 2;");
    assert!(early.early && !early.end && early.value == json!({"a": 1}));
    assert!(run("runtime.earlyReturn({}, { skipTo: 'END' });").end);
    assert_eq!(run("ctx.stash.a = 1; return ctx.args.id;").stash, json!({"a": 1}));
    assert_eq!(run("extensions.setSubscriptionFilter({ filterGroup: [] }); return 1;").filters.len(), 1);
    assert_eq!(run("util.http.addResponseHeader('x-a', 1); return 1;").headers["x-a"], "1");
    assert_eq!(value("util.authType()"), json!("API Key Authorization"));
}

#[test]
fn values_become_dynamodb_values() {
    let cases = [
        (
            "util.dynamodb.toDynamoDB({ a: 'x', n: 1.5, b: true, z: null, l: [1, 'y'], u: undefined })",
            json!({"M": {"a": {"S": "x"}, "n": {"N": 1.5}, "b": {"BOOL": true}, "z": {"NULL": null}, "l": {"L": [{"N": 1}, {"S": "y"}]}}}),
        ),
        ("util.dynamodb.toMapValues({ id: '1' })", json!({"id": {"S": "1"}})),
        ("util.dynamodb.toStringSet(['a'])", json!({"SS": ["a"]})),
        ("util.dynamodb.toNumberSet([1, 2])", json!({"NS": [1, 2]})),
        ("util.dynamodb.toNull()", json!({"NULL": null})),
        ("util.dynamodb.toString('a')", json!({"S": "a"})),
        (
            "util.dynamodb.toS3Object('k', 'b', 'r')",
            json!({"S": "{\"s3\":{\"key\":\"k\",\"bucket\":\"b\",\"region\":\"r\"}}"}),
        ),
    ];
    for (expression, wanted) in cases {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

fn filter(object: &str) -> Value {
    value(&format!("JSON.parse(util.transform.toDynamoDBFilterExpression({object}))"))
}

#[test]
fn filters_become_expressions() {
    let one = filter("{ title: { contains: 'Hello World' } }");
    assert_eq!(
        one,
        json!({
            "expression": "contains(#title, :title_contains)",
            "expressionNames": { "#title": "title" },
            "expressionValues": { ":title_contains": { "S": "Hello World" } },
        })
    );
    let cases = [
        ("{ n: { ne: 1 } }", "#n <> :n_ne"),
        ("{ n: { ge: 1, lt: 5 } }", "(#n >= :n_ge) AND (#n < :n_lt)"),
        ("{ n: { between: [1, 5] } }", "#n BETWEEN :n_between0 AND :n_between1"),
        ("{ s: { beginsWith: 'a' } }", "begins_with(#s, :s_beginsWith)"),
        ("{ s: { notContains: 'a' } }", "NOT contains(#s, :s_notContains)"),
        ("{ s: { attributeExists: true } }", "attribute_exists(#s)"),
        ("{ s: { attributeExists: false } }", "attribute_not_exists(#s)"),
        ("{ s: { attributeType: 'string' } }", "attribute_type(#s, :s_attributeType)"),
        ("{ s: { size: { gt: 3 } } }", "size(#s) > :s_size_gt"),
        ("{ s: { size: { between: [1, 2] } } }", "size(#s) BETWEEN :s_size_between0 AND :s_size_between1"),
        ("{ or: [{ a: { eq: 1 } }, { a: { eq: 2 } }] }", "(#a = :or_0_a_eq) OR (#a = :or_1_a_eq)"),
        ("{ not: { a: { eq: 1 } } }", "NOT (#a = :not_a_eq)"),
        (
            "{ b: { eq: 1 }, and: [{ a: { eq: 1 } }, { or: [{ c: { eq: 1 } }, { d: { eq: 2 } }] }] }",
            "(#b = :b_eq) AND ((#a = :and_0_a_eq) AND ((#c = :and_1_or_0_c_eq) OR (#d = :and_1_or_1_d_eq)))",
        ),
        ("{ author: { name: { eq: 'x' } } }", "#author.#name = :author_name_eq"),
        ("{ and: [] }", ""),
        ("{}", ""),
        ("{ 'a-b': { eq: 1 } }", "#a_b = :a_b_eq"),
    ];
    for (object, wanted) in cases {
        assert_eq!(filter(object)["expression"], json!(wanted), "{object}");
    }
    assert_eq!(
        filter("{ s: { attributeType: '_null' } }")["expressionValues"][":s_attributeType"],
        json!({"S": "NULL"})
    );
    let refused = run("return util.transform.toDynamoDBFilterExpression({ a: { unknown: 1 } });").error.unwrap();
    assert_eq!(refused.kind.as_deref(), Some("Unrecognized Filter"));
    let groups =
        value("util.transform.toSubscriptionFilter({ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }], c: { gt: 3 } })");
    assert_eq!(groups["filterGroup"].as_array().unwrap().len(), 2);
    assert_eq!(groups["filterGroup"][0]["filters"].as_array().unwrap().len(), 2);
}

#[test]
fn the_dynamodb_module_makes_requests() {
    let update = value(
        "ddb.update({ key: { id: '1' }, update: { a: 1, b: ddb.operations.remove(), c: ddb.operations.increment(2), d: ddb.operations.append(['x']) }, condition: { id: { attributeExists: true } } })",
    );
    assert_eq!(
        update["update"]["expression"],
        json!(
            "SET #a = :a, #c = if_not_exists(#c, :c_start) + :c, #d = list_append(if_not_exists(#d, :d_start), :d) REMOVE #b"
        )
    );
    assert_eq!(
        update["condition"],
        json!({ "expression": "attribute_exists(#id)", "expressionNames": { "#id": "id" } })
    );
    let get = value("ddb.get({ key: { id: 'a' }, projection: ['id', 'author.name'] })");
    assert_eq!(get["projection"]["expression"], json!("#id, #author.#name"));
    let query = value(
        "ddb.query({ query: { id: { eq: 'a' }, at: { beginsWith: '2' } }, index: 'i', limit: 5, scanIndexForward: false })",
    );
    assert_eq!(query["query"]["expression"], json!("(#id = :id_eq) AND (begins_with(#at, :at_beginsWith))"));
    assert_eq!(
        (&query["operation"], &query["scanIndexForward"], query.get("filter")),
        (&json!("Query"), &json!(false), None)
    );
    let put = value("ddb.put({ key: { id: 'a' }, item: { n: 1 } })");
    assert_eq!(put, json!({"operation": "PutItem", "key": {"id": {"S": "a"}}, "attributeValues": {"n": {"N": 1}}}));
}

#[test]
fn helpers_give_what_the_guide_says() {
    let cases = [
        ("util.time.nowISO8601()", json!("2026-01-02T03:04:05.678Z")),
        ("util.time.nowEpochSeconds()", json!(1_767_323_045)),
        ("util.time.nowEpochMilliSeconds()", json!(1_767_323_045_678_i64)),
        ("util.time.nowFormatted('yyyy-MM-dd HH:mm:ss', 'Europe/Berlin')", json!("2026-01-02 04:04:05")),
        ("util.time.parseISO8601ToEpochMilliSeconds('2018-02-01T17:21:05.180+08:00')", json!(1_517_476_865_180_i64)),
        (
            "util.time.parseFormattedToEpochMilliSeconds('2018-02-01 17:21:05', 'yyyy-MM-dd HH:mm:ss', 'UTC')",
            json!(1_517_505_665_000_i64),
        ),
        ("util.time.epochMilliSecondsToISO8601(0)", json!("1970-01-01T00:00:00.000Z")),
        ("util.isNullOrBlank('  ')", json!(true)),
        ("util.isNullOrEmpty([])", json!(true)),
        ("util.defaultIfNull(null, 3)", json!(3)),
        ("util.typeOf([])", json!("List")),
        ("util.matches('a*b', 'aaab')", json!(true)),
        ("util.base64Decode(util.base64Encode('ä'))", json!("ä")),
        ("util.urlEncode('a b&c')", json!("a+b%26c")),
        ("util.urlDecode('a+b%26c')", json!("a b&c")),
        ("util.str.toUpper('a')", json!("A")),
        ("util.str.toReplace('aba', 'a', 'c')", json!("cbc")),
        ("util.math.minVal(1, 2)", json!(1)),
        ("util.list.copyAndRemoveAll([1, 2], [2])", json!([1])),
        ("util.map.copyAndRetainAllKeys({ a: 1, b: 2 }, ['a'])", json!({"a": 1})),
        ("util.http.copyHeaders({ Host: 'x', authorization: 'y', a: 'b' })", json!({"authorization": "y", "a": "b"})),
        (
            "JSON.parse(util.transform.toElasticsearchQueryDSL({ upvotes: { ne: 15, range: [10, 20] }, title: { eq: 'hihihi', wildcard: 'h*i' } }))",
            json!({"bool": {"must": [
                {"bool": {"must": [{"bool": {"must_not": {"term": {"upvotes": 15}}}}, {"range": {"upvotes": {"gte": 10, "lte": 20}}}]}},
                {"bool": {"must": [{"term": {"title": "hihihi"}}, {"wildcard": {"title": "h*i"}}]}},
            ]}}),
        ),
        (
            "JSON.parse(util.transform.toElasticsearchQueryDSL({ or: [{ a: { gt: 1 } }, { not: { b: { exists: false } } }] }))",
            json!({"bool": {"minimum_should_match": 1, "should": [
                {"range": {"a": {"gt": 1}}},
                {"bool": {"must_not": {"bool": {"must_not": {"exists": {"field": "b"}}}}}},
            ]}}),
        ),
        (
            "util.xml.toMap('<?xml version=\"1.0\"?><posts><!-- two --><post><id>1</id><title>A &amp; B</title></post><post kind=\"x\">text<b/></post></posts>')",
            json!({"posts": {"post": [{"id": 1, "title": "A & B"}, {"kind": "x", "b": "", "content": "text"}]}}),
        ),
        ("util.xml.toJsonString('<a><![CDATA[<b>]]></a>')", json!("{\"a\":\"<b>\"}")),
        ("[util.autoId().length, util.autoUlid().length, util.autoKsuid().length]", json!([36, 26, 27])),
        ("util.autoId() === util.autoId()", json!(false)),
        ("util.escapeJavaScript(\"a'b\")", json!("a\\'b")),
    ];
    for (expression, wanted) in cases {
        assert_eq!(value(expression), wanted, "{expression}");
    }
}

#[tokio::test]
async fn a_pool_runs_many_at_once_and_survives_a_panic() {
    let tools = Tools { clock: Arc::new(FixedClock::at(0)), ids: Arc::new(SequenceIds::default()) };
    let pool = super::SandboxPool::new(tools);
    assert!(pool.run::<()>(|_| panic!("a job that fails")).await.is_err());
    let (first, second) = tokio::join!(
        pool.run(|_| std::thread::current().id()),
        pool.run(|sandbox| run_in(sandbox, "return 1;", &json!({ "stash": {} })).unwrap().value)
    );
    assert!(first.is_ok());
    assert_eq!(second, Ok(json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_not_quick_begins_anew_with_the_thread_to_itself() {
    let pool = SandboxPool::new(tools());
    let work = tokio::spawn(async move {
        assert!(SandboxPool::may_run_here());
        let rows = "const row = 'x'.repeat(1000).split(''); let n = 0;";
        let slow = format!("{rows} for (const a of row) {{ for (const b of row) {{ n += 1; }} }} return n;");
        let endless = format!("{rows} const f = () => {{ for (const a of row) {{ f(); f(); }} }}; f(); return n;");
        let context = json!({ "stash": {} });
        let slow = pool.run_here(|sandbox| run_in(sandbox, &slow, &context));
        let endless = pool.run_here(|sandbox| run_in(sandbox, &endless, &context));
        let quick = pool.run_here(|sandbox| run_in(sandbox, "return 1;", &context));
        (slow, endless, quick)
    });
    let (slow, endless, quick) = work.await.unwrap();
    assert_eq!(slow.unwrap().value, json!(1_000_000));
    assert!(matches!(endless, Ok(Outcome { error: Some(_), .. }) | Err(SandboxError::Time)), "{endless:?}");
    assert_eq!(quick.unwrap().value, json!(1));
}

#[test]
fn a_result_that_is_handed_on_is_told_without_it() {
    let code = "export function request() { return {}; }
        export function response(ctx) { if (ctx.stash.none) { return null; } return ctx.result; }";
    let program = Program::read(code).unwrap();
    assert!(program.hands_through);
    let run = |stash: Value| {
        let context = json!({ "stash": stash }).to_string();
        sandbox().run_through(code, &program, &context).unwrap()
    };
    let handed = run(json!({}));
    assert_eq!((handed.through, handed.value), (true, Value::Null));
    let other = run(json!({ "none": true }));
    assert_eq!((other.through, other.value), (false, Value::Null));
}
