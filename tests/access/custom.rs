//! The fields of root types that are the user's own: whether they are refused.

use ampup::category::api::access::Access;

use super::cases::Case;
use super::drive::{Report, errors, expect, refused};
use super::world::World;

/// Asks for each of them as each caller.
pub(super) fn case(world: &World, case: &Case, report: &mut Report) {
    for field in case.access.custom.iter().filter(|field| ["Query", "Mutation"].contains(&field.type_name.as_str())) {
        let (query, variables) = case.shapes.request(&field.type_name, &field.field);
        for row in &field.rows {
            let credential = world.credential(case, &row.identity);
            let answer = world.ask(case, &credential, &query, &variables);
            let kinds = errors(&answer, &[&field.field]);
            let found = match row.access {
                Access::Allowed => {
                    let faulty = kinds.iter().any(|kind| ["Unauthorized", "Code"].contains(kind));
                    // Where null is no answer, the answer is an error at the field.
                    let reached = answer["data"].is_object() || !kinds.is_empty();
                    expect(!faulty && reached, "should be allowed", &answer)
                }
                _ => refused(&answer, &field.field),
            };
            report.add(case, &row.identity, &format!("{}.{}", field.type_name, field.field), found);
        }
    }
}
