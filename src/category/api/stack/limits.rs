//! What AppSync and CloudFormation take at most ("AWS AppSync endpoints and quotas", "AWS CloudFormation quotas").

use indexmap::IndexMap;

use super::content::Written;
use super::placement;
use crate::base::ResourceName;
use crate::category::api::plan::Plan;
use crate::category::synthesis::Synthesis;
use crate::cfn::Template;
use crate::error::{Code, Problem};
use crate::graphql::{compact, parse};

/// Resources in one template.
const MOST_RESOURCES: usize = 500;
/// Characters in the code of a resolver or function.
const LONGEST_CODE: usize = 32_768;
/// Functions in one pipeline.
const MOST_FUNCTIONS: usize = 10;
/// A schema of more bytes is deployed without what only people need. AppSync takes 1 MB.
const LONGEST_READABLE: usize = 1_000_000;

/// The files of a schema.
pub(super) struct Schema {
    /// By path below `ampup/stacks/`; what is deployed comes first.
    pub(super) files: IndexMap<String, String>,
}

impl Schema {
    /// One file to be read and deployed; two where that would be too long for AppSync.
    pub(super) fn of(plan: &Plan, name: &ResourceName) -> Self {
        let readable = (format!("{name}/schema.graphql"), plan.schema.clone());
        // A compiled schema can be read: the compiler printed it.
        let short = parse(&plan.schema).ok().filter(|_| plan.schema.len() > LONGEST_READABLE);
        let short = short.map(|document| (format!("{name}/schema.compact.graphql"), compact(&document)));
        Self { files: short.into_iter().chain([readable]).collect() }
    }

    /// The path of what is deployed.
    pub(super) fn file(&self) -> &str {
        self.files.first().map_or("", |(path, _)| path)
    }
}

/// Resolvers and functions that are too long, and pipelines of too many functions.
pub(super) fn code(plan: &Plan, written: &Written) -> Vec<Problem> {
    let long = |what: String, text: &str| {
        let length = text.chars().count();
        (length > LONGEST_CODE).then(|| {
            let message = format!(
                "the code of {what} would have {length} characters: AppSync takes {LONGEST_CODE}, so {} are too many",
                length - LONGEST_CODE
            );
            Problem::new(Code::AMP0320, message)
                .hint("let fewer fields have rules or checks of their own, or share their rules with other fields")
                .hint("or answer it with a resolver file of your own")
        })
    };
    let mut problems = Vec::new();
    for (resolver, file) in plan.deployed().zip(&written.resolvers) {
        let name = format!("{}.{}", resolver.type_name, resolver.field);
        problems.extend(long(name.clone(), &file.text).map(|problem| problem.at(resolver.origin.clone())));
        let functions = resolver.functions(plan).len();
        if functions > MOST_FUNCTIONS {
            let message = format!("{name} would be a pipeline of {functions} functions: AppSync runs {MOST_FUNCTIONS}");
            let problem = Problem::new(Code::AMP0320, message).at(resolver.origin.clone());
            problems.push(problem.hint("join some of them; a check of the field's rules counts as one"));
        }
    }
    for (function, file) in plan.functions.values().zip(&written.functions) {
        let problem = long(format!("the function {}", file.name), &file.text);
        problems.extend(problem.map(|problem| problem.at(function.origin.clone())));
    }
    problems
}

/// Stacks with too many resources.
pub(super) fn resources(name: &ResourceName, synthesis: &Synthesis) -> Vec<Problem> {
    let own = (name.to_string(), &synthesis.template);
    let parts = synthesis.parts.iter().map(|(path, part)| (path.clone(), &part.template));
    let too_large = |(path, template): (String, &Template)| {
        let count = template.resources.len();
        let problem = Problem::new(
            Code::AMP0314,
            format!(
                "the stack ampup/stacks/{path}.yaml would have {count} resources: CloudFormation allows {MOST_RESOURCES} in one"
            ),
        );
        let file = placement::path(name);
        (count > MOST_RESOURCES).then(|| {
            problem.hint("leave operations out that nobody uses, for example `@model(subscriptions: null)`").hint(
                format!("take the lines of models that were never deployed out of {file}: they get another stack"),
            )
        })
    };
    std::iter::once(own).chain(parts).filter_map(too_large).collect()
}

#[cfg(test)]
mod tests;
