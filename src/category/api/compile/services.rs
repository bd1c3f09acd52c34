//! The directives that call AWS's services, all together: their checks, and what they add to a schema and its plan.

use super::draft::Catalogue;
use super::options::CompileOptions;
use super::output::Output;
use super::report::Report;
use super::{generation, predictions};
use crate::category::api::plan::{Action, Plan};
use crate::category::api::services::Additions;

/// Checks every directive, before anything is added to the schema.
pub(super) fn check(catalogue: &Catalogue<'_>, options: &CompileOptions, report: &mut Report<'_>) {
    for found in catalogue.types.values().copied() {
        for directive in found.fields().iter().flat_map(|field| &field.directives) {
            match directive.name.as_str() {
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
    additions
}

/// Adds to a plan. A field's own resolver checks its rules, so it takes the place of one that only does that.
pub(super) fn join(additions: Additions, plan: &mut Plan) {
    for resolver in &additions.resolvers {
        plan.resolvers.retain(|other| {
            let same = other.type_name == resolver.type_name && other.field == resolver.field;
            !(same && matches!(other.action, Action::ProtectedField { .. }))
        });
    }
    plan.resolvers.extend(additions.resolvers);
    plan.resolvers.sort_by(|left, right| (&left.type_name, &left.field).cmp(&(&right.type_name, &right.field)));
    plan.sources.extend(additions.sources);
    plan.sources.sort_keys();
    plan.functions.extend(additions.functions);
}
