//! A scene as lines of characters.

use super::Status;
use super::graph::EdgeKind;
use super::scene::{PlacedBox, Scene, loops};

/// A piece of a line in one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its characters.
    pub text: String,
    /// How it is said.
    pub tone: Tone,
}

/// How a piece of a picture is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Lines.
    Plain,
    /// Kinds of states.
    Faint,
    /// Names.
    Strong,
    /// Labels.
    Label,
    /// The name and the frame of a state that an execution reached.
    Status(Status),
}

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// Each joint of lines, as a line and as ASCII.
const JOINTS: [(char, char); 16] = [
    (' ', ' '),
    ('│', '|'),
    ('│', '|'),
    ('│', '|'),
    ('─', '-'),
    ('┘', '+'),
    ('┐', '+'),
    ('┤', '+'),
    ('─', '-'),
    ('└', '+'),
    ('┌', '+'),
    ('├', '+'),
    ('─', '-'),
    ('┴', '+'),
    ('┬', '+'),
    ('┼', '+'),
];

#[derive(Clone, Copy)]
struct Cell {
    joint: u8,
    /// Whether a whole line goes through it; without one it is dashed.
    solid: bool,
    letter: Option<char>,
    tone: Tone,
}

struct Canvas {
    width: usize,
    cells: Vec<Cell>,
}

/// Draws a scene.
pub(super) fn draw(scene: &Scene, unicode: bool) -> Vec<Vec<Run>> {
    let empty = Cell { joint: 0, solid: false, letter: None, tone: Tone::Plain };
    let (width, height) = (size(scene.width) + 1, size(scene.height));
    let mut canvas = Canvas { width, cells: vec![empty; width * height] };
    for found in &scene.boxes {
        canvas.frame(found);
    }
    for line in &scene.lines {
        for pair in cells(&line.points).windows(2) {
            canvas.stroke(pair[0], pair[1], line.kind != EdgeKind::Catch);
        }
    }
    for line in &scene.lines {
        if let Some((text, rect)) = &line.label {
            let (x, y) = (rect.x, rect.y);
            canvas.write(x, y, &format!(" {text} "), Tone::Label);
        }
        canvas.arrow(&line.points, unicode);
    }
    for found in &scene.boxes {
        canvas.inscribe(found, unicode);
    }
    canvas.lines(unicode)
}

/// The cells of a line, from the frame that it leaves to its arrow.
fn cells(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut cells = points.to_vec();
    if let [first, .., last] = &mut cells[..]
        && first.1 < last.1
    {
        first.1 -= 1;
        last.1 -= 1;
    }
    cells
}

fn size(units: i32) -> usize {
    usize::try_from(units).unwrap_or(0)
}

impl Canvas {
    fn cell(&mut self, x: i32, y: i32) -> Option<&mut Cell> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x >= self.width { None } else { self.cells.get_mut(y * self.width + x) }
    }

    fn join(&mut self, x: i32, y: i32, joint: u8, solid: bool) {
        if let Some(cell) = self.cell(x, y) {
            cell.joint |= joint;
            cell.solid |= solid;
        }
    }

    /// The frame of a box; that of a container is dashed.
    fn frame(&mut self, found: &PlacedBox) {
        if matches!(found.kind, "Start" | "End") {
            return;
        }
        let rect = found.rect;
        let (right, bottom) = (rect.x + rect.width - 1, rect.y + rect.height - 1);
        let solid = !found.contains;
        for x in rect.x..right {
            for y in [rect.y, bottom] {
                self.join(x, y, RIGHT, solid);
                self.join(x + 1, y, LEFT, solid);
            }
        }
        for y in rect.y..bottom {
            for x in [rect.x, right] {
                self.join(x, y, DOWN, solid);
                self.join(x, y + 1, UP, solid);
            }
        }
        if let Some(mark) = &found.mark {
            for y in rect.y..=bottom {
                for x in rect.x..=right {
                    if (x == rect.x || x == right || y == rect.y || y == bottom)
                        && let Some(cell) = self.cell(x, y)
                    {
                        cell.tone = Tone::Status(mark.status);
                    }
                }
            }
        }
    }

    /// A stretch of a line, from cell to cell.
    fn stroke(&mut self, from: (i32, i32), to: (i32, i32), solid: bool) {
        let ((x1, y1), (x2, y2)) = (from, to);
        for x in x1.min(x2)..x1.max(x2) {
            self.join(x, y1, RIGHT, solid);
            self.join(x + 1, y1, LEFT, solid);
        }
        for y in y1.min(y2)..y1.max(y2) {
            self.join(x2, y, DOWN, solid);
            self.join(x2, y + 1, UP, solid);
        }
    }

    fn arrow(&mut self, points: &[(i32, i32)], unicode: bool) {
        let [(_, before), .., (x, y)] = points else { return };
        let (row, letter) = match (y > before, unicode) {
            (true, true) => (y - 1, '▼'),
            (true, false) => (y - 1, 'v'),
            (false, true) => (*y, '▲'),
            (false, false) => (*y, '^'),
        };
        if let Some(cell) = self.cell(*x, row) {
            cell.letter = Some(letter);
        }
    }

    fn write(&mut self, x: i32, y: i32, text: &str, tone: Tone) {
        for (at, letter) in (x..).zip(text.chars()) {
            if let Some(cell) = self.cell(at, y) {
                cell.letter = Some(letter);
                cell.tone = tone;
            }
        }
    }

    /// What stands in a box: the kind in its frame, the name, and how far it has come.
    fn inscribe(&mut self, found: &PlacedBox, unicode: bool) {
        let rect = found.rect;
        let tone = found.mark.as_ref().map_or(Tone::Strong, |mark| Tone::Status(mark.status));
        let clean = |text: &str| -> String {
            text.chars().map(|c| if c.is_control() || (!unicode && !c.is_ascii()) { '?' } else { c }).collect()
        };
        let middle = |text: &str| rect.x + (rect.width - i32::try_from(text.chars().count()).unwrap_or(0)) / 2;
        let name = clean(&found.name);
        let notes = found.mark.iter().filter_map(|mark| mark.note.clone()).chain(loops(&found.loops));
        if matches!(found.kind, "Start" | "End") {
            let text = format!("( {name} )");
            self.write(middle(&text), rect.y, &text, Tone::Strong);
        } else if found.contains {
            self.write(rect.x + 2, rect.y, &format!(" {} ", found.kind), Tone::Faint);
            let at = rect.x + 4 + i32::try_from(found.kind.len()).unwrap_or(0);
            self.write(at, rect.y, &format!("{name} "), tone);
            for note in notes {
                let note = clean(&note);
                self.write(middle(&note), rect.y + rect.height - 1, &note, Tone::Label);
            }
        } else {
            self.write(rect.x + 1, rect.y, &format!(" {} ", found.kind), Tone::Faint);
            self.write(middle(&name), rect.y + 1, &name, tone);
            for (row, note) in (rect.y + 2..).zip(notes) {
                let note = clean(&note);
                self.write(middle(&note), row, &note, Tone::Label);
            }
        }
    }

    fn lines(&self, unicode: bool) -> Vec<Vec<Run>> {
        let mut lines = Vec::new();
        for row in self.cells.chunks(self.width) {
            let mut runs: Vec<Run> = Vec::new();
            let used = row.iter().rposition(|cell| cell.joint != 0 || cell.letter.is_some_and(|c| c != ' '));
            for cell in &row[..used.map_or(0, |last| last + 1)] {
                let letter = cell.letter.unwrap_or_else(|| glyph(*cell, unicode));
                match runs.last_mut() {
                    Some(run) if run.tone == cell.tone => run.text.push(letter),
                    _ => runs.push(Run { text: letter.to_string(), tone: cell.tone }),
                }
            }
            lines.push(runs);
        }
        lines
    }
}

fn glyph(cell: Cell, unicode: bool) -> char {
    let (line, ascii) = JOINTS[usize::from(cell.joint & 15)];
    match (unicode, cell.solid, line) {
        (true, false, '─') => '╌',
        (true, false, '│') => '╎',
        (true, ..) => line,
        (false, false, '─') => '.',
        (false, false, '│') => ':',
        (false, ..) => ascii,
    }
}
