//! Moments as callers write them in, milliseconds since 1970 out.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Length, Timestamp};
use serde_json::Value;

use crate::error::Error;

/// From the first millisecond on, up to the one after the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
}

impl Span {
    pub(crate) fn holds(self, at_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| at_ms >= since) && self.until_ms.is_none_or(|until| at_ms < until)
    }
}

const FORMS: &str = "must be milliseconds since 1970, a moment such as 2026-11-01T08:00:00Z, a day such as 2026-11-01 \
                     (UTC), or a length of time before now such as 7d or 24h";

/// A moment: a number, a date, a date with a time, or so long before now.
pub(super) fn moment(value: &Value, field: &str, now: Timestamp) -> Result<Option<i64>, Error> {
    let refuse = || Error::invalid_request(field, FORMS);
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => {
            let ms = number.as_i64().or_else(|| number.as_f64().filter(|f| f.is_finite()).map(|f| f as i64));
            ms.map(Some).ok_or_else(refuse)
        }
        Value::String(text) => read(text.trim(), now).map(Some).ok_or_else(refuse),
        _ => Err(refuse()),
    }
}

fn read(text: &str, now: Timestamp) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    if text.len() == 10
        && let Ok(day) = text.parse::<Date>()
    {
        return day.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond());
    }
    let length: Length = text.parse().ok()?;
    let at = now.to_zoned(TimeZone::UTC).checked_sub(length.abs()).ok()?;
    Some(at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_read_in_every_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("a moment");
        let at = |value: Value| moment(&value, "since", now).map(|ms| ms.map(|ms| ms - now.as_millisecond()));
        assert_eq!(at(json!("7d")).expect("a length"), Some(-7 * 86_400_000));
        assert_eq!(at(json!("24h")).expect("a length"), Some(-86_400_000));
        assert_eq!(at(json!("2026-11-23")).expect("a day"), Some(-43_200_000));
        assert_eq!(at(json!("2026-11-23T13:00:00+02:00")).expect("a moment"), Some(-3_600_000));
        assert_eq!(at(json!(now.as_millisecond())).expect("a number"), Some(0));
        assert_eq!(at(Value::Null).expect("nothing"), None);
        for odd in [json!("yesterday"), json!(""), json!([1]), json!(true), json!("2026-13-01"), json!("99999999999y")]
        {
            assert_eq!(moment(&odd, "since", now).expect_err("refused").param(), Some("since"), "{odd}");
        }
    }
}
