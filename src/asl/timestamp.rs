//! Points in time as workflows write them: `2026-03-14T01:59:00Z`.

use jiff::Timestamp;

/// A point in time in the form of RFC 3339: a capital `T`, seconds, and `Z` or an offset.
pub fn parse(text: &str) -> Option<Timestamp> {
    shape(text, true).then(|| text.parse().ok()).flatten()
}

/// A point in time in ISO 8601's extended form with an offset, as Wait takes it: the seconds may be missing.
pub fn parse_offset(text: &str) -> Option<Timestamp> {
    if let Some(found) = parse(text) {
        return Some(found);
    }
    if !shape(text, false) {
        return None;
    }
    let (date_and_minutes, offset) = text.split_at(16);
    format!("{date_and_minutes}:00{offset}").parse().ok()
}

/// Whether a text has the letters, digits and marks of a point in time at their places.
fn shape(text: &str, seconds: bool) -> bool {
    let form: &[u8] = if seconds { b"dddd-dd-ddTdd:dd:dd" } else { b"dddd-dd-ddTdd:dd" };
    if !text.is_ascii() || text.len() <= form.len() {
        return false;
    }
    let (head, mut tail) = text.split_at(form.len());
    let fits = |(byte, wanted): (u8, &u8)| if *wanted == b'd' { byte.is_ascii_digit() } else { byte == *wanted };
    if !head.bytes().zip(form).all(fits) {
        return false;
    }
    if let Some(fraction) = tail.strip_prefix('.').filter(|_| seconds) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 9 {
            return false;
        }
        tail = &fraction[digits..];
    }
    tail == "Z" || is_offset(tail)
}

fn is_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes[3] == b':'
        && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit())
}
