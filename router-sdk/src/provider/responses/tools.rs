//! Chat tools and the choice among them in; the flat tools and the choice of the Responses interface out.

use serde_json::{Value, json};

use super::turns::{functions, given, unsupported};
use crate::provider::adapted::reworded;
use crate::provider::{Failure, Target};
use crate::wire::{ChatRequest, Object};

/// The caller's tools, in order, and the search that `web_search_options` asks for.
pub(super) fn tools(request: &ChatRequest) -> Vec<Value> {
    let mut out: Vec<Value> = request.tools().iter().map(tool).collect();
    out.extend(functions(request).iter().map(function));
    if let Some(options) = request.get("web_search_options") {
        out.push(web_search(options));
    }
    out
}

fn tool(raw: &Value) -> Value {
    match (raw.get("type").and_then(Value::as_str), given(raw, "function"), given(raw, "custom")) {
        (Some("function"), Some(inner), _) => function(inner),
        (Some("custom"), _, Some(inner)) => custom(inner),
        // The provider's own tools go through as written.
        _ => raw.clone(),
    }
}

fn function(inner: &Value) -> Value {
    let mut out = Object::new();
    out.insert("type".into(), "function".into());
    for (name, value) in inner.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        out.insert(name.clone(), value.clone());
    }
    let mut schema = out.shift_remove("parameters").unwrap_or_else(|| json!({}));
    if let Some(fields) = schema.as_object_mut() {
        fields.entry("type").or_insert_with(|| "object".into());
        fields.entry("properties").or_insert_with(|| json!({}));
    }
    out.insert("parameters".into(), schema);
    // Left out it means true here, and false in chat.
    out.entry("strict").or_insert(Value::Bool(false));
    Value::Object(out)
}

fn custom(inner: &Value) -> Value {
    let mut out = Object::new();
    out.insert("type".into(), "custom".into());
    for (name, value) in inner.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        out.insert(name.clone(), value.clone());
    }
    if let Some(grammar) = inner.pointer("/format/grammar").and_then(Value::as_object) {
        let mut format = Object::new();
        format.insert("type".into(), "grammar".into());
        format.extend(grammar.clone());
        out.insert("format".into(), format.into());
    }
    Value::Object(out)
}

fn web_search(options: &Value) -> Value {
    let mut out = json!({"type": "web_search"});
    let Some(fields) = out.as_object_mut() else { return out };
    if let Some(size) = given(options, "search_context_size") {
        fields.insert("search_context_size".into(), size.clone());
    }
    if let Some(place) = given(options, "user_location") {
        let mut location = Object::new();
        location.insert("type".into(), place.get("type").cloned().unwrap_or_else(|| "approximate".into()));
        location.extend(given(place, "approximate").and_then(Value::as_object).cloned().unwrap_or_default());
        fields.insert("user_location".into(), location.into());
    }
    out
}

/// `tool_choice` in the flat form; `None` where the request says nothing that has to be said.
pub(super) fn choice(
    request: &ChatRequest,
    target: &Target,
    tools: &mut Vec<Value>,
    adapted: &mut Vec<String>,
) -> Result<Option<Value>, Failure> {
    let asked = request.get("tool_choice").or_else(|| request.get("function_call"));
    let Some(asked) = asked.filter(|_| !tools.is_empty()) else { return Ok(None) };
    let flat = flat(asked)?;
    let (quirks, able) = (&target.deployment.quirks, &target.model.capabilities);
    let refused = able.tool_choice == Some(false) || target.model.parameters.refuses("tool_choice");
    if refused || quirks.rejects.iter().any(|name| name == "tool_choice") {
        if flat == "none" {
            tools.clear();
            adapted.push(reworded("tool_choice", "no tools, of which the model cannot be told to use none"));
        } else if flat != "auto" {
            adapted.push("tool_choice: left out, the model does not take it".to_owned());
        }
        return Ok(None);
    }
    let forces = flat != "auto" && flat != "none" && flat.get("mode").is_none_or(|mode| mode == "required");
    if forces && (!quirks.forced_tool_choice || able.forced_tool_choice == Some(false)) {
        if let Some(name) = flat.get("name") {
            let all = tools.len();
            tools.retain(|tool| tool.get("name") == Some(name));
            if tools.len() < all {
                adapted.push("tools: reduced to the one that tool_choice names".to_owned());
            }
        }
        adapted.push("tool_choice: became auto, the model cannot be made to call a tool".to_owned());
        return Ok(Some("auto".into()));
    }
    Ok(Some(flat))
}

fn flat(asked: &Value) -> Result<Value, Failure> {
    let fault = || unsupported("tool_choice", "must be none, auto, required or {type, function: {name}}");
    match asked {
        Value::String(word) => match word.as_str() {
            "auto" | "none" | "required" => Ok(asked.clone()),
            "any" => Ok("required".into()),
            _ => Err(fault()),
        },
        Value::Object(_) => {
            if let Some(allowed) = given(asked, "allowed_tools") {
                let listed = allowed.get("tools").and_then(Value::as_array).into_iter().flatten();
                let listed: Vec<Value> = listed.map(|tool| named(tool).unwrap_or_else(|| tool.clone())).collect();
                let mode = allowed.get("mode").cloned().unwrap_or_else(|| "auto".into());
                return Ok(json!({"type": "allowed_tools", "mode": mode, "tools": listed}));
            }
            if let Some(flat) = named(asked) {
                return Ok(flat);
            }
            match (given(asked, "name"), asked.get("type").and_then(Value::as_str)) {
                // The old `function_call: {name}`.
                (Some(name), None) => Ok(json!({"type": "function", "name": name})),
                (None, Some("auto" | "none" | "required")) => Ok(asked.get("type").cloned().unwrap_or_default()),
                (None, Some("any")) => Ok("required".into()),
                (None, None) | (None, Some("function" | "custom")) => {
                    Err(unsupported("tool_choice.function.name", "must name one of tools"))
                }
                // The provider's own tools are chosen by their type.
                _ => Ok(asked.clone()),
            }
        }
        _ => Err(fault()),
    }
}

/// `{type, function: {name}}` without its nesting.
fn named(choice: &Value) -> Option<Value> {
    let kind = choice.get("type").and_then(Value::as_str).unwrap_or("function");
    let name = choice.get(kind)?.get("name")?;
    Some(json!({"type": kind, "name": name}))
}
