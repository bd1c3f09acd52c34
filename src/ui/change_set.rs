//! The preview of a deployment: what would be added, changed, replaced, removed.

use std::fmt;

use indexmap::IndexMap;

use super::report::Paper;
use super::style::Tone;
use crate::base::StackName;
use crate::cfn::{Action, Change, ChangeSet, Replacement};

/// Resource types that hold what users would miss.
const KEEPS_DATA: [&str; 4] =
    ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool", "AWS::Cognito::IdentityPool"];

/// Widths of the columns: label and type.
const LABEL_WIDTH: usize = 34;
const TYPE_WIDTH: usize = 30;

/// Writes the table, by stack, and the line of sums.
pub fn write(paper: &mut Paper<'_>, changes: &ChangeSet) -> fmt::Result {
    let mut stacks: IndexMap<&StackName, Vec<&Change>> = IndexMap::new();
    for change in &changes.changes {
        stacks.entry(&change.stack).or_default().push(change);
    }
    for (stack, changes) in stacks {
        let name = paper.paint(Tone::Strong, stack.as_str());
        paper.line(format_args!("  {name}"))?;
        for change in changes {
            row(paper, change)?;
        }
    }
    paper.blank()?;
    paper.line(format_args!("  {}", sums(changes)))
}

fn row(paper: &mut Paper<'_>, change: &Change) -> fmt::Result {
    let (sign, tone) = match (change.action, change.replacement) {
        (Action::Add | Action::Import, _) => ("+", Tone::Good),
        (Action::Remove, _) => ("-", Tone::Bad),
        (Action::Modify, Replacement::Always) => (paper.style().replaced(), Tone::Bad),
        (Action::Modify, _) => ("~", Tone::Warn),
    };
    let sign = paper.paint(tone, sign);
    let label = format!("{:LABEL_WIDTH$}", change.label.0);
    let kind = format!("{:TYPE_WIDTH$}", change.kind.as_str());
    let text =
        format!("    {sign} {} {} {}", paper.paint(Tone::Strong, &label), paper.paint(Tone::Faint, &kind), why(change));
    paper.line(text.trim_end())
}

/// The last column: which properties, and whether data is lost.
fn why(change: &Change) -> String {
    let properties = change.why.join(", ");
    let loses = KEEPS_DATA.contains(&change.kind.as_str());
    let warning = if loses { ", ITS DATA IS LOST" } else { "" };
    match (change.action, change.replacement) {
        (Action::Add | Action::Import, _) => String::new(),
        (Action::Remove, _) => warning.trim_start_matches(", ").to_owned(),
        (Action::Modify, Replacement::Always) => format!("replaced: {properties}{warning}"),
        (Action::Modify, Replacement::Conditional) => format!("may be replaced: {properties}"),
        (Action::Modify, Replacement::Never) => properties,
    }
}

/// `2 to add, 2 to change, 1 to replace, 1 to remove`.
pub fn sums(changes: &ChangeSet) -> String {
    let number = |wanted: fn(&Change) -> bool| changes.changes.iter().filter(|change| wanted(change)).count();
    let parts = [
        (number(|change| matches!(change.action, Action::Add | Action::Import)), "add"),
        (number(|change| change.action == Action::Modify && change.replacement != Replacement::Always), "change"),
        (number(|change| change.action == Action::Modify && change.replacement == Replacement::Always), "replace"),
        (number(|change| change.action == Action::Remove), "remove"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, verb)| format!("{number} to {verb}")).collect();
    if parts.is_empty() { "nothing to change".to_owned() } else { parts.join(", ") }
}
