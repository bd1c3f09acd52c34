//! When a function runs by the clock: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *) Europe/Athens`.
//!
//! What is wrong is told with its position in the text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::schedule;

/// An expression, with the time zone that it is meant in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// A name of the time zone database; UTC when absent.
    pub time_zone: Option<String>,
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(')').map_or(text.len(), |at| at + 1);
        let (expression, zone) = text.split_at(end);
        let shown = text.escape_debug();
        schedule::Schedule::parse(expression).map_err(|error| format!("`{shown}`: {error}"))?;
        let zone = zone.trim();
        if !zone.is_empty() && schedule::time_zone(zone).is_none() {
            let position = expression.chars().count() + 2;
            return Err(format!(
                "`{shown}`: `{}` is no time zone, for example `Europe/Athens` (at position {position})",
                zone.escape_debug()
            ));
        }
        Ok(Self { expression: expression.to_owned(), time_zone: (!zone.is_empty()).then(|| zone.to_owned()) })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.expression)?;
        self.time_zone.as_ref().map_or(Ok(()), |zone| write!(formatter, " {zone}"))
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> String {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn good_schedules_read_back_as_they_were_written() {
        for text in [
            "rate(1 minute)",
            "rate(5 minutes)",
            "rate(2 days)",
            "cron(0 9 * * ? *)",
            "cron(0/15 9-17 ? * MON-FRI *) Europe/Athens",
            "cron(0 0 L * ? *)",
            "cron(0 0 15W * ? 2026-2030)",
            "cron(0 0 LW JAN,JUL ? *)",
            "cron(0 0 ? * 6L *)",
            "cron(0 0 ? * TUE#2 *)",
        ] {
            assert_eq!(text.parse::<Schedule>().map(|schedule| schedule.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_position() {
        for (text, position, part) in [
            ("every day", 1, "an expression is"),
            ("rate(5 minute)", 8, "write `minutes`"),
            ("cron(0 25 * * ? *)", 8, "`25`"),
            ("cron(0 9 * * ? *) Not a zone", 19, "no time zone"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.contains(&format!("(at position {position})")) && error.contains(part), "{error}");
        }
    }
}
