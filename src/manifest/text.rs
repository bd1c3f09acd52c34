//! The text of `ampup.toml` and the [`Manifest`] it means. Edits keep comments and order.

use super::{Manifest, ManifestChange};
use crate::error::Problem;
use crate::render::Renderer;

/// Reads a manifest; every problem of the text at once, each with its place.
pub fn parse(text: &str) -> Result<Manifest, Vec<Problem>> {
    todo!("{text}")
}

/// The text of a new manifest, with comments that explain it.
pub fn fresh(manifest: &Manifest) -> String {
    todo!("{manifest:?}")
}

/// The text after the changes; what they do not concern stays as it is, to the byte.
pub fn rewrite(text: &str, changes: &[ManifestChange]) -> Result<String, Vec<Problem>> {
    todo!("{text} {changes:?}")
}
