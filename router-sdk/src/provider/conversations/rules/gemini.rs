//! Gemini generateContent, third generation.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ensure, list, only, text};

const TOP: [&str; 7] =
    ["contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"];
const DATA: [&str; 7] =
    ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];
/// Google's own word for calls whose signature is not known.
const STAND_IN: &str = "skip_thought_signature_validator";

pub(in crate::provider::conversations) fn check(body: &Value, own: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    let mut open: Vec<(String, Value)> = Vec::new();
    let mut before = "";
    for (at, turn) in list(&body["contents"], "contents")?.iter().enumerate() {
        only(turn, &["role", "parts"], "a turn")?;
        let role = text(turn, "role", "a turn")?;
        ensure(role == "user" || role == "model", "please use a valid role: user, model")?;
        ensure(at > 0 || role == "user", "the user begins")?;
        let parts = list(&turn["parts"], "parts")?;
        ensure(!parts.is_empty(), "a turn without parts")?;
        for part in parts {
            part_fits(part, own)?;
        }
        if role == "model" {
            ensure(before == "user", format!("contents[{at}]: the model speaks twice"))?;
            open = calls(parts)?;
        } else {
            results(parts, &mut open)?;
        }
        before = role;
    }
    ensure(open.is_empty() && before == "user", "calls without results, or the model has the last word")
}

fn part_fits(part: &Value, own: &BTreeSet<String>) -> Result<(), String> {
    let known = [DATA.as_slice(), &["thought", "thoughtSignature"]].concat();
    only(part, &known, "a part")?;
    let count = DATA.iter().filter(|name| part.get(**name).is_some()).count();
    ensure(count == 1, format!("a part holds {count} kinds of data"))?;
    match part.get("thoughtSignature") {
        None => Ok(()),
        Some(Value::String(signature)) => {
            let fits = own.contains(signature) || signature == STAND_IN && part.get("functionCall").is_some();
            ensure(fits, format!("the signature {signature} cannot be verified"))
        }
        Some(_) => Err("a signature is text".into()),
    }
}

/// Name and id of each call; the first one of a turn is signed, as this generation insists.
fn calls(parts: &[Value]) -> Result<Vec<(String, Value)>, String> {
    let mut out = Vec::new();
    for part in parts.iter().filter(|p| p.get("functionCall").is_some()) {
        let call = &part["functionCall"];
        only(call, &["id", "name", "args"], "functionCall")?;
        ensure(call["args"].is_object(), "args is no object")?;
        ensure(!out.is_empty() || part["thoughtSignature"].is_string(), "the first call of a turn is signed")?;
        ensure(out.is_empty() || part["thoughtSignature"] != STAND_IN, "only the first call has a stand-in")?;
        out.push((text(call, "name", "functionCall")?.to_owned(), call["id"].clone()));
    }
    Ok(out)
}

/// As many results as calls, in the order of the calls, by name and id.
fn results(parts: &[Value], open: &mut Vec<(String, Value)>) -> Result<(), String> {
    let given: Vec<&Value> = parts.iter().map(|p| &p["functionResponse"]).filter(|r| r.is_object()).collect();
    ensure(given.len() == open.len(), format!("{} results of {} calls", given.len(), open.len()))?;
    for (response, (name, id)) in given.into_iter().zip(open.drain(..)) {
        only(response, &["id", "name", "response", "parts"], "functionResponse")?;
        ensure(response["response"].is_object(), "a response is an object")?;
        ensure(response["name"] == name.as_str() && response["id"] == id, format!("a result of {name} is amiss"))?;
        for part in response["parts"].as_array().into_iter().flatten() {
            only(part, &["inlineData", "fileData"], "a part of a response")?;
        }
    }
    Ok(())
}
