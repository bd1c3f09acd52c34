//! The interview of `ampup add function`, and its flags laid over settings.

use super::function_args::{AddFunctionArgs, ArchitectureArg, FunctionFlags, UrlArg};
use super::pairs::Pair;
use crate::base::ResourceName;
use crate::category::FunctionSpec;
use crate::category::function::{Architecture, Runtime, UrlCallers};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// Name and settings; `None` when an answer is missing.
pub(in crate::cli) fn ask(
    interview: &mut Interview<'_>,
    args: &AddFunctionArgs,
) -> Result<Option<(ResourceName, FunctionSpec)>, Failure> {
    let flags = &args.flags;
    let name: Option<ResourceName> = interview.text(args.name.clone(), &questions::FUNCTION_NAME)?;
    let runtime = interview.pick(flags.runtime, &questions::FUNCTION_RUNTIME)?;
    let sample = interview.pick(args.sample, &questions::FUNCTION_SAMPLE)?;
    interview.given("handler", flags.handler.as_ref());
    interview.given("memory", flags.memory);
    interview.given("timeout", flags.timeout);
    interview.given("architecture", flags.architecture.map(|value| crate::cli::args::word(&value)));
    for pair in flags.variables.iter().flatten() {
        interview.given("variable", Some(pair));
    }
    interview.given("log-retention", flags.log_retention);
    note(interview, flags);
    let Some(((name, runtime), sample)) = name.zip(runtime).zip(sample) else { return Ok(None) };
    let mut spec =
        FunctionSpec { sample: Some(sample.into()), language: runtime.language(), ..FunctionSpec::default() };
    apply(&mut spec, &FunctionFlags { runtime: Some(runtime), ..flags.clone() });
    Ok(Some((name, spec)))
}

/// Notes what makes it run and what it may do.
fn note(interview: &mut Interview<'_>, flags: &FunctionFlags) {
    interview.given("reserved-concurrency", flags.reserved_concurrency);
    flags.layers.iter().flatten().for_each(|layer| interview.given("layer", Some(layer)));
    flags.secrets.iter().flatten().for_each(|secret| interview.given("secret", Some(secret)));
    flags.access.iter().flatten().for_each(|access| interview.given("access", Some(access)));
    flags.schedules.iter().flatten().for_each(|schedule| interview.given("schedule", Some(schedule)));
    flags.triggers.iter().flatten().for_each(|trigger| interview.given("trigger", Some(trigger)));
    flags.events.iter().flatten().for_each(|event| interview.given("event", Some(event)));
    interview.given("url", flags.url.map(|url| crate::cli::args::word(&url)));
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut FunctionSpec, flags: &FunctionFlags) -> bool {
    let FunctionFlags { runtime, handler, memory, timeout, architecture, variables, log_retention, .. } = flags;
    if let Some(runtime) = *runtime {
        spec.runtime = runtime.into();
    }
    if spec.runtime == Runtime::Provided {
        "bootstrap".clone_into(&mut spec.handler);
    }
    if let Some(handler) = handler {
        spec.handler.clone_from(handler);
    }
    spec.memory = memory.unwrap_or(spec.memory);
    spec.timeout = timeout.unwrap_or(spec.timeout);
    spec.log_retention = log_retention.unwrap_or(spec.log_retention);
    if let Some(architecture) = architecture {
        spec.architecture = match architecture {
            ArchitectureArg::X86 => Architecture::X86,
            ArchitectureArg::Arm => Architecture::Arm,
        };
    }
    for Pair { name, value } in variables.iter().flatten() {
        if value.is_empty() {
            spec.environment.shift_remove(name);
        } else {
            spec.environment.insert(name.clone(), value.clone());
        }
    }
    let sizes = memory.or(*timeout).is_some() || log_retention.is_some();
    let runs = apply_triggers(spec, flags);
    runs || sizes || runtime.is_some() || handler.is_some() || architecture.is_some() || variables.is_some()
}

/// Lays flags about what it may do and what makes it run over settings; true when there were any.
fn apply_triggers(spec: &mut FunctionSpec, flags: &FunctionFlags) -> bool {
    fn lay<T: Clone>(setting: &mut Vec<T>, flag: Option<&Vec<T>>) -> bool {
        flag.is_some_and(|values| {
            setting.clone_from(values);
            true
        })
    }
    let lists = [
        lay(&mut spec.layers, flags.layers.as_ref()),
        lay(&mut spec.secrets, flags.secrets.as_ref()),
        lay(&mut spec.access, flags.access.as_ref()),
        lay(&mut spec.schedules, flags.schedules.as_ref()),
        lay(&mut spec.triggers, flags.triggers.as_ref()),
        lay(&mut spec.events, flags.events.as_ref()),
    ];
    if let Some(most) = flags.reserved_concurrency {
        spec.reserved_concurrency = Some(most).filter(|most| *most > 0);
    }
    if let Some(url) = flags.url {
        spec.url = match url {
            UrlArg::Off => None,
            UrlArg::Iam => Some(UrlCallers::Iam),
            UrlArg::Public => Some(UrlCallers::Public),
        };
    }
    lists.contains(&true) || flags.reserved_concurrency.is_some() || flags.url.is_some()
}
