//! `ampup push`, `publish`, `status`, `pull`, `delete`, `doctor`: commands that speak to a cloud.

use std::time::Instant;

use super::args::{PublishArgs, PullArgs, PushArgs, StatusArgs};
use super::runner::Runner;
use super::{Context, logging, questions, was_interrupted};
use crate::base::{Event, Note};
use crate::error::{ExitStatus, Failure};
use crate::ops::place::Place;
use crate::ops::publish::PublishRequest;
use crate::ops::push::{PreparedPush, PushOutcome, PushReport};
use crate::ops::{self, OperationError, Project, Session};
use crate::ui::prompt::Question;

pub(super) fn push(context: &Context<'_>, args: PushArgs) -> Result<ExitStatus, Failure> {
    let mut project = context.project()?;
    if !args.dry_run {
        context.needs_confirmation()?;
    }
    logging::begin(context, &project, "push");
    let (runner, session) = (Runner::new()?, context.session());
    let environment = context.settings.environment.as_ref();
    let prepared = runner.run(ops::push::prepare(&session, &mut project, environment))?;
    if args.dry_run {
        let pending = !prepared.is_empty();
        let report = runner.run(prepared.discard(&session))?;
        let status = context.ui.finish(&report);
        return Ok(if args.exit_code && pending && status == ExitStatus::Success {
            ExitStatus::Pending
        } else {
            status
        });
    }
    let prepared = review(context, &runner, &session, prepared, &questions::PUSH_YES)?;
    if args.detach {
        let report = runner.run(prepared.detach(&session))?;
        return Ok(context.ui.finish(&report));
    }
    let (report, place) = execute(&runner, &session, &mut project, prepared)?;
    runner.run(place.close())?;
    Ok(context.ui.finish(&report))
}

/// Shows what would change and asks; a no takes the change set away.
fn review(
    context: &Context<'_>,
    runner: &Runner,
    session: &Session,
    mut prepared: PreparedPush,
    question: &Question<bool>,
) -> Result<PreparedPush, Failure> {
    if prepared.is_empty() {
        return Ok(prepared);
    }
    context.ui.preview(prepared.place().stack.as_str(), prepared.changes());
    let asked = Instant::now();
    let answer = if context.settings.yes { Ok(true) } else { context.prompter.confirm(question) };
    prepared.leave_out(asked.elapsed());
    match answer {
        Ok(true) => Ok(prepared),
        Ok(false) => {
            runner.run(prepared.discard(session))?;
            Err(OperationError::Declined.into())
        }
        Err(error) => {
            runner.run(prepared.discard(session))?;
            Err(error.into())
        }
    }
}

/// Executes; Ctrl-C stops the watching, not the deployment, and says so.
fn execute(
    runner: &Runner,
    session: &Session,
    project: &mut Project,
    prepared: PreparedPush,
) -> Result<(PushReport, Place), Failure> {
    let stack = prepared.place().stack.clone();
    let goes_on = !prepared.place().is_passing();
    let result = runner.run(prepared.execute_keeping(session, project));
    if let Err(failure) = &result
        && goes_on
        && was_interrupted(failure)
    {
        session.reporter.report(Event::Noted { note: Note::StillDeploying { stack } });
    }
    result
}

pub(super) fn publish(context: &Context<'_>, args: &PublishArgs) -> Result<ExitStatus, Failure> {
    let mut project = context.project()?;
    // What cannot be published is told before anything is built or deployed.
    ops::publish::hosting(&project, args.name.as_ref())?;
    if !args.no_push {
        context.needs_confirmation()?;
    }
    logging::begin(context, &project, "publish");
    let request = PublishRequest { name: args.name.clone(), source: args.source.clone(), build: !args.no_build };
    let (runner, session) = (Runner::new()?, context.session());
    let environment = context.settings.environment.as_ref();
    runner.run(ops::publish::build(&session, &project, &request))?;
    let place = if args.no_push {
        runner.run(Place::open(&session, &project, environment))?
    } else {
        let prepared = runner.run(ops::push::prepare(&session, &mut project, environment))?;
        let prepared = review(context, &runner, &session, prepared, &questions::PUBLISH_YES)?;
        let (report, place) = execute(&runner, &session, &mut project, prepared)?;
        if report.outcome == PushOutcome::Deployed {
            context.ui.note(&format!("Deployed {}", report.stack));
        }
        place
    };
    let report = runner.run(async {
        let report = ops::publish::publish(&session, &project, &place, &request).await?;
        place.close().await?;
        Ok(report)
    })?;
    Ok(context.ui.finish(&report))
}

pub(super) fn status(context: &Context<'_>, args: StatusArgs) -> Result<ExitStatus, Failure> {
    let project = context.project()?;
    let (runner, session) = (Runner::new()?, context.session());
    let environment = context.settings.environment.as_ref();
    let mut report = runner.run(ops::status::status(&session, &project, environment))?;
    report.tell_by_exit = args.exit_code;
    Ok(context.ui.finish(&report))
}

pub(super) fn pull(context: &Context<'_>, args: PullArgs) -> Result<ExitStatus, Failure> {
    let mut project = context.project()?;
    let (runner, session) = (Runner::new()?, context.session());
    let environment = context.settings.environment.as_ref();
    let report = runner.run(ops::pull::pull(&session, &mut project, environment, args.out))?;
    Ok(context.ui.finish(&report))
}

pub(super) fn delete(context: &Context<'_>) -> Result<ExitStatus, Failure> {
    let project = context.project()?;
    let environment = project.environment(context.settings.environment.as_ref())?;
    context.needs_confirmation()?;
    if !context.settings.yes {
        let name = environment.name.as_str();
        let check = |typed: &str| {
            if typed.is_empty() || typed == name { Ok(()) } else { Err(format!("type `{name}`, or nothing to leave")) }
        };
        let question = Question { default: Some(""), ..questions::DELETE_YES };
        if context.prompter.text(&question, &check)? != name {
            return Err(OperationError::Declined.into());
        }
    }
    logging::begin(context, &project, "delete");
    let (runner, session) = (Runner::new()?, context.session());
    let report = runner.run(ops::delete::delete(&session, &project, Some(&environment.name)))?;
    Ok(context.ui.finish(&report))
}

pub(super) fn doctor(context: &Context<'_>) -> Result<ExitStatus, Failure> {
    let (runner, session) = (Runner::new()?, context.session());
    let environment = context.settings.environment.as_ref();
    let report = runner.run(async { Ok(ops::doctor::doctor(&session, context.folder(), environment).await) })?;
    Ok(context.ui.finish(&report))
}
