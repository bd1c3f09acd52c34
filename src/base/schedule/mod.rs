//! Schedule expressions as EventBridge writes them: `rate(…)`, `cron(…)`, `at(…)`, and when they come next.
//!
//! Source: "Schedule types in EventBridge Scheduler" and "Cron and rate expressions" of the EventBridge guides.

mod cron;
mod field;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use cron::Cron;

/// When something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many milliseconds.
    Rate {
        /// Milliseconds between two times.
        period_ms: i64,
    },
    /// By the fields of a calendar.
    Cron(Cron),
    /// Once, at a time in the zone of the schedule.
    At(DateTime),
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at position {position})")]
pub struct ScheduleError {
    /// Counts characters from 1.
    pub position: usize,
    /// In plain words.
    pub reason: String,
}

impl ScheduleError {
    /// `offset` counts characters from 0.
    pub(crate) fn at(offset: usize, reason: impl Into<String>) -> Self {
        Self { position: offset + 1, reason: reason.into() }
    }
}

impl Schedule {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ScheduleError`] with the position of what is wrong.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let Some((kind, rest)) = text.split_once('(') else {
            return Err(ScheduleError::at(0, "an expression is `rate(…)`, `cron(…)` or `at(…)`"));
        };
        let start = kind.chars().count() + 1;
        let Some(inside) = rest.strip_suffix(')') else {
            return Err(ScheduleError::at(text.chars().count(), "the expression must end with `)`"));
        };
        match kind {
            "rate" => rate(inside, start),
            "cron" => Cron::parse(inside, start).map(Self::Cron),
            "at" => at(inside, start),
            _ => Err(ScheduleError::at(0, format!("`{kind}` is no kind of expression: use `rate`, `cron` or `at`"))),
        }
    }

    /// The first time after `after_ms`, in milliseconds since 1970; none when there is no more. Rates count from
    /// `from_ms`, which is itself a time of theirs; calendars are read in `zone`.
    pub fn next(&self, after_ms: i64, from_ms: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Rate { period_ms } if after_ms < from_ms => Some(from_ms).filter(|_| *period_ms > 0),
            Self::Rate { period_ms } => Some(from_ms + ((after_ms - from_ms) / period_ms + 1) * period_ms),
            Self::Cron(cron) => cron.next(Timestamp::from_millisecond(after_ms).ok()?, zone),
            Self::At(time) => {
                let at_ms = zone.to_ambiguous_timestamp(*time).compatible().ok()?.as_millisecond();
                (at_ms > after_ms).then_some(at_ms)
            }
        }
    }
}

/// A time zone by its name in the IANA database; none when it is unknown here.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok()
}

fn rate(inside: &str, start: usize) -> Result<Schedule, ScheduleError> {
    let mut parts = inside.split(' ');
    let (Some(number), Some(unit), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(ScheduleError::at(start, "a rate is a number and a unit, as in `rate(5 minutes)`"));
    };
    let value = number.parse::<i64>().ok().filter(|value| (1..=1_000_000).contains(value));
    let Some(value) = value.filter(|_| number.chars().all(|c| c.is_ascii_digit())) else {
        return Err(ScheduleError::at(start, format!("`{number}` is no whole number above zero")));
    };
    let at = start + number.chars().count() + 1;
    let minutes = match unit.trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return Err(ScheduleError::at(at, format!("`{unit}` is no unit: use minutes, hours or days"))),
    };
    let singular = unit.trim_end_matches('s');
    let wanted = if value == 1 { singular.to_owned() } else { format!("{singular}s") };
    if unit != wanted {
        return Err(ScheduleError::at(at, format!("`{unit}` does not fit the number {value}: write `{wanted}`")));
    }
    Ok(Schedule::Rate { period_ms: value * minutes * 60_000 })
}

fn at(inside: &str, start: usize) -> Result<Schedule, ScheduleError> {
    let shape = "0000-00-00T00:00:00";
    let fits = |(letter, wanted): (char, char)| if wanted == '0' { letter.is_ascii_digit() } else { letter == wanted };
    let letters = inside.chars().zip(shape.chars());
    let wrong = letters.clone().position(|pair| !fits(pair)).or_else(|| {
        let length = inside.chars().count();
        (length != shape.len()).then_some(length.min(shape.len()))
    });
    if let Some(wrong) = wrong {
        return Err(ScheduleError::at(start + wrong, "a time is written like `2030-01-31T09:30:00`"));
    }
    let time = inside.parse::<DateTime>();
    time.map(Schedule::At).map_err(|_| ScheduleError::at(start, format!("`{inside}` is no date of the calendar")))
}
