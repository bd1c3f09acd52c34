//! The resolvers of an API as JavaScript for AppSync's `APPSYNC_JS` runtime, one unit resolver for each field.
//!
//! Who may do what is decided in the resolver itself, and each file can be read, and replaced, alone.

mod access;
mod conversation;
mod fields;
mod gate;
mod http;
mod lambda;
mod pipeline;
mod reading;
mod renaming;
mod script;
mod searching;
mod services;
mod sql;
mod statement;
mod syncing;
mod validation;
mod writing;

use serde::Serialize;

use super::plan::{Action, Function, Key, Model, Operation, Plan, Resolver, Rule};
use crate::render::{RenderError, Renderer};
use access::Helpers;

use gate::denied;
pub(super) use searching::index_name;

/// A resolver as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverFile {
    /// `Query`, `Mutation`, `Subscription`, or a model.
    pub type_name: String,
    /// The field.
    pub field: String,
    /// Its data source.
    pub source: String,
    /// `resolvers/Query.getPost.js`
    pub path: String,
    /// The JavaScript.
    pub text: String,
}

/// The resolvers of a plan that are deployed, in its order.
///
/// # Errors
/// When a template cannot be rendered, or the plan names a model that it does not have.
pub fn write(plan: &Plan, render: &Renderer) -> Result<Vec<ResolverFile>, RenderError> {
    let file = |resolver: &Resolver| {
        let path = format!("resolvers/{}.{}.js", resolver.type_name, resolver.field);
        let text = match plan.own_files.get(&path) {
            Some(own) => own.clone(),
            None => renaming::finish(plan, &resolver.action, &text(plan, resolver, render)?, render)?,
        };
        let (type_name, field) = (resolver.type_name.clone(), resolver.field.clone());
        Ok(ResolverFile { type_name, field, source: resolver.source.clone(), path, text })
    };
    plan.deployed().map(file).collect()
}

/// A function of pipelines as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFile {
    /// Its name, a key of the plan's functions.
    pub name: String,
    /// Its data source.
    pub source: String,
    /// `functions/InvokeWorker.js`
    pub path: String,
    /// The JavaScript.
    pub text: String,
}

/// The functions of a plan, in its order.
///
/// # Errors
/// When a template cannot be rendered.
pub fn write_functions(plan: &Plan, render: &Renderer) -> Result<Vec<FunctionFile>, RenderError> {
    let file = |(name, function): (&String, &Function)| {
        let path = format!("functions/{name}.js");
        let text = match plan.own_files.get(&path) {
            Some(own) => own.clone(),
            None => {
                renaming::finish_step(plan, &function.step, &pipeline::step(plan, name, function, render)?, render)?
            }
        };
        Ok(FunctionFile { name: name.clone(), source: function.source.clone(), path, text })
    };
    plan.functions.iter().map(file).collect()
}

fn text(plan: &Plan, resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    match &resolver.action {
        Action::Update { .. } | Action::Delete { .. } if !resolver.functions(plan).is_empty() => {
            pipeline::resolver(plan, resolver, render)
        }
        Action::Get { model } => reading::get(&Scene::new(plan, resolver, model)?, render),
        Action::List { model } => reading::list(&Scene::new(plan, resolver, model)?, render),
        Action::Sync { model } => syncing::sync(&Scene::new(plan, resolver, model)?, render),
        Action::QueryIndex { model, index } => reading::query_index(&Scene::new(plan, resolver, model)?, index, render),
        Action::Search { model } => searching::search(&Scene::new(plan, resolver, model)?, render),
        Action::RelatedMany { model, related, index, fields, limit } => {
            let scene = Scene::new(plan, resolver, related)?;
            let (from, index, limit) = (scene.find(model)?, index.as_deref(), *limit);
            let relation = reading::Relation { from, index, fields, limit, required: false };
            reading::related_many(&scene, &relation, render)
        }
        Action::RelatedOne { model, related, index, fields, required } => {
            let scene = Scene::new(plan, resolver, related)?;
            let (from, index, required) = (scene.find(model)?, index.as_deref(), *required);
            let relation = reading::Relation { from, index, fields, limit: 1, required };
            reading::related_one(&scene, &relation, render)
        }
        Action::Create { model } => writing::create(&Scene::new(plan, resolver, model)?, render),
        Action::Update { model } => writing::update(&Scene::new(plan, resolver, model)?, render),
        Action::Delete { model } => writing::delete(&Scene::new(plan, resolver, model)?, render),
        Action::Subscribe { model, to } => fields::subscribe(&Scene::new(plan, resolver, model)?, *to, render),
        Action::OwnerField { model } => fields::owner(&Scene::new(plan, resolver, model)?, render),
        Action::ProtectedField { model } if plan.models.contains_key(model) => {
            fields::protected(&Scene::new(plan, resolver, model)?, render)
        }
        Action::SqlStatement(statement) => statement::resolver(plan, resolver, statement, render),
        Action::Pipeline { .. } => pipeline::resolver(plan, resolver, render),
        Action::Invoke { event } => lambda::resolver(plan, resolver, *event, render),
        Action::Request(request) => http::resolver(plan, resolver, request, render),
        Action::Own { .. } => Err(RenderError {
            template: format!("resolvers/{}.{}.js", resolver.type_name, resolver.field),
            reason: "the plan has no file of the user for it".to_owned(),
        }),
        Action::Generate { generation } => services::generate(plan, resolver, generation, render),
        Action::Predict { list, .. } => services::predict(plan, resolver, *list, render),
        Action::Converse { .. } => conversation::converse(plan, resolver, render),
        Action::SubscribeToAnswers => conversation::answers(resolver, render),
        Action::ListLatest { model, index } => conversation::latest(&Scene::new(plan, resolver, model)?, index, render),
        Action::ProtectedField { .. } => fields::custom(plan, resolver, render),
    }
}

/// A resolver with the model whose items it is about.
#[derive(Debug)]
struct Scene<'a> {
    plan: &'a Plan,
    resolver: &'a Resolver,
    model: &'a Model,
}

impl<'a> Scene<'a> {
    fn new(plan: &'a Plan, resolver: &'a Resolver, model: &str) -> Result<Self, RenderError> {
        let model = find(plan, resolver, model)?;
        Ok(Self { plan, resolver, model })
    }

    fn find(&self, model: &str) -> Result<&'a Model, RenderError> {
        find(self.plan, self.resolver, model)
    }

    /// `Query.getPost`
    fn name(&self) -> String {
        format!("{}.{}", self.resolver.type_name, self.resolver.field)
    }

    /// A fault of the plan.
    fn fault(&self, reason: String) -> RenderError {
        RenderError { template: self.name(), reason }
    }

    /// The rules by which items may be read. The rules of single fields count as well where every other field has
    /// a resolver that checks the rules of the type, so that nothing else is given away.
    fn reading_rules(&self, operations: &[Operation]) -> Vec<Rule> {
        let mut rules = access::rules_for(self.model, operations);
        if self.is_guarded_field_by_field() {
            let own = self.model.field_rules.values().flatten();
            rules.extend(own.filter(|rule| access::allows(rule, operations)).cloned());
        }
        rules
    }

    fn is_guarded_field_by_field(&self) -> bool {
        let model = self.model;
        let stamps = [&model.created_at, &model.updated_at];
        let open = |name: &String| {
            !model.field_rules.contains_key(name)
                && !key_fields(&model.key).contains(name)
                && !stamps.contains(&&Some(name.clone()))
        };
        let checked = |name: &String| {
            self.plan.resolvers.iter().any(|resolver| {
                resolver.type_name == model.name
                    && resolver.field == **name
                    && matches!(resolver.action, Action::ProtectedField { .. })
            })
        };
        !model.field_rules.is_empty() && model.fields.keys().filter(|name| open(name)).all(checked)
    }
}

fn find<'a>(plan: &'a Plan, resolver: &Resolver, model: &str) -> Result<&'a Model, RenderError> {
    plan.models.get(model).ok_or_else(|| RenderError {
        template: format!("{}.{}", resolver.type_name, resolver.field),
        reason: format!("the plan has no model `{model}`"),
    })
}

/// The fields of a key, partition first.
fn key_fields(key: &Key) -> Vec<String> {
    std::iter::once(&key.partition).chain(&key.sort).map(|field| field.name.clone()).collect()
}

/// An attribute of a key, with JavaScript for its name and its value.
#[derive(Debug, Serialize)]
struct KeyEntry {
    name: String,
    value: String,
}

/// The key of an item, whose fields are the members `values` in the order of the key.
fn key_entries(key: &Key, values: &[String]) -> Vec<KeyEntry> {
    let mut entries = vec![KeyEntry { name: script::key(&key.partition.name), value: values[0].clone() }];
    if let Some(attribute) = key.sort_attribute() {
        let value = match &values[1..] {
            [one] => one.clone(),
            many => format!("[{}].join('#')", many.join(", ")),
        };
        entries.push(KeyEntry { name: script::key(&attribute), value });
    }
    entries
}

/// The owner fields that a model's items show as people know them: the name of each, and JavaScript for what it shows.
fn shown(model: &Model) -> Vec<KeyEntry> {
    let entry = |name: &String| {
        let stored = script::member("item", name);
        let list = model.fields.get(name).is_some_and(|field| field.list);
        let value = if list { format!("{stored} ? {stored}.map(last) : null") } else { format!("last({stored})") };
        KeyEntry { name: script::key(name), value }
    };
    model.shown_owners.iter().map(entry).collect()
}

/// References to rules, as guards take them.
fn all(rules: &[Rule]) -> Vec<&Rule> {
    rules.iter().collect()
}

#[cfg(test)]
mod tests;
