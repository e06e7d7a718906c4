//! Gemini's `logprobsResult` in; OpenAI's `logprobs` out.

use serde_json::{Value, json};

pub(super) fn logprobs(result: Option<&Value>) -> Value {
    let Some(chosen) = result.and_then(|r| r.get("chosenCandidates")).and_then(Value::as_array) else {
        return Value::Null;
    };
    let top = result.and_then(|r| r.get("topCandidates")).and_then(Value::as_array);
    let content: Vec<Value> = chosen
        .iter()
        .enumerate()
        .map(|(i, candidate)| {
            let rivals = top.and_then(|t| t.get(i)).and_then(|t| t.get("candidates")).and_then(Value::as_array);
            let rivals: Vec<Value> = rivals.into_iter().flatten().map(token).collect();
            let mut entry = token(candidate);
            if let Some(entry) = entry.as_object_mut() {
                entry.insert("top_logprobs".into(), rivals.into());
            }
            entry
        })
        .collect();
    json!({"content": content, "refusal": null})
}

fn token(candidate: &Value) -> Value {
    json!({"token": candidate.get("token"), "logprob": candidate.get("logProbability"), "bytes": null})
}
