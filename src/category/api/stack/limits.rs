//! Stacks that CloudFormation would not take: they have too many resources.

use super::placement;
use crate::base::ResourceName;
use crate::category::synthesis::Synthesis;
use crate::cfn::Template;
use crate::error::{Code, Problem};

/// What CloudFormation allows in one template ("AWS CloudFormation quotas").
const MOST_RESOURCES: usize = 500;

/// The stacks of an API that have too many resources.
pub(super) fn too_large(name: &ResourceName, synthesis: &Synthesis) -> Vec<Problem> {
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
