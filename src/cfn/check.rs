//! Whether a template can be deployed at all: its references lead somewhere, nothing waits for itself, limits hold.
//!
//! What a resource type understands is the business of the cloud.

use std::collections::BTreeSet;

use super::graph::{Graph, Reference, references};
use super::{Intrinsic, Template, Value, print};
use crate::base::Location;
use crate::base::suggest::nearest;
use crate::error::{Code, Problem};

/// Limits of CloudFormation (AWS CloudFormation User Guide, quotas).
pub const MOST_RESOURCES: usize = 500;
/// Outputs in a template.
pub const MOST_OUTPUTS: usize = 200;
/// Parameters in a template.
pub const MOST_PARAMETERS: usize = 200;
/// Mappings in a template.
pub const MOST_MAPPINGS: usize = 200;
/// Bytes of a template that is read from a bucket.
pub const LARGEST_BODY_BYTES: usize = 1_048_576;

/// The pseudo parameters.
pub const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The types of parameters, apart from those of `AWS::SSM::Parameter::Value<…>` and of existing resources.
const PARAMETER_TYPES: &[&str] = &["String", "Number", "List<Number>", "CommaDelimitedList", "List<String>"];

/// Every problem of the template, none when it can be deployed.
pub fn check(template: &Template) -> Vec<Problem> {
    let mut checker = Checker { template, problems: Vec::new() };
    checker.limits();
    checker.parameters();
    checker.conditions();
    checker.resources();
    checker.outputs();
    if let Err(cycle) = Graph::new(template).order() {
        let origin = cycle.0.first().and_then(|id| template.resources.get(id)?.origin.clone());
        checker.add(Code::AMP0313, origin.as_ref(), format!("resources wait for each other: {cycle}"));
    }
    checker.problems
}

/// The names in resources (and in their `DependsOn`) that lead nowhere, each once and in order.
pub fn unresolved_in_resources(template: &Template) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for resource in template.resources.values() {
        found.extend(unresolved(template, &resource.properties));
        let missing = resource.depends_on.iter().filter(|id| !template.resources.contains_key(*id));
        found.extend(missing.map(ToString::to_string));
    }
    found
}

/// The names in outputs that lead nowhere, each once and in order.
pub fn unresolved_in_outputs(template: &Template) -> BTreeSet<String> {
    let values = template.outputs.values().flat_map(|output| std::iter::once(&output.value).chain(&output.export));
    values.flat_map(|value| unresolved(template, value)).collect()
}

fn unresolved(template: &Template, value: &Value) -> Vec<String> {
    let missing = |reference| match reference {
        Reference::Name(name) => (!is_name(template, &name)).then_some(name),
        Reference::Attribute(name, _) => (!template.resources.contains_key(name.as_str())).then_some(name),
        Reference::Condition(_) | Reference::Mapping(_) => None,
    };
    references(value).into_iter().filter_map(missing).collect()
}

fn is_name(template: &Template, name: &str) -> bool {
    template.parameters.contains_key(name) || template.resources.contains_key(name) || PSEUDO_PARAMETERS.contains(&name)
}

/// Gathers the problems of one template.
struct Checker<'a> {
    template: &'a Template,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn add(&mut self, code: Code, origin: Option<&Location>, message: String) {
        let problem = Problem::new(code, message);
        self.problems.push(match origin {
            Some(origin) => problem.at(origin.clone()),
            None => problem,
        });
    }

    fn limits(&mut self) {
        let template = self.template;
        for (what, count, most) in [
            ("resources", template.resources.len(), MOST_RESOURCES),
            ("outputs", template.outputs.len(), MOST_OUTPUTS),
            ("parameters", template.parameters.len(), MOST_PARAMETERS),
            ("mappings", template.mappings.len(), MOST_MAPPINGS),
            ("bytes", print::json(template).len(), LARGEST_BODY_BYTES),
        ] {
            if count > most {
                self.add(Code::AMP0314, None, format!("the template has {count} {what}: CloudFormation allows {most}"));
            }
        }
        if template.resources.is_empty() {
            self.add(
                Code::AMP0312,
                None,
                "the template has no resources: CloudFormation wants one at least".to_owned(),
            );
        }
    }

    fn parameters(&mut self) {
        for (id, parameter) in &self.template.parameters {
            let kind = parameter.kind.as_str();
            let special = ["AWS::SSM::Parameter::", "AWS::EC2::", "AWS::Route53::", "List<AWS::"];
            if !PARAMETER_TYPES.contains(&kind) && !special.iter().any(|prefix| kind.starts_with(prefix)) {
                let near = suggestion(kind, PARAMETER_TYPES.iter().copied());
                let message = format!("the parameter `{id}`: `{}` is no type of parameters{near}", kind.escape_debug());
                self.add(Code::AMP0312, None, message);
            }
            if let Some(default) = &parameter.default
                && !parameter.allowed_values.is_empty()
                && !parameter.allowed_values.contains(default)
            {
                let message = format!("the parameter `{id}`: its default `{}` is not allowed", default.escape_debug());
                self.add(Code::AMP0312, None, message);
            }
            if let Some((resource, entry)) = self.template.resources.get_key_value(id) {
                let message = format!("a parameter and a resource are both called `{resource}`");
                self.add(Code::AMP0316, entry.origin.as_ref(), message);
            }
        }
    }

    fn conditions(&mut self) {
        for (id, value) in &self.template.conditions {
            let what = format!("the condition `{id}`");
            for reference in references(value) {
                match &reference {
                    Reference::Name(name)
                        if self.template.resources.contains_key(name.as_str())
                            && !self.template.parameters.contains_key(name.as_str()) =>
                    {
                        let message = format!("{what} names the resource `{name}`: conditions see parameters only");
                        self.add(Code::AMP0313, None, message);
                    }
                    Reference::Attribute(name, _) => {
                        let message =
                            format!("{what} asks for an attribute of `{name}`: conditions see parameters only");
                        self.add(Code::AMP0313, None, message);
                    }
                    _ => self.reference(&what, None, &reference),
                }
            }
            let boolean = matches!(value, Value::Call(call) if matches!(**call, Intrinsic::Equals(..) | Intrinsic::And(_)
                | Intrinsic::Or(_) | Intrinsic::Not(_) | Intrinsic::Condition(_)));
            if !boolean {
                let message = format!("{what} must be `Equals`, `And`, `Or`, `Not` or `Condition`");
                self.add(Code::AMP0312, None, message);
            }
            if self.condition_leads_to(id.as_str(), value, 0) {
                self.add(Code::AMP0313, None, format!("{what} depends on itself"));
            }
        }
    }

    /// Whether evaluating `value` would ask for the condition `wanted`.
    fn condition_leads_to(&self, wanted: &str, value: &Value, depth: usize) -> bool {
        depth <= self.template.conditions.len()
            && references(value).iter().any(|reference| match reference {
                Reference::Condition(name) => {
                    let next = self.template.conditions.get(name.as_str());
                    name == wanted || next.is_some_and(|next| self.condition_leads_to(wanted, next, depth + 1))
                }
                _ => false,
            })
    }

    fn resources(&mut self) {
        for (id, resource) in &self.template.resources {
            let what = format!("the resource `{id}`");
            let origin = resource.origin.as_ref();
            for reference in references(&resource.properties) {
                self.reference(&what, origin, &reference);
            }
            self.mapping_keys(&what, origin, &resource.properties);
            if let Some(condition) = &resource.condition {
                self.reference(&what, origin, &Reference::Condition(condition.to_string()));
            }
            for target in resource.depends_on.iter().filter(|target| !self.template.resources.contains_key(*target)) {
                let near = suggestion(target.as_str(), self.template.resources.keys().map(AsRef::as_ref));
                let message = format!("{what} depends on `{target}`, which is no resource of the template{near}");
                self.add(Code::AMP0313, origin, message);
            }
        }
    }

    fn outputs(&mut self) {
        for (id, output) in &self.template.outputs {
            let what = format!("the output `{id}`");
            for value in std::iter::once(&output.value).chain(&output.export) {
                for reference in references(value) {
                    self.reference(&what, None, &reference);
                }
                self.mapping_keys(&what, None, value);
            }
            if let Some(condition) = &output.condition {
                self.reference(&what, None, &Reference::Condition(condition.to_string()));
            }
        }
    }

    fn reference(&mut self, what: &str, origin: Option<&Location>, reference: &Reference) {
        let template = self.template;
        let resources = || template.resources.keys().map(AsRef::as_ref);
        let message = match reference {
            Reference::Name(name) if !is_name(template, name) => {
                let known = resources().chain(template.parameters.keys().map(AsRef::as_ref));
                let near = suggestion(name, known.chain(PSEUDO_PARAMETERS.iter().copied()));
                format!("{what} names `{}`, which is no resource or parameter{near}", name.escape_debug())
            }
            Reference::Attribute(name, path) if !template.resources.contains_key(name.as_str()) => {
                let near = suggestion(name, resources());
                format!("{what} asks for `{path}` of `{}`, which is no resource{near}", name.escape_debug())
            }
            Reference::Condition(name) if !template.conditions.contains_key(name.as_str()) => {
                let near = suggestion(name, template.conditions.keys().map(AsRef::as_ref));
                format!("{what} names the condition `{}`, which does not exist{near}", name.escape_debug())
            }
            Reference::Mapping(name) if !template.mappings.contains_key(name.as_str()) => {
                let near = suggestion(name, template.mappings.keys().map(String::as_str));
                format!("{what} names the mapping `{}`, which does not exist{near}", name.escape_debug())
            }
            _ => return,
        };
        self.add(Code::AMP0313, origin, message);
    }

    /// Keys of mappings that are plain text can be looked up at once.
    fn mapping_keys(&mut self, what: &str, origin: Option<&Location>, value: &Value) {
        match value {
            Value::List(list) => list.iter().for_each(|item| self.mapping_keys(what, origin, item)),
            Value::Map(map) => map.values().for_each(|item| self.mapping_keys(what, origin, item)),
            Value::Call(call) => {
                if let Intrinsic::FindInMap(Value::Text(map), Value::Text(top), Value::Text(second)) = &**call
                    && let Some(tops) = self.template.mappings.get(map)
                    && tops.get(top).is_none_or(|seconds| !seconds.contains_key(second))
                {
                    let message = format!("{what} looks for `{top}`, `{second}` in the mapping `{map}`: not there");
                    self.add(Code::AMP0313, origin, message);
                }
                call.arguments().into_iter().for_each(|argument| self.mapping_keys(what, origin, argument));
            }
            _ => {}
        }
    }
}

fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
