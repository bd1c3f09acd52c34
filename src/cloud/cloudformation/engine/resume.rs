//! Stacks that were moving when the cloud went down.
//!
//! The rule: what was being made or changed is taken back, what was being deleted, cleaned up or taken back goes on to
//! its end. A resource whose creation was cut short may exist without our knowing its id; it is reported by name as
//! `CREATE_FAILED`. Nested stacks follow their outermost stack.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Engine;
use crate::cloud::cloudformation::record::{OnFailure, Status};

/// The reason of the events.
const REASON: &str = "The embedded cloud was stopped during the operation";

impl Engine {
    /// Marks what was cut short, and gives the stacks that have to be brought to an end.
    pub(in crate::cloud) fn interrupted(&self) -> Vec<(String, Status)> {
        let moving: Vec<(String, Status, bool)> = {
            let memory = self.model.memory();
            let busy = memory.stacks.values().filter(|stack| stack.status.is_busy());
            busy.map(|stack| (stack.id.clone(), stack.status, stack.parent.is_none())).collect()
        };
        for (id, ..) in &moving {
            let cut: Vec<(String, String, Status)> = {
                let memory = self.model.memory();
                let resources = memory.stacks.get(id).into_iter().flat_map(|stack| stack.resources.values());
                let cut = resources.filter_map(|record| {
                    let failed = match record.status {
                        Status::CreateInProgress => Status::CreateFailed,
                        Status::UpdateInProgress => Status::UpdateFailed,
                        _ => return None,
                    };
                    Some((record.logical_id.clone(), record.kind.clone(), failed))
                });
                cut.collect()
            };
            for (logical_id, kind, failed) in cut {
                self.model.resource_event(id, (&logical_id, &kind), (failed, Some(REASON)), |_| {});
            }
        }
        moving.into_iter().filter(|(_, _, is_root)| *is_root).map(|(id, status, _)| (id, status)).collect()
    }

    /// Brings one of the [`interrupted`](Self::interrupted) stacks to an end.
    pub(in crate::cloud) async fn resume(self: Arc<Self>, stack_id: String, status: Status) {
        match status {
            Status::CreateInProgress => {
                let on_failure = self.model.with_stack(&stack_id, |stack| stack.on_failure).unwrap_or_default();
                match on_failure {
                    OnFailure::DoNothing => self.model.stack_event(&stack_id, Status::CreateFailed, Some(REASON)),
                    OnFailure::Rollback | OnFailure::Delete => {
                        self.model.stack_event(&stack_id, Status::RollbackInProgress, Some(REASON));
                        self.roll_back_creation(&stack_id).await;
                    }
                }
            }
            Status::RollbackInProgress => self.roll_back_creation(&stack_id).await,
            Status::DeleteInProgress => {
                let _ = self.delete_stack(stack_id, BTreeSet::new()).await;
            }
            Status::UpdateInProgress => {
                self.model.stack_event(&stack_id, Status::UpdateRollbackInProgress, Some(REASON));
                self.roll_back_update(stack_id).await;
            }
            Status::UpdateRollbackInProgress => self.roll_back_update(stack_id).await,
            Status::UpdateCleanup => self.clean_up(stack_id).await,
            Status::UpdateRollbackCleanup => {
                self.clear_leftovers(&stack_id).await;
                self.model.stack_event(&stack_id, Status::UpdateRollbackComplete, None);
            }
            _ => {}
        }
    }
}
