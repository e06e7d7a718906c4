//! The parameters of a chat request in; those that the Responses interface and the model take, under their names there, out.

use serde_json::{Value, json};

use super::turns::{Format, format, given, instruction};
use crate::provider::Target;
use crate::wire::{ChatRequest, Object};

/// The smallest output limit that is taken.
const LEAST_OUTPUT: u64 = 16;
/// Chat parameters that have no counterpart: left out, and said so.
const WITHOUT_COUNTERPART: [&str; 7] =
    ["stop", "seed", "frequency_penalty", "presence_penalty", "logit_bias", "prediction", "thinking"];

/// `max_output_tokens`.
pub(super) fn output_limit(request: &ChatRequest, target: &Target, body: &mut Object, adapted: &mut Vec<String>) {
    let own = request.get("max_output_tokens").and_then(Value::as_u64);
    let Some(asked) = request.max_output_tokens().or(own) else { return };
    if ["max_tokens", "max_completion_tokens", "max_output_tokens"].iter().all(|name| refuses(target, name)) {
        adapted.push("max_tokens: left out, the model does not take it".to_owned());
        return;
    }
    let most = target.model.max_output_tokens.unwrap_or(u64::MAX).max(LEAST_OUTPUT);
    let granted = asked.clamp(LEAST_OUTPUT, most);
    if granted < asked {
        adapted.push(format!("max_tokens: {asked} lowered to {granted}, the most the model can write"));
    } else if granted > asked {
        adapted.push(format!("max_tokens: {asked} raised to {granted}, the least that is taken"));
    }
    body.insert("max_output_tokens".into(), granted.into());
}

/// Temperature, `top_p` and log probabilities; `include` gets what has to be asked for by name.
pub(super) fn sampling(
    request: &ChatRequest,
    target: &Target,
    body: &mut Object,
    include: &mut Vec<Value>,
    adapted: &mut Vec<String>,
) {
    for name in ["temperature", "top_p"] {
        let Some(value) = request.get(name) else { continue };
        if refuses(target, name) {
            if value.as_f64() != Some(1.0) {
                adapted.push(format!("{name}: left out, the model does not take it"));
            }
            continue;
        }
        let limits = [target.model.parameters.temperature_max, target.deployment.quirks.temperature_max];
        let highest = limits.into_iter().flatten().reduce(f32::min).filter(|_| name == "temperature");
        // Through text, since a limit such as 1.4 must not be sent as 1.399999976.
        let highest = highest.and_then(|highest| highest.to_string().parse::<f64>().ok());
        match highest.filter(|highest| value.as_f64().is_some_and(|given| given > *highest)) {
            Some(highest) => {
                adapted.push(format!("temperature: lowered to {highest}, the highest that is taken"));
                body.insert(name.into(), json!(highest));
            }
            None => {
                body.insert(name.into(), value.clone());
            }
        }
    }
    let top = request.get("top_logprobs");
    if request.get("logprobs") != Some(&Value::Bool(true)) && top.is_none() {
        return;
    }
    if !target.deployment.quirks.logprobs || refuses(target, "logprobs") || refuses(target, "top_logprobs") {
        adapted.push("logprobs: left out, the model does not take it".to_owned());
        return;
    }
    include.push("message.output_text.logprobs".into());
    if let Some(top) = top {
        body.insert("top_logprobs".into(), top.clone());
    }
}

/// `text`: the form of the answer and how much of it. Gives words for the instructions where there is no such form.
pub(super) fn text(
    request: &ChatRequest,
    target: &Target,
    body: &mut Object,
    adapted: &mut Vec<String>,
) -> Option<String> {
    let mut text = request.get("text").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(verbosity) = request.get("verbosity") {
        if refuses(target, "verbosity") {
            adapted.push("verbosity: left out, the model does not take it".to_owned());
        } else {
            text.insert("verbosity".into(), verbosity.clone());
        }
    }
    let asked = format(request);
    let able = &target.model.capabilities;
    let native = match asked {
        Format::Text => true,
        Format::Json => able.json_mode != Some(false),
        Format::Schema { .. } => target.deployment.quirks.json_schema && able.json_schema != Some(false),
    };
    let mut words = None;
    if !native {
        adapted.push("response_format: asked for in words, the model takes no such form".to_owned());
        words = instruction(asked);
    } else if let Some(format) = request.get("response_format").filter(|_| asked != Format::Text) {
        text.insert("format".into(), flat_format(format));
    }
    if !text.is_empty() {
        body.insert("text".into(), text.into());
    }
    words
}

fn flat_format(format: &Value) -> Value {
    let Some(inner) = given(format, "json_schema").and_then(Value::as_object) else { return format.clone() };
    let mut out = Object::new();
    out.insert("type".into(), "json_schema".into());
    out.extend(inner.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())));
    out.entry("name").or_insert_with(|| "answer".into());
    out.into()
}

/// Says which parameters are left out; a value that changes nothing is left out in silence.
pub(super) fn without_counterpart(request: &ChatRequest, adapted: &mut Vec<String>) {
    for name in WITHOUT_COUNTERPART {
        let Some(value) = request.get(name) else { continue };
        let inert = match value {
            Value::Number(number) => name != "seed" && number.as_f64() == Some(0.0),
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !inert {
            adapted.push(format!("{name}: left out, the Responses interface has nothing like it"));
        }
    }
}

/// Whether the model or its provider refuses a parameter.
pub(super) fn refuses(target: &Target, name: &str) -> bool {
    target.model.parameters.refuses(name) || target.deployment.quirks.rejects.iter().any(|r| r == name)
}
