//! Replay of recorded traffic, where recordings are present beside the repository.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test may.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{body, encode, place, vendor};
use crate::catalog::{Catalog, EmbeddingKind};
use crate::provider::embedding::{Place, embedder};
use crate::provider::turns::replay::recordings;
use crate::provider::{Cause, errors};
use crate::wire::{EmbeddingRequest, from_base64};

const PROVIDERS: [&str; 13] = [
    "azure",
    "cohere",
    "copilot",
    "doubleword",
    "gemini",
    "llamacpp",
    "mistral",
    "ollama",
    "openai",
    "openrouter",
    "venice",
    "vertex",
    "voyage",
];
const APIS: [&str; 4] = ["embeddings", "cohere.embed", "embedContent", "ollama.embed"];

/// The place that a recording was made at, or one of the same shape.
fn place_of(provider: &str, model: &str) -> Place {
    match provider {
        "vertex" => vendor("gemini", model),
        name if Catalog::builtin().vendor(name).is_some_and(|v| !v.embeddings_path.is_empty()) => vendor(name, model),
        _ => place(crate::catalog::EmbeddingRules::default(), "http://127.0.0.1:9/v1", "/embeddings", model),
    }
}

/// The vectors of a recorded reply, wherever its API has them.
fn vectors_of(body: &mut Value) -> Vec<&mut Value> {
    let many =
        ["/data", "/embeddings/float", "/embeddings"].iter().find(|at| body.pointer(at).is_some_and(Value::is_array));
    match many {
        Some(at) => body.pointer_mut(at).and_then(Value::as_array_mut).into_iter().flatten().map(inner).collect(),
        None => ["/embedding/values", "/embedding"]
            .iter()
            .find(|at| body.pointer(at).is_some())
            .and_then(|at| body.pointer_mut(at))
            .into_iter()
            .collect(),
    }
}

fn inner(item: &mut Value) -> &mut Value {
    let name = if item.get("embedding").is_some() { "embedding" } else { "values" };
    if item.is_object() { item.get_mut(name).unwrap() } else { item }
}

fn numbers(vector: &Value) -> Vec<f32> {
    match vector {
        Value::String(text) => from_base64(text).unwrap(),
        list => list.as_array().into_iter().flatten().map(|v| v.as_f64().unwrap() as f32).collect(),
    }
}

fn check_reply(place: &Place, recorded: &Value, cut: bool) -> Result<(), String> {
    let mut reply = recorded.clone();
    if cut {
        // Vectors that were cut keep their place and lose their values.
        vectors_of(&mut reply).into_iter().for_each(|vector| *vector = json!([0.5, -0.5]));
    }
    let wanted: Vec<Vec<f32>> = vectors_of(&mut reply).into_iter().map(|v| numbers(v)).collect();
    let decoded = embedder(place.rules.kind).decode_embeddings(wanted.len(), reply.to_string().as_bytes());
    let decoded = decoded.map_err(|failure| format!("{failure:?}"))?;
    if decoded.vectors != wanted {
        return Err("other vectors".into());
    }
    let told = [
        "/usage/prompt_tokens",
        "/usage/total_tokens",
        "/meta/billed_units/input_tokens",
        "/usageMetadata/promptTokenCount",
    ]
    .iter()
    .find_map(|at| recorded.pointer(at).and_then(Value::as_u64));
    if decoded.usage.map(|u| u.input) == told {
        Ok(())
    } else {
        Err(format!("usage {:?}, told {told:?}", decoded.usage))
    }
}

fn check_error(status: u16, body: &Value) -> Result<(), String> {
    let text = if body.is_string() { body.as_str().unwrap().to_owned() } else { body.to_string() };
    let cause = errors::explain(status, &HeaderMap::new(), text.as_bytes()).cause;
    let message = text.to_ascii_lowercase();
    let wanted: &[Cause] = match status {
        401 => &[Cause::Auth],
        404 => &[Cause::ModelMissing],
        _ if ["not supported. supported models", "invalid model", "does not exist"]
            .iter()
            .any(|w| message.contains(w)) =>
        {
            &[Cause::ModelMissing]
        }
        400 => &[Cause::Caller, Cause::Unsupported, Cause::TooLarge, Cause::ContextTooLong],
        // llama.cpp: a server without embeddings, and an input larger than its batch.
        _ => &[Cause::Unsupported, Cause::Server, Cause::ContextTooLong, Cause::TooLarge],
    };
    if wanted.contains(&cause) { Ok(()) } else { Err(format!("{status} is {cause:?}: {text}")) }
}

/// The recorded request in our shape; nothing when it cannot be said in it.
fn ours(kind: EmbeddingKind, recorded: &Value) -> Option<Value> {
    let mut given: Map<String, Value> = recorded.as_object()?.clone();
    given.retain(|_, value| !value.is_null());
    if kind == EmbeddingKind::Gemini {
        return of_gemini(recorded);
    }
    // Images, and the older interface of Ollama, have another shape.
    let input = given.remove("texts").or_else(|| given.remove("input"))?;
    given.insert("input".into(), input);
    if let Some(length) = given.remove("output_dimension") {
        given.insert("dimensions".into(), length);
    }
    EmbeddingRequest::from_value(Value::Object(given.clone())).ok()?;
    Some(Value::Object(given))
}

/// A batch whose requests differ in their text alone. The newer models answer a `taskType` and take no notice of it, so
/// what is sent to them differs on purpose.
fn of_gemini(recorded: &Value) -> Option<Value> {
    let newer = |r: &Value| r["model"].as_str().is_some_and(|m| m.starts_with("models/gemini-embedding-2"));
    if recorded.get("requests")?.as_array()?.iter().any(|r| newer(r) && r.get("taskType").is_some()) {
        return None;
    }
    let requests = recorded.get("requests")?.as_array()?;
    let text = |r: &Value| {
        let parts = r.pointer("/content/parts")?.as_array()?;
        (parts.len() == 1).then(|| parts[0]["text"].clone())
    };
    let first = requests.first()?;
    let dimensions = first.get("outputDimensionality").or_else(|| first.get("output_dimensionality")).cloned();
    Some(json!({
        "model": "x", "input": requests.iter().map(text).collect::<Option<Vec<_>>>()?,
        "dimensions": dimensions, "input_type": first.get("taskType"),
    }))
}

/// Spellings of the same: the form of vectors on the wire, lists of one, absent and null, Google's two cases.
fn plain(mut body: Value) -> Value {
    if let Some(map) = body.as_object_mut() {
        map.retain(|name, value| !value.is_null() && !["encoding_format", "embedding_types"].contains(&name.as_str()));
        if let Some(text) = map.get("input").filter(|i| i.is_string()).cloned() {
            map.insert("input".into(), json!([text]));
        }
    }
    for request in body.get_mut("requests").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(length) = request.as_object_mut().and_then(|r| r.remove("output_dimensionality")) {
            request["outputDimensionality"] = length;
        }
        if let Some(content) = request["content"].as_object_mut() {
            content.remove("role");
        }
    }
    body
}

#[derive(Default)]
struct Counts {
    replies: usize,
    cut: usize,
    errors: usize,
    requests: usize,
    other: usize,
}

#[test]
fn recorded_embeddings_replay() {
    let (mut table, mut wrong) = (BTreeMap::<String, Counts>::new(), Vec::new());
    for provider in PROVIDERS {
        for recording in recordings(provider).unwrap_or_default() {
            let api = recording["api"].as_str().unwrap_or_default();
            if !APIS.contains(&api) {
                continue;
            }
            let counts = table.entry(format!("{provider} {api}")).or_default();
            let place = place_of(provider, recording["model"].as_str().unwrap_or("m"));
            let (status, cut) = (recording["response"]["status"].as_u64().unwrap_or(200), recording["truncated"] != 0);
            let reply = &recording["response"]["body"];
            let checked = if status == 200 {
                if reply["response_type"] == "embeddings_by_type" && reply["texts"] == json!([]) {
                    counts.other += 1;
                }
                counts.replies += 1;
                counts.cut += usize::from(cut);
                check_reply(&place, reply, cut)
            } else {
                counts.errors += 1;
                check_error(status as u16, reply)
            };
            let asked = &recording["request"]["body"];
            let request = if asked.is_object() { ours(place.rules.kind, asked) } else { None };
            let encoded = request.map(|request| {
                counts.requests += 1;
                let sent = plain(body(&encode(request, &place)));
                if sent == plain(asked.clone()) { Ok(()) } else { Err(format!("sent {sent}, recorded {asked}")) }
            });
            for fault in [Some(checked), encoded].into_iter().flatten().filter_map(Result::err) {
                wrong.push(format!("{}: {}", recording["id"], fault.chars().take(500).collect::<String>()));
            }
        }
    }
    if table.is_empty() {
        println!("skipped: no recordings beside the repository");
        return;
    }
    println!("provider api: replies (of them with vectors cut), errors, requests written again, of another shape");
    for (name, c) in &table {
        println!("{name}: {} ({}), {}, {}, {}", c.replies, c.cut, c.errors, c.requests, c.other);
    }
    let total: usize = table.values().map(|c| c.replies + c.errors).sum();
    assert!(total >= 60, "{total} recordings");
    assert!(wrong.is_empty(), "{} of {total} differ:\n{}", wrong.len(), wrong.join("\n"));
}
