//! What the sandbox says: a request's JSON in, the same reply for the same request out, whole or in chunks.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use crate::wire::estimate_tokens;

/// Sentences that answers are put together from.
const SENTENCES: [&str; 12] = [
    "The short answer is yes, with one condition that is worth naming first.",
    "Two things decide it: what goes in, and what is expected to come out.",
    "A first version would keep the simple case simple and leave the rare one for later.",
    "In practice the second option costs less and is easier to undo.",
    "The figures point the same way, though the sample is small.",
    "It helps to write the steps down before any of them is automated.",
    "The usual mistake here is to measure the part that is easy to measure.",
    "If that does not hold, the order of the steps should be turned around.",
    "Most of the time goes into the first third of the work.",
    "The result can be checked by hand on a few examples.",
    "Nothing in the text speaks against it.",
    "In short: start small, look at what happens, and go on from there.",
];

/// A reply of the sandbox.
pub(super) struct Answer {
    id: String,
    model: String,
    text: String,
    calls: Vec<(String, String)>,
    usage: Value,
    finish: &'static str,
}

impl Answer {
    /// The reply to a request.
    pub(super) fn to(body: &Value, model: &str) -> Self {
        let seed = seed(body, model);
        let calls = calls(body);
        let mut text = if calls.is_empty() { text(body, model, seed) } else { String::new() };
        let limit = ["max_completion_tokens", "max_tokens"].iter().find_map(|f| body.get(*f).and_then(Value::as_u64));
        let mut finish = if calls.is_empty() { "stop" } else { "tool_calls" };
        if let Some(limit) = limit.filter(|l| estimate_tokens(&text) > *l) {
            // About three characters a token stay below the limit; the sentences are ASCII where they are cut.
            let at = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(3).min(text.len());
            text.truncate((0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0));
            finish = "length";
        }
        let input = estimate_tokens(&body.get("messages").unwrap_or(&Value::Null).to_string())
            + body.get("tools").map_or(0, |t| estimate_tokens(&t.to_string()));
        let output =
            estimate_tokens(&text) + calls.iter().map(|(n, a)| estimate_tokens(n) + estimate_tokens(a)).sum::<u64>();
        let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
        Self { id: format!("chatcmpl-sandbox-{seed:016x}"), model: model.to_owned(), text, calls, usage, finish }
    }

    /// How many pieces a stream of it has.
    pub(super) fn pieces(&self) -> usize {
        self.text.split_inclusive(' ').count() + self.calls.len()
    }

    /// The `chat.completion`.
    pub(super) fn whole(&self) -> Value {
        let mut message =
            json!({"role": "assistant", "content": if self.calls.is_empty() { json!(self.text) } else { Value::Null }});
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.iter().enumerate().map(|(i, call)| self.call(i, call)).collect();
        }
        json!({
            "id": self.id, "object": "chat.completion", "created": 0, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.finish}],
            "usage": self.usage,
        })
    }

    fn call(&self, index: usize, (name, arguments): &(String, String)) -> Value {
        let id = format!("call_{}_{index}", self.id.trim_start_matches("chatcmpl-"));
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    /// The chunks of a stream, usage last.
    pub(super) fn chunks(&self) -> Vec<Value> {
        let chunk = |choices: Value| json!({"id": self.id, "object": "chat.completion.chunk", "created": 0, "model": self.model, "choices": choices});
        let delta = |delta: Value, finish: Value| {
            chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]))
        };
        let mut out = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
        out.extend(self.text.split_inclusive(' ').map(|piece| delta(json!({"content": piece}), Value::Null)));
        for (i, call) in self.calls.iter().enumerate() {
            let mut call = self.call(i, call);
            call["index"] = json!(i);
            out.push(delta(json!({"tool_calls": [call]}), Value::Null));
        }
        out.push(delta(json!({}), json!(self.finish)));
        let mut usage = chunk(json!([]));
        usage["usage"] = self.usage.clone();
        out.push(usage);
        out
    }
}

fn seed(body: &Value, model: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (body.get("messages").unwrap_or(&Value::Null).to_string(), model).hash(&mut hasher);
    hasher.finish()
}

fn text(body: &Value, model: &str, seed: u64) -> String {
    match body.pointer("/response_format/type").and_then(Value::as_str) {
        Some("json_schema") => {
            let schema = body.pointer("/response_format/json_schema/schema").unwrap_or(&Value::Null);
            return sample(schema, 0).to_string();
        }
        Some("json_object") => return json!({"sandbox": true, "model": model}).to_string(),
        _ => {}
    }
    let count = 2 + usize::try_from(seed % 4).unwrap_or(0);
    let start = usize::try_from((seed >> 8) % SENTENCES.len() as u64).unwrap_or(0);
    let sentences = (0..count).filter_map(|i| SENTENCES.get((start + i * 5) % SENTENCES.len()).copied());
    let text: Vec<&str> = sentences.collect();
    format!("[sandbox in place of {model}] {}", text.join(" "))
}

/// Calls the forced tool, or the first one when the turn is the user's.
fn calls(body: &Value) -> Vec<(String, String)> {
    let tools = body.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let choice = body.get("tool_choice");
    if choice.and_then(Value::as_str) == Some("none") {
        return Vec::new();
    }
    let forced = choice.and_then(|c| c.pointer("/function/name")).and_then(Value::as_str);
    let last = body.get("messages").and_then(Value::as_array).and_then(|m| m.last());
    let users_turn = last.and_then(|m| m.get("role")).and_then(Value::as_str) == Some("user");
    if !users_turn && forced.is_none() && choice.and_then(Value::as_str) != Some("required") {
        return Vec::new();
    }
    let functions = tools.iter().filter_map(|t| t.get("function"));
    let named = |f: &&Value| forced.is_none_or(|name| f.get("name").and_then(Value::as_str) == Some(name));
    let chosen = functions.filter(named).take(1);
    chosen
        .filter_map(|f| {
            let name = f.get("name")?.as_str()?.to_owned();
            Some((name, sample(f.get("parameters").unwrap_or(&Value::Null), 0).to_string()))
        })
        .collect()
}

/// A value that keeps to a schema: required properties, first choices, plain defaults.
fn sample(schema: &Value, depth: u8) -> Value {
    if let Some(first) =
        schema.get("const").or_else(|| schema.get("default")).or_else(|| schema.get("enum").and_then(|e| e.get(0)))
    {
        return first.clone();
    }
    if let Some(first) = ["anyOf", "oneOf", "allOf"].iter().find_map(|k| schema.get(*k).and_then(|o| o.get(0))) {
        return if depth < 8 { sample(first, depth + 1) } else { Value::Null };
    }
    let kind = schema.get("type").map(|t| t.get(0).unwrap_or(t)).and_then(Value::as_str);
    match kind.unwrap_or(if schema.get("properties").is_some() { "object" } else { "string" }) {
        "object" if depth < 8 => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let fields = properties.into_iter().flatten().map(|(name, s)| (name.clone(), sample(s, depth + 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        "object" => json!({}),
        "array" if depth < 8 => json!([sample(schema.get("items").unwrap_or(&Value::Null), depth + 1)]),
        "array" => json!([]),
        "integer" => schema.get("minimum").and_then(Value::as_i64).unwrap_or(1).into(),
        "number" => json!(schema.get("minimum").and_then(Value::as_f64).unwrap_or(1.5)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!("sample"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_gets_the_same_reply_and_another_another() {
        let ask =
            |text: &str| Answer::to(&json!({"messages": [{"role": "user", "content": text}]}), "m").whole().to_string();
        assert_eq!(ask("one"), ask("one"));
        assert_ne!(ask("one"), ask("two"));
    }

    #[test]
    fn schemas_and_tools_are_honoured() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}, "tags": {"type": "array", "items": {"enum": ["a"]}}}});
        let body =
            json!({"messages": [], "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}});
        assert_eq!(Answer::to(&body, "m").text, r#"{"n":1,"tags":["a"]}"#);
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters": schema}}]);
        let body = json!({"messages": [{"role": "user", "content": "go"}], "tools": tools});
        let whole = Answer::to(&body, "m").whole();
        assert_eq!(whole["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "f");
        assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn a_limit_cuts_with_finish_reason_length() {
        let body = json!({"messages": [{"role": "user", "content": "x"}], "max_tokens": 3});
        let answer = Answer::to(&body, "m");
        assert_eq!(answer.finish, "length");
        assert!(estimate_tokens(&answer.text) <= 4);
    }
}
