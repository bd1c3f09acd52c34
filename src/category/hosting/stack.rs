//! The stack of a site, and the sample site.

use indexmap::IndexMap;
use serde::Serialize;

use super::HostingSpec;
use crate::base::ResourceName;
use crate::category::{Context, SourceFile, Synthesis, synthesis};
use crate::error::{Diagnose, Problem};
use crate::render::{RenderError, Renderer};

/// Context of `hosting/stack.yaml` and `hosting/viewer_request.js`.
#[derive(Clone, Debug, Serialize)]
struct HostingStack {
    description: String,
    comment: String,
    function_comment: &'static str,
    spa: bool,
    /// The page that answers when a file is not there.
    missing_page: &'static str,
    /// The rendered function; empty while it is being rendered.
    viewer_request: String,
}

/// The stack.
pub(super) fn synthesize(spec: &HostingSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    synthesis::refuse(context.name, &spec.check())?;
    let mut stack = HostingStack {
        description: format!("The site {}: private bucket, distribution, security headers", context.name),
        comment: format!("ampup: {}", context.name),
        function_comment: if spec.spa {
            "Paths of the application get its entry page"
        } else {
            "Folders get their page"
        },
        spa: spec.spa,
        missing_page: if spec.spa { "/index.html" } else { "/404.html" },
        viewer_request: String::new(),
    };
    let code = context.render.render("hosting/viewer_request.js", &stack).map_err(failed)?;
    code.trim_end().clone_into(&mut stack.viewer_request);
    synthesis::rendered(context, "hosting/stack.yaml", &stack, IndexMap::new())
}

/// A small site that shows what the API holds.
pub(super) fn sample(
    spec: &HostingSpec,
    name: &ResourceName,
    render: &Renderer,
) -> Result<Vec<SourceFile>, Vec<Problem>> {
    synthesis::refuse(name, &spec.check())?;
    let file = |file: &str| {
        let text = render.render(&format!("hosting/scaffold/{file}"), &serde_json::json!({})).map_err(failed)?;
        Ok(SourceFile { path: format!("{}/{file}", spec.source), text })
    };
    ["index.html", "app.js", "style.css"].into_iter().map(file).collect()
}

fn failed(error: RenderError) -> Vec<Problem> {
    vec![Problem::new(error.code(), error.to_string())]
}
