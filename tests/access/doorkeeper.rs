//! The function that lets callers in: what it is told, whom it refuses, which fields it takes away.

use ampup::category::api::access::{Access, Identity, Verb, Who};
use ampup::category::api::plan::{AuthMode, FieldKind};
use serde_json::{Value, json};

use super::cases::Case;
use super::drive::{Report, errors, expect};
use super::item;
use super::world::World;
use crate::support::callers::Credential;
use crate::support::doorkeeper::WORD;

/// What an API that asks it does without regard to rules.
pub(super) fn case(world: &World, case: &Case, report: &mut Report) {
    if !case.modes.iter().any(|mode| mode == "AWS_LAMBDA") {
        return;
    }
    let identity = Identity { mode: AuthMode::Lambda, who: Who::Authorised };
    let stranger = Credential::Header("authorization", "open barley".to_owned());
    let answer = world.ask(case, &stranger, "{ __typename }", &Value::Null);
    let refused = answer["errors"][0]["errorType"] == "UnauthorizedException" && answer.get("data").is_none();
    report.add(case, &identity, "a stranger", expect(refused, "the whole request should be refused", &answer));
    for matrix in &case.access.models {
        let Some(at) = matrix.columns.iter().position(|column| column.operation == Verb::Get) else { continue };
        let row = matrix.rows.iter().find(|row| row.identity == identity);
        let Some(cell) = row.map(|row| &row.cells[at]).filter(|cell| cell.access == Access::Allowed) else { continue };
        let model = &case.plan.models[&matrix.model];
        let keys = item::key_fields(&model.key);
        let taken = model.fields.values().find(|field| {
            let plain = field.kind == FieldKind::Scalar && !field.required && !field.list;
            plain && !keys.contains(&field.name.as_str()) && !cell.fields.contains_key(&field.name)
        });
        let (Some(taken), [key]) = (taken, keys.as_slice()) else { continue };
        let stored = item::stored(world, case, model, (&identity, "taken"));
        world.put(case, &model.name, &stored);
        let without = Credential::Header("authorization", format!("{WORD} but not {}.{}", model.name, taken.name));
        let (field, name) = (&matrix.columns[at].field, &taken.name);
        let query =
            format!("query ($k: {}!) {{ {field}({key}: $k) {{ {key} {name} }} }}", model.fields[*key].type_name);
        let answer = world.ask(case, &without, &query, &json!({ "k": stored[*key] }));
        let found = &answer["data"][field];
        let right =
            found[*key] == stored[*key] && found[name].is_null() && errors(&answer, &[field, name]) == ["Unauthorized"];
        let what = format!("{}.{name}, taken away", model.name);
        report.add(case, &identity, &what, expect(right, "the field alone should be refused", &answer));
    }
}
