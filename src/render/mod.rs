//! tera with our embedded templates and the user's overrides (handed in as data).
//!
//! A template loops and branches over a prepared context, it never computes. Delimiters are `<% %>`, `<< >>` and
//! `<# #>`, because CloudFormation and JavaScript own the braces. An undefined variable is an error, and nothing is
//! escaped for HTML: values are written through the [`filters`] of the language they land in.

pub mod embedded;
pub mod filters;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tera::{Context, Delimiters, Tera};

use crate::base::suggest::nearest;
use crate::error::{Code, Diagnose, Hint};

pub use embedded::TEMPLATES;

/// Renders templates by their path below `templates/` (`auth/stack.yaml`, without `.tera`).
///
/// The templates of a folder are parsed when the first of them is rendered. Clones share what was parsed.
#[derive(Clone)]
pub struct Renderer {
    folders: Arc<BTreeMap<String, Folder>>,
}

/// The templates of one top folder (`api`): only they may include each other.
struct Folder {
    sources: BTreeMap<String, String>,
    parsed: OnceLock<Result<Tera, RenderError>>,
}

/// A template that could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template `{template}` cannot be rendered: {reason}")]
pub struct RenderError {
    /// Path below `templates/`.
    pub template: String,
    /// What tera says.
    pub reason: String,
}

impl Diagnose for RenderError {
    fn code(&self) -> Code {
        Code::AMP0311
    }

    fn hints(&self) -> Vec<Hint> {
        let names = TEMPLATES.iter().map(|(name, _)| *name);
        match nearest(&self.template, names) {
            Some(near) if near != self.template => vec![Hint::new(format!("did you mean `{near}`?"))],
            _ => Vec::new(),
        }
    }
}

impl Default for Renderer {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<&String> = self.folders.values().flat_map(|folder| folder.sources.keys()).collect();
        formatter.debug_struct("Renderer").field("templates", &names).finish()
    }
}

impl Renderer {
    /// A renderer in which the user's templates, by the same names, win over ours.
    pub fn new(overrides: BTreeMap<String, String>) -> Self {
        let ours = TEMPLATES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
        for (name, text) in ours.chain(overrides) {
            let folder = folders.entry(top(&name).to_owned()).or_insert_with(Folder::empty);
            folder.sources.insert(name, text);
        }
        Self { folders: Arc::new(folders) }
    }

    /// The text of a template for a context, which must serialize to a map. It ends in exactly one line break.
    ///
    /// # Errors
    /// [`RenderError`] when there is no such template, it cannot be parsed, or a variable is undefined.
    pub fn render(&self, template: &str, context: &impl Serialize) -> Result<String, RenderError> {
        let fail = |reason: String| RenderError { template: template.to_owned(), reason };
        let folder = self.folders.get(top(template)).filter(|folder| folder.sources.contains_key(template));
        let folder = folder.ok_or_else(|| fail("there is no such template".to_owned()))?;
        let tera = folder.tera().map_err(Clone::clone)?;
        let context = Context::from_serialize(context).map_err(|error| fail(reason(&error)))?;
        let text = tera.render(template, &context).map_err(|error| fail(reason(&error)))?;
        Ok(format!("{}\n", text.trim()))
    }
}

impl Folder {
    fn empty() -> Self {
        Self { sources: BTreeMap::new(), parsed: OnceLock::new() }
    }

    fn tera(&self) -> Result<&Tera, &RenderError> {
        self.parsed.get_or_init(|| parse(&self.sources)).as_ref()
    }
}

/// All templates of a folder, ready to be rendered.
fn parse(sources: &BTreeMap<String, String>) -> Result<Tera, RenderError> {
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    let delimiters = Delimiters {
        block_start: "<%".into(),
        block_end: "%>".into(),
        variable_start: "<<".into(),
        variable_end: ">>".into(),
        comment_start: "<#".into(),
        comment_end: "#>".into(),
    };
    let first = sources.keys().next().cloned().unwrap_or_default();
    tera.set_delimiters(delimiters).map_err(|error| RenderError { template: first.clone(), reason: reason(&error) })?;
    filters::register(&mut tera);
    if tera.add_raw_templates(sources).is_err() {
        // Once more, one at a time, to name the one at fault.
        for (name, text) in sources {
            let mut alone = tera.clone();
            alone
                .add_raw_template(name, text)
                .map_err(|error| RenderError { template: name.clone(), reason: reason(&error) })?;
        }
    }
    Ok(tera)
}

/// The first folder of a template's path.
fn top(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// What tera says, in one line.
fn reason(error: &tera::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        parts.push(inner.to_string());
        source = inner.source();
    }
    parts.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
