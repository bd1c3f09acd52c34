//! What a selection makes of an object type: fragments spread, `@skip` and `@include` obeyed, equal keys merged.

use std::collections::BTreeSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Node;
use apollo_compiler::ast::DirectiveList;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::Execution;

/// The fields of one response key.
pub(super) type Merged<'a> = Vec<&'a Node<Field>>;

impl<'a> Execution<'a> {
    /// The fields that a selection makes of an object type, by response key, in order.
    pub(super) fn collect(&self, object: &str, sets: &[&'a SelectionSet]) -> IndexMap<&'a str, Merged<'a>> {
        let mut fields = IndexMap::new();
        let mut spread = BTreeSet::new();
        for set in sets {
            self.collect_into((object, &mut spread), set, &mut fields);
        }
        fields
    }

    /// `spread` are the fragments that were spread here already: a second time adds nothing.
    fn collect_into(
        &self,
        (object, spread): (&str, &mut BTreeSet<&'a str>),
        set: &'a SelectionSet,
        fields: &mut IndexMap<&'a str, Merged<'a>>,
    ) {
        for selection in &set.selections {
            if !self.included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => fields.entry(field.response_key().as_str()).or_default().push(field),
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|condition| self.applies(condition, object)) {
                        self.collect_into((object, &mut *spread), &inline.selection_set, fields);
                    }
                }
                Selection::FragmentSpread(one) => {
                    let document: &'a ExecutableDocument = self.document;
                    let fragment = document.fragments.get(&one.fragment_name);
                    if let Some(fragment) = fragment.filter(|one| self.applies(one.type_condition(), object))
                        && spread.insert(one.fragment_name.as_str())
                    {
                        self.collect_into((object, &mut *spread), &fragment.selection_set, fields);
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

    /// The part of the data of an error that the selection of its field asks for: AppSync gives no more of it (AppSync
    /// guide, "Utility helpers in util", `util.error`).
    pub(super) fn selected(&self, object: &str, sets: &[&'a SelectionSet], data: &Value) -> Value {
        self.picked(object, sets, (data, |_, field| field.name.as_str()))
    }

    /// An answer by the names of fields instead of those that its caller gave them.
    pub(super) fn by_name(&self, object: &str, sets: &[&'a SelectionSet], answer: &Value) -> Value {
        self.picked(object, sets, (answer, |key, _| key))
    }

    /// What a selection asks for of a value, by the names of fields; `place` gives the name of a field in the value.
    fn picked(&self, object: &str, sets: &[&'a SelectionSet], (value, place): (&Value, Place<'a>)) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.picked(object, sets, (item, place))).collect(),
            // What has no selection is one value, whatever it looks like.
            Value::Object(members) if sets.iter().any(|set| !set.selections.is_empty()) => {
                let mut named = Map::new();
                for (key, merged) in self.collect(object, sets) {
                    let Some(value) = members.get(place(key, merged[0])) else { continue };
                    let kind = merged[0].definition.ty.inner_named_type().as_str();
                    let inner: Vec<&'a SelectionSet> = merged.iter().map(|field| &field.selection_set).collect();
                    join(&mut named, merged[0].name.as_str(), self.picked(kind, &inner, (value, place)));
                }
                named.into()
            }
            other => other.clone(),
        }
    }
}

/// The name under which a field stands in a value, of its response key and itself.
type Place<'a> = fn(&'a str, &'a Node<Field>) -> &'a str;

/// Adds a value; what is there already under the name keeps its members.
fn join(named: &mut Map<String, Value>, name: &str, value: Value) {
    match (named.get_mut(name), value) {
        (Some(Value::Object(known)), Value::Object(more)) => {
            for (name, value) in more {
                join(known, &name, value);
            }
        }
        (_, value) => {
            named.insert(name.to_owned(), value);
        }
    }
}
