//! `AWS::Cognito::IdentityPool` and `IdentityPoolRoleAttachment`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::Core;
use super::super::identity::execute;
use super::super::input::Input;
use super::{Kind, input};
use crate::cloud::service::{ApiError, Provisioned, ResourceRequest};

/// `AWS::Cognito::IdentityPool`.
pub(super) struct Pool;

impl Pool {
    fn input(core: &Core, request: &ResourceRequest) -> Map<String, Value> {
        let mut made = input(request, Self::PROPERTIES);
        made.entry("IdentityPoolName").or_insert_with(|| json!(request.generated_name(&*core.shared.ids, 128)));
        // The template has a list of keys and values, the API an object.
        if let Some(Value::Array(tags)) = made.get("IdentityPoolTags") {
            let tags: Map<String, Value> =
                tags.iter().filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].clone()))).collect();
            made.insert("IdentityPoolTags".to_owned(), Value::Object(tags));
        }
        super::with_stack_tags(&mut made, "IdentityPoolTags", &request.tags);
        made
    }

    fn described(pool: &Value) -> Provisioned {
        let id = pool["IdentityPoolId"].as_str().unwrap_or_default().to_owned();
        Provisioned {
            attributes: BTreeMap::from([
                ("Id".to_owned(), json!(id)),
                ("Name".to_owned(), pool["IdentityPoolName"].clone()),
            ]),
            physical_id: id,
        }
    }
}

impl Kind for Pool {
    const NAME: &'static str = "AWS::Cognito::IdentityPool";
    const PROPERTIES: &'static [&'static str] = &[
        "IdentityPoolName",
        "AllowUnauthenticatedIdentities",
        "AllowClassicFlow",
        "CognitoIdentityProviders",
        "IdentityPoolTags",
    ];
    const REQUIRED: &'static [&'static str] = &["AllowUnauthenticatedIdentities"];
    const CREATE_ONLY: &'static [&'static str] = &[];
    const ATTRIBUTES: &'static [&'static str] = &["Id", "Name"];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let input = Value::Object(Self::input(core, request));
        Ok(Self::described(&execute(core, "CreateIdentityPool", Input(&input))?))
    }

    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        let mut input = Self::input(core, request);
        if request.property("IdentityPoolName").is_none()
            && let Some(name) = current.attributes.get("Name")
        {
            input.insert("IdentityPoolName".to_owned(), name.clone());
        }
        input.insert("IdentityPoolId".to_owned(), json!(current.physical_id));
        Ok(Self::described(&execute(core, "UpdateIdentityPool", Input(&Value::Object(input)))?))
    }

    fn delete(core: &Core, current: &Provisioned, _request: &ResourceRequest) -> Result<(), ApiError> {
        let input = json!({ "IdentityPoolId": current.physical_id });
        execute(core, "DeleteIdentityPool", Input(&input)).map(drop)
    }
}

/// `AWS::Cognito::IdentityPoolRoleAttachment`.
pub(super) struct RoleAttachment;

impl RoleAttachment {
    fn attach(core: &Core, request: &ResourceRequest) -> Result<(), ApiError> {
        let mut input = input(request, Self::PROPERTIES);
        if let Some(Value::Object(mappings)) = input.get("RoleMappings") {
            // The template may name the provider in the mapping, since keys cannot be computed.
            let mappings: Map<String, Value> = mappings
                .iter()
                .map(|(key, mapping)| {
                    let mut mapping = mapping.clone();
                    let named = mapping.as_object_mut().and_then(|members| members.remove("IdentityProvider"));
                    (named.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_else(|| key.clone()), mapping)
                })
                .collect();
            input.insert("RoleMappings".to_owned(), Value::Object(mappings));
        }
        execute(core, "SetIdentityPoolRoles", Input(&Value::Object(input))).map(drop)
    }
}

impl Kind for RoleAttachment {
    const NAME: &'static str = "AWS::Cognito::IdentityPoolRoleAttachment";
    const PROPERTIES: &'static [&'static str] = &["IdentityPoolId", "Roles", "RoleMappings"];
    const REQUIRED: &'static [&'static str] = &["IdentityPoolId"];
    const CREATE_ONLY: &'static [&'static str] = &["IdentityPoolId"];
    const ATTRIBUTES: &'static [&'static str] = &["Id"];

    fn create(core: &Core, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        Self::attach(core, request)?;
        let id = request.generated_name(&*core.shared.ids, 128);
        let attributes = BTreeMap::from([("Id".to_owned(), json!(id))]);
        Ok(Provisioned { physical_id: id, attributes })
    }

    fn update(core: &Core, current: &Provisioned, request: &ResourceRequest) -> Result<Provisioned, ApiError> {
        Self::attach(core, request)?;
        Ok(current.clone())
    }

    fn delete(core: &Core, _current: &Provisioned, request: &ResourceRequest) -> Result<(), ApiError> {
        let pool = request.text("IdentityPoolId").unwrap_or_default();
        execute(core, "SetIdentityPoolRoles", Input(&json!({ "IdentityPoolId": pool, "Roles": {} }))).map(drop)
    }
}
