//! What refers to what in a template, and the order that follows from it.
//!
//! Both branches of an `Fn::If` count: which of them is taken is known only with the parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use indexmap::IndexMap;

use super::substitute::{self, Part};
use super::{Intrinsic, Template, Value};
use crate::base::LogicalId;

/// Something that a value names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `Ref`, or `${Name}`: a parameter, a resource or a pseudo parameter.
    Name(String),
    /// `Fn::GetAtt`, or `${Resource.Attribute}`.
    Attribute(String, String),
    /// The condition of `Fn::If`, or `Condition`.
    Condition(String),
    /// The mapping of `Fn::FindInMap`, when it is named by plain text.
    Mapping(String),
}

/// Everything that `value` names, in the order of the file.
pub fn references(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::List(list) => list.iter().for_each(|item| collect(item, found)),
        Value::Map(map) => map.values().for_each(|item| collect(item, found)),
        Value::Call(call) => {
            collect_call(call, found);
            call.arguments().into_iter().for_each(|argument| collect(argument, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

fn collect_call(call: &Intrinsic, found: &mut Vec<Reference>) {
    match call {
        Intrinsic::Ref(name) => found.push(Reference::Name(name.clone())),
        Intrinsic::GetAtt(resource, path) => found.push(Reference::Attribute(resource.to_string(), path.clone())),
        Intrinsic::If(name, ..) | Intrinsic::Condition(name) => found.push(Reference::Condition(name.to_string())),
        Intrinsic::FindInMap(Value::Text(name), ..) => found.push(Reference::Mapping(name.clone())),
        Intrinsic::Sub(text, variables) => {
            for part in substitute::parts(text).unwrap_or_default() {
                let Part::Name(name) = part else { continue };
                if variables.contains_key(&name) {
                    continue;
                }
                found.push(match name.split_once('.') {
                    Some((resource, path)) => Reference::Attribute(resource.to_owned(), path.to_owned()),
                    None => Reference::Name(name),
                });
            }
        }
        _ => {}
    }
}

/// Resources that wait for each other: each needs the next, the last needs the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Cycle(pub Vec<LogicalId>);

impl fmt::Display for Cycle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.0 {
            write!(formatter, "`{id}` → ")?;
        }
        match self.0.first() {
            Some(first) => write!(formatter, "`{first}`"),
            None => Ok(()),
        }
    }
}

/// Which resource needs which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    needs: IndexMap<LogicalId, BTreeSet<LogicalId>>,
}

impl Graph {
    /// The graph of a template's resources: `DependsOn`, `Ref`, `Fn::GetAtt` and `Fn::Sub`. Names that lead nowhere
    /// are left out.
    pub fn new(template: &Template) -> Self {
        let mut needs = IndexMap::new();
        for (id, resource) in &template.resources {
            let mut set: BTreeSet<LogicalId> = resource.depends_on.iter().cloned().collect();
            for reference in references(&resource.properties) {
                if let Reference::Name(name) | Reference::Attribute(name, _) = reference
                    && !template.parameters.contains_key(name.as_str())
                    && let Some((target, _)) = template.resources.get_key_value(name.as_str())
                {
                    set.insert(target.clone());
                }
            }
            set.retain(|target| template.resources.contains_key(target));
            needs.insert(id.clone(), set);
        }
        Self { needs }
    }

    /// What `id` needs directly.
    pub fn needs(&self, id: &str) -> impl Iterator<Item = &LogicalId> {
        self.needs.get(id).into_iter().flatten()
    }

    /// What needs `id` directly.
    pub fn needed_by<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a LogicalId> {
        self.needs.iter().filter(move |(_, needs)| needs.contains(id)).map(|(other, _)| other)
    }

    /// Every resource after those that it needs; otherwise in the order of the file. Backwards it is the order of
    /// deletion.
    ///
    /// # Errors
    /// The first cycle, when resources wait for each other.
    pub fn order(&self) -> Result<Vec<LogicalId>, Cycle> {
        let mut missing: BTreeMap<&LogicalId, usize> = self.needs.iter().map(|(id, set)| (id, set.len())).collect();
        let mut order: Vec<LogicalId> = Vec::with_capacity(self.needs.len());
        let mut ready: Vec<&LogicalId> = missing.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        ready.sort_by_key(|id| std::cmp::Reverse(self.needs.get_index_of(*id)));
        let mut dependents: BTreeMap<&LogicalId, Vec<&LogicalId>> = BTreeMap::new();
        for (id, set) in &self.needs {
            for need in set {
                dependents.entry(need).or_default().push(id);
            }
        }
        while let Some(id) = ready.pop() {
            order.push(id.clone());
            for dependent in dependents.get(id).into_iter().flatten().rev() {
                if let Some(count) = missing.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(dependent);
                    }
                }
            }
        }
        if order.len() == self.needs.len() { Ok(order) } else { Err(self.cycle(&order)) }
    }

    /// A cycle among what is left when `order` could be put in order.
    fn cycle(&self, order: &[LogicalId]) -> Cycle {
        let done: BTreeSet<&LogicalId> = order.iter().collect();
        let mut path: Vec<&LogicalId> = Vec::new();
        let mut current = self.needs.keys().find(|id| !done.contains(id));
        while let Some(id) = current {
            if let Some(start) = path.iter().position(|seen| *seen == id) {
                return Cycle(path[start..].iter().map(|id| (*id).clone()).collect());
            }
            path.push(id);
            // What is left waits for something that is left as well.
            current = self.needs(id.as_str()).find(|need| !done.contains(need));
        }
        Cycle(path.into_iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests;
