//! Sampling parameters and limits in; Cohere's own, within the bounds that it takes, out.

use serde_json::{Value, json};

use crate::provider::Target;
use crate::wire::{ChatRequest, Object};

/// Stop sequences that Cohere takes.
const MAX_STOPS: usize = 5;
/// OpenAI's name, Cohere's own, and its bounds.
const BOUNDED: [(&str, &str, f64, f64); 4] = [
    ("temperature", "temperature", 0.0, f64::MAX),
    ("top_p", "p", 0.01, 0.99),
    ("frequency_penalty", "frequency_penalty", 0.0, 1.0),
    ("presence_penalty", "presence_penalty", 0.0, 1.0),
];

pub(super) fn write(request: &ChatRequest, target: &Target, body: &mut Object, adapted: &mut Vec<String>) {
    for (name, own, least, most) in BOUNDED {
        let Some(asked) = request.get(name).or_else(|| request.get(own)) else { continue };
        if refused(target, name, adapted) {
            continue;
        }
        let most = if name == "temperature" { highest_temperature(target) } else { most };
        match asked.as_f64().filter(|value| !(least..=most).contains(value)) {
            Some(value) => {
                let bounded = value.clamp(least, most);
                adapted.push(format!("{name}: {value} became {bounded}, the nearest that Cohere takes"));
                body.insert(own.into(), json!(bounded));
            }
            None => {
                body.insert(own.into(), asked.clone());
            }
        }
    }
    for (name, own) in [("top_k", "k"), ("seed", "seed"), ("logprobs", "logprobs")] {
        if let Some(value) = request.get(name).or_else(|| request.get(own))
            && !refused(target, name, adapted)
        {
            body.insert(own.into(), value.clone());
        }
    }
    if let Some(most) = request.max_output_tokens() {
        body.insert("max_tokens".into(), most.into());
    }
    stop(request, target, body, adapted);
}

fn highest_temperature(target: &Target) -> f64 {
    let limits = [target.model.parameters.temperature_max, target.deployment.quirks.temperature_max];
    // Through text, since a limit such as 0.7 must not be sent as 0.699999988.
    let read = |limit: f32| limit.to_string().parse::<f64>().ok();
    limits.into_iter().flatten().filter_map(read).fold(f64::MAX, f64::min)
}

fn stop(request: &ChatRequest, target: &Target, body: &mut Object, adapted: &mut Vec<String>) {
    let asked: Vec<&str> = match request.get("stop").or_else(|| request.get("stop_sequences")) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kept: Vec<&str> = asked.iter().copied().filter(|s| !s.is_empty()).take(MAX_STOPS).collect();
    if kept.is_empty() || refused(target, "stop", adapted) {
        return;
    }
    if kept.len() < asked.len() {
        adapted.push(format!("stop: {} of {} sequences kept, Cohere takes no more", kept.len(), asked.len()));
    }
    body.insert("stop_sequences".into(), json!(kept));
}

/// Whether model or provider refuse a parameter, which is then said.
fn refused(target: &Target, name: &str, adapted: &mut Vec<String>) -> bool {
    let refuses =
        target.model.parameters.refuses(name) || target.deployment.quirks.rejects.iter().any(|refused| refused == name);
    if refuses {
        adapted.push(format!("{name}: left out, the model refuses it"));
    }
    refuses
}
