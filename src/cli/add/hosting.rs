//! The interview of `ampup add hosting`, and its flags laid over settings.

use crate::category::HostingSpec;
use crate::cli::args::{AddHostingArgs, HostingFlags};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// The settings; `None` when an answer is missing.
pub(in crate::cli) fn ask(
    interview: &mut Interview<'_>,
    args: &AddHostingArgs,
) -> Result<Option<HostingSpec>, Failure> {
    let flags = &args.flags;
    interview.given("name", args.name.as_ref());
    let source: Option<String> = interview.text(flags.source.clone(), &questions::HOSTING_SOURCE)?;
    let build: Option<String> = interview.text(flags.build.clone(), &questions::HOSTING_BUILD)?;
    let spa = interview.confirm(flags.spa, &questions::HOSTING_SPA)?;
    let Some(((source, build), spa)) = source.zip(build).zip(spa) else { return Ok(None) };
    let mut spec = HostingSpec { sample: args.sample, ..HostingSpec::default() };
    apply(&mut spec, &HostingFlags { source: Some(source), build: Some(build), spa: Some(spa) });
    Ok(Some(spec))
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut HostingSpec, flags: &HostingFlags) -> bool {
    if let Some(source) = &flags.source {
        spec.source.clone_from(source);
    }
    if let Some(build) = &flags.build {
        spec.build = Some(build.clone()).filter(|build| !build.is_empty());
    }
    spec.spa = flags.spa.unwrap_or(spec.spa);
    flags.source.is_some() || flags.build.is_some() || flags.spa.is_some()
}
