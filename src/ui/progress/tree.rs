//! Progress as a live tree: busy and failed lines stay, settled ones fold. The one place that knows indicatif.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::board::{Board, StackLine};
use super::{lines, words};
use crate::base::{Event, Outcome, Reporter, ResourceStatus, Step};
use crate::ui::style::{Style, Tone, clean, elapsed, size};

/// Live lines at most.
const LINES: usize = 24;
/// Time between two pictures.
const TICK: Duration = Duration::from_millis(100);

/// The lines of the tree at a moment.
pub fn view(board: &Board, now: Duration, style: Style) -> Vec<String> {
    let Some((step, since)) = board.running else { return Vec::new() };
    let tick = usize::try_from(now.as_millis() / TICK.as_millis()).unwrap_or(0);
    let time = elapsed(now.saturating_sub(since));
    let (running, _) = words::step(step);
    let mut out = Vec::new();
    if !matches!(step, Step::Deploy | Step::Remove) {
        let (new, old, bytes) = board.uploads;
        let facts = match step {
            Step::Upload => format!("{new} of {}, {}", new + old, size(bytes)),
            _ => String::new(),
        };
        out.push(format!("{} {running:30} {facts:40} {time:>7}", style.busy(tick)));
        return out;
    }
    let (done, all) =
        board.stacks.values().map(StackLine::progress).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    out.push(format!("{running:32} {:>16} {time:>9}", format!("{done} of {all}")));
    for (name, stack) in &board.stacks {
        out.extend(stack_lines(name.as_str(), stack, now, tick, style));
    }
    if out.len() > LINES {
        let hidden = out.len() - (LINES - 1);
        out.truncate(LINES - 1);
        out.push(format!("  {} {hidden} more lines", style.waiting()));
    }
    out
}

fn stack_lines(name: &str, stack: &StackLine, now: Duration, tick: usize, style: Style) -> Vec<String> {
    let (done, all) = stack.progress();
    let glyph = if stack.failed() {
        style.paint(Tone::Bad, style.failed())
    } else if done == all {
        style.paint(Tone::Good, style.done())
    } else {
        style.busy(tick).to_owned()
    };
    let mut out = vec![format!("  {glyph} {:32} {:>12}", clean(name), format!("{done} of {all}"))];
    for resource in stack.resources.values() {
        let failed = resource.status == ResourceStatus::Failed || resource.reason.is_some();
        if words::settled(resource.status) && !failed {
            continue;
        }
        let glyph = if failed { style.paint(Tone::Bad, style.failed()) } else { style.busy(tick).to_owned() };
        let state = resource.reason.as_deref().unwrap_or_else(|| words::status(resource.status));
        // One line each: a long reason is told in full by the failure.
        let state: String = clean(state).lines().next().unwrap_or_default().chars().take(60).collect();
        let time = elapsed(now.saturating_sub(resource.since));
        out.push(format!("      {glyph} {:30} {state:20} {time:>7}", clean(&resource.label)));
    }
    out
}

/// Draws the tree on standard error.
pub(super) struct TreeReporter {
    board: Arc<Mutex<Board>>,
    bar: Mutex<Option<ProgressBar>>,
    style: Style,
    began: Instant,
}

impl TreeReporter {
    pub(super) fn new(style: Style) -> Self {
        Self { board: Arc::default(), bar: Mutex::default(), style, began: Instant::now() }
    }

    /// A bar whose only content is the tree, drawn anew at each tick.
    fn draw(&self) -> ProgressBar {
        let (board, style, began) = (Arc::clone(&self.board), self.style, self.began);
        let tree = move |_: &ProgressState, out: &mut dyn Write| {
            let board = board.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_str(&view(&board, began.elapsed(), style).join("\n"));
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(template) = ProgressStyle::with_template("{tree}") {
            bar.set_style(template.with_key("tree", tree));
        }
        bar.enable_steady_tick(TICK);
        bar
    }

    fn print(bar: Option<&ProgressBar>, line: &str) {
        match bar {
            Some(bar) => bar.println(line),
            None => {
                let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), format!("{line}\n").as_bytes());
            }
        }
    }
}

impl Reporter for TreeReporter {
    fn report(&self, event: Event) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).fold(&event, self.began.elapsed());
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepStarted { .. } => {
                if bar.is_none() {
                    *bar = Some(self.draw());
                }
            }
            Event::StepFinished { step, outcome, elapsed } => {
                // Taken down between steps, so that a question or a failure finds a clean screen.
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
                let (running, done) = words::step(step);
                let line = match outcome {
                    Outcome::Done { facts } => lines::ended(done, &facts, elapsed),
                    Outcome::Skipped => lines::ended(done, "nothing to do", elapsed),
                    Outcome::Failed => {
                        format!("  {} {running}", self.style.paint(Tone::Bad, self.style.failed()))
                    }
                };
                Self::print(None, &line);
            }
            Event::Noted { note } => Self::print(bar.as_ref(), &format!("  {}", clean(&words::note(&note)))),
            Event::ArtifactUploaded { .. } | Event::ResourceChanged { .. } => {}
        }
    }
}

impl Drop for TreeReporter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
