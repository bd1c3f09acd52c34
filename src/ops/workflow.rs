//! State machines in files: whether Step Functions would take them, and what they look like.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::compile::read;
use super::{OperationError, Session, backend};
use crate::asl::picture::{self, Progress};
use crate::asl::{self, Finding};
use crate::base::Location;
use crate::error::{Code, Failure, Problem};

pub use crate::asl::Type as MachineType;
pub use crate::asl::picture::{Run, Status, Tone};

/// What came of a check.
#[derive(Clone, Debug, Serialize)]
pub struct ValidateReport {
    /// The file.
    pub file: String,
    /// The type that was asked for.
    #[serde(rename = "type")]
    pub machine_type: MachineType,
    /// Whether Step Functions would take the definition.
    pub valid: bool,
    /// How many states it has, those of branches included; absent when it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<usize>,
    /// The substitutions `${Name}` that deployment has to fill in.
    pub substitutions: Vec<String>,
    /// Everything that was found, by line and column.
    pub diagnostics: Vec<Diagnostic>,
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// `ERROR` or `WARNING`.
    pub severity: &'static str,
    /// The code that Step Functions has for it; absent where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_code: Option<&'static str>,
    /// The text that Step Functions has for it; absent where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_message: Option<String>,
    /// The way to it: `/States/Greet/Resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Code, reason, place in the file, hints.
    #[serde(flatten)]
    pub problem: Problem,
}

impl Diagnostic {
    fn new(finding: &Finding, file: &str, text: &str) -> Self {
        Self {
            severity: finding.severity.name(),
            aws_code: finding.told_by_aws.then(|| finding.code.name()),
            aws_message: finding.told_by_aws.then(|| finding.message.trim_end().to_owned()),
            pointer: finding.location.clone(),
            problem: finding.problem(file, text),
        }
    }

    /// Whether the definition is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == asl::Severity::Error.name()
    }
}

/// Checks the definition in a file; with a sample of its input it is tried as well, as far as no service has to answer.
///
/// # Errors
/// That a file cannot be read, or the input is not JSON. What is wrong in the definition is part of the report.
pub fn validate(
    session: &Session,
    file: &Path,
    machine_type: MachineType,
    input: Option<&Path>,
) -> Result<ValidateReport, Failure> {
    let text = read(file)?;
    let name = file.display().to_string();
    let mut checked = asl::check(&text, machine_type);
    if let (Some(machine), Some(input)) = (&checked.machine, input) {
        let sample = sample(input)?;
        checked.findings.extend(asl::trial::trial(machine, &sample, &session.ids));
    }
    let mut diagnostics: Vec<Diagnostic> =
        checked.findings.iter().map(|finding| Diagnostic::new(finding, &name, &text)).collect();
    diagnostics.sort_by(|left, right| left.problem.location.cmp(&right.problem.location));
    Ok(ValidateReport {
        file: name,
        machine_type,
        valid: !checked.findings.iter().any(Finding::is_error),
        states: checked.machine.as_ref().map(|machine| machine.root.count()),
        substitutions: checked.substitutions,
        diagnostics,
    })
}

/// The JSON in a file.
fn sample(file: &Path) -> Result<Value, Failure> {
    let text = read(file)?;
    serde_json::from_str(&text).map_err(|error| {
        let name = file.display().to_string();
        let place = Location::new(&name, error.line().max(1), error.column().max(1));
        let problem = Problem::new(Code::AMP0328, format!("the input is not JSON: {error}")).at(place);
        backend::problems(vec![problem])
    })
}

/// What a picture is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Lines of characters.
    Text,
    /// A flowchart in Mermaid's language.
    Mermaid,
    /// An SVG document.
    Svg,
}

/// A picture of a state machine.
#[derive(Clone, Debug, Serialize)]
pub struct GraphReport {
    /// The file of the definition.
    pub file: String,
    /// What it is drawn as.
    pub format: Format,
    /// The file that it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// The picture.
    pub picture: String,
    /// Its lines with their tones, with lines of boxes and in ASCII, when it is text.
    #[serde(skip)]
    pub lines: Option<[Vec<Vec<Run>>; 2]>,
}

/// Draws the state machine in a file.
///
/// # Errors
/// That the file cannot be read, or the picture not be written; every problem of the definition.
pub fn graph(file: &Path, format: Format, out: Option<&Path>) -> Result<GraphReport, Failure> {
    let text = read(file)?;
    let name = file.display().to_string();
    let checked = asl::check(&text, MachineType::Standard);
    let Some(machine) = checked.machine else {
        let errors = checked.findings.iter().filter(|finding| finding.is_error());
        return Err(backend::problems(errors.map(|finding| finding.problem(&name, &text)).collect()));
    };
    let progress = Progress::new();
    let mut lines = None;
    let picture = match format {
        Format::Svg => {
            let title = machine.comment.as_deref().unwrap_or(&name);
            picture::as_svg(&machine, &progress, title).map_err(too_large(&name))?
        }
        Format::Mermaid => picture::as_mermaid(&machine, &progress),
        Format::Text => {
            let draw = |unicode| picture::as_text(&machine, &progress, unicode).map_err(too_large(&name));
            let drawn = [draw(true)?, draw(false)?];
            let plain = plain(&drawn[0]);
            lines = Some(drawn);
            plain
        }
    };
    if let Some(out) = out {
        std::fs::write(out, &picture).map_err(|source| OperationError::File {
            path: out.display().to_string(),
            action: "written",
            source,
        })?;
    }
    Ok(GraphReport { file: name, format, out: out.map(|out| out.display().to_string()), picture, lines })
}

fn too_large(file: &str) -> impl Fn(picture::TooLarge) -> Failure {
    let problem = Problem::new(Code::AMP0327, format!("{file}: {}", picture::TooLarge))
        .hint("draw it with `--format mermaid`, which only names what leads where");
    move |_| backend::problems(vec![problem.clone()])
}

/// Lines of text without their tones.
fn plain(lines: &[Vec<Run>]) -> String {
    lines.iter().flat_map(|line| line.iter().map(|run| run.text.as_str()).chain(["\n"])).collect()
}
