//! Compatible vendors by their catalogue rows: fixtures of `vendors/*.json` in, what differs from them out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::request;
use crate::account::usage_cost;
use crate::catalog::{Catalog, Model, PricePeriod, Rates};
use crate::config::Config;
use crate::provider::openai::OpenAi;
use crate::provider::{Failure, Family, Framing, Progress, Provider, Target, errors};
use crate::setup::{Environment, Setup};
use crate::transport;
use crate::wire::{ChatChunk, Usage};

/// Vendors that have no tools at all, and so no fixture of a call.
const WITHOUT_TOOLS: [&str; 1] = ["perplexity"];

fn fixtures() -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/provider/openai/tests/vendors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// The vendor's deployment as the router builds it, with a model of round prices: 1 dollar in, 0.1 cached, 2 out.
fn target(vendor: &str) -> Target {
    let config = Config::from_value(json!({"providers": {vendor: {"api_key": "test-key-0123456789"}}})).unwrap();
    let setup = Setup::build(config, &Environment::Fixed(BTreeMap::new())).unwrap();
    let deployment = Arc::clone(setup.deployments.get(vendor).unwrap());
    assert_eq!(deployment.family, Family::OpenAi, "{vendor}");
    let rates =
        Rates { input: Some(1_000_000), cached_input: Some(100_000), output: Some(2_000_000), ..Rates::default() };
    let prices = vec![PricePeriod { rates, ..PricePeriod::default() }];
    let model = Model { id: "test-model".into(), prices, ..Model::default() };
    Target { deployment, model: Arc::new(model), known: true, catalogued: true, effort: None }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What a reply or a stream comes to.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    text: String,
    reasoning: String,
    finish: Option<String>,
    calls: Vec<(String, String, String)>,
    usage: Option<Usage>,
    body: Value,
}

fn whole(target: &Target, fixture: &Value) -> Result<Answer, Failure> {
    let bytes = fixture["raw"].as_str().unwrap_or_default().to_owned() + &fixture["body"].to_string();
    let reply = OpenAi.decode(target, bytes.as_bytes())?;
    let mut answer =
        Answer { usage: reply.usage, finish: reply.finish_reason().map(str::to_owned), ..Answer::default() };
    take(&mut answer, reply.message().unwrap(), true);
    answer.body = Value::Object(reply.body);
    Ok(answer)
}

fn take(answer: &mut Answer, message: &Value, whole: bool) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    answer.text += &text(&message["content"]);
    answer.reasoning += &text(&message["reasoning_content"]);
    for (place, call) in list(message, "tool_calls").iter().enumerate() {
        let at = if whole { place } else { call["index"].as_u64().expect("an index") as usize };
        if at == answer.calls.len() {
            assert_eq!(call["type"], "function");
            answer.calls.push(Default::default());
        }
        let slot = &mut answer.calls[at];
        slot.0 += &text(&call["id"]);
        slot.1 += &text(&call["function"]["name"]);
        slot.2 += &text(&call["function"]["arguments"]);
    }
}

/// The bytes of a stream: objects are data, texts stand as they are.
fn bytes(fixture: &Value) -> Vec<u8> {
    let events = list(fixture, "events").iter().map(|event| match event {
        Value::String(raw) => format!("{raw}\n\n"),
        data => format!("data: {data}\n\n"),
    });
    events.collect::<String>().into_bytes()
}

fn streamed(target: &Target, pieces: [&[u8]; 2]) -> Result<Answer, Failure> {
    let pieces = pieces.map(|piece| Ok(Bytes::copy_from_slice(piece)));
    let events = transport::events(Framing::Sse, Box::pin(futures_util::stream::iter(pieces)));
    let events: Vec<_> = events.collect().now_or_never().expect("a stream at hand never waits");
    let (mut decoder, mut chunks) = (OpenAi.decoder(target), Vec::new());
    for event in events {
        let event = event?;
        if decoder.event(&event.name, &event.data, &mut chunks)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut chunks);
    let mut answer = Answer::default();
    chunks.iter().for_each(|chunk| join(&mut answer, chunk));
    Ok(answer)
}

fn join(answer: &mut Answer, chunk: &ChatChunk) {
    if let Some(usage) = chunk.usage {
        assert!(answer.usage.replace(usage).is_none(), "usage twice");
    }
    for choice in chunk.body["choices"].as_array().expect("choices") {
        take(answer, &choice["delta"], false);
        if let Some(finish) = choice["finish_reason"].as_str() {
            assert!(answer.finish.replace(finish.to_owned()).is_none(), "two finish reasons");
        }
    }
}

fn check(target: &Target, found: Result<Answer, Failure>, expected: &Value) -> Result<(), String> {
    let same = |what: &str, found: &Value, wanted: &Value| {
        if found == wanted { Ok(()) } else { Err(format!("{what}: {found} in place of {wanted}")) }
    };
    let answer = match (found, expected["fails"].as_str()) {
        (Err(failure), Some(cause)) => return same("cause", &failure.cause.as_str().into(), &cause.into()),
        (Ok(_), Some(cause)) => return Err(format!("an answer in place of {cause}")),
        (Err(failure), None) => return Err(format!("{failure:?}")),
        (Ok(answer), None) => answer,
    };
    same("text", &answer.text.into(), &expected["text"].as_str().unwrap_or_default().into())?;
    same("reasoning", &answer.reasoning.into(), &expected["reasoning"].as_str().unwrap_or_default().into())?;
    same("finish", &answer.finish.into(), &expected["finish"])?;
    let calls = list(expected, "calls");
    same("calls", &answer.calls.len().into(), &calls.len().into())?;
    for ((id, name, arguments), wanted) in answer.calls.iter().zip(calls) {
        same("id", &id.as_str().into(), &wanted["id"])?;
        same("name", &name.as_str().into(), &wanted["name"])?;
        let parsed = if wanted["arguments"].is_string() {
            arguments.as_str().into()
        } else {
            serde_json::from_str(arguments).map_err(|e| format!("arguments {arguments}: {e}"))?
        };
        same("arguments", &parsed, &wanted["arguments"])?;
    }
    for (path, wanted) in expected["keeps"].as_object().into_iter().flatten() {
        same(path, answer.body.pointer(path).unwrap_or(&Value::Null), wanted)?;
    }
    if expected["usage"].is_object() {
        let usage = answer.usage.ok_or("no usage")?;
        let found = serde_json::to_value(usage).unwrap();
        for name in ["input", "cached_read", "output", "reasoning"] {
            let wanted = expected["usage"].get(name).cloned().unwrap_or_else(|| 0.into());
            same(name, &found[name], &wanted)?;
        }
        let cost = usage_cost(&target.model, &usage, Date::constant(2026, 11, 22), None);
        same("cost", &cost.into(), &expected["cost"])?;
    }
    Ok(())
}

fn check_request(target: &Target, vendor: &Value, fixture: &Value) -> Result<(), String> {
    let stream = fixture["stream"] == true;
    let encoded = OpenAi.encode(&request(fixture["asked"].clone()), target, stream);
    let encoded = match (encoded, fixture["refused"].as_str()) {
        (Err(failure), Some(start)) if failure.message.starts_with(start) => return Ok(()),
        (Err(failure), _) => return Err(format!("{failure:?}")),
        (Ok(_), Some(start)) => return Err(format!("sent in place of refused for {start}")),
        (Ok(encoded), None) => encoded,
    };
    if vendor["url"] != encoded.http.url {
        return Err(format!("sent to {}", encoded.http.url));
    }
    if encoded.http.headers.get("authorization").map(HeaderValue::as_bytes) != Some(b"Bearer test-key-0123456789") {
        return Err("sent without the key".into());
    }
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    if body != fixture["sent"] {
        return Err(format!("sent {body}\n  in place of {}", fixture["sent"]));
    }
    let wanted = list(fixture, "adapted");
    let said = |word: &Value| encoded.adapted.iter().any(|a| a.starts_with(word.as_str().unwrap()));
    if encoded.adapted.len() == wanted.len() && wanted.iter().all(said) {
        return Ok(());
    }
    Err(format!("adapted {:?} in place of {wanted:?}", encoded.adapted))
}

fn check_error(target: &Target, fixture: &Value) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    for (name, value) in fixture["headers"].as_object().into_iter().flatten() {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }
    let body = fixture["raw"].as_str().map_or_else(|| fixture["body"].to_string(), str::to_owned);
    let status = fixture["status"].as_u64().unwrap() as u16;
    let mut failure = OpenAi.explain_error(status, &headers, body.as_bytes());
    if target.deployment.quirks.client_errors_as_500 {
        failure = errors::client_errors_as_500(failure);
    }
    let wait = failure.retry_after.map(|wait| wait.as_millis() as u64);
    let same = failure.cause.as_str() == fixture["cause"]
        && json!(wait) == fixture["retry_ms"]
        && (fixture["code"].is_null() || json!(failure.code) == fixture["code"])
        && json!(failure.request_id) == fixture["request_id"];
    if same { Ok(()) } else { Err(format!("{failure:?} in place of {fixture}")) }
}

/// What every vendor's file must show, so that none of them grows thin.
fn check_coverage(fixture: &Value) -> Result<(), String> {
    let answers = || list(fixture, "replies").iter().chain(list(fixture, "streams"));
    let vendor = fixture["vendor"].as_str().unwrap();
    let calls = answers().any(|a| !list(a, "calls").is_empty()) || WITHOUT_TOOLS.contains(&vendor);
    let counted = |field: &str| list(fixture, field).iter().any(|a| a["usage"].is_object() && a["cost"].is_u64());
    let shown = [
        ("requests", !list(fixture, "requests").is_empty()),
        ("replies with usage and cost", counted("replies")),
        ("streams with usage and cost", counted("streams")),
        ("calls", calls),
        ("two errors", list(fixture, "errors").len() >= 2),
    ];
    let missing: Vec<&str> = shown.iter().filter(|(_, there)| !there).map(|(what, _)| *what).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("lacks {}", missing.join(", "))) }
}

#[test]
fn every_vendor_is_spoken_to_and_understood() {
    let all = fixtures();
    assert!(all.len() >= 20, "only {} vendors have fixtures", all.len());
    let (mut faults, mut checks) = (Vec::new(), 0);
    for vendor in &all {
        let name = vendor["vendor"].as_str().unwrap();
        assert!(Catalog::builtin().vendor(name).is_some(), "{name}");
        let target = target(name);
        let mut note = |what: String, result: Result<(), String>| {
            checks += 1;
            faults.extend(result.err().map(|why| format!("{name}: {what}: {why}")));
        };
        note("coverage".into(), check_coverage(vendor));
        for fixture in list(vendor, "requests") {
            note(format!("request {}", fixture["name"]), check_request(&target, vendor, fixture));
        }
        for fixture in list(vendor, "replies") {
            note(format!("reply {}", fixture["name"]), check(&target, whole(&target, fixture), fixture));
        }
        for fixture in list(vendor, "streams") {
            let bytes = bytes(fixture);
            let read = |cut: usize| {
                let (one, two) = bytes.split_at(cut);
                check(&target, streamed(&target, [one, two]), fixture).map_err(|why| format!("cut at {cut}: {why}"))
            };
            // One fault of a stream is enough to see.
            note(format!("stream {}", fixture["name"]), (0..bytes.len()).try_for_each(read));
        }
        for (at, fixture) in list(vendor, "errors").iter().enumerate() {
            note(format!("error {at}"), check_error(&target, fixture));
        }
    }
    let first = &faults[..faults.len().min(40)];
    assert!(faults.is_empty(), "{} of {checks} checks differ:\n{}", faults.len(), first.join("\n"));
}
