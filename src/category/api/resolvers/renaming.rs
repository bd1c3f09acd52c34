//! Resolvers of tables whose attributes have other names than the fields of the API.
//!
//! The resolver itself knows attributes alone. What is put around it gives it the arguments in those names, and items
//! with both: fields of the API, and what relations go by.

use indexmap::IndexMap;
use serde::Serialize;

use super::script::tidy;
use crate::category::api::plan::{Action, Plan, Step};
use crate::render::{RenderError, Renderer};

/// Context of `parts_renamed.js`.
#[derive(Debug, Serialize)]
struct Renamed<'a> {
    attributes: &'a IndexMap<String, String>,
    /// DynamoDB gives a page of items, not one.
    page: bool,
}

/// The code of a resolver as it is deployed.
pub(super) fn finish(plan: &Plan, action: &Action, text: &str, render: &Renderer) -> Result<String, RenderError> {
    let page = match action {
        Action::List { .. } | Action::Sync { .. } | Action::QueryIndex { .. } | Action::RelatedMany { .. } => true,
        Action::RelatedOne { index, .. } => index.is_some(),
        _ => false,
    };
    let pipeline = match action {
        Action::Update { .. } | Action::Delete { .. } => text.contains("ctx.prev.result"),
        _ => false,
    };
    around(plan, action.table().filter(|_| !pipeline), page, text, render)
}

/// The code of a function as it is deployed.
pub(super) fn finish_step(plan: &Plan, step: &Step, text: &str, render: &Renderer) -> Result<String, RenderError> {
    around(plan, step.table(), false, text, render)
}

fn around(plan: &Plan, model: Option<&str>, page: bool, text: &str, render: &Renderer) -> Result<String, RenderError> {
    let attributes = model.and_then(|model| plan.models.get(model)).map(|model| &model.attributes);
    let Some(attributes) = attributes.filter(|attributes| !attributes.is_empty()) else { return Ok(tidy(text)) };
    let inner = text
        .replace("export function request(", "function storedRequest(")
        .replace("export function response(", "function storedResponse(");
    let outer = render.render("api/resolver/parts_renamed.js", &Renamed { attributes, page })?;
    Ok(tidy(&format!("{}\n{outer}", inner.trim_end())))
}
