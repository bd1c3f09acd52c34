//! What searching adds to a stack: an OpenSearch domain, its data source, and the function that feeds it from the
//! streams of the tables.

use serde::Serialize;

use super::content::Layout;
use crate::category::api::plan::{Action, Plan, SEARCH_SOURCE};
use crate::category::api::resolvers::index_name;
use crate::render::{RenderError, Renderer};

/// Logical id of the data source.
pub(super) const SOURCE_ID: &str = "SearchSource";

/// Context of `api/search/stream.js`; part of the context of `api/stack.yaml`.
#[derive(Debug, Serialize)]
pub(super) struct Search {
    source_name: &'static str,
    models: Vec<Searched>,
    /// The code of the function.
    stream: String,
}

/// A model that can be searched.
#[derive(Debug, Serialize)]
struct Searched {
    /// Logical id of the model.
    id: String,
    label: String,
    /// YAML for the stream of its table.
    stream: String,
    /// Name of its index.
    index: String,
}

/// What the search queries of a plan need; `None` when it has none.
pub(super) fn search(plan: &Plan, layout: &Layout<'_>, render: &Renderer) -> Result<Option<Search>, RenderError> {
    let model = |action: &Action| match action {
        Action::Search { model } => {
            let (id, stream) = layout.stream(model);
            Some(Searched { id, label: format!("stream of {model} into search"), stream, index: index_name(model) })
        }
        _ => None,
    };
    let models: Vec<Searched> = plan.resolvers.iter().filter_map(|resolver| model(&resolver.action)).collect();
    if models.is_empty() {
        return Ok(None);
    }
    let mut search = Search { source_name: SEARCH_SOURCE, models, stream: String::new() };
    render.render("api/search/stream.js", &search)?.trim_end().clone_into(&mut search.stream);
    Ok(Some(search))
}
