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
