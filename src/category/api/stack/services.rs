//! What fields that call services add to a stack: signed HTTP data sources, their roles, the function for speech.

use indexmap::IndexMap;
use serde::Serialize;

use super::names;
use crate::base::ResourceName;
use crate::category::api::plan::{Plan, Source, Step};
use crate::category::api::services::{Prediction, Service};
use crate::render::{RenderError, Renderer};

/// Logical id of the data source for speech.
pub(super) const SPEECH_ID: &str = "SpeechSource";
/// Logical id of the role for predictions.
const PREDICTIONS_ROLE: &str = "PredictionsRole";

/// Part of the context of `api/stack.yaml`.
#[derive(Debug, Serialize)]
pub(super) struct Services {
    sources: Vec<HttpSource>,
    roles: Vec<ServiceRole>,
    speech: Option<Speech>,
    conversations: Option<Conversations>,
    /// Predictions read pictures from the bucket that a parameter names.
    pub(super) pictures: bool,
}

/// What conversations share.
#[derive(Debug, Serialize)]
struct Conversations {
    sources: Vec<HandlerSource>,
    /// Folder of the handler's code.
    folder: String,
    /// The language models that it may ask, as YAML.
    models: Vec<String>,
}

#[derive(Debug, Serialize)]
struct HandlerSource {
    id: String,
    label: String,
    name: String,
}

/// The files of the handler of conversations.
const HANDLER: [&str; 4] = ["bedrock.mjs", "graphql.mjs", "history.mjs", "index.mjs"];

/// The code of the handler by its paths below the folder of the API; nothing when no field needs it.
pub(super) fn files(plan: &Plan, render: &Renderer) -> Result<Vec<(String, String)>, RenderError> {
    if !plan.sources.values().any(|source| matches!(source, Source::ConversationHandler { .. })) {
        return Ok(Vec::new());
    }
    let file = |name: &&str| {
        let text = render.render(&format!("api/conversation/{name}"), &serde_json::json!({}))?;
        Ok((format!("conversation/{name}"), text.trim_start().to_owned()))
    };
    HANDLER.iter().map(file).collect()
}

/// Logical id of the data source of a conversation's handler.
pub(super) fn handler_id(source: &str) -> String {
    format!("{}Source", names::function(source.trim_end_matches("LambdaDataSource")))
}

#[derive(Debug, Serialize)]
struct HttpSource {
    id: String,
    comment: String,
    label: String,
    name: String,
    host: &'static str,
    signing_name: &'static str,
    /// Logical id of its role.
    role: String,
}

/// A role of AppSync for some calls of services.
#[derive(Debug, Serialize)]
struct ServiceRole {
    id: String,
    comment: String,
    label: String,
    grants: Vec<Grant>,
}

#[derive(Debug, Serialize)]
struct Grant {
    actions: Vec<&'static str>,
    /// YAML.
    resources: Vec<String>,
}

/// Context of `api/services/speech.js`.
#[derive(Debug, Serialize)]
struct Speech {
    source_name: String,
    /// The code of the function.
    code: String,
}

/// Logical id of the data source of a service.
pub(super) fn id(source: &str, service: &Service) -> String {
    match service {
        Service::Bedrock { .. } => format!("{}Source", names::function(source.trim_end_matches("DataSource"))),
        Service::Rekognition => "RekognitionSource".to_owned(),
        Service::Translate => "TranslateSource".to_owned(),
    }
}

/// What the fields of a plan need.
pub(super) fn services(plan: &Plan, api: &ResourceName, render: &Renderer) -> Result<Services, RenderError> {
    let mut roles: IndexMap<String, ServiceRole> = IndexMap::new();
    let mut services =
        Services { sources: Vec::new(), roles: Vec::new(), speech: None, conversations: None, pictures: false };
    for (name, source) in &plan.sources {
        match source {
            Source::Service { service } => {
                let role = role(plan, service);
                services.sources.push(HttpSource {
                    id: id(name, service),
                    comment: comment(service),
                    label: format!("data source {name}"),
                    name: name.clone(),
                    host: service.host(),
                    signing_name: service.signing_name(),
                    role: role.id.clone(),
                });
                services.pictures |= *service == Service::Rekognition;
                roles.entry(role.id.clone()).or_insert(role);
            }
            Source::Speech => {
                let mut speech = Speech { source_name: name.clone(), code: String::new() };
                render.render("api/services/speech.js", &speech)?.trim_end().clone_into(&mut speech.code);
                services.speech = Some(speech);
            }
            Source::ConversationHandler { ai_model } => {
                let folder = format!("./{api}/conversation/");
                let empty = || Conversations { sources: Vec::new(), folder, models: Vec::new() };
                let conversations = services.conversations.get_or_insert_with(empty);
                let label = format!("data source {name}");
                conversations.sources.push(HandlerSource { id: handler_id(name), label, name: name.clone() });
                for resource in bedrock_resources(ai_model) {
                    if !conversations.models.contains(&resource) {
                        conversations.models.push(resource);
                    }
                }
            }
            Source::None
            | Source::Sql { .. }
            | Source::Table { .. }
            | Source::Search
            | Source::Lambda(_)
            | Source::Http { .. } => {}
        }
    }
    services.roles = roles.into_values().collect();
    Ok(services)
}

fn comment(service: &Service) -> String {
    match service {
        Service::Bedrock { ai_model } => format!("Asks the language model {ai_model}."),
        Service::Rekognition => "Looks at pictures.".to_owned(),
        Service::Translate => "Translates texts.".to_owned(),
    }
}

fn role(plan: &Plan, service: &Service) -> ServiceRole {
    match service {
        Service::Bedrock { ai_model } => ServiceRole {
            id: format!("{}Role", names::function(&format!("Bedrock{ai_model}"))),
            comment: format!("May ask {ai_model} and no other language model."),
            label: format!("role for {ai_model}"),
            grants: vec![Grant { actions: vec!["bedrock:InvokeModel"], resources: bedrock_resources(ai_model) }],
        },
        Service::Rekognition | Service::Translate => ServiceRole {
            id: PREDICTIONS_ROLE.to_owned(),
            comment: "May do the steps of predictions; the services know no finer resources.".to_owned(),
            label: "role of predictions".to_owned(),
            grants: predictions(plan),
        },
    }
}

/// The foundation model. An inference profile, which begins with the name of a geography, needs itself and the model
/// in every region of that geography.
pub(super) fn bedrock_resources(ai_model: &str) -> Vec<String> {
    const GEOGRAPHIES: [&str; 9] = ["us", "us-gov", "eu", "apac", "au", "ca", "jp", "sa", "global"];
    let text = |arn: String| format!("!Sub {}", crate::render::filters::yaml(&arn.into()));
    let escaped = ai_model.replace("${", "${!");
    match escaped.split_once('.') {
        Some((geography, model)) if GEOGRAPHIES.contains(&geography) => vec![
            text(format!(
                "arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}:${{AWS::AccountId}}:inference-profile/{escaped}"
            )),
            text(format!("arn:${{AWS::Partition}}:bedrock:*::foundation-model/{model}")),
        ],
        _ => vec![text(format!("arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}::foundation-model/{escaped}"))],
    }
}

fn predictions(plan: &Plan) -> Vec<Grant> {
    let done = |wanted: Prediction| {
        plan.functions
            .values()
            .any(|function| matches!(function.step, Step::Predict { prediction } if prediction == wanted))
    };
    let calls = [
        (Prediction::IdentifyText, "rekognition:DetectText"),
        (Prediction::IdentifyLabels, "rekognition:DetectLabels"),
        (Prediction::TranslateText, "translate:TranslateText"),
    ];
    let actions: Vec<&'static str> =
        calls.into_iter().filter(|(step, _)| done(*step)).map(|(_, action)| action).collect();
    let mut grants = vec![Grant { actions, resources: vec!["'*'".to_owned()] }];
    if done(Prediction::IdentifyText) || done(Prediction::IdentifyLabels) {
        let pictures = "!Sub 'arn:${AWS::Partition}:s3:::${PredictionsBucket}/public/*'".to_owned();
        grants.push(Grant { actions: vec!["s3:GetObject"], resources: vec![pictures] });
    }
    grants
}
