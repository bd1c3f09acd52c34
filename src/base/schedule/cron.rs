//! Calendars: six fields, and the search for the next time that fits all of them.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::ScheduleError;
use super::field::{Field, Part};

const MINUTES: Field = Field { name: "minutes", least: 0, most: 59, names: &[] };
const HOURS: Field = Field { name: "hours", least: 0, most: 23, names: &[] };
const DAYS: Field = Field { name: "days of the month", least: 1, most: 31, names: &[] };
const MONTHS: Field = Field {
    name: "months",
    least: 1,
    most: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const WEEKDAYS: Field =
    Field { name: "days of the week", least: 1, most: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };
const YEARS: Field = Field { name: "years", least: 1970, most: 2199, names: &[] };

/// A calendar: the times that fit all of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    months: BTreeSet<u16>,
    years: BTreeSet<u16>,
    days: Days,
}

/// Which days fit.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<DayOfMonth>),
    OfWeek(Vec<DayOfWeek>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DayOfMonth {
    On(BTreeSet<u16>),
    /// `L`, and `L-3`: so many days before the last.
    Last(u16),
    /// `LW`: the last day from Monday to Friday.
    LastWorkday,
    /// `15W`: the day from Monday to Friday that is nearest, in the same month.
    Nearest(u16),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DayOfWeek {
    On(BTreeSet<u16>),
    /// `6L`: the last Friday of the month.
    Last(u16),
    /// `6#3`: the third Friday of the month.
    Nth(u16, u16),
}

impl Cron {
    /// Reads the fields; `start` is how many characters stand before them.
    pub(super) fn parse(inside: &str, start: usize) -> Result<Self, ScheduleError> {
        let whole = Part { text: inside, offset: start };
        let fields: Vec<Part<'_>> = whole.split(' ').filter(|part| !part.text.is_empty()).collect();
        let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else {
            let reason = format!(
                "a cron expression has six fields (minutes, hours, day of month, month, day of week, year), not {}",
                fields.len()
            );
            let offset = fields.get(6).map_or(start + inside.chars().count(), |part| part.offset);
            return Err(ScheduleError::at(offset, reason));
        };
        let set = |field: Field, part: &Part<'_>| -> Result<BTreeSet<u16>, ScheduleError> {
            let mut all = BTreeSet::new();
            for item in part.split(',') {
                all.extend(field.numbers(item)?);
            }
            Ok(all)
        };
        let days = match (days.text, weekdays.text) {
            ("?", "?") => return Err(weekdays.refuse("one of the two days must be other than `?`")),
            ("?", _) => Days::OfWeek(weekdays.split(',').map(day_of_week).collect::<Result<_, _>>()?),
            (_, "?") => Days::OfMonth(days.split(',').map(day_of_month).collect::<Result<_, _>>()?),
            _ => return Err(weekdays.refuse("the day of the month or the day of the week must be `?`")),
        };
        Ok(Self {
            minutes: set(MINUTES, minutes)?,
            hours: set(HOURS, hours)?,
            months: set(MONTHS, months)?,
            years: set(YEARS, years)?,
            days,
        })
    }

    /// The first time after `after`, in milliseconds since 1970. A time that a change of the clocks leaves out is left
    /// out; one that comes twice counts once.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<i64> {
        let mut civil = zone.to_datetime(after);
        // An hour that comes twice is looked at from its beginning: its first times may lie before `after`.
        civil = civil.checked_sub(2.hours()).ok()?;
        let mut date = civil.date();
        let mut from = civil;
        loop {
            date = self.day(date)?;
            if date > from.date() {
                from = DateTime::from_parts(date, jiff::civil::Time::midnight());
            }
            for hour in self.hours.range(u16::try_from(from.hour()).ok()?..) {
                for minute in &self.minutes {
                    let time = date.at(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0);
                    let ambiguous = zone.to_ambiguous_timestamp(time);
                    if matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
                        continue;
                    }
                    let Ok(found) = ambiguous.compatible() else { continue };
                    if found > after {
                        return Some(found.as_millisecond());
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
    }

    /// The first day that fits, from `date` on.
    fn day(&self, mut date: Date) -> Option<Date> {
        let last_year = i16::try_from(*self.years.last()?).ok()?;
        while date.year() <= last_year {
            let year = u16::try_from(date.year()).ok()?;
            let month = u16::try_from(date.month()).ok()?;
            if !self.years.contains(&year) {
                date = Date::new(date.year() + 1, 1, 1).ok()?;
            } else if !self.months.contains(&month) {
                date = date.first_of_month().checked_add(1.month()).ok()?;
            } else if self.days.fit(date) {
                return Some(date);
            } else {
                date = date.tomorrow().ok()?;
            }
        }
        None
    }
}

impl Days {
    fn fit(&self, date: Date) -> bool {
        match self {
            Self::OfMonth(items) => items.iter().any(|item| item.fits(date)),
            Self::OfWeek(items) => items.iter().any(|item| item.fits(date)),
        }
    }
}

impl DayOfMonth {
    fn fits(&self, date: Date) -> bool {
        let last = u16::from(date.days_in_month().unsigned_abs());
        let day = u16::from(date.day().unsigned_abs());
        match self {
            Self::On(days) => days.contains(&day),
            Self::Last(before) => last.checked_sub(*before) == Some(day),
            Self::LastWorkday => nearest(date.last_of_month()) == Some(date),
            Self::Nearest(wanted) => {
                let wanted = i8::try_from((*wanted).min(last)).ok();
                wanted.and_then(|day| Date::new(date.year(), date.month(), day).ok()).and_then(nearest) == Some(date)
            }
        }
    }
}

/// The day from Monday to Friday that is nearest to a date, in the same month.
fn nearest(date: Date) -> Option<Date> {
    let moved = |days: i64| date.checked_add(days.days()).ok().filter(|other| other.month() == date.month());
    match date.weekday() {
        Weekday::Saturday => moved(-1).or_else(|| moved(2)),
        Weekday::Sunday => moved(1).or_else(|| moved(-2)),
        _ => Some(date),
    }
}

impl DayOfWeek {
    fn fits(&self, date: Date) -> bool {
        let weekday = u16::from(date.weekday().to_sunday_one_offset().unsigned_abs());
        let day = u16::from(date.day().unsigned_abs());
        match self {
            Self::On(days) => days.contains(&weekday),
            Self::Last(wanted) => weekday == *wanted && day + 7 > u16::from(date.days_in_month().unsigned_abs()),
            Self::Nth(wanted, nth) => weekday == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

fn day_of_month(part: Part<'_>) -> Result<DayOfMonth, ScheduleError> {
    match part.text {
        "L" => return Ok(DayOfMonth::Last(0)),
        "LW" => return Ok(DayOfMonth::LastWorkday),
        _ => {}
    }
    if let Some(before) = part.text.strip_prefix("L-") {
        let before = Part { text: before, offset: part.offset + 2 };
        return Ok(DayOfMonth::Last(Field { most: 30, ..DAYS }.number(before)?));
    }
    match part.text.strip_suffix('W') {
        Some(day) => Ok(DayOfMonth::Nearest(DAYS.number(Part { text: day, ..part })?)),
        None => Ok(DayOfMonth::On(DAYS.numbers(part)?.into_iter().collect())),
    }
}

fn day_of_week(part: Part<'_>) -> Result<DayOfWeek, ScheduleError> {
    if part.text == "L" {
        return Ok(DayOfWeek::On(BTreeSet::from([7])));
    }
    if let Some((day, nth)) = part.halves('#') {
        let weeks = Field { name: "weeks of a month", least: 1, most: 5, names: &[] };
        return Ok(DayOfWeek::Nth(WEEKDAYS.number(day)?, weeks.number(nth)?));
    }
    match part.text.strip_suffix('L') {
        Some(day) => Ok(DayOfWeek::Last(WEEKDAYS.number(Part { text: day, ..part })?)),
        None => Ok(DayOfWeek::On(WEEKDAYS.numbers(part)?.into_iter().collect())),
    }
}
