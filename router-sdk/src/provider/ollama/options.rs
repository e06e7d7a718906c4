//! Sampling parameters and limits in; Ollama's `options` out.

use serde_json::{Value, json};

use crate::provider::Target;
use crate::wire::{ChatRequest, Object};

/// Parameters that stand in `options` under the same name, OpenAI's and Ollama's own.
const SAME: [&str; 20] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "repeat_penalty",
    "repeat_last_n",
    "num_ctx",
    "num_predict",
    "num_keep",
    "num_batch",
    "num_gpu",
    "num_thread",
    "main_gpu",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
];

/// Whether a field of a request belongs among the options.
pub(super) fn is_option(name: &str) -> bool {
    SAME.contains(&name)
}

/// The options; what the caller wrote under `options` goes before all else.
pub(super) fn options(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Object {
    let mut out = Object::new();
    for name in SAME {
        if let Some(value) = request.get(name)
            && !refused(target, name, adapted)
        {
            out.insert(name.into(), value.clone());
        }
    }
    if let Some(limit) = request.max_output_tokens() {
        out.entry("num_predict").or_insert_with(|| limit.into());
    }
    let stops: Vec<&str> = match request.get("stop") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let stops: Vec<&str> = stops.into_iter().filter(|s| !s.is_empty()).collect();
    if !stops.is_empty() && !refused(target, "stop", adapted) {
        out.insert("stop".into(), json!(stops));
    }
    if let Some(own) = request.get("options").and_then(Value::as_object) {
        out.extend(own.clone());
    }
    out
}

fn refused(target: &Target, name: &str, adapted: &mut Vec<String>) -> bool {
    let refuses = target.model.parameters.refuses(name) || target.deployment.quirks.rejects.iter().any(|r| r == name);
    if refuses {
        adapted.push(format!("{name}: left out, the model refuses it"));
    }
    refuses
}
