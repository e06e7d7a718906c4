//! Sampling, limits and the form of the answer in; Gemini's `generationConfig` out.

use serde_json::{Value, json};

use super::generation::{Generation, generation};
use super::schema;
use super::thinking::thinking;
use super::turns::{Format, instruction, unsupported};
use crate::provider::adapted::reworded;
use crate::provider::{Failure, Target};
use crate::wire::{ChatRequest, Object};

/// Stop sequences that Gemini takes.
const MAX_STOPS: usize = 5;
/// OpenAI parameters with a counterpart that takes the value as it is.
const RENAMED: [(&str, &str); 8] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
];
/// Gemini's own fields that belong in `generationConfig`, which callers may write beside the OpenAI ones.
pub(super) const OWN_FIELDS: [&str; 17] = [
    "topK",
    "topP",
    "maxOutputTokens",
    "stopSequences",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "speechConfig",
    "mediaResolution",
    "imageConfig",
    "thinkingConfig",
    "thinking_config",
];

/// The configuration, and words for the instructions where the form of the answer cannot be set.
pub(super) fn config(
    request: &ChatRequest,
    target: &Target,
    format: Format<'_>,
    has_tools: bool,
    adapted: &mut Vec<String>,
) -> Result<(Object, Option<String>), Failure> {
    let mut out = Object::new();
    sampling(request, target, &mut out, adapted);
    limits(request, target, &mut out, adapted);
    modalities(request, &mut out)?;
    let words = form(format, target, has_tools, &mut out, adapted);
    if let Some(thinking) = thinking(request, target, adapted) {
        out.insert("thinkingConfig".into(), thinking);
    }
    for name in OWN_FIELDS {
        if let Some(value) = request.get(name) {
            out.insert(if name == "thinking_config" { "thinkingConfig" } else { name }.into(), value.clone());
        }
    }
    for name in ["generationConfig", "generation_config"] {
        if let Some(own) = request.get(name).and_then(Value::as_object) {
            out.extend(own.clone());
        }
    }
    Ok((out, words))
}

fn refuses(target: &Target, name: &str) -> bool {
    target.model.parameters.refuses(name) || target.deployment.quirks.rejects.iter().any(|r| r == name)
}

fn sampling(request: &ChatRequest, target: &Target, out: &mut Object, adapted: &mut Vec<String>) {
    for (name, own) in RENAMED {
        let Some(value) = request.get(name) else { continue };
        if refuses(target, name) {
            adapted.push(format!("{name}: left out, the model refuses it"));
            continue;
        }
        let most = if name == "temperature" { target.model.parameters.temperature_max } else { None };
        match most.map(f64::from).filter(|most| value.as_f64().is_some_and(|v| v > *most)) {
            Some(most) => {
                adapted.push(format!("temperature: {value} lowered to {most}, the highest the model takes"));
                out.insert(own.into(), json!(most));
            }
            None => {
                out.insert(own.into(), value.clone());
            }
        }
    }
    // OpenAI's seeds have 64 bits, Gemini's 31.
    if let Some(seed) = out.get("seed").and_then(Value::as_i64).filter(|seed| i32::try_from(*seed).is_err()) {
        let short = seed & i64::from(i32::MAX);
        out.insert("seed".into(), short.into());
        adapted.push(reworded("seed", format_args!("{short}, the same for the same seed")));
    }
    if request.get("logprobs") == Some(&Value::Bool(false)) {
        out.shift_remove("responseLogprobs");
    }
}

fn limits(request: &ChatRequest, target: &Target, out: &mut Object, adapted: &mut Vec<String>) {
    if let Some(asked) = request.max_output_tokens() {
        let granted = target.model.max_output_tokens.map_or(asked, |most| asked.min(most));
        if granted < asked {
            adapted.push(format!("max_tokens: {asked} lowered to {granted}, the most the model can write"));
        }
        out.insert("maxOutputTokens".into(), granted.into());
    }
    if let Some(n) = request.get("n").and_then(Value::as_u64).filter(|n| *n > 1) {
        out.insert("candidateCount".into(), n.into());
    }
    let stops: Vec<&str> = match request.get("stop") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kept: Vec<&str> = stops.iter().copied().filter(|s| !s.is_empty()).take(MAX_STOPS).collect();
    if refuses(target, "stop") && !stops.is_empty() {
        adapted.push("stop: left out, the model refuses it".to_owned());
    } else if !kept.is_empty() {
        if kept.len() < stops.len() {
            adapted.push(format!(
                "stop: the first {} of {} sequences kept, Gemini takes no more",
                kept.len(),
                stops.len()
            ));
        }
        out.insert("stopSequences".into(), json!(kept));
    }
}

fn modalities(request: &ChatRequest, out: &mut Object) -> Result<(), Failure> {
    let Some(listed) = request.get("modalities").and_then(Value::as_array) else { return Ok(()) };
    let words: Vec<String> = listed.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase).collect();
    if words.iter().any(|w| w == "AUDIO") {
        return Err(unsupported("modalities", "speech cannot be translated from Gemini; ask for text or image"));
    }
    if words.iter().any(|w| w != "TEXT") {
        out.insert("responseModalities".into(), json!(words));
    }
    Ok(())
}

/// JSON and schemas are set natively, but older models refuse that beside functions: they are told in words.
fn form(
    format: Format<'_>,
    target: &Target,
    has_tools: bool,
    out: &mut Object,
    adapted: &mut Vec<String>,
) -> Option<String> {
    let words = instruction(format)?;
    let capabilities = &target.model.capabilities;
    let can = match format {
        Format::Schema { .. } => capabilities.json_schema,
        _ => capabilities.json_mode,
    };
    let age = generation(&target.model);
    let refused = can == Some(false) || can.is_none() && age == Generation::Gemma;
    let in_words = || {
        adapted.push("response_format: asked for in words".to_owned());
        Some(words)
    };
    if refused || has_tools && age < Generation::Three {
        return in_words();
    }
    if let Format::Schema { schema, .. } = format {
        // Real JSON schema is taken since 2.5, a subset of OpenAPI before.
        if age >= Generation::TwoFive {
            out.insert("responseJsonSchema".into(), schema.clone());
        } else if let Some(subset) = schema::subset(schema) {
            out.insert("responseSchema".into(), subset);
        } else {
            return in_words();
        }
    }
    out.insert("responseMimeType".into(), "application/json".into());
    None
}
