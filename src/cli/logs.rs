//! `ampup logs`: the logs of what is deployed.

use std::ops::ControlFlow;
use std::str::FromStr;

use clap::Args;

use super::runner::Runner;
use super::{Context, was_interrupted};
use crate::base::ResourceName;
use crate::error::{ExitStatus, Failure};
use crate::ops;
use crate::ops::logs::{LogLine, LogsRequest};

/// Arguments of `logs`.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogsArgs {
    /// The resource; all when absent
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: Option<ResourceName>,
    /// Go on with what is written, until Ctrl-C
    #[arg(short = 'f', long)]
    pub(crate) follow: bool,
    /// Where to begin: `30s`, `10m`, `2h`, `3d` ago, or a moment (`2026-11-25T09:00`, in UTC without a zone)
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) since: Since,
    /// Only events of this filter pattern of CloudWatch Logs: `ERROR`, `{ $.level = "error" }`
    #[arg(long, value_name = "PATTERN")]
    pub(crate) filter: Option<String>,
}

/// From when on events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// For so many milliseconds.
    Ago(i64),
    /// From a moment on, in milliseconds since 1970.
    At(i64),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let seconds = match unit {
            "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3600),
            "d" => Some(86_400),
            "w" => Some(7 * 86_400),
            _ => None,
        };
        let wrong = || format!("`{}` is neither a time ago (`10m`, `2h`, `3d`) nor a moment", text.escape_debug());
        if let Some(seconds) = seconds {
            let number: i64 = number.parse().map_err(|_| wrong())?;
            return number.checked_mul(seconds * 1000).map(Self::Ago).ok_or_else(wrong);
        }
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::At(moment.as_millisecond()));
        }
        let date: jiff::civil::DateTime = text.parse().map_err(|_| wrong())?;
        let moment = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
        Ok(Self::At(moment.timestamp().as_millisecond()))
    }
}

impl Since {
    fn moment(self, now_ms: i64) -> i64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms).max(0),
            Self::At(ms) => ms.max(0),
        }
    }
}

pub(super) fn run(context: &Context<'_>, args: LogsArgs) -> Result<ExitStatus, Failure> {
    let project = context.project()?;
    let names: Vec<String> = project.manifest().resources.keys().map(ToString::to_string).collect();
    let width = args
        .resource
        .as_ref()
        .map_or_else(|| names.iter().map(String::len).max().unwrap_or_default(), |resource| resource.as_str().len());
    let request = LogsRequest {
        resource: args.resource,
        environment: context.settings.environment.clone(),
        from_ms: args.since.moment(context.settings.clock.now_ms()),
        pattern: args.filter,
        follow: args.follow,
    };
    let (mut status, mut count) = (ExitStatus::Success, 0_usize);
    let mut tell = |line: &LogLine| {
        count += 1;
        let place = names.iter().position(|name| *name == line.resource).unwrap_or_default();
        match context.ui.log_event(line, place, width) {
            Ok(()) => ControlFlow::Continue(()),
            Err(ended) => {
                status = ended;
                ControlFlow::Break(())
            }
        }
    };
    let (runner, session) = (Runner::new()?, context.session());
    match runner.run(ops::logs::logs(&session, &project, &request, &mut tell)) {
        // The normal end of a program that follows.
        Err(failure) if request.follow && was_interrupted(&failure) => return Ok(ExitStatus::Success),
        other => other?,
    }
    if count == 0 && status == ExitStatus::Success {
        context.ui.note("No events. `--since 1d` looks further back.");
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_time_ago_or_a_moment() {
        for (text, since) in [
            ("30s", Since::Ago(30_000)),
            ("10m", Since::Ago(600_000)),
            ("2h", Since::Ago(7_200_000)),
            ("1w", Since::Ago(604_800_000)),
            ("2026-11-25", Since::At(1_795_564_800_000)),
            ("2026-11-25T01:00", Since::At(1_795_568_400_000)),
            ("2026-11-25T01:00:00Z", Since::At(1_795_568_400_000)),
            ("2026-11-25T02:00:00+01:00", Since::At(1_795_568_400_000)),
        ] {
            assert_eq!(text.parse(), Ok(since), "{text}");
        }
        for text in ["", "m", "10", "10x", "-5m", "yesterday", "99999999999999999999w", "2026-13-01"] {
            assert!(text.parse::<Since>().unwrap_err().contains("neither a time ago"), "{text}");
        }
        assert_eq!(Since::Ago(10).moment(1000), 990);
        assert_eq!(Since::Ago(10_000).moment(1000), 0);
    }
}
