//! The board and its views, failures, the preview.

use std::io::{self, Write};
use std::time::Duration;

use super::progress::{Board, LineView, tree_view};
use super::{ProgressMode, Style, Ui, UiSettings, failure, style};
use crate::base::{Event, Label, Location, LogicalId, Outcome, ResourceStatus, StackName, Step};
use crate::error::{Code, ExitStatus, Failure, Problem, Problems};
use crate::ops::explain::explain;

fn changed(resource: &str, status: ResourceStatus, reason: Option<&str>) -> Event {
    Event::ResourceChanged {
        stack: StackName::new("blog").unwrap(),
        resource: LogicalId::new(resource).unwrap(),
        label: Label(format!("table for {resource}")),
        kind: "AWS::DynamoDB::Table".to_owned(),
        status,
        reason: reason.map(str::to_owned),
    }
}

#[test]
fn the_tree_keeps_busy_and_failed_lines_and_folds_settled_ones() {
    let mut board = Board::default();
    let events = [
        Event::StepStarted { step: Step::Deploy },
        changed("Post", ResourceStatus::Creating, None),
        changed("Tag", ResourceStatus::Creating, None),
        changed("Post", ResourceStatus::Created, None),
        changed("Draft", ResourceStatus::Failed, Some("no room")),
        changed("Draft", ResourceStatus::Deleted, None),
    ];
    for event in &events {
        board.fold(event, Duration::ZERO);
    }
    let text = tree_view(&board, Duration::from_secs(3), Style::PLAIN).join("\n");
    assert!(text.contains("2 of 3") && text.contains("table for Tag") && text.contains("no room"), "{text}");
    assert!(!text.contains("table for Post"), "{text}");
    board.fold(
        &Event::StepFinished { step: Step::Deploy, outcome: Outcome::Skipped, elapsed: Duration::ZERO },
        Duration::ZERO,
    );
    assert!(tree_view(&board, Duration::ZERO, Style::PLAIN).is_empty());
}

#[test]
fn the_tree_is_never_longer_than_a_screen() {
    let mut board = Board::default();
    board.fold(&Event::StepStarted { step: Step::Deploy }, Duration::ZERO);
    for number in 0..100 {
        board.fold(&changed(&format!("R{number}"), ResourceStatus::Creating, None), Duration::ZERO);
    }
    assert_eq!(tree_view(&board, Duration::ZERO, Style::PLAIN).len(), 24);
}

#[test]
fn control_characters_of_a_cloud_do_not_reach_the_terminal() {
    let mut view = LineView::default();
    let line = view.line(&changed("Post", ResourceStatus::Failed, Some("\x1b[2Jgone")), Duration::ZERO, Style::PLAIN);
    assert!(!line.unwrap().contains('\x1b'));
}

#[test]
fn a_problem_shows_its_line_and_mark() {
    let text = "type Post {\n\tid: Nope\n}";
    let at = text.find("Nope").unwrap();
    let problem = |span| Problem::new(Code::AMP0302, "unknown type").at_span("a.graphql", text, span).hint("mend it");
    let one: Failure = Problems::some(vec![problem(at..at + 4)]).unwrap().into();
    let shown = failure::human(&one, Style::PLAIN);
    assert_eq!(
        shown,
        "error[AMP0302]: unknown type\n  --> a.graphql:2:6\n  |\n2 |  id: Nope\n  |      ^^^^\nhint: mend it\n"
    );
    let two = Problems::some(vec![problem(0..4), problem(at..at + 4)]).unwrap().into();
    assert!(failure::human(&two, Style::PLAIN).ends_with("2 problems were found\n"));
    let document: serde_json::Value = serde_json::from_str(&failure::document(&two)).unwrap();
    assert_eq!(document["schema"], "ampup.failure/1");
    assert_eq!(document["location"], serde_json::to_value(Location::new("a.graphql", 1, 1)).unwrap());
}

/// A stream that fails as told.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_success_and_a_full_disk_is_not() {
    let settings = UiSettings {
        json: false,
        quiet: false,
        progress: ProgressMode::None,
        out_style: Style::PLAIN,
        err_style: Style::PLAIN,
    };
    for (kind, expected) in
        [(io::ErrorKind::BrokenPipe, ExitStatus::Success), (io::ErrorKind::StorageFull, ExitStatus::Internal)]
    {
        let ui = Ui::new(settings, Box::new(Broken(kind)), Box::new(io::sink()));
        assert_eq!(ui.finish(&explain("AMP0101").unwrap()), expected);
    }
}

#[test]
fn times_and_sizes() {
    for (ms, expected) in [(4, "4ms"), (640, "0.6s"), (31_000, "31s"), (64_000, "1m 04s")] {
        assert_eq!(style::elapsed(Duration::from_millis(ms)), expected);
    }
    assert_eq!(style::size(1_500_000), "1.4 MiB");
}
