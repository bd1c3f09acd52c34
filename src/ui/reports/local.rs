//! Results of commands that run the local cloud, and the lines of its log.

use std::fmt;
use std::time::Duration;

use super::deploy::addresses;
use crate::ops::dev::{DevBoard, DevEvent};
use crate::ops::quickstart::QuickstartReport;
use crate::ui::change_set;
use crate::ui::report::{Paper, Report};
use crate::ui::style::{Style, Tone, clean, elapsed};
use crate::ui::{Happening, failure};

impl Report for DevBoard {
    const SCHEMA: &'static str = "ampup.dev/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let cloud = elapsed(Duration::from_millis(self.cloud_ms));
        let deployed = elapsed(Duration::from_millis(self.deployed_ms));
        if self.outputs.is_empty() {
            paper.line(format_args!("Local cloud ready in {cloud}"))?;
        } else {
            paper.line(format_args!("Local cloud ready in {cloud}, backend deployed in {deployed}"))?;
        }
        paper.blank()?;
        addresses(paper, &self.addresses)?;
        paper.pairs(&[
            ("Front page", self.studio.clone()),
            ("AWS tools", format!("aws --endpoint-url {} …", self.endpoint)),
        ])?;
        paper.blank()
    }
}

impl Report for QuickstartReport {
    const SCHEMA: &'static str = "ampup.quickstart/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let verb = if self.created { "Created" } else { "Found" };
        let name = paper.paint(Tone::Strong, self.project.as_str());
        paper.line(format_args!("{verb} {name} in {}", clean(&self.folder)))?;
        addresses(paper, &self.addresses)?;
        paper.blank()?;
        paper.line(format_args!("The first question, asked as {}", self.first_query.user))?;
        for exchange in &self.first_query.exchanges {
            paper.line(format_args!("  {:38} {}", exchange.asked, clean(&exchange.sent)))?;
            let answer = paper.paint(Tone::Faint, &exchange.answered.to_string());
            paper.line(format_args!("    {} {answer}", paper.style().arrow()))?;
        }
        paper.blank()?;
        let time = elapsed(Duration::from_millis(self.elapsed_ms));
        let done = paper.paint(Tone::Good, "Answered");
        paper.line(format_args!("{done}: from nothing to a signed-in answer in {time}"))
    }
}

/// The line of the log of `dev` for an event; `clock` is the time of day.
pub(in crate::ui) fn log_line(event: &DevEvent, clock: &str, style: Style) -> String {
    let (arrow, failed) = (style.arrow(), style.paint(Tone::Bad, style.failed()));
    match event {
        DevEvent::Happening(Happening::GraphQl { operation, status, elapsed_ms, caller, .. }) => {
            format!("{clock}  graphql  {:30} {status:>4} {elapsed_ms:>5} ms   {}", clean(operation), clean(caller))
        }
        DevEvent::Happening(Happening::Mail { to, code, .. }) => {
            format!("{clock}  code     {}: confirmation code {}", clean(to), clean(code))
        }
        DevEvent::Happening(Happening::Stack { stack, status, .. }) => {
            format!("{clock}  stack    {} {status}", clean(stack))
        }
        DevEvent::Deployed { files, report } => {
            let time = elapsed(Duration::from_millis(report.elapsed_ms));
            let changes = change_set::sums(&crate::cfn::ChangeSet { changes: report.changes.clone() });
            format!("{clock}  change   {}  {arrow} deployed in {time}: {changes}", clean(&files.join(", ")))
        }
        DevEvent::Refused { files, failure: reason } => {
            let text = failure::human(reason, style);
            let files = clean(&files.join(", "));
            format!("{clock}  change   {files}  {failed} (still serving the last good one)\n{}", text.trim_end())
        }
    }
}
