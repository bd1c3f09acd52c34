//! The six tones and the glyphs, with their plain twins; nothing here decides what is said.

/// What a piece of text is, for the eye. Never the only carrier of a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done well.
    Good,
    /// Failed.
    Bad,
    /// Careful.
    Warn,
    /// Of less weight.
    Faint,
    /// Of more weight.
    Strong,
    /// An address or a command.
    Accent,
}

/// How text is dressed on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours are written.
    pub colour: bool,
    /// Glyphs beyond ASCII are written.
    pub unicode: bool,
}

impl Style {
    /// Neither colours nor glyphs beyond ASCII.
    pub const PLAIN: Self = Self { colour: false, unicode: false };

    /// The text in a tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warn => "33",
            Tone::Faint => "2",
            Tone::Strong => "1",
            Tone::Accent => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The text in one of five colours, by a number: what belongs together looks alike.
    pub fn hue(self, number: usize, text: &str) -> String {
        const HUES: [&str; 5] = ["36", "35", "34", "32", "33"];
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", HUES[number % HUES.len()]) } else { text.to_owned() }
    }

    /// Done.
    pub fn done(self) -> &'static str {
        if self.unicode { "✔" } else { "ok" }
    }

    /// Failed.
    pub fn failed(self) -> &'static str {
        if self.unicode { "✘" } else { "x" }
    }

    /// Waiting.
    pub fn waiting(self) -> &'static str {
        if self.unicode { "·" } else { "." }
    }

    /// Leads to.
    pub fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// Replaced.
    pub fn replaced(self) -> &'static str {
        if self.unicode { "±" } else { "+/-" }
    }

    /// Busy, as the `tick`th picture of it.
    pub fn busy(self, tick: usize) -> &'static str {
        const TURNING: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        const TURNING_ASCII: [&str; 4] = ["|", "/", "-", "\\"];
        if self.unicode { TURNING[tick % TURNING.len()] } else { TURNING_ASCII[tick % TURNING_ASCII.len()] }
    }
}

/// The text with its control characters escaped, so that what a cloud or a file says cannot drive the terminal.
pub fn clean(text: &str) -> String {
    let safe = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(safe) {
        return text.to_owned();
    }
    text.chars().map(|c| if safe(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}

/// A length of time as one reads it: `4ms`, `0.6s`, `31s`, `1m 04s`.
pub fn elapsed(time: std::time::Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..100 => format!("{ms}ms"),
        100..10_000 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        10_000..60_000 => format!("{}s", ms / 1000),
        _ => format!("{}m {:02}s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// A size as one reads it: `812 B`, `212 KiB`, `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// `1 file`, `3 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
