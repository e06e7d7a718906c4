//! OpenAI tools and the choice among them in; Cohere's `tools`, `strict_tools` and `tool_choice` out.

use serde_json::{Value, json};

use super::encode::forced;
use super::turns::{self, Choice, given, unsupported};
use crate::provider::adapted::reworded;
use crate::provider::{Failure, Target};
use crate::wire::{ChatRequest, Object};

/// The functions that may be called, and whether they are to be followed strictly.
pub(super) fn tools(
    request: &ChatRequest,
    target: &Target,
    choice: Option<&Choice<'_>>,
    adapted: &mut Vec<String>,
) -> Result<(Vec<Value>, bool), Failure> {
    let allowed = turns::allowed_tools(request);
    let (mut out, mut strict) = (Vec::new(), false);
    for (i, raw) in request.tools().iter().enumerate() {
        let kind = raw.get("type").and_then(Value::as_str).unwrap_or("function");
        if kind != "function" {
            return Err(unsupported(format!("tools[{i}].type"), format!("Cohere has no tool of type {kind}")));
        }
        let function = raw.get("function").unwrap_or(&Value::Null);
        strict |= function.get("strict") == Some(&Value::Bool(true));
        out.push(declaration(function));
    }
    out.extend(turns::functions(request).iter().map(declaration));
    let name_of = |tool: &Value| tool.pointer("/function/name").and_then(Value::as_str).map(str::to_owned);
    if let Some(allowed) = allowed {
        out.retain(|tool| name_of(tool).is_some_and(|name| allowed.contains(&name.as_str())));
    }
    if let Some(Choice::Named(name)) = choice {
        let before = out.len();
        out.retain(|tool| name_of(tool).as_deref() == Some(*name));
        if out.is_empty() && before > 0 {
            return Err(unsupported("tool_choice.function.name", "must name one of tools"));
        }
        if out.len() < before && forceable(target) {
            adapted.push(reworded("tool_choice", "a call that is required, with the named tool alone"));
        }
    }
    if matches!(choice, Some(Choice::None)) && target.model.capabilities.tool_choice == Some(false) && !out.is_empty() {
        out.clear();
        adapted.push(reworded("tool_choice", "no tools, of which the model cannot be told to use none"));
    }
    Ok((out, strict))
}

fn declaration(function: &Value) -> Value {
    let mut out = Object::new();
    for (field, value) in function.as_object().into_iter().flatten() {
        if field != "strict" && !value.is_null() {
            out.insert(field.clone(), value.clone());
        }
    }
    // Cohere asks for a schema, also where there is nothing to give.
    if given(function, "parameters").is_none() {
        out.insert("parameters".into(), json!({"type": "object", "properties": {}}));
    }
    json!({"type": "function", "function": out})
}

/// Cohere's word for the choice; nothing leaves it to the model.
pub(super) fn tool_choice(
    choice: Option<&Choice<'_>>,
    target: &Target,
    adapted: &mut Vec<String>,
) -> Option<&'static str> {
    let unable = target.model.capabilities.tool_choice == Some(false) || (forced(choice) && !forceable(target));
    match choice? {
        Choice::Auto => None,
        Choice::Required | Choice::Named(_) if unable => {
            adapted.push("tool_choice: left to the model, which cannot be made to call a tool".to_owned());
            None
        }
        Choice::None if unable => None,
        Choice::None => Some("NONE"),
        Choice::Required | Choice::Named(_) => Some("REQUIRED"),
    }
}

/// Whether the model can be made to call a tool.
fn forceable(target: &Target) -> bool {
    let able = &target.model.capabilities;
    able.tool_choice != Some(false) && able.forced_tool_choice != Some(false)
}
