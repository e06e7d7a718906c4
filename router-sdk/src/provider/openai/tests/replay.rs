//! Recorded traffic of compatible vendors, where it is present beside the repository, through decoder and errors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::sse::Splitter;
use super::target;
use crate::catalog::{Catalog, Quirks};
use crate::provider::openai::OpenAi;
use crate::provider::{Cause, Failure, Progress, Provider, Target};
use crate::wire::{ChatChunk, Usage};

/// Recordings that are no chat completions although they are filed so, and why they fail.
const NOT_ANSWERS: [(&str, &str); 5] = [
    ("898e226739d53e84", "a web page that a tool fetched"),
    ("1290d39a1f37db76", "a transcription"),
    ("5867e49f066e8f58", "a refusal of the prompt by a content filter, recorded with status 200"),
    ("abdcc33ba13de8a6", "an error event in the stream"),
    ("f5f14bbc7b86d13a", "an error event in the stream"),
];

fn recordings() -> Option<Vec<PathBuf>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/wire/recordings");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    Some(files)
}

fn lines(file: &PathBuf) -> Option<Vec<Value>> {
    let out = Command::new("gzip").arg("-dc").arg(file).output().ok().filter(|out| out.status.success())?;
    let text = String::from_utf8(out.stdout).ok()?;
    Some(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn quirks(provider: &str) -> Quirks {
    Catalog::builtin().vendor(provider).map(|vendor| vendor.quirks.clone()).unwrap_or_default()
}

fn headers(response: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map(str::to_owned).or_else(|| value[0].as_str().map(str::to_owned));
        if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), value.map(HeaderValue::try_from)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The whole answer that chunks make when a client puts them together, fault by fault checked.
#[derive(Debug, Default, PartialEq, Clone)]
struct Answer {
    text: String,
    reasoning: String,
    calls: BTreeMap<(u64, u64), (String, String, String)>,
    finish: BTreeMap<u64, String>,
    usage: Option<Usage>,
}

impl Answer {
    fn add(&mut self, chunk: &ChatChunk) -> Result<(), String> {
        for field in ["id", "object", "created", "model", "choices"] {
            chunk.body.get(field).ok_or(format!("a chunk without {field}"))?;
        }
        if chunk.body.contains_key("usage")
            && chunk.body["usage"].is_object()
            && self.usage.replace(chunk.usage.ok_or("usage that was not read")?).is_some()
        {
            return Err("usage twice".into());
        }
        for choice in chunk.body["choices"].as_array().ok_or("choices are no list")? {
            let index = choice["index"].as_u64().ok_or("a choice without index")?;
            let delta = choice["delta"].as_object().ok_or("a choice without delta")?;
            if let Some(content) = delta.get("content").filter(|c| !c.is_null()) {
                self.text += content.as_str().ok_or("content is no text")?;
            }
            self.reasoning += delta.get("reasoning_content").and_then(Value::as_str).unwrap_or_default();
            for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                self.call(index, call)?;
            }
            if let Some(reason) = choice["finish_reason"].as_str()
                && self.finish.insert(index, reason.to_owned()).is_some()
            {
                return Err("two finish reasons".into());
            }
        }
        Ok(())
    }

    fn call(&mut self, choice: u64, call: &Value) -> Result<(), String> {
        let index = call["index"].as_u64().ok_or("a call without index")?;
        let new = !self.calls.contains_key(&(choice, index));
        if new && (call["id"].as_str().is_none_or(str::is_empty) || call["type"].as_str().is_none()) {
            return Err(format!("call {index} opens without id or type: {call}"));
        }
        let slot = self.calls.entry((choice, index)).or_default();
        slot.0 += call["id"].as_str().unwrap_or_default();
        slot.1 += call["function"]["name"].as_str().unwrap_or_default();
        slot.2 += call["function"]["arguments"].as_str().unwrap_or_default();
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.finish.is_empty() {
            return Err("no finish reason".into());
        }
        let cut = self.finish.values().any(|reason| reason == "length");
        for (id, name, arguments) in self.calls.values() {
            if name.is_empty() || id.is_empty() {
                return Err("a call without name or id".into());
            }
            if !cut && serde_json::from_str::<Value>(arguments).is_err() {
                return Err(format!("arguments of {name} are no JSON: {arguments}"));
            }
        }
        let told = self.finish.values().any(|reason| reason == "tool_calls");
        if !cut && told == self.calls.is_empty() {
            return Err(format!("finish {:?} with {} calls", self.finish, self.calls.len()));
        }
        Ok(())
    }
}

/// A small generator, so that every run cuts at the same places.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn streamed(target: &Target, bytes: &[u8], cuts: Option<u64>) -> Result<Answer, Failure> {
    let mut events = Vec::new();
    let mut splitter = Splitter::default();
    match cuts {
        None => events.extend(splitter.push(bytes)),
        Some(seed) => {
            let mut dice = Dice(seed | 1);
            let mut rest = bytes;
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(1 + dice.below(rest.len().min(40)));
                events.extend(splitter.push(piece));
                rest = after;
            }
        }
    }
    events.extend(splitter.finish());
    let mut decoder = OpenAi.decoder(target);
    let (mut answer, mut out) = (Answer::default(), Vec::new());
    for (name, data) in events {
        if decoder.event(&name, &data, &mut out)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut out);
    for chunk in &out {
        answer.add(chunk).map_err(Failure::malformed)?;
    }
    Ok(answer)
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

fn check_stream(target: &Target, text: &str, seed: u64) -> Result<(), String> {
    let explain = |f: Failure| format!("{}: {}", f.cause.as_str(), f.message);
    let whole = streamed(target, text.as_bytes(), None).map_err(explain)?;
    for turn in 0..3 {
        let cut = streamed(target, text.as_bytes(), Some(seed.wrapping_add(turn * 7919))).map_err(explain)?;
        if cut != whole {
            return Err("cut at other places it reads differently".into());
        }
    }
    let (plain_text, plain_arguments, finishes) = plain(text);
    if plain_text != whole.text {
        return Err("the text differs".into());
    }
    let arguments: String = whole.calls.values().map(|call| call.2.as_str()).collect();
    if arguments.replace("{}", "").len() != plain_arguments.replace("{}", "").len() {
        return Err("arguments were lost".into());
    }
    if finishes == 0 {
        return if whole.finish.is_empty() { Ok(()) } else { Err("a finish reason out of nothing".into()) };
    }
    whole.check()
}

fn check_whole(target: &Target, body: &Value) -> Result<(), String> {
    let bytes = serde_json::to_vec(body).unwrap();
    let reply = OpenAi.decode(target, &bytes).map_err(|f| format!("{}: {}", f.cause.as_str(), f.message))?;
    for (field, value) in body.as_object().unwrap() {
        let own = ["choices", "usage", "object", "created"].contains(&field.as_str());
        let absent = value.is_null() || *value == json!("");
        if !own && !absent && reply.body.get(field) != Some(value) {
            return Err(format!("{field} was changed"));
        }
    }
    let mut answer = Answer::default();
    for choice in reply.body["choices"].as_array().unwrap() {
        let mut chunk = reply.body.clone();
        let mut delta = choice["message"].clone();
        for (at, call) in delta["tool_calls"].as_array_mut().into_iter().flatten().enumerate() {
            call["index"] = json!(at);
            if call["type"] == json!("custom") {
                call["function"] = json!({"name": call["custom"]["name"], "arguments": "{}"});
            }
        }
        if delta["tool_calls"].is_null() {
            delta.as_object_mut().unwrap().remove("tool_calls");
        }
        let mut entry = Map::new();
        entry.insert("index".into(), choice["index"].clone());
        entry.insert("delta".into(), delta);
        entry.insert("finish_reason".into(), choice["finish_reason"].clone());
        chunk.insert("choices".into(), json!([entry]));
        chunk.remove("usage");
        answer.add(&ChatChunk::from_body(chunk, None))?;
    }
    if let Some(usage) = reply.usage {
        let total = reply.body["usage"]["total_tokens"].as_u64().unwrap_or_default();
        if total != usage.input + usage.output {
            return Err("usage does not add up".into());
        }
        let stated = body["usage"]["total_tokens"].as_u64();
        if stated.is_some_and(|stated| stated != total) {
            return Err(format!("a total of {total} where {stated:?} is stated: {}", body["usage"]));
        }
        if usage.cached_read > usage.input || usage.reasoning > usage.output {
            return Err(format!("a part is more than the whole: {usage:?}"));
        }
    }
    answer.check()
}

/// Causes that each recorded error must have, by a part of its message.
const EXPECTED: [(&str, Cause); 17] = [
    ("does not exist or you do not have access", Cause::ModelMissing),
    ("is not a valid model id", Cause::ModelMissing),
    ("invalid model", Cause::ModelMissing),
    ("supported api model names", Cause::ModelMissing),
    ("specified model not found", Cause::ModelMissing),
    ("api deployment for this resource", Cause::ModelMissing),
    ("api key", Cause::Auth),
    ("authentication fails", Cause::Auth),
    ("unsupported parameter", Cause::Unsupported),
    ("does not support 'system'", Cause::Unsupported),
    ("does not support this tool_choice", Cause::Unsupported),
    ("unknown variant", Cause::Unsupported),
    ("logprobs are not enabled", Cause::Unsupported),
    ("available context size", Cause::ContextTooLong),
    ("did not call a tool", Cause::ModelFault),
    ("rate-limited upstream", Cause::RateLimited),
    ("above maximum value", Cause::Caller),
];

fn check_error(status: u16, response: &Value) -> Result<(), String> {
    let bytes = serde_json::to_vec(&response["body"]).unwrap();
    let failure = OpenAi.explain_error(status, &headers(response), &bytes);
    if failure.cause == Cause::Unknown {
        return Err(format!("unknown: {}", failure.message));
    }
    let message = failure.message.to_lowercase();
    match EXPECTED.iter().find(|(part, _)| message.contains(part)) {
        Some((_, cause)) if *cause != failure.cause => {
            Err(format!("{} and not {}: {}", failure.cause.as_str(), cause.as_str(), failure.message))
        }
        _ => Ok(()),
    }
}

fn check(record: &Value) -> Option<(&'static str, Result<(), String>)> {
    let provider = record["provider"].as_str().unwrap_or_default();
    let response = &record["response"];
    let target = target(quirks(provider));
    let status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200);
    if status >= 400 {
        return Some(("error", check_error(status, response)));
    }
    if record["truncated"].as_u64().unwrap_or_default() > 0 {
        return None;
    }
    let text = response["body"].as_str().unwrap_or_default();
    let seed =
        record["id"].as_str().unwrap_or_default().bytes().fold(17_u64, |all, b| all * 31 % 1_000_003 + u64::from(b));
    match response["body_kind"].as_str().unwrap_or_default() {
        "json" => Some(("whole", check_whole(&target, &response["body"]))),
        "sse" => Some(("stream", check_stream(&target, text, seed))),
        "events_jsonl" => {
            let framed: String = text.lines().map(|line| format!("data: {line}\n\n")).collect();
            Some(("stream", check_stream(&target, &framed, seed)))
        }
        "empty" => {
            let failure = OpenAi.decode(&target, b"");
            let empty = failure.is_err_and(|f| f.cause == Cause::Empty);
            Some(("empty", if empty { Ok(()) } else { Err("an empty body is not Empty".into()) }))
        }
        _ => None,
    }
}

#[test]
fn recordings_replay() {
    let Some(files) = recordings() else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let mut table: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    let mut faults = Vec::new();
    for file in files {
        let Some(records) = lines(&file) else {
            println!("skipped: {} cannot be unpacked", file.display());
            continue;
        };
        for record in records.iter().filter(|r| r["api"] == json!("chat.completions")) {
            let Some((kind, result)) = check(record) else { continue };
            let id = record["id"].as_str().unwrap_or_default();
            let provider = record["provider"].as_str().unwrap_or_default();
            let row = table.entry((provider.to_owned(), kind)).or_default();
            row.0 += 1;
            let excused = NOT_ANSWERS.iter().any(|(known, _)| *known == id);
            match result {
                Ok(()) if excused => faults.push(format!("{provider} {kind} {id}: passes, so it needs no excuse")),
                Ok(()) => row.1 += 1,
                Err(_) if excused => {}
                Err(why) => faults.push(format!("{provider} {kind} {id}: {why}")),
            }
        }
    }
    println!("{:<20} {:<8} {:>8} {:>6}", "provider", "kind", "replayed", "clean");
    for ((provider, kind), (replayed, clean)) in &table {
        println!("{provider:<20} {kind:<8} {replayed:>8} {clean:>6}");
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}
