//! Tools, the choice among them and calls of them as OpenAI writes them in, old spellings included; plain facts out.

use serde_json::{Value, json};

use super::{digest, given, unsupported};
use crate::provider::Failure;
use crate::wire::ChatRequest;

/// One tool call of an assistant message.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Call<'a> {
    pub(in crate::provider) id: String,
    pub(in crate::provider) name: &'a str,
    /// Always an object.
    pub(in crate::provider) arguments: Value,
    /// The call as the caller wrote it.
    pub(in crate::provider) raw: &'a Value,
}

/// The calls of an assistant message; `place` is its number, from which ids of old-style calls are made.
pub(in crate::provider) fn calls(message: &Value, place: usize) -> Result<Vec<Call<'_>>, Failure> {
    let mut out = Vec::new();
    for (i, raw) in given(message, "tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let id = raw.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(custom) = given(raw, "custom") {
            let name = custom.get("name").and_then(Value::as_str).unwrap_or_default();
            let input = custom.get("input").and_then(Value::as_str).unwrap_or_default();
            out.push(Call { id, name, arguments: json!({"input": input}), raw });
            continue;
        }
        let Some(function) = given(raw, "function") else {
            let at = format!("messages[{place}].tool_calls[{i}].function");
            return Err(unsupported(at, "must hold the name and the arguments of the call"));
        };
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        out.push(Call { id, name, arguments: arguments(function.get("arguments")), raw });
    }
    if let Some(raw) = given(message, "function_call").filter(|_| out.is_empty()) {
        let name = raw.get("name").and_then(Value::as_str).unwrap_or_default();
        out.push(Call { id: old_style_id(name), name, arguments: arguments(raw.get("arguments")), raw });
    }
    Ok(out)
}

/// The id of a call that was made in the old style, which knows names only.
pub(in crate::provider) fn old_style_id(name: &str) -> String {
    format!("call_{}", digest(&[name]))
}

/// Arguments are JSON text that a cut-off reply may have broken: what is no object is kept whole under one key.
fn arguments(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(text)) if text.trim().is_empty() => json!({}),
        Some(Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(parsed) if parsed.is_object() => parsed,
            Ok(Value::Null) => json!({}),
            _ => json!({"arguments": text}),
        },
        Some(Value::Null) | None => json!({}),
        Some(parsed) if parsed.is_object() => parsed.clone(),
        Some(other) => json!({"arguments": other}),
    }
}

/// Text as an object: itself where it is one, else under the key `result`.
pub(in crate::provider) fn object(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(parsed) if parsed.is_object() => parsed,
        _ => json!({"result": text}),
    }
}

/// Which tools may or must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider) enum Choice<'a> {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(&'a str),
}

/// The caller's choice; `None` where the request says nothing.
pub(in crate::provider) fn choice(request: &ChatRequest) -> Result<Option<Choice<'_>>, Failure> {
    let Some(value) = request.get("tool_choice").or_else(|| request.get("function_call")) else { return Ok(None) };
    let word = |word: &str| match word {
        "auto" => Ok(Some(Choice::Auto)),
        "none" => Ok(Some(Choice::None)),
        "required" | "any" => Ok(Some(Choice::Required)),
        _ => Err(unsupported("tool_choice", "must be none, auto, required or {type, function: {name}}")),
    };
    if let Some(text) = value.as_str() {
        return word(text);
    }
    if let Some(mode) = value.pointer("/allowed_tools/mode").and_then(Value::as_str) {
        return word(mode);
    }
    let name = value.pointer("/function/name").or_else(|| value.pointer("/custom/name")).or_else(|| value.get("name"));
    match (name.and_then(Value::as_str), value.get("type").and_then(Value::as_str)) {
        (Some(name), _) => Ok(Some(Choice::Named(name))),
        (None, Some(text)) => word(text),
        (None, None) => Err(unsupported("tool_choice.function.name", "must name one of tools")),
    }
}

/// The names that `tool_choice: {type: allowed_tools}` leaves; `None` where all tools may be used.
pub(in crate::provider) fn allowed_tools(request: &ChatRequest) -> Option<Vec<&str>> {
    let listed = request.get("tool_choice")?.pointer("/allowed_tools/tools")?.as_array()?;
    Some(listed.iter().filter_map(|t| t.pointer("/function/name").or_else(|| t.get("name"))?.as_str()).collect())
}

/// Functions of the old `functions` field, which hold what a tool holds under `function`.
pub(in crate::provider) fn functions(request: &ChatRequest) -> &[Value] {
    request.get("functions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
