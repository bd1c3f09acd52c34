use crate::category::api::compile::{CompileOptions, SchemaSource, compile};
use crate::category::api::plan::{Action, Plan, SQL_SOURCE};
use crate::category::api::sql::SqlEngine;
use crate::error::Problem;

const MYSQL: &str = r#"{"sql":{"dbType":"MYSQL","statements":{"byName":"select 1"}}}"#;
const POSTGRES: &str = r#"{"sql":{"dbType":"POSTGRES"}}"#;

fn try_plan(schema: &str, options: &str) -> Result<Plan, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options).expect("the options are well formed");
    compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
}

#[test]
fn wrong_uses_are_refused_with_their_reason() {
    let mixed = r#"{"sql":{"dbType":"POSTGRES","models":["B"]}}"#;
    let b = "type B @model { id: ID! @primaryKey aId: ID a: A @belongsTo(references: [\"aId\"]) }";
    let relation = |field: &str| format!("type A @model {{ id: ID! @primaryKey bs: {field} }} {b}");
    let cases: Vec<(String, &str, &str)> = vec![
        ("type A @model { id: ID! }".into(), MYSQL, "must contain a primary key field"),
        ("type A @model { id: ID! } type B @model { id: ID! }".into(), mixed, "SQL model \"B\" must contain"),
        ("type A @model @refersTo(name: \"t\") { id: ID! }".into(), "{}", "A is not a SQL model"),
        ("type A @refersTo(name: \"t\") { id: ID! }".into(), MYSQL, "it can only be used on a @model type"),
        (
            "type A @model { id: ID! @primaryKey @refersTo(name: \"x\") x: Int }".into(),
            MYSQL,
            "\"x\" field already exists",
        ),
        (
            "type A @model { id: ID! @primaryKey x: Int @refersTo(name: \"c\") y: Int @refersTo(name: \"c\") }".into(),
            MYSQL,
            "already has the same name mapping",
        ),
        (relation("[B] @hasMany(references: [\"aId\"]) @refersTo(name: \"x\")"), MYSQL, "relational field"),
        (relation("[B] @hasMany"), MYSQL, "reference fields must be passed to @hasMany"),
        (relation("[B] @hasMany(fields: [\"id\"])"), MYSQL, "expecting 'references' only"),
        (relation("[B]! @hasMany(references: [\"aId\"])"), MYSQL, "change 'A.bs: [B]!' to 'A.bs: [B]'"),
        (
            "type A @model @auth(rules: [{allow: public, operations: [sync]}]) { id: ID! @primaryKey }".into(),
            MYSQL,
            "cannot specify 'sync' operation",
        ),
        ("type Query { a: Int @sql }".into(), MYSQL, "either a 'statement' or a 'reference' argument"),
        ("type Query { a: Int @sql(statement: \" \") }".into(), MYSQL, "must not be empty"),
        ("type Query { a: Int @sql(statement: \"a\", reference: \"byName\") }".into(), MYSQL, "but not both"),
        ("type Query { a: Int @sql(reference: \"byNam\") }".into(), MYSQL, "\"byNam\" that doesn't exist"),
        ("type Query { a: Int @sql(statement: \"a\") }".into(), "{}", "has no SQL database"),
        (
            "type Query { a: Int @sql(statement: \"a\") @function(name: \"f\") }".into(),
            MYSQL,
            "has @sql and @function: a field is answered by one of them",
        ),
        (
            "type Query { a: Int @http(url: \"https://example.com/a\") @sql(reference: \"byName\") }".into(),
            MYSQL,
            "has @sql and @http",
        ),
        (
            "type Query { a: String @predictions(actions: [translateText]) @sql(statement: \"a\") }".into(),
            MYSQL,
            "has @sql and @predictions",
        ),
        (
            "type A { a: Int @sql(statement: \"a\") } type Query { a: A }".into(),
            MYSQL,
            "only be used on Query or Mutation",
        ),
        ("type A @model { id: ID! @primaryKey n: Int @default }".into(), MYSQL, "on non-Postgres datasources"),
        ("type A @model { id: ID! @primaryKey n: String @default }".into(), POSTGRES, "on non-Int types"),
    ];
    for (schema, options, wanted) in cases {
        let problems = try_plan(&schema, options).expect_err(&schema);
        assert!(problems.iter().any(|problem| problem.message.contains(wanted)), "{schema}: {problems:#?}");
    }
}

#[test]
fn a_table_of_the_users_gets_its_own_names_and_nothing_is_added_to_it() {
    let schema = "type A @model @refersTo(name: \"sales.a\") { id: ID! @primaryKey n: Int @refersTo(name: \"number\") } \
                  type B @model { id: ID! }";
    let plan = try_plan(schema, r#"{"sql":{"dbType":"POSTGRES","models":["A"]}}"#).expect("it is sound");
    let table = plan.models["A"].sql.as_ref().expect("A is an SQL model");
    assert_eq!((table.engine, table.name.as_str()), (SqlEngine::Postgres, "sales.a"));
    assert_eq!((table.column("n"), table.column("id")), ("number", "id"));
    assert_eq!((plan.models["A"].created_at.clone(), plan.models["A"].fields.len()), (None, 2));
    assert!(plan.models["B"].sql.is_none() && plan.models["B"].created_at.is_some());
    for resolver in &plan.resolvers {
        let wanted = match resolver.action.table() {
            Some("A") => SQL_SOURCE,
            Some(_) => "BTable",
            None => "NONE_DS",
        };
        assert_eq!(resolver.source, wanted, "{}", resolver.field);
    }
}

#[test]
fn statements_know_their_arguments_and_what_becomes_of_rows() {
    let schema = "type Row { a: Int at: AWSDateTime } type Query { \
                  all(ids: [ID!], at: AWSDateTime): [Row] @sql(reference: \"byName\") n: Int @sql(statement: \"x\") }";
    let plan = try_plan(schema, MYSQL).expect("it is sound");
    let statement = |field: &str| match &plan.resolvers.iter().find(|own| own.field == field).expect(field).action {
        Action::SqlStatement(statement) => statement.clone(),
        other => panic!("{other:?}"),
    };
    let (all, n) = (statement("all"), statement("n"));
    assert_eq!((all.text.as_str(), n.text.as_str()), ("select 1", "x"));
    assert_eq!((all.result.list, all.result.rows, all.result.fields.len()), (true, true, 2));
    assert_eq!((n.result.list, n.result.rows), (false, false));
    assert!(all.arguments[0].list && !all.arguments[1].list && !all.sandbox);
}

#[test]
fn columns_of_postgres_may_fill_themselves() {
    let schema = "type A @model { id: Int! @primaryKey @default n: Int! @default(value: \"3\") m: Int @default(value: \"f()\") }";
    let plan = try_plan(schema, POSTGRES).expect("it is sound");
    let defaults = &plan.models["A"].defaults;
    assert_eq!(defaults.len(), 1, "what is no value of the type is left to the database: {defaults:?}");
    assert_eq!(defaults["n"], 3);
}
