//! Gemini's `usageMetadata` in; normalised counts and the OpenAI object out.

use serde_json::Value;

use super::turns::given;
use crate::wire::Usage;

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
    Some(Usage {
        input,
        cached_read: count("cachedContentTokenCount"),
        output,
        reasoning: thoughts,
        audio_in: audio(metadata, "promptTokensDetails"),
        audio_out: audio(metadata, "candidatesTokensDetails"),
        ..Usage::default()
    })
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
