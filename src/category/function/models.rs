//! Models of the project's APIs, as functions name them: `blog.Post`.
//!
//! The name of a model's table follows from the API's id, and its stream is an output of the API's stack. APIs name their
//! functions by names that follow from the project, so a function may answer an API and use its models: no circle comes
//! about.

use std::collections::BTreeMap;

use super::{FunctionSpec, Trigger};
use crate::base::ResourceName;
use crate::base::suggest::nearest;
use crate::category::api::stream_output;
use crate::category::{ApiSpec, Context, ResourceSpec, SettingProblem};

/// A table of a model.
#[derive(Clone, Debug)]
pub(super) struct ModelTable {
    /// What its name begins with; the API's id and the environment follow.
    pub(super) table: String,
    /// The output of the API's stack with its stream, when a function follows it.
    pub(super) stream: String,
}

/// The models that a function names, by API and model.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<(ResourceName, String), ModelTable>);

impl Models {
    /// The table of a model.
    pub(super) fn table(&self, api: &ResourceName, model: &str) -> Option<&ModelTable> {
        self.0.get(&(api.clone(), model.to_owned()))
    }
}

/// A resource, and the model behind the dot.
pub(super) fn parted(text: &str) -> (String, Option<String>) {
    match text.split_once('.') {
        Some((resource, model)) => (resource.to_owned(), Some(model.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// The two as the user writes them.
pub(super) fn joined(resource: &str, model: Option<&str>) -> String {
    model.map_or_else(|| resource.to_owned(), |model| format!("{resource}.{model}"))
}

/// Why a resource has no models.
pub(super) fn without(name: &ResourceName, spec: &ResourceSpec) -> String {
    format!("`{name}` is {} and has no models: only an API has", spec.kind())
}

/// The variable with the name of a model's table: `BLOG_ORDER_LINE_TABLE`.
pub(super) fn variable(api: &ResourceName, model: &str) -> String {
    let mut name = api.as_str().replace('-', "_");
    name.push('_');
    let mut lower = false;
    for letter in model.chars() {
        if letter.is_ascii_uppercase() && lower {
            name.push('_');
        }
        lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        name.push(letter);
    }
    format!("{}_TABLE", name.to_ascii_uppercase())
}

/// The models that a function names. An API whose schema is wrong tells its problems itself, so its models are left out.
///
/// # Errors
/// Models that are not there or have no table, with the nearest one that has.
pub(super) fn find(spec: &FunctionSpec, context: &Context<'_>) -> Result<Models, Vec<SettingProblem>> {
    let mut models = Models::default();
    let mut problems = Vec::new();
    for (name, sibling) in context.siblings {
        let ResourceSpec::Api(api) = sibling else { continue };
        let access = spec.access.iter().filter(|access| access.resource == name.as_str());
        let access = access.filter_map(|access| Some(("access", access.model.as_deref()?)));
        let followed = spec.triggers.iter().filter_map(|trigger| trigger.model_of(name));
        let wanted: Vec<(&'static str, &str)> = access.chain(followed.map(|model| ("triggers", model))).collect();
        if !wanted.is_empty() {
            add(&mut models, &mut problems, (name, api), &wanted, context);
        }
    }
    if problems.is_empty() { Ok(models) } else { Err(problems) }
}

fn add(
    models: &mut Models,
    problems: &mut Vec<SettingProblem>,
    (name, api): (&ResourceName, &ApiSpec),
    wanted: &[(&'static str, &str)],
    context: &Context<'_>,
) {
    let Ok(plan) = api.plan(&Context { name, ..*context }) else { return };
    for (setting, model) in wanted {
        let place = joined(name.as_str(), Some(model));
        match plan.models.get(*model) {
            Some(found) if found.sql.is_none() => {
                let clash = models.0.keys().find(|(api, other)| {
                    (api, other.as_str()) != (name, model) && variable(api, other) == variable(name, model)
                });
                if let Some((api, other)) = clash {
                    let why =
                        format!("`{place}` and `{api}.{other}` have the same variable `{}`", variable(name, model));
                    problems.push(SettingProblem::new(setting, why).hint("let two functions use them"));
                }
                let table = ModelTable { table: found.table.clone(), stream: stream_output(model) };
                models.0.insert((name.clone(), (*model).to_owned()), table);
            }
            Some(_) => {
                let why = format!("`{place}` has no table of DynamoDB: its rows are in the API's SQL database");
                let hint = format!("ask the API for them: `{name}:query` in `access`");
                problems.push(SettingProblem::new(setting, why).hint(hint));
            }
            None => {
                let wrong = SettingProblem::new(
                    setting,
                    format!("the schema of `{name}` has no model `{}`", model.escape_debug()),
                );
                let known = plan.models.values().filter(|model| model.sql.is_none()).map(|model| model.name.as_str());
                let all: Vec<&str> = known.collect();
                problems.push(match nearest(model, all.iter().copied()) {
                    Some(near) => wrong.hint(format!("did you mean `{name}.{near}`?")),
                    None if all.is_empty() => wrong,
                    None => wrong.hint(format!("it has {}", all.join(", "))),
                });
            }
        }
    }
}

/// The models whose changes make a function run, by API.
pub(super) fn followed<'a>(spec: &'a FunctionSpec, api: &ResourceName) -> Vec<&'a str> {
    let mut models: Vec<&str> = spec.triggers.iter().filter_map(|trigger: &Trigger| trigger.model_of(api)).collect();
    models.dedup();
    models
}
