//! IAM's actions, in the words of its API reference.

use serde_json::{Map, Value, json};

use super::policy::{Policy, PolicyKind};
use super::roles::{ManagedPolicy, Role, Roles, document_text, invalid, missing};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::percent;
use crate::cloud::service::{ApiCall, ApiError, ApiReply, Permission, Shared};

/// What a caller must be allowed.
pub(super) fn permission(shared: &Shared, call: &ApiCall) -> Permission {
    let name = |field: &str| call.input.get(field).and_then(Value::as_str);
    let resource = match (name("RoleName"), name("PolicyArn"), name("PolicyName")) {
        (Some(role), _, _) => format!("arn:aws:iam::{}:role/{role}", shared.account),
        (_, Some(arn), _) => arn.to_owned(),
        (_, _, Some(policy)) => format!("arn:aws:iam::{}:policy/{policy}", shared.account),
        _ => "*".to_owned(),
    };
    Permission::new(format!("iam:{}", call.action), resource)
}

/// Carries out an action.
pub(super) fn answer(roles: &Roles, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let input = Input(&call.input);
    match call.action.as_str() {
        "CreateRole" => create_role(roles, &input),
        "GetRole" => roles.role(input.text("RoleName")?).map(|role| reply(json!({"Role": role_json(&role)}))),
        "ListRoles" => Ok(list_roles(roles, &input)),
        "DeleteRole" => roles.delete(input.text("RoleName")?).map(done),
        "UpdateRole" => update_role(roles, &input),
        "UpdateAssumeRolePolicy" => {
            let document = input.text("PolicyDocument")?;
            Policy::parse_text(document, PolicyKind::Trust)?;
            let change = |role: &mut Role| {
                document.clone_into(&mut role.trust);
                Ok(())
            };
            roles.change(input.text("RoleName")?, change).map(done)
        }
        "PutRolePolicy" => roles
            .put_inline(input.text("RoleName")?, input.text("PolicyName")?, input.text("PolicyDocument")?)
            .map(done),
        "GetRolePolicy" => get_role_policy(roles, &input),
        "ListRolePolicies" => {
            let role = roles.role(input.text("RoleName")?)?;
            let names: Vec<&String> = role.inline.keys().collect();
            Ok(reply(json!({"PolicyNames": names, "IsTruncated": false})))
        }
        "DeleteRolePolicy" => roles.drop_inline(input.text("RoleName")?, input.text("PolicyName")?).map(done),
        "AttachRolePolicy" => roles.attach(input.text("RoleName")?, input.text("PolicyArn")?).map(done),
        "DetachRolePolicy" => roles.detach(input.text("RoleName")?, input.text("PolicyArn")?).map(done),
        "ListAttachedRolePolicies" => {
            let attached = roles.role(input.text("RoleName")?)?.attached;
            let item =
                |arn: &String| json!({"PolicyName": arn.rsplit('/').next().unwrap_or_default(), "PolicyArn": arn});
            let items: Vec<Value> = attached.iter().map(item).collect();
            Ok(reply(json!({"AttachedPolicies": items, "IsTruncated": false})))
        }
        "TagRole" | "UntagRole" => tag_role(roles, &input, call.action == "TagRole"),
        "ListRoleTags" => {
            let role = roles.role(input.text("RoleName")?)?;
            Ok(reply(json!({"Tags": tags_json(&role.tags), "IsTruncated": false})))
        }
        _ => policy_answer(roles, &input, &call.action),
    }
}

fn policy_answer(roles: &Roles, input: &Input<'_>, action: &str) -> Result<ApiReply, ApiError> {
    match action {
        "CreatePolicy" => {
            let policy = roles.create_policy(ManagedPolicy {
                name: input.text("PolicyName")?.to_owned(),
                path: input.optional("Path").unwrap_or("/").to_owned(),
                document: input.text("PolicyDocument")?.to_owned(),
                description: input.optional("Description").map(str::to_owned),
                ..ManagedPolicy::default()
            })?;
            Ok(reply(json!({"Policy": policy_json(roles, &policy)})))
        }
        "GetPolicy" => {
            let policy = roles.policy(input.text("PolicyArn")?)?;
            Ok(reply(json!({"Policy": policy_json(roles, &policy)})))
        }
        "GetPolicyVersion" => {
            let policy = roles.policy(input.text("PolicyArn")?)?;
            let version = input.text("VersionId")?;
            if version != format!("v{}", policy.version) {
                return Err(missing(format!("Policy {} version {version} does not exist.", policy.arn)));
            }
            Ok(reply(json!({"PolicyVersion": {
                "Document": percent::encode(&policy.document), "VersionId": version, "IsDefaultVersion": true,
                "CreateDate": iso_ms(policy.created_ms),
            }})))
        }
        "ListPolicies" => {
            let all = roles.policies.all();
            let items: Vec<Value> = all.iter().map(|(_, policy)| policy_json(roles, policy)).collect();
            Ok(reply(json!({"Policies": items, "IsTruncated": false})))
        }
        "DeletePolicy" => roles.delete_policy(input.text("PolicyArn")?).map(done),
        other => Err(ApiError::not_built("iam", other)),
    }
}

fn create_role(roles: &Roles, input: &Input<'_>) -> Result<ApiReply, ApiError> {
    if input.optional("PermissionsBoundary").is_some() {
        return Err(ApiError::not_built("iam", "CreateRole with PermissionsBoundary"));
    }
    let role = roles.create(Role {
        name: input.text("RoleName")?.to_owned(),
        path: input.optional("Path").unwrap_or("/").to_owned(),
        trust: input.text("AssumeRolePolicyDocument")?.to_owned(),
        description: input.optional("Description").map(str::to_owned),
        longest_session_s: input.number("MaxSessionDuration")?.unwrap_or(3600),
        tags: tags(input.0.get("Tags")),
        ..Role::default()
    })?;
    Ok(reply(json!({"Role": role_json(&role)})))
}

fn update_role(roles: &Roles, input: &Input<'_>) -> Result<ApiReply, ApiError> {
    let seconds = input.number("MaxSessionDuration")?;
    if seconds.is_some_and(|seconds| !(3600..=43_200).contains(&seconds)) {
        return Err(invalid("MaxSessionDuration must be between 3600 and 43200".to_owned()));
    }
    roles.change(input.text("RoleName")?, |role| {
        role.longest_session_s = seconds.unwrap_or(role.longest_session_s);
        if let Some(description) = input.optional("Description") {
            role.description = Some(description.to_owned());
        }
        Ok(())
    })?;
    Ok(reply(json!({})))
}

fn list_roles(roles: &Roles, input: &Input<'_>) -> ApiReply {
    let prefix = input.optional("PathPrefix").unwrap_or("/");
    let all = roles.rows.all();
    let items: Vec<Value> =
        all.iter().filter(|(_, role)| role.path.starts_with(prefix)).map(|(_, role)| role_json(role)).collect();
    reply(json!({"Roles": items, "IsTruncated": false}))
}

fn get_role_policy(roles: &Roles, input: &Input<'_>) -> Result<ApiReply, ApiError> {
    let (role, name) = (roles.role(input.text("RoleName")?)?, input.text("PolicyName")?);
    let document =
        role.inline.get(name).ok_or_else(|| missing(format!("The role policy with name {name} cannot be found.")))?;
    Ok(reply(json!({
        "RoleName": role.name, "PolicyName": name, "PolicyDocument": percent::encode(document),
    })))
}

fn tag_role(roles: &Roles, input: &Input<'_>, add: bool) -> Result<ApiReply, ApiError> {
    let new = tags(input.0.get("Tags"));
    let keys: Vec<String> = if add {
        new.iter().map(|(key, _)| key.clone()).collect()
    } else {
        let keys = input.0.get("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
        keys.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    roles.change(input.text("RoleName")?, |role| {
        role.tags.retain(|(key, _)| !keys.contains(key));
        role.tags.extend(new);
        Ok(())
    })?;
    Ok(done(()))
}

/// `Key` and `Value` pairs.
pub(super) fn tags(value: Option<&Value>) -> Vec<(String, String)> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |item: &Value, name: &str| item.get(name).map(document_text);
    items.iter().filter_map(|item| Some((text(item, "Key")?, text(item, "Value").unwrap_or_default()))).collect()
}

fn tags_json(tags: &[(String, String)]) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn role_json(role: &Role) -> Value {
    let mut fields = Map::new();
    fields.insert("Path".to_owned(), json!(role.path));
    fields.insert("RoleName".to_owned(), json!(role.name));
    fields.insert("RoleId".to_owned(), json!(role.id));
    fields.insert("Arn".to_owned(), json!(role.arn));
    fields.insert("CreateDate".to_owned(), json!(iso_ms(role.created_ms)));
    // IAM gives documents percent-encoded.
    fields.insert("AssumeRolePolicyDocument".to_owned(), json!(percent::encode(&role.trust)));
    fields.insert("Description".to_owned(), json!(role.description));
    fields.insert("MaxSessionDuration".to_owned(), json!(role.longest_session_s));
    if !role.tags.is_empty() {
        fields.insert("Tags".to_owned(), json!(tags_json(&role.tags)));
    }
    Value::Object(fields)
}

fn policy_json(roles: &Roles, policy: &ManagedPolicy) -> Value {
    json!({
        "PolicyName": policy.name, "PolicyId": policy.id, "Arn": policy.arn, "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.version), "AttachmentCount": roles.attached_to(&policy.arn).len(),
        "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "Description": policy.description,
        "CreateDate": iso_ms(policy.created_ms), "UpdateDate": iso_ms(policy.created_ms),
    })
}

fn reply(value: Value) -> ApiReply {
    ApiReply::json(value)
}

fn done((): ()) -> ApiReply {
    ApiReply::empty_json()
}

/// The input of a call.
struct Input<'a>(&'a Value);

impl Input<'_> {
    fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            let member = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
            invalid(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not \
                 be null"
            ))
        })
    }

    fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let bad = |_| invalid(format!("{name} must be a whole number"));
        self.optional(name).map(str::parse).transpose().map_err(bad)
    }
}
