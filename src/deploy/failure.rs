//! Which event of a failed deployment was the cause, and what helps.
//!
//! CloudFormation reports one real failure and many echoes of it: resources that were cancelled, stacks that hold the
//! failed one. Pure.

use super::error::FirstCause;
use super::package::Tree;
use super::stacks::StackEvent;
use crate::base::{Label, LogicalId, ResourceKind, StackName};

/// An event with the path of its stack in the tree.
pub(super) type Placed = (Vec<String>, StackEvent);

/// Beginnings of reasons that only repeat another failure ("Recorded": CloudFormation).
const ECHOES: [&str; 8] = [
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
    "Resource creation Initiated",
    "Embedded stack ",
    "The following resource(s) failed to",
    "Resource update Initiated",
    "Rollback requested by user",
];

/// True for a reason that only repeats what another event says.
pub(super) fn is_echo(reason: &str) -> bool {
    ECHOES.iter().any(|echo| reason.starts_with(echo))
}

/// Parts of known reasons and what helps.
const KNOWN: [(&str, &str); 9] = [
    (
        "Cannot perform more than one GSI creation or deletion in a single update",
        "push one index at a time: take one new `@index` out of the schema, push, put it back, push again",
    ),
    (
        "bucket name is not available",
        "buckets of all accounts share their names: set another `bucket.name` in ampup.toml, then push again",
    ),
    ("already exists", "something of that name is there, made by someone else: delete or rename it, then push again"),
    ("LimitExceeded", "ask for a higher quota in the Service Quotas console, or delete what is not used"),
    ("is not authorized to perform", "let the caller's role do what the reason names"),
    ("AccessDenied", "let the caller's role do what the reason names"),
    ("BucketNotEmpty", "empty the bucket, then run the command again"),
    ("The bucket you tried to delete is not empty", "empty the bucket, then run the command again"),
    ("is not supported", "this cloud cannot make that resource: remove it from the project, or push to another target"),
];

/// The first real failure. When all are echoes, the first echo; when nothing failed, what the root says of itself.
pub(super) fn first_cause(events: &[Placed], tree: &Tree, root: &StackName, fallback: Option<&str>) -> FirstCause {
    let failures: Vec<&Placed> = events.iter().filter(|(_, event)| event.status.is_failure()).collect();
    let is_echo = |event: &StackEvent| event.reason.as_deref().is_none_or(is_echo);
    let mut real: Vec<&&Placed> = failures.iter().filter(|(_, event)| !is_echo(event)).collect();
    // A failure inside a nested stack comes before that of the stack itself, whatever the clocks of the stacks say.
    real.sort_by_key(|(path, event)| (event.kind == "AWS::CloudFormation::Stack", event.at_ms, path.len()));
    if let Some((path, event)) = real.first().copied().or(failures.first()) {
        return describe(path, event, tree, root);
    }
    let reason = fallback.unwrap_or("the cloud gives no reason").to_owned();
    FirstCause {
        stack: root.clone(),
        resource: LogicalId::new("Stack").expect("a word is a logical id"),
        label: Label("the stack".to_owned()),
        kind: None,
        hints: hints(&reason),
        reason,
        origin: None,
    }
}

fn describe(path: &[String], event: &StackEvent, tree: &Tree, root: &StackName) -> FirstCause {
    let node = tree.get(path);
    let resource = node.and_then(|node| node.template.resources.get(event.resource.as_str()));
    let reason = event.reason.clone().unwrap_or_else(|| "the cloud gives no reason".to_owned());
    FirstCause {
        stack: node.map_or_else(|| root.clone(), |node| node.name.clone()),
        resource: LogicalId::new(event.resource.clone())
            .unwrap_or_else(|_| LogicalId::new("Stack").expect("a word is a logical id")),
        label: label(tree, path, &event.resource),
        kind: ResourceKind::new(event.kind.clone()).ok(),
        hints: hints(&reason),
        reason,
        origin: resource.and_then(|resource| resource.origin.clone()),
    }
}

/// What the user knows a resource as: its label, or its logical id.
pub(super) fn label(tree: &Tree, path: &[String], resource: &str) -> Label {
    let found = tree.get(path).and_then(|node| node.template.resources.get(resource));
    found.and_then(|found| found.label.clone()).unwrap_or_else(|| Label(resource.to_owned()))
}

fn hints(reason: &str) -> Vec<String> {
    KNOWN.iter().filter(|(part, _)| reason.contains(part)).map(|(_, hint)| (*hint).to_owned()).take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::hints;

    #[test]
    fn a_taken_name_of_a_bucket_is_told_with_the_setting_that_changes_it() {
        let reason = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                      Please select a different name and try again.";
        assert!(hints(reason)[0].contains("`bucket.name`"));
        assert!(hints("photos already exists")[0].contains("rename it"));
        assert!(hints("Internal Failure").is_empty());
    }
}
