//! Functions of the project in an API: a schema, an authoriser or a conflict handler that names one gets its name in AWS.

use indexmap::IndexMap;

use super::plan::{ConflictHandler, LambdaFunction, Plan, Source};
use crate::base::ResourceName;
use crate::category::ResourceSpec;
use crate::category::function::{UNIQUE, own_function};

/// What stands in a plan for the part of a name that tells deployments apart.
const PLACEHOLDER: &str = "${unique}";

/// The plan in which the functions of the project have their names in AWS.
pub(super) fn named(mut plan: Plan, resources: &IndexMap<ResourceName, ResourceSpec>) -> Plan {
    for source in plan.sources.values_mut() {
        if let Source::Lambda(LambdaFunction { name, region: None, account: None }) = source {
            rename(name, resources);
        }
    }
    let handlers = plan.models.values_mut().filter_map(|model| model.conflict.as_mut()).chain(plan.conflict.as_mut());
    for handler in handlers {
        if let ConflictHandler::Lambda { function } = handler {
            rename(function, resources);
        }
    }
    plan
}

fn rename(name: &mut String, resources: &IndexMap<ResourceName, ResourceSpec>) {
    if let Some(resource) = own_function(name, resources) {
        *name = format!("{resource}-${{env}}-{PLACEHOLDER}");
    }
}

/// The name of a function of the plan, as text for `!Sub`.
pub(super) fn substituted(name: &str) -> String {
    name.replace("${env}", "${Environment}").replace(PLACEHOLDER, &format!("${{{UNIQUE}}}"))
}

/// Whether some function of the plan is one of the project's, so that the stack takes the parameter for its name.
pub(super) fn uses_own(plan: &Plan) -> bool {
    let source = |source: &Source| matches!(source, Source::Lambda(function) if function.name.ends_with(PLACEHOLDER));
    let handler = |handler: &ConflictHandler| matches!(handler, ConflictHandler::Lambda { function } if function.ends_with(PLACEHOLDER));
    plan.sources.values().any(source) || plan.models.values().filter_map(|model| model.conflict.as_ref()).any(handler)
}
