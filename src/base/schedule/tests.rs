//! Expressions that are read, refused with a position, and asked for their next time.

use jiff::Timestamp;

use super::{Schedule, time_zone};

fn next(expression: &str, after: &str, zone: &str) -> Option<String> {
    let after: Timestamp = after.parse().unwrap();
    let zone = time_zone(zone).unwrap_or_else(|| panic!("{zone} is unknown here"));
    let schedule = Schedule::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let next = schedule.next(after.as_millisecond(), after.as_millisecond(), &zone)?;
    Some(Timestamp::from_millisecond(next).unwrap().to_string())
}

#[test]
fn the_next_time_is_the_first_that_fits() {
    let cases = [
        ("rate(1 minute)", "2026-01-01T00:00:30Z", "2026-01-01T00:01:30Z"),
        ("rate(5 hours)", "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z"),
        ("rate(1 day)", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("cron(0 10 * * ? *)", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"),
        ("cron(15 12 * * ? *)", "2026-01-01T12:14:59Z", "2026-01-01T12:15:00Z"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"),
        ("cron(0 8 1 * ? *)", "2026-01-01T08:00:00Z", "2026-02-01T08:00:00Z"),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"),
        ("cron(*/7 8-10 * JAN,MAR ? *)", "2026-01-31T10:57:00Z", "2026-03-01T08:00:00Z"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"),
        ("cron(0 0 L-2 * ? *)", "2028-02-01T00:00:00Z", "2028-02-27T00:00:00Z"),
        ("cron(0 0 LW * ? *)", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"),
        ("cron(0 0 3W * ? *)", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("cron(0 0 1W 8 ? *)", "2026-01-01T00:00:00Z", "2026-08-03T00:00:00Z"),
        ("cron(0 9 ? * 2#1 *)", "2026-01-06T00:00:00Z", "2026-02-02T09:00:00Z"),
        ("cron(0 9 ? * 6L *)", "2026-01-01T00:00:00Z", "2026-01-30T09:00:00Z"),
        ("cron(0 9 ? * L *)", "2026-01-01T00:00:00Z", "2026-01-03T09:00:00Z"),
        ("cron(0 9 ? * FRI-MON *)", "2026-01-05T09:00:00Z", "2026-01-09T09:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 1 ? 2030-2031)", "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("at(2030-01-31T09:30:00)", "2026-01-01T00:00:00Z", "2030-01-31T09:30:00Z"),
    ];
    for (expression, after, wanted) in cases {
        assert_eq!(next(expression, after, "UTC").as_deref(), Some(wanted), "{expression} after {after}");
    }
    for (expression, after) in [
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00:00Z"),
        ("cron(0 0 30 2 ? *)", "2026-01-01T00:00:00Z"),
        ("at(2020-01-01T00:00:00)", "2026-01-01T00:00:00Z"),
    ] {
        assert_eq!(next(expression, after, "UTC"), None, "{expression}");
    }
}

#[test]
fn calendars_follow_the_clocks_of_their_zone() {
    let cases = [
        ("cron(0 9 * * ? *)", "2026-07-01T00:00:00Z", "2026-07-01T07:00:00Z"),
        ("cron(0 9 * * ? *)", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z"),
        // 02:30 does not exist on the last Sunday of March: the next day's is next.
        ("cron(30 2 * * ? *)", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"),
        // 02:30 comes twice on the last Sunday of October: the first counts.
        ("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("cron(30 2 * * ? *)", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
        ("at(2026-07-01T09:00:00)", "2026-01-01T00:00:00Z", "2026-07-01T07:00:00Z"),
    ];
    for (expression, after, wanted) in cases {
        assert_eq!(next(expression, after, "Europe/Berlin").as_deref(), Some(wanted), "{expression} after {after}");
    }
    assert!(time_zone("Europe/Nowhere").is_none());
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let cases = [
        ("every minute", 1, "`rate(…)`, `cron(…)` or `at(…)`"),
        ("rat(5 minutes)", 1, "`rat` is no kind"),
        ("rate(5 minutes", 15, "must end with `)`"),
        ("rate(0 minutes)", 6, "`0` is no whole number"),
        ("rate(+5 minutes)", 6, "`+5` is no whole number"),
        ("rate(5 minute)", 8, "write `minutes`"),
        ("rate(1 hours)", 8, "write `hour`"),
        ("rate(5 weeks)", 8, "`weeks` is no unit"),
        ("cron(0 10 * * ?)", 16, "six fields"),
        ("cron(0 10 * * ? * *)", 19, "six fields"),
        ("cron(60 10 * * ? *)", 6, "`60` does not fit the minutes"),
        ("cron(0 10,24 * * ? *)", 11, "`24` does not fit the hours"),
        ("cron(0 10 * FOO ? *)", 13, "`FOO` does not fit the months: they are 1-12 or JAN-DEC"),
        ("cron(0 10 * * * *)", 15, "must be `?`"),
        ("cron(0 10 ? * ? *)", 15, "other than `?`"),
        ("cron(0 10 ? * 8 *)", 15, "`8` does not fit the days of the week"),
        ("cron(0 10 ? * 2#6 *)", 17, "`6` does not fit the weeks of a month"),
        ("cron(0/0 10 * * ? *)", 8, "`0` is no step of the minutes"),
        ("cron(0 10 * * ? 1900)", 17, "`1900` does not fit the years"),
        ("at(2030-01-31 09:30:00)", 14, "written like"),
        ("at(2030-02-31T09:30:00)", 4, "no date of the calendar"),
    ];
    for (expression, position, reason) in cases {
        let error = Schedule::parse(expression).unwrap_err();
        assert_eq!(error.position, position, "{expression}: {error}");
        assert!(error.reason.contains(reason), "{expression}: {error}");
    }
}
