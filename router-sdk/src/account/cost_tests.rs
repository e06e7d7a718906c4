//! Each feature of prices with a bill worked out by hand.

use super::*;
use crate::catalog::{DayWindow, OffPeak, Tier};

const DAY: Date = Date::constant(2026, 11, 22);

fn period(rates: Rates) -> PricePeriod {
    PricePeriod { rates, ..PricePeriod::default() }
}

fn of(period: PricePeriod) -> Model {
    Model { prices: vec![period], ..Model::default() }
}

/// 1 dollar for a million input tokens, 2 for a million output tokens.
fn plain() -> Rates {
    Rates { input: Some(1_000_000), output: Some(2_000_000), ..Rates::default() }
}

fn bill(model: &Model, usage: Usage) -> Option<u64> {
    usage_cost(model, &usage, DAY, None)
}

#[test]
fn cached_tokens_are_charged_once_at_their_own_rate() {
    // 1 USD in, 0.1 USD cached, 2 USD out per 1M: (1000-800)*1 + 800*0.1 + 50*2 = 380 micro-dollars = 380,000 nano.
    let model = of(period(Rates { cached_input: Some(100_000), ..plain() }));
    let usage = Usage { input: 1_000, cached_read: 800, output: 50, ..Usage::default() };
    assert_eq!(bill(&model, usage), Some(380_000));
    // Without a price of their own: 1000*1 + 50*2 = 1,100 micro-dollars.
    assert_eq!(bill(&of(period(plain())), usage), Some(1_100_000));
}

#[test]
fn a_long_cached_conversation_costs_eighteen_cents_and_not_seventy_six() {
    // 3 USD in, 0.30 cached, 3.75 written, 15 out. 200,000 input of which 190,000 cached and 8,000 written; 6,000 out:
    // 2,000*3 + 190,000*0.3 + 8,000*3.75 + 6,000*15 = 6,000 + 57,000 + 30,000 + 90,000 = 183,000 micro-dollars.
    // All input at full price besides would have been 600,000 + 57,000 + 90,000 = 747,000.
    let rates = Rates {
        input: Some(3_000_000),
        cached_input: Some(300_000),
        cache_write: Some(3_750_000),
        output: Some(15_000_000),
        ..Rates::default()
    };
    let usage = Usage { input: 200_000, cached_read: 190_000, cache_write: 8_000, output: 6_000, ..Usage::default() };
    assert_eq!(bill(&of(period(rates)), usage), Some(183_000_000));
}

#[test]
fn cache_writes_cost_by_how_long_they_last() {
    // 10 plain at 1, 100 short at 1.25, 1,000 long at 2: 10 + 125 + 2,000 = 2,135 micro-dollars.
    let rates = Rates { cache_write: Some(1_250_000), cache_write_1h: Some(2_000_000), ..plain() };
    let usage = Usage { input: 1_110, cache_write: 100, cache_write_1h: 1_000, ..Usage::default() };
    assert_eq!(bill(&of(period(rates)), usage), Some(2_135_000));
    // The price of an hour follows from that of five minutes, 1.25 * 8 / 5 = 2, and the bill says that it was inferred.
    let model = of(period(Rates { cache_write_1h: None, ..rates }));
    let inferred = priced(&model, &usage, DAY, None).unwrap();
    assert_eq!(inferred, Cost { nanos: 2_135_000, source: CostSource::Estimate });
    // Without any price of writes they are input: 1,110 micro-dollars.
    assert_eq!(bill(&of(period(plain())), usage), Some(1_110_000));
}

#[test]
fn a_tier_bills_the_whole_request() {
    // Above 100 input tokens 5 USD in, 10 USD out: 101*5 + 10*10 = 605 micro-dollars; up to it 100*1 + 10*2 = 120.
    let rates = Rates { input: Some(5_000_000), output: Some(10_000_000), ..Rates::default() };
    let higher = Rates { input: Some(9_000_000), output: Some(10_000_000), ..Rates::default() };
    let tiers = vec![Tier { above_input_tokens: 100, rates }, Tier { above_input_tokens: 200, rates: higher }];
    let model = of(PricePeriod { tiers, ..period(plain()) });
    let usage = |input| Usage { input, output: 10, ..Usage::default() };
    assert_eq!(bill(&model, usage(100)), Some(120_000));
    assert_eq!(bill(&model, usage(101)), Some(605_000));
    // 201*9 + 10*10 = 1,909.
    assert_eq!(bill(&model, usage(201)), Some(1_909_000));
    // Cached tokens count for the size: 101*5 + 10*10 once more, since the tier has no price for them.
    assert_eq!(bill(&model, Usage { cached_read: 90, ..usage(101) }), Some(605_000));
}

#[test]
fn prices_change_on_their_day() {
    let last = Date::constant(2026, 11, 22);
    let dear = Rates { input: Some(3_000_000), output: Some(2_000_000), ..Rates::default() };
    let model = Model {
        prices: vec![
            PricePeriod { until: Some(last), ..period(plain()) },
            PricePeriod { from: Some(Date::constant(2026, 11, 23)), ..period(dear) },
        ],
        ..Model::default()
    };
    let usage = Usage { input: 1_000, ..Usage::default() };
    assert_eq!(usage_cost(&model, &usage, last, None), Some(1_000_000));
    assert_eq!(usage_cost(&model, &usage, Date::constant(2026, 11, 23), None), Some(3_000_000));
}

#[test]
fn quiet_hours_may_pass_midnight() {
    // From Friday 16:30 to Saturday 00:30 UTC at half price.
    let quiet = Rates { input: Some(500_000), output: Some(1_000_000), ..Rates::default() };
    let windows = vec![DayWindow { days: 1 << 4, from: 16 * 60 + 30, until: 30 }];
    let off_peak = Some(Box::new(OffPeak { windows, rates: quiet }));
    let model = of(PricePeriod { off_peak, ..period(plain()) });
    let usage = Usage { input: 1_000, output: 100, ..Usage::default() };
    let at = |day: u16, hour: u16, minute: u16| {
        usage_cost(&model, &usage, DAY, Some((day * 24 + hour) * 60 + minute)).unwrap()
    };
    // 1,000*1 + 100*2 = 1,200 micro-dollars, half of it in the window.
    assert_eq!((at(4, 16, 29), at(4, 16, 30), at(4, 23, 59)), (1_200_000, 600_000, 600_000));
    assert_eq!((at(5, 0, 29), at(5, 0, 30), at(4, 0, 10)), (600_000, 1_200_000, 1_200_000));
    assert_eq!(usage_cost(&model, &usage, DAY, None), Some(1_200_000));
    // Sunday night runs into Monday.
    let windows = vec![DayWindow { days: 1 << 6, from: 23 * 60, until: 60 }];
    assert!(OffPeak { windows, rates: quiet }.covers(30));
}

#[test]
fn thinking_and_sound_have_prices_of_their_own() {
    // In: 60 plain at 1 and 40 heard at 10 = 460. Out: 20 spoken at 20, 30 thought at 4, 50 plain at 2 = 400+120+100.
    let rates =
        Rates { reasoning: Some(4_000_000), audio_in: Some(10_000_000), audio_out: Some(20_000_000), ..plain() };
    let usage = Usage { input: 100, audio_in: 40, output: 100, reasoning: 30, audio_out: 20, ..Usage::default() };
    assert_eq!(bill(&of(period(rates)), usage), Some(1_080_000));
    // Without prices of their own: 100*1 + 100*2.
    assert_eq!(bill(&of(period(plain())), usage), Some(300_000));
}

#[test]
fn tokens_that_are_counted_twice_are_charged_once() {
    // 100 input of which 80 are cached and the same 80 are sound: 80 at 0.1 and 20 at 10, not 180 tokens.
    let rates = Rates { cached_input: Some(100_000), audio_in: Some(10_000_000), ..plain() };
    let usage = Usage { input: 100, cached_read: 80, audio_in: 80, ..Usage::default() };
    assert_eq!(bill(&of(period(rates)), usage), Some(8_000 + 200_000));
    let more_than_all = Usage { input: 10, cached_read: 1_000, output: 5, reasoning: 50, ..Usage::default() };
    // 10 cached at 0.1 and 5 at 2.
    assert_eq!(bill(&of(period(rates)), more_than_all), Some(1_000 + 10_000));
}

#[test]
fn service_tiers_have_prices_of_their_own() {
    let half = Rates { input: Some(500_000), output: Some(1_000_000), ..Rates::default() };
    let double = Rates { input: Some(2_000_000), output: Some(4_000_000), ..Rates::default() };
    let both = PricePeriod { batch: Some(half), priority: Some(Box::new(double)), ..period(plain()) };
    let openai = Model { provider: "openai".into(), ..of(both.clone()) };
    let cost = |model: &Model, service_tier| {
        let usage = Usage { input: 100, output: 10, service_tier, ..Usage::default() };
        let cost = priced(model, &usage, DAY, None).unwrap();
        (cost.nanos, cost.source)
    };
    // 100*1 + 10*2 = 120 micro-dollars; half and double of it.
    assert_eq!(cost(&openai, None), (120_000, CostSource::Catalogue));
    assert_eq!(cost(&openai, Some(ServiceTier::Batch)), (60_000, CostSource::Catalogue));
    assert_eq!(cost(&openai, Some(ServiceTier::Flex)), (60_000, CostSource::Catalogue));
    assert_eq!(cost(&openai, Some(ServiceTier::Priority)), (240_000, CostSource::Catalogue));
    // Elsewhere flex is not batch; what has no price of its own costs the ordinary one and says so.
    let other = Model { provider: "groq".into(), ..of(both) };
    assert_eq!(cost(&other, Some(ServiceTier::Flex)), (120_000, CostSource::Estimate));
    assert_eq!(cost(&of(period(plain())), Some(ServiceTier::Priority)), (120_000, CostSource::Estimate));
}

#[test]
fn a_fee_for_each_request_is_added() {
    // 0.005 USD a request and 100*1 + 10*2 micro-dollars.
    let model = of(PricePeriod { per_request: Some(5_000_000), ..period(plain()) });
    assert_eq!(bill(&model, Usage { input: 100, output: 10, ..Usage::default() }), Some(5_120_000));
}

#[test]
fn an_unknown_price_gives_no_cost_and_a_free_one_zero() {
    let usage = Usage { input: 5, output: 5, ..Usage::default() };
    assert_eq!(bill(&Model::default(), usage), None);
    assert_eq!(bill(&of(PricePeriod::default()), usage), None);
    assert_eq!(bill(&of(PricePeriod::default()), Usage::default()), None);
    let half = Rates { input: Some(1_000_000), ..Rates::default() };
    assert_eq!(bill(&of(period(half)), usage), None);
    // What was not used needs no price.
    assert_eq!(bill(&of(period(half)), Usage { input: 5, ..Usage::default() }), Some(5_000));
    let free = Rates { input: Some(0), output: Some(0), ..Rates::default() };
    assert_eq!(bill(&of(period(free)), usage), Some(0));
}

#[test]
fn a_cost_that_the_provider_states_wins() {
    let stated = Usage { input: 1_000, reported_cost_nanos: Some(7), ..Usage::default() };
    let wanted = Some(Cost { nanos: 7, source: CostSource::Provider });
    assert_eq!(priced(&Model::default(), &stated, DAY, None), wanted);
    assert_eq!(priced(&of(period(plain())), &stated, DAY, None), wanted);
    let estimated = Usage { input: 1, estimated: true, ..Usage::default() };
    assert_eq!(priced(&of(period(plain())), &estimated, DAY, None).unwrap().source, CostSource::Estimate);
}

#[test]
fn halves_of_a_nano_dollar_round_up_once() {
    // 0.0375 USD per 1M is 37,500 pico a token: 1 token is 37.5 nano, rounded to 38.
    let rates = Rates { input: Some(37_500), output: Some(0), ..Rates::default() };
    assert_eq!(bill(&of(period(rates)), Usage { input: 1, ..Usage::default() }), Some(38));
    // 300 pico in and 200 out are 0.5 nano together: one nano, not none and none.
    let rates = Rates { input: Some(300), output: Some(200), ..Rates::default() };
    assert_eq!(bill(&of(period(rates)), Usage { input: 1, output: 1, ..Usage::default() }), Some(1));
    assert_eq!(bill(&of(period(rates)), Usage { input: 1, ..Usage::default() }), Some(0));
}

#[test]
fn bills_beyond_all_numbers_are_none() {
    let rates =
        Rates { input: Some(u64::MAX), output: Some(u64::MAX), cache_write: Some(u64::MAX), ..Rates::default() };
    for count in [u64::MAX, u64::MAX / 2, 1 << 40] {
        let usage = Usage {
            input: count,
            cached_read: count,
            cache_write: count,
            cache_write_1h: count,
            output: count,
            reasoning: count,
            audio_in: count,
            audio_out: count,
            ..Usage::default()
        };
        assert_eq!(bill(&of(period(rates)), usage), None);
    }
    let fee = PricePeriod { per_request: Some(u64::MAX), ..period(plain()) };
    assert_eq!(bill(&of(fee), Usage { input: 1, ..Usage::default() }), None);
}
