//! Functions that use each other in a circle: which, and that no stack of theirs waits for another's.

use indexmap::{IndexMap, IndexSet};

use super::FunctionSpec;
use crate::base::ResourceName;
use crate::category::ResourceSpec;

type Resources = IndexMap<ResourceName, ResourceSpec>;

/// The functions that a function may invoke or send to; with `word`, those alone with which it may do that.
fn used<'a>(name: &ResourceName, resources: &'a Resources, word: Option<&str>) -> Vec<&'a ResourceName> {
    let Some(ResourceSpec::Function(FunctionSpec { access, .. })) = resources.get(name) else { return Vec::new() };
    let wanted = |actions: &[String]| word.is_none_or(|word| actions.iter().any(|action| action == word));
    let named = access.iter().filter(|access| wanted(&access.actions)).map(|access| access.resource.as_str());
    let found = named.filter_map(|name| resources.get_key_value(name));
    found.filter(|(_, spec)| matches!(spec, ResourceSpec::Function(_))).map(|(name, _)| name).collect()
}

/// The way from one function to another along what they use, both ends included; none when there is none.
fn way<'a>(
    from: &'a ResourceName,
    to: &ResourceName,
    resources: &'a Resources,
    word: Option<&str>,
) -> Option<Vec<&'a ResourceName>> {
    let mut seen = IndexSet::from([from]);
    let mut ways = vec![vec![from]];
    while let Some(way) = ways.pop() {
        for next in used(way.last()?, resources, word) {
            let further = || way.iter().copied().chain([next]).collect::<Vec<_>>();
            if next == to {
                return Some(further());
            }
            if seen.insert(next) {
                ways.push(further());
            }
        }
    }
    None
}

/// Whether messages of one function can come back to another, so that neither may wait for the other's queue.
pub(super) fn sends_back(from: &ResourceName, to: &ResourceName, resources: &Resources) -> bool {
    from == to || way(from, to, resources, Some("send")).is_some()
}

/// The circles in which functions use each other, each told once: `a`, `b`, `a`.
pub fn circles(resources: &Resources) -> Vec<Vec<ResourceName>> {
    let mut told: IndexSet<&ResourceName> = IndexSet::new();
    let mut circles = Vec::new();
    for name in resources.keys() {
        if told.contains(name) {
            continue;
        }
        if let Some(circle) = way(name, name, resources, None) {
            told.extend(&circle);
            circles.push(circle.into_iter().cloned().collect());
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::{circles, sends_back};
    use crate::base::ResourceName;
    use crate::category::{FunctionSpec, ResourceSpec};

    #[test]
    fn circles_are_told_once_and_lines_are_not() {
        let name = |text: &str| ResourceName::new(text).unwrap();
        let function = |access: &[&str]| {
            let access = access.iter().map(|access| access.parse().unwrap()).collect();
            ResourceSpec::Function(FunctionSpec { access, ..FunctionSpec::default() })
        };
        let resources = IndexMap::from([
            (name("a"), function(&["b:invoke"])),
            (name("b"), function(&["c:invoke", "d:send"])),
            (name("c"), function(&["a:invoke"])),
            (name("d"), function(&["b:send"])),
            (name("e"), function(&["a:invoke"])),
            (name("f"), function(&["f:invoke"])),
        ]);
        let told = circles(&resources);
        let told: Vec<Vec<&str>> =
            told.iter().map(|circle| circle.iter().map(ResourceName::as_str).collect()).collect();
        assert_eq!(told, [vec!["a", "b", "c", "a"], vec!["d", "b", "d"], vec!["f", "f"]]);
        assert!(sends_back(&name("d"), &name("b"), &resources));
        assert!(!sends_back(&name("a"), &name("b"), &resources));
    }
}
