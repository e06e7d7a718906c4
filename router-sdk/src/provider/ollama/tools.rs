//! OpenAI tools and the choice among them in; the tools that Ollama is to see out.

use serde_json::{Value, json};

use super::turns::{self, Choice, unsupported};
use crate::provider::Failure;
use crate::provider::adapted::reworded;
use crate::wire::{ChatRequest, Object};

/// The functions. Ollama has no word for a choice among them, so the choice is made here as far as it can be.
pub(super) fn tools(
    request: &ChatRequest,
    choice: Option<&Choice<'_>>,
    adapted: &mut Vec<String>,
) -> Result<Vec<Value>, Failure> {
    let allowed = turns::allowed_tools(request);
    let mut out = Vec::new();
    for (i, raw) in request.tools().iter().enumerate() {
        let kind = raw.get("type").and_then(Value::as_str).unwrap_or("function");
        if kind != "function" {
            return Err(unsupported(format!("tools[{i}].type"), format!("Ollama has no tool of type {kind}")));
        }
        out.push(declaration(raw.get("function").unwrap_or(&Value::Null)));
    }
    out.extend(turns::functions(request).iter().map(declaration));
    let is_named = |tool: &Value, name: &str| tool.pointer("/function/name").is_some_and(|n| n == name);
    if let Some(allowed) = allowed {
        out.retain(|tool| allowed.iter().any(|name| is_named(tool, name)));
    }
    if out.is_empty() {
        return Ok(out);
    }
    match choice {
        None | Some(Choice::Auto) => {}
        Some(Choice::None) => {
            out.clear();
            adapted.push(reworded("tool_choice", "no tools at all"));
        }
        Some(Choice::Required) => {
            adapted.push("tool_choice: left to the model, Ollama cannot make it call a tool".to_owned());
        }
        Some(Choice::Named(name)) => {
            out.retain(|tool| is_named(tool, name));
            if out.is_empty() {
                return Err(unsupported("tool_choice.function.name", "must name one of tools"));
            }
            adapted.push(
                "tool_choice: the named tool is the only one sent, Ollama cannot make the model call it".to_owned(),
            );
        }
    }
    Ok(out)
}

fn declaration(function: &Value) -> Value {
    let fields = function.as_object().into_iter().flatten();
    let kept = fields.filter(|(name, value)| *name != "strict" && !value.is_null());
    let function: Object = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    json!({"type": "function", "function": function})
}
