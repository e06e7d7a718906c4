//! Prices of an own model as a user writes them: dollars and hours in, a price period of the catalogue out.

use serde::Deserialize;

use crate::catalog::{DayWindow, OffPeak, PricePeriod, Rates, Tier, usd_per_million_to_pico};
use crate::error::Error;

/// Prices in US dollars per one million tokens.
///
/// A price that is left out is that of the input or the output; without these there is no cost.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PriceConfig {
    /// Input tokens.
    pub input: Option<f64>,
    /// Output tokens.
    pub output: Option<f64>,
    /// Input tokens read from the provider's cache.
    pub cached_input: Option<f64>,
    /// Input tokens written to the provider's cache.
    pub cache_write: Option<f64>,
    /// Input tokens written to the provider's cache for an hour.
    pub cache_write_1h: Option<f64>,
    /// Thinking tokens, where they cost other than output.
    pub reasoning: Option<f64>,
    /// Input tokens that are sound.
    pub audio_in: Option<f64>,
    /// Output tokens that are sound.
    pub audio_out: Option<f64>,
    /// US dollars for each request besides its tokens.
    pub per_request: Option<f64>,
    /// Prices of the whole request above a prompt size.
    pub tiers: Vec<TierConfig>,
    /// Prices at quiet hours.
    pub off_peak: Option<OffPeakConfig>,
    /// Prices where the provider says it answered as a batch.
    pub batch: Option<RatesConfig>,
    /// Prices where it says it answered in the flexible service tier.
    pub flex: Option<RatesConfig>,
    /// Prices where it says it answered in the priority service tier.
    pub priority: Option<RatesConfig>,
}

/// Prices in US dollars per one million tokens, for a case; what is left out is as it is elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RatesConfig {
    /// Input tokens.
    pub input: Option<f64>,
    /// Output tokens.
    pub output: Option<f64>,
    /// Input tokens read from the provider's cache.
    pub cached_input: Option<f64>,
    /// Input tokens written to the provider's cache.
    pub cache_write: Option<f64>,
    /// Input tokens written to the provider's cache for an hour.
    pub cache_write_1h: Option<f64>,
    /// Thinking tokens.
    pub reasoning: Option<f64>,
    /// Input tokens that are sound.
    pub audio_in: Option<f64>,
    /// Output tokens that are sound.
    pub audio_out: Option<f64>,
}

/// Prices of the whole request once its prompt is larger than a size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TierConfig {
    /// The prompt must be larger than this.
    pub above_input_tokens: u64,
    /// The prices then.
    pub rates: RatesConfig,
}

/// Prices at quiet hours.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OffPeakConfig {
    /// When these are, in UTC.
    pub windows: Vec<WindowConfig>,
    /// The prices then.
    pub rates: RatesConfig,
}

/// Hours on some days.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WindowConfig {
    /// `mon` to `sun`; every day when left out. A window over midnight belongs to the day on which it begins.
    pub days: Vec<String>,
    /// The first minute in UTC, such as `16:30`.
    pub from: String,
    /// The minute after the last, such as `00:30` or `24:00`.
    pub until: String,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl PriceConfig {
    /// The period, since ever and until further notice; `at` is where in the configuration it stands.
    pub(super) fn period(&self, at: &str) -> Result<PricePeriod, Error> {
        let base = self.plain().rates(at)?;
        let case = |rates: &RatesConfig, name: &str| Ok(rates.rates(&format!("{at}.{name}"))?.or(&base));
        let boxed = |rates: &Option<RatesConfig>, name: &str| match rates {
            Some(rates) => case(rates, name).map(|rates| Some(Box::new(rates))),
            None => Ok::<_, Error>(None),
        };
        let mut tiers = Vec::with_capacity(self.tiers.len());
        for (i, tier) in self.tiers.iter().enumerate() {
            let rates = case(&tier.rates, &format!("tiers[{i}].rates"))?;
            tiers.push(Tier { above_input_tokens: tier.above_input_tokens, rates });
        }
        if !tiers.windows(2).all(|pair| pair[0].above_input_tokens < pair[1].above_input_tokens) {
            return Err(Error::invalid_config(format!("{at}.tiers"), "must have rising above_input_tokens"));
        }
        let off_peak = match &self.off_peak {
            Some(quiet) => {
                let windows = quiet.windows(&format!("{at}.off_peak"))?;
                Some(Box::new(OffPeak { windows, rates: case(&quiet.rates, "off_peak.rates")? }))
            }
            None => None,
        };
        Ok(PricePeriod {
            rates: base,
            tiers,
            off_peak,
            batch: boxed(&self.batch, "batch")?.map(|rates| *rates),
            flex: boxed(&self.flex, "flex")?,
            priority: boxed(&self.priority, "priority")?,
            per_request: match self.per_request {
                Some(usd) if (0.0..=1e6).contains(&usd) => Some((usd * 1e9).round() as u64),
                Some(_) => {
                    return Err(Error::invalid_config(format!("{at}.per_request"), "must be US dollars, 0 or more"));
                }
                None => None,
            },
            ..PricePeriod::default()
        })
    }

    fn plain(&self) -> RatesConfig {
        RatesConfig {
            input: self.input,
            output: self.output,
            cached_input: self.cached_input,
            cache_write: self.cache_write,
            cache_write_1h: self.cache_write_1h,
            reasoning: self.reasoning,
            audio_in: self.audio_in,
            audio_out: self.audio_out,
        }
    }
}

impl RatesConfig {
    fn rates(&self, at: &str) -> Result<Rates, Error> {
        let pico = |name: &str, usd: Option<f64>| match usd {
            None => Ok(None),
            Some(usd) => usd_per_million_to_pico(usd).map(Some).ok_or_else(|| {
                Error::invalid_config(format!("{at}.{name}"), "must be US dollars per one million tokens, 0 or more")
            }),
        };
        Ok(Rates {
            input: pico("input", self.input)?,
            output: pico("output", self.output)?,
            cached_input: pico("cached_input", self.cached_input)?,
            cache_write: pico("cache_write", self.cache_write)?,
            cache_write_1h: pico("cache_write_1h", self.cache_write_1h)?,
            reasoning: pico("reasoning", self.reasoning)?,
            audio_in: pico("audio_in", self.audio_in)?,
            audio_out: pico("audio_out", self.audio_out)?,
        })
    }
}

impl OffPeakConfig {
    fn windows(&self, at: &str) -> Result<Vec<DayWindow>, Error> {
        if self.windows.is_empty() {
            return Err(Error::invalid_config(format!("{at}.windows"), "must list at least one window"));
        }
        self.windows.iter().enumerate().map(|(i, window)| window.read(&format!("{at}.windows[{i}]"))).collect()
    }
}

impl WindowConfig {
    fn read(&self, at: &str) -> Result<DayWindow, Error> {
        let mut days = 0u8;
        for name in &self.days {
            let day = DAYS.iter().position(|day| day == name);
            days |= 1
                << day.ok_or_else(|| {
                    Error::invalid_config(format!("{at}.days"), "must be of mon, tue, wed, thu, fri, sat, sun")
                })?;
        }
        let minute = |name: &str, clock: &str| {
            minute_of(clock)
                .ok_or_else(|| Error::invalid_config(format!("{at}.{name}"), "must be a time in UTC such as \"16:30\""))
        };
        let (from, until) = (minute("from", &self.from)?, minute("until", &self.until)?);
        if from == until || from == 24 * 60 {
            return Err(Error::invalid_config(at, "must last at least a minute"));
        }
        Ok(DayWindow { days: if days == 0 { 0x7f } else { days }, from, until })
    }
}

/// The minute of the day of `hh:mm`; `24:00` is the end of the day.
fn minute_of(clock: &str) -> Option<u16> {
    let (hours, minutes) = clock.split_once(':')?;
    let two =
        |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u16>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && (hours < 24 || hours == 24 && minutes == 0)).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn period(price: serde_json::Value) -> Result<PricePeriod, Error> {
        serde_json::from_value::<PriceConfig>(price).unwrap().period("models[0].price")
    }

    #[test]
    fn every_price_reaches_the_catalogue() {
        let read = period(json!({
            "input": 3, "output": 15, "cached_input": 0.3, "cache_write": 3.75, "cache_write_1h": 6, "reasoning": 20,
            "audio_in": 30, "audio_out": 60, "per_request": 0.005,
            "tiers": [{"above_input_tokens": 1000, "rates": {"input": 6}}],
            "off_peak": {"windows": [{"days": ["fri"], "from": "16:30", "until": "00:30"}], "rates": {"output": 7.5}},
            "batch": {"input": 1.5, "output": 7.5}, "flex": {"input": 1}, "priority": {"input": 5},
        }))
        .unwrap();
        let base = Rates {
            input: Some(3_000_000),
            output: Some(15_000_000),
            cached_input: Some(300_000),
            cache_write: Some(3_750_000),
            cache_write_1h: Some(6_000_000),
            reasoning: Some(20_000_000),
            audio_in: Some(30_000_000),
            audio_out: Some(60_000_000),
        };
        assert_eq!(read.rates, base);
        assert_eq!(read.per_request, Some(5_000_000));
        let tier = Rates { input: Some(6_000_000), ..base };
        assert_eq!(read.tiers, [Tier { above_input_tokens: 1_000, rates: tier }]);
        let quiet = read.off_peak.unwrap();
        assert_eq!(quiet.windows, [DayWindow { days: 1 << 4, from: 990, until: 30 }]);
        assert_eq!(quiet.rates, Rates { output: Some(7_500_000), ..base });
        assert_eq!(read.batch, Some(Rates { input: Some(1_500_000), output: Some(7_500_000), ..base }));
        assert_eq!(read.flex, Some(Box::new(Rates { input: Some(1_000_000), ..base })));
        assert_eq!(read.priority, Some(Box::new(Rates { input: Some(5_000_000), ..base })));
    }

    #[test]
    fn impossible_prices_name_their_key() {
        let window = |from: &str, until: &str, day: &str| json!({"off_peak": {"windows": [{"days": [day], "from": from, "until": until}]}});
        for (price, key) in [
            (json!({"input": -1}), "models[0].price.input"),
            (json!({"per_request": -0.1}), "models[0].price.per_request"),
            (json!({"batch": {"output": -1}}), "models[0].price.batch.output"),
            (json!({"tiers": [{"above_input_tokens": 5}, {"above_input_tokens": 5}]}), "models[0].price.tiers"),
            (json!({"off_peak": {}}), "models[0].price.off_peak.windows"),
            (window("7:00", "08:00", "mon"), "models[0].price.off_peak.windows[0].from"),
            (window("07:00", "24:01", "mon"), "models[0].price.off_peak.windows[0].until"),
            (window("07:00", "08:00", "monday"), "models[0].price.off_peak.windows[0].days"),
            (window("07:00", "07:00", "mon"), "models[0].price.off_peak.windows[0]"),
        ] {
            let error = period(price.clone()).unwrap_err();
            assert_eq!(error.param(), Some(key), "{price}");
        }
    }
}
