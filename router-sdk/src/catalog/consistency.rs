//! The shipped data goes in; it must hang together and say what is known of some well-known models.

use std::collections::HashSet;

use jiff::civil::{Date, date};

use super::*;

fn catalog() -> Catalog {
    let catalog = Catalog::builtin();
    catalog.check().unwrap();
    catalog
}

#[test]
fn covers_enough_models_of_enough_providers() {
    let catalog = catalog();
    let chat = catalog.all().filter(|m| m.mode != Mode::Embedding).count();
    let embedding = catalog.all().filter(|m| m.mode == Mode::Embedding).count();
    assert!(chat >= 300, "{chat} chat models");
    assert!(embedding >= 50, "{embedding} embedding models");
    let with_chat =
        catalog.providers().iter().filter(|name| catalog.models(name).iter().any(|m| m.mode == Mode::Chat)).count();
    assert!(with_chat >= 25, "{with_chat} providers");
    assert!(catalog.providers().is_sorted(), "lookup needs the order");
}

#[test]
fn keys_are_unique_and_belong_to_a_vendor() {
    let catalog = catalog();
    let mut seen = HashSet::new();
    for model in catalog.all() {
        assert!(seen.insert(model.key()), "{} is there twice", model.key());
        assert!(catalog.vendor(&model.provider).is_some(), "{}", model.key());
        let found = catalog.get(&model.provider, &model.id).unwrap();
        assert_eq!(found.key(), model.key());
    }
}

#[test]
fn aliases_mean_one_model() {
    let catalog = catalog();
    for provider in catalog.providers() {
        let mut seen = HashSet::new();
        for model in catalog.models(provider) {
            for alias in &model.aliases {
                assert!(seen.insert(alias.clone()), "{provider}: {alias} is there twice");
                assert_eq!(catalog.get(provider, alias).unwrap().id, model.id);
            }
        }
    }
}

#[test]
fn prices_are_sane() {
    for model in catalog().all() {
        let key = model.key();
        let mut last_end: Option<Date> = None;
        for (at, period) in model.prices.iter().enumerate() {
            if at > 0 {
                let from = period.from.unwrap();
                assert_eq!(last_end.unwrap().tomorrow().unwrap(), from, "{key}: gap");
            }
            last_end = period.until;
            check_rates(&key, &period.rates);
            let mut above = 0;
            for tier in &period.tiers {
                assert!(tier.above_input_tokens > above, "{key}: tiers out of order");
                above = tier.above_input_tokens;
                check_rates(&key, &tier.rates);
            }
            for rates in period.batch.iter().chain(period.off_peak.iter().map(|o| &o.rates)) {
                check_rates(&key, rates);
                assert!(rates.input <= period.rates.input, "{key}: a discount that is none");
            }
        }
    }
}

fn check_rates(key: &str, rates: &Rates) {
    // A thousand dollars for 1M tokens is beyond every list price.
    let most = usd_per_million_to_pico(1_000.0).unwrap();
    for rate in [rates.input, rates.output, rates.cached_input, rates.cache_write] {
        assert!(rate.is_none_or(|rate| rate < most), "{key}: {rates:?}");
    }
    if let (Some(cached), Some(input)) = (rates.cached_input, rates.input) {
        assert!(cached <= input, "{key}: a cached token costs more: {rates:?}");
    }
}

#[test]
fn every_chat_model_that_costs_nothing_is_marked() {
    for model in catalog().all() {
        let zero = model.prices.iter().any(|period| period.rates.is_free());
        assert!(!zero || model.free, "{} costs nothing unmarked", model.key());
    }
}

#[test]
fn lives_end_after_they_begin_and_none_has_ended() {
    let catalog = catalog();
    for model in catalog.all() {
        assert!(!model.retired_on(catalog.as_of()), "{} is gone", model.key());
        if let (Some(released), Some(sunset)) = (model.released, model.sunset) {
            assert!(released < sunset, "{}", model.key());
        }
    }
}

#[test]
fn scores_stay_in_range_and_say_where_they_come_from() {
    let catalog = catalog();
    let mut measured = 0;
    for model in catalog.all() {
        let rows = model.efforts.iter().map(|row| &row.scores);
        for scores in rows.chain([&model.scores]) {
            for (class, score) in scores.iter() {
                let key = model.key();
                assert!((0.0..=100.0).contains(&score.value), "{key} {class:?}");
                assert!(score.sigma > 0.0 && score.sigma <= Score::UNKNOWN_SIGMA, "{key}");
                assert_eq!(score.basis == Basis::None, *scores == Scores::default(), "{key}");
            }
        }
        measured += usize::from(model.scores.get(TaskClass::Code).basis == Basis::Measured);
    }
    assert!(measured > 500, "{measured} measured entries");
}

#[test]
fn a_dated_price_changes_on_its_day() {
    let argon = catalog().get("google", "gemini-4-argon").unwrap();
    let on = |day| argon.price_at(day).unwrap().rates;
    let before = on(date(2026, 11, 30));
    assert_eq!((before.input, before.output), (Some(2_000_000), Some(10_000_000)));
    let after = on(date(2026, 12, 1));
    assert_eq!((after.input, after.output), (Some(4_000_000), Some(20_000_000)));
    assert_eq!(after.cached_input, Some(200_000));
}

#[test]
fn a_tier_bills_the_whole_request() {
    let haiku = catalog().get("anthropic", "claude-haiku-5-5").unwrap();
    let price = haiku.price_at(date(2026, 11, 22)).unwrap();
    assert_eq!(price.rates_for(100_000, None).input, Some(100_000));
    let above = price.rates_for(100_001, None);
    assert_eq!((above.input, above.output), (Some(500_000), Some(2_500_000)));
    assert_eq!(above.cache_write_1h, Some(1_000_000));
    let gpt = catalog().get("openai", "gpt-5.4").unwrap();
    let price = gpt.price_at(date(2026, 11, 22)).unwrap();
    assert_eq!(price.rates_for(272_001, None).output, Some(22_500_000));
}

#[test]
fn quiet_hours_are_cheaper_and_know_the_weekend() {
    let flash = catalog().get("deepseek", "deepseek-flash").unwrap();
    let price = flash.price_at(date(2026, 11, 22)).unwrap();
    let at = |day: u16, hour: u16| price.rates_for(10, Some((day * 24 + hour) * 60)).input;
    assert_eq!(at(0, 2), Some(300_000));
    assert_eq!(at(0, 4), Some(150_000));
    assert_eq!(at(4, 23), Some(150_000));
    assert_eq!(at(5, 2), Some(150_000));
    assert_eq!(price.rates_for(10, None).input, Some(300_000));
    // 2026-11-23 00:00 UTC is a Monday.
    assert_eq!(utc_week_minute(1_795_392_000), 0);
    assert_eq!(utc_week_minute(1_795_391_940), 7 * 1440 - 1);
    assert_eq!(utc_week_minute(0), 3 * 1440);
}

#[test]
fn sunsets_and_rules_of_known_models() {
    let catalog = catalog();
    let sonnet = catalog.get("anthropic", "claude-sonnet-4-5").unwrap();
    assert_eq!(sonnet.sunset, Some(date(2026, 11, 30)));
    assert!(!sonnet.retired_on(date(2026, 11, 29)));
    assert!(sonnet.retired_on(date(2026, 11, 30)));
    for id in ["gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"] {
        let model = catalog.get("openai", id).unwrap();
        assert_eq!(model.sunset, Some(date(2026, 12, 11)), "{id}");
        assert!(model.parameters.refuses("temperature"), "{id}");
    }
    let opus = catalog.get("anthropic", "claude-opus-5-5").unwrap();
    assert_eq!(opus.capabilities.forced_tool_choice, Some(false));
    assert_eq!(opus.capabilities.assistant_prefill, Some(false));
    let thinking = opus.reasoning.as_ref().unwrap();
    assert_eq!(thinking.control, ReasoningControl::Adaptive);
    assert_eq!(thinking.can_disable, Some(false));
    assert!(catalog.get("meta", "muse-spark-1.2-contributor").unwrap().free);
    assert_eq!(catalog.get("openai", "gpt-5.4-pro").unwrap().mode, Mode::Responses);
}

#[test]
fn effort_changes_scores() {
    let luna = catalog().get("openai", "gpt-5.6-luna").unwrap();
    let general = |effort| luna.scores_at(Some(effort)).get(TaskClass::General).value;
    assert!(general("none") < general("medium") && general("medium") < general("max"));
    assert!(luna.verbosity_at(Some("none")) < luna.verbosity_at(Some("max")));
    assert_eq!(luna.scores_at(Some("nonsense")), &luna.scores);
}

#[test]
fn names_lead_to_the_maker_first() {
    let catalog = catalog();
    assert_eq!(catalog.makers_of("claude-opus-5").first(), Some(&"anthropic"));
    assert_eq!(catalog.makers_of("gemini-2.5-pro").first(), Some(&"google"));
    assert!(catalog.makers_of("gpt-oss-120b").len() > 5);
    assert!(catalog.makers_of("no-such-model").is_empty());
    for name in ["claude-opus-5", "gpt-oss-120b", "deepseek-v4-pro"] {
        for provider in catalog.makers_of(name) {
            assert!(catalog.get(provider, name).is_some(), "{provider}/{name}");
        }
    }
}

#[test]
fn vendors_answer_to_their_aliases() {
    let catalog = catalog();
    assert_eq!(catalog.vendor("gemini").unwrap().name, "google");
    assert_eq!(catalog.models("gemini").len(), catalog.models("google").len());
    assert!(catalog.get("gemini", "gemini-4-argon").is_some());
    assert!(catalog.models("no-such-provider").is_empty());
    let mut seen = HashSet::new();
    for vendor in catalog.vendors() {
        for name in vendor.aliases.iter().chain([&vendor.name]) {
            assert!(seen.insert(name.clone()), "{name} names two vendors");
        }
        assert!(vendor.base_url.starts_with("http"), "{}", vendor.name);
        assert!(!vendor.base_url.ends_with('/'), "{}", vendor.name);
        // Voyage makes embeddings alone.
        let paths = [&vendor.chat_path, &vendor.embeddings_path];
        assert!(paths.iter().all(|p| p.is_empty() || p.starts_with('/')), "{}", vendor.name);
        assert!(!vendor.chat_path.is_empty() || !vendor.embeddings_path.is_empty(), "{}", vendor.name);
        assert!(vendor.local || !vendor.key_env.is_empty(), "{}", vendor.name);
    }
    let general = |name| catalog.vendor(name).unwrap().general_credentials;
    assert!(general("huggingface") && general("bedrock") && general("vertex"));
    assert!(!general("openai"));
}

#[test]
fn entries_survive_a_round_trip() {
    let model = catalog().get("anthropic", "claude-haiku-5-5").unwrap();
    let text = serde_json::to_string(&*model).unwrap();
    assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), *model);
}

#[test]
fn prices_convert_exactly() {
    assert_eq!(usd_per_million_to_pico(2.5), Some(2_500_000));
    assert_eq!(usd_per_million_to_pico(0.041667), Some(41_667));
    assert_eq!(usd_per_million_to_pico(0.0), Some(0));
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(usd_per_million_to_pico(wrong), None);
    }
}

#[test]
fn a_broken_file_is_an_error_that_names_it() {
    let scores = load::scores(embedded::SCORES).unwrap();
    let broken = |text| load::models("acme", text, &scores).err().unwrap();
    assert_eq!(broken("[{]").file, "models/acme.json");
    let wrong = broken(r#"[{"id":"x","can":"fly"}]"#);
    assert!(wrong.to_string().contains("no ability is called fly"), "{wrong}");
    let wrong = broken(r#"[{"id":"x","prices":[{"rates":[-1]}]}]"#);
    assert!(wrong.message.contains("-1 is not a price"), "{wrong}");
    let row = r#"{"m":{"value":[0,0,0,0,0,0,0,0,0,0],"sigma":[1,1,1,1,1,1,1,1,1,1],"basis":"mm"}}"#;
    assert!(load::scores(row).err().unwrap().message.contains("m: basis"));
}
