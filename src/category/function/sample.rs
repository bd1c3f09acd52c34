//! What the code of a function starts as.

use serde::Serialize;

use super::{Family, FunctionSpec, code_folder};
use crate::base::ResourceName;
use crate::category::{SourceFile, synthesis};
use crate::error::{Code, Diagnose, Problem};
use crate::render::Renderer;

/// What the code starts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionSample {
    /// Answers whom it is asked to greet.
    #[default]
    Hello,
    /// Answers fields of a GraphQL schema.
    Graphql,
    /// Makes, reads, lists and deletes items of a table.
    Table,
    /// Cognito asks it about users.
    Users,
    /// Runs by the clock.
    Scheduled,
    /// Is told of the changes of a table.
    Stream,
    /// Lets callers of an API in.
    Authoriser,
}

/// What a sample is written in, where the runtime leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// TypeScript, which the project's own esbuild makes JavaScript of.
    TypeScript,
    /// Rust.
    Rust,
}

/// Context of the samples.
#[derive(Debug, Serialize)]
struct Scaffold<'a> {
    name: &'a str,
}

/// The files of a sample.
pub(super) fn files(
    sample: FunctionSample,
    spec: &FunctionSpec,
    name: &ResourceName,
    render: &Renderer,
) -> Result<Vec<SourceFile>, Vec<Problem>> {
    synthesis::refuse(name, &spec.check())?;
    let ending = match spec.runtime.family() {
        Family::Node => "mjs",
        Family::Python => "py",
        Family::Provided => return programs(sample, spec, name, render),
    };
    let typescript = spec.language == Some(Language::TypeScript);
    let template = match sample {
        FunctionSample::Hello => "hello",
        FunctionSample::Graphql => "graphql",
        FunctionSample::Table => "table",
        FunctionSample::Users => "users",
        FunctionSample::Scheduled => "scheduled",
        FunctionSample::Stream => "stream",
        FunctionSample::Authoriser => "authoriser",
    };
    // Of the others JavaScript is TypeScript as it stands.
    let source = if typescript && sample == FunctionSample::Hello { "ts" } else { ending };
    let text = rendered(&format!("{template}.{source}"), name, render)?;
    let ending = if typescript { "ts" } else { ending };
    Ok(vec![SourceFile { path: format!("{}/index.{ending}", code_folder(name)), text }])
}

fn rendered(template: &str, name: &ResourceName, render: &Renderer) -> Result<String, Vec<Problem>> {
    let scaffold = Scaffold { name: name.as_str() };
    let text = render.render(&format!("function/scaffold/{template}"), &scaffold);
    text.map_err(|error| vec![Problem::new(error.code(), error.to_string())])
}

/// The sample of a runtime of the user's own.
fn programs(
    sample: FunctionSample,
    spec: &FunctionSpec,
    name: &ResourceName,
    render: &Renderer,
) -> Result<Vec<SourceFile>, Vec<Problem>> {
    if sample != FunctionSample::Hello {
        let message = "programs of your own have one sample: hello";
        return Err(vec![Problem::new(Code::AMP0203, message).hint("give `--sample hello`, or another runtime")]);
    }
    let files: &[(&str, &str)] = match spec.language {
        Some(Language::Rust) => &[("Cargo.toml", "rust.toml"), ("src/main.rs", "hello.rs")],
        Some(Language::TypeScript) | None => &[("bootstrap", "bootstrap.sh")],
    };
    let folder = code_folder(name);
    let file = |(path, template): &(&str, &str)| {
        Ok(SourceFile { path: format!("{folder}/{path}"), text: rendered(template, name, render)? })
    };
    files.iter().map(file).collect()
}
