//! The data sources of a stack that are no tables: those stand with their tables, and others with what they need.

use serde::Serialize;

use super::lambdas::{self, Invoker};
use super::names::{self, Names};
use super::{database, search, services};
use crate::category::api::plan::{Action, Allow, Piece, Plan, Rule, Source};

/// A data source as the template writes it.
#[derive(Debug, Serialize)]
pub(super) struct SourceEntry {
    /// Logical id.
    id: String,
    /// What it is, as a comment.
    comment: String,
    label: String,
    /// Its name in AppSync.
    name: String,
    /// AppSync's type of it.
    kind: &'static str,
    /// ARN of a Lambda function, text for `!Sub`.
    function: Option<String>,
    /// Logical id of the role by which it is invoked.
    role: Option<String>,
    /// Scheme and host, text for `!Sub`.
    endpoint: Option<String>,
}

/// Logical id of a data source.
pub(super) fn id(plan: &Plan, names: &Names, source: &str) -> String {
    match plan.sources.get(source) {
        Some(Source::Table { model }) => format!("{}DataSource", names.model(model)),
        Some(Source::Sql { .. }) => database::SOURCE_ID.to_owned(),
        Some(Source::Lambda(_) | Source::Http { .. }) => other_id(source),
        Some(Source::Service { service }) => services::id(source, service),
        Some(Source::Speech) => services::SPEECH_ID.to_owned(),
        Some(Source::ConversationHandler { .. }) => services::handler_id(source),
        Some(Source::Search) => search::SOURCE_ID.to_owned(),
        Some(Source::None) | None => "NoneSource".to_owned(),
    }
}

/// No model's data source is called so.
fn other_id(source: &str) -> String {
    format!("{}Source", names::function(source.strip_suffix("DataSource").unwrap_or(source)))
}

/// The data sources that something uses, and the roles by which they reach Lambda functions.
pub(super) fn sources(plan: &Plan, used: impl Fn(&str) -> bool) -> (Vec<SourceEntry>, Vec<Invoker>) {
    let wanted: Vec<(&String, &Source)> = plan.sources.iter().filter(|(name, _)| used(name)).collect();
    let functions = wanted.iter().filter_map(|(_, source)| match source {
        Source::Lambda(function) => Some(lambdas::arn(function)),
        _ => None,
    });
    let invokers = lambdas::invokers(functions);
    let plain = |name: &str, id: String, kind: &'static str| SourceEntry {
        id,
        comment: String::new(),
        label: format!("data source {name}"),
        name: name.to_owned(),
        kind,
        function: None,
        role: None,
        endpoint: None,
    };
    let entry = |(name, source): (&String, &Source)| match source {
        // These stand with what they need.
        Source::Table { .. }
        | Source::Sql { .. }
        | Source::Search
        | Source::Service { .. }
        | Source::Speech
        | Source::ConversationHandler { .. } => None,
        Source::None => Some(SourceEntry {
            comment: "For fields that need no data of their own.".to_owned(),
            label: "data source without data".to_owned(),
            ..plain(name, "NoneSource".to_owned(), "NONE")
        }),
        Source::Lambda(function) => {
            let arn = lambdas::arn(function);
            Some(SourceEntry {
                comment: format!("The Lambda function {}, which is not part of this stack.", shown(&function.name)),
                role: invokers.iter().find(|invoker| invoker.has(&arn)).map(|invoker| invoker.id.clone()),
                function: Some(arn),
                ..plain(name, other_id(name), "AWS_LAMBDA")
            })
        }
        Source::Http { endpoint } => Some(SourceEntry {
            comment: format!("The server {endpoint}."),
            endpoint: Some(endpoint.replace("${env}", "${Environment}").replace("${aws_region}", "${AWS::Region}")),
            ..plain(name, other_id(name), "HTTP")
        }),
    };
    let entries = wanted.into_iter().filter_map(entry).collect();
    (entries, invokers)
}

/// A function's name without what tells deployments apart.
fn shown(name: &str) -> &str {
    name.strip_suffix("-${env}-${unique}").unwrap_or(name)
}

/// Whether some resolver asks for the environment's name or the region.
pub(super) fn needs_environment(plan: &Plan) -> bool {
    let named = |rule: &Rule| matches!(&rule.allow, Allow::AdminRoles(names) if names.iter().any(|name| name.contains("${env}")));
    let rules = plan.models.values().flat_map(|model| &model.rules).chain(plan.custom_rules.values().flatten());
    if rules.into_iter().any(named) {
        return true;
    }
    let asks = |pieces: &Vec<Piece>| pieces.iter().any(|piece| matches!(piece, Piece::Environment | Piece::Region));
    plan.resolvers.iter().any(|resolver| match &resolver.action {
        Action::Request(request) => {
            let more = request.query.iter().chain(&request.headers).map(|(_, pieces)| pieces);
            std::iter::once(&request.path).chain(more).any(asks)
        }
        _ => false,
    })
}
