//! The actions of the API: requests to the engine, records to answers. Texts and codes are AWS's (AWS CloudFormation
//! API Reference, and recorded answers).

mod change_sets;
mod describe;
mod stacks;
mod templates;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::engine::Engine;
use super::prepare::refusal;
use super::record::Stack;
use crate::cfn::evaluate::scalar_text;
use crate::cloud::service::ApiError;

/// How many entries a page has.
const PAGE: usize = 100;

/// Carries out an action.
pub(super) fn answer(engine: &Arc<Engine>, action: &str, input: &Value) -> Result<Value, ApiError> {
    match action {
        "CreateStack" => stacks::create(engine, input),
        "UpdateStack" => stacks::update(engine, input),
        "DeleteStack" => stacks::delete(engine, input),
        "CancelUpdateStack" => stacks::cancel_update(engine, input),
        "ContinueUpdateRollback" => stacks::continue_rollback(engine, input),
        "UpdateTerminationProtection" => stacks::protect(engine, input),
        "DescribeStacks" => describe::stacks(engine, input),
        "ListStacks" => describe::list_stacks(engine, input),
        "DescribeStackEvents" => describe::events(engine, input),
        "DescribeStackResource" => describe::resource(engine, input),
        "DescribeStackResources" => describe::resources(engine, input),
        "ListStackResources" => describe::list_resources(engine, input),
        "ListExports" => describe::exports(engine, input),
        "ListImports" => describe::imports(engine, input),
        "GetTemplate" => templates::get(engine, input),
        "GetTemplateSummary" => templates::summary(engine, input),
        "ValidateTemplate" => templates::validate(engine, input),
        "CreateChangeSet" => change_sets::create(engine, input),
        "DescribeChangeSet" => change_sets::describe(engine, input),
        "ListChangeSets" => change_sets::list(engine, input),
        "ExecuteChangeSet" => change_sets::execute(engine, input),
        "DeleteChangeSet" => change_sets::delete(engine, input),
        other => Err(ApiError::not_built("cloudformation", other)),
    }
}

/// A member of the input as text; empty is absent.
fn text(input: &Value, name: &str) -> Option<String> {
    input.get(name).and_then(scalar_text).filter(|text| !text.is_empty())
}

/// A member that must be there.
fn required(input: &Value, name: &str) -> Result<String, ApiError> {
    text(input, name).ok_or_else(|| {
        let mut member = name.to_owned();
        if let Some(first) = member.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        refusal(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn flag(input: &Value, name: &str) -> bool {
    text(input, name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn texts(input: &Value, name: &str) -> Vec<String> {
    input.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(scalar_text).collect()
}

fn tags(input: &Value) -> Option<Vec<(String, String)>> {
    let list = input.get("Tags")?.as_array()?;
    let part = |tag: &Value, name: &str| tag.get(name).and_then(scalar_text).unwrap_or_default();
    Some(list.iter().map(|tag| (part(tag, "Key"), part(tag, "Value"))).collect())
}

/// The stack of `StackName`, or AWS's refusal.
fn find<R>(engine: &Engine, name: &str, read: impl FnOnce(&Stack) -> R) -> Result<R, ApiError> {
    engine.model.memory().stack(name).map(read).ok_or_else(|| refusal(format!("Stack with id {name} does not exist")))
}

/// One page of `items`, with the token of the next.
fn page<T>(input: &Value, size: usize, items: &[T], write: impl Fn(&T) -> Value) -> Result<(Value, Value), ApiError> {
    let start = match text(input, "NextToken") {
        None => 0,
        Some(token) => {
            let position = token.strip_prefix("page-").and_then(|number| number.parse::<usize>().ok());
            position.filter(|position| *position < items.len()).ok_or_else(|| refusal("Invalid NextToken"))?
        }
    };
    let end = (start + size).min(items.len());
    let next = if end < items.len() { json!(format!("page-{end}")) } else { Value::Null };
    Ok((items[start..end].iter().map(write).collect(), next))
}

/// An object without its null members.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
