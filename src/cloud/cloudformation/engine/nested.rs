//! Nested stacks: a stack that is a resource of another one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::Engine;
use super::step::Deployment;
use crate::cfn::evaluate::scalar_text;
use crate::cloud::cloudformation::dynamic;
use crate::cloud::cloudformation::lookup::PENDING;
use crate::cloud::cloudformation::model::STACK_KIND;
use crate::cloud::cloudformation::parameters::{self, Given};
use crate::cloud::cloudformation::prepare::{Ready, read_template, refusal, refuse_unbuilt};
use crate::cloud::cloudformation::record::{Definition, Made, OnFailure, Stack, Status, Touched};
use crate::cloud::service::{ApiError, Provisioned};

/// The largest template that is read from a bucket (AWS CloudFormation User Guide, quotas).
const LARGEST_TEMPLATE_BYTES: usize = 1_048_576;

impl Engine {
    /// The text of a template at a URL.
    pub(in crate::cloud) fn read_url(&self, url: &str) -> Result<String, ApiError> {
        let Some((bucket, key)) = self.s3.locate(url) else {
            return Err(refusal(format!("S3 error: The URL {url} is not the address of an object in a bucket")));
        };
        let bytes = self.s3.read(&bucket, &key).map_err(|error| refusal(format!("S3 error: {}", error.message)))?;
        if bytes.len() > LARGEST_TEMPLATE_BYTES {
            return Err(refusal("Template may not exceed 1000000 bytes in size."));
        }
        String::from_utf8(bytes).map_err(|_| refusal("Template format error: the template is not UTF-8"))
    }

    /// What a nested stack with these evaluated properties is to be.
    pub(in crate::cloud) fn nested_definition(
        &self,
        properties: &Value,
        parent: &Definition,
    ) -> Result<Definition, ApiError> {
        refuse_unbuilt(properties, &["TimeoutInMinutes", "NotificationARNs"])?;
        let url = properties.get("TemplateURL").and_then(Value::as_str).unwrap_or_default();
        let body = self.read_url(url)?;
        let template = read_template(&body, &self.handlers)?;
        let mut given = IndexMap::new();
        for (name, value) in properties.get("Parameters").and_then(Value::as_object).into_iter().flatten() {
            let text = match value {
                Value::Array(list) => list.iter().filter_map(scalar_text).collect::<Vec<_>>().join(","),
                value => scalar_text(value).unwrap_or_default(),
            };
            given.insert(name.clone(), text);
        }
        let pending = given.values().any(|value| value == PENDING);
        let parameters = if pending {
            // Foretelling changes: what is not known cannot be checked yet.
            let mut values: IndexMap<String, String> = IndexMap::new();
            for (id, parameter) in &template.parameters {
                let value = given.get(id.as_str()).cloned().or_else(|| parameter.default.clone());
                values.insert(id.to_string(), value.unwrap_or_default());
            }
            values
        } else {
            let given = given.into_iter().map(|(name, value)| (name, Given::Value(value))).collect();
            parameters::settle(&template, &given, None)?
        };
        let resolved =
            if pending { IndexMap::new() } else { dynamic::of_parameters(&*self.values, &template, &parameters)? };
        let mut tags = parent.tags.clone();
        for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
            let part = |name: &str| tag.get(name).and_then(scalar_text).unwrap_or_default();
            tags.retain(|(key, _)| *key != part("Key"));
            tags.push((part("Key"), part("Value")));
        }
        Ok(Definition { body, parameters, resolved, tags, capabilities: parent.capabilities.clone() })
    }

    pub(super) async fn nested_step(
        self: &Arc<Self>,
        deployment: &Deployment,
        id: &str,
        properties: Value,
        made: Option<Made>,
    ) -> bool {
        let failed = if made.is_some() { Status::UpdateFailed } else { Status::CreateFailed };
        let definition = match self.nested_definition(&properties, &deployment.ready.definition) {
            Ok(definition) => definition,
            Err(error) => {
                self.tell_failure(deployment, (id, STACK_KIND), failed, &error.message);
                return false;
            }
        };
        match made {
            Some(old) if old.kind == STACK_KIND => {
                self.update_nested(deployment, id, properties, definition, old).await
            }
            _ => self.create_nested(deployment, id, properties, definition).await,
        }
    }

    async fn create_nested(
        self: &Arc<Self>,
        deployment: &Deployment,
        id: &str,
        properties: Value,
        definition: Definition,
    ) -> bool {
        let names = (id, STACK_KIND);
        let parent_id = &deployment.stack_id;
        let tail = self.shared.ids.short(12).to_uppercase();
        let room = 128_usize.saturating_sub(tail.len() + id.len() + 2);
        let name = format!("{}-{id}-{tail}", deployment.stack_name.chars().take(room).collect::<String>());
        let child_id = self.new_stack_id(&name);
        let begun = (Status::CreateInProgress, None);
        self.model.resource_event(parent_id, names, begun, |record| record.touched = Some(Touched::Created));
        let ready = match self.prepare(&definition, &self.facts(&child_id, &name)) {
            Ok(ready) => ready,
            Err(error) => {
                self.tell_failure(deployment, names, Status::CreateFailed, &error.message);
                return false;
            }
        };
        let child = self.new_nested(&child_id, &name, parent_id, definition);
        if let Err(error) = self.model.insert_stack(child) {
            self.tell_failure(deployment, names, Status::CreateFailed, &error.message);
            return false;
        }
        // The parent knows its child before the child has anything, so that nothing is lost by a kill.
        let provisioned = Provisioned { physical_id: child_id.clone(), attributes: BTreeMap::new() };
        let made = Self::made(deployment, STACK_KIND, provisioned, properties.clone());
        let initiated = (Status::CreateInProgress, Some("Resource creation Initiated"));
        self.model.resource_event(parent_id, names, initiated, |record| record.made = Some(made));
        self.model.stack_event(&child_id, Status::CreateInProgress, Some("User Initiated"));
        match Arc::clone(self).create_stack(child_id.clone(), ready).await {
            Ok(()) => {
                let made = Self::made(deployment, STACK_KIND, self.nested_provisioned(&child_id), properties);
                self.finish(deployment, names, Status::CreateComplete, made)
            }
            Err(reason) => {
                let reason = format!("Embedded stack {child_id} was not successfully created: {}", reason.trim_end());
                self.tell_failure(deployment, names, Status::CreateFailed, &reason);
                false
            }
        }
    }

    fn new_nested(&self, id: &str, name: &str, parent: &str, definition: Definition) -> Stack {
        let root = self.model.memory().stacks.get(parent).and_then(|stack| stack.root.clone());
        Stack {
            id: id.to_owned(),
            name: name.to_owned(),
            status: Status::CreateInProgress,
            reason: None,
            definition,
            outputs: Vec::new(),
            imports: Vec::new(),
            before: None,
            leftovers: Vec::new(),
            created_ms: self.shared.clock.now_ms(),
            updated_ms: None,
            deleted_ms: None,
            parent: Some(parent.to_owned()),
            root: root.or_else(|| Some(parent.to_owned())),
            change_set: None,
            protected: false,
            on_failure: OnFailure::Rollback,
            tokens: BTreeMap::new(),
            token: None,
            cancelled: false,
            resources: IndexMap::new(),
            events: Vec::new(),
        }
    }

    async fn update_nested(
        self: &Arc<Self>,
        deployment: &Deployment,
        id: &str,
        properties: Value,
        definition: Definition,
        old: Made,
    ) -> bool {
        let names = (id, STACK_KIND);
        let child_id = old.provisioned.physical_id.clone();
        let child_name = self.model.with_stack(&child_id, |stack| stack.name.clone()).unwrap_or_default();
        let ready: Ready = match self.prepare(&definition, &self.facts(&child_id, &child_name)) {
            Ok(ready) => ready,
            Err(error) => {
                self.tell_failure(deployment, names, Status::UpdateFailed, &error.message);
                return false;
            }
        };
        if !self.foretell(&child_id, &ready, 0).is_ok_and(|foretold| !foretold.has_changes()) {
            let before = old.clone();
            self.model.resource_event(&deployment.stack_id, names, (Status::UpdateInProgress, None), |record| {
                record.touched = Some(Touched::Updated(before));
            });
            self.begin_update(&child_id, definition, None);
            if let Err(reason) = Arc::clone(self).update_stack(child_id.clone(), ready).await {
                let reason = format!(
                    "Embedded stack {child_id} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS \
                     with reason: {}",
                    reason.trim_end()
                );
                self.tell_failure(deployment, names, Status::UpdateFailed, &reason);
                return false;
            }
            let made = Self::made(deployment, STACK_KIND, self.nested_provisioned(&child_id), properties);
            return self.finish(deployment, names, Status::UpdateComplete, made);
        }
        // The same stack by another address, perhaps: noted, without an event.
        let made = Self::made(deployment, STACK_KIND, self.nested_provisioned(&child_id), properties);
        self.model.change_resource(&deployment.stack_id, id, |record| record.made = Some(made));
        true
    }

    /// The stack begins an update to `definition`.
    pub(in crate::cloud) fn begin_update(&self, stack_id: &str, definition: Definition, token: Option<String>) {
        let now = self.shared.clock.now_ms();
        self.model.change_stack(stack_id, |stack| {
            let old = std::mem::replace(&mut stack.definition, definition);
            stack.before = Some((old, stack.outputs.clone()));
            stack.updated_ms = Some(now);
            stack.token = token;
            stack.cancelled = false;
        });
        self.model.stack_event(stack_id, Status::UpdateInProgress, Some("User Initiated"));
    }

    fn nested_provisioned(&self, child_id: &str) -> Provisioned {
        let memory = self.model.memory();
        let outputs = memory.stacks.get(child_id).into_iter().flat_map(|stack| &stack.outputs);
        let attributes =
            outputs.map(|output| (format!("Outputs.{}", output.key), Value::String(output.value.clone()))).collect();
        Provisioned { physical_id: child_id.to_owned(), attributes }
    }

    pub(super) async fn destroy_nested(self: &Arc<Self>, child_id: &str) -> Result<(), String> {
        let status = self.model.memory().stacks.get(child_id).map(|stack| stack.status);
        if status.is_none_or(|status| status == Status::DeleteComplete) {
            return Ok(());
        }
        self.model.stack_event(child_id, Status::DeleteInProgress, None);
        let deleted = Arc::clone(self).delete_stack(child_id.to_owned(), BTreeSet::new()).await;
        deleted
            .map_err(|reason| format!("Embedded stack {child_id} was not successfully deleted: {}", reason.trim_end()))
    }

    /// Takes a nested stack back to what it was before its parent's update.
    pub(super) async fn restore_nested(self: Arc<Self>, child_id: &str) -> Result<(), String> {
        let state = self.model.memory().stacks.get(child_id).map(|stack| (stack.status, stack.before.is_some()));
        match state {
            // It went back by itself, or never moved.
            None | Some((_, false)) => Ok(()),
            Some((_, true)) => {
                self.model.stack_event(child_id, Status::UpdateRollbackInProgress, None);
                Arc::clone(&self).roll_back_update(child_id.to_owned()).await;
                let status = self.model.memory().stacks.get(child_id).map(|stack| stack.status);
                if status == Some(Status::UpdateRollbackComplete) {
                    return Ok(());
                }
                Err(format!("Embedded stack {child_id} was not successfully rolled back"))
            }
        }
    }
}
