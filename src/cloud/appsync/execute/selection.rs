//! What a selection makes of an object type: fragments spread, `@skip` and `@include` obeyed, equal keys merged.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::ast::DirectiveList;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use indexmap::IndexMap;

use super::Execution;

/// The fields of one response key.
pub(super) type Merged<'a> = Vec<&'a Node<Field>>;

impl<'a> Execution<'a> {
    /// The fields that a selection makes of an object type, by response key, in order.
    pub(super) fn collect(&self, object: &str, sets: &[&'a SelectionSet]) -> IndexMap<&'a str, Merged<'a>> {
        let mut fields = IndexMap::new();
        for set in sets {
            self.collect_into(object, set, &mut fields);
        }
        fields
    }

    fn collect_into(&self, object: &str, set: &'a SelectionSet, fields: &mut IndexMap<&'a str, Merged<'a>>) {
        for selection in &set.selections {
            if !self.included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => fields.entry(field.response_key().as_str()).or_default().push(field),
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|condition| self.applies(condition, object)) {
                        self.collect_into(object, &inline.selection_set, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let document: &'a ExecutableDocument = self.document;
                    let fragment = document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|one| self.applies(one.type_condition(), object)) {
                        self.collect_into(object, &fragment.selection_set, fields);
                    }
                }
            }
        }
    }

    fn applies(&self, condition: &str, object: &str) -> bool {
        condition == object || self.api.schema.schema.is_subtype(condition, object)
    }

    /// `@skip` and `@include`.
    fn included(&self, directives: &DirectiveList) -> bool {
        let holds = |name: &str| {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(variable) => self.variables.get(variable.as_str())?.as_bool(),
                None => value.to_bool(),
            }
        };
        holds("skip") != Some(true) && holds("include") != Some(false)
    }
}
