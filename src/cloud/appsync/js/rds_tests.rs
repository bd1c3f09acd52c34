//! The module for databases: which statements it writes, what it makes of answers, and the resolvers of the golden
//! project with SQL models, which are given made-up answers of a database.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::util::Tools;
use super::{Outcome, Program, Sandbox};
use crate::base::clock::FixedClock;
use crate::base::ids::SequenceIds;

fn run_code(code: &str, handler: &str, context: &Value) -> Outcome {
    let tools = Tools { clock: Arc::new(FixedClock::at(1_767_323_045_678)), ids: Arc::new(SequenceIds::default()) };
    let program = Program::read(code).expect(code);
    Sandbox::new(tools).run(code, &program, handler, &context.to_string()).expect(code)
}

fn evaluate(expression: &str) -> Outcome {
    let code = format!(
        "import {{ util }} from '@aws-appsync/utils';\nimport * as rds from '@aws-appsync/utils/rds';\n\
         const {{ sql, select, insert, update, remove, typeHint, createPgStatement, createMySQLStatement }} = rds;\n\
         export function request(ctx) {{ return {expression}; }}\nexport const response = (ctx) => ctx.result;"
    );
    run_code(&code, "request", &json!({ "arguments": { "id": "7" }, "stash": {} }))
}

#[test]
fn statements_are_written_for_each_database() {
    let hints = json!({ ":P0": "UUID", ":P1": "TIMESTAMP" });
    let cases = [
        (
            "createPgStatement(select({ table: 'UserGroup', columns: ['id', 'name'], limit: 10, offset: 1, \
             where: { or: [{ name: { eq: 'Ada' } }, { id: { gt: 10 } }] }, \
             orderBy: [{ column: 'name' }, { column: 'id', dir: 'DESC' }] }))",
            "SELECT \"id\", \"name\" FROM \"UserGroup\" WHERE (\"name\" = :P0) OR (\"id\" > :P1) \
             ORDER BY \"name\" ASC, \"id\" DESC LIMIT :P2 OFFSET :P3",
            json!({ ":P0": "Ada", ":P1": 10, ":P2": 10, ":P3": 1 }),
            json!({}),
        ),
        (
            "createMySQLStatement(select({ table: 'UserGroup', where: { and: [{ id: { eq: typeHint.UUID('12') } }, \
             { started: { lt: typeHint.TIMESTAMP('2022-03-02 00:00:00') } }] } }))",
            "SELECT * FROM `UserGroup` WHERE (`id` = :P0) AND (`started` < :P1)",
            json!({ ":P0": "12", ":P1": "2022-03-02 00:00:00" }),
            hints,
        ),
        (
            "createPgStatement(insert({ table: 'persons', values: { name: 'Ada' }, returning: '*' }))",
            "INSERT INTO \"persons\" (\"name\") VALUES (:P0) RETURNING *",
            json!({ ":P0": "Ada" }),
            json!({}),
        ),
        (
            "createMySQLStatement(update({ table: 'persons', values: { name: 'Ada', age: null }, where: { id: { eq: ctx.args.id } } }))",
            "UPDATE `persons` SET `name` = :P0, `age` = :P1 WHERE `id` = :P2",
            json!({ ":P0": "Ada", ":P1": null, ":P2": "7" }),
            json!({}),
        ),
        (
            "createPgStatement(remove({ table: 'persons', where: { id: { eq: '1' } }, returning: ['id', 'name'] }))",
            "DELETE FROM \"persons\" WHERE \"id\" = :P0 RETURNING \"id\", \"name\"",
            json!({ ":P0": "1" }),
            json!({}),
        ),
        (
            "createPgStatement(select({ table: 'a', where: { not: { x: { between: [1, 2] } }, y: { contains: 'o', ne: null } } }))",
            "SELECT * FROM \"a\" WHERE (NOT (\"x\" BETWEEN :P0 AND :P1)) AND ((\"y\" LIKE :P2) AND (\"y\" IS NOT NULL))",
            json!({ ":P0": 1, ":P1": 2, ":P2": "%o%" }),
            json!({}),
        ),
        (
            "createMySQLStatement(select({ table: 'a`b', where: { 'x`y': { size: { ge: 2 } }, z: { attributeExists: false } } }))",
            "SELECT * FROM `a``b` WHERE (LENGTH(`x``y`) >= :P0) AND (`z` IS NULL)",
            json!({ ":P0": 2 }),
            json!({}),
        ),
    ];
    for (expression, statement, variables, hints) in cases {
        let wanted = json!({ "statements": [statement], "variableMap": variables, "variableTypeHintMap": hints });
        let outcome = evaluate(expression);
        assert_eq!((outcome.value, outcome.error), (wanted, None), "{expression}");
    }
}

#[test]
fn values_of_a_template_are_parameters_over_both_statements() {
    let outcome = evaluate(
        "createMySQLStatement(sql`insert into Post(id, document) values(${typeHint.UUID(ctx.args.id)}, \
         ${typeHint.JSON({ a: 1 })})`, sql`select * from Post where id = ${ctx.args.id}`)",
    );
    let wanted = json!({
        "statements": ["insert into Post(id, document) values(:P0, :P1)", "select * from Post where id = :P2"],
        "variableMap": { ":P0": "7", ":P1": "{\"a\":1}", ":P2": "7" },
        "variableTypeHintMap": { ":P0": "UUID", ":P1": "JSON" },
    });
    assert_eq!((outcome.value, outcome.error), (wanted, None));
    let text = evaluate("createPgStatement('select 1')").value;
    assert_eq!(text["statements"], json!(["select 1"]));
}

#[test]
fn what_is_not_built_or_cannot_be_is_refused_by_name() {
    let cases = [
        ("createPgStatement(select({ table: 'a', join: [] }))", "no `join`"),
        ("createPgStatement(select({ from: 'a' }))", "no `from`"),
        ("createPgStatement(select({ table: { x: 'a' } }))", "the name of a `table`"),
        ("createMySQLStatement(remove({ table: 'a', returning: '*' }))", "only PostgreSQL"),
        ("createPgStatement(sql`a`, sql`b`, sql`c`)", "one or two statements"),
        ("createPgStatement({ text: 'a' })", "no statement"),
        ("createPgStatement(select({ table: 'a', where: { x: { like: 'a' } } }))", "no operator `like`"),
        ("createPgStatement(select({ table: 'a', orderBy: [{ column: 'x', dir: 'x; drop' }] }))", "ASC or DESC"),
    ];
    for (expression, wanted) in cases {
        let error = evaluate(expression).error.unwrap_or_else(|| panic!("{expression} is taken"));
        assert!(error.message.contains(wanted), "{expression}: {error:?}");
    }
}

/// What the Data API answers for one statement: records of the columns `names`.
fn records(names: &[&str], rows: &[Vec<Value>]) -> Value {
    let columns: Vec<Value> = names.iter().map(|name| json!({ "label": name, "name": name })).collect();
    json!({ "numberOfRecordsUpdated": 0, "records": rows, "columnMetadata": columns })
}

fn answer(results: &[Value]) -> Value {
    json!({ "sqlStatementResults": results }).to_string().into()
}

#[test]
fn answers_become_objects_by_the_labels_of_columns() {
    let fields = vec![
        json!({ "stringValue": "a" }),
        json!({ "longValue": 3 }),
        json!({ "doubleValue": 1.5 }),
        json!({ "booleanValue": false }),
        json!({ "isNull": true }),
        json!({ "arrayValue": { "arrayValues": [{ "longValues": [1, 2] }, { "stringValues": ["x"] }] } }),
    ];
    let given = answer(&[
        json!({ "numberOfRecordsUpdated": 1, "records": [] }),
        records(&["s", "l", "d", "b", "n", "a"], &[fields]),
    ]);
    let code = "import { util } from '@aws-appsync/utils';\nimport { toJsonObject } from '@aws-appsync/utils/rds';\n\
                export const request = () => ({});\n\
                export function response(ctx) { return [toJsonObject(ctx.result), util.rds.toJsonObject(ctx.result)]; }";
    let outcome = run_code(code, "response", &json!({ "arguments": {}, "stash": {}, "result": given }));
    let row = json!({ "s": "a", "l": 3, "d": 1.5, "b": false, "n": null, "a": [[1, 2], ["x"]] });
    assert_eq!(outcome.value, json!([[[], [row]], [[], [row]]]));
}

/// Runs a handler of a resolver of the golden project.
fn resolver(name: &str, handler: &str, context: &Value) -> Outcome {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases/sql/expected");
    let (api, field) = name.split_once('/').expect(name);
    let path = folder.join(api).join("resolvers").join(format!("{field}.js"));
    let code = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut whole = json!({ "stash": {}, "arguments": {} });
    for (key, value) in context.as_object().expect("a context is an object") {
        whole[key] = value.clone();
    }
    run_code(&code, handler, &whole)
}

fn user(name: &str, groups: &[&str]) -> Value {
    let claims = json!({ "sub": format!("s-{name}"), "username": name, "cognito:groups": groups });
    json!({ "authType": "User Pool Authorization", "identity": { "claims": claims } })
}

fn with(mut context: Value, key: &str, value: Value) -> Value {
    context[key] = value;
    context
}

const ORDER: &str = "jsonb_build_object('id', \"id\", 'owner', \"owner\", 'state', \"state\", 'placedAt', \"placed_at\", 'tags', \"tags\") AS item";
const ITEM: &str = "JSON_OBJECT('code', `code`, 'name', `name`, 'count', `count`, 'sold', `sold`, 'checkedAt', `checkedAt`, 'facts', `facts`, 'places', `places`) AS item";

/// A value that PostgreSQL takes for what the column holds.
fn taken(parameter: &str, column: &str) -> String {
    format!("(jsonb_populate_record(CAST(NULL AS \"sales\".\"orders\"), CAST({parameter} AS jsonb))).\"{column}\"")
}

#[test]
fn resolvers_ask_postgresql_by_parameters_alone() {
    let bob = || user("bob", &[]);
    let get = resolver("shop/Query.getOrder", "request", &with(bob(), "arguments", json!({ "id": "7'; drop" })));
    let statement = format!("SELECT {ORDER} FROM \"sales\".\"orders\" WHERE \"id\" = {}", taken(":v0", "id"));
    let wanted = json!({
        "statements": [statement], "variableMap": { ":v0": "{\"id\":\"7'; drop\"}" }, "variableTypeHintMap": {},
    });
    assert_eq!((get.value, get.error), (wanted, None));
    let input = json!({ "id": "7", "state": "OPEN", "placedAt": "2026-01-01T01:00:00+01:00", "tags": ["a"] });
    let create = resolver("shop/Mutation.createOrder", "request", &with(bob(), "arguments", json!({ "input": input })));
    let columns = "\"id\", \"state\", \"placed_at\", \"tags\", \"owner\"";
    let statement = format!(
        "INSERT INTO \"sales\".\"orders\" ({columns}) SELECT {columns} FROM \
         jsonb_populate_record(CAST(NULL AS \"sales\".\"orders\"), CAST(:row AS jsonb)) RETURNING {ORDER}"
    );
    assert_eq!(create.value["statements"], json!([statement]), "{create:?}");
    let row: Value = serde_json::from_str(create.value["variableMap"][":row"].as_str().unwrap_or_default()).unwrap();
    let wanted = json!({
        "id": "7", "state": "OPEN", "placed_at": "2026-01-01T00:00:00.000Z", "tags": ["a"], "owner": "s-bob::bob",
    });
    assert_eq!(row, wanted);
    let lines = resolver("shop/Order.lines", "request", &with(bob(), "source", json!({ "id": "7" }))).value;
    let text = lines["statements"][0].as_str().unwrap_or_default();
    assert!(
        text.contains("FROM \"Line\" WHERE \"order_id\" = ") && text.ends_with("LIMIT :count OFFSET :from"),
        "{text}"
    );
    assert_eq!(lines["variableMap"], json!({ ":count": 101, ":from": 0, ":v2": "{\"order_id\":\"7\"}" }));
}

#[test]
fn resolvers_ask_mysql_by_parameters_alone() {
    let key = |arguments: Value| json!({ "authType": "API Key Authorization", "arguments": arguments });
    let get = resolver("stock/Query.getItem", "request", &key(json!({ "code": "a" }))).value;
    let statement = format!("SELECT {ITEM} FROM `Item` WHERE `code` = :v0");
    assert_eq!(get["statements"], json!([statement]));
    let input = json!({
        "code": "a", "name": "b", "sold": true, "checkedAt": "2026-01-01T00:00:00Z", "facts": { "x": 1 }, "places": ["p"],
    });
    let create = resolver("stock/Mutation.createItem", "request", &key(json!({ "input": input }))).value;
    let wanted = json!({
        "statements": [
            "INSERT INTO `Item` (`code`, `name`, `sold`, `checkedAt`, `facts`, `places`, `count`) VALUES (:v0, :v1, :v2, :v3, :v4, :v5, :v6)",
            format!("SELECT {ITEM} FROM `Item` WHERE `code` = :v7"),
        ],
        "variableMap": {
            ":v0": "a", ":v1": "b", ":v2": true, ":v3": "2026-01-01 00:00:00", ":v4": "{\"x\":1}", ":v5": "[\"p\"]",
            ":v6": 0, ":v7": "a",
        },
        "variableTypeHintMap": {},
    });
    assert_eq!(create, wanted);
    let arguments =
        json!({ "input": { "code": "a", "count": 3, "name": null }, "condition": { "count": { "lt": 5 } } });
    let update = resolver("stock/Mutation.updateItem", "request", &key(arguments)).value;
    assert_eq!(
        update["statements"][0],
        "UPDATE `Item` SET `count` = :v2, `name` = NULL WHERE `code` = :v0 AND ((`count` < :v1))"
    );
    assert_eq!(update["variableMap"], json!({ ":v0": "a", ":v1": 5, ":v2": 3 }));
}

#[test]
fn statements_of_the_user_get_their_arguments_as_parameters() {
    let staff = || user("ada", &["Staff"]);
    let arguments = json!({ "from": "2026-01-01Z", "states": ["OPEN", "SENT') or true --"] });
    let totals = resolver("shop/Query.totals", "request", &with(staff(), "arguments", arguments)).value;
    let text = totals["statements"][0].as_str().unwrap_or_default();
    assert!(text.contains("where placed_at >= :from and state in (:states__0, :states__1)"), "{text}");
    let variables = json!({ ":from": "2026-01-01", ":states__0": "OPEN", ":states__1": "SENT') or true --" });
    assert_eq!((&totals["variableMap"], &totals["variableTypeHintMap"]), (&variables, &json!({ ":from": "DATE" })));
    let rows =
        records(&["day", "amount"], &[vec![json!({ "stringValue": "2026-01-01" }), json!({ "doubleValue": 2.5 })]]);
    let shown = resolver("shop/Query.totals", "response", &with(staff(), "result", answer(&[rows]))).value;
    assert_eq!(shown, json!([{ "day": "2026-01-01", "amount": 2.5 }]));
    let count = records(&["count"], &[vec![json!({ "longValue": 4 })]]);
    let sent = resolver("shop/Mutation.sendAll", "response", &with(staff(), "result", answer(&[count]))).value;
    assert_eq!(sent, json!(4));
    for name in ["shop/Query.totals", "shop/Mutation.sendAll"] {
        let arguments = json!({ "from": "2026-01-01", "before": "2026-01-01T00:00:00Z" });
        let refused = resolver(name, "request", &with(user("bob", &["Others"]), "arguments", arguments));
        assert_eq!(refused.error.expect(name).kind.as_deref(), Some("Unauthorized"), "{name}");
    }
}

#[test]
fn rows_become_items_that_their_rules_let_the_caller_see() {
    let order = |owner: &str| {
        let item =
            json!({ "id": "7", "owner": owner, "state": "OPEN", "placedAt": "2026-01-01T00:00:00", "tags": ["a"] });
        records(&["item"], &[vec![json!({ "stringValue": item.to_string() })]])
    };
    let own = with(user("bob", &[]), "result", answer(&[order("s-bob::bob")]));
    let shown = resolver("shop/Query.getOrder", "response", &own).value;
    let wanted =
        json!({ "id": "7", "owner": "bob", "state": "OPEN", "placedAt": "2026-01-01T00:00:00Z", "tags": ["a"] });
    assert_eq!(shown, wanted);
    let foreign = with(user("bob", &[]), "result", answer(&[order("s-ada::ada")]));
    let refused = resolver("shop/Query.getOrder", "response", &foreign).error.expect("it is another's");
    assert_eq!(refused.kind.as_deref(), Some("Unauthorized"));
    let staff = with(user("eve", &["Staff"]), "result", answer(&[order("s-ada::ada")]));
    assert_eq!(resolver("shop/Query.getOrder", "response", &staff).value["owner"], "ada");
    let nothing = with(user("bob", &[]), "result", answer(&[order("s-ada::ada"), records(&["item"], &[])]));
    let refused = resolver("shop/Mutation.updateOrder", "response", &nothing).error.expect("nothing was changed");
    assert_eq!(refused.kind.as_deref(), Some("Unauthorized"));
    let absent = with(user("bob", &[]), "error", json!({ "message": "no such table", "type": "BadRequestException" }));
    let failed = resolver("shop/Query.getOrder", "response", &absent).error.expect("the database failed");
    assert_eq!((failed.message.as_str(), failed.kind.as_deref()), ("no such table", Some("BadRequestException")));
}
