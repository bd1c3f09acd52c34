//! What stacks take of each other: that it is there, and the order that follows.

use indexmap::IndexMap;

use crate::base::ResourceName;
use crate::base::suggest::nearest;
use crate::category::{Need, Synthesis};
use crate::error::{Code, Problem};

/// The stacks in an order in which each comes after those it needs; otherwise in the order of the manifest.
///
/// # Errors
/// Needs that nobody meets, and stacks that wait for each other.
pub(super) fn order(
    mut stacks: IndexMap<ResourceName, Synthesis>,
) -> Result<IndexMap<ResourceName, Synthesis>, Vec<Problem>> {
    let missing: Vec<Problem> = stacks
        .iter()
        .flat_map(|(name, stack)| stack.needs.iter().map(move |need| (name, need)))
        .filter_map(|(name, need)| unmet(&stacks, name, need))
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut ordered: IndexMap<ResourceName, Synthesis> = IndexMap::new();
    while !stacks.is_empty() {
        let ready = stacks.iter().position(|(_, stack)| stack.needs.iter().all(|need| ordered.contains_key(&need.of)));
        let Some((name, stack)) = ready.and_then(|ready| stacks.shift_remove_index(ready)) else {
            let names: Vec<String> = stacks.keys().map(|name| format!("`{name}`")).collect();
            let message = format!("the resources {} need each other: none can be deployed first", names.join(", "));
            return Err(vec![Problem::new(Code::AMP0310, message)]);
        };
        ordered.insert(name, stack);
    }
    Ok(ordered)
}

fn unmet(stacks: &IndexMap<ResourceName, Synthesis>, name: &ResourceName, need: &Need) -> Option<Problem> {
    let Some(of) = stacks.get(&need.of) else {
        let problem =
            Problem::new(Code::AMP0310, format!("`{name}` needs the resource `{}`, which is not there", need.of));
        let near = nearest(need.of.as_str(), stacks.keys().map(ResourceName::as_str));
        return Some(near.map_or(problem.clone(), |near| problem.hint(format!("did you mean `{near}`?"))));
    };
    if !of.offers.iter().any(|offer| offer.output == need.output) {
        let message =
            format!("`{name}` needs the output `{}` of `{}`, which has none of that name", need.output, need.of);
        let near = nearest(need.output.as_str(), of.offers.iter().map(|offer| offer.output.as_str()));
        let problem = Problem::new(Code::AMP0310, message);
        return Some(near.map_or(problem.clone(), |near| problem.hint(format!("did you mean `{near}`?"))));
    }
    let takes = stacks.get(name).is_some_and(|stack| stack.template.parameters.contains_key(&need.parameter));
    (!takes).then(|| {
        let message =
            format!("the stack of `{name}` has no parameter `{}` for what it needs of `{}`", need.parameter, need.of);
        Problem::new(Code::AMP0310, message)
    })
}
