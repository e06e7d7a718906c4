//! Gemini's `usageMetadata` in; normalised counts and the OpenAI object out.

use serde_json::Value;

use super::turns::given;
use crate::wire::{ServiceTier, Usage};

/// The number of the word AUDIO, for where enums are asked for as numbers.
const AUDIO_BY_NUMBER: u64 = 4;

/// The counts, if the input is among them. Gemini leaves out those that are 0; its candidates exclude thoughts, its
/// prompt what server tools read.
pub(super) fn usage(metadata: &Value) -> Option<Usage> {
    let count = |name: &str| metadata.get(name).map_or(0, number);
    let thoughts = count("thoughtsTokenCount");
    let output = count("candidatesTokenCount").saturating_add(thoughts);
    let input = match (given(metadata, "promptTokenCount"), given(metadata, "totalTokenCount")) {
        (Some(prompt), _) => number(prompt).saturating_add(count("toolUsePromptTokenCount")),
        (None, Some(total)) => number(total).saturating_sub(output),
        (None, None) => return None,
    };
    let tier = ["serviceTier", "service_tier", "trafficType"]
        .iter()
        .find_map(|name| metadata.get(*name).and_then(Value::as_str).and_then(ServiceTier::parse));
    let usage = Usage {
        input,
        cached_read: count("cachedContentTokenCount"),
        output,
        reasoning: thoughts,
        audio_in: audio(metadata, "promptTokensDetails").saturating_add(audio(metadata, "toolUsePromptTokensDetails")),
        audio_out: audio(metadata, "candidatesTokensDetails"),
        service_tier: tier,
        ..Usage::default()
    };
    Some(usage.bounded())
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f > 0.0).map(|f| f as u64)).unwrap_or(0)
}

fn audio(metadata: &Value, list: &str) -> u64 {
    let listed = metadata.get(list).and_then(Value::as_array).into_iter().flatten();
    let audio = listed.filter(|d| d.get("modality").is_some_and(|m| m == "AUDIO" || m == AUDIO_BY_NUMBER));
    audio.map(|d| d.get("tokenCount").map_or(0, number)).fold(0u64, u64::saturating_add)
}

/// The OpenAI usage object, with what Gemini says besides.
pub(super) fn to_openai(usage: &Usage, metadata: &Value) -> Value {
    let mut out = usage.to_openai();
    if let Some(out) = out.as_object_mut() {
        for (name, value) in metadata.as_object().into_iter().flatten() {
            if given(metadata, name).is_some() {
                out.insert(name.clone(), value.clone());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thoughts_and_what_tools_read_are_added_and_sound_is_told_apart() {
        let read = usage(&json!({"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 50,
            "toolUsePromptTokenCount": 30, "cachedContentTokenCount": 64, "totalTokenCount": 200,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 40}, {"modality": "AUDIO", "tokenCount": 60}],
            "toolUsePromptTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 12}, {"modality": "TEXT"}]}));
        let wanted = Usage {
            input: 130,
            cached_read: 64,
            output: 70,
            reasoning: 50,
            audio_in: 65,
            audio_out: 12,
            ..Usage::default()
        };
        assert_eq!(read, Some(wanted));
    }

    #[test]
    fn counts_that_are_zero_may_be_left_out() {
        let read = usage(&json!({"promptTokenCount": 8, "totalTokenCount": 8})).unwrap();
        assert_eq!((read.input, read.output), (8, 0));
        let read = usage(&json!({"candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 20})).unwrap();
        assert_eq!((read.input, read.output, read.reasoning), (13, 7, 4));
        assert_eq!(usage(&json!({"candidatesTokenCount": 3})), None);
    }

    #[test]
    fn tiers_are_told_in_two_ways() {
        let tier = |name: &str, word: &str| usage(&json!({"promptTokenCount": 1, name: word})).unwrap().service_tier;
        assert_eq!(tier("serviceTier", "standard"), None);
        assert_eq!(tier("serviceTier", "flex"), Some(ServiceTier::Flex));
        assert_eq!(tier("trafficType", "ON_DEMAND"), None);
        assert_eq!(tier("trafficType", "ON_DEMAND_FLEX"), Some(ServiceTier::Flex));
        assert_eq!(tier("trafficType", "PROVISIONED_THROUGHPUT"), Some(ServiceTier::Provisioned));
    }

    #[test]
    fn parts_are_never_larger_than_their_whole() {
        for (cached, heard) in [(900, 5), (5, 900), (u64::MAX, u64::MAX)] {
            let read =
                usage(&json!({"promptTokenCount": 10, "cachedContentTokenCount": cached, "candidatesTokenCount": 1,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": heard}],
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": heard}]}))
                .unwrap();
            assert!(read.cached_read <= read.input && read.audio_in <= read.input && read.audio_out <= read.output);
        }
    }
}
