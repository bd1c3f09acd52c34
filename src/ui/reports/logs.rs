//! Events of logs as lines: when, which resource, what.

use std::fmt::Write as _;

use crate::ops::logs::LogLine;
use crate::ui::style::{Style, Tone, clean};

/// The lines of an event, each with its time and its resource: `place` chooses the colour, `width` is that of the names.
pub(in crate::ui) fn event_lines(event: &LogLine, (place, width): (usize, usize), style: Style) -> String {
    let at = jiff::Timestamp::from_millisecond(event.timestamp).unwrap_or_default();
    let at = style.paint(Tone::Faint, &at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    let name = style.hue(place, &format!("{:width$}", event.resource));
    let mut text = String::new();
    // An event without text is an event all the same.
    let message = event.message.trim_end_matches(['\n', '\r']);
    for line in message.split('\n') {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{at}  {name}  {}", clean(line.trim_end_matches('\r')));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_line_by_line_and_cannot_dress_itself() {
        let event = LogLine {
            resource: "hello".to_owned(),
            timestamp: 1_795_564_800_123,
            group: "/aws/lambda/hello".to_owned(),
            stream: "s".to_owned(),
            message: "first\r\n\x1b[31msecond\n".to_owned(),
        };
        assert_eq!(
            event_lines(&event, (0, 7), Style::PLAIN),
            "2026-11-25T00:00:00.123Z  hello    first\n2026-11-25T00:00:00.123Z  hello    \\u{1b}[31msecond\n"
        );
        let coloured = event_lines(&event, (1, 5), Style { colour: true, unicode: true });
        assert!(coloured.contains("\x1b[35mhello\x1b[0m"), "{coloured}");
        let empty = event_lines(&LogLine { message: String::new(), ..event }, (0, 5), Style::PLAIN);
        assert_eq!(empty, "2026-11-25T00:00:00.123Z  hello  \n");
    }
}
