//! What handlers and limits want to know of a document: selections as paths and text, depth; and answers to introspection.
//!
//! Not here: executing anything else.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::introspection::partial_execute;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use crate::cloud::appsync::schema::CompiledSchema;

/// The answers to `__schema` and `__type` at the root of an operation, by response key.
pub(in crate::cloud::appsync) fn answer(
    schema: &CompiledSchema,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Value {
    // The compiler's JSON has its own map type: go through text.
    let given = serde_json::from_str(&Value::Object(variables.clone()).to_string()).unwrap_or_default();
    let answer = coerce_variable_values(&schema.schema, operation, &given)
        .and_then(|values| partial_execute(&schema.schema, &schema.implementers, document, operation, &values));
    match answer {
        Ok(response) => serde_json::to_value(&response.data).unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// Whether an operation asks for the schema.
pub(super) fn asks(document: &ExecutableDocument, operation: &Operation) -> bool {
    operation.root_fields(document).any(|field| matches!(field.name.as_str(), "__schema" | "__type"))
}

/// `selectionSetList`: `id`, `author`, `author/name`.
pub(super) fn paths(document: &ExecutableDocument, fields: &[&Field]) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields {
        walk(document, &field.selection_set, "", &mut paths);
    }
    paths
}

fn walk(document: &ExecutableDocument, set: &SelectionSet, prefix: &str, paths: &mut Vec<String>) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                let path = format!("{prefix}{}", field.response_key());
                if !paths.contains(&path) {
                    paths.push(path.clone());
                }
                walk(document, &field.selection_set, &format!("{path}/"), paths);
            }
            Selection::InlineFragment(inline) => walk(document, &inline.selection_set, prefix, paths),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = spread.fragment_def(document) {
                    walk(document, &fragment.selection_set, prefix, paths);
                }
            }
        }
    }
}

/// `selectionSetGraphQL`.
pub(super) fn text(fields: &[&Field]) -> String {
    fields.first().map(|field| field.selection_set.to_string()).unwrap_or_default()
}
