//! The two ends of an update: the cleanup when it succeeded, the way back when it failed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Engine;
use crate::base::BoxFuture;
use crate::cfn::{DeletionPolicy, Template};
use crate::cloud::cloudformation::model::STACK_KIND;
use crate::cloud::cloudformation::record::{Leftover, Made, ResourceRecord, Status, Touched};
use crate::cloud::service::ResourceRequest;

impl Engine {
    /// Ends an update that succeeded (`UPDATE_COMPLETE_CLEANUP_IN_PROGRESS`): deletes what was replaced and removed,
    /// here and in nested stacks.
    pub(in crate::cloud) fn clean_up(self: Arc<Self>, stack_id: String) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let ready = self.current(&stack_id);
            let wanted: BTreeSet<String> = match &ready {
                Ok(ready) => ready.active().map(|(id, _)| id.to_owned()).collect(),
                // A definition that was deployed can be read; if not, nothing is deleted.
                Err(_) => self.records(&stack_id).into_iter().map(|record| record.logical_id).collect(),
            };
            let before = self.template_before(&stack_id);
            let mut leftovers = Vec::new();
            let mut nested = Vec::new();
            let mut removed = Vec::new();
            for record in backwards(self.records(&stack_id), &before) {
                if !wanted.contains(&record.logical_id) {
                    removed.push(record.logical_id.clone());
                    if let Some(made) = record.made {
                        let retain = keeps(policy(&before, &record.logical_id).0);
                        leftovers.push(Leftover { logical_id: record.logical_id, made, retain });
                    }
                    continue;
                }
                match record.touched {
                    Some(Touched::Replaced(made)) => {
                        let retain = keeps(policy(&before, &record.logical_id).1);
                        leftovers.push(Leftover { logical_id: record.logical_id, made, retain });
                    }
                    Some(Touched::Updated(made)) if made.kind == STACK_KIND => {
                        nested.push(made.provisioned.physical_id);
                    }
                    _ => {}
                }
            }
            // What is left to do is written before the marks of the update go.
            self.model.change_stack(&stack_id, |stack| stack.leftovers.extend(leftovers));
            for id in removed {
                self.model.remove_resource(&stack_id, &id);
            }
            for child in nested {
                let waiting = self.model.memory().stacks.get(&child).is_some_and(|c| c.status == Status::UpdateCleanup);
                if waiting {
                    Arc::clone(&self).clean_up(child).await;
                }
            }
            self.unmark(&stack_id);
            self.clear_leftovers(&stack_id).await;
            self.model.change_stack(&stack_id, |stack| stack.before = None);
            self.model.stack_event(&stack_id, Status::UpdateComplete, None);
        })
    }

    /// Goes back to what the stack was before (`UPDATE_ROLLBACK_IN_PROGRESS`).
    pub(in crate::cloud) fn roll_back_update(self: Arc<Self>, stack_id: String) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let before = self.template_before(&stack_id);
            let mut failed = Vec::new();
            let mut records = backwards(self.records(&stack_id), &before);
            // Forwards: a resource goes back after those that it needs.
            records.reverse();
            for record in records {
                let Some(Touched::Updated(old)) = record.touched.clone() else { continue };
                if !self.restore(&stack_id, &record, old).await {
                    failed.push(record.logical_id);
                }
            }
            if !failed.is_empty() {
                let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
                self.model.stack_event(&stack_id, Status::UpdateRollbackFailed, Some(&reason));
                return;
            }
            self.finish_roll_back(&stack_id).await;
        })
    }

    async fn finish_roll_back(self: &Arc<Self>, stack_id: &str) {
        let after = self.current(stack_id).map(|ready| ready.template.clone()).unwrap_or_default();
        let mut leftovers = Vec::new();
        for record in backwards(self.records(stack_id), &after) {
            let names = (record.logical_id.as_str(), record.kind.as_str());
            let leftover = |made| Leftover { logical_id: record.logical_id.clone(), made, retain: false };
            match &record.touched {
                Some(Touched::Created) => leftovers.extend(record.made.clone().map(leftover)),
                Some(Touched::Replaced(old)) => {
                    leftovers.extend(record.made.clone().map(leftover));
                    let (kind, old) = (old.kind.clone(), old.clone());
                    let names = (names.0, kind.as_str());
                    self.model.resource_event(stack_id, names, (Status::UpdateComplete, None), |record| {
                        record.made = Some(old);
                    });
                }
                Some(Touched::Updated(_)) | None => {}
            }
        }
        self.model.change_stack(stack_id, |stack| {
            stack.leftovers.extend(leftovers);
            if let Some((definition, outputs)) = stack.before.take() {
                stack.definition = definition;
                stack.outputs = outputs;
            }
        });
        for record in self.records(stack_id).into_iter().filter(|record| record.touched == Some(Touched::Created)) {
            self.model.remove_resource(stack_id, &record.logical_id);
        }
        self.unmark(stack_id);
        self.model.stack_event(stack_id, Status::UpdateRollbackCleanup, None);
        self.clear_leftovers(stack_id).await;
        self.model.change_stack(stack_id, |stack| stack.cancelled = false);
        self.model.stack_event(stack_id, Status::UpdateRollbackComplete, None);
    }

    /// Takes one resource back to `old`.
    async fn restore(self: &Arc<Self>, stack_id: &str, record: &ResourceRecord, old: Made) -> bool {
        let kind = old.kind.clone();
        let names = (record.logical_id.as_str(), kind.as_str());
        self.model.resource_event(stack_id, names, (Status::UpdateInProgress, None), |_| {});
        let restored = if old.kind == STACK_KIND {
            Arc::clone(self).restore_nested(&old.provisioned.physical_id).await.map(|()| old.provisioned.clone())
        } else {
            let current = record.made.as_ref().unwrap_or(&old);
            let stack_name = self.model.with_stack(stack_id, |stack| stack.name.clone()).unwrap_or_default();
            let request = ResourceRequest {
                stack_name,
                logical_id: record.logical_id.clone(),
                properties: old.properties.clone(),
                previous: Some(current.properties.clone()),
                tags: old.tags.clone(),
            };
            match self.handler(&old.kind) {
                Some(handler) => handler.update(&current.provisioned, &request).await.map_err(|error| error.0),
                None => Err(format!("Resource type {} is not supported by the embedded cloud", old.kind)),
            }
        };
        match restored {
            Ok(provisioned) => {
                self.model.resource_event(stack_id, names, (Status::UpdateComplete, None), |record| {
                    record.made = Some(Made { provisioned, ..old });
                    record.touched = None;
                });
                true
            }
            Err(reason) => {
                self.model.resource_event(stack_id, names, (Status::UpdateFailed, Some(&reason)), |_| {});
                false
            }
        }
    }

    fn records(&self, stack_id: &str) -> Vec<ResourceRecord> {
        let memory = self.model.memory();
        memory.stacks.get(stack_id).into_iter().flat_map(|stack| stack.resources.values().cloned()).collect()
    }

    /// The template of the stack before the update.
    fn template_before(&self, stack_id: &str) -> Template {
        let body =
            self.model.memory().stacks.get(stack_id).and_then(|stack| Some(stack.before.as_ref()?.0.body.clone()));
        body.and_then(|body| crate::cfn::parse(&body, "template").ok()).unwrap_or_default()
    }

    fn unmark(&self, stack_id: &str) {
        for record in self.records(stack_id).into_iter().filter(|record| record.touched.is_some()) {
            self.model.change_resource(stack_id, &record.logical_id, |record| record.touched = None);
        }
    }
}

/// Deletion and replacement policy of a resource.
fn policy(template: &Template, id: &str) -> (DeletionPolicy, DeletionPolicy) {
    let resource = template.resources.get(id);
    resource.map(|resource| (resource.deletion, resource.update_replace)).unwrap_or_default()
}

fn keeps(policy: DeletionPolicy) -> bool {
    matches!(policy, DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)
}

/// Each record before those that it needs.
fn backwards(mut records: Vec<ResourceRecord>, template: &Template) -> Vec<ResourceRecord> {
    let order = crate::cfn::Graph::new(template).order().unwrap_or_default();
    let position = |id: &str| order.iter().position(|other| other.as_str() == id).unwrap_or(usize::MAX);
    records.sort_by_key(|record| std::cmp::Reverse(position(&record.logical_id)));
    records
}
