//! A change set of the cloud, nested ones included, in our own words.
//!
//! A cloud that does not look into nested stacks (LocalStack, MiniStack) gets its preview from the templates instead.

use super::DeployError;
use super::failure::label;
use super::moves::{self, Located};
use super::package::Tree;
use super::stacks::{ChangeSetId, ChangeSetState, RawChange, StackApi};
use super::watch::Pace;
use crate::base::{BoxFuture, LogicalId, ResourceKind};
use crate::cfn::{self, Action, Change, ChangeSet, Template};
use crate::error::Problems;

/// The type of nested stacks.
const STACK: &str = "AWS::CloudFormation::Stack";

/// Waits until a change set is made, or is not.
pub(super) async fn settled(api: &dyn StackApi, id: &ChangeSetId, pace: Pace) -> Result<ChangeSetState, DeployError> {
    let mut wait = pace.first;
    loop {
        match api.change_set(id).await? {
            ChangeSetState::Pending => tokio::time::sleep(wait).await,
            state => return Ok(state),
        }
        wait = pace.after(wait);
    }
}

/// Reads the changes of a tree of stacks.
pub(super) struct Reader<'a> {
    pub(super) api: &'a dyn StackApi,
    pub(super) tree: &'a Tree,
    pub(super) pace: Pace,
}

impl Reader<'_> {
    /// The changes of the root's change set and of all below it.
    ///
    /// # Errors
    /// When the cloud cannot be asked, or something would go from one stack to another.
    pub(super) async fn read(&self, raw: Vec<RawChange>) -> Result<ChangeSet, DeployError> {
        let mut located = Vec::new();
        self.level(Vec::new(), raw, &mut located).await?;
        match Problems::some(moves::problems(self.tree, &located)) {
            Some(problems) => Err(DeployError::Moved(problems)),
            None => Ok(ChangeSet { changes: located.into_iter().map(|found| found.change).collect() }),
        }
    }

    fn level<'a>(
        &'a self,
        path: Vec<String>,
        raw: Vec<RawChange>,
        changes: &'a mut Vec<Located>,
    ) -> BoxFuture<'a, Result<(), DeployError>> {
        Box::pin(async move {
            for one in raw {
                if one.kind == STACK {
                    self.nested(&path, one, changes).await?;
                } else {
                    let change = self.change(&path, &one);
                    changes.extend(change.map(|change| Located { path: path.clone(), change }));
                }
            }
            Ok(())
        })
    }

    async fn nested(&self, parent: &[String], raw: RawChange, changes: &mut Vec<Located>) -> Result<(), DeployError> {
        let mut path = parent.to_vec();
        path.push(raw.resource.clone());
        if let Some(id) = &raw.nested {
            match settled(self.api, id, self.pace).await? {
                ChangeSetState::Ready(inner) => return self.level(path, inner, changes).await,
                ChangeSetState::Empty => return Ok(()),
                ChangeSetState::Failed(reason) => {
                    let stack =
                        self.tree.get(&path).or_else(|| self.tree.get(&Vec::new())).map(|node| node.name.clone());
                    return Err(match stack {
                        Some(stack) => DeployError::ChangeSet { stack, reason },
                        None => DeployError::Unexpected {
                            operation: "cloudformation:DescribeChangeSet".to_owned(),
                            source: reason.into(),
                        },
                    });
                }
                ChangeSetState::Pending => {}
            }
        }
        let (before, after) = match (raw.action, self.tree.get(&path), &raw.physical_id) {
            (Action::Remove, _, Some(id)) => (self.deployed(id).await, Template::default()),
            (Action::Add, Some(node), _) => (Template::default(), node.template.clone()),
            (_, Some(node), Some(id)) => (self.deployed(id).await, node.template.clone()),
            _ => return Ok(()),
        };
        self.compared(&path, &before, &after, changes);
        Ok(())
    }

    /// The template of a deployed stack; an unreadable one counts as empty, so that the preview errs on the loud side.
    async fn deployed(&self, id: &str) -> Template {
        let text = self.api.template(id).await.unwrap_or_default();
        cfn::parse::parse(&text, "the deployed template").unwrap_or_default()
    }

    fn compared(&self, path: &[String], before: &Template, after: &Template, changes: &mut Vec<Located>) {
        let Some(stack) = self.tree.get(path).or_else(|| self.tree.get(&Vec::new())).map(|node| node.name.clone())
        else {
            return;
        };
        let compared = cfn::change::compare(&stack, before, after).changes.into_iter();
        changes.extend(compared.map(|change| Located { path: path.to_vec(), change }));
    }

    /// A change in our words. What is no name of CloudFormation's cannot be shown.
    fn change(&self, path: &[String], raw: &RawChange) -> Option<Change> {
        let stack = self.tree.get(path).or_else(|| self.tree.get(&Vec::new()))?.name.clone();
        Some(Change {
            stack,
            resource: LogicalId::new(raw.resource.clone()).ok()?,
            label: label(self.tree, path, &raw.resource),
            kind: ResourceKind::new(raw.kind.clone()).ok()?,
            action: raw.action,
            replacement: raw.replacement,
            why: raw.why.clone(),
        })
    }
}
