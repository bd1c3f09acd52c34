//! Results of commands that speak to a cloud.

use std::fmt;
use std::time::Duration;

use super::project::target;
use crate::cfn::ChangeSet;
use crate::error::ExitStatus;
use crate::ops::delete::DeleteReport;
use crate::ops::doctor::{DoctorReport, Health};
use crate::ops::outputs::Address;
use crate::ops::publish::PublishReport;
use crate::ops::pull::PullReport;
use crate::ops::push::{PushOutcome, PushReport};
use crate::ops::status::{Standing, StatusReport};
use crate::ui::change_set;
use crate::ui::report::{Paper, Report};
use crate::ui::style::{Tone, clean, count, elapsed};

/// Rows of addresses; the resource is named where there are several of a kind.
pub(super) fn addresses(paper: &mut Paper<'_>, addresses: &[Address]) -> fmt::Result {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for address in addresses {
        let alone = addresses.iter().filter(|other| other.name == address.name).count() == 1;
        let value = if alone { address.value.clone() } else { format!("{}  ({})", address.value, address.resource) };
        rows.push((address.name, value));
    }
    paper.pairs(&rows)
}

impl Report for PushReport {
    const SCHEMA: &'static str = "ampup.push/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let stack = paper.paint(Tone::Strong, &self.stack);
        let time = elapsed(Duration::from_millis(self.elapsed_ms));
        match self.outcome {
            PushOutcome::Deployed => paper.line(format_args!("Deployed {stack} in {time}"))?,
            PushOutcome::NothingToDo => paper.line(format_args!("{stack} is up to date: nothing to deploy"))?,
            PushOutcome::Detached => {
                paper.line(format_args!("Deploying {stack} in the cloud; `ampup status` tells how it goes"))?;
            }
            PushOutcome::Planned => {
                paper.line(format_args!("Changes to {stack}"))?;
                paper.blank()?;
                change_set::write(paper, &ChangeSet { changes: self.changes.clone() })?;
                paper.line("  (only looked at: nothing was deployed)")?;
            }
        }
        addresses(paper, &self.addresses)?;
        let code = match &self.code_files[..] {
            [] => String::new(),
            [one] => one.clone(),
            several => count(several.len(), "file", "files"),
        };
        paper.pairs(&[("Outputs", self.outputs_file.clone().unwrap_or_default()), ("Code", code)])
    }
}

impl Report for PublishReport {
    const SCHEMA: &'static str = "ampup.publish/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let time = elapsed(Duration::from_millis(self.elapsed_ms));
        let name = paper.paint(Tone::Strong, self.resource.as_str());
        paper.line(format_args!("Published {name} in {time}"))?;
        let files = format!(
            "{} uploaded, {} removed, {} unchanged",
            self.files.uploaded.len(),
            self.files.removed.len(),
            self.files.unchanged
        );
        paper.pairs(&[("Site", self.url.clone()), ("Files", files)])
    }
}

impl Report for PullReport {
    const SCHEMA: &'static str = "ampup.pull/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        paper.line(format_args!("Wrote {} from environment {}", clean(&self.file), self.environment))
    }
}

impl Report for DeleteReport {
    const SCHEMA: &'static str = "ampup.delete/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let time = elapsed(Duration::from_millis(self.elapsed_ms));
        if self.deleted {
            paper.line(format_args!("Deleted {} in {time}", self.stack))
        } else {
            paper.line(format_args!("Nothing is deployed of environment {}", self.environment))
        }
    }
}

impl Report for StatusReport {
    const SCHEMA: &'static str = "ampup.status/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let (arrow, place) = (paper.style().arrow(), target(&self.target));
        paper.line(format_args!("{}, environment {} {arrow} {place}", self.project, self.environment))?;
        paper.blank()?;
        paper.line(format_args!("  {:24}  {:10}  here", "resource", "kind"))?;
        for line in &self.resources {
            let (text, tone) = match line.standing {
                Standing::InStep => ("in step", Tone::Good),
                Standing::Changed => ("changed", Tone::Warn),
                Standing::New => ("new, not deployed", Tone::Warn),
                Standing::Removed => ("removed, still deployed", Tone::Bad),
            };
            let standing = paper.paint(tone, text);
            paper.line(format_args!("  {:24}  {:10}  {standing}", clean(&line.resource), line.kind.unwrap_or("-")))?;
        }
        paper.blank()?;
        match &self.stack_status {
            Some(status) => paper.line(format_args!("Deployed stack {}: {status}", self.stack))?,
            None => paper.line(format_args!("Stack {} is not deployed", self.stack))?,
        }
        addresses(paper, &self.addresses)?;
        match self.pending() {
            0 => Ok(()),
            pending => {
                paper.line(format_args!("Run `ampup push` to deploy {}", count(pending, "resource", "resources")))
            }
        }
    }

    fn exit(&self) -> ExitStatus {
        if self.tell_by_exit && self.pending() > 0 { ExitStatus::Pending } else { ExitStatus::Success }
    }
}

impl Report for DoctorReport {
    const SCHEMA: &'static str = "ampup.doctor/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        paper.line(format_args!("ampup {}", self.version))?;
        for check in &self.checks {
            let mark = match check.health {
                Health::Good => paper.paint(Tone::Good, paper.style().done()),
                Health::Warning => paper.paint(Tone::Warn, "!"),
                Health::Bad => paper.paint(Tone::Bad, paper.style().failed()),
            };
            paper.line(format_args!("  {mark} {:12} {}", check.name, clean(&check.finding)))?;
            for hint in &check.hints {
                paper.line(format_args!("      hint: {}", clean(hint)))?;
            }
        }
        Ok(())
    }

    fn exit(&self) -> ExitStatus {
        if self.is_bad() { ExitStatus::Failure } else { ExitStatus::Success }
    }
}
