//! What replays of recorded traffic share: recordings and seeded cuts in, the answers that chunks make out.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::catalog::{Model, Quirks};
use crate::provider::{Deployment, Failure, Family, Progress, Provider, Target};
use crate::transport;
use crate::wire::{ChatChunk, Usage};

/// A target of this model.
pub(in crate::provider) fn target(family: Family, base_url: &str, model: Model) -> Target {
    let deployment = Deployment {
        provider: "p".into(),
        name: None,
        weight: 1.0,
        priority: 0,
        limits: crate::provider::Limits::default(),
        family,
        base_url: base_url.into(),
        chat_path: String::new(),
        key: Some("test-key-0123456789".to_owned().into()),
        credentials: crate::credential::Credentials::default(),
        key_header: None,
        headers: HeaderMap::new(),
        quirks: Quirks::default(),
        sandbox: false,
        local: false,
        zdr: false,
        cloud: crate::provider::Cloud::Plain,
        owner: None,
    };
    Target { deployment: Arc::new(deployment), model: Arc::new(model), known: true, catalogued: true, effort: None }
}

/// The recordings of a provider, where they are present beside the repository.
pub(crate) fn recordings(provider: &str) -> Option<Vec<Value>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/wire/recordings");
    let out = Command::new("gzip").arg("-dc").arg(folder.join(format!("{provider}.jsonl.gz"))).output().ok()?;
    let text = String::from_utf8(out.stdout).ok().filter(|text| out.status.success() && !text.is_empty())?;
    Some(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// A small generator of cuts: the same seed, the same cuts.
pub(in crate::provider) struct Cuts(pub(in crate::provider) u64);

impl Cuts {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    pub(in crate::provider) fn cut(&mut self, bytes: &[u8], longest: usize) -> Vec<Bytes> {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let end = (at + 1 + self.next(longest)).min(bytes.len());
            out.push(Bytes::copy_from_slice(&bytes[at..end]));
            at = end;
        }
        out
    }
}

/// What a client makes of a stream.
#[derive(Debug, Default, PartialEq)]
pub(in crate::provider) struct Streamed {
    pub(in crate::provider) message: Value,
    pub(in crate::provider) finish: Option<String>,
    pub(in crate::provider) usage: Option<Usage>,
    pub(in crate::provider) last: Value,
}

/// Reads a stream cut into pieces of at most `longest` bytes.
pub(in crate::provider) fn stream(
    family: &dyn Provider,
    target: &Target,
    bytes: &[u8],
    cuts: &mut Cuts,
    longest: usize,
) -> Result<Streamed, Failure> {
    let pieces: Vec<Result<Bytes, Failure>> = cuts.cut(bytes, longest).into_iter().map(Ok).collect();
    let events = transport::events(family.framing(), Box::pin(futures_util::stream::iter(pieces)));
    let events: Vec<_> = events.collect().now_or_never().expect("a stream at hand never waits");
    let mut decoder = family.decoder(target);
    let mut chunks = Vec::new();
    for event in events {
        let event = event?;
        if decoder.event(&event.name, &event.data, &mut chunks)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut chunks);
    Ok(assemble(&chunks))
}

/// Puts the chunks of the first choice together as clients do, and checks what every stream must keep.
pub(in crate::provider) fn assemble(chunks: &[ChatChunk]) -> Streamed {
    let mut out = Streamed::default();
    let mut message = Map::new();
    for chunk in chunks {
        for field in ["id", "object", "created", "model", "choices"] {
            assert!(chunk.body.contains_key(field), "a chunk lacks {field}");
        }
        let choice = &chunk.body["choices"][0];
        if choice["index"] == 0 {
            assert!(out.finish.is_none(), "a chunk after the finish");
            out.finish = choice["finish_reason"].as_str().map(str::to_owned);
            merge(&mut message, choice["delta"].as_object().expect("a delta"));
        }
        if let Some(usage) = chunk.usage {
            assert!(out.usage.replace(usage).is_none(), "usage twice");
        }
    }
    if let Some(last) = chunks.last() {
        let mut last = last.body.clone();
        for field in ["created", "choices", "object"] {
            last.shift_remove(field);
        }
        out.last = last.into();
    }
    if let Some(first) = chunks.first() {
        assert_eq!(first.body["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    }
    out.message = message.into();
    out
}

fn merge(message: &mut Map<String, Value>, delta: &Map<String, Value>) {
    for (name, value) in delta {
        match (name.as_str(), value) {
            ("tool_calls", Value::Array(calls)) => {
                let all = message.entry(name.clone()).or_insert_with(|| json!([]));
                let all = all.as_array_mut().expect("a list");
                calls.iter().for_each(|call| merge_call(all, call));
            }
            (_, Value::Array(more)) => {
                let all = message.entry(name.clone()).or_insert_with(|| json!([]));
                all.as_array_mut().expect("a list").extend(more.iter().cloned());
            }
            (_, Value::String(more)) => match message.get_mut(name) {
                Some(Value::String(all)) => all.push_str(more),
                _ => {
                    message.insert(name.clone(), value.clone());
                }
            },
            _ => panic!("a delta of an unknown kind: {name}"),
        }
    }
}

fn merge_call(all: &mut Vec<Value>, call: &Value) {
    let index = call["index"].as_u64().expect("an index") as usize;
    if index == all.len() {
        assert!(call["id"].as_str().is_some_and(|id| !id.is_empty()), "a call opens without an id");
        let mut call = call.clone();
        call.as_object_mut().expect("a call").shift_remove("index");
        all.push(call);
        return;
    }
    let (part, field) = if call.get("custom").is_some() { ("custom", "input") } else { ("function", "arguments") };
    let fragment = call[part][field].as_str().expect("a fragment").to_owned();
    let Value::String(told) = &mut all[index][part][field] else { panic!("no {field}") };
    told.push_str(&fragment);
}

/// A message as a reader sees it: nulls and empty lists say nothing, arguments are JSON.
pub(in crate::provider) fn plain(message: &Value) -> Value {
    let mut out = Map::new();
    for (name, value) in message.as_object().into_iter().flatten() {
        let blank = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        if !blank {
            out.insert(name.clone(), value.clone());
        }
    }
    for call in out.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Ok(parsed)) = call["function"]["arguments"].as_str().map(serde_json::from_str::<Value>) {
            call["function"]["arguments"] = parsed;
        }
    }
    out.sort_keys();
    out.into()
}

/// Events as the bytes of a stream, with the line ends given.
pub(in crate::provider) fn bytes_of(events: &[Value], line_end: &str) -> Vec<u8> {
    let mut out = String::new();
    for event in events {
        if let Some(kind) = event["type"].as_str() {
            out.push_str(&format!("event: {kind}{line_end}"));
        }
        out.push_str(&format!("data: {event}{line_end}{line_end}"));
    }
    out.into_bytes()
}

/// The events of a recorded body.
pub(in crate::provider) fn events_of(body: &str) -> Vec<Value> {
    let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect()
}

pub(crate) fn same(what: &str, left: &Value, right: &Value) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{what} differs\n  {left}\n  {right}")) }
}

/// The value with each of its nodes in turn replaced by something that nobody expects there.
pub(in crate::provider) fn odd_versions(value: &Value) -> Vec<Value> {
    let odd = [Value::Null, json!(-1.5), json!("x"), json!([]), json!({}), json!([null]), json!({"text": 3})];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, inner)| (name.clone(), inner)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, inner)| (i.to_string(), inner)).collect(),
        _ => Vec::new(),
    };
    let mut out = odd.to_vec();
    for (name, inner) in inner {
        for version in odd_versions(inner) {
            let mut whole = value.clone();
            if let Some(place) = whole.pointer_mut(&format!("/{name}")) {
                *place = version;
            }
            out.push(whole);
        }
    }
    out
}
