//! OpenAI tools and the choice among them in; Anthropic's `tools` and `tool_choice` out.

use serde_json::{Value, json};

use super::messages::marked;
use super::turns::{self, Choice, given, unsupported};
use super::{output, schema};
use crate::provider::adapted::lost;
use crate::provider::{Failure, Target};
use crate::wire::{ChatRequest, Object};

/// The caller's tools, in order.
pub(super) fn tools(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Result<Vec<Value>, Failure> {
    let allowed = turns::allowed_tools(request);
    let (mut out, mut strict) = (Vec::new(), 0);
    for (i, raw) in request.tools().iter().enumerate() {
        let at = format!("tools[{i}]");
        match raw.get("type").and_then(Value::as_str) {
            Some("function") => {
                let function = raw.get("function").unwrap_or(&Value::Null);
                let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
                if allowed.as_ref().is_none_or(|names| names.contains(&name)) {
                    out.push(marked(tool(function, target, &mut strict, adapted, &at), raw));
                }
            }
            Some("custom") if raw.get("custom").is_some() => {
                return Err(unsupported(at, "Anthropic has no tools that take free text; use a function"));
            }
            // Anthropic's own tools, such as web search, go through as written.
            _ => out.push(raw.clone()),
        }
    }
    for (i, function) in turns::functions(request).iter().enumerate() {
        out.push(tool(function, target, &mut strict, adapted, &format!("functions[{i}]")));
    }
    Ok(out)
}

fn tool(function: &Value, target: &Target, strict: &mut usize, adapted: &mut Vec<String>, at: &str) -> Value {
    let mut out = Object::new();
    out.insert("name".into(), function.get("name").cloned().unwrap_or_default());
    if let Some(text) = given(function, "description") {
        out.insert("description".into(), text.clone());
    }
    let schema = given(function, "parameters").cloned().unwrap_or_else(|| json!({}));
    let mut schema = input_schema(schema);
    if function.get("strict") == Some(&Value::Bool(true)) {
        let why = if target.model.capabilities.json_schema != Some(true) {
            Some("the model is not known to enforce schemas")
        } else if *strict >= schema::STRICT_TOOLS {
            Some("Anthropic enforces the schemas of 20 tools at most")
        } else {
            schema::beyond(&schema).map(|_| "Anthropic does not compile such a schema")
        };
        if why.is_none() {
            *strict += 1;
            output::tighten(&mut schema);
            out.insert("strict".into(), true.into());
        }
        if let Some(why) = why {
            adapted.push(lost(format_args!("{at}.function.strict"), why));
        }
    }
    out.insert("input_schema".into(), schema);
    for (field, value) in function.as_object().into_iter().flatten() {
        if !["name", "description", "parameters", "strict"].contains(&field.as_str()) && !value.is_null() {
            out.insert(field.clone(), value.clone());
        }
    }
    Value::Object(out)
}

/// Anthropic wants `type: object` at the top, which OpenAI lets callers leave out.
pub(in crate::provider) fn input_schema(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        if fields.get("type").is_none_or(|t| t != "object") {
            fields.insert("type".into(), "object".into());
        }
        fields.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// `tool_choice`, with the switch for parallel calls that Anthropic keeps in it.
pub(super) fn tool_choice(request: &ChatRequest, choice: Option<&Choice<'_>>, forced: bool) -> Option<Value> {
    let serial = request.get("parallel_tool_calls") == Some(&Value::Bool(false));
    let mut out = match choice {
        Some(Choice::None) => return Some(json!({"type": "none"})),
        Some(Choice::Required) if forced => json!({"type": "any"}),
        Some(Choice::Named(name)) if forced => json!({"type": "tool", "name": name}),
        Some(_) => json!({"type": "auto"}),
        None if serial => json!({"type": "auto"}),
        None => return None,
    };
    if let (true, Some(out)) = (serial, out.as_object_mut()) {
        out.insert("disable_parallel_tool_use".into(), true.into());
    }
    Some(out)
}
