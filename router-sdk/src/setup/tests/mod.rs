//! Tests of clouds from configuration to the bytes on the wire: addresses, names, credentials, requests and replies.

mod azure;
pub(crate) mod replay;
mod vertex;

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::Value;

use super::{Environment, Setup};
use crate::config::Config;
use crate::error::Error;
use crate::provider::{Encoded, Failure, Progress, Provider, Target, family};
use crate::wire::{ChatChunk, ChatRequest, Usage};

fn setup(config: Value, env: &[(&str, &str)]) -> Result<Setup, Error> {
    let env: BTreeMap<_, _> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Setup::build(Config::from_value(config)?, &Environment::Fixed(env))
}

/// The key and the words of the error that a configuration makes.
fn fault(config: Value, env: &[(&str, &str)]) -> String {
    match setup(config, env) {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.message().to_owned(),
    }
}

fn target(setup: &Setup, name: &str) -> Target {
    setup.resolve(name, "model").unwrap()
}

fn spoken(target: &Target) -> &'static dyn Provider {
    family(target.family())
}

fn encode(target: &Target, body: Value, stream: bool) -> (Encoded, Value) {
    let request = ChatRequest::from_value(body).unwrap();
    let encoded = spoken(target).encode(&request, target, stream).unwrap();
    let body = serde_json::from_slice(&encoded.http.body).unwrap();
    (encoded, body)
}

/// Where a plain request to this model goes.
fn url(setup: &Setup, name: &str, stream: bool) -> String {
    let asked = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    encode(&target(setup, name), asked, stream).0.http.url
}

fn explain(target: &Target, status: u16, body: &Value) -> Failure {
    spoken(target).explain_error(status, &HeaderMap::new(), body.to_string().as_bytes())
}

/// Text, finish reason and counts of a stream of these events.
fn streamed(target: &Target, events: &[Value]) -> Result<(String, Option<String>, Option<Usage>), Failure> {
    let mut decoder = spoken(target).decoder(target);
    let mut chunks: Vec<ChatChunk> = Vec::new();
    for event in events {
        let name = event["type"].as_str().unwrap_or_default();
        if decoder.event(name, &event.to_string(), &mut chunks)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut chunks);
    let text = chunks.iter().map(ChatChunk::text).collect();
    let finish = chunks.iter().filter_map(ChatChunk::finish_reason).next_back().map(str::to_owned);
    Ok((text, finish, chunks.iter().filter_map(|c| c.usage).next_back()))
}
