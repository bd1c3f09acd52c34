//! Fields that other servers answer: what is sent, and what comes back.

use serde::Serialize;

use super::gate::{self, Gate};
use super::script;
use crate::category::api::plan::{HttpRequest, Piece, Plan, Resolver, Source};
use crate::render::{RenderError, Renderer};

/// Context of `http.js`.
#[derive(Debug, Serialize)]
struct Request {
    title: String,
    method: &'static str,
    /// JavaScript for the path.
    path: String,
    /// The path has parameters.
    parameters: bool,
    headers: Vec<Entry>,
    /// The query of the URL.
    query: Vec<Entry>,
    /// The field takes a `query`.
    sends_query: bool,
    body: bool,
    /// What must be given in the query or in the body.
    required: Vec<String>,
    #[serde(flatten)]
    gate: Gate,
}

/// JavaScript for the name and the value of a property.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    value: String,
}

/// `Query.weather`: the rules of the field, then the request.
pub(super) fn resolver(
    plan: &Plan,
    resolver: &Resolver,
    request: &HttpRequest,
    render: &Renderer,
) -> Result<String, RenderError> {
    let name = format!("{}.{}", resolver.type_name, resolver.field);
    let gate = Gate::of(plan, resolver);
    if gate.closed {
        return gate::refused(name, render);
    }
    let endpoint = match plan.sources.get(&resolver.source) {
        Some(Source::Http { endpoint }) => endpoint,
        _ => &resolver.source,
    };
    let has_parameter = |pieces: &[Piece]| pieces.iter().any(|piece| matches!(piece, Piece::Parameter(_)));
    let context = Request {
        title: format!("{name}: {} at {endpoint}.", request.method.name()),
        method: request.method.name(),
        path: text(&request.path, true),
        parameters: has_parameter(&request.path),
        headers: entries(&request.headers),
        query: entries(&request.query),
        sends_query: request.has_arguments,
        body: request.method.has_body(),
        required: request.required.clone(),
        gate,
    };
    render.render("api/resolver/http.js", &context)
}

fn entries(all: &[(String, Vec<Piece>)]) -> Vec<Entry> {
    all.iter().map(|(name, pieces)| Entry { name: script::key(name), value: text(pieces, false) }).collect()
}

/// JavaScript for a text with placeholders; in a path, what the caller gives must not end a segment.
fn text(pieces: &[Piece], in_path: bool) -> String {
    if let [Piece::Text(plain)] = pieces {
        return script::text(plain);
    }
    if pieces.is_empty() {
        return script::text("");
    }
    let part = |piece: &Piece| match piece {
        Piece::Text(plain) => script::text(plain),
        Piece::Parameter(name) if in_path => format!("segment({})", script::member("ctx.args.params", name)),
        Piece::Parameter(name) => script::member("ctx.args.params", name),
        Piece::Environment => "ctx.env.ENVIRONMENT".to_owned(),
        Piece::Region => "ctx.env.REGION".to_owned(),
    };
    match pieces {
        [one] => part(one),
        many => format!("[{}].join('')", many.iter().map(part).collect::<Vec<String>>().join(", ")),
    }
}
