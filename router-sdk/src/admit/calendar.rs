//! Windows of the calendar: a moment and a time zone in, the first and the last millisecond of its window out. Pure.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::store::Span;

const HOUR_MS: i64 = 3_600_000;

/// Over what time a budget counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// A clock hour.
    Hour,
    /// A day from midnight.
    Day,
    /// A week from Monday's midnight.
    Week,
    /// A calendar month.
    Month,
    /// For ever.
    #[default]
    Total,
}

impl Window {
    /// The window's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// The window of this kind that holds a moment. Windows follow each other without gap or overlap, also where clocks
    /// are put forward or back.
    pub(crate) fn at(self, zone: &TimeZone, at_ms: i64) -> Span {
        let bounds = match self {
            Self::Total => None,
            Self::Hour => hour(zone, at_ms),
            Self::Day | Self::Week | Self::Month => self.days(zone, at_ms),
        };
        // Moments that no calendar knows have no window; what is spent then counts for good.
        bounds.map_or(Span::Total, |(began_ms, ends_ms)| Span::Until { began_ms, ends_ms })
    }

    fn days(self, zone: &TimeZone, at_ms: i64) -> Option<(i64, i64)> {
        let date = Timestamp::from_millisecond(at_ms).ok()?.to_zoned(zone.clone()).date();
        let first = match self {
            Self::Week => date.checked_sub(i64::from(date.weekday().since(Weekday::Monday)).days()).ok()?,
            Self::Month => date.first_of_month(),
            _ => date,
        };
        let next = match self {
            Self::Week => first.checked_add(7.days()).ok()?,
            Self::Month => first.checked_add(1.month()).ok()?,
            _ => first.tomorrow().ok()?,
        };
        Some((start(zone, first)?, start(zone, next)?))
    }
}

/// The first moment of a day, which where clocks jump over midnight is not midnight.
fn start(zone: &TimeZone, date: Date) -> Option<i64> {
    Some(date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp().as_millisecond())
}

/// The hour on the clock on the wall. A change of the clock ends it.
fn hour(zone: &TimeZone, at_ms: i64) -> Option<(i64, i64)> {
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    let offset = i64::from(zone.to_offset(at).seconds()) * 1_000;
    let began = (at_ms + offset).div_euclid(HOUR_MS) * HOUR_MS - offset;
    let next_ms = at.checked_add(1.millisecond()).ok()?;
    let before = zone.preceding(next_ms).next().map(|t| t.timestamp().as_millisecond());
    let after = zone.following(at).next().map(|t| t.timestamp().as_millisecond());
    Some((before.map_or(began, |t| t.max(began)), after.map_or(began + HOUR_MS, |t| t.min(began + HOUR_MS))))
}

/// A time zone by its name in the IANA database, which is built in, so that all processes of a fleet cut their windows
/// at the same moments whatever their machines know of time zones.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn bounds(window: Window, zone_name: &str, at: &str) -> (i64, i64) {
        match window.at(&zone(zone_name).unwrap(), ms(at)) {
            Span::Until { began_ms, ends_ms } => (began_ms, ends_ms),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn windows_begin_where_the_calendar_says() {
        let cases = [
            (Window::Hour, "UTC", "2026-03-04T05:06:07Z", "2026-03-04T05:00:00Z", "2026-03-04T06:00:00Z"),
            (Window::Day, "UTC", "2026-03-04T05:06:07Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
            (Window::Week, "UTC", "2026-03-04T05:06:07Z", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),
            (Window::Week, "UTC", "2026-03-01T23:59:59Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z"),
            (Window::Week, "UTC", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z"),
            (Window::Month, "UTC", "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            (Window::Month, "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Window::Day, "Asia/Kolkata", "2026-03-04T18:29:59Z", "2026-03-03T18:30:00Z", "2026-03-04T18:30:00Z"),
            (Window::Hour, "Asia/Kolkata", "2026-03-04T18:29:59Z", "2026-03-04T17:30:00Z", "2026-03-04T18:30:00Z"),
        ];
        for (window, zone, at, began, ends) in cases {
            assert_eq!(bounds(window, zone, at), (ms(began), ms(ends)), "{window:?} {zone} {at}");
        }
        assert_eq!(Window::Total.at(&TimeZone::UTC, 0), Span::Total);
    }

    #[test]
    fn days_of_clock_changes_are_as_long_as_they_are() {
        let hours = |(began, ends): (i64, i64)| (ends - began) / HOUR_MS;
        // Germany puts its clocks forward on the last Sunday of March and back on that of October.
        assert_eq!(hours(bounds(Window::Day, "Europe/Berlin", "2026-03-29T10:00:00Z")), 23);
        assert_eq!(hours(bounds(Window::Day, "Europe/Berlin", "2026-10-25T10:00:00Z")), 25);
        assert_eq!(hours(bounds(Window::Week, "Europe/Berlin", "2026-03-29T10:00:00Z")), 7 * 24 - 1);
        assert_eq!(hours(bounds(Window::Month, "Europe/Berlin", "2026-10-02T10:00:00Z")), 31 * 24 + 1);
        // Cairo jumps over midnight: the day begins at one.
        assert_eq!(bounds(Window::Day, "Africa/Cairo", "2026-04-24T10:00:00Z").0, ms("2026-04-23T22:00:00Z"));
    }

    #[test]
    fn windows_follow_each_other_without_gap_or_overlap() {
        // Lord Howe moves its clocks by half an hour.
        for name in
            ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]
        {
            let zone = zone(name).unwrap();
            for window in [Window::Hour, Window::Day, Window::Week, Window::Month] {
                let (mut at, end) = (ms("2026-01-01T00:00:00Z"), ms("2027-02-01T00:00:00Z"));
                while at < end {
                    let Span::Until { began_ms, ends_ms } = window.at(&zone, at) else { panic!("{name} {at}") };
                    assert!(began_ms <= at && at < ends_ms, "{name} {window:?} {at}");
                    for inside in [began_ms, (began_ms + ends_ms) / 2, ends_ms - 1] {
                        assert_eq!(window.at(&zone, inside), Span::Until { began_ms, ends_ms }, "{name} {window:?}");
                    }
                    let Span::Until { began_ms: next, .. } = window.at(&zone, ends_ms) else { panic!("{name} {at}") };
                    assert_eq!(next, ends_ms, "{name} {window:?}");
                    at = ends_ms;
                }
            }
        }
    }

    #[test]
    fn moments_beyond_the_calendar_have_no_window() {
        for at in [i64::MIN, i64::MAX] {
            for window in [Window::Hour, Window::Day, Window::Week, Window::Month] {
                assert_eq!(window.at(&TimeZone::UTC, at), Span::Total);
            }
        }
    }

    #[test]
    fn unknown_zones_are_none() {
        for name in ["", "Mars/Olympus", "../../etc/passwd", "Etc/Unknown"] {
            assert!(zone(name).is_none(), "{name}");
        }
    }
}
