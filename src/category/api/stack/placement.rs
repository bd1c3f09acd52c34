//! Which stack each model of an API is in. A model keeps its stack for as long as it is there: its table would be lost
//! on the way to another.
//!
//! Every resolver stands in the stack of its data source, so stacks of models never refer to each other. What was
//! decided is kept in a file with one line a model, which branches merge line by line, and, for APIs that are too small
//! for the file, in the rendered stacks themselves.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::base::ResourceName;
use crate::category::Sources;
use crate::category::api::plan::{Model, Plan, Resolver};
use crate::error::{Code, Problem};

/// The stack of the API itself, which holds the first models as well.
pub(super) const FIRST: usize = 1;
/// New models go where this many resources are not exceeded. CloudFormation takes 500; the rest is for models that
/// grow, and for branches that meet.
const FULL: usize = 400;
/// An API gets a file when it has more resources than this.
const REMEMBERED: usize = 200;

const HEAD: &str = "# The stack of each model. Written by ampup; commit it: a model must not change its stack once it is deployed.\n\
                    # When branches meet, keep the lines of both.\n";

/// The stack of each model, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Placement {
    stacks: BTreeMap<String, usize>,
}

impl Placement {
    /// The stack of a model.
    pub(super) fn of(&self, model: &str) -> usize {
        self.stacks.get(model).copied().unwrap_or(FIRST)
    }

    /// The stack of a resolver: that of the model whose data source it has, or of the API itself.
    pub(super) fn of_resolver(&self, resolver: &Resolver) -> usize {
        resolver.action.home().map_or(FIRST, |model| self.of(model))
    }

    /// The stacks besides the API's own, in order.
    pub(super) fn further(&self) -> BTreeSet<usize> {
        self.stacks.values().copied().filter(|number| *number != FIRST).collect()
    }

    /// The text of the file. Marks of an unfinished merge do no harm: the lines of both sides count.
    fn parse(text: &str) -> Self {
        let mut stacks: BTreeMap<String, usize> = BTreeMap::new();
        for (model, number) in text.lines().filter_map(|line| line.split_once('=')) {
            let (model, Ok(number)) = (model.trim(), number.trim().parse::<usize>()) else { continue };
            if number >= FIRST && !model.is_empty() && !model.starts_with('#') {
                // Two branches that both added the model: either will do, as long as it is always the same.
                let known = stacks.entry(model.to_owned()).or_insert(number);
                *known = number.min(*known);
            }
        }
        Self { stacks }
    }

    fn text(&self) -> String {
        let lines = self.stacks.iter().map(|(model, number)| format!("{model} = {number}\n"));
        std::iter::once(HEAD.to_owned()).chain(lines).collect()
    }
}

/// Lines of both sides are kept when branches meet.
pub(super) const ATTRIBUTES: &str = "placement.toml merge=union";

/// Where the file of an API is.
pub(super) fn path(name: &ResourceName) -> String {
    format!("ampup/api/{name}/placement.toml")
}

/// What the stack of a number is called, below `ampup/stacks/` and without `.yaml`: `blog`, `blog/models-2`.
pub(super) fn stack_path(name: &ResourceName, number: usize) -> String {
    if number == FIRST { name.to_string() } else { format!("{name}/models-{number}") }
}

/// Where things were before: by the file, and by the rendered stacks.
#[derive(Debug)]
pub(super) struct Past<'a> {
    name: &'a ResourceName,
    written: Option<Placement>,
    /// The stacks of resolvers, by `Type.field`.
    rendered: BTreeMap<&'a str, usize>,
}

impl<'a> Past<'a> {
    pub(super) fn read(name: &'a ResourceName, sources: &'a Sources) -> Self {
        let written = sources.text(&path(name)).map(Placement::parse);
        let rendered = sources.rendered().filter_map(|path| resolver_file(name, path)).collect();
        Self { name, written, rendered }
    }

    /// Whatever stands in the stack of a model tells where the model is.
    fn rendered_home(&self, plan: &Plan, model: &str) -> Option<usize> {
        if self.rendered.is_empty() {
            return None;
        }
        let own = |resolver: &&Resolver| resolver.action.home() == Some(model);
        let file = |resolver: &Resolver| format!("{}.{}", resolver.type_name, resolver.field);
        plan.deployed().filter(own).find_map(|resolver| self.rendered.get(file(resolver).as_str()).copied())
    }

    /// Places every model: known ones where they were, new ones in the first stack with room.
    pub(super) fn place(&self, plan: &Plan, weights: &Weights) -> Placement {
        let mut stacks = BTreeMap::new();
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::from([(FIRST, weights.base)]);
        let mut fresh = Vec::new();
        for model in plan.models.keys() {
            let known = self.written.as_ref().and_then(|written| written.stacks.get(model).copied());
            match known.or_else(|| self.rendered_home(plan, model)) {
                Some(number) => {
                    *sizes.entry(number).or_default() += weights.of(model);
                    stacks.insert(model.clone(), number);
                }
                None => fresh.push(model),
            }
        }
        for model in fresh {
            let weight = weights.of(model);
            let has_room = |number: &usize| {
                let size = sizes.get(number).copied().unwrap_or_default();
                size == 0 || size + weight <= FULL
            };
            // Even were each model alone, one of these would be empty.
            let number = (FIRST..=plan.models.len() + 1).find(has_room).unwrap_or(FIRST);
            *sizes.entry(number).or_default() += weight;
            stacks.insert(model.clone(), number);
        }
        Placement { stacks }
    }

    /// Resolvers that would change their stack. AppSync takes one for a field, and CloudFormation makes the new one
    /// before the old one goes.
    pub(super) fn moved(&self, plan: &Plan, placement: &Placement) -> Vec<Problem> {
        let problem = |resolver: &Resolver| {
            let field = format!("{}.{}", resolver.type_name, resolver.field);
            let (before, now) = (*self.rendered.get(field.as_str())?, placement.of_resolver(resolver));
            let file = |number: usize| format!("ampup/stacks/{}.yaml", stack_path(self.name, number));
            let message = format!(
                "the resolver of `{field}` would go from {} to {}: AppSync would refuse the new one while the old one is there",
                file(before),
                file(now)
            );
            (before != now).then(|| {
                Problem::new(Code::AMP0318, message)
                    .at(resolver.origin.clone())
                    .hint("give the field another name")
                    .hint("or do it in two steps: take the field out, `ampup push`, put it back, `ampup push`")
            })
        };
        plan.deployed().filter_map(problem).collect()
    }

    /// The file as it should be; nothing while the API is small and has none.
    pub(super) fn text(&self, placement: &Placement, weights: &Weights) -> Option<String> {
        let wanted = self.written.is_some() || weights.total() > REMEMBERED || !placement.further().is_empty();
        wanted.then(|| placement.text())
    }
}

/// The field and the stack of a rendered resolver: `blog/models-2/resolvers/Query.getTag.js`.
fn resolver_file<'a>(name: &ResourceName, path: &'a str) -> Option<(&'a str, usize)> {
    let rest = path.strip_prefix(name.as_str())?.strip_prefix('/')?;
    let (number, rest) = match rest.strip_prefix("models-") {
        Some(numbered) => {
            let (number, rest) = numbered.split_once('/')?;
            (number.parse().ok()?, rest)
        }
        None => (FIRST, rest),
    };
    let field = rest.strip_prefix("resolvers/")?.strip_suffix(".js")?;
    Some((field, number))
}

/// How many resources things are.
#[derive(Debug)]
pub(super) struct Weights {
    /// What the API has besides its models.
    pub(super) base: usize,
    models: IndexMap<String, usize>,
}

impl Weights {
    /// `base`: resources that are neither of a model nor a resolver or function; `of_model`: those of a model besides its resolvers.
    pub(super) fn new(plan: &Plan, base: usize, of_model: usize) -> Self {
        // The tables of SQL models are the user's.
        let weight = |model: &Model| if model.sql.is_some() { 0 } else { of_model };
        let models = plan.models.values().map(|model| (model.name.clone(), weight(model)));
        let mut models: IndexMap<String, usize> = models.collect();
        let mut base = base;
        let homes = plan.deployed().map(|resolver| resolver.action.home());
        for home in homes.chain(plan.functions.values().map(|function| function.step.table())) {
            match home.and_then(|model| models.get_mut(model)) {
                Some(weight) => *weight += 1,
                None => base += 1,
            }
        }
        Self { base, models }
    }

    fn of(&self, model: &str) -> usize {
        self.models.get(model).copied().unwrap_or_default()
    }

    /// Everything.
    pub(super) fn total(&self) -> usize {
        self.base + self.models.values().sum::<usize>()
    }
}

#[cfg(test)]
mod tests;
