//! What a request must look like before anything is done with it: JSON in, nothing or a typed error out.

use std::collections::HashSet;

use serde_json::Value;

use super::{Object, RouteOptions};
use crate::error::Error;

/// The largest request accepted, in bytes of JSON. Anthropic refuses more than this, others sooner.
pub(crate) const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;
/// A year, in seconds: nothing is kept in the cache for longer.
pub(crate) const LONGEST_TTL_S: f64 = 31_536_000.0;
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

pub(crate) fn size(bytes: usize) -> Result<(), Error> {
    if bytes > MAX_REQUEST_BYTES {
        let fix = format!(
            "the request has {bytes} bytes of JSON, at most {MAX_REQUEST_BYTES} are accepted; shorten it or refer to files by URL"
        );
        return Err(Error::invalid_request("messages", fix));
    }
    Ok(())
}

/// Where JSON text is broken, without quoting it.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it has a syntax error or a lone surrogate",
        _ => "it cannot be read",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// Bytes of the strings in a value: close to its size as JSON, without writing it.
pub(crate) fn value_size(value: &Value) -> usize {
    match value {
        Value::String(s) => s.len() + 2,
        Value::Array(items) => items.iter().map(value_size).sum::<usize>() + items.len() + 1,
        Value::Object(map) => map.iter().map(|(k, v)| k.len() + 4 + value_size(v)).sum::<usize>() + 1,
        _ => 4,
    }
}

pub(crate) fn request(body: &Object) -> Result<(), Error> {
    match body.get("model") {
        Some(Value::String(model)) if !model.trim().is_empty() => {}
        Some(Value::String(_)) | None => {
            return Err(Error::invalid_request("model", "is required: use \"auto\" or \"provider/model\""));
        }
        Some(_) => return Err(Error::invalid_request("model", "must be a string such as \"auto\"")),
    }
    messages(body.get("messages"))?;
    tools(body.get("tools"))?;
    tool_choice(body)?;
    response_format(body.get("response_format"))?;
    parameters(body)
}

fn messages(messages: Option<&Value>) -> Result<(), Error> {
    let Some(Value::Array(messages)) = messages else {
        return Err(Error::invalid_request("messages", "must be a list of messages"));
    };
    if messages.is_empty() {
        return Err(Error::invalid_request("messages", "must hold at least one message"));
    }
    let mut calls: HashSet<&str> = HashSet::new();
    for (i, message) in messages.iter().enumerate() {
        let at = format!("messages[{i}]");
        let Some(message) = message.as_object() else {
            return Err(Error::invalid_request(at, "must be an object with role and content"));
        };
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if !ROLES.contains(&role) {
            return Err(Error::invalid_request(format!("{at}.role"), format!("must be one of {}", ROLES.join(", "))));
        }
        content(message, role, &at)?;
        if let Some(listed) = message.get("tool_calls").filter(|v| !v.is_null()) {
            tool_calls(listed, &at, &mut calls)?;
        }
        if role == "tool" {
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            if !calls.contains(id) {
                return Err(Error::invalid_request(
                    format!("{at}.tool_call_id"),
                    "must be the id of a tool call of an earlier assistant message",
                ));
            }
        }
    }
    Ok(())
}

fn content(message: &Object, role: &str, at: &str) -> Result<(), Error> {
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            for (j, part) in parts.iter().enumerate() {
                if !part.get("type").is_some_and(Value::is_string) {
                    return Err(Error::invalid_request(format!("{at}.content[{j}]"), "must be an object with a type"));
                }
            }
            Ok(())
        }
        None | Some(Value::Null) if role == "assistant" || role == "function" => Ok(()),
        _ => Err(Error::invalid_request(format!("{at}.content"), "must be a string or a list of parts")),
    }
}

fn tool_calls<'a>(listed: &'a Value, at: &str, calls: &mut HashSet<&'a str>) -> Result<(), Error> {
    let Some(listed) = listed.as_array() else {
        return Err(Error::invalid_request(format!("{at}.tool_calls"), "must be a list"));
    };
    for (j, call) in listed.iter().enumerate() {
        let Some(id) = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
            return Err(Error::invalid_request(format!("{at}.tool_calls[{j}].id"), "must be a non-empty string"));
        };
        if call.get("function").is_some_and(|f| !f.get("name").is_some_and(Value::is_string)) {
            return Err(Error::invalid_request(format!("{at}.tool_calls[{j}].function.name"), "must be a string"));
        }
        calls.insert(id);
    }
    Ok(())
}

fn tools(tools: Option<&Value>) -> Result<(), Error> {
    let Some(tools) = tools.filter(|t| !t.is_null()) else { return Ok(()) };
    let Some(tools) = tools.as_array() else {
        return Err(Error::invalid_request("tools", "must be a list of tools"));
    };
    for (i, tool) in tools.iter().enumerate() {
        let at = format!("tools[{i}]");
        let Some(kind) = tool.get("type").and_then(Value::as_str) else {
            return Err(Error::invalid_request(format!("{at}.type"), "must be a string such as \"function\""));
        };
        if kind != "function" {
            continue;
        }
        let function = tool.get("function");
        if function.and_then(|f| f.get("name")).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Error::invalid_request(format!("{at}.function.name"), "must be a non-empty string"));
        }
        let schema = function.and_then(|f| f.get("parameters")).filter(|p| !p.is_null());
        if schema.is_some_and(|s| !s.is_object()) {
            return Err(Error::invalid_request(format!("{at}.function.parameters"), "must be a JSON schema object"));
        }
    }
    Ok(())
}

fn tool_choice(body: &Object) -> Result<(), Error> {
    let Some(choice) = body.get("tool_choice").filter(|c| !c.is_null()) else { return Ok(()) };
    let listed = body.get("tools").and_then(Value::as_array);
    match choice {
        Value::String(word) if ["none", "auto", "required", "any"].contains(&word.as_str()) => {
            if (word == "required" || word == "any") && listed.is_none_or(Vec::is_empty) {
                return Err(Error::invalid_request("tool_choice", "needs tools to choose from"));
            }
            Ok(())
        }
        Value::Object(named) => {
            let name = named.get("function").and_then(|f| f.get("name")).and_then(Value::as_str);
            let known = name.is_none_or(|name| {
                listed.into_iter().flatten().any(|t| t.pointer("/function/name").and_then(Value::as_str) == Some(name))
            });
            if known {
                Ok(())
            } else {
                Err(Error::invalid_request("tool_choice.function.name", "must name one of tools"))
            }
        }
        _ => Err(Error::invalid_request("tool_choice", "must be none, auto, required or {type, function: {name}}")),
    }
}

fn response_format(format: Option<&Value>) -> Result<(), Error> {
    let Some(format) = format.filter(|f| !f.is_null()) else { return Ok(()) };
    match format.get("type").and_then(Value::as_str) {
        Some("json_schema") => {
            if !format.pointer("/json_schema/schema").is_some_and(Value::is_object) {
                return Err(Error::invalid_request(
                    "response_format.json_schema.schema",
                    "must be a JSON schema object",
                ));
            }
            Ok(())
        }
        Some(_) => Ok(()),
        None => Err(Error::invalid_request("response_format.type", "must be text, json_object or json_schema")),
    }
}

fn parameters(body: &Object) -> Result<(), Error> {
    let ranges = [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ];
    for (name, low, high) in ranges {
        let Some(value) = body.get(name).filter(|v| !v.is_null()) else { continue };
        if !value.as_f64().is_some_and(|v| (low..=high).contains(&v)) {
            return Err(Error::invalid_request(name, format!("must be a number from {low} to {high}")));
        }
    }
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        let Some(value) = body.get(name).filter(|v| !v.is_null()) else { continue };
        if value.as_u64().is_none_or(|v| v == 0) {
            return Err(Error::invalid_request(name, "must be a whole number above 0"));
        }
    }
    for name in ["stream", "parallel_tool_calls", "logprobs"] {
        if body.get(name).is_some_and(|v| !v.is_null() && !v.is_boolean()) {
            return Err(Error::invalid_request(name, "must be true or false"));
        }
    }
    let stop_ok = match body.get("stop") {
        None | Some(Value::Null | Value::String(_)) => true,
        Some(Value::Array(items)) => items.iter().all(Value::is_string),
        Some(_) => false,
    };
    if stop_ok { Ok(()) } else { Err(Error::invalid_request("stop", "must be a string or a list of strings")) }
}

/// A deserialisation error without the value that it quotes, which may be a key or a prompt in the wrong place.
pub(crate) fn without_values(message: &str) -> String {
    let wrong = ["invalid type: string ", "invalid value: string "].iter().find(|p| message.starts_with(**p));
    match (wrong, message.rsplit_once("\", ")) {
        (Some(prefix), Some((_, expected))) => format!("{}, {expected}", prefix.trim_end()),
        (Some(prefix), None) => prefix.trim_end().to_owned(),
        (None, _) => message.to_owned(),
    }
}

/// Names the first of these fields that is there and is no object: a list would be taken for a table by position.
pub(crate) fn not_a_table(table: &Value, fields: &[&str]) -> Option<String> {
    let wrong = |field: &&&str| table.get(**field).is_some_and(|v| !v.is_null() && !v.is_object());
    fields.iter().find(wrong).map(|field| (*field).to_owned())
}

pub(crate) fn route(route: Option<Value>) -> Result<RouteOptions, Error> {
    let Some(route) = route.filter(|r| !r.is_null()) else { return Ok(RouteOptions::default()) };
    if !route.is_object() {
        return Err(Error::invalid_request("route", "must be an object of options"));
    }
    if let Some(field) = not_a_table(&route, &["max_price", "tags", "cache"]) {
        return Err(Error::invalid_request(format!("route.{field}"), "must be an object"));
    }
    let options: RouteOptions = serde_path_to_error::deserialize(route).map_err(|e| {
        Error::invalid_request(join("route", &e.path().to_string()), without_values(&e.inner().to_string()))
    })?;
    route_options(&options)?;
    Ok(options)
}

/// Capabilities that `require` may name.
pub(crate) const REQUIRABLE: [&str; 10] = [
    "tools",
    "parallel_tools",
    "vision",
    "audio",
    "video",
    "pdf",
    "json_mode",
    "json_schema",
    "reasoning",
    "zero_price",
];

pub(crate) fn route_options(options: &RouteOptions) -> Result<(), Error> {
    let positive = |name: &str, value: Option<f64>| match value {
        Some(v) if !(v.is_finite() && v >= 0.0) => {
            Err(Error::invalid_request(name, "must be a finite number of US dollars, 0 or more"))
        }
        _ => Ok(()),
    };
    positive("route.max_cost", options.max_cost)?;
    if options.min_quality.is_some_and(|quality| !(0.0..1.0).contains(&quality)) {
        return Err(Error::invalid_request("route.min_quality", "must be from 0 to below 1"));
    }
    positive("route.max_price.input", options.max_price.and_then(|p| p.input))?;
    positive("route.max_price.output", options.max_price.and_then(|p| p.output))?;
    if options.difficulty.is_some_and(|d| !(0.0..=1.0).contains(&d)) {
        return Err(Error::invalid_request("route.difficulty", "must be a number from 0 to 1"));
    }
    if options.deadline_ms == Some(0) {
        return Err(Error::invalid_request("route.deadline_ms", "must be above 0"));
    }
    if options.cache.ttl_s.is_some_and(|ttl| !(ttl > 0.0 && ttl <= LONGEST_TTL_S)) {
        return Err(Error::invalid_request("route.cache.ttl_s", "must be above 0 and at most 31536000 seconds"));
    }
    if let Some(parent) = &options.traceparent
        && crate::telemetry::TraceContext::parse(parent, None).is_none()
    {
        let fix = "must be a W3C traceparent such as 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        return Err(Error::invalid_request("route.traceparent", fix));
    }
    for (i, name) in options.require.iter().enumerate() {
        if !REQUIRABLE.contains(&name.as_str()) {
            let fix = format!("is unknown; use one of {}", REQUIRABLE.join(", "));
            return Err(Error::invalid_request(format!("route.require[{i}]"), fix));
        }
    }
    Ok(())
}

pub(crate) fn models(models: Option<Value>) -> Result<Vec<String>, Error> {
    let Some(models) = models.filter(|m| !m.is_null()) else { return Ok(Vec::new()) };
    let fault = || Error::invalid_request("models", "must be a non-empty list of model names");
    let Value::Array(items) = models else { return Err(fault()) };
    let names: Option<Vec<String>> = items
        .into_iter()
        .map(|v| match v {
            Value::String(s) if !s.trim().is_empty() => Some(s),
            _ => None,
        })
        .collect();
    names.filter(|n| !n.is_empty()).ok_or_else(fault)
}

pub(crate) fn join(root: &str, path: &str) -> String {
    match path {
        "." | "" => root.to_owned(),
        path => format!("{root}.{path}"),
    }
}
