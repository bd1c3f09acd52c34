//! One resource of a stack on its way: made, changed, replaced, or left as it is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::Engine;
use crate::base::BoxFuture;
use crate::cfn::EvaluateError;
use crate::cfn::change::differing_paths;
use crate::cloud::cloudformation::dynamic;
use crate::cloud::cloudformation::model::STACK_KIND;
use crate::cloud::cloudformation::prepare::Ready;
use crate::cloud::cloudformation::record::{Made, Status, Touched};
use crate::cloud::service::{Provisioned, ResourceHandler, ResourceRequest};

/// One deployment of a stack, shared by its steps.
pub(super) struct Deployment {
    pub stack_id: String,
    pub stack_name: String,
    pub ready: Ready,
    /// Resources whose end is no longer told: something else failed while they were on their way.
    pub silenced: Mutex<BTreeSet<String>>,
}

impl Deployment {
    fn is_silenced(&self, id: &str) -> bool {
        self.silenced.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

/// What is to be done to a resource that may exist.
enum Plan {
    Create,
    Update(Made),
    Replace(Made),
    Keep,
}

impl Engine {
    /// Brings one resource to what the deployment wants. `false` when that failed; the failure has been told.
    pub(super) fn step(self: Arc<Self>, deployment: Arc<Deployment>, id: String) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            let kind = deployment.ready.template.resources[id.as_str()].kind.to_string();
            let made = {
                let memory = self.model.memory();
                memory.stacks.get(&deployment.stack_id).and_then(|stack| stack.resources.get(&id)?.made.clone())
            };
            let properties = match self.properties(&deployment, &id) {
                Ok(properties) => properties,
                Err(reason) => {
                    let status = if made.is_some() { Status::UpdateFailed } else { Status::CreateFailed };
                    self.tell_failure(&deployment, (&id, &kind), status, &reason);
                    return false;
                }
            };
            if kind == STACK_KIND {
                return self.nested_step(&deployment, &id, properties, made).await;
            }
            match self.plan_step(&deployment, &kind, &properties, made) {
                Plan::Keep => true,
                Plan::Create => self.create(&deployment, (&id, &kind), properties).await,
                Plan::Update(old) => self.update(&deployment, (&id, &kind), properties, old).await,
                Plan::Replace(old) => self.replace(&deployment, (&id, &kind), properties, old).await,
            }
        })
    }

    /// The evaluated properties, or why they cannot be evaluated, in AWS's words.
    fn properties(&self, deployment: &Deployment, id: &str) -> Result<Value, String> {
        let memory = self.model.memory();
        let Some(stack) = memory.stacks.get(&deployment.stack_id) else { return Err("the stack is gone".to_owned()) };
        let value = &deployment.ready.template.resources[id].properties;
        let properties = self.evaluate(&memory, stack, &deployment.ready, value).map_err(|error| match error {
            EvaluateError::UnknownExport(name) => format!("No export named {name} found"),
            other => other.to_string(),
        })?;
        drop(memory);
        dynamic::plain(&*self.values, properties)
    }

    fn plan_step(&self, deployment: &Deployment, kind: &str, properties: &Value, made: Option<Made>) -> Plan {
        let Some(old) = made else { return Plan::Create };
        if old.kind != kind {
            return Plan::Replace(old);
        }
        let changed = differing_paths(&old.properties, properties);
        let handler = self.handler(kind);
        let create_only = handler.map(ResourceHandler::create_only).unwrap_or_default();
        let top = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
        if changed.iter().map(top).any(|name| create_only.contains(&name.as_str())) {
            return Plan::Replace(old);
        }
        let takes_tags = handler.is_some_and(|handler| takes_tags(handler.properties()));
        if !changed.is_empty() || (takes_tags && old.tags != deployment.ready.definition.tags) {
            return Plan::Update(old);
        }
        Plan::Keep
    }

    /// What a resource's service is asked, with the secrets that the properties refer to.
    pub(super) fn request(
        &self,
        deployment: &Deployment,
        id: &str,
        properties: Value,
    ) -> Result<ResourceRequest, String> {
        Ok(ResourceRequest {
            stack_name: deployment.stack_name.clone(),
            logical_id: id.to_owned(),
            properties: dynamic::secret(&*self.values, properties)?,
            previous: None,
            tags: deployment.ready.definition.tags.clone(),
        })
    }

    /// Has a new resource made.
    async fn make(
        &self,
        deployment: &Deployment,
        (id, kind): (&str, &str),
        properties: Value,
    ) -> Result<Provisioned, String> {
        let request = self.request(deployment, id, properties)?;
        match self.handler(kind) {
            Some(handler) => handler.create(&request).await.map_err(|error| error.0),
            None => Err(format!("Resource type {kind} is not supported by the embedded cloud")),
        }
    }

    async fn create(&self, deployment: &Deployment, (id, kind): (&str, &str), properties: Value) -> bool {
        let stack_id = &deployment.stack_id;
        self.model.resource_event(stack_id, (id, kind), (Status::CreateInProgress, None), |record| {
            record.touched = Some(Touched::Created);
        });
        match self.make(deployment, (id, kind), properties.clone()).await {
            Ok(provisioned) => {
                let made = Self::made(deployment, kind, provisioned, properties);
                let initiated = (Status::CreateInProgress, Some("Resource creation Initiated"));
                self.tell(deployment, (id, kind), initiated, Status::CreateComplete, made)
            }
            Err(reason) => {
                self.tell_failure(deployment, (id, kind), Status::CreateFailed, &reason);
                false
            }
        }
    }

    async fn update(&self, deployment: &Deployment, (id, kind): (&str, &str), properties: Value, old: Made) -> bool {
        let stack_id = &deployment.stack_id;
        let before = old.clone();
        self.model.resource_event(stack_id, (id, kind), (Status::UpdateInProgress, None), |record| {
            record.touched = Some(Touched::Updated(before));
        });
        let updated = match (self.request(deployment, id, properties.clone()), self.handler(kind)) {
            (Err(reason), _) => Err(reason),
            (Ok(mut request), Some(handler)) => {
                request.previous = Some(old.properties.clone());
                handler.update(&old.provisioned, &request).await.map_err(|error| error.0)
            }
            (Ok(_), None) => Err(format!("Resource type {kind} is not supported by the embedded cloud")),
        };
        match updated {
            Ok(provisioned) => {
                let made = Self::made(deployment, kind, provisioned, properties);
                self.finish(deployment, (id, kind), Status::UpdateComplete, made)
            }
            Err(reason) => {
                self.tell_failure(deployment, (id, kind), Status::UpdateFailed, &reason);
                false
            }
        }
    }

    async fn replace(&self, deployment: &Deployment, (id, kind): (&str, &str), properties: Value, old: Made) -> bool {
        let stack_id = &deployment.stack_id;
        let reason = "Requested update requires the creation of a new physical resource; hence creating one.";
        self.model.resource_event(stack_id, (id, kind), (Status::UpdateInProgress, Some(reason)), |_| {});
        match self.make(deployment, (id, kind), properties.clone()).await {
            Ok(provisioned) => {
                let made = Self::made(deployment, kind, provisioned, properties);
                // Both at once: a kill between them would take the old one for the new one.
                let new = made.clone();
                self.model.change_resource(stack_id, id, |record| {
                    record.touched = Some(Touched::Replaced(old));
                    record.made = Some(new);
                });
                let initiated = (Status::UpdateInProgress, Some("Resource creation Initiated"));
                self.tell(deployment, (id, kind), initiated, Status::UpdateComplete, made)
            }
            Err(reason) => {
                // A name that the template fixes is still taken by the old resource.
                let name = &old.provisioned.physical_id;
                let fixed = properties.as_object().is_some_and(|map| map.values().any(|value| value == name.as_str()));
                let reason = if fixed && old.kind == kind {
                    format!(
                        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename \
                         {name} and update the stack again."
                    )
                } else {
                    reason
                };
                self.tell_failure(deployment, (id, kind), Status::UpdateFailed, &reason);
                false
            }
        }
    }

    pub(super) fn made(deployment: &Deployment, kind: &str, provisioned: Provisioned, properties: Value) -> Made {
        let tags = deployment.ready.definition.tags.clone();
        Made { kind: kind.to_owned(), provisioned, properties, tags }
    }

    /// The resource exists: tells that, and then that it is complete.
    fn tell(
        &self,
        deployment: &Deployment,
        (id, kind): (&str, &str),
        initiated: (Status, Option<&str>),
        complete: Status,
        made: Made,
    ) -> bool {
        if !deployment.is_silenced(id) {
            let made = made.clone();
            self.model.resource_event(&deployment.stack_id, (id, kind), initiated, |record| record.made = Some(made));
        }
        self.finish(deployment, (id, kind), complete, made)
    }

    pub(super) fn finish(&self, deployment: &Deployment, names: (&str, &str), status: Status, made: Made) -> bool {
        if deployment.is_silenced(names.0) {
            // Its end was told as cancelled; what was made is kept in mind for the way back.
            self.model.change_resource(&deployment.stack_id, names.0, |record| record.made = Some(made));
        } else {
            self.model.resource_event(&deployment.stack_id, names, (status, None), |record| record.made = Some(made));
        }
        true
    }

    pub(super) fn tell_failure(&self, deployment: &Deployment, names: (&str, &str), status: Status, reason: &str) {
        if !deployment.is_silenced(names.0) {
            self.model.resource_event(&deployment.stack_id, names, (status, Some(reason)), |_| {});
        }
    }

    /// Tells that what is still on its way no longer counts.
    pub(super) fn silence(&self, deployment: &Deployment, running: &BTreeSet<String>) {
        for id in running {
            let mut silenced = deployment.silenced.lock().unwrap_or_else(PoisonError::into_inner);
            if !silenced.insert(id.clone()) {
                continue;
            }
            drop(silenced);
            let status = {
                let memory = self.model.memory();
                let record = memory.stacks.get(&deployment.stack_id).and_then(|stack| stack.resources.get(id));
                record.map(|record| record.status)
            };
            let kind = deployment.ready.template.resources[id.as_str()].kind.as_str();
            let told = match status {
                Some(Status::CreateInProgress) => (Status::CreateFailed, Some("Resource creation cancelled")),
                Some(Status::UpdateInProgress) => (Status::UpdateFailed, Some("Resource update cancelled")),
                _ => continue,
            };
            self.model.resource_event(&deployment.stack_id, (id, kind), told, |_| {});
        }
    }
}

/// Whether a type takes the tags of its stack.
pub(in crate::cloud::cloudformation) fn takes_tags(properties: &[&str]) -> bool {
    properties.iter().any(|name| matches!(*name, "Tags" | "UserPoolTags" | "IdentityPoolTags"))
}
