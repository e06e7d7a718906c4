//! Recorded requests in; the same requests by way of the OpenAI shape, compared with them, out.

use serde_json::{Value, json};

use super::super::Gemini;
use super::super::turns::replay::same;
use super::replay::text_of;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// A recorded conversation in the OpenAI shape, where that can say it: text, media, calls, results and functions.
pub(super) fn expressible(request: &Value) -> Option<Value> {
    let mut messages = Vec::new();
    for part in request["systemInstruction"]["parts"].as_array().into_iter().flatten() {
        messages.push(json!({"role": "system", "content": part["text"].as_str()?}));
    }
    let mut ids = Ids::default();
    for turn in request["contents"].as_array()? {
        let parts = turn["parts"].as_array()?;
        if turn["role"] == "model" {
            said(parts, &mut ids, &mut messages)?
        } else {
            asked(parts, &mut ids, &mut messages)?
        }
    }
    let mut out = json!({"model": "m", "messages": messages});
    let mut tools = Vec::new();
    for tool in request["tools"].as_array().into_iter().flatten() {
        for (name, value) in tool.as_object()? {
            if name != "functionDeclarations" && !value.is_null() {
                tools.push(json!({"type": name, name.as_str(): value}));
            }
        }
        for function in tool["functionDeclarations"].as_array().into_iter().flatten() {
            let schema = ["parametersJsonSchema", "parameters_json_schema", "parameters"].map(|n| function.get(n));
            let schema = schema.into_iter().flatten().next().cloned();
            let described =
                json!({"name": function["name"], "description": function["description"], "parameters": schema});
            tools.push(json!({"type": "function", "function": described}));
        }
    }
    if !tools.is_empty() {
        out["tools"] = tools.into();
    }
    for name in ["generationConfig", "safetySettings", "toolConfig", "cachedContent"] {
        if request[name].is_object() || request[name].is_array() || request[name].is_string() {
            out[name] = request[name].clone();
        }
    }
    Some(out)
}

/// Calls that await their results, since most recorded ones carry no id.
#[derive(Default)]
struct Ids {
    count: usize,
    open: Vec<(String, String)>,
}

fn said(parts: &[Value], ids: &mut Ids, messages: &mut Vec<Value>) -> Option<()> {
    let (mut text, mut calls, mut details, mut blocks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, part) in parts.iter().enumerate() {
        let signature = part["thoughtSignature"].as_str();
        let mut signed = |id: &str| {
            let Some(data) = signature else { return };
            let id = if id.is_empty() { Value::Null } else { id.into() };
            details.push(
                json!({"type": "reasoning.encrypted", "format": "gemini", "index": index, "data": data, "id": id}),
            );
        };
        if part["functionCall"].is_object() {
            let call = &part["functionCall"];
            ids.count += 1;
            let id = call["id"].as_str().map_or_else(|| format!("made_{}", ids.count), str::to_owned);
            ids.open.push((call["name"].as_str()?.to_owned(), id.clone()));
            signed(&id);
            let function = json!({"name": call["name"], "arguments": call["args"].to_string()});
            calls.push(json!({"id": id, "type": "function", "function": function}));
        } else if part["thought"] == true {
            details.push(json!({
                "type": "reasoning.text", "format": "gemini", "index": index, "text": part["text"], "signature": signature,
            }));
        } else if let Some(said) = part["text"].as_str() {
            signed("");
            text.push(said);
        } else if part["inlineData"].is_null() {
            blocks.push(json!({"format": "gemini", "index": index, "block": part}));
        } else {
            return None;
        }
    }
    // One string of text cannot say where it was cut.
    if text.len() > 1 {
        return None;
    }
    let mut message = json!({"role": "assistant", "content": text.concat(), "reasoning_details": details});
    message["server_blocks"] = blocks.into();
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    messages.push(message);
    Some(())
}

fn asked(parts: &[Value], ids: &mut Ids, messages: &mut Vec<Value>) -> Option<()> {
    let mut content = Vec::new();
    for part in parts {
        if let Some(text) = part["text"].as_str() {
            content.push(json!({"type": "text", "text": text}));
        } else if part["functionResponse"].is_object() {
            let response = &part["functionResponse"];
            let at = ids.open.iter().position(|(name, _)| response["name"] == name.as_str())?;
            let (_, id) = ids.open.remove(at);
            if response.get("parts").is_some() {
                return None;
            }
            messages.push(json!({"role": "tool", "tool_call_id": id, "content": response["response"].to_string()}));
        } else if part["inlineData"].is_object() || part["fileData"].is_object() {
            let mut native = part.clone();
            native["type"] = "native".into();
            content.push(native);
        } else {
            return None;
        }
    }
    if !content.is_empty() {
        messages.push(json!({"role": "user", "content": content}));
    }
    Some(())
}

/// What both ways of writing the same request come to: turns of parts, without ids and blanks.
fn turns_of(contents: &Value) -> Value {
    let mut turns: Vec<(bool, Vec<Value>)> = Vec::new();
    for turn in contents.as_array().into_iter().flatten() {
        let parts = turn["parts"].as_array().cloned().unwrap_or_default().into_iter().map(|mut part| {
            for name in ["functionCall", "functionResponse"] {
                part.get_mut(name).and_then(Value::as_object_mut).map(|f| f.shift_remove("id"));
            }
            if let Some(fields) = part.as_object_mut() {
                let invented = fields.get("thoughtSignature").is_some_and(|s| s == "skip_thought_signature_validator");
                fields.retain(|n, v| {
                    !(v.is_null() || n == "thought" && v == false || n == "thoughtSignature" && invented)
                });
            }
            part.sort_all_objects();
            part
        });
        let parts: Vec<Value> = parts.filter(|p| *p != json!({"text": ""})).collect();
        let model = turn["role"] == "model";
        if parts.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, all)) if *last == model => all.extend(parts),
            _ => turns.push((model, parts)),
        }
    }
    // Recorded results may come in another order than their calls; ours never do.
    let results_in_order = |mut parts: Vec<Value>| -> Value {
        parts.sort_by_key(|part| part.get("functionResponse").map_or(String::new(), Value::to_string));
        parts.into()
    };
    turns.into_iter().map(|(model, parts)| json!([model, results_in_order(parts)])).collect()
}

pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let Ok(request) = ChatRequest::from_value(asked) else { return Ok(()) };
    let encoded = Gemini.encode(&request, target, false).map_err(|failure| failure.message)?;
    let sent: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    same("contents", &turns_of(&sent["contents"]), &turns_of(&recorded["contents"]))?;
    let text_of =
        |body: &Value| text_of(body["systemInstruction"]["parts"].as_array().map_or(&[], Vec::as_slice), false);
    same("system", &text_of(&sent).into(), &text_of(recorded).into())?;
    let blank = |value: &Value| if *value == json!({}) { Value::Null } else { value.clone() };
    for field in ["generationConfig", "safetySettings", "cachedContent"] {
        same(field, &blank(&sent[field]), &blank(&recorded[field]))?;
    }
    let names = |body: &Value| -> Value {
        let mut listed = body["tools"].as_array().cloned().unwrap_or_default();
        for tool in listed.iter_mut().filter_map(Value::as_object_mut) {
            tool.retain(|_, value| !value.is_null());
        }
        let mut names: Vec<String> = listed
            .iter()
            .flat_map(|tool| match tool["functionDeclarations"].as_array() {
                Some(functions) => {
                    functions.iter().map(|f| format!("{} {}", f["name"], f["description"])).collect::<Vec<_>>()
                }
                None => tool.as_object().into_iter().flatten().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>(),
            })
            .collect();
        names.sort();
        names.into()
    };
    same("tools", &names(&sent), &names(recorded))
}
