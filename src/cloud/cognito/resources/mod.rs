//! Cognito's CloudFormation types.
//!
//! Each carries out the same actions as the wire, so that what the wire refuses a stack is refused as well.

mod identity;
mod users;

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Core, blocking};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The handlers of all types.
pub(super) fn all(core: &Arc<Core>) -> Vec<Box<dyn ResourceHandler>> {
    vec![
        Handler::<users::UserPool>::boxed(core),
        Handler::<users::UserPoolClient>::boxed(core),
        Handler::<users::UserPoolGroup>::boxed(core),
        Handler::<identity::Pool>::boxed(core),
        Handler::<identity::RoleAttachment>::boxed(core),
    ]
}

/// One type of resource: what it understands, and how it is made, changed and removed.
trait Kind: Send + Sync + 'static {
    const NAME: &'static str;
    const PROPERTIES: &'static [&'static str];
    const REQUIRED: &'static [&'static str];
    const CREATE_ONLY: &'static [&'static str];
    const ATTRIBUTES: &'static [&'static str];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError>;
    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError>;
    fn delete(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<(), ApiError>;
}

/// A type as CloudFormation sees it.
struct Handler<K>(Arc<Core>, PhantomData<fn() -> K>);

impl<K: Kind> Handler<K> {
    fn boxed(core: &Arc<Core>) -> Box<dyn ResourceHandler> {
        Box::new(Self(Arc::clone(core), PhantomData))
    }
}

impl<K: Kind> ResourceHandler for Handler<K> {
    fn kind(&self) -> &'static str {
        K::NAME
    }

    fn properties(&self) -> &'static [&'static str] {
        K::PROPERTIES
    }

    fn required(&self) -> &'static [&'static str] {
        K::REQUIRED
    }

    fn create_only(&self) -> &'static [&'static str] {
        K::CREATE_ONLY
    }

    fn attributes(&self) -> &'static [&'static str] {
        K::ATTRIBUTES
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (core, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(async move { Ok(blocking(move || K::create(&core, &request)).await?) })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (core, current, request) = (Arc::clone(&self.0), current.clone(), request.clone());
        Box::pin(async move { Ok(blocking(move || K::update(&core, &current, &request)).await?) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        let (core, current, request) = (Arc::clone(&self.0), current.clone(), request.clone());
        Box::pin(async move {
            match blocking(move || K::delete(&core, &current, &request)).await {
                // What is gone already is deleted.
                Err(error) if error.code != "ResourceNotFoundException" => Err(error.into()),
                _ => Ok(()),
            }
        })
    }
}

/// Properties as the API's JSON has them: a template may carry numbers and booleans as text.
fn typed(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), member(name, value))).collect(),
        Value::Array(items) => items.iter().map(typed).collect(),
        other => other.clone(),
    }
}

fn member(name: &str, value: &Value) -> Value {
    const NUMBERS: [&str; 9] = [
        "MinimumLength",
        "TemporaryPasswordValidityDays",
        "UnusedAccountValidityDays",
        "Priority",
        "RefreshTokenValidity",
        "AccessTokenValidity",
        "IdTokenValidity",
        "AuthSessionValidity",
        "Precedence",
    ];
    match value {
        // Tags and messages are free text, whatever they look like.
        Value::Object(_) if name.ends_with("Tags") => value.clone(),
        Value::String(text) if NUMBERS.contains(&name) => {
            text.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        Value::String(text) if matches!(text.as_str(), "true" | "false") && is_flag(name) => {
            Value::from(text == "true")
        }
        _ => typed(value),
    }
}

fn is_flag(name: &str) -> bool {
    ["Require", "Allow", "Enable", "Generate", "CaseSensitive", "Mutable", "Required", "DeveloperOnly", "ServerSide"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Some properties of a request as the input of an action.
fn input(request: &ResourceRequest, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some((*name, request.property(name)?)));
    given.map(|(name, value)| (name.to_owned(), member(name, value))).collect()
}

/// Tags of the template, and those of the stack that it does not name.
fn with_stack_tags(input: &mut Map<String, Value>, name: &str, stack: &[(String, String)]) {
    if stack.is_empty() {
        return;
    }
    let tags = input.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if let Some(tags) = tags.as_object_mut() {
        for (key, value) in stack {
            tags.entry(key.clone()).or_insert_with(|| Value::String(value.clone()));
        }
    }
}
