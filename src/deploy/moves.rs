//! What would go from one stack of an API to another, by what is really deployed.
//!
//! The rendered stacks tell of most such changes earlier, but they are no memory of a deployment: whoever renders twice
//! between two pushes, or never rendered on this computer, has none.

use std::collections::BTreeMap;

use super::package::Tree;
use crate::base::{LogicalId, ResourceKind};
use crate::cfn::{Action, Change};
use crate::error::{Code, Problem};

/// A change, and the logical ids that lead to its stack.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) path: Vec<String>,
    pub(super) change: Change,
}

/// AppSync takes one resolver for a field, a table's items stay behind with it, and both are made anew before the old
/// ones go.
const BOUND: [&str; 2] = ["AWS::AppSync::Resolver", "AWS::DynamoDB::Table"];

/// A problem for each resource that would be removed from one stack and made in another of the same API.
pub(super) fn problems(tree: &Tree, changes: &[Located]) -> Vec<Problem> {
    let bound = |found: &&Located| BOUND.contains(&found.change.kind.as_str()) && !found.path.is_empty();
    let key = |found: &Located| -> (Option<String>, ResourceKind, LogicalId) {
        (found.path.first().cloned(), found.change.kind.clone(), found.change.resource.clone())
    };
    let made: BTreeMap<_, &Located> = changes
        .iter()
        .filter(bound)
        .filter(|found| found.change.action == Action::Add)
        .map(|found| (key(found), found))
        .collect();
    let gone = changes.iter().filter(bound).filter(|found| found.change.action == Action::Remove);
    gone.filter_map(|old| Some((old, *made.get(&key(old))?)))
        .filter(|(old, new)| old.path != new.path)
        .map(|(old, new)| problem(tree, old, new))
        .collect()
}

fn problem(tree: &Tree, old: &Located, new: &Located) -> Problem {
    let stack = |path: &[String]| match tree.get(path) {
        Some(node) => format!("the stack {}", node.name),
        None => format!("the stack {}", path.join("/")),
    };
    let message = format!(
        "{} would go from {} to {}: it is deployed in the first, and cannot be made in the second while it is there",
        new.change.label,
        stack(&old.path),
        stack(&new.path)
    );
    let api = tree.get(&old.path[..1]).map_or_else(|| "<name>".to_owned(), |node| node.name.to_string());
    Problem::new(Code::AMP0318, message)
        .hint(format!(
            "write into `ampup/api/{api}/placement.toml` where its model is deployed: `Model = 1` is the stack of the \
             API itself, `Model = 2` the stack models-2"
        ))
        .hint("or do it in two steps: take it out of the schema, `ampup push`, put it back, `ampup push`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, StackName};
    use crate::cfn::{Replacement, Template};
    use crate::deploy::package::Node;

    fn located(path: &[&str], kind: &str, id: &str, action: Action) -> Located {
        let change = Change {
            stack: StackName::new("any").unwrap(),
            resource: LogicalId::new(id).unwrap(),
            label: Label(format!("thing {id}")),
            kind: ResourceKind::new(kind).unwrap(),
            action,
            replacement: Replacement::Never,
            why: Vec::new(),
        };
        Located { path: path.iter().map(|part| (*part).to_owned()).collect(), change }
    }

    #[test]
    fn what_changes_its_stack_within_an_api_is_told() {
        const RESOLVER: &str = BOUND[0];
        let node = |name: &str| Node { name: StackName::new(name).unwrap(), template: Template::default() };
        let tree = Tree::from([
            (vec!["Blog".to_owned()], node("blog")),
            (vec!["Blog".to_owned(), "Models2".to_owned()], node("blog-models-2")),
        ]);
        let removed = |path: &[&str]| located(path, RESOLVER, "QueryGetTagResolver", Action::Remove);
        let added = |path: &[&str]| located(path, RESOLVER, "QueryGetTagResolver", Action::Add);
        let found = problems(&tree, &[removed(&["Blog", "Models2"]), added(&["Blog"])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("from the stack blog-models-2 to the stack blog:"), "{}", found[0].message);
        assert!(found[0].hints.iter().any(|hint| hint.0.contains("ampup/api/blog/placement.toml")));
        // A stack that is gone has no name any more.
        let found = problems(&tree, &[added(&["Blog"]), removed(&["Blog", "Models3"])]);
        assert!(found[0].message.contains("from the stack Blog/Models3 to"), "{}", found[0].message);

        let kept = [
            vec![removed(&["Blog"]), added(&["Shop"])],
            vec![removed(&["Blog"])],
            vec![removed(&["Blog"]), located(&["Blog", "Models2"], RESOLVER, "Other", Action::Add)],
            vec![
                located(&["Blog"], "AWS::IAM::Role", "TableRole", Action::Remove),
                located(&["Blog", "Models2"], "AWS::IAM::Role", "TableRole", Action::Add),
            ],
            vec![removed(&[]), added(&[])],
        ];
        for changes in kept {
            assert!(problems(&tree, &changes).is_empty(), "{changes:?}");
        }
    }
}
