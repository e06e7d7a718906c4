//! One line of a data file comes in; a [`Model`] goes out. The files say prices in USD for 1M tokens.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{Error as _, SeqAccess, Visitor};

use super::TaskClass;
use super::capability::{Capabilities, ParameterRules, Reasoning};
use super::model::{EffortScores, Mode, Model, Status};
use super::price::{DayWindow, OffPeak, PricePeriod, Rates, Tier, usd_per_million_to_pico};
use super::score::{Basis, Score, Scores};

/// A model as the data files spell it: defaults and unknown facts left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelRow<'a> {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    maker: String,
    #[serde(default)]
    canonical: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    released: Option<Date>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    context_window: Option<u64>,
    #[serde(default)]
    max_input: Option<u64>,
    #[serde(default)]
    max_output: Option<u64>,
    #[serde(default)]
    prices: PriceRows,
    #[serde(default)]
    price_sources: Option<u8>,
    #[serde(default)]
    can: &'a str,
    #[serde(default)]
    cannot: &'a str,
    #[serde(default)]
    parameters: ParameterRules,
    #[serde(default)]
    reasoning: Option<Reasoning>,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    sunset: Option<Date>,
    #[serde(default)]
    free: bool,
    #[serde(default)]
    open_weights: Option<bool>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    embedding_dim: Option<u32>,
    #[serde(default)]
    knowledge_cutoff: Option<String>,
    #[serde(default)]
    prompt_cache_min: Option<u32>,
}

impl ModelRow<'_> {
    /// The model this row describes at a provider, without scores.
    pub(super) fn into_model(self, provider: &str) -> Result<Model, String> {
        let mut capabilities = Capabilities::default();
        for (words, value) in [(self.can, true), (self.cannot, false)] {
            for word in words.split_ascii_whitespace() {
                if !capabilities.set(word, Some(value)) {
                    return Err(format!("{}: no ability is called {word}", self.id));
                }
            }
        }
        Ok(Model {
            provider: provider.to_owned(),
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            maker: self.maker,
            canonical: self.canonical,
            family: self.family,
            released: self.released,
            mode: self.mode,
            context_window: self.context_window,
            max_input_tokens: self.max_input,
            max_output_tokens: self.max_output,
            prices: self.prices.0,
            price_sources: self.price_sources,
            capabilities,
            parameters: self.parameters,
            reasoning: self.reasoning,
            status: self.status,
            sunset: self.sunset,
            free: self.free,
            open_weights: self.open_weights,
            aliases: self.aliases,
            scores: Scores::default(),
            efforts: Arc::default(),
            verbosity: None,
            embedding_dim: self.embedding_dim,
            knowledge_cutoff: self.knowledge_cutoff,
            prompt_cache_min_tokens: self.prompt_cache_min,
        })
    }
}

/// Periods, read one by one: nearly every model has one, and a list that grows
/// by itself would set aside room for four.
#[derive(Default)]
struct PriceRows(Vec<PricePeriod>);

impl<'de> Deserialize<'de> for PriceRows {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = PriceRows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of price periods")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PriceRows, A::Error> {
                let mut periods = Vec::with_capacity(1);
                while let Some(row) = seq.next_element::<PriceRow>()? {
                    periods.push(row.into_period());
                }
                Ok(PriceRows(periods))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRow {
    #[serde(default)]
    from: Option<Date>,
    #[serde(default)]
    until: Option<Date>,
    rates: RatesRow,
    #[serde(default)]
    tiers: Vec<TierRow>,
    #[serde(default)]
    off_peak: Option<OffPeakRow>,
    #[serde(default)]
    batch: Option<RatesRow>,
}

impl PriceRow {
    fn into_period(self) -> PricePeriod {
        PricePeriod {
            from: self.from,
            until: self.until,
            rates: self.rates.0,
            tiers: self
                .tiers
                .into_iter()
                .map(|tier| Tier { above_input_tokens: tier.above, rates: tier.rates.0 })
                .collect(),
            off_peak: self.off_peak.map(|quiet| Box::new(OffPeak { windows: quiet.windows, rates: quiet.rates.0 })),
            batch: self.batch.map(|rates| rates.0),
            ..PricePeriod::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    above: u64,
    rates: RatesRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OffPeakRow {
    windows: Vec<DayWindow>,
    rates: RatesRow,
}

/// Rates as a list in the order of the fields of [`Rates`], the unknown tail left out.
struct RatesRow(Rates);

impl<'de> Deserialize<'de> for RatesRow {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = RatesRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of at most eight prices in USD for 1M tokens")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RatesRow, A::Error> {
                let mut rates = Rates::default();
                let fields = [
                    &mut rates.input,
                    &mut rates.output,
                    &mut rates.cached_input,
                    &mut rates.cache_write,
                    &mut rates.cache_write_1h,
                    &mut rates.reasoning,
                    &mut rates.audio_in,
                    &mut rates.audio_out,
                ];
                for field in fields {
                    match seq.next_element::<Option<f64>>()? {
                        None => break,
                        Some(None) => {}
                        Some(Some(usd)) => {
                            let pico = usd_per_million_to_pico(usd);
                            *field = Some(pico.ok_or_else(|| A::Error::custom(format_args!("{usd} is not a price")))?);
                        }
                    }
                }
                Ok(RatesRow(rates))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Scores of one canonical model: a value, a spread and a letter a class.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreRow<'a> {
    value: [f32; TaskClass::ALL.len()],
    sigma: [f32; TaskClass::ALL.len()],
    basis: &'a str,
    #[serde(default)]
    verbosity: Option<f32>,
    #[serde(default, borrow)]
    efforts: Vec<EffortRow<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffortRow<'a> {
    effort: &'a str,
    value: [f32; TaskClass::ALL.len()],
    sigma: [f32; TaskClass::ALL.len()],
    basis: &'a str,
    #[serde(default)]
    verbosity: Option<f32>,
}

/// Scores of a canonical model, shared by all providers that have it.
pub(super) struct Scored {
    pub(super) scores: Scores,
    pub(super) verbosity: Option<f32>,
    pub(super) efforts: Arc<[EffortScores]>,
}

impl ScoreRow<'_> {
    pub(super) fn into_scored(self) -> Result<Scored, String> {
        let mut efforts = Vec::with_capacity(self.efforts.len());
        for row in self.efforts {
            efforts.push(EffortScores {
                effort: row.effort.to_owned(),
                scores: scores(&row.value, &row.sigma, row.basis)?,
                verbosity: row.verbosity,
            });
        }
        Ok(Scored {
            scores: scores(&self.value, &self.sigma, self.basis)?,
            verbosity: self.verbosity,
            efforts: efforts.into(),
        })
    }
}

fn scores(value: &[f32], sigma: &[f32], letters: &str) -> Result<Scores, String> {
    if letters.len() != TaskClass::ALL.len() {
        return Err(format!("basis {letters:?} needs one letter a class"));
    }
    let mut scores = Scores::default();
    let figures = value.iter().zip(sigma).zip(letters.chars());
    for (class, ((&value, &sigma), letter)) in TaskClass::ALL.into_iter().zip(figures) {
        let basis = match letter {
            'm' => Basis::Measured,
            'g' => Basis::GeneralProxy,
            'f' => Basis::FamilyPrior,
            '-' => continue,
            other => return Err(format!("basis {other:?} is none of m, g, f, -")),
        };
        scores.set(class, Score { value, sigma, basis });
    }
    Ok(scores)
}
