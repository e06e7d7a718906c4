//! Usage and a model's prices in, integer nano-dollars out.

use jiff::civil::Date;

use crate::catalog::{Model, Rates};
use crate::wire::Usage;

const PICO_PER_NANO: u128 = 1_000;

/// The cost of a usage in nano-dollars, rounded half up once at the end; absent when a needed price is unknown.
///
/// Cached input without a price of its own costs the input price; cache writes and reasoning likewise fall back to
/// input and output. A cost that the provider itself states wins.
pub(crate) fn usage_cost(model: &Model, usage: &Usage, date: Date, week_minute: Option<u16>) -> Option<u64> {
    if let Some(stated) = usage.reported_cost_nanos {
        return Some(stated);
    }
    let rates = model.price_at(date)?.rates_for(usage.input, week_minute);
    cost_at(rates, usage)
}

fn cost_at(rates: &Rates, usage: &Usage) -> Option<u64> {
    let (input, output) = (rates.input?, rates.output?);
    let sum = |counts: &[u64]| counts.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
    let special_in = sum(&[usage.cached_read, usage.cache_write, usage.cache_write_1h, usage.audio_in]);
    let special_out = sum(&[usage.reasoning, usage.audio_out]);
    let write = rates.cache_write.unwrap_or(input);
    let parts = [
        (usage.input.saturating_sub(special_in), input),
        (usage.cached_read, rates.cached_input.unwrap_or(input)),
        (usage.cache_write, write),
        (usage.cache_write_1h, rates.cache_write_1h.unwrap_or(write)),
        (usage.audio_in, rates.audio_in.unwrap_or(input)),
        (usage.output.saturating_sub(special_out), output),
        (usage.reasoning, rates.reasoning.unwrap_or(output)),
        (usage.audio_out, rates.audio_out.unwrap_or(output)),
    ];
    // Eight products of 64-bit numbers can pass 128 bits; such a bill is no bill.
    let mut products = parts.iter().map(|(tokens, rate)| u128::from(*tokens) * u128::from(*rate));
    let pico = products.try_fold(0u128, u128::checked_add)?;
    u64::try_from(pico.checked_add(PICO_PER_NANO / 2)? / PICO_PER_NANO).ok()
}

/// The cost of so many input and output tokens in nano-dollars; absent when the price is unknown.
pub(crate) fn expected_cost(model: &Model, input: u64, output: u64, date: Date) -> Option<u64> {
    usage_cost(model, &Usage { input, output, ..Usage::default() }, date, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{PricePeriod, Tier};

    const DAY: Date = Date::constant(2026, 11, 22);

    fn model(rates: Rates, tiers: Vec<Tier>) -> Model {
        Model { prices: vec![PricePeriod { rates, tiers, ..PricePeriod::default() }], ..Model::default() }
    }

    #[test]
    fn cached_tokens_are_charged_once_at_their_own_rate() {
        // 1 USD in, 0.1 USD cached, 2 USD out per 1M: (1000-800)*1 + 800*0.1 + 50*2 = 380 micro-dollars = 380,000 nano.
        let rates =
            Rates { input: Some(1_000_000), output: Some(2_000_000), cached_input: Some(100_000), ..Rates::default() };
        let usage = Usage { input: 1_000, cached_read: 800, output: 50, ..Usage::default() };
        assert_eq!(usage_cost(&model(rates, vec![]), &usage, DAY, None), Some(380_000));
    }

    #[test]
    fn a_tier_bills_the_whole_request() {
        // Above 100 input tokens 5 USD in, 10 USD out: 101*5 + 10*10 = 605 micro-dollars.
        let base = Rates { input: Some(1_000_000), output: Some(2_000_000), ..Rates::default() };
        let tier = Rates { input: Some(5_000_000), output: Some(10_000_000), ..Rates::default() };
        let model = model(base, vec![Tier { above_input_tokens: 100, rates: tier }]);
        let usage = |input| Usage { input, output: 10, ..Usage::default() };
        assert_eq!(usage_cost(&model, &usage(101), DAY, None), Some(605_000));
        assert_eq!(usage_cost(&model, &usage(100), DAY, None), Some(120_000));
    }

    #[test]
    fn an_unknown_price_gives_no_cost_and_a_stated_cost_wins() {
        assert_eq!(usage_cost(&Model::default(), &Usage { input: 5, ..Usage::default() }, DAY, None), None);
        let stated = Usage { reported_cost_nanos: Some(7), ..Usage::default() };
        assert_eq!(usage_cost(&Model::default(), &stated, DAY, None), Some(7));
    }

    #[test]
    fn halves_of_a_nano_dollar_round_up_once() {
        // 0.0375 USD per 1M is 37,500 pico a token: 1 token is 37.5 nano, rounded to 38.
        let rates = Rates { input: Some(37_500), output: Some(0), ..Rates::default() };
        assert_eq!(usage_cost(&model(rates, vec![]), &Usage { input: 1, ..Usage::default() }, DAY, None), Some(38));
    }
}
