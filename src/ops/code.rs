//! The code of functions on its way into a deployment: read from the project, packed into archives.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::backend::{self, Backend};
use super::build::{self, Files};
use crate::base::Location;
use crate::blueprint::ArtifactRequest;
use crate::category::{Context, ResourceSpec};
use crate::deploy::{Bundle, function_archive};
use crate::error::{Code, Failure, Problem};
use crate::project::Project;

/// What an unpacked function may hold, in bytes ("Lambda quotas").
const MOST_BYTES: usize = 262_144_000;

/// An archive, or why there is none.
type Packed = Result<Bytes, Box<Problem>>;

/// Everything that is deployed of a project: stacks, their files, and the archives of its functions.
pub(super) fn bundle(project: &Project, backend: &Backend) -> Result<Bundle, Failure> {
    let mut bundle = Bundle::of(&backend.blueprint);
    let mut problems = Vec::new();
    let resources = &project.manifest().resources;
    let render = project.renderer()?;
    for (name, stack) in &backend.blueprint.nested {
        let Some(ResourceSpec::Function(spec)) = resources.get(name) else { continue };
        let context = Context { name, sources: &backend.sources, siblings: resources, render: &render };
        for request in &stack.artifacts {
            match build::files(project.root(), spec, &context) {
                Ok(built) => match archive(project, built, request)? {
                    Ok(archive) => drop(bundle.files.insert(request.path.clone(), archive)),
                    Err(problem) => problems.push(*problem),
                },
                Err(found) => problems.extend(found),
            }
        }
    }
    if problems.is_empty() { Ok(bundle) } else { Err(backend::problems(problems)) }
}

/// The archive of one function; what is unchanged is not packed again.
fn archive(project: &Project, built: Option<Files>, request: &ArtifactRequest) -> Result<Packed, Failure> {
    let pack = |files: BTreeMap<String, Bytes>| {
        let bytes: usize = files.values().map(Bytes::len).sum();
        if bytes <= MOST_BYTES {
            return Ok(function_archive(&files));
        }
        let largest = files.iter().max_by_key(|(_, content)| content.len()).map_or("", |(path, _)| path.as_str());
        let message = format!("the code is too large: {bytes} bytes, and Lambda takes {MOST_BYTES} unpacked");
        let problem = Problem::new(Code::AMP0314, message).at(Location::new(request.folder.clone(), 1, 1));
        Err(Box::new(problem.hint(format!("its largest file is {largest}"))))
    };
    Ok(match built {
        Some(files) => pack(files),
        None => project.archive(&request.folder, pack)?,
    })
}
