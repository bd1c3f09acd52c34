//! The flags and the interview of `ampup add hosting`.

use clap::Args;

use crate::base::ResourceName;
use crate::category::HostingSpec;
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// Settings of hosting.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HostingFlags {
    /// Folder of the built site, relative to the project
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<String>,
    /// Command that builds it; empty for none
    #[arg(long, value_name = "COMMAND")]
    pub(crate) build: Option<String>,
    /// Every path that is no file is answered with the entry page
    #[arg(long, value_name = "BOOL")]
    pub(crate) spa: Option<bool>,
}

/// Arguments of `add hosting`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AddHostingArgs {
    /// Name of the resource
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// Also write a small site to begin with
    #[arg(long)]
    pub(crate) sample: bool,
    /// Its settings
    #[command(flatten)]
    pub(crate) flags: HostingFlags,
}

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
