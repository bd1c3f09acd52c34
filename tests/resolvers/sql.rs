//! SQL models: statements for MySQL and PostgreSQL, and what becomes of the Data API's answers.

use serde_json::{Value, json};

use super::project::{Project, ada, bob};

const SCHEMA: &str = r#"
enum Kind { BOOK MAP }
type Address { city: String }
type Doc @model @refersTo(name: "docs") @auth(rules: [
  { allow: owner, ownerField: "editors" }
  { allow: groups, groupsField: "team", operations: [read] }
  { allow: groups, groups: ["Crew"] }
]) {
  kind: Kind! @primaryKey(sortKeyFields: ["day", "number"])
  day: AWSDate!
  number: Int!
  editors: [String]
  team: String
  address: Address
  open: Boolean
  seenAt: AWSTime @refersTo(name: "seen at")
  secret: String @auth(rules: [{ allow: groups, groups: ["Crew"] }])
  parts: [Part] @hasMany(references: ["docKind", "docDay", "docNumber"])
}
type Part @model @auth(rules: [{ allow: public }, { allow: private }]) {
  id: Int! @primaryKey
  docKind: Kind
  docDay: AWSDate
  docNumber: Int
  label: String @index(name: "byLabel", queryField: "partsByLabel", sortKeyFields: ["docDay", "docNumber"])
  doc: Doc @belongsTo(references: ["docKind", "docDay", "docNumber"])
}
"#;

/// A project whose models are all in a database.
fn project(engine: &str) -> Project {
    Project::new(&format!("sql = {{ engine = \"{engine}\", database = \"shop\" }}"), SCHEMA)
}

fn key() -> Value {
    json!({ "kind": "BOOK", "day": "2026-01-02", "number": 7 })
}

/// The key with more.
fn with(more: &Value) -> Value {
    let mut whole = key();
    for (name, value) in more.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

fn asked_by(identity: &Value, arguments: &Value) -> Value {
    json!({ "identity": identity, "arguments": arguments })
}

/// The answer to some statements, each with its rows as JSON documents.
fn answer(statements: &[&[Value]]) -> Value {
    let result = |rows: &&[Value]| {
        let records: Vec<Value> = rows.iter().map(|row| json!([{ "stringValue": row.to_string() }])).collect();
        json!({ "numberOfRecordsUpdated": rows.len(), "records": records, "columnMetadata": [{ "label": "item" }] })
    };
    json!({ "sqlStatementResults": statements.iter().map(result).collect::<Vec<_>>() }).to_string().into()
}

const MYSQL_DOC: &str = "JSON_OBJECT('kind', `kind`, 'day', `day`, 'number', `number`, 'editors', `editors`, 'team', `team`, 'address', `address`, 'open', `open`, 'seenAt', `seen at`, 'secret', `secret`) AS item";
const MYSQL_KEY: &str = "`kind` = :v0 AND `day` = :v1 AND `number` = :v2";

#[test]
fn mysql_is_asked_with_columns_and_parameters() {
    let project = project("mysql");
    let get = project.request("resolvers/Query.getDoc", &asked_by(&bob(), &key()));
    let wanted = json!({
        "statements": [format!("SELECT {MYSQL_DOC} FROM `docs` WHERE {MYSQL_KEY}")],
        "variableMap": { ":v0": "BOOK", ":v1": "2026-01-02", ":v2": 7 },
        "variableTypeHintMap": {},
    });
    assert_eq!(get, wanted);
    let input = with(&json!({ "address": { "city": "x" }, "open": false, "seenAt": "10:00:00Z" }));
    let create = project.request("resolvers/Mutation.createDoc", &asked_by(&bob(), &json!({ "input": input })));
    let insert = "INSERT INTO `docs` (`kind`, `day`, `number`, `address`, `open`, `seen at`, `editors`) \
                  VALUES (:v0, :v1, :v2, :v3, :v4, :v5, :v6)";
    assert_eq!(create["statements"][0], insert);
    let values = [":v3", ":v4", ":v5", ":v6"].map(|name| create["variableMap"][name].clone());
    assert_eq!(json!(values), json!(["{\"city\":\"x\"}", false, "10:00:00", "[\"s-2::bob\"]"]));
    let update = project.request(
        "resolvers/Mutation.updateDoc",
        &asked_by(&bob(), &json!({ "input": with(&json!({ "open": true, "address": null })) })),
    );
    let own = "JSON_CONTAINS(`editors`, :v3)) OR (JSON_CONTAINS(`editors`, :v4)) OR (JSON_CONTAINS(`editors`, :v5)";
    let set = format!("UPDATE `docs` SET `open` = :v6, `address` = NULL WHERE {MYSQL_KEY} AND (((({own}))))");
    assert_eq!(update["statements"][0], set);
    let arguments = json!({ "kind": "MAP", "sortDirection": "DESC", "filter": { "not": { "open": { "eq": true } } } });
    let list = project.request("resolvers/Query.listDocs", &asked_by(&bob(), &arguments));
    let text = list["statements"][0].as_str().unwrap();
    for part in [
        "WHERE `kind` = :v2 AND ((NOT COALESCE(((`open` = :v3)), FALSE)))",
        "ORDER BY `day` DESC, `number` DESC",
        "LIMIT :count OFFSET :from",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let arguments = json!({ "label": "x", "docDayDocNumber": { "eq": { "docDay": "2026-01-01", "docNumber": 3 } } });
    let parts = project.request("resolvers/Query.partsByLabel", &json!({ "arguments": arguments }));
    let text = parts["statements"][0].as_str().unwrap();
    assert!(text.contains("WHERE `label` = :v2 AND (`docDay`, `docNumber`) = (:v3, :v4) ORDER BY"), "{text}");
}

#[test]
fn postgresql_is_asked_with_rows_of_its_own_types() {
    let project = project("postgresql");
    let input = with(&json!({ "address": { "city": "x" }, "open": false, "seenAt": "10:00:00Z" }));
    let create = project.request("resolvers/Mutation.createDoc", &asked_by(&bob(), &json!({ "input": input })));
    let text = create["statements"][0].as_str().unwrap();
    let columns = "\"kind\", \"day\", \"number\", \"address\", \"open\", \"seen at\", \"editors\"";
    let insert = format!(
        "INSERT INTO \"docs\" ({columns}) SELECT {columns} FROM jsonb_populate_record(CAST(NULL AS \"docs\"), CAST(:row AS jsonb)) RETURNING "
    );
    assert!(text.starts_with(&insert), "{text}");
    let row: Value = serde_json::from_str(create["variableMap"][":row"].as_str().unwrap()).unwrap();
    let wanted = with(&json!({
        "address": { "city": "x" }, "open": false, "seen at": "10:00:00Z", "editors": ["s-2::bob"],
    }));
    assert_eq!(row, wanted);
    let remove = project.request("resolvers/Mutation.deleteDoc", &asked_by(&ada(), &json!({ "input": key() })));
    let texts: Vec<&str> = remove["statements"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        texts[0].starts_with("SELECT ") && texts[1].starts_with("DELETE FROM \"docs\" WHERE \"kind\" = "),
        "{texts:?}"
    );
    let parts = json!({ "identity": bob(), "source": key(), "arguments": { "limit": 5 } });
    let parts = project.request("resolvers/Doc.parts", &parts);
    assert_eq!(parts["variableMap"][":count"], 6, "one more is read, to know whether there are more");
    assert_eq!(parts["variableMap"][":v4"], "{\"docNumber\":7}");
    let source = json!({ "docKind": "BOOK", "docDay": null, "docNumber": 7 });
    let none =
        project.run("resolvers/Part.doc", "request", &json!({ "identity": bob(), "source": source, "arguments": {} }));
    assert_eq!(none.value(), Value::Null, "without the whole key there is no parent");
}

#[test]
fn rules_hold_before_and_after_the_database_is_asked() {
    for engine in ["mysql", "postgresql"] {
        let project = project(engine);
        let raised = |file: &str, handler: &str, context: &Value| {
            project.run(file, handler, context).raised().map(str::to_owned)
        };
        let secret = json!({ "input": with(&json!({ "secret": "x" })) });
        let unauthorized = Some("Unauthorized".to_owned());
        assert_eq!(raised("resolvers/Mutation.createDoc", "request", &asked_by(&bob(), &secret)), unauthorized);
        assert_eq!(raised("resolvers/Mutation.createDoc", "request", &asked_by(&ada(), &secret)), None);
        let stranger = json!({ "arguments": key() });
        assert_eq!(
            raised("resolvers/Query.getDoc", "request", &stranger),
            unauthorized,
            "an API key is let in nowhere"
        );
        let doc = with(&json!({ "editors": ["s-9::eve"], "team": "Red", "open": true, "address": { "city": "x" } }));
        let red = json!({ "sub": "s-3", "username": "cy", "claims": { "sub": "s-3", "username": "cy", "cognito:groups": ["Red"] } });
        let got = |identity: &Value| json!({ "identity": identity, "arguments": key(), "result": answer(&[std::slice::from_ref(&doc)]) });
        assert_eq!(raised("resolvers/Query.getDoc", "response", &got(&bob())), unauthorized);
        let shown = project.response("resolvers/Query.getDoc", &got(&red));
        assert_eq!(
            (&shown["editors"], &shown["open"], &shown["address"]["city"]),
            (&json!(["eve"]), &json!(true), &json!("x"))
        );
        let all = answer(&[&[doc.clone(), doc.clone(), doc.clone()]]);
        let listed = json!({ "identity": ada(), "arguments": { "limit": 2 }, "result": all });
        let listed = project.response("resolvers/Query.listDocs", &listed);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let next = json!({ "identity": ada(), "arguments": { "limit": 2, "nextToken": listed["nextToken"] } });
        let next = project.request("resolvers/Query.listDocs", &next);
        assert_eq!((&next["variableMap"][":from"], &next["variableMap"][":count"]), (&json!(2), &json!(3)));
        let forged = json!({ "identity": ada(), "arguments": { "nextToken": "eCcgb3IgMQ==" } });
        assert_eq!(raised("resolvers/Query.listDocs", "request", &forged), Some("InvalidArgumentsError".to_owned()));
        let error = json!({ "message": "the cluster sleeps", "type": "BadRequestException" });
        assert_eq!(project.failure("resolvers/Query.getDoc", &error).as_deref(), Some("BadRequestException"));
    }
}
