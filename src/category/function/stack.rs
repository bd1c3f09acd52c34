//! The stack of a function: the function, its log, its role.

use indexmap::IndexMap;
use serde::Serialize;

use super::{Architecture, FunctionSpec, Runtime, code_folder, handler, names};
use crate::category::synthesis::{ArtifactRequest, refuse, rendered};
use crate::category::{Context, Synthesis};
use crate::error::Problem;

/// Context of `function/stack.yaml`.
#[derive(Debug, Serialize)]
struct FunctionStack<'a> {
    description: String,
    /// Text for `!Sub`.
    function_name: String,
    runtime: Runtime,
    handler: &'a str,
    architecture: Architecture,
    memory: u32,
    timeout: u32,
    /// Where the code lies, relative to the stacks.
    code: String,
    variables: Vec<Variable>,
    retention: u16,
}

/// A variable of the environment.
#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    /// Text, for `!Sub` when `substituted`.
    value: String,
    substituted: bool,
}

/// The stack.
pub(super) fn synthesize(spec: &FunctionSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    refuse(context.name, &spec.check())?;
    refuse(context.name, &spec.check_named(context.name))?;
    handler::file(spec, context).map_err(|problem| vec![problem])?;
    let folder = code_folder(context.name);
    // Stacks lie in `ampup/stacks/`.
    let code = format!("../{}", folder.trim_start_matches("ampup/"));
    let stack = FunctionStack {
        description: format!("The function {}: code, log and role", context.name),
        function_name: names::name(context.name),
        runtime: spec.runtime,
        handler: &spec.handler,
        architecture: spec.architecture,
        memory: spec.memory,
        timeout: spec.timeout,
        code: code.clone(),
        variables: spec.environment.iter().map(|(name, value)| variable(name, value)).collect(),
        retention: spec.log_retention,
    };
    let mut synthesis = rendered(context, "function/stack.yaml", &stack, IndexMap::new())?;
    synthesis.artifacts.push(ArtifactRequest { folder, path: code });
    Ok(synthesis)
}

/// A variable whose value may name the environment.
fn variable(name: &str, value: &str) -> Variable {
    let substituted = value.contains("${env}");
    let parts: Vec<String> = value.split("${env}").map(|part| part.replace("${", "${!")).collect();
    let value = if substituted { parts.join("${Environment}") } else { value.to_owned() };
    Variable { name: name.to_owned(), value, substituted }
}
