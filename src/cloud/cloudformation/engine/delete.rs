//! A stack, or what is left over of one, deleted: backwards, policies respected.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Engine;
use crate::base::BoxFuture;
use crate::cfn::{DeletionPolicy, Graph};
use crate::cloud::cloudformation::model::STACK_KIND;
use crate::cloud::cloudformation::record::{Leftover, Made, ResourceRecord, Status};
use crate::cloud::cloudformation::schedule::{self, AfterFailure, Waits, backwards};
use crate::cloud::service::ResourceRequest;

/// Whether a deletion takes back a creation, for `RetainExceptOnCreate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    Deletion,
    FailedCreation,
}

impl Engine {
    /// Deletes the stack, which is `DELETE_IN_PROGRESS`, except the resources in `retained`. The error is the reason of
    /// the failure.
    pub(in crate::cloud) fn delete_stack(
        self: Arc<Self>,
        stack_id: String,
        retained: BTreeSet<String>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            if let Some(reason) = self.export_in_use(&stack_id) {
                self.model.stack_event(&stack_id, Status::DeleteFailed, Some(&reason));
                return Err(reason);
            }
            self.clear_leftovers(&stack_id).await;
            let failed = self.delete_resources(&stack_id, &retained, Occasion::Deletion).await;
            if failed.is_empty() {
                self.model.change_stack(&stack_id, |stack| {
                    stack.outputs.clear();
                    stack.imports.clear();
                });
                self.model.stack_event(&stack_id, Status::DeleteComplete, None);
                return Ok(());
            }
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            self.model.stack_event(&stack_id, Status::DeleteFailed, Some(&reason));
            Err(reason)
        })
    }

    /// Takes back the creation of a stack, which is `ROLLBACK_IN_PROGRESS`.
    pub(super) async fn roll_back_creation(self: Arc<Self>, stack_id: &str) {
        let failed = self.delete_resources(stack_id, &BTreeSet::new(), Occasion::FailedCreation).await;
        if failed.is_empty() {
            self.model.stack_event(stack_id, Status::RollbackComplete, None);
        } else {
            let reason = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
            self.model.stack_event(stack_id, Status::RollbackFailed, Some(&reason));
        }
    }

    fn export_in_use(&self, stack_id: &str) -> Option<String> {
        let memory = self.model.memory();
        let stack = memory.stacks.get(stack_id)?;
        stack.outputs.iter().filter_map(|output| output.export.as_deref()).find_map(|name| {
            let user = memory.importers(name).into_iter().find(|user| *user != stack.name)?;
            Some(format!("Delete canceled. Cannot delete export {name} as it is in use by {user}."))
        })
    }

    /// Deletes every resource of a stack; returns those that could not be deleted.
    async fn delete_resources(
        self: &Arc<Self>,
        stack_id: &str,
        retained: &BTreeSet<String>,
        occasion: Occasion,
    ) -> Vec<String> {
        let template = self.current(stack_id).map(|ready| ready.template.clone()).unwrap_or_default();
        let graph = Graph::new(&template);
        let records: Vec<ResourceRecord> = {
            let memory = self.model.memory();
            let resources = memory.stacks.get(stack_id).into_iter().flat_map(|stack| stack.resources.values());
            resources.filter(|record| record.status != Status::DeleteComplete).cloned().collect()
        };
        let ids: BTreeSet<&str> = records.iter().map(|record| record.logical_id.as_str()).collect();
        let needs = |id: &str| -> BTreeSet<String> {
            graph.needs(id).map(ToString::to_string).filter(|need| ids.contains(need.as_str())).collect()
        };
        let waits: Waits = ids.iter().map(|id| ((*id).to_owned(), needs(id))).collect();
        let keeps = |id: &str| {
            let policy = template.resources.get(id).map(|resource| resource.deletion).unwrap_or_default();
            retained.contains(id)
                || match policy {
                    DeletionPolicy::Retain => true,
                    DeletionPolicy::RetainExceptOnCreate => occasion == Occasion::Deletion,
                    DeletionPolicy::Delete | DeletionPolicy::Snapshot => false,
                }
        };
        let start = |id: &str| -> BoxFuture<'static, bool> {
            let record = records.iter().find(|record| record.logical_id == id).cloned();
            let (engine, stack_id, keep) = (Arc::clone(self), stack_id.to_owned(), keeps(id));
            Box::pin(async move {
                match record {
                    Some(record) => engine.delete_resource(&stack_id, record, keep).await,
                    None => true,
                }
            })
        };
        schedule::run(&backwards(&waits), AfterFailure::GoOn, start, |_, _| {}).await
    }

    async fn delete_resource(self: &Arc<Self>, stack_id: &str, record: ResourceRecord, keep: bool) -> bool {
        let names = (record.logical_id.as_str(), record.kind.as_str());
        let Some(made) = record.made else {
            self.model.resource_event(stack_id, names, (Status::DeleteComplete, None), |record| record.touched = None);
            return true;
        };
        if keep {
            self.model.resource_event(stack_id, names, (Status::DeleteSkipped, None), |record| record.touched = None);
            return true;
        }
        self.model.resource_event(stack_id, names, (Status::DeleteInProgress, None), |_| {});
        match self.destroy(stack_id, names.0, made).await {
            Ok(()) => {
                self.model.resource_event(stack_id, names, (Status::DeleteComplete, None), |record| {
                    record.touched = None;
                    record.made = None;
                });
                true
            }
            Err(reason) => {
                self.model.resource_event(stack_id, names, (Status::DeleteFailed, Some(&reason)), |_| {});
                false
            }
        }
    }

    /// Deletes one physical resource.
    async fn destroy(self: &Arc<Self>, stack_id: &str, id: &str, made: Made) -> Result<(), String> {
        if made.kind == STACK_KIND {
            return self.destroy_nested(&made.provisioned.physical_id).await;
        }
        let Some(handler) = self.handler(&made.kind) else {
            return Err(format!("Resource type {} is not supported by the embedded cloud", made.kind));
        };
        let stack_name = self.model.with_stack(stack_id, |stack| stack.name.clone()).unwrap_or_default();
        let request = ResourceRequest {
            stack_name,
            logical_id: id.to_owned(),
            properties: made.properties.clone(),
            previous: None,
            tags: made.tags.clone(),
        };
        handler.delete(&made.provisioned, &request).await.map_err(|error| error.0)
    }

    /// Deletes what an update left over. A failure is told and leaves the resource behind, as in AWS.
    pub(super) async fn clear_leftovers(self: &Arc<Self>, stack_id: &str) {
        loop {
            let next: Option<Leftover> =
                self.model.with_stack(stack_id, |stack| stack.leftovers.first().cloned()).flatten();
            let Some(leftover) = next else { return };
            let Leftover { logical_id, made, retain } = leftover;
            let (kind, physical) = (made.kind.clone(), made.provisioned.physical_id.clone());
            let names = (logical_id.as_str(), kind.as_str(), physical.as_str());
            if retain {
                self.model.leftover_event(stack_id, names, (Status::DeleteSkipped, None));
            } else {
                self.model.leftover_event(stack_id, names, (Status::DeleteInProgress, None));
                match self.destroy(stack_id, &logical_id, made).await {
                    Ok(()) => self.model.leftover_event(stack_id, names, (Status::DeleteComplete, None)),
                    Err(reason) => {
                        self.model.leftover_event(stack_id, names, (Status::DeleteFailed, Some(&reason)));
                    }
                }
            }
            self.model.change_stack(stack_id, |stack| {
                if !stack.leftovers.is_empty() {
                    stack.leftovers.remove(0);
                }
            });
        }
    }
}
