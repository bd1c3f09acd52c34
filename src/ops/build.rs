//! The code of functions, built before it is packed: TypeScript by the project's own esbuild, Rust by cargo.
//!
//! What a tool says is told with its file, line and column. Code that needs no building is packed as it lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bytes::Bytes;

use crate::base::{Location, ResourceName};
use crate::category::Context;
use crate::category::function::{Architecture, FunctionSpec, code_folder, handler_file, is_typescript};
use crate::error::{Code, Problem};

/// Files by their path in the archive.
pub(super) type Files = BTreeMap<String, Bytes>;
/// Those that were built, or why there are none.
type Built = Result<Files, Vec<Problem>>;

/// The files of a function that were built; `None` when its folder is packed as it lies.
pub(super) fn files(root: &Path, spec: &FunctionSpec, context: &Context<'_>) -> Result<Option<Files>, Vec<Problem>> {
    let name = context.name;
    let file = handler_file(spec, context).map_err(|problem| vec![problem])?;
    if is_typescript(&file) {
        bundle(root, name, spec, &file).map(Some)
    } else if file.ends_with("/Cargo.toml") {
        compile(root, name, spec, &code_folder(name)).map(Some)
    } else {
        Ok(None)
    }
}

fn wrong(message: impl Into<String>, file: &str) -> Problem {
    Problem::new(Code::AMP0322, message).at(Location::new(file.to_owned(), 1, 1))
}

/// The esbuild of the project: in `node_modules/.bin` of the folder, or of one above it.
fn esbuild(root: &Path, folder: &str) -> Option<PathBuf> {
    let start = root.join(folder);
    let name = if cfg!(windows) { "esbuild.cmd" } else { "esbuild" };
    start.ancestors().map(|above| above.join("node_modules/.bin").join(name)).find(|path| path.is_file())
}

/// One file of JavaScript with all that it imports, and its source map.
fn bundle(root: &Path, name: &ResourceName, spec: &FunctionSpec, file: &str) -> Built {
    let folder = code_folder(name);
    let Some(program) = esbuild(root, &folder) else {
        let message = format!("the function `{name}` is TypeScript, and the project has no esbuild to bundle it");
        return Err(vec![wrong(message, file).hint("`npm install --save-dev esbuild`")]);
    };
    let stem = file.strip_prefix(&folder).unwrap_or(file).trim_start_matches('/');
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let out = format!(".ampup/build/code/{name}/{stem}.js");
    // `nodejs22.x` is what esbuild calls node22.
    let runtime = serde_json::to_value(spec.runtime).unwrap_or_default();
    let version: String = runtime.as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let mut command = Command::new(program);
    command.current_dir(root).arg(file).args(["--bundle", "--platform=node", "--format=cjs", "--sourcemap"]);
    command.args(["--color=false", "--log-level=error", "--log-limit=0"]);
    command.args([format!("--target=node{version}"), format!("--outfile={out}")]);
    let output = match run(command) {
        Ok(output) => output,
        Err(error) => return Err(vec![wrong(format!("esbuild cannot be started: {error}"), file)]),
    };
    if !output.status.success() {
        return Err(told_by_esbuild(root, &String::from_utf8_lossy(&output.stderr), file));
    }
    let read = |path: String| std::fs::read(root.join(&path)).map(Bytes::from).map_err(|error| (path, error));
    let files = read(out.clone()).and_then(|code| Ok((code, read(format!("{out}.map"))?)));
    let (code, map) =
        files.map_err(|(path, error)| vec![wrong(format!("`{path}` cannot be read after esbuild: {error}"), file)])?;
    Ok(BTreeMap::from([(format!("{stem}.js"), code), (format!("{stem}.js.map"), map)]))
}

fn run(mut command: Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).output()
}

/// esbuild says what is wrong, then file, line and column (from 0) in a line of their own.
fn told_by_esbuild(root: &Path, said: &str, file: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut lines = said.lines();
    while let Some(line) = lines.next() {
        let Some((_, why)) = line.split_once("[ERROR] ") else { continue };
        let message = format!("esbuild cannot bundle the code: {why}");
        let place = lines.by_ref().find(|line| !line.trim().is_empty()).and_then(|line| {
            let mut parts = line.trim().trim_end_matches(':').rsplitn(3, ':');
            let column: usize = parts.next()?.parse().ok()?;
            let line: usize = parts.next()?.parse().ok()?;
            Some((parts.next()?.to_owned(), line, column + 1))
        });
        let (path, line, column) = place.unwrap_or_else(|| (file.to_owned(), 1, 1));
        let problem = shown(root, Problem::new(Code::AMP0322, message), &path, (line, column));
        let package = why.strip_prefix("Could not resolve \"").and_then(|rest| rest.split_once('"'));
        let package = package.map(|(package, _)| package).filter(|package| !package.starts_with('.'));
        problems.push(match package {
            Some(package) => problem.hint(format!("`npm install {}`", package_name(package))),
            None => problem,
        });
    }
    if problems.is_empty() {
        let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it says nothing");
        problems.push(wrong(format!("esbuild cannot bundle the code: {said}"), file));
    }
    problems
}

/// The package of an import: `@aws-sdk/client-s3/types` is in `@aws-sdk/client-s3`.
fn package_name(import: &str) -> String {
    let parts = if import.starts_with('@') { 2 } else { 1 };
    import.split('/').take(parts).collect::<Vec<_>>().join("/")
}

/// A problem at a place of a file, with its line when that can be read.
pub(super) fn shown(root: &Path, problem: Problem, path: &str, (line, column): (usize, usize)) -> Problem {
    let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let Some(rest) = text.get(before..).filter(|rest| !rest.is_empty()) else {
        return problem.at(Location::new(path.to_owned(), line, column));
    };
    let end = rest.find('\n').unwrap_or(rest.len());
    let within = rest[..end].char_indices().nth(column.saturating_sub(1)).map_or(end, |(at, _)| at);
    let next = rest[within..].chars().next().map_or(0, char::len_utf8);
    problem.at_span(path, &text, before + within..before + within + next)
}

/// The program of a Rust project: cargo-lambda's, or cargo's when this computer is like Lambda's.
fn compile(root: &Path, name: &ResourceName, spec: &FunctionSpec, folder: &str) -> Built {
    let place = root.join(folder);
    let file = format!("{folder}/Cargo.toml");
    let lambda = Command::new("cargo").args(["lambda", "--version"]).stdin(Stdio::null()).output();
    let lambda = lambda.is_ok_and(|output| output.status.success());
    let arm = spec.architecture == Architecture::Arm;
    let alike = cfg!(target_os = "linux") && std::env::consts::ARCH == if arm { "aarch64" } else { "x86_64" };
    if !lambda && !alike {
        let message = format!("the function `{name}` is built for Lambda's Linux by cargo-lambda, which is not here");
        return Err(vec![wrong(message, &file).hint("`cargo install cargo-lambda`")]);
    }
    let mut command = Command::new("cargo");
    // The program is looked for where it is built by itself, whatever the user's own settings say.
    command.current_dir(&place).env("CARGO_TARGET_DIR", place.join("target"));
    if lambda {
        command.args(["lambda", "build", "--release", if arm { "--arm64" } else { "--x86-64" }]);
    } else {
        command.args(["build", "--release", "--message-format=short", "--color=never"]);
    }
    let output = match run(command) {
        Ok(output) => output,
        Err(error) => {
            let message = format!("cargo, which builds the function `{name}`, cannot be started: {error}");
            return Err(vec![wrong(message, &file).hint("install Rust: https://rustup.rs")]);
        }
    };
    if !output.status.success() {
        return Err(told_by_cargo(root, folder, &String::from_utf8_lossy(&output.stderr)));
    }
    let target = place.join("target");
    let built = if lambda { target.join("lambda/bootstrap/bootstrap") } else { target.join("release/bootstrap") };
    let Ok(program) = std::fs::read(&built) else {
        let message = format!("the function `{name}` was built, and has no program `bootstrap`");
        return Err(vec![wrong(message, &file).hint("`[[bin]]` with `name = \"bootstrap\"` in Cargo.toml")]);
    };
    Ok(BTreeMap::from([("bootstrap".to_owned(), Bytes::from(program))]))
}

/// cargo says `src/main.rs:3:5: error[E0425]: why`, with paths below the project's folder.
fn told_by_cargo(root: &Path, folder: &str, said: &str) -> Vec<Problem> {
    let place = |line: &str| {
        let (place, why) = line.split_once(": error")?;
        let mut parts = place.rsplitn(3, ':');
        let column: usize = parts.next()?.parse().ok()?;
        let row: usize = parts.next()?.parse().ok()?;
        let why = why.split_once(": ").map_or(why, |(_, why)| why);
        Some((format!("{folder}/{}", parts.next()?), (row, column), why.to_owned()))
    };
    let found = said.lines().filter_map(place).map(|(path, place, why)| {
        shown(root, Problem::new(Code::AMP0322, format!("cargo cannot build the code: {why}")), &path, place)
    });
    let mut problems: Vec<Problem> = found.collect();
    if problems.is_empty() {
        let why = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it does not say why");
        problems.push(wrong(format!("cargo cannot build the code: {why}"), &format!("{folder}/Cargo.toml")));
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{package_name, told_by_cargo, told_by_esbuild};

    #[test]
    fn what_esbuild_says_has_a_place_and_a_hint() {
        let said = "\u{2718} [ERROR] Could not resolve \"@aws-sdk/client-s3/x\"\n\n    a/index.ts:3:19:\n      3 | import\n\n\
                    \u{2718} [ERROR] Unexpected \"}\"\n\n    a/b.ts:1:0:\n      1 | }\n\n2 errors\n";
        let problems = told_by_esbuild(Path::new("/none"), said, "a/index.ts");
        let places: Vec<String> =
            problems.iter().map(|problem| problem.location.as_ref().unwrap().to_string()).collect();
        assert_eq!(places, ["a/index.ts:3:20", "a/b.ts:1:1"]);
        assert_eq!(problems[0].hints[0].0, "`npm install @aws-sdk/client-s3`");
        assert!(problems[1].message.ends_with("Unexpected \"}\"") && problems[1].hints.is_empty());
        let killed = told_by_esbuild(Path::new("/none"), "\nkilled\n", "a.ts");
        assert_eq!(killed[0].message, "esbuild cannot bundle the code: killed");
        assert_eq!(package_name("lodash/fp"), "lodash");
    }

    #[test]
    fn what_cargo_says_has_a_place() {
        let said = "src/main.rs:3:5: error[E0425]: cannot find value `x`: not here\nerror: could not compile\n";
        let problems = told_by_cargo(Path::new("/none"), "f", said);
        assert_eq!(problems[0].location.as_ref().unwrap().to_string(), "f/src/main.rs:3:5");
        assert!(problems[0].message.ends_with("cannot find value `x`: not here"), "{}", problems[0].message);
        let other = told_by_cargo(Path::new("/none"), "f", "error: no matching package\n");
        assert!(other[0].message.ends_with("no matching package"));
    }
}
