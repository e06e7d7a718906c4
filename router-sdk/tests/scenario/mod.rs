//! One scenario in; what came of each call, and what differs from its expectations, out.

mod compare;
mod expect;
mod feedback;
mod hooks;
mod keys;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, EmbeddingRequest, Error, Router, UsageQuery};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

pub use expect::check;

/// What came of one call.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The reply's JSON, or that of a stream's last chunk.
    pub reply: Option<Value>,
    pub chunks: Vec<Value>,
    pub text: String,
    pub reasoning: String,
    pub calls: Vec<Value>,
    pub finish: Option<String>,
    pub error: Option<Value>,
    pub cancelled: bool,
    pub took: Duration,
    /// The newest entry of the ledger, with names of the scenario in place of ids of keys.
    pub entry: Option<Value>,
    /// The router's health after the call.
    pub health: Vec<Value>,
    /// After the last call, what the ledger answers to each of the scenario's questions.
    pub ledger: Vec<Value>,
    /// How limits and budgets stand after the call, by subject.
    pub quota: Value,
    /// Budgets that ran out so far, on whichever call.
    pub events: Arc<Mutex<Vec<Value>>>,
    /// What came of telling how good the answer was: an error, or null.
    pub feedback: Value,
    /// After the last call, what was learned by model.
    pub learned: Value,
    /// The state of its cache after the call.
    pub cache: Value,
    /// Which call of the scenario it was: of calls made at once all have the same number.
    pub call: usize,
    pub stream: bool,
}

impl Outcome {
    fn failed(error: &Error) -> Self {
        Self { error: Some(error.to_json()), ..Self::default() }
    }

    /// The route of the reply.
    pub fn route(&self) -> Value {
        self.reply.as_ref().map(|r| r["clawrouters"].clone()).unwrap_or_default()
    }
}

/// A part of a scenario with the placeholders filled in.
fn filled(fake: &FakeProvider, id: &str, part: &Value) -> Value {
    let text = part.to_string();
    let base = fake.base(id);
    let text = text
        .replace("${base}", &base)
        .replace("${tls}", &base.replacen("http:", "https:", 1))
        .replace("${refused}", &format!("http://127.0.0.1:{}", fake.refused_port()))
        .replace("${silent}", &format!("http://127.0.0.1:{}", fake.silent_port()))
        .replace("${tmp}", &folder(id).display().to_string().replace('\\', "/"));
    serde_json::from_str(&text).expect("JSON as before")
}

/// A folder for the files of one run.
pub fn folder(id: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("clawrouters-scenario-{}-{id}", std::process::id()))
}

/// What the ledger answers to the scenario's questions.
async fn asked(router: &Router, scenario: &Value) -> Vec<Value> {
    let mut answers = Vec::new();
    for question in scenario["ledger"].as_array().into_iter().flatten() {
        let usage = match UsageQuery::from_value(question["ask"].clone()) {
            Ok(query) => router.usage(query).await,
            Err(error) => Err(error),
        };
        answers.push(usage.map_or_else(|e| e.to_json(), |report| report.to_json()));
    }
    answers
}

/// Plays the calls of a scenario one after the other on one router.
pub async fn play(fake: &FakeProvider, id: &str, scenario: &Value, stream: bool) -> Vec<Outcome> {
    std::fs::create_dir_all(folder(id)).expect("a folder");
    let config = filled(fake, id, &scenario["config"]);
    let config = if config.is_null() { Ok(Config::default()) } else { Config::from_value(config) };
    let router = match config.and_then(Router::new) {
        Ok(router) => router,
        Err(error) => return vec![Outcome::failed(&error)],
    };
    hooks::add(&router, &scenario["hooks"]);
    let requests = several(&filled(fake, id, &scenario["request"]));
    let expects = several(&scenario["expect"]);
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    router.on_budget(move |event| heard.lock().expect("the events").push(event.to_json()));
    let mut outcomes = Vec::new();
    let mut ring = keys::Ring::default();
    let calls = scenario["calls"].as_array().cloned();
    let calls = calls.unwrap_or_else(|| vec![json!({}); scenario["repeat"].as_u64().unwrap_or(1) as usize]);
    for (i, own) in calls.iter().enumerate() {
        if i > 0 {
            tokio::time::sleep(Duration::from_millis(scenario["pause_ms"].as_u64().unwrap_or(0))).await;
        }
        if let Err(error) = ring.prepare(&router, &scenario["keys"], i as u64).await {
            outcomes.push(Outcome::failed(&error));
            return outcomes;
        }
        let api_key = ring.key_of(&scenario["api_key"], i as u64);
        let api_key = api_key.as_deref();
        let own = filled(fake, id, own);
        let stream = own["stream"].as_bool().unwrap_or(stream);
        let cancel = if own["cancel"].is_null() { &scenario["cancel"] } else { &own["cancel"] };
        let started = Instant::now();
        let of = |list: &[Value]| list.get(i).or(list.last()).cloned().unwrap_or_default();
        let mut request = of(&requests);
        for (field, value) in own["request"].as_object().into_iter().flatten() {
            request[field.as_str()] = value.clone();
        }
        let at_once = scenario["at_once"].as_u64().unwrap_or(1);
        let made = (0..at_once).map(|_| call(&router, scenario, &request, api_key, stream, cancel));
        for mut outcome in futures_util::future::join_all(made).await {
            outcome.took = started.elapsed();
            outcome.health = router.health().iter().map(|t| serde_json::to_value(t).expect("health is JSON")).collect();
            outcome.quota = json!({});
            for subject in of(&expects)["quota"].as_object().into_iter().flatten().map(|(subject, _)| subject) {
                let state = router.quota(subject).await;
                outcome.quota[subject] = state.map_or_else(|e| e.to_json(), |state| state.to_json());
            }
            outcome.entry = router.entries().last().map(|entry| ring.named(&entry.to_json()));
            outcome.events = Arc::clone(&events);
            outcome.feedback = feedback::told(&router, scenario, &own, &outcome.route()).await;
            outcome.cache = serde_json::to_value(router.cache_stats()).expect("counters are JSON");
            (outcome.call, outcome.stream) = (i, stream);
            outcomes.push(outcome);
        }
    }
    if let Some(last) = outcomes.last_mut() {
        last.ledger = asked(&router, scenario).await;
        last.learned = feedback::learned(&router).await;
    }
    outcomes
}

/// A list, or one thing as a list.
fn several(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

async fn call(
    router: &Router,
    scenario: &Value,
    request: &Value,
    api_key: Option<&str>,
    stream: bool,
    cancel: &Value,
) -> Outcome {
    let mut body = request.clone();
    if scenario["operation"] == "embed" {
        return within(cancel, embedded(router, &body, api_key)).await;
    }
    body["stream"] = json!(stream);
    let request = match ChatRequest::from_json(body.to_string().as_bytes()) {
        Ok(request) => request,
        Err(error) => return Outcome::failed(&error),
    };
    let request = match api_key {
        Some(key) => request.with_api_key(key),
        None => request,
    };
    let after_chunks = cancel["after_chunks"].as_u64();
    let called =
        async { if stream { streamed(router, request, after_chunks).await } else { whole(router, request).await } };
    within(cancel, called).await
}

/// Runs a call until the caller gives it up.
async fn within(cancel: &Value, called: impl Future<Output = Outcome>) -> Outcome {
    match cancel["after_ms"].as_u64() {
        Some(ms) => tokio::time::timeout(Duration::from_millis(ms), called)
            .await
            .unwrap_or_else(|_| Outcome { cancelled: true, ..Outcome::default() }),
        None => called.await,
    }
}

async fn embedded(router: &Router, body: &Value, api_key: Option<&str>) -> Outcome {
    let asked = match EmbeddingRequest::from_json(body.to_string().as_bytes()) {
        Ok(request) => match api_key {
            Some(key) => router.embed(request.with_api_key(key)).await,
            None => router.embed(request).await,
        },
        Err(error) => Err(error),
    };
    match asked {
        Err(error) => Outcome::failed(&error),
        Ok(reply) => Outcome { reply: Some(reply.to_json()), ..Outcome::default() },
    }
}

async fn whole(router: &Router, request: ChatRequest) -> Outcome {
    match router.chat(request).await {
        Err(error) => Outcome::failed(&error),
        Ok(reply) => Outcome {
            text: reply.text().to_owned(),
            reasoning: reply.message().and_then(|m| m["reasoning_content"].as_str()).unwrap_or_default().to_owned(),
            calls: reply.tool_calls().to_vec(),
            finish: reply.finish_reason().map(str::to_owned),
            reply: Some(reply.to_json()),
            ..Outcome::default()
        },
    }
}

async fn streamed(router: &Router, request: ChatRequest, cancel_after: Option<u64>) -> Outcome {
    let mut stream = match router.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Outcome::failed(&error),
    };
    let (mut outcome, mut with_output) = (Outcome::default(), 0);
    while let Some(item) = stream.next().await {
        let chunk = match item {
            Ok(chunk) => chunk,
            Err(error) => {
                outcome.error = Some(error.to_json());
                return outcome;
            }
        };
        let json = chunk.to_json();
        let first =
            json["choices"].as_array().and_then(|all| all.iter().find(|c| c["index"].as_u64().unwrap_or(0) == 0));
        let delta = first.map(|choice| choice["delta"].clone()).unwrap_or_default();
        outcome.text.push_str(delta["content"].as_str().unwrap_or_default());
        outcome.reasoning.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            join_call(&mut outcome.calls, call);
        }
        if let Some(finish) = chunk.finish_reason() {
            outcome.finish = Some(finish.to_owned());
        }
        with_output += u64::from(!chunk.text().is_empty());
        if chunk.route.is_some() {
            outcome.reply = Some(json.clone());
        }
        outcome.chunks.push(json);
        if cancel_after.is_some_and(|n| with_output >= n) {
            outcome.cancelled = true;
            return outcome;
        }
    }
    outcome
}

/// Joins a fragment to the call of its index.
fn join_call(calls: &mut Vec<Value>, fragment: &Value) {
    let index = fragment["index"].as_u64().unwrap_or(0) as usize;
    while calls.len() <= index {
        calls.push(json!({"id": null, "function": {"name": "", "arguments": ""}}));
    }
    let call = &mut calls[index];
    if fragment["id"].is_string() {
        call["id"] = fragment["id"].clone();
    }
    for field in ["name", "arguments"] {
        let joined = call["function"][field].as_str().unwrap_or_default().to_owned()
            + fragment["function"][field].as_str().unwrap_or_default();
        call["function"][field] = json!(joined);
    }
}
