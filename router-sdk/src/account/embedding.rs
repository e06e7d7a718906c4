//! Tokens of an embedding model in, nano-dollars out.

use jiff::civil::Date;

use crate::catalog::Model;
use crate::wire::Usage;

/// The cost of input tokens in nano-dollars, rounded half up; absent when their price is unknown. A cost that the
/// provider itself states wins.
pub(crate) fn embedding_cost(model: &Model, usage: &Usage, date: Date) -> Option<u64> {
    if let Some(stated) = usage.reported_cost_nanos {
        return Some(stated);
    }
    let rate = model.price_at(date)?.rates_for(usage.input, None).input?;
    let pico = u128::from(usage.input) * u128::from(rate);
    u64::try_from((pico + 500) / 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{PricePeriod, Rates};

    const DAY: Date = Date::constant(2026, 11, 22);

    #[test]
    fn input_alone_is_paid_whether_or_not_output_has_a_price() {
        // 0.02 USD per 1M tokens are 20 nano-dollars a token.
        let price = PricePeriod { rates: Rates { input: Some(20_000), ..Rates::default() }, ..PricePeriod::default() };
        let model = Model { prices: vec![price], ..Model::default() };
        let usage = Usage { input: 300_000, ..Usage::default() };
        assert_eq!(embedding_cost(&model, &usage, DAY), Some(6_000_000));
        assert_eq!(embedding_cost(&Model::default(), &usage, DAY), None);
        let stated = Usage { reported_cost_nanos: Some(5), ..usage };
        assert_eq!(embedding_cost(&Model::default(), &stated, DAY), Some(5));
    }

    #[test]
    fn halves_of_a_nano_dollar_round_up() {
        // 0.0125 USD per 1M are 12.5 nano-dollars a token.
        let price = PricePeriod { rates: Rates { input: Some(12_500), ..Rates::default() }, ..PricePeriod::default() };
        let model = Model { prices: vec![price], ..Model::default() };
        assert_eq!(embedding_cost(&model, &Usage { input: 1, ..Usage::default() }, DAY), Some(13));
    }
}
