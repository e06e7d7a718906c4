//! Recorded chat completions of compatible vendors in; what differs between them and what this family makes of them out.

use serde_json::{Value, json};

use super::again::again;
use crate::catalog::{Catalog, Model, Quirks};
use crate::provider::openai::OpenAi;
use crate::provider::replay::{Answer, Notes, Recording, chunks};
use crate::provider::turns::replay::Cuts;
use crate::provider::{Provider, Target};
use crate::setup::tests::replay as setup;

/// A target with the quirks of the vendor that was recorded.
pub(in crate::provider) fn target_of(recording: &Recording) -> Target {
    let quirks = Catalog::builtin().vendor(&recording.provider).map_or_else(Quirks::default, |v| v.quirks.clone());
    super::target_with(quirks, Model { id: recording.model.clone(), ..Model::default() })
}

/// What is checked of this family alone.
pub(in crate::provider) fn own(recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    if recording.request.get("messages").is_some() {
        let result = again(target, &recording.request);
        // What the vendor refused may be refused here too.
        notes.note("request", result.or_else(|why| if recording.status >= 400 { Ok(()) } else { Err(why) }));
    }
    if recording.provider == "azure" {
        setup::azure(recording, notes);
    }
    if recording.status >= 400 {
        return;
    }
    match recording.kind.as_str() {
        "json" => notes.note("fields", fields(target, &recording.body)),
        "sse" | "events_jsonl" => notes.note("pieces", pieces(target, &recording.bytes(), cuts)),
        _ => {}
    }
}

/// Text and arguments as the recording itself has them, read in the plainest way.
fn plain(bytes: &str) -> (String, String, usize) {
    let (mut text, mut arguments, mut finishes) = (String::new(), String::new(), 0);
    for line in bytes.lines() {
        let Some(data) = line.strip_prefix("data:") else { continue };
        let Ok(chunk) = serde_json::from_str::<Value>(data.trim()) else { continue };
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            match &choice["delta"]["content"] {
                Value::String(piece) => text += piece,
                Value::Array(parts) => parts.iter().for_each(|part| {
                    if part["type"] == json!("text") {
                        text += part["text"].as_str().unwrap_or_default();
                    }
                }),
                _ => {}
            }
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                arguments += call["function"]["arguments"].as_str().unwrap_or_default();
            }
            finishes += usize::from(choice["finish_reason"].is_string());
        }
    }
    (text, arguments, finishes)
}

/// Nothing that was streamed is lost, and no finish reason is made out of nothing.
fn pieces(target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let (made, failure) = chunks(&OpenAi, target, bytes, cuts, 200);
    if failure.is_some() {
        return Ok(());
    }
    let answer = Answer::of(&made)?;
    let (text, arguments, finishes) = plain(std::str::from_utf8(bytes).unwrap());
    if text != answer.text {
        return Err("the text differs".into());
    }
    let read: String = answer.calls.values().map(|call| call.arguments.as_str()).collect();
    if read.replace("{}", "").len() != arguments.replace("{}", "").len() {
        return Err("arguments were lost".into());
    }
    if (finishes == 0) == answer.finish.is_empty() {
        return Ok(());
    }
    Err(format!("{finishes} finish reasons became {}", answer.finish.len()))
}

/// Fields of the reply reach the caller, and the counts add up to the stated total.
fn fields(target: &Target, body: &Value) -> Result<(), String> {
    let Ok(reply) = OpenAi.decode(target, &serde_json::to_vec(body).unwrap()) else { return Ok(()) };
    for (field, value) in body.as_object().into_iter().flatten() {
        let own = ["choices", "usage", "object", "created"].contains(&field.as_str());
        let absent = value.is_null() || *value == json!("");
        if !own && !absent && reply.body.get(field) != Some(value) {
            return Err(format!("{field} was changed"));
        }
    }
    let messages = |choices: &Value| choices.as_array().cloned().unwrap_or_default();
    for (told, given) in messages(&reply.body["choices"]).iter().zip(messages(&body["choices"])) {
        let texts = [&given["message"]["content"], &told["message"]["content"]];
        if texts[0].is_string() && texts[0] != texts[1] {
            return Err("the text differs".into());
        }
    }
    let stated = body["usage"]["total_tokens"].as_u64();
    match reply.usage {
        Some(usage) if stated.is_some_and(|stated| stated != usage.input + usage.output) => {
            Err(format!("{usage:?} where {stated:?} is stated: {}", body["usage"]))
        }
        None if stated.is_some() => Err("the usage is lost".into()),
        _ => Ok(()),
    }
}
