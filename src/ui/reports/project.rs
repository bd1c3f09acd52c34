//! Results of commands that change the project alone.

use std::fmt;

use crate::base::Target;
use crate::error::ExitStatus;
use crate::ops::Applied;
use crate::ops::add::AddReport;
use crate::ops::codegen::CodegenReport;
use crate::ops::compile::CompileReport;
use crate::ops::environment::{EnvironmentAction, EnvironmentReport};
use crate::ops::explain::ExplainReport;
use crate::ops::init::InitReport;
use crate::ops::push::MOST_AT_ONCE;
use crate::ops::remove::RemoveReport;
use crate::ops::render::RenderReport;
use crate::ui::report::{Paper, Report};
use crate::ui::style::{Tone, count};

/// `AWS eu-west-1, profile work`.
pub(super) fn target(target: &Target) -> String {
    match target {
        Target::Aws { profile: Some(profile), region } => format!("AWS {region}, profile {profile}"),
        Target::Aws { profile: None, region } => format!("AWS {region}"),
        Target::LocalStack { endpoint, .. } => endpoint.to_string(),
        Target::Local { .. } => "local, on this computer".to_owned(),
    }
}

/// What happened to files: the user's by name, ours by number.
fn files(paper: &mut Paper<'_>, applied: &Applied) -> fmt::Result {
    let ours = |path: &&String| path.starts_with("ampup/stacks/");
    for (sign, tone, paths) in [
        ("+", Tone::Good, &applied.created),
        ("~", Tone::Warn, &applied.updated),
        ("-", Tone::Bad, &applied.removed),
        ("=", Tone::Faint, &applied.kept),
    ] {
        let sign = paper.paint(tone, sign);
        for path in paths.iter().filter(|path| !ours(path)) {
            let path = paper.paint(Tone::Strong, path);
            paper.line(format_args!("  {sign} {path}"))?;
        }
        let hidden = paths.iter().filter(ours).count();
        if hidden > 0 {
            paper.line(format_args!("  {sign} {} in ampup/stacks/", count(hidden, "file", "files")))?;
        }
    }
    Ok(())
}

impl Report for InitReport {
    const SCHEMA: &'static str = "ampup.init/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let name = paper.paint(Tone::Strong, self.project.as_str());
        paper.line(format_args!("Created {name} in {}", self.folder))?;
        for path in &self.created {
            let about = match path.as_str() {
                "ampup.toml" => "project and its environments",
                path if path.starts_with("ampup/") || path == "ampup" => "your schemas and the rendered stacks",
                _ => "",
            };
            paper.line(format!("  {path:16}  {about}").trim_end())?;
        }
        for path in &self.updated {
            paper.line(format_args!("  {path:16}  now ignores .ampup/"))?;
        }
        paper.line(format_args!(
            "  environment {} {} {}",
            self.environment,
            paper.style().arrow(),
            target(&self.target)
        ))?;
        paper.next(&[("ampup add auth", "let people sign in"), ("ampup add api", "data behind GraphQL")])
    }
}

impl Report for AddReport {
    const SCHEMA: &'static str = "ampup.add/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let done = if self.updated { "Updated" } else { "Added" };
        let name = paper.paint(Tone::Strong, self.resource.as_str());
        paper.line(format_args!("{done} {} `{name}`", self.kind))?;
        files(paper, &self.files)?;
        paper.next(&[("ampup push", "deploy it"), ("ampup dev", "run it here")])
    }
}

impl Report for RemoveReport {
    const SCHEMA: &'static str = "ampup.remove/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        paper.line(format_args!("Removed {} `{}`", self.kind, self.resource))?;
        files(paper, &self.files)?;
        paper.next(&[("ampup push", "delete what is deployed of it")])
    }
}

impl Report for RenderReport {
    const SCHEMA: &'static str = "ampup.render/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        if self.resources > MOST_AT_ONCE {
            paper.line(format_args!(
                "{} resources: AWS takes {MOST_AT_ONCE} in one operation, so a first push must be of a part of the models",
                self.resources
            ))?;
        }
        if self.fresh {
            return paper.line(format_args!("{} up to date", count(self.stacks, "stack is", "stacks are")));
        }
        let verb = if self.check { "Out of date" } else { "Rendered" };
        let files = self.written.len() + self.removed.len() + self.kept.len();
        paper.line(format_args!("{verb}: {}", count(files, "file", "files")))?;
        for path in &self.written {
            paper.line(format_args!("  ~ ampup/stacks/{path}"))?;
        }
        for path in &self.removed {
            paper.line(format_args!("  - ampup/stacks/{path}"))?;
        }
        for path in &self.kept {
            paper.line(format_args!("  ~ {path}"))?;
        }
        if self.check { paper.next(&[("ampup render", "write them anew")]) } else { Ok(()) }
    }

    fn exit(&self) -> ExitStatus {
        if self.check && !self.fresh { ExitStatus::Pending } else { ExitStatus::Success }
    }
}

impl Report for EnvironmentReport {
    const SCHEMA: &'static str = "ampup.env/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        if let Some(name) = &self.environment {
            let done = match self.action {
                EnvironmentAction::Listed => "Environment",
                EnvironmentAction::Added => "Added environment",
                EnvironmentAction::Switched => "Now using environment",
                EnvironmentAction::Removed => "Removed environment",
            };
            paper.line(format_args!("{done} {name}"))?;
        }
        for line in &self.environments {
            let mark = if line.current { "*" } else { " " };
            let place = target(&line.target);
            paper.line(format_args!("{mark} {:16}  {place}", line.name.as_str()))?;
        }
        Ok(())
    }
}

impl Report for ExplainReport {
    const SCHEMA: &'static str = "ampup.explain/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        paper.line(self.page.trim_end())
    }
}

impl Report for CompileReport {
    const SCHEMA: &'static str = "ampup.api-compile/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        paper.line(format_args!("Compiled into {}", self.out))?;
        self.files.iter().try_for_each(|file| paper.line(format_args!("  {file}")))
    }
}

impl Report for CodegenReport {
    const SCHEMA: &'static str = "ampup.codegen/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        let changed = self.created.len() + self.updated.len() + self.removed.len();
        match (changed, self.unchanged) {
            (0, unchanged) => paper.line(format_args!("{} up to date", count(unchanged, "file is", "files are")))?,
            (changed, 0) => paper.line(format_args!("Generated {}", count(changed, "file", "files")))?,
            (changed, unchanged) => {
                paper.line(format_args!("Generated {}, {unchanged} unchanged", count(changed, "file", "files")))?;
            }
        }
        let (created, updated, removed) = (self.created.clone(), self.updated.clone(), self.removed.clone());
        files(paper, &Applied { created, updated, removed, kept: Vec::new() })?;
        if self.kept_up_to_date == Some(false) {
            paper.line("`ampup codegen --save` has `push` and `dev` keep it up to date")?;
        }
        Ok(())
    }
}
