//! A compiled schema as the files that conformance cases compare: schema, tables, resolvers, model introspection.
//!
//! Physical names are written with placeholders, as nothing is deployed.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::compile::{CompileOptions, SchemaSource, compile};
use super::plan::{
    AttributeType, ConflictHandler, DELTA_MINUTES, DELTA_TABLE, Index, Key, Model, Plan, Projection, SQL_SOURCE,
    Source, TOMBSTONE_MINUTES,
};
use super::services::Service;
use crate::error::Problem;

/// Compiles one case: the content of each file by its name.
///
/// # Errors
/// Every problem of the schema or the options.
pub fn compile_case(
    schema_path: &str,
    schema_text: &str,
    options_text: &str,
) -> Result<IndexMap<String, String>, Vec<Problem>> {
    let options = CompileOptions::parse("options.json", options_text)?;
    let plan = compile(&SchemaSource { path: schema_path, text: schema_text }, &options)?;
    Ok(conformance_files(&plan))
}

/// The files of a plan.
pub fn conformance_files(plan: &Plan) -> IndexMap<String, String> {
    let text = |value: &Value| format!("{value:#}\n");
    IndexMap::from([
        ("schema.graphql".to_owned(), plan.schema.clone()),
        ("tables.json".to_owned(), text(&tables(plan))),
        ("resolvers.json".to_owned(), text(&resolvers(plan))),
        ("model-introspection.json".to_owned(), text(&plan.introspection)),
    ])
}

fn tables(plan: &Plan) -> Value {
    let synced = plan.conflict.is_some() || plan.models.values().any(|model| model.conflict.is_some());
    let delta = synced.then(delta_table);
    let models = plan.models.values().filter(|model| model.sql.is_none());
    let tables: Vec<Value> = models.map(table).chain(delta).collect();
    let sources: Vec<Value> = plan.sources.iter().map(|(name, source)| source_json(plan, name, source)).collect();
    json!({ "tables": tables, "dataSources": sources })
}

/// The reference transformer reaches a database through a Lambda function that it deploys, so cases name that. Ours is a
/// `RELATIONAL_DATABASE` source, which needs no function: the same source in other terms.
const REFERENCE_SQL_SOURCE: &str = "SQLLambdaDataSourcesql";

/// The name of a source as cases write it.
fn source_name(name: &str) -> &str {
    if name == SQL_SOURCE { REFERENCE_SQL_SOURCE } else { name }
}

fn source_json(plan: &Plan, name: &str, source: &Source) -> Value {
    match source {
        Source::Sql { .. } => json!({ "name": source_name(name), "type": "AWS_LAMBDA" }),
        Source::None => json!({ "name": name, "type": "NONE" }),
        Source::Http { endpoint } => json!({ "name": name, "type": "HTTP", "endpoint": server(endpoint) }),
        Source::Table { model } => {
            let versioned = plan.models.get(model).is_some_and(|model| model.conflict.is_some());
            let mut value = json!({ "name": name, "type": "AMAZON_DYNAMODB", "versioned": versioned });
            if versioned {
                value["deltaSync"] = json!({
                    "baseTableTTL": TOMBSTONE_MINUTES.to_string(),
                    "deltaSyncTableTTL": DELTA_MINUTES.to_string(),
                    "table": format!("{DELTA_TABLE}-<apiId>-<env>"),
                });
            }
            value
        }
        Source::Service { service } => {
            json!({ "name": name, "type": "HTTP", "endpoint": endpoint(service).to_string() })
        }
        Source::Lambda(_) | Source::Speech | Source::ConversationHandler { .. } => {
            json!({ "name": name, "type": "AWS_LAMBDA" })
        }
        // What the reference calls the same kind of source.
        Source::Search => json!({ "name": name, "type": "AMAZON_ELASTICSEARCH" }),
    }
}

/// The address of a server: where it has placeholders, what fills them, in the reference's words.
fn server(endpoint: &str) -> String {
    let known = [("env", json!("<env>")), ("aws_region", json!({ "Ref": "AWS::Region" }))];
    let values = known.into_iter().filter(|(name, _)| endpoint.contains(&format!("${{{name}}}")));
    let values: Map<String, Value> = values.map(|(name, value)| (name.to_owned(), value)).collect();
    if values.is_empty() { endpoint.to_owned() } else { json!({ "Fn::Sub": [endpoint, values] }).to_string() }
}

/// The address of a service, in the reference's words.
fn endpoint(service: &Service) -> Value {
    let host = service.host();
    match service {
        Service::Bedrock { .. } => {
            let parts = json!([format!("https://{host}."), { "Ref": "AWS::Region" }, ".amazonaws.com"]);
            json!({ "Fn::Join": ["", parts] })
        }
        _ => json!({ "Fn::Sub": format!("https://{host}.${{AWS::Region}}.amazonaws.com") }),
    }
}

/// The table of recent changes.
fn delta_table() -> Value {
    json!({
        "name": format!("{DELTA_TABLE}-<apiId>-<env>"),
        "keySchema": ["HASH ds_pk", "RANGE ds_sk"],
        "attributes": { "ds_pk": "S", "ds_sk": "S" },
        "gsis": [],
        "lsis": [],
        "stream": "NEW_AND_OLD_IMAGES",
        "ttl": "_ttl",
    })
}

fn table(model: &Model) -> Value {
    let mut attributes = Map::new();
    let keys = std::iter::once(&model.key).chain(model.indexes.iter().map(|index| &index.key));
    for key in keys {
        add_attributes(key, &mut attributes);
    }
    let indexes = |local: bool| -> Vec<Value> {
        model.indexes.iter().filter(|index| index.local == local).map(|index| index_json(index, model)).collect()
    };
    json!({
        "name": format!("{}-<apiId>-<env>", model.table),
        "keySchema": key_schema(&model.key),
        "attributes": attributes,
        "gsis": indexes(false),
        "lsis": indexes(true),
        "stream": if model.stream { json!("NEW_AND_OLD_IMAGES") } else { Value::Null },
        "ttl": model.conflict.is_some().then_some("_ttl"),
    })
}

fn add_attributes(key: &Key, attributes: &mut Map<String, Value>) {
    let name = |attribute: AttributeType| match attribute {
        AttributeType::S => "S",
        AttributeType::N => "N",
    };
    attributes.insert(key.partition.name.clone(), json!(name(key.partition.attribute)));
    if let (Some(sort), Some(attribute)) = (key.sort_attribute(), key.sort_type()) {
        attributes.insert(sort, json!(name(attribute)));
    }
}

fn key_schema(key: &Key) -> Vec<String> {
    let sort = key.sort_attribute().map(|name| format!("RANGE {name}"));
    std::iter::once(format!("HASH {}", key.partition.name)).chain(sort).collect()
}

fn index_json(index: &Index, model: &Model) -> Value {
    let projection = match &index.projection {
        Projection::All => json!({ "ProjectionType": "ALL" }),
        Projection::KeysOnly => json!({ "ProjectionType": "KEYS_ONLY" }),
        Projection::Include(names) => json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": names }),
    };
    // The reference writes the indexes of conversations in another way, with the same meaning.
    let projection = if model.stream { projection } else { json!({ "projectionType": "ALL" }) };
    json!({ "name": index.name, "keys": key_schema(&index.key), "projection": projection })
}

/// The handler of the model whose table a data source is.
fn conflict_handler<'a>(plan: &'a Plan, source: &str) -> Option<&'a ConflictHandler> {
    match plan.sources.get(source)? {
        Source::Table { model } => plan.models.get(model)?.conflict.as_ref(),
        _ => None,
    }
}

/// Every field with a resolver in the reference's terms: owner fields too, though the resolvers of items do their part
/// where they can.
fn resolvers(plan: &Plan) -> Value {
    let all = plan.resolvers.iter().map(|resolver| {
        let field = format!("{}.{}", resolver.type_name, resolver.field);
        let mut value = json!({ "field": field, "dataSource": source_name(&resolver.source) });
        if let Some(handler) = conflict_handler(plan, &resolver.source) {
            value["sync"] = Value::from(handler.appsync_name());
        }
        value
    });
    Value::Array(all.collect())
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn placeholders_of_a_server_are_filled_in_the_words_of_the_reference() {
        for (endpoint, wanted) in [
            ("https://a.example.com", "https://a.example.com"),
            ("https://${env}.b.com", r#"{"Fn::Sub":["https://${env}.b.com",{"env":"<env>"}]}"#),
            (
                "https://${aws_region}.b.com/${env}",
                r#"{"Fn::Sub":["https://${aws_region}.b.com/${env}",{"env":"<env>","aws_region":{"Ref":"AWS::Region"}}]}"#,
            ),
        ] {
            assert_eq!(server(endpoint), wanted);
        }
    }
}
