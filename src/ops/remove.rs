//! Takes a resource out of a project. What is deployed goes with the next push.

use serde::Serialize;

use super::{OperationError, backend};
use crate::base::ResourceName;
use crate::error::Failure;
use crate::manifest::{Edit, FileChange, ManifestChange};
use crate::project::{Applied, Project};

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct RemoveReport {
    /// The resource.
    pub resource: ResourceName,
    /// `auth`, `api`, `hosting`.
    pub kind: &'static str,
    /// What happened to files.
    pub files: Applied,
}

/// Takes a resource out; its own files below `ampup/` go too, unless they are to be kept.
pub fn remove(project: &mut Project, name: &ResourceName, keep_files: bool) -> Result<RemoveReport, Failure> {
    let mut manifest = project.manifest().clone();
    // What is wrong elsewhere in the project must not keep a resource from being removed, so only a good one is asked.
    if let Ok(now) = backend::assemble(project, &manifest, &[]) {
        let by: Vec<String> = now.blueprint.dependents(name).into_iter().map(ToString::to_string).collect();
        if !by.is_empty() {
            return Err(OperationError::Needed { name: name.clone(), by }.into());
        }
    }
    let Some(spec) = manifest.resources.shift_remove(name) else {
        return Err(backend::resource(&manifest, name.as_str()).expect_err("it was just found missing"));
    };
    let backend = backend::assemble(project, &manifest, &[])?;
    backend.plan.refuse_edited()?;
    let mut files = backend.plan.file_changes();
    if !keep_files {
        let folder = format!("ampup/{}/{name}", spec.kind());
        files.extend(
            backend
                .sources
                .below(&folder)
                .map(|(path, text)| FileChange::Remove { path: path.to_owned(), before: Some(text.to_owned()) }),
        );
        let code = backend.sources.paths_below(&folder).filter(|path| backend.sources.text(path).is_none());
        files.extend(code.map(|path| FileChange::Remove { path: path.to_owned(), before: None }));
        files.push(FileChange::Remove { path: format!("{folder}/.gitattributes"), before: None });
    }
    let edit = Edit { manifest: vec![ManifestChange::RemoveResource(name.clone())], files };
    let files = project.apply(&edit)?;
    Ok(RemoveReport { resource: name.clone(), kind: spec.kind(), files })
}
