//! The resolver of data sync: what has changed in a model since the caller looked last.

use serde::Serialize;

use super::access::Guard;
use super::{Helpers, Scene, all, denied};
use crate::category::api::plan::Operation;
use crate::render::{RenderError, Renderer};

/// What a page holds unless the caller says otherwise.
const PAGE: u32 = 100;

/// Context of `sync.js`.
#[derive(Debug, Serialize)]
struct Syncing {
    title: String,
    dynamic: bool,
    limit: u32,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// `Query.syncPosts`
pub(super) fn sync(scene: &Scene<'_>, render: &Renderer) -> Result<String, RenderError> {
    let model = scene.model;
    let rules = scene.reading_rules(&[Operation::Sync]);
    let comment = format!("What the rules of {} let the caller read.", model.name);
    let guard = Guard::new("access", comment, &all(&rules), None);
    if guard.is_closed() {
        return denied(scene, render);
    }
    let guards = vec![guard];
    let context = Syncing {
        title: format!("{}: what has changed in {}, deleted items too.", scene.name(), model.plural),
        dynamic: guards.iter().any(|guard| guard.dynamic),
        limit: PAGE,
        helpers: Helpers::of(&guards, false),
        guards,
    };
    render.render("api/resolver/sync.js", &context)
}
