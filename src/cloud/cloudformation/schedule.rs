//! Work in the order of its dependencies, everything that is independent at the same time.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use tokio::task::JoinSet;

use crate::base::BoxFuture;

/// For each piece of work: what must be done before it.
pub(super) type Waits = IndexMap<String, BTreeSet<String>>;

/// What a failure means for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// Nothing new begins.
    Stop,
    /// Only what waits for the failed piece is left out.
    GoOn,
}

/// Carries out every piece of work. `start` gives the work, which ends with whether it succeeded; a panic is a failure.
/// `failed` is told each failure and what is still running then. Returns the failed pieces in the order of their failure.
pub(super) async fn run(
    waits: &Waits,
    after_failure: AfterFailure,
    mut start: impl FnMut(&str) -> BoxFuture<'static, bool>,
    mut failed: impl FnMut(&str, &BTreeSet<String>),
) -> Vec<String> {
    let mut missing: BTreeMap<&str, usize> = waits.iter().map(|(id, needs)| (id.as_str(), needs.len())).collect();
    let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, needs) in waits {
        for need in needs {
            dependents.entry(need.as_str()).or_default().push(id);
        }
    }
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    let mut running = BTreeSet::new();
    let mut failures = Vec::new();
    let mut ready: Vec<&str> = waits.keys().map(String::as_str).filter(|id| missing[id] == 0).collect();
    loop {
        for id in ready.drain(..) {
            let handle = tasks.spawn(start(id));
            names.insert(handle.id(), id);
            running.insert(id.to_owned());
        }
        let Some(ended) = tasks.join_next_with_id().await else { return failures };
        let (task, succeeded) = match ended {
            Ok((task, succeeded)) => (task, succeeded),
            Err(error) => (error.id(), false),
        };
        let Some(id) = names.remove(&task) else { continue };
        running.remove(id);
        if !succeeded {
            failures.push(id.to_owned());
            failed(id, &running);
            continue;
        }
        if !failures.is_empty() && after_failure == AfterFailure::Stop {
            continue;
        }
        for dependent in dependents.get(id).into_iter().flatten() {
            if let Some(count) = missing.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.push(dependent);
                }
            }
        }
    }
}

/// The same work backwards: each piece waits for those that waited for it.
pub(super) fn backwards(waits: &Waits) -> Waits {
    let mut turned: Waits = waits.keys().rev().map(|id| (id.clone(), BTreeSet::new())).collect();
    for (id, needs) in waits {
        for need in needs {
            if let Some(set) = turned.get_mut(need) {
                set.insert(id.clone());
            }
        }
    }
    turned
}
