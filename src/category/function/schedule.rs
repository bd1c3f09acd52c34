//! When a function runs by the clock: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *) Europe/Athens`.
//!
//! Source: "Schedule types in EventBridge Scheduler". What is wrong is told with its position in the text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An expression, with the time zone that it is meant in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// A name of the time zone database; UTC when absent.
    pub time_zone: Option<String>,
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(')').map_or(text.len(), |at| at + 1);
        let (expression, zone) = text.split_at(end);
        let at = |position: usize, why: &str| format!("`{}`, character {}: {why}", text.escape_debug(), position + 1);
        let inner = |word: &str| expression.strip_prefix(word)?.strip_suffix(')');
        if let Some(rate) = inner("rate(") {
            check_rate(rate).map_err(|why| at("rate(".len(), &why))?;
        } else if let Some(cron) = inner("cron(") {
            check_cron(cron).map_err(|(position, why)| at("cron(".len() + position, &why))?;
        } else {
            return Err(at(0, "a schedule is `rate(5 minutes)` or `cron(0 9 * * ? *)`"));
        }
        let zone = zone.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if !zone.chars().all(plain) || zone.len() > 50 {
            return Err(at(end + 1, "a time zone is one of the time zone database, for example `Europe/Athens`"));
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

fn check_rate(text: &str) -> Result<(), String> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let Some(number) = number.parse::<u32>().ok().filter(|number| *number > 0) else {
        return Err("a rate begins with a whole number above 0, for example `rate(5 minutes)`".to_owned());
    };
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    if !["minute", "hour", "day"].contains(&singular) {
        return Err(format!("`{}` is no unit of a rate: minutes, hours or days", unit.escape_debug()));
    }
    if (number == 1) == unit.ends_with('s') {
        let right = if number == 1 { singular.to_owned() } else { format!("{singular}s") };
        return Err(format!("it must be `rate({number} {right})`"));
    }
    Ok(())
}

/// A field of an expression: what it is called, its limits, and the names of its values from the lowest on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
    /// Signs of its own beside `*`, `,`, `-` and `/`.
    signs: &'static str,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 6] = [
    Field { name: "minutes", least: 0, most: 59, names: &[], signs: "" },
    Field { name: "hours", least: 0, most: 23, names: &[], signs: "" },
    Field { name: "day of the month", least: 1, most: 31, names: &[], signs: "?LW" },
    Field { name: "month", least: 1, most: 12, names: &MONTHS, signs: "" },
    Field { name: "day of the week", least: 1, most: 7, names: &DAYS, signs: "?L#" },
    Field { name: "year", least: 1970, most: 2199, names: &[], signs: "" },
];

/// The position of what is wrong, and why.
type Wrong = (usize, String);

fn check_cron(text: &str) -> Result<(), Wrong> {
    let mut parts = Vec::new();
    let mut position = 0;
    for part in text.split(' ') {
        if !part.is_empty() {
            parts.push((position, part));
        }
        position += part.len() + 1;
    }
    if parts.len() != FIELDS.len() {
        let why = format!("there are {} fields, and cron has six: minutes hours day month weekday year", parts.len());
        return Err((parts.last().map_or(0, |(at, _)| *at), why));
    }
    for ((position, part), field) in parts.iter().zip(&FIELDS) {
        check_field(*position, part, field)?;
    }
    let (day, weekday) = (parts[2], parts[4]);
    match (day.1 == "?", weekday.1 == "?") {
        (true, true) => Err((weekday.0, "the day of the month or of the week must be given".to_owned())),
        (false, false) => Err((weekday.0, "either the day of the month or the day of the week must be `?`".to_owned())),
        _ => Ok(()),
    }
}

fn check_field(position: usize, text: &str, field: &Field) -> Result<(), Wrong> {
    let mut at = position;
    for item in text.split(',') {
        check_item(item, field).map_err(|why| (at, why))?;
        at += item.len() + 1;
    }
    Ok(())
}

fn check_item(item: &str, field: &Field) -> Result<(), String> {
    let Field { name, least, most, signs, .. } = field;
    let wrong = || format!("`{}` is nothing that the {name} can be", item.escape_debug());
    if item == "*"
        || (item.len() == 1 && item != "W" && item != "#" && signs.contains(item))
        || (item == "LW" && signs.contains('W'))
    {
        return Ok(());
    }
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    if let Some(step) = step {
        let good = step.parse::<u32>().is_ok_and(|step| step > 0 && step <= *most);
        if !good {
            return Err(wrong());
        }
        if range == "*" {
            return Ok(());
        }
    }
    if let Some((day, number)) = range.split_once('#').filter(|_| signs.contains('#')) {
        let good = value(day, field).is_some() && number.parse::<u32>().is_ok_and(|number| (1..=5).contains(&number));
        return if good { Ok(()) } else { Err(wrong()) };
    }
    let marked = range.strip_suffix(['L', 'W']).filter(|_| !signs.is_empty() && value(range, field).is_none());
    let (low, high) = match marked {
        Some(day) => (day, day),
        None => range.split_once('-').unwrap_or((range, range)),
    };
    match (value(low, field), value(high, field)) {
        (Some(low), Some(high)) if low <= high || !field.names.is_empty() => Ok(()),
        (Some(_), Some(_)) => Err(format!("`{}` runs backwards", range.escape_debug())),
        _ if low.chars().all(|c| c.is_ascii_digit()) && !low.is_empty() => {
            Err(format!("`{}` is not between {least} and {most}, as the {name} must be", item.escape_debug()))
        }
        _ => Err(wrong()),
    }
}

/// The number that a value is.
fn value(text: &str, field: &Field) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let named = field.names.iter().position(|name| *name == upper);
    let named = named.and_then(|index| u32::try_from(index).ok()).map(|index| index + field.least);
    named.or_else(|| text.parse().ok()).filter(|value| (field.least..=field.most).contains(value))
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
            ("every day", 1, "a schedule is"),
            ("rate(0 minutes)", 6, "whole number above 0"),
            ("rate(5 minute)", 6, "rate(5 minutes)"),
            ("rate(1 hours)", 6, "rate(1 hour)"),
            ("rate(5 weeks)", 6, "no unit"),
            ("cron(0 9 * * *)", 14, "5 fields"),
            ("cron(0 25 * * ? *)", 8, "`25` is not between 0 and 23"),
            ("cron(0 9,30 * * ? *)", 10, "`30`"),
            ("cron(0 9 * FOO ? *)", 12, "`FOO` is nothing"),
            ("cron(0 17-9 * * ? *)", 8, "backwards"),
            ("cron(0 9 * * * *)", 14, "must be `?`"),
            ("cron(0 9 ? * ? *)", 14, "must be given"),
            ("cron(0 9 * * ? *) Not a zone", 19, "time zone"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.contains(&format!("character {position}: ")) && error.contains(part), "{error}");
        }
    }
}
