//! Prices by date, prompt size and time of week come in; the exact rates of one request go out.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

const MINUTES_A_DAY: u16 = 24 * 60;

/// Prices of one span of dates. The unit everywhere is pico-dollars a token:
/// 1 USD for 1M tokens is 1 000 000.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PricePeriod {
    /// First day (UTC) on which it holds; `None` is "since ever".
    pub from: Option<Date>,
    /// Last day (UTC) on which it holds; `None` is "until further notice".
    pub until: Option<Date>,
    /// The ordinary rates.
    pub rates: Rates,
    /// Rates of the whole request above a prompt size, thresholds ascending.
    pub tiers: Vec<Tier>,
    /// Rates at quiet hours; boxed, since few models have them.
    pub off_peak: Option<Box<OffPeak>>,
    /// Rates of the batch interface.
    pub batch: Option<Rates>,
    /// Rates of the slower, cheaper service tier; boxed like those below, since few models have them.
    pub flex: Option<Box<Rates>>,
    /// Rates of the quicker, dearer service tier.
    pub priority: Option<Box<Rates>>,
    /// Nano-dollars for each request besides its tokens.
    pub per_request: Option<u64>,
}

/// Pico-dollars a token, by what the token is. `None` is unknown, zero is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Prompt tokens.
    pub input: Option<u64>,
    /// Completion tokens.
    pub output: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cached_input: Option<u64>,
    /// Prompt tokens written to the provider's cache (its short lifetime).
    pub cache_write: Option<u64>,
    /// Prompt tokens written to the provider's cache for an hour.
    pub cache_write_1h: Option<u64>,
    /// Thinking tokens, where they differ from completion tokens.
    pub reasoning: Option<u64>,
    /// Audio tokens of the prompt.
    pub audio_in: Option<u64>,
    /// Audio tokens of the completion.
    pub audio_out: Option<u64>,
}

impl Rates {
    /// These rates, with the gaps filled from `base`.
    #[must_use]
    pub fn or(self, base: &Rates) -> Rates {
        Rates {
            input: self.input.or(base.input),
            output: self.output.or(base.output),
            cached_input: self.cached_input.or(base.cached_input),
            cache_write: self.cache_write.or(base.cache_write),
            cache_write_1h: self.cache_write_1h.or(base.cache_write_1h),
            reasoning: self.reasoning.or(base.reasoning),
            audio_in: self.audio_in.or(base.audio_in),
            audio_out: self.audio_out.or(base.audio_out),
        }
    }

    /// Whether both prompt and completion are known to cost nothing.
    pub fn is_free(&self) -> bool {
        self.input == Some(0) && self.output == Some(0)
    }
}

/// Rates that bill a whole request once its prompt is larger than a threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tier {
    /// The prompt must be larger than this.
    pub above_input_tokens: u64,
    /// Complete rates: what the tier does not change is repeated from the base.
    pub rates: Rates,
}

/// Cheaper hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OffPeak {
    /// When they are, in UTC.
    pub windows: Vec<DayWindow>,
    /// Complete rates at those hours.
    pub rates: Rates,
}

/// A span of minutes on some days of the week, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayWindow {
    /// One bit a day, Monday is bit 0.
    pub days: u8,
    /// First minute of the day.
    pub from: u16,
    /// The minute after the last; 1440 is the end of the day. Before `from` it is a minute of the next day.
    pub until: u16,
}

impl OffPeak {
    /// Whether a minute of the UTC week (see [`utc_week_minute`]) is inside.
    pub fn covers(&self, week_minute: u16) -> bool {
        let day = week_minute / MINUTES_A_DAY;
        let minute = week_minute % MINUTES_A_DAY;
        day < 7 && self.windows.iter().any(|window| window.covers(day, minute))
    }
}

impl DayWindow {
    fn covers(&self, day: u16, minute: u16) -> bool {
        let on = |day: u16| self.days & (1 << day) != 0;
        if self.from <= self.until {
            return on(day) && (self.from..self.until).contains(&minute);
        }
        on(day) && minute >= self.from || on((day + 6) % 7) && minute < self.until
    }
}

impl PricePeriod {
    /// Whether it holds on this day.
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }

    /// The rates of a request of this prompt size, sent at this minute of the
    /// UTC week. Without a minute the ordinary hours are assumed, which is the
    /// dearer guess. A tier outweighs quiet hours.
    pub fn rates_for(&self, input_tokens: u64, utc_week_minute: Option<u16>) -> &Rates {
        let tier = self.tiers.iter().rev().find(|tier| input_tokens > tier.above_input_tokens);
        if let Some(tier) = tier {
            return &tier.rates;
        }
        match (&self.off_peak, utc_week_minute) {
            (Some(quiet), Some(minute)) if quiet.covers(minute) => &quiet.rates,
            _ => &self.rates,
        }
    }
}

/// The minute of the UTC week: Monday 00:00 is 0, Sunday 23:59 is 10 079.
pub fn utc_week_minute(unix_seconds: i64) -> u16 {
    const WEEK: i64 = 7 * 24 * 60;
    // The epoch was a Thursday, three days after a Monday.
    let minutes = unix_seconds.div_euclid(60) + 3 * i64::from(MINUTES_A_DAY);
    u16::try_from(minutes.rem_euclid(WEEK)).unwrap_or(0)
}

/// USD for 1M tokens as pico-dollars a token, rounded to the nearest; `None`
/// for what is not a price (negative, not finite, beyond any real one).
pub fn usd_per_million_to_pico(usd: f64) -> Option<u64> {
    let pico = (usd * 1e6).round();
    // 1e15 is a billion dollars for 1M tokens and still exact in an f64.
    (0.0..=1e15).contains(&pico).then_some(pico as u64)
}
