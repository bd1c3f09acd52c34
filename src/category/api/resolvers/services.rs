//! Resolvers that ask services: a language model, or a line of predictions.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Helpers;
use super::access::Guard;
use super::all;
use crate::category::api::plan::{Allow, Plan, Resolver, Rule};
use crate::category::api::services::{Generation, Prediction};
use crate::render::{RenderError, Renderer};

/// Context of `generate.js`.
#[derive(Debug, Serialize)]
struct Generate<'a> {
    title: String,
    path: String,
    system_prompt: &'a str,
    schema: &'a Value,
    inference: Option<&'a Map<String, Value>>,
    denied: String,
    failed: String,
    text: bool,
    checked: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// Context of `predict.js`.
#[derive(Debug, Serialize)]
struct Predict {
    title: String,
    list: bool,
    checked: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// Context of `prediction.js`.
#[derive(Debug, Serialize)]
struct PredictionStep {
    title: String,
    step: &'static str,
    /// The operation, as services with JSON protocols are told.
    target: &'static str,
}

/// The rules of a field of a root type.
pub(super) struct FieldRules {
    pub(super) checked: bool,
    pub(super) guards: Vec<Guard>,
    pub(super) helpers: Helpers,
}

impl FieldRules {
    pub(super) fn of(plan: &Plan, name: &str) -> Self {
        let rules = plan.custom_rules.get(name);
        // There is no stored item whose owner or groups could be asked for.
        let fixed = |rule: &&Rule| !matches!(rule.allow, Allow::Owner { .. } | Allow::DynamicGroups { .. });
        let kept: Vec<Rule> = rules.into_iter().flatten().filter(fixed).cloned().collect();
        let comment = format!("Whether the rules of {name} let the caller in.");
        let guards = if rules.is_some() { vec![Guard::new("access", comment, &all(&kept), None)] } else { Vec::new() };
        Self { checked: rules.is_some(), helpers: Helpers::of(&guards, false), guards }
    }
}

/// `Query.makeRecipe`: one question to a language model.
pub(super) fn generate(
    plan: &Plan,
    resolver: &Resolver,
    generation: &Generation,
    render: &Renderer,
) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let FieldRules { checked, guards, helpers } = FieldRules::of(plan, &name);
    let model = &generation.ai_model;
    let context = Generate {
        title: format!("{name}: what the language model makes of the arguments."),
        path: format!("/model/{}/converse", path_part(model)),
        system_prompt: &generation.system_prompt,
        schema: &generation.schema,
        inference: Some(&generation.inference).filter(|given| !given.is_empty()),
        denied: format!("The model {model} is not enabled in this account and region."),
        failed: format!("The model {model} gave no answer."),
        text: generation.text,
        checked,
        guards,
        helpers,
    };
    render.render("api/resolver/generate.js", &context)
}

/// A name as a part of a path; `:` may stand there.
fn path_part(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// `Query.speak`: its steps, one after the other.
pub(super) fn predict(plan: &Plan, resolver: &Resolver, list: bool, render: &Renderer) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let FieldRules { checked, guards, helpers } = FieldRules::of(plan, &name);
    let title = format!("{name}: its predictions, one after the other.");
    render.render("api/resolver/predict.js", &Predict { title, list, checked, guards, helpers })
}

/// One step of predictions.
pub(super) fn step(prediction: Prediction, render: &Renderer) -> Result<String, RenderError> {
    let (title, target) = match prediction {
        Prediction::IdentifyText => ("the lines of text in a picture", "RekognitionService.DetectText"),
        Prediction::IdentifyLabels => ("what a picture shows", "RekognitionService.DetectLabels"),
        Prediction::TranslateText => ("a text in another language", "AWSShineFrontendService_20170701.TranslateText"),
        Prediction::ConvertTextToSpeech => ("an address from which a text can be heard", ""),
    };
    let step = prediction.name();
    render.render("api/resolver/prediction.js", &PredictionStep { title: format!("{step}: {title}."), step, target })
}
