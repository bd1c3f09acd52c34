//! How deep a document is nested where its fragments are spread: what looks at documents goes as deep, and must not run out
//! of stack.

use std::collections::BTreeMap;

use apollo_compiler::ast::{Definition, Document, FragmentDefinition, Selection};

/// The deepest nesting: fields, inline fragments, and fragments within fragments.
const SPREAD_LIMIT: usize = 500;

struct Depths<'a> {
    fragments: BTreeMap<&'a str, &'a FragmentDefinition>,
    /// None while a fragment is being measured: one that spreads itself is refused elsewhere.
    known: BTreeMap<&'a str, Option<usize>>,
}

impl<'a> Depths<'a> {
    /// The levels of a selection that stands on a level; none beyond the limit.
    fn of(&mut self, selections: &'a [Selection], level: usize) -> Option<usize> {
        let mut deepest = 0;
        for selection in selections {
            let below = match selection {
                Selection::Field(field) if field.selection_set.is_empty() => 0,
                _ if level >= SPREAD_LIMIT => return None,
                Selection::Field(field) => self.of(&field.selection_set, level + 1)?,
                Selection::InlineFragment(inline) => self.of(&inline.selection_set, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name, level + 1)?,
            };
            deepest = deepest.max(below + 1);
        }
        (level + deepest <= SPREAD_LIMIT + 1).then_some(deepest)
    }

    fn fragment(&mut self, name: &'a str, level: usize) -> Option<usize> {
        if let Some(known) = self.known.get(name) {
            return Some(known.unwrap_or_default());
        }
        let Some(fragment) = self.fragments.get(name).copied() else { return Some(0) };
        self.known.insert(name, None);
        let depth = self.of(&fragment.selection_set, level)?;
        self.known.insert(name, Some(depth));
        Some(depth)
    }
}

/// Whether a document is nested deeper than it may be.
pub(super) fn is_too_deep(document: &Document) -> bool {
    let fragments = document.definitions.iter().filter_map(Definition::as_fragment_definition);
    let fragments = fragments.map(|fragment| (fragment.name.as_str(), &**fragment)).collect();
    let mut depths = Depths { fragments, known: BTreeMap::new() };
    document.definitions.iter().any(|definition| match definition {
        Definition::OperationDefinition(operation) => depths.of(&operation.selection_set, 0).is_none(),
        Definition::FragmentDefinition(fragment) => depths.of(&fragment.selection_set, 0).is_none(),
        _ => false,
    })
}
