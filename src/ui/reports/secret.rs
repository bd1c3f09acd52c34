//! Results of `ampup secret`.

use std::fmt;

use crate::ops::secret::{SecretAction, SecretReport};
use crate::ui::report::{Paper, Report};
use crate::ui::style::Tone;

impl Report for SecretReport {
    const SCHEMA: &'static str = "ampup.secret/1";

    fn human(&self, paper: &mut Paper<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            let done = if self.action == SecretAction::Removed { "Removed the value of" } else { "Set" };
            let shown = paper.paint(Tone::Strong, name);
            paper.line(format_args!("{done} {shown} in environment {}", self.environment))?;
            let needed = self.secrets.iter().any(|line| line.name == *name && !line.functions.is_empty());
            if !needed && self.action == SecretAction::Set {
                paper.line(format_args!("  no function reads it yet: `ampup update FUNCTION --secret {name}`"))?;
            }
        } else if self.secrets.is_empty() {
            paper.line(format_args!("Environment {} has no secrets, and no function needs one", self.environment))?;
        }
        for line in &self.secrets {
            let mark = if line.set { paper.paint(Tone::Good, "set    ") } else { paper.paint(Tone::Bad, "missing") };
            let functions: Vec<String> = line.functions.iter().map(ToString::to_string).collect();
            let needed = if functions.is_empty() {
                "no function reads it".to_owned()
            } else {
                format!("read by {}", functions.join(", "))
            };
            paper.line(format_args!("  {mark}  {:24}  {:15}  {needed}", line.name, line.store.to_string()))?;
        }
        let next = self.secrets.iter().find(|line| !line.set);
        match next {
            Some(line) => {
                let command = format!("ampup secret set {} --env {}", line.name, self.environment);
                paper.next(&[(command.as_str(), "give it a value")])
            }
            None => Ok(()),
        }
    }
}
