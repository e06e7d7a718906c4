//! Placeholders in header values: `{base}`, `{http_date+2}` and `{rfc3339+2}` in, their text out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Fills in the placeholders of one header value; dates are so many seconds after `now`.
pub(crate) fn fill(value: &str, base: &str, now: SystemTime) -> String {
    let mut filled = value.replace("{base}", base);
    for (name, spell) in [("http_date", http_date as fn(u64) -> String), ("rfc3339", rfc3339)] {
        let open = format!("{{{name}+");
        while let Some(start) = filled.find(&open) {
            let Some(length) = filled[start..].find('}') else {
                break;
            };
            let seconds = filled[start + open.len()..start + length].parse().unwrap_or(0);
            let at = now + Duration::from_secs(seconds);
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            filled.replace_range(start..=start + length, &spell(since));
        }
    }
    filled
}

fn http_date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil(seconds / 86_400);
    let weekday = DAYS[(seconds / 86_400 % 7) as usize];
    let month = MONTHS[month as usize - 1];
    format!("{weekday}, {day:02} {month} {year} {} GMT", clock(seconds))
}

fn rfc3339(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}T{}Z", clock(seconds))
}

fn clock(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// The Gregorian date of a day counted from 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years are counted from March so that the leap day comes last.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_spelled_right() {
        let fill_at = |text, seconds| fill(text, "b", UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(fill_at("{http_date+0}", 784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(fill_at("{http_date+59}", 951_782_341), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(fill_at("{rfc3339+3}", 1_767_225_597), "2026-01-01T00:00:00Z");
        assert_eq!(fill("{base}/x", "http://h", UNIX_EPOCH), "http://h/x");
        assert_eq!(fill("12", "b", UNIX_EPOCH), "12");
    }
}
