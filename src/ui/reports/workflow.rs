//! What came of a check of a state machine; its picture.

use std::fmt;

use crate::error::ExitStatus;
use crate::ops::workflow::{GraphReport, Run, Status, Tone as PictureTone, ValidateReport};
use crate::ui::failure;
use crate::ui::report::{Paper, Report};
use crate::ui::style::{Tone, count};

impl Report for ValidateReport {
    const SCHEMA: &'static str = "ampup.workflow-validate/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        for diagnostic in &self.diagnostics {
            let (word, tone) = if diagnostic.is_error() { ("error", Tone::Bad) } else { ("warning", Tone::Warn) };
            paper.line(failure::one_problem(&diagnostic.problem, (word, tone), paper.style()))?;
        }
        let errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let warnings = self.diagnostics.len() - errors;
        let file = paper.paint(Tone::Strong, &self.file);
        let mut facts = Vec::new();
        facts.extend(self.states.map(|states| count(states, "state", "states")));
        facts.extend((errors > 0).then(|| count(errors, "error", "errors")));
        facts.extend((warnings > 0).then(|| count(warnings, "warning", "warnings")));
        if !self.substitutions.is_empty() {
            facts.push(format!("to be filled in: {}", self.substitutions.join(", ")));
        }
        let verdict = if self.valid { "is valid" } else { "is not valid" };
        paper.line(format_args!("{file} {verdict}: {}", facts.join(", ")))
    }

    fn exit(&self) -> ExitStatus {
        if self.valid { ExitStatus::Success } else { ExitStatus::Project }
    }
}

impl Report for GraphReport {
    const SCHEMA: &'static str = "ampup.workflow-graph/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        if let Some(out) = &self.out {
            return paper.line(format_args!("Written: {out}"));
        }
        let Some([unicode, ascii]) = &self.lines else { return paper.line(self.picture.trim_end()) };
        for line in if paper.style().unicode { unicode } else { ascii } {
            let painted: String = line.iter().map(|run| painted(paper, run)).collect();
            paper.line(painted)?;
        }
        Ok(())
    }
}

fn painted(paper: &Paper<'_>, run: &Run) -> String {
    let tone = match run.tone {
        PictureTone::Plain => return run.text.clone(),
        PictureTone::Faint | PictureTone::Status(Status::Aborted) => Tone::Faint,
        PictureTone::Strong => Tone::Strong,
        PictureTone::Label | PictureTone::Status(Status::InProgress) => Tone::Accent,
        PictureTone::Status(Status::Succeeded) => Tone::Good,
        PictureTone::Status(Status::Failed) => Tone::Bad,
        PictureTone::Status(Status::Caught) => Tone::Warn,
    };
    paper.paint(tone, &run.text)
}
