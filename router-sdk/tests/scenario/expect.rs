//! Outcomes and expectations in, every difference in words out.

use std::time::Duration;

use fake_provider::{FakeProvider, Recorded};
use serde_json::{Value, json};

use super::Outcome;
use super::compare::{differs, short};

/// Everything that differs from what the scenario expects.
pub async fn check(fake: &FakeProvider, id: &str, scenario: &Value, outcomes: &[Outcome]) -> Vec<String> {
    let expects: Vec<Value> = match &scenario["expect"] {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let mut faults = Vec::new();
    let cancels = !scenario["cancel"].is_null();
    for outcome in outcomes {
        let i = outcome.call;
        let Some(expect) = expects.get(i).or(expects.last()) else { continue };
        let cancels = cancels || !scenario["calls"][i]["cancel"].is_null();
        faults.extend(one(outcome, expect, outcome.stream, cancels).into_iter().map(|f| format!("call {i}: {f}")));
    }
    let answers = outcomes.last().map(|outcome| outcome.ledger.as_slice()).unwrap_or_default();
    for (i, question) in scenario["ledger"].as_array().into_iter().flatten().enumerate() {
        let got = answers.get(i).cloned().unwrap_or_default();
        faults.extend(differs(&got, &question["answer"], &format!("ledger[{i}]")));
    }
    let _ = std::fs::remove_dir_all(super::folder(id));
    if let Some(last) = expects.last() {
        if let (Some(wanted), Some(outcome)) = (last.get("cache"), outcomes.last()) {
            faults.extend(differs(&outcome.cache, wanted, "cache"));
        }
        if let (Some(wanted), Some(outcome)) = (last.get("learned"), outcomes.last()) {
            faults.extend(differs(&outcome.learned, wanted, "learned"));
        }
        faults.extend(traffic(fake, id, last).await);
        faults.extend(events(outcomes, last).await);
    }
    faults
}

fn one(outcome: &Outcome, expect: &Value, stream: bool, cancels: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut part = |name: &str, got: Value| {
        if let Some(wanted) = expect.get(name) {
            faults.extend(differs(&got, wanted, name));
        }
    };
    let route = outcome.route();
    part("entry", outcome.entry.clone().unwrap_or_default());
    part("text", json!(outcome.text));
    part("reasoning", json!(outcome.reasoning));
    part("finish_reason", json!(outcome.finish));
    part("model", outcome.reply.as_ref().map(|r| r["model"].clone()).unwrap_or_default());
    part("provider", route["provider"].clone());
    part("usage", route["usage"].clone());
    part("cached", route["cached"].clone());
    part("route", route.clone());
    part("partial", outcome.error.as_ref().map(|e| e["partial"]["text"].clone()).unwrap_or_default());
    let attempts = outcome.error.as_ref().map_or(route["attempts"].clone(), |e| e["attempts"].clone());
    part("last_attempt", attempts.as_array().and_then(|a| a.last()).cloned().unwrap_or_default());
    part("attempts", attempts);
    if !stream {
        part("reply", outcome.reply.clone().unwrap_or_default());
    }
    if let Some(wanted) = expect.get("some_chunk").filter(|_| stream)
        && outcome.chunks.iter().all(|c| differs(c, wanted, "").is_some())
    {
        faults.push(format!("some_chunk: none of {} chunks has {wanted}", outcome.chunks.len()));
    }
    if let Some(wanted) = expect.get("cost_usd") {
        let got = route["cost"].as_f64();
        let equal = match (got, wanted.as_f64()) {
            (Some(g), Some(w)) => (g - w).abs() < 1.5e-9,
            (g, w) => g.is_none() && w.is_none(),
        };
        if !equal {
            faults.push(format!("cost_usd: got {got:?}, wanted {wanted}"));
        }
    }
    if let Some(wanted) = expect.get("tool_calls").and_then(Value::as_array) {
        faults.extend(tool_calls(&outcome.calls, wanted));
    }
    faults.extend(differs(&outcome.feedback, &expect["feedback"], "feedback"));
    faults.extend(error(outcome, expect, cancels));
    for (target, wanted) in expect["health"].as_object().into_iter().flatten() {
        let got = outcome.health.iter().find(|t| t["target"] == target.as_str()).cloned().unwrap_or_default();
        faults.extend(differs(&got, wanted, &format!("health.{target}")));
    }
    for (subject, wanted) in expect["quota"].as_object().into_iter().flatten() {
        faults.extend(differs(&outcome.quota[subject], wanted, &format!("quota.{subject}")));
    }
    for (name, wrong) in [("max_ms", true), ("min_ms", false)] {
        let Some(limit) = expect.get(name).and_then(Value::as_f64) else { continue };
        let took = outcome.took.as_secs_f64() * 1e3;
        if (took > limit) == wrong && took != limit {
            faults.push(format!("{name}: took {took:.0} ms, wanted {limit}"));
        }
    }
    faults
}

fn tool_calls(got: &[Value], wanted: &[Value]) -> Vec<String> {
    if got.len() != wanted.len() {
        return vec![format!("tool_calls: got {}, wanted {}", short(&json!(got)), json!(wanted))];
    }
    let mut faults = Vec::new();
    for (i, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let arguments = &got["function"]["arguments"];
        let compared = match &wanted["arguments"] {
            Value::Object(_) => serde_json::from_str(arguments.as_str().unwrap_or_default()).unwrap_or_default(),
            _ => arguments.clone(),
        };
        let flat = json!({"id": got["id"], "name": got["function"]["name"], "arguments": compared});
        faults.extend(differs(&flat, wanted, &format!("tool_calls[{i}]")));
    }
    faults
}

fn error(outcome: &Outcome, expect: &Value, cancels: bool) -> Vec<String> {
    let (got, wanted) = match (&outcome.error, expect.get("error")) {
        (None, None) => return Vec::new(),
        (Some(got), None) if cancels && outcome.cancelled => return vec![format!("error: {}", short(got))],
        (Some(got), None) => return vec![format!("error: got {}, wanted none", short(got))],
        (None, Some(wanted)) => return vec![format!("error: got none, wanted {wanted}; text {:?}", outcome.text)],
        (Some(got), Some(wanted)) => (got, wanted),
    };
    let mut faults = Vec::new();
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        match name.as_str() {
            "refusals" => {
                let refusals = got["refusals"].as_array().cloned().unwrap_or_default();
                for one in wanted.as_array().into_iter().flatten() {
                    if refusals.iter().all(|r| differs(r, one, "").is_some()) {
                        faults.push(format!("error.refusals: {one} is not among {}", short(&json!(refusals))));
                    }
                }
            }
            "retry_after_at_most" => {
                let fits = got["retry_after"].as_f64().is_some_and(|g| wanted.as_f64().is_some_and(|w| g <= w));
                if !fits {
                    faults.push(format!("error.retry_after: got {}, wanted at most {wanted}", got["retry_after"]));
                }
            }
            name => faults.extend(differs(&got[name], wanted, &format!("error.{name}"))),
        }
    }
    if !faults.is_empty() {
        faults.push(format!("the error was {}", short(got)));
    }
    faults
}

/// Budgets that ran out, over all calls.
async fn events(outcomes: &[Outcome], expect: &Value) -> Option<String> {
    let (wanted, last) = (expect.get("budget_events")?, outcomes.last()?);
    let got = || json!(*last.events.lock().expect("the events"));
    // They come from tasks of their own.
    for _ in 0..50 {
        if got().as_array().map(Vec::len) >= wanted.as_array().map(Vec::len) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    differs(&got(), wanted, "budget_events")
}

/// What the fake provider was asked, over all calls.
async fn traffic(fake: &FakeProvider, id: &str, expect: &Value) -> Vec<String> {
    // Replies that are given up are noticed by the other side a moment later.
    for _ in 0..50 {
        if fake.requests(id).iter().all(|r| r.ended_ms.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let got = fake.requests(id);
    let mut faults = Vec::new();
    if let Some(wanted) = expect.get("requests").and_then(Value::as_array) {
        let listed: Vec<_> = got.iter().map(|r| format!("{} {}", r.provider, r.path)).collect();
        if got.len() != wanted.len() {
            faults.push(format!("requests: got {listed:?}, wanted {}", wanted.len()));
        } else {
            let pairs = got.iter().zip(wanted).enumerate();
            faults.extend(pairs.flat_map(|(i, (got, wanted))| request(got, wanted, &format!("requests[{i}]"))));
        }
    }
    let count = |provider: &str| got.iter().filter(|r| r.provider == provider).count() as u64;
    for (provider, wanted) in expect["requests_of"].as_object().into_iter().flatten() {
        if Some(count(provider)) != wanted.as_u64() {
            faults.push(format!("requests_of.{provider}: got {}, wanted {wanted}", count(provider)));
        }
    }
    for (provider, most) in expect["requests_at_most"].as_object().into_iter().flatten() {
        if most.as_u64().is_some_and(|most| count(provider) > most) {
            faults.push(format!("requests_at_most.{provider}: got {}, wanted {most}", count(provider)));
        }
    }
    for (provider, least) in expect["requests_at_least"].as_object().into_iter().flatten() {
        if least.as_u64().is_some_and(|least| count(provider) < least) {
            faults.push(format!("requests_at_least.{provider}: got {}, wanted {least}", count(provider)));
        }
    }
    if let Some(wanted) = expect.get("providers_asked").and_then(Value::as_u64) {
        let asked: std::collections::BTreeSet<_> = got.iter().map(|r| &r.provider).collect();
        if asked.len() as u64 != wanted {
            faults.push(format!("providers_asked: got {asked:?}, wanted {wanted}"));
        }
    }
    if let Some(wanted) = expect.get("connections").and_then(Value::as_u64) {
        let used: std::collections::BTreeSet<_> = got.iter().map(|r| r.connection).collect();
        if used.len() as u64 != wanted {
            faults.push(format!("connections: used {}, wanted {wanted}", used.len()));
        }
    }
    faults
}

fn request(got: &Recorded, wanted: &Value, at: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let json = serde_json::to_value(got).expect("a record is JSON");
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        match name.as_str() {
            "headers_absent" => {
                let names = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
                faults.extend(
                    names.filter(|n| got.headers.contains_key(*n)).map(|n| format!("{at}: the header {n} is there")),
                );
            }
            "body_has" | "body_absent" => {
                let wanted_there = name == "body_has";
                for key in wanted.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if got.body.get(key).is_some() != wanted_there {
                        faults.push(format!("{at}.{name}: {key}; body {}", short(&got.body)));
                    }
                }
            }
            "body_contains" => {
                for (path, texts) in wanted.as_object().into_iter().flatten() {
                    let pointer = format!("/{}", path.replace('.', "/"));
                    let there = got.body.pointer(&pointer).map(Value::to_string).unwrap_or_default();
                    let texts = match texts {
                        Value::Array(list) => list.clone(),
                        one => vec![one.clone()],
                    };
                    for text in texts.iter().filter_map(Value::as_str) {
                        if !there.contains(text) {
                            faults.push(format!("{at}.body at {path}: {text:?} is not in {there}"));
                        }
                    }
                }
            }
            name => faults.extend(differs(&json[name], wanted, &format!("{at}.{name}"))),
        }
    }
    faults
}
