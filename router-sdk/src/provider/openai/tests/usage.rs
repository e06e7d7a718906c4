//! Usage in every vendor's meaning, brought to one.

use serde_json::{Value, json};

use super::target;
use crate::catalog::Quirks;
use crate::provider::Provider;
use crate::provider::openai::OpenAi;
use crate::wire::Usage;

fn read(quirks: Quirks, extra: Value) -> (Usage, Value) {
    let mut body = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let reply = OpenAi.decode(&target(quirks), body.to_string().as_bytes()).unwrap();
    (reply.usage.unwrap(), reply.body["usage"].clone())
}

fn plain(usage: Value) -> (Usage, Value) {
    read(Quirks::default(), json!({"usage": usage}))
}

#[test]
fn openai_includes_both() {
    let (usage, body) =
        plain(json!({"prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18, "queue_time": 0.5,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 2}}));
    let wanted =
        Usage { input: 10, cached_read: 4, output: 8, reasoning: 5, audio_in: 1, audio_out: 2, ..Usage::default() };
    assert_eq!(usage, wanted);
    assert_eq!(body["queue_time"], json!(0.5));
}

#[test]
fn reasoning_beside_the_completion_is_added() {
    let beside = json!({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 18,
        "completion_tokens_details": {"reasoning_tokens": 5}});
    let (usage, body) = plain(beside);
    assert_eq!((usage.output, usage.reasoning), (8, 5));
    assert_eq!((&body["completion_tokens"], &body["total_tokens"]), (&json!(8), &json!(18)));

    // Without a total the vendor's row decides.
    let silent =
        json!({"prompt_tokens": 10, "completion_tokens": 30, "completion_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(plain(silent.clone()).0.output, 30);
    let apart = Quirks { reasoning_in_completion: false, ..Quirks::default() };
    assert_eq!(read(apart, json!({"usage": silent})).0.output, 35);
}

#[test]
fn thinking_that_is_only_in_the_total_is_output() {
    let (usage, body) = plain(json!({"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}));
    assert_eq!((usage.input, usage.output, usage.reasoning), (35, 74, 62));
    assert_eq!(body["total_tokens"], json!(109));
}

#[test]
fn more_reasoning_than_output_is_bounded() {
    let (usage, _) = plain(json!({"prompt_tokens": 5, "completion_tokens": 16, "total_tokens": 21,
        "completion_tokens_details": {"reasoning_tokens": 19}}));
    assert_eq!((usage.output, usage.reasoning), (16, 16));
}

#[test]
fn cached_beside_the_prompt_is_added() {
    let (usage, body) = plain(json!({"prompt_tokens": 7, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 163}}));
    assert_eq!((usage.input, usage.cached_read), (170, 163));
    assert_eq!((&body["prompt_tokens"], &body["total_tokens"]), (&json!(170), &json!(172)));
    let apart = Quirks { cached_in_prompt: false, ..Quirks::default() };
    let usage = json!({"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cached_tokens": 3}});
    assert_eq!(read(apart, usage).0.input, 10);
}

#[test]
fn every_name_of_cached_tokens() {
    for usage in [
        json!({"prompt_tokens": 9, "completion_tokens": 1, "cached_tokens": 4}),
        json!({"prompt_tokens": 9, "completion_tokens": 1, "num_cached_tokens": 4}),
        json!({"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}),
        json!({"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 4}}),
    ] {
        let (read, body) = plain(usage);
        assert_eq!((read.input, read.cached_read, read.output), (9, 4, 1), "{body}");
        assert_eq!(body.pointer("/prompt_tokens_details/cached_tokens"), Some(&json!(4)), "{body}");
    }
}

#[test]
fn odd_types_are_numbers_too() {
    let (usage, body) = plain(json!({"prompt_tokens": "12", "completion_tokens": 3.0, "total_tokens": null,
        "prompt_tokens_details": null, "completion_tokens_details": []}));
    assert_eq!((usage.input, usage.output), (12, 3));
    assert_eq!((&body["prompt_tokens"], &body["total_tokens"]), (&json!(12), &json!(15)));
}

#[test]
fn usage_in_other_places() {
    let counts = json!({"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3});
    let (usage, body) = read(Quirks::default(), json!({"x_groq": {"id": "r", "usage": counts}}));
    assert_eq!((usage.input, usage.output, &body["total_tokens"]), (2, 1, &json!(3)));
}

#[test]
fn costs_that_the_vendor_states() {
    let cost = |extra: Value| {
        let mut usage = json!({"prompt_tokens": 1, "completion_tokens": 1});
        usage.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        plain(usage).0.reported_cost_nanos
    };
    // 0.00002475 dollars are 24,750 nano-dollars.
    assert_eq!(cost(json!({"cost": 2.475e-05})), Some(24_750));
    // 10^10 ticks a dollar: 123,456 ticks are 12,345 nano-dollars and six tenths, 123,454 four tenths.
    assert_eq!(cost(json!({"cost_in_usd_ticks": 123_456})), Some(12_346));
    assert_eq!(cost(json!({"cost_in_usd_ticks": 123_454})), Some(12_345));
    // The fee of 0.001 and 0.02 at the upstream.
    let own_key = json!({"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.02}});
    assert_eq!(cost(own_key), Some(21_000_000));
    assert_eq!(cost(json!({"cost": {"input_tokens_cost": 0.1, "total_cost": 0.25}})), Some(250_000_000));
    assert_eq!(cost(json!({"cost": 0})), Some(0));
    assert_eq!(cost(json!({"cost": null})), None);
    assert_eq!(cost(json!({})), None);
}

#[test]
fn a_cost_beside_the_usage_counts_when_it_is_in_dollars() {
    let counts = json!({"prompt_tokens": 2, "completion_tokens": 1});
    let cost = |cost: Value| read(Quirks::default(), json!({"usage": counts, "cost": cost})).0.reported_cost_nanos;
    assert_eq!(cost(json!({"usd": 0.0001585, "diem": 0})), Some(158_500));
    assert_eq!(cost(json!({"usd": 0.1, "diem": 0.3})), None);
    // Of what unit a bare figure is, nobody says.
    assert_eq!(cost(json!("0")), None);
}

#[test]
fn the_service_tier_that_answered_is_kept() {
    use crate::wire::ServiceTier;
    let counts = json!({"prompt_tokens": 2, "completion_tokens": 1});
    let tier = |tier: Value| read(Quirks::default(), json!({"usage": counts, "service_tier": tier})).0.service_tier;
    assert_eq!(tier(json!("flex")), Some(ServiceTier::Flex));
    assert_eq!(tier(json!({"type": "flex"})), Some(ServiceTier::Flex));
    assert_eq!(tier(json!("priority")), Some(ServiceTier::Priority));
    for plain in [json!("default"), json!("auto"), json!("on_demand"), json!("standard"), json!(null), json!(3)] {
        assert_eq!(tier(plain.clone()), None, "{plain}");
    }
}

/// The rows of vendors as they are seen on the wire: prompt, completion, total, cached, reasoning, and what they mean.
#[test]
fn each_vendors_inclusion_comes_out_as_one_meaning() {
    let apart = Quirks { reasoning_in_completion: false, ..Quirks::default() };
    let plain = Quirks::default();
    for (vendor, quirks, usage, (input, cached, output, reasoning)) in [
        (
            "openai",
            &plain,
            json!({"prompt_tokens": 90, "completion_tokens": 40, "total_tokens": 130,
            "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 25}}),
            (90, 64, 40, 25),
        ),
        (
            "xai",
            &apart,
            json!({"prompt_tokens": 31, "completion_tokens": 4, "total_tokens": 235, "num_sources_used": 0,
            "prompt_tokens_details": {"text_tokens": 31, "cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 200}}),
            (31, 5, 204, 200),
        ),
        (
            "azure grok",
            &plain,
            json!({"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21,
            "prompt_tokens_details": {"cached_tokens": 150}}),
            (159, 150, 12, 0),
        ),
        (
            "deepseek",
            &plain,
            json!({"prompt_tokens": 70, "completion_tokens": 30, "total_tokens": 100,
            "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6,
            "completion_tokens_details": {"reasoning_tokens": 20}}),
            (70, 64, 30, 20),
        ),
        (
            "moonshot",
            &plain,
            json!({"prompt_tokens": 50, "completion_tokens": 3, "total_tokens": 53, "cached_tokens": 40}),
            (50, 40, 3, 0),
        ),
        (
            "mistral",
            &plain,
            json!({"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27, "num_cached_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 16}}),
            (20, 16, 7, 0),
        ),
        (
            "gemini compatible",
            &plain,
            json!({"prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 63}),
            (8, 0, 55, 50),
        ),
        (
            "groq",
            &plain,
            json!({"queue_time": 0.1, "prompt_tokens": 12, "prompt_time": 0.01, "completion_tokens": 6,
            "completion_time": 0.02, "total_tokens": 18, "total_time": 0.03}),
            (12, 0, 6, 0),
        ),
    ] {
        let (read, body) = read(quirks.clone(), json!({"usage": usage}));
        assert_eq!(
            (read.input, read.cached_read, read.output, read.reasoning),
            (input, cached, output, reasoning),
            "{vendor}"
        );
        assert_eq!(body["total_tokens"], json!(input + output), "{vendor}");
    }
}

#[test]
fn parts_are_never_larger_than_their_whole() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let names = [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cached_tokens",
        "reasoning_tokens",
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "prompt_cache_hit_tokens",
    ];
    let details = ["cached_tokens", "audio_tokens", "reasoning_tokens", "cache_write_tokens"];
    for _ in 0..3_000 {
        let mut value = |top: bool| match next() % 9 {
            0 => json!(null),
            1 => json!("17"),
            2 => json!(-4),
            3 => json!(next()),
            4 if top => json!([]),
            5 => json!(2.5),
            _ => json!(next() % 300),
        };
        let mut usage = json!({"prompt_tokens": value(true), "completion_tokens": value(true)});
        for name in names.iter().chain(&names[..3]) {
            let value = value(true);
            if !value.is_null() {
                usage[*name] = value;
            }
        }
        for group in ["prompt_tokens_details", "completion_tokens_details"] {
            usage[group] =
                details.iter().map(|name| ((*name).to_owned(), value(false))).collect::<serde_json::Map<_, _>>().into();
        }
        let mut body = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]});
        body["usage"] = usage.clone();
        let reply = OpenAi.decode(&target(Quirks::default()), body.to_string().as_bytes()).unwrap();
        let Some(read) = reply.usage else { continue };
        assert!(
            u128::from(read.cached_read) + u128::from(read.cache_write) + u128::from(read.cache_write_1h)
                <= u128::from(read.input),
            "{usage}"
        );
        assert!(
            read.audio_in <= read.input && read.reasoning <= read.output && read.audio_out <= read.output,
            "{usage}"
        );
    }
}
