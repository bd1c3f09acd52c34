//! What the code of a function starts as.

use serde::Serialize;

use super::{Family, FunctionSpec, code_folder};
use crate::base::ResourceName;
use crate::category::{SourceFile, synthesis};
use crate::error::{Diagnose, Problem};
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
    };
    let template = match sample {
        FunctionSample::Hello => "hello",
        FunctionSample::Graphql => "graphql",
        FunctionSample::Table => "table",
        FunctionSample::Users => "users",
        FunctionSample::Scheduled => "scheduled",
        FunctionSample::Stream => "stream",
        FunctionSample::Authoriser => "authoriser",
    };
    let text = render
        .render(&format!("function/scaffold/{template}.{ending}"), &Scaffold { name: name.as_str() })
        .map_err(|error| vec![Problem::new(error.code(), error.to_string())])?;
    Ok(vec![SourceFile { path: format!("{}/index.{ending}", code_folder(name)), text }])
}
