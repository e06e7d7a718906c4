//! Conversations that go from one provider to another, with tools, pictures and thinking: every body that is sent is
//! checked by the receiver's own rules, and signatures go back only to the one who made them.
//!
//! A new family takes one line in [`speakers`].

mod rules;
mod samples;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::turns::replay::{Cuts, stream};
use super::{Family, Target, family};
use crate::catalog::{Catalog, Model};
use crate::wire::ChatRequest;

/// One who takes part: how it is asked, how it answers, and what it accepts.
struct Speaker {
    name: &'static str,
    target: Target,
    /// Its whole reply of a turn: thinking, text, and two calls of which it says so.
    reply: fn(turn: usize) -> Value,
    /// The same as a stream.
    stream: fn(turn: usize) -> Vec<u8>,
    /// Whose signatures it can verify: those of its own maker, wherever they were given.
    signer: &'static str,
    /// The signatures that it gave in that turn.
    signatures: fn(turn: usize) -> Vec<String>,
    /// Its rules for a request, given all signatures that it made.
    rules: fn(body: &Value, own: &BTreeSet<String>) -> Result<(), String>,
}

fn target(family: Family, provider: &str, model: &str) -> Target {
    let catalog = Catalog::builtin();
    let found = catalog.get(provider, model).map(|m| Model::clone(&m));
    let model = found.unwrap_or_else(|| Model { id: model.into(), ..Model::default() });
    let quirks = catalog.vendor(provider).map(|v| v.quirks.clone()).unwrap_or_default();
    let base = super::turns::replay::target(family, "http://127.0.0.1:9", model);
    let deployment = super::Deployment { quirks, ..std::sync::Arc::into_inner(base.deployment).unwrap() };
    Target { deployment: std::sync::Arc::new(deployment), ..base }
}

fn speakers() -> Vec<Speaker> {
    vec![
        Speaker {
            name: "openai",
            signer: "openai",
            target: target(Family::OpenAi, "openai", "gpt-5.1"),
            reply: samples::openai::reply,
            stream: samples::openai::stream,
            signatures: |_| Vec::new(),
            rules: rules::openai::check,
        },
        Speaker {
            name: "anthropic",
            signer: "anthropic",
            target: super::anthropic::tests::modern(),
            reply: samples::anthropic::reply,
            stream: samples::anthropic::stream,
            signatures: samples::anthropic::signatures,
            rules: rules::anthropic::check,
        },
        Speaker {
            name: "older anthropic",
            signer: "anthropic",
            target: super::anthropic::tests::older(),
            reply: samples::anthropic::reply,
            stream: samples::anthropic::stream,
            signatures: samples::anthropic::signatures,
            rules: rules::anthropic::check,
        },
        Speaker {
            name: "gemini",
            signer: "gemini",
            target: super::gemini::tests::named("gemini-3-pro-preview"),
            reply: samples::gemini::reply,
            stream: samples::gemini::stream,
            signatures: samples::gemini::signatures,
            rules: rules::gemini::check,
        },
        Speaker {
            name: "mistral",
            signer: "mistral",
            target: target(Family::OpenAi, "mistral", "mistral-medium-latest"),
            reply: samples::mistral::reply,
            stream: samples::mistral::stream,
            signatures: |_| Vec::new(),
            rules: rules::mistral::check,
        },
        Speaker {
            name: "responses",
            signer: "responses",
            target: super::responses::tests::thinker(),
            reply: samples::responses::reply,
            stream: samples::responses::stream,
            signatures: samples::responses::signatures,
            rules: rules::responses::check,
        },
        Speaker {
            name: "bedrock",
            signer: "anthropic",
            target: super::bedrock::tests::claude(),
            reply: samples::bedrock::reply,
            stream: samples::bedrock::stream,
            signatures: samples::bedrock::signatures,
            rules: rules::bedrock::check,
        },
        Speaker {
            name: "cohere",
            signer: "cohere",
            target: super::cohere::tests::thinker(),
            reply: samples::cohere::reply,
            stream: samples::cohere::stream,
            signatures: |_| Vec::new(),
            rules: rules::cohere::check,
        },
        Speaker {
            name: "ollama",
            signer: "ollama",
            target: super::ollama::tests::thinker(),
            reply: samples::ollama::reply,
            stream: samples::ollama::stream,
            signatures: |_| Vec::new(),
            rules: rules::ollama::check,
        },
    ]
}

fn tools() -> Value {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool =
        |name: &str| json!({"type": "function", "function": {"name": name, "description": "d", "parameters": city}});
    json!([tool("get_weather"), tool("get_map")])
}

/// What the caller sends with this history, in the speaker's language, checked by its rules.
fn asked(speaker: &Speaker, messages: &[Value], own: &BTreeSet<String>) -> Result<Value, String> {
    let body = json!({
        "model": "m", "messages": messages, "tools": tools(), "reasoning_effort": "medium", "max_tokens": 20_000,
    });
    let request = ChatRequest::from_value(body).map_err(|e| format!("refused: {e}"))?;
    let encoded = family(speaker.target.family()).encode(&request, &speaker.target, false);
    let encoded = encoded.map_err(|failure| failure.message)?;
    let body: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    (speaker.rules)(&body, own).map_err(|why| format!("{}: {why}\n{body:#}", speaker.name))?;
    Ok(body)
}

/// The message that a speaker's reply comes to, as a client keeps it.
fn answered(speaker: &Speaker, turn: usize, streamed: bool) -> Value {
    let spoken = family(speaker.target.family());
    if streamed {
        let mut cuts = Cuts(turn as u64 + 5);
        let read = stream(spoken, &speaker.target, &(speaker.stream)(turn), &mut cuts, 60).unwrap();
        assert_eq!(read.finish.as_deref(), Some("tool_calls"), "{}", speaker.name);
        return read.message;
    }
    let reply = spoken.decode(&speaker.target, (speaker.reply)(turn).to_string().as_bytes()).unwrap();
    assert_eq!(reply.finish_reason(), Some("tool_calls"), "{}", speaker.name);
    reply.message().unwrap().clone()
}

/// Results of both calls: one in words, one with a picture, the later call's first.
fn results(message: &Value) -> Vec<Value> {
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "both calls are there");
    let picture = json!([
        {"type": "text", "text": "the map"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aWJn"}},
    ]);
    vec![
        json!({"role": "tool", "tool_call_id": calls[1]["id"], "content": picture}),
        json!({"role": "tool", "tool_call_id": calls[0]["id"], "content": "18 degrees"}),
    ]
}

/// One conversation; gives the last body that is sent.
fn converse(order: &[&Speaker], streamed: bool) -> Result<Value, String> {
    let mut messages = vec![
        json!({"role": "system", "content": "Be brief."}),
        json!({"role": "user", "content": [{"type": "text", "text": "Weather and map of Paris?"}]}),
    ];
    let mut made: Vec<(&Speaker, Vec<String>)> = Vec::new();
    let own_of = |made: &[(&Speaker, Vec<String>)], speaker: &Speaker| -> BTreeSet<String> {
        let same = made.iter().filter(|(maker, _)| maker.signer == speaker.signer);
        same.flat_map(|(_, signatures)| signatures.clone()).collect()
    };
    let mut last = Value::Null;
    for (turn, speaker) in order.iter().enumerate() {
        asked(speaker, &messages, &own_of(&made, speaker))?;
        let message = answered(speaker, turn, streamed);
        messages.push(message.clone());
        messages.extend(results(&message));
        made.push((speaker, (speaker.signatures)(turn)));
        // The caller may put a word in between, or not.
        last = asked(speaker, &messages, &own_of(&made, speaker))?;
        if turn == 1 {
            messages.push(json!({"role": "user", "content": "And tomorrow?"}));
        }
    }
    let (speaker, text) = (order[order.len() - 1], last.to_string());
    let own = own_of(&made, speaker);
    for (maker, signatures) in &made {
        for signature in signatures {
            // Some carry sealed thinking in base64.
            let there = text.contains(signature.as_str()) || text.contains(&STANDARD.encode(signature));
            if there != own.contains(signature) {
                let what = if there { "was sent to" } else { "was lost on the way back to" };
                return Err(format!("{signature} of {} {what} {}\n{last:#}", maker.name, speaker.name));
            }
        }
    }
    for word in ["18 degrees", "the map", "aWJn", "Weather and map of Paris?", "Be brief."] {
        if !text.contains(word) {
            return Err(format!("{word} is lost on the way to {}\n{last:#}", speaker.name));
        }
    }
    Ok(last)
}

fn check(orders: Vec<Vec<usize>>) {
    let all = speakers();
    let mut wrong = Vec::new();
    for order in orders {
        let names: Vec<&str> = order.iter().map(|i| all[*i].name).collect();
        let order: Vec<&Speaker> = order.iter().map(|i| &all[*i]).collect();
        let (whole, streamed) = (converse(&order, false), converse(&order, true));
        match (whole, streamed) {
            (Ok(whole), Ok(streamed)) if whole == streamed => {}
            (Ok(whole), Ok(streamed)) => {
                wrong.push(format!("{names:?}: streamed it is another history\n{whole:#}\n{streamed:#}"));
            }
            (Err(why), _) => wrong.push(format!("{names:?} whole: {why}")),
            (_, Err(why)) => wrong.push(format!("{names:?} streamed: {why}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} conversations fail, the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(3)].join("\n\n")
    );
}

#[test]
fn from_every_provider_to_every_other() {
    let count = speakers().len();
    check((0..count).flat_map(|a| (0..count).map(move |b| vec![a, b])).collect());
}

#[test]
fn there_and_back_and_on_to_a_third() {
    let count = speakers().len();
    let threes = (0..count).flat_map(move |a| (0..count).flat_map(move |b| (0..count).map(move |c| vec![a, b, c])));
    check(threes.collect());
}

/// Breaks the turns of a body.
type Change<'a> = &'a dyn Fn(&mut Vec<Value>);

/// Each rule set refuses what it is there to refuse.
#[test]
fn the_rules_bite() {
    for speaker in speakers() {
        let own: BTreeSet<String> = (speaker.signatures)(0).into_iter().collect();
        let body = converse(&[&speaker], false).unwrap();
        let turns = ["contents", "input", "messages"].into_iter().find(|name| body.get(*name).is_some()).unwrap();
        let broken = |change: Change<'_>| {
            let mut body = body.clone();
            change(body[turns].as_array_mut().unwrap());
            (speaker.rules)(&body, &own)
        };
        assert_eq!(broken(&|_| {}), Ok(()), "{}", speaker.name);
        let last_result = |all: &mut Vec<Value>| {
            let at = all.len() - 1;
            let results = if all[at].get("parts").is_some() { "parts" } else { "content" };
            let first = &all[at][results][0];
            if results == "parts" || first["type"] == "tool_result" || first.get("toolResult").is_some() {
                all[at][results].as_array_mut().unwrap().remove(0);
            } else {
                all.retain(|m| m["content"] != "18 degrees" && m["output"] != "18 degrees");
            }
        };
        let changes: [(&str, Change<'_>); 4] = [
            ("an unknown field", &|all| all[1]["reasoning_content"] = json!("t")),
            ("a missing result", &last_result),
            ("a result without its call", &|all| {
                all.retain(|m| m["role"] != "assistant" && m["role"] != "model" && m["type"] != "function_call");
            }),
            ("a role of another", &|all| all[0]["role"] = json!("function")),
        ];
        for (what, change) in changes {
            assert!(broken(change).is_err(), "{} takes {what}", speaker.name);
        }
        if !own.is_empty() {
            let refused = (speaker.rules)(&body, &BTreeSet::new());
            assert!(refused.is_err_and(|why| why.contains("verified") || why.contains("another")), "{}", speaker.name);
        }
    }
}
