//! Usage and a model's prices in, integer nano-dollars out, with where they come from.

use jiff::civil::Date;

use crate::catalog::{Model, PricePeriod, Rates};
use crate::wire::{CostSource, ServiceTier, Usage};

const PICO_PER_NANO: u128 = 1_000;
/// Cache writes that last an hour cost twice the input where those of five minutes cost five quarters.
const HOUR_BY_MINUTES: (u64, u64) = (8, 5);

/// What an attempt cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) nanos: u64,
    pub(crate) source: CostSource,
}

/// The cost of a usage; absent when a needed price is unknown. A cost that the provider itself states wins.
///
/// A class of tokens without a price of its own costs what input or output costs, cache writes of an hour eight fifths
/// of the shorter ones. A service tier whose prices are not known costs the ordinary prices and is marked as estimated.
/// All products are summed in pico-dollars and rounded half up to nano-dollars once.
pub(crate) fn priced(model: &Model, usage: &Usage, date: Date, week_minute: Option<u16>) -> Option<Cost> {
    if let Some(nanos) = usage.reported_cost_nanos {
        return Some(Cost { nanos, source: CostSource::Provider });
    }
    let period = model.price_at(date)?;
    let (rates, assumed) = match of_tier(model, period, usage.service_tier) {
        Some(rates) => (rates, false),
        None => (period.rates_for(usage.input, week_minute), usage.service_tier.is_some()),
    };
    let nanos = cost_at(rates, usage)?.checked_add(period.per_request.unwrap_or(0))?;
    let guessed = assumed || usage.estimated || (usage.cache_write_1h > 0 && rates.cache_write_1h.is_none());
    Some(Cost { nanos, source: if guessed { CostSource::Estimate } else { CostSource::Catalogue } })
}

/// The nano-dollars of [`priced`].
pub(crate) fn usage_cost(model: &Model, usage: &Usage, date: Date, week_minute: Option<u16>) -> Option<u64> {
    priced(model, usage, date, week_minute).map(|cost| cost.nanos)
}

/// The rates of a service tier, where they are known.
fn of_tier<'a>(model: &Model, period: &'a PricePeriod, tier: Option<ServiceTier>) -> Option<&'a Rates> {
    match tier? {
        ServiceTier::Batch => period.batch.as_ref(),
        // OpenAI bills flex at its batch prices; with others the word has other meanings.
        ServiceTier::Flex if model.provider == "openai" => period.flex.as_deref().or(period.batch.as_ref()),
        ServiceTier::Flex => period.flex.as_deref(),
        ServiceTier::Priority => period.priority.as_deref(),
        ServiceTier::Provisioned => None,
    }
}

fn cost_at(rates: &Rates, usage: &Usage) -> Option<u64> {
    if rates.input.is_none() && rates.output.is_none() {
        return None;
    }
    let (input, output) = (rates.input, rates.output);
    let write = rates.cache_write.or(input);
    let by_the_hour = || {
        let (dividend, divisor) = HOUR_BY_MINUTES;
        match rates.cache_write {
            Some(write) => write.checked_mul(dividend).map(|rate| rate / divisor),
            None => input,
        }
    };
    // Counts may overlap, as cached audio does: each token of the total is charged once.
    let mut left = usage.input;
    let mut take = |count: u64| {
        let taken = count.min(left);
        left -= taken;
        taken
    };
    let cached = take(usage.cached_read);
    let (short, long) = (take(usage.cache_write), take(usage.cache_write_1h));
    let heard = take(usage.audio_in);
    let plain = left;
    let spoken = usage.audio_out.min(usage.output);
    let thought = usage.reasoning.min(usage.output - spoken);
    let parts = [
        (plain, input),
        (cached, rates.cached_input.or(input)),
        (short, write),
        (long, rates.cache_write_1h.or_else(by_the_hour)),
        (heard, rates.audio_in.or(input)),
        (usage.output - spoken - thought, output),
        (thought, rates.reasoning.or(output)),
        (spoken, rates.audio_out.or(output)),
    ];
    // Eight products of 64-bit numbers can pass 128 bits; such a bill is no bill.
    let pico = parts.iter().filter(|(tokens, _)| *tokens > 0).try_fold(0u128, |sum, (tokens, rate)| {
        sum.checked_add(u128::from(*tokens).checked_mul(u128::from((*rate)?))?)
    })?;
    u64::try_from(pico.checked_add(PICO_PER_NANO / 2)? / PICO_PER_NANO).ok()
}

/// The cost of so many input and output tokens in nano-dollars; absent when the price is unknown.
pub(crate) fn expected_cost(model: &Model, input: u64, output: u64, date: Date) -> Option<u64> {
    usage_cost(model, &Usage { input, output, ..Usage::default() }, date, None)
}

#[cfg(test)]
#[path = "cost_tests.rs"]
mod tests;
