//! The directives that call AWS's services, all together: their checks, and what they add to a schema and its plan.

use super::draft::Catalogue;
use super::options::CompileOptions;
use super::output::Output;
use super::report::Report;
use super::{conversation, generation, predictions};
use crate::category::api::plan::Plan;
use crate::category::api::services::Additions;

/// Checks every directive, before anything is added to the schema.
pub(super) fn check(catalogue: &Catalogue<'_>, options: &CompileOptions, report: &mut Report<'_>) {
    for found in catalogue.types.values().copied() {
        let all =
            found.fields().iter().flat_map(|field| field.directives.iter().map(move |directive| (field, directive)));
        for (field, directive) in all {
            match directive.name.as_str() {
                "conversation" => conversation::check(found, field, directive, catalogue, report),
                "generation" => generation::check(found, directive, catalogue, report),
                "predictions" => predictions::check(found, directive, catalogue, options, report),
                _ => {}
            }
        }
    }
    predictions::check_names(catalogue, report);
}

/// What the directives add to the plan. The schema is expanded already.
pub(super) fn build(catalogue: &Catalogue<'_>, output: &Output, report: &mut Report<'_>) -> Additions {
    let mut additions = Additions::default();
    generation::build(catalogue, output, report, &mut additions);
    predictions::build(catalogue, report, &mut additions);
    conversation::build(catalogue, output, report, &mut additions);
    additions
}

/// Adds to a plan. What a field gets here takes the place of what it would have otherwise.
pub(super) fn join(additions: Additions, plan: &mut Plan) {
    for resolver in &additions.resolvers {
        plan.resolvers.retain(|other| other.type_name != resolver.type_name || other.field != resolver.field);
    }
    plan.resolvers.extend(additions.resolvers);
    plan.resolvers.sort_by(|left, right| (&left.type_name, &left.field).cmp(&(&right.type_name, &right.field)));
    plan.sources.extend(additions.sources);
    plan.sources.sort_keys();
    plan.functions.extend(additions.functions);
    for (name, index) in additions.indexes {
        if let Some(model) = plan.models.get_mut(&name) {
            model.indexes.push(index);
            model.stream = false;
        }
    }
}
