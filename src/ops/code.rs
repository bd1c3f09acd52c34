//! The code of functions on its way into a deployment: read from the project, packed into archives.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::backend;
use crate::base::Location;
use crate::blueprint::{ArtifactRequest, Blueprint};
use crate::deploy::{Bundle, function_archive};
use crate::error::{Code, Failure, Problem};
use crate::project::Project;

/// What an unpacked function may hold, in bytes ("Lambda quotas").
const MOST_BYTES: usize = 262_144_000;

/// Everything that is deployed of a project: stacks, their files, and the archives of its functions.
pub(super) fn bundle(project: &Project, blueprint: &Blueprint) -> Result<Bundle, Failure> {
    let mut bundle = Bundle::of(blueprint);
    let mut problems = Vec::new();
    for request in blueprint.nested.values().flat_map(|stack| &stack.artifacts) {
        match archive(project, request)? {
            Ok(archive) => {
                bundle.files.insert(request.path.clone(), archive);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() { Ok(bundle) } else { Err(backend::problems(problems)) }
}

/// The archive of one function; what is unchanged is not packed again.
fn archive(project: &Project, request: &ArtifactRequest) -> Result<Result<Bytes, Box<Problem>>, Failure> {
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
    Ok(project.archive(&request.folder, pack)?)
}
