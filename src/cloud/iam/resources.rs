//! How CloudFormation makes roles and policies. Users, groups and permissions boundaries are refused by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::policy::{Policy, PolicyKind};
use super::roles::{ManagedPolicy, Role, Roles, document_text};
use super::wire::tags;
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The types of this service.
pub(super) fn handlers(roles: &Arc<Roles>) -> Vec<Box<dyn ResourceHandler>> {
    vec![
        Box::new(RoleType(Arc::clone(roles))),
        Box::new(InlinePolicyType(Arc::clone(roles))),
        Box::new(ManagedPolicyType(Arc::clone(roles))),
    ]
}

struct RoleType(Arc<Roles>);
struct InlinePolicyType(Arc<Roles>);
struct ManagedPolicyType(Arc<Roles>);

impl ResourceHandler for RoleType {
    fn kind(&self) -> &'static str {
        "AWS::IAM::Role"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "Policies",
            "RoleName",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["AssumeRolePolicyDocument"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Path", "RoleName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "RoleId"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let ids = &*self.0.shared.ids;
            let name = request.text("RoleName").unwrap_or_else(|| request.generated_name(ids, 64));
            let role = self.0.create(role_of(request, name)?)?;
            Ok(Provisioned {
                physical_id: role.name.clone(),
                attributes: BTreeMap::from([
                    ("Arn".to_owned(), json!(role.arn)),
                    ("RoleId".to_owned(), json!(role.id)),
                ]),
            })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let wanted = role_of(request, current.physical_id.clone())?;
            Policy::parse_text(&wanted.trust, PolicyKind::Trust)?;
            for document in wanted.inline.values() {
                Policy::parse_text(document, PolicyKind::Identity)?;
            }
            // What the template named before and names no more goes; what others attached stays.
            let previous = request.previous.as_ref();
            let gone_inline = names_of(previous, "Policies", "PolicyName");
            let gone_attached = list_of(previous.and_then(|properties| properties.get("ManagedPolicyArns")));
            self.0.change(&current.physical_id, |role| {
                role.inline.retain(|name, _| !gone_inline.contains(name));
                role.attached.retain(|arn| !gone_attached.contains(arn));
                role.inline.extend(wanted.inline);
                role.attached.extend(wanted.attached);
                role.attached.dedup();
                role.trust = wanted.trust;
                role.description = wanted.description;
                role.longest_session_s = wanted.longest_session_s;
                role.tags = wanted.tags;
                Ok(())
            })?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let own_inline = names_of(Some(&request.properties), "Policies", "PolicyName");
            let own_attached = list_of(request.property("ManagedPolicyArns"));
            let change = |role: &mut Role| {
                role.inline.retain(|name, _| !own_inline.contains(name));
                role.attached.retain(|arn| !own_attached.contains(arn));
                Ok(())
            };
            gone_is_fine(self.0.change(&current.physical_id, change))?;
            gone_is_fine(self.0.delete(&current.physical_id))
        })
    }
}

impl ResourceHandler for InlinePolicyType {
    fn kind(&self) -> &'static str {
        "AWS::IAM::Policy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["PolicyDocument", "PolicyName", "Roles"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument", "PolicyName", "Roles"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["PolicyName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request)?;
            let id = request.generated_name(&*self.0.shared.ids, 128);
            let attributes = BTreeMap::from([("Id".to_owned(), json!(id))]);
            Ok(Provisioned { physical_id: id, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request)?;
            let (name, now) = (request.text("PolicyName").unwrap_or_default(), list_of(request.property("Roles")));
            let before = list_of(request.previous.as_ref().and_then(|properties| properties.get("Roles")));
            for role in before.iter().filter(|role| !now.contains(role)) {
                gone_is_fine(self.0.drop_inline(role, &name))?;
            }
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        _current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let name = request.text("PolicyName").unwrap_or_default();
            for role in list_of(request.property("Roles")) {
                gone_is_fine(self.0.drop_inline(&role, &name))?;
            }
            Ok(())
        })
    }
}

impl InlinePolicyType {
    fn put(&self, request: &ResourceRequest) -> Result<(), ResourceError> {
        let name = request.text("PolicyName").unwrap_or_default();
        let document = request.property("PolicyDocument").map(document_text).unwrap_or_default();
        let roles = list_of(request.property("Roles"));
        if roles.is_empty() {
            return Err(ResourceError("At least one of [Groups,Roles,Users] must be non-empty.".to_owned()));
        }
        roles.iter().try_for_each(|role| Ok(self.0.put_inline(role, &name, &document)?))
    }
}

impl ResourceHandler for ManagedPolicyType {
    fn kind(&self) -> &'static str {
        "AWS::IAM::ManagedPolicy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Description", "ManagedPolicyName", "Path"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["AttachmentCount", "CreateDate", "DefaultVersionId", "PolicyArn", "PolicyId"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let ids = &*self.0.shared.ids;
            let policy = self.0.create_policy(ManagedPolicy {
                name: request.text("ManagedPolicyName").unwrap_or_else(|| request.generated_name(ids, 128)),
                path: request.text("Path").unwrap_or_else(|| "/".to_owned()),
                document: request.property("PolicyDocument").map(document_text).unwrap_or_default(),
                description: request.text("Description"),
                ..ManagedPolicy::default()
            })?;
            for role in list_of(request.property("Roles")) {
                self.0.attach(&role, &policy.arn)?;
            }
            Ok(self.provisioned(&policy))
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let arn = &current.physical_id;
            let mut policy = self.0.policy(arn)?;
            let document = request.property("PolicyDocument").map(document_text).unwrap_or_default();
            if document != policy.document {
                Policy::parse_text(&document, PolicyKind::Identity)?;
                policy.document = document;
                policy.version += 1;
                self.0.write_policy(&policy)?;
            }
            let now = list_of(request.property("Roles"));
            let before = list_of(request.previous.as_ref().and_then(|properties| properties.get("Roles")));
            for role in before.iter().filter(|role| !now.contains(role)) {
                gone_is_fine(self.0.detach(role, arn))?;
            }
            for role in &now {
                self.0.attach(role, arn)?;
            }
            Ok(self.provisioned(&policy))
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            for role in list_of(request.property("Roles")) {
                gone_is_fine(self.0.detach(&role, &current.physical_id))?;
            }
            gone_is_fine(self.0.delete_policy(&current.physical_id))
        })
    }
}

impl ManagedPolicyType {
    fn provisioned(&self, policy: &ManagedPolicy) -> Provisioned {
        let attributes = BTreeMap::from([
            ("AttachmentCount".to_owned(), json!(self.0.attached_to(&policy.arn).len())),
            ("CreateDate".to_owned(), json!(crate::base::clock::iso_ms(policy.created_ms))),
            ("DefaultVersionId".to_owned(), json!(format!("v{}", policy.version))),
            ("PolicyArn".to_owned(), json!(policy.arn)),
            ("PolicyId".to_owned(), json!(policy.id)),
        ]);
        Provisioned { physical_id: policy.arn.clone(), attributes }
    }
}

fn role_of(request: &ResourceRequest, name: String) -> Result<Role, ResourceError> {
    let mut inline = IndexMap::new();
    for policy in request.property("Policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        let (Some(name), Some(document)) =
            (policy.get("PolicyName").and_then(Value::as_str), policy.get("PolicyDocument"))
        else {
            return Err(ResourceError("Policies: each needs PolicyName and PolicyDocument".to_owned()));
        };
        inline.insert(name.to_owned(), document_text(document));
    }
    let longest = request.text("MaxSessionDuration").unwrap_or_else(|| "3600".to_owned());
    Ok(Role {
        name,
        path: request.text("Path").unwrap_or_else(|| "/".to_owned()),
        trust: request.property("AssumeRolePolicyDocument").map(document_text).unwrap_or_default(),
        description: request.text("Description"),
        longest_session_s: longest
            .parse()
            .map_err(|_| ResourceError("MaxSessionDuration must be a whole number".to_owned()))?,
        inline,
        attached: list_of(request.property("ManagedPolicyArns")),
        tags: tags(request.property("Tags")).into_iter().chain(request.tags.iter().cloned()).collect(),
        ..Role::default()
    })
}

/// The texts in a list.
fn list_of(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The names in a list of objects.
fn names_of(properties: Option<&Value>, list: &str, field: &str) -> Vec<String> {
    let items = properties.and_then(|properties| properties.get(list)).and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.get(field)?.as_str()).map(str::to_owned).collect()
}

fn gone_is_fine(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code != "NoSuchEntity" => Err(error.into()),
        _ => Ok(()),
    }
}
