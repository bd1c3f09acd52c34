//! Variables that some state reads and none sets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::run::Code;
use super::{Branch, Machine, State};

/// The variables that are read and never set, each with the states that read it.
pub(in crate::asl) fn unset(machine: &Machine) -> BTreeMap<String, Vec<&State>> {
    let mut unset: BTreeMap<String, Vec<&State>> = BTreeMap::new();
    let Ok(code) = Code::compile(&machine.root) else { return unset };
    let references = code.references();
    if references.is_empty() {
        return unset;
    }
    let (mut set, mut states) = (BTreeSet::new(), BTreeMap::new());
    walk(&machine.root, &mut set, &mut states);
    for (state, names) in references {
        for name in names.into_iter().filter(|name| !set.contains(name)) {
            unset.entry(name).or_default().extend(states.get(&*state).copied());
        }
    }
    unset
}

/// Notes the names that states set, and each state by its name.
fn walk<'m>(branch: &'m Branch, set: &mut BTreeSet<String>, states: &mut BTreeMap<&'m str, &'m State>) {
    for (name, state) in &branch.states {
        states.insert(name, state);
        let rules = if let State::Choice(choice) = state { &choice.rules[..] } else { &[] };
        let assigned = rules.iter().filter_map(|rule| rule.assign.as_ref());
        let caught = state.catchers().iter().filter_map(|catcher| catcher.assign.as_ref());
        for payload in state.assign().into_iter().chain(assigned).chain(caught) {
            if let Value::Object(fields) = &*payload.written {
                set.extend(fields.keys().map(|name| name.strip_suffix(".$").unwrap_or(name).to_owned()));
            }
        }
        for inner in state.branches() {
            walk(inner, set, states);
        }
    }
}
