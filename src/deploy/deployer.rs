//! From a bundle to a deployed stack: upload, change set, execution; and back to nothing.
//!
//! It never asks: what a change set would do is handed out before it is executed.

use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;

use super::artifacts::{self, Bucket, ObjectStore};
use super::error::DeployError;
use super::package::{self, Bundle, Packaged, Tree};
use super::prepared::{Deployed, Hold, Prepared, PushKind};
use super::stacks::{ChangeSetId, ChangeSetRequest, ChangeSetState, StackApi, StackId, StackState};
use super::watch::{Pace, Watch, Watched};
use super::{changes, failure};
use crate::base::{Event, LogicalId, Note, Outcome, Reporter, StackName, Step};
use crate::error::Problems;

/// What is deployed: a stack, what it is made of, and the values of its parameters.
#[derive(Clone, Debug)]
pub struct Deployment<'a> {
    /// The root stack.
    pub stack: &'a StackName,
    /// Templates and files.
    pub bundle: &'a Bundle,
    /// The values of the root's parameters.
    pub parameters: IndexMap<LogicalId, String>,
    /// A name for the change set that no other has.
    pub change_set: String,
    /// The stack as it is now, from [`Deployer::current`].
    pub current: Option<StackState>,
}

/// Deploys over the calls of a cloud.
pub struct Deployer<'a> {
    /// The stacks.
    pub stacks: &'a dyn StackApi,
    /// The artifact bucket.
    pub objects: Arc<dyn ObjectStore>,
    /// Takes what happens.
    pub reporter: &'a dyn Reporter,
    /// How often to look.
    pub pace: Pace,
}

impl std::fmt::Debug for Deployer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deployer").field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl Deployer<'_> {
    /// The stack as it is now, when it can be deployed to: a busy or broken one is an error, one that was never created
    /// is removed first.
    pub async fn current(&self, stack: &StackName) -> Result<Option<StackState>, DeployError> {
        let Some(state) = self.stacks.describe(stack.as_str()).await? else { return Ok(None) };
        if state.status.is_busy() {
            return Err(DeployError::Busy { stack: stack.clone(), status: state.status.0 });
        }
        if state.status.is_stillborn() {
            self.remove_stack(stack, &state).await?;
            self.reporter.report(Event::Noted { note: Note::RemovedFailedStack { stack: stack.clone() } });
            return Ok(None);
        }
        if state.status.0 == "DELETE_COMPLETE" {
            return Ok(None);
        }
        if state.status.is_failure() && state.status.0 != "UPDATE_FAILED" {
            return Err(DeployError::Stuck { stack: stack.clone(), status: state.status.0, reason: state.reason });
        }
        Ok(Some(state))
    }

    /// Uploads what is missing and makes the change set.
    ///
    /// # Panics
    /// Never: packaging fails with at least one problem.
    pub async fn prepare(&self, deployment: &Deployment<'_>) -> Result<Prepared, DeployError> {
        let packaged = package::package(deployment.bundle, deployment.stack, &*self.objects);
        let packaged = packaged.map_err(|problems| {
            DeployError::Package(Problems::some(problems).expect("packaging fails with at least one problem"))
        })?;
        if self.unchanged(deployment, &packaged).await {
            let outputs = deployment.current.as_ref().map(|state| state.outputs.clone()).unwrap_or_default();
            return Ok(nothing(deployment.stack, packaged.tree, outputs));
        }
        let bucket = self.step(Step::Bootstrap, self.objects.ensure(), |bucket| match bucket {
            Bucket::Made => "made".to_owned(),
            Bucket::Kept => "there".to_owned(),
        });
        let bucket = bucket.await?;
        let upload = artifacts::upload(&self.objects, bucket, &packaged.uploads, self.reporter);
        self.step(Step::Upload, upload, |done| {
            format!("{} of {} new, {} bytes", done.new, done.new + done.kept, done.bytes)
        })
        .await?;
        let compare = self.compare(deployment, packaged);
        self.step(Step::ChangeSet, compare, |prepared| format!("{} changes", prepared.changes.changes.len())).await
    }

    /// True when the very same templates and parameters are deployed already. A nested template's address follows from its
    /// content, so the root tells for all. When in doubt, the cloud decides.
    async fn unchanged(&self, deployment: &Deployment<'_>, packaged: &Packaged) -> bool {
        let Some(state) = &deployment.current else { return false };
        let same = |(name, value): (&LogicalId, &String)| state.parameters.get(name.as_str()) == Some(value);
        state.status.is_good()
            && deployment.parameters.len() == state.parameters.len()
            && deployment.parameters.iter().all(same)
            && self.stacks.template(deployment.stack.as_str()).await.is_ok_and(|text| text == packaged.root_text)
    }

    async fn compare(&self, deployment: &Deployment<'_>, packaged: Packaged) -> Result<Prepared, DeployError> {
        let request = ChangeSetRequest {
            stack: deployment.stack.clone(),
            name: deployment.change_set.clone(),
            create: deployment.current.is_none(),
            template_url: packaged.root_url,
            parameters: deployment.parameters.clone(),
        };
        let (change_set, stack) = self.stacks.create_change_set(request).await?;
        let outputs = deployment.current.as_ref().map(|state| state.outputs.clone()).unwrap_or_default();
        let raw = match self.settled(&change_set).await? {
            ChangeSetState::Ready(raw) => raw,
            ChangeSetState::Empty => {
                self.let_go(&change_set, deployment).await?;
                return Ok(nothing(deployment.stack, packaged.tree, outputs));
            }
            ChangeSetState::Failed(reason) => {
                self.let_go(&change_set, deployment).await?;
                return Err(DeployError::ChangeSet { stack: deployment.stack.clone(), reason });
            }
            ChangeSetState::Pending => unreachable!("`settled` waits until a change set is not pending"),
        };
        let changes = changes::Reader { api: self.stacks, tree: &packaged.tree, pace: self.pace };
        let changes = match changes.read(raw).await {
            Ok(changes) => changes,
            Err(moved @ DeployError::Moved(_)) => {
                self.let_go(&change_set, deployment).await?;
                return Err(moved);
            }
            Err(error) => return Err(error),
        };
        if changes.changes.is_empty() && deployment.current.is_some() {
            self.let_go(&change_set, deployment).await?;
            return Ok(nothing(deployment.stack, packaged.tree, outputs));
        }
        let kind = if deployment.current.is_some() { PushKind::Update } else { PushKind::First };
        let hold = Some(Hold { change_set, stack });
        Ok(Prepared { changes, kind, stack: deployment.stack.clone(), hold, tree: packaged.tree, outputs })
    }

    async fn settled(&self, id: &ChangeSetId) -> Result<ChangeSetState, DeployError> {
        changes::settled(self.stacks, id, self.pace).await
    }

    /// Takes a change set away that will not be executed, and the empty stack that it made.
    async fn let_go(&self, id: &ChangeSetId, deployment: &Deployment<'_>) -> Result<(), DeployError> {
        self.stacks.delete_change_set(id).await?;
        if deployment.current.is_none() {
            self.stacks.delete_stack(deployment.stack.as_str()).await?;
        }
        Ok(())
    }

    /// Executes a prepared deployment and follows it to its end.
    pub async fn execute(&self, prepared: Prepared) -> Result<Deployed, DeployError> {
        let Prepared { stack, hold, tree, outputs, .. } = prepared;
        let Some(Hold { change_set, stack: id }) = hold else { return Ok(Deployed { outputs, moved: 0 }) };
        self.step(Step::Deploy, self.run(&stack, &id, &change_set, &tree), |deployed| {
            format!("{} resources", deployed.moved)
        })
        .await
    }

    async fn run(
        &self,
        stack: &StackName,
        id: &StackId,
        change_set: &ChangeSetId,
        tree: &Tree,
    ) -> Result<Deployed, DeployError> {
        let watch = Watch { api: self.stacks, reporter: self.reporter, tree, root: stack, pace: self.pace };
        let since = watch.mark(id).await?;
        self.stacks.execute_change_set(change_set).await?;
        let Watched { status, reason, events } = watch.follow(id, since).await?;
        if !status.is_good() {
            let cause = Box::new(failure::first_cause(&events, tree, stack, reason.as_deref()));
            return Err(DeployError::Failed { stack: stack.clone(), status: status.0, cause });
        }
        let state = self.stacks.describe(&id.0).await?;
        let outputs = state.ok_or_else(|| DeployError::NotDeployed { stack: stack.clone() })?.outputs;
        let settled = |(_, event): &&failure::Placed| !event.status.0.ends_with("_IN_PROGRESS") && !event.is_own();
        Ok(Deployed { outputs, moved: events.iter().filter(settled).count() })
    }

    /// Begins to execute a prepared deployment and leaves it to itself.
    pub async fn begin(&self, prepared: Prepared) -> Result<(), DeployError> {
        match prepared.hold {
            Some(hold) => self.stacks.execute_change_set(&hold.change_set).await,
            None => Ok(()),
        }
    }

    /// Takes the change set of a prepared deployment away.
    pub async fn discard(&self, prepared: Prepared) -> Result<(), DeployError> {
        let Some(hold) = prepared.hold else { return Ok(()) };
        self.stacks.delete_change_set(&hold.change_set).await?;
        if prepared.kind == PushKind::First {
            self.stacks.delete_stack(&hold.stack.0).await?;
        }
        Ok(())
    }

    /// Deletes a stack and everything in it. `Ok(false)` when there is none.
    pub async fn remove(&self, stack: &StackName) -> Result<bool, DeployError> {
        let Some(state) = self.stacks.describe(stack.as_str()).await? else { return Ok(false) };
        if state.status.is_busy() {
            return Err(DeployError::Busy { stack: stack.clone(), status: state.status.0 });
        }
        self.step(Step::Remove, self.remove_stack(stack, &state), |()| String::new()).await?;
        Ok(true)
    }

    async fn remove_stack(&self, stack: &StackName, state: &StackState) -> Result<(), DeployError> {
        let tree = Tree::new();
        let watch = Watch { api: self.stacks, reporter: self.reporter, tree: &tree, root: stack, pace: self.pace };
        let since = watch.mark(&state.id).await?;
        self.stacks.delete_stack(&state.id.0).await?;
        let Watched { status, reason, events } = watch.follow(&state.id, since).await?;
        if status.is_failure() {
            let cause = Box::new(failure::first_cause(&events, &tree, stack, reason.as_deref()));
            return Err(DeployError::NotDeleted { stack: stack.clone(), cause });
        }
        Ok(())
    }

    async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, DeployError>>,
        facts: impl FnOnce(&T) -> String,
    ) -> Result<T, DeployError> {
        self.reporter.report(Event::StepStarted { step });
        let began = Instant::now();
        let result = work.await;
        let outcome = match &result {
            Ok(done) => Outcome::Done { facts: facts(done) },
            Err(_) => Outcome::Failed,
        };
        self.reporter.report(Event::StepFinished { step, outcome, elapsed: began.elapsed() });
        result
    }
}

fn nothing(stack: &StackName, tree: Tree, outputs: IndexMap<LogicalId, String>) -> Prepared {
    let changes = crate::cfn::ChangeSet::default();
    Prepared { changes, kind: PushKind::NothingToDo, stack: stack.clone(), hold: None, tree, outputs }
}
