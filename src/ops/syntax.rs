//! The code of functions is read by the interpreter of this computer before it is deployed; nothing of it runs.
//!
//! What was read and found good is remembered by the hash of its archive, so unchanged code costs nothing. Without an
//! interpreter nothing is read.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use tokio::task::JoinSet;

use super::backend::{self, Backend};
use super::build;
use crate::category::ResourceSpec;
use crate::category::function::Family;
use crate::deploy::{Bundle, content_hash};
use crate::error::{Code, Failure, Problem};
use crate::project::Project;

/// Files of one function that are read; more are packages that somebody copied.
const MOST_FILES: usize = 200;
/// Interpreters at the same time.
const PARALLEL: usize = 8;

/// Parses each file and tells the first thing that is wrong in it, as JSON, one line for a file.
const PYTHON: &str = "\
import ast, json, sys
for path in sys.argv[1:]:
    try:
        with open(path, 'rb') as file:
            ast.parse(file.read(), path)
    except SyntaxError as error:
        print(json.dumps([path, error.lineno or 1, error.offset or 1, error.msg]))
    except ValueError as error:
        print(json.dumps([path, 1, 1, str(error)]))
";

/// Reads the code of every function whose archive is new.
pub(super) async fn check(project: &Project, backend: &Backend, bundle: &Bundle) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut good = Vec::new();
    for (name, stack) in &backend.blueprint.nested {
        let Some(ResourceSpec::Function(spec)) = project.manifest().resources.get(name) else { continue };
        let family = spec.runtime.family();
        for request in &stack.artifacts {
            let Some(archive) = bundle.files.get(&request.path) else { continue };
            let (key, hash) = (format!("{name}.read"), content_hash(archive));
            if project.remembered(&key)?.as_deref() == Some(hash.as_str()) {
                continue;
            }
            let code = backend.sources.paths_below(&request.folder).filter(|path| family.reads(path));
            let found = match family {
                Family::Node => node(project, code.take(MOST_FILES).map(str::to_owned).collect()).await,
                Family::Provided => Vec::new(),
                Family::Python => python(project, code.take(MOST_FILES).map(str::to_owned).collect()).await,
            };
            if found.is_empty() {
                good.push((key, hash));
            }
            problems.extend(found);
        }
    }
    for (key, hash) in good {
        project.remember(&key, &hash)?;
    }
    if problems.is_empty() { Ok(()) } else { Err(backend::problems(problems)) }
}

fn wrong(root: &Path, path: &str, place: (usize, usize), why: &str) -> Problem {
    let message = format!("the code of a function has a syntax error: {}", why.trim());
    build::shown(root, Problem::new(Code::AMP0321, message), path, place)
}

/// What `node --check` says of each file.
async fn node(project: &Project, files: Vec<String>) -> Vec<Problem> {
    let mut waiting = files.into_iter();
    let mut running = JoinSet::new();
    let mut problems = Vec::new();
    loop {
        while running.len() < PARALLEL {
            let Some(file) = waiting.next() else { break };
            let root = project.root().to_owned();
            running.spawn(async move {
                let place = root.join(&file);
                let mut command = Command::new("node");
                command.arg("--check").arg(place).stdin(Stdio::null()).kill_on_drop(true);
                let output = command.output().await.ok()?;
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                if output.status.success() { None } else { node_problem(&root, &file, &said) }
            });
        }
        let Some(done) = running.join_next().await else { break };
        problems.extend(done.ok().flatten());
    }
    problems.sort_by(|left, right| left.location.cmp(&right.location));
    problems
}

/// Node.js names the file and line, shows the line with carets below what is wrong, and says why.
fn node_problem(root: &Path, file: &str, said: &str) -> Option<Problem> {
    let why = said.lines().find_map(|line| line.strip_prefix("SyntaxError: "))?;
    // A module in a file that ends in `.js`: the runtimes of Lambda find that out by themselves.
    if why.contains("outside a module") || why.starts_with("Unexpected token 'export'") {
        return None;
    }
    let line = said.lines().next().and_then(|first| first.rsplit_once(':')?.1.trim().parse().ok()).unwrap_or(1);
    let carets = said.lines().nth(2).filter(|text| text.trim_start().starts_with('^'));
    let column = carets.and_then(|text| text.find('^')).map_or(1, |at| at + 1);
    Some(wrong(root, file, (line, column), why))
}

/// What Python's parser says of all files.
async fn python(project: &Project, files: Vec<String>) -> Vec<Problem> {
    if files.is_empty() {
        return Vec::new();
    }
    let mut command = Command::new("python3");
    command.args(["-I", "-c", PYTHON]).args(&files).current_dir(project.root()).stdin(Stdio::null()).kill_on_drop(true);
    let Ok(output) = command.output().await else { return Vec::new() };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = |line: &str| {
        let (path, line, column, why): (String, usize, usize, String) = serde_json::from_str(line).ok()?;
        Some(wrong(project.root(), &path, (line, column), &why))
    };
    said.lines().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::node_problem;

    #[test]
    fn what_node_says_has_a_place() {
        let said = "/x/index.mjs:2\n  return {{\n          ^\n\nSyntaxError: Unexpected token '{'\n    at x\n";
        let problem = node_problem(Path::new("/none"), "index.mjs", said).unwrap();
        let place = problem.location.unwrap();
        assert_eq!((place.line, place.column), (2, 11));
        assert!(problem.message.ends_with("Unexpected token '{'"), "{}", problem.message);
        let module = "/x/a.js:1\nimport 'x'\n^^^^^^\n\nSyntaxError: Cannot use import statement outside a module\n";
        assert!(node_problem(Path::new("/none"), "a.js", module).is_none());
        assert!(node_problem(Path::new("/none"), "a.js", "killed").is_none());
    }
}
