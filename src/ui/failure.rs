//! A failure as text (`error[CODE]: …`, causes, place, hints) and as JSON (`ampup.failure/1`).

use std::error::Error;
use std::fmt::Write;

use serde_json::{Value, json};

use super::style::{Style, Tone, clean, count};
use crate::error::problem::Excerpt;
use crate::error::{Code, Diagnose, Failure, Hint, Problem};

/// The text for a person, with its line ends.
pub(super) fn human(failure: &Failure, style: Style) -> String {
    let error = failure.inner();
    let mut text = String::new();
    let problems = error.problems();
    for problem in problems {
        text.push_str(&one_problem(problem, ("error", Tone::Bad), style));
        text.push('\n');
    }
    match problems {
        [] => heading(&mut text, style, ("error", Tone::Bad), (error.code(), &error.to_string())),
        [_] => {
            text.pop();
        }
        many => {
            let _ = writeln!(text, "{}", count(many.len(), "problem was found", "problems were found"));
        }
    }
    if problems.is_empty() {
        for cause in causes(error) {
            let _ = writeln!(text, "  caused by: {}", indented(&cause));
        }
        if let Some(location) = error.location() {
            let _ = writeln!(text, "  {} {location}", style.paint(Tone::Accent, "-->"));
        }
    }
    let further = error.hints();
    if !further.is_empty() && problems.len() > 1 {
        text.push('\n');
    }
    hints(&mut text, style, &further);
    if further.is_empty() && problems.iter().all(|problem| problem.hints.is_empty()) {
        hints(&mut text, style, &[Hint::new(format!("`ampup explain {}` tells more", error.code()))]);
    }
    text
}

/// The JSON document, with its line end.
pub(super) fn document(failure: &Failure) -> String {
    let error = failure.inner();
    let mut document = json!({
        "schema": "ampup.failure/1",
        "code": error.code(),
        "kind": error.code().kind(),
        "message": error.to_string(),
        "causes": causes(error),
        "hints": error.hints(),
        "location": error.location().or_else(|| error.problems().first().and_then(|first| first.location.clone())),
    });
    if !error.problems().is_empty() {
        document["problems"] = serde_json::to_value(error.problems()).unwrap_or(Value::Null);
    }
    format!("{document:#}\n")
}

/// A problem with its place and its hints; `word` says how grave it is.
pub(super) fn one_problem(problem: &Problem, word: (&str, Tone), style: Style) -> String {
    let mut text = String::new();
    heading(&mut text, style, word, (problem.code, &problem.message));
    place(&mut text, style, word.1, problem);
    hints(&mut text, style, &problem.hints);
    text
}

fn heading(text: &mut String, style: Style, (word, tone): (&str, Tone), (code, message): (Code, &str)) {
    let label = style.paint(tone, &format!("{word}[{code}]"));
    let _ = writeln!(text, "{label}: {}", clean(message));
}

fn place(text: &mut String, style: Style, tone: Tone, problem: &Problem) {
    let Some(location) = &problem.location else { return };
    let width = location.line.to_string().len();
    let arrow = style.paint(Tone::Accent, "-->");
    let _ = writeln!(text, "{:width$} {arrow} {}", "", clean(&location.to_string()));
    if let Some(Excerpt { line, start, length }) = &problem.excerpt {
        // A tab in the line would move the mark: it is shown as one space.
        let line: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).collect();
        let bar = style.paint(Tone::Accent, "|");
        let mark = style.paint(tone, &"^".repeat(*length));
        let number = style.paint(Tone::Accent, &location.line.to_string());
        let _ = writeln!(text, "{:width$} {bar}", "");
        let _ = writeln!(text, "{number} {bar} {}", clean(&line));
        let _ = writeln!(text, "{:width$} {bar} {:start$}{mark}", "", "");
    }
}

fn hints(text: &mut String, style: Style, hints: &[Hint]) {
    for Hint(hint) in hints {
        let _ = writeln!(text, "{}: {}", style.paint(Tone::Good, "hint"), indented(hint));
    }
}

fn indented(text: &str) -> String {
    clean(text).trim_end().replace('\n', "\n        ")
}

/// What lies below an error, from the nearest down; a cause that repeats the one above it is left out.
fn causes(error: &dyn Diagnose) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = error.source();
    let mut above = error.to_string();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !above.contains(&text) {
            causes.push(text.clone());
            above = text;
        }
        next = Error::source(cause);
    }
    causes
}
