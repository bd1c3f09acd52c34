//! `ampup dev`, `quickstart`: commands that run the cloud on this computer.

use std::path::Path;

use super::args::{DevArgs, QuickstartArgs};
use super::interview::Interview;
use super::runner::Runner;
use super::{Context, logging, questions, was_interrupted};
use crate::base::ProjectName;
use crate::error::{ExitStatus, Failure};
use crate::ops::dev::{Dev, DevEvent, DevRequest};
use crate::ops::quickstart::QuickstartRequest;
use crate::ops::{self, Session};

/// Where a quickstart goes when no folder is named.
const QUICKSTART_FOLDER: &str = "ampup-quickstart";

pub(super) fn dev(context: &Context<'_>, args: DevArgs) -> Result<ExitStatus, Failure> {
    let project = context.project()?;
    logging::begin(context, &project, "dev");
    let (runner, session) = (Runner::new()?, context.session());
    let request = DevRequest { environment: context.settings.environment.clone(), port: args.port, fresh: args.fresh };
    let mut dev = match runner.run(ops::dev::start(&session, project, &request)) {
        Err(failure) if was_interrupted(&failure) => return Ok(ExitStatus::Success),
        other => other?,
    };
    if let Err(status) = context.ui.show(&dev.board) {
        runner.run(dev.stop())?;
        return Ok(status);
    }
    if let Some(failure) = dev.refused.take() {
        // The document of `--json` is the board: the failure belongs to the log.
        let files = vec!["ampup.toml".to_owned()];
        context.ui.dev_event(&DevEvent::Refused { files, failure }, &time_of_day(context));
    }
    keep_running(context, &runner, &session, dev, !args.no_watch)
}

/// Goes on until Ctrl-C, which is the normal end.
fn keep_running(
    context: &Context<'_>,
    runner: &Runner,
    session: &Session,
    mut dev: Dev,
    watch: bool,
) -> Result<ExitStatus, Failure> {
    context.ui.note(if watch { "Watching ampup/ and ampup.toml. Ctrl-C stops." } else { "Ctrl-C stops." });
    let tell = |event: DevEvent| context.ui.dev_event(&event, &time_of_day(context));
    let result = runner.run(dev.run(session, watch, &tell));
    runner.run(dev.stop())?;
    match result {
        Err(failure) if was_interrupted(&failure) => Ok(ExitStatus::Success),
        Err(failure) => Err(failure),
        Ok(()) => Ok(ExitStatus::Success),
    }
}

/// `10:21:04`, in the time zone of the computer.
fn time_of_day(context: &Context<'_>) -> String {
    let now = jiff::Timestamp::from_millisecond(context.settings.clock.now_ms()).unwrap_or_default();
    now.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

pub(super) fn quickstart(context: &Context<'_>, args: QuickstartArgs) -> Result<ExitStatus, Failure> {
    let folder = args.folder.unwrap_or_else(|| Path::new(QUICKSTART_FOLDER).to_owned());
    let folder = context.folder().join(folder);
    let mut interview = Interview::new(context.prompter, "ampup quickstart");
    let sample = interview.pick(args.sample, &questions::QUICKSTART_SAMPLE)?;
    let command = interview.finish()?;
    let sample = sample.expect("`finish` fails when an answer is missing");
    context.repeat(command);
    let request = QuickstartRequest { name: project_name(&folder), folder, sample: sample.into(), port: args.port };
    let (runner, session) = (Runner::new()?, context.session());
    if args.once {
        let report = runner.run(ops::quickstart::once(&session, &request))?;
        return Ok(context.ui.finish(&report));
    }
    let (report, dev) = runner.run(ops::quickstart::and_dev(&session, &request))?;
    if let Err(status) = context.ui.show(&report) {
        runner.run(dev.stop())?;
        return Ok(status);
    }
    keep_running(context, &runner, &session, dev, true)
}

/// A project name made of the name of a folder.
fn project_name(folder: &Path) -> ProjectName {
    let text = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let kept: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let trimmed = kept.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).trim_end_matches('-');
    ProjectName::new(trimmed).unwrap_or_else(|_| ProjectName::new("quickstart").expect("the name keeps the rules"))
}
