//! The fields of the user's own: of root types, and of types that are no models where they have rules.

use super::admission::Admission;
use super::identity::{self, Identity};
use super::{Access, CustomAccess, CustomRow, column, judge, own};
use crate::category::api::plan::{AuthMode, Plan, Resolver, Rule};

/// Who may use each field that the schema's author declared.
pub(super) fn fields(plan: &Plan, modes: &[AuthMode], admission: &Admission) -> Vec<CustomAccess> {
    let generated = |type_name: &str, field: &str| {
        let same = |resolver: &&Resolver| resolver.type_name == type_name && resolver.field == field;
        plan.resolvers
            .iter()
            .filter(same)
            .any(|found| plan.models.keys().any(|model| column(plan, found, model).is_some()))
    };
    let mut names = admission.root_fields();
    names.retain(|(type_name, field)| !generated(type_name, field));
    for name in plan.custom_rules.keys() {
        let Some((type_name, field)) = name.split_once('.') else { continue };
        let name = (type_name.to_owned(), field.to_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let all_rules: Vec<&Rule> = plan.custom_rules.values().flatten().collect();
    let identities = identity::identities(modes, all_rules.iter().copied());
    let of = |(type_name, field): (String, String)| {
        let rules = plan.custom_rules.get(&format!("{type_name}.{field}"));
        let row = |identity: &Identity| {
            let may = admission.admits(&type_name, &field, identity.mode)
                && rules.is_none_or(|rules| rules.iter().any(|rule| judge::holds_without_item(rule, identity)));
            let left = may && own::is_left_to_file(plan, &type_name, &field);
            let allowed = if left { Access::File } else { Access::Allowed };
            let access = if may { allowed } else { Access::Refused };
            CustomRow { identity: identity.clone(), access }
        };
        let known: Vec<&Identity> = identities.iter().filter(|identity| !identity.needs_item()).collect();
        CustomAccess { rows: known.into_iter().map(row).collect(), type_name, field }
    };
    names.into_iter().map(of).collect()
}
