//! The scenario files as data: every file in, no unknown key, no script that cannot be played, no dangling provider out.

#![allow(clippy::unwrap_used, reason = "the functions that tests share may fail as the tests may")]

use fake_provider::Script;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const SCENARIO: &[&str] = &[
    "name",
    "stream",
    "repeat",
    "pause_ms",
    "operation",
    "cancel",
    "config",
    "script",
    "request",
    "expect",
    "keys",
    "api_key",
    "calls",
    "at_once",
    "hooks",
    "ledger",
    "feedback",
];
const EXPECT: &[&str] = &[
    "text",
    "reasoning",
    "tool_calls",
    "finish_reason",
    "model",
    "provider",
    "usage",
    "cost_usd",
    "reply",
    "some_chunk",
    "attempts",
    "last_attempt",
    "error",
    "partial",
    "min_ms",
    "max_ms",
    "requests",
    "requests_of",
    "requests_at_most",
    "requests_at_least",
    "providers_asked",
    "health",
    "entry",
    "connections",
    "quota",
    "budget_events",
    "route",
    "cached",
    "cache",
    "feedback",
    "learned",
];
const ERROR: &[&str] = &[
    "kind",
    "message",
    "status",
    "provider",
    "model",
    "code",
    "param",
    "request_id",
    "retry_after",
    "retry_after_at_most",
    "refusals",
];
const REQUEST: &[&str] = &[
    "provider",
    "method",
    "path",
    "query",
    "closed_early",
    "headers",
    "headers_absent",
    "body",
    "body_has",
    "body_absent",
    "body_contains",
];
const KINDS: &[&str] = &[
    "InvalidRequest",
    "InvalidConfig",
    "Unauthenticated",
    "Forbidden",
    "RateLimited",
    "BudgetExceeded",
    "NoCandidate",
    "ContextTooLong",
    "ContentRefused",
    "ProviderUnavailable",
    "Timeout",
    "Cancelled",
    "StreamInterrupted",
    "Internal",
];

fn scenarios() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    json.flat_map(|path| {
        let parsed: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        parsed.as_array().unwrap().clone()
    })
    .collect()
}

fn only(value: &Value, known: &[&str], place: &str) {
    for key in value.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{place}: unknown key {key}");
    }
}

#[test]
fn keys_are_known_and_names_are_unique() {
    let mut names = BTreeSet::new();
    for scenario in scenarios() {
        let name = scenario["name"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name}: twice");
        only(&scenario, SCENARIO, name);
        let expect = &scenario["expect"];
        let single = std::slice::from_ref(expect);
        for expect in expect.as_array().map_or(single, Vec::as_slice) {
            only(expect, EXPECT, name);
            assert!(!expect.as_object().unwrap().is_empty(), "{name}: expects nothing");
            if let Some(error) = expect.get("error") {
                only(error, ERROR, name);
                assert!(KINDS.contains(&error["kind"].as_str().unwrap()), "{name}: {}", error["kind"]);
            }
            for request in expect["requests"].as_array().into_iter().flatten() {
                only(request, REQUEST, name);
            }
        }
    }
    assert!(names.len() >= 60);
}

#[test]
fn scripts_can_be_played() {
    for scenario in scenarios().into_iter().filter(|s| !s["script"].is_null()) {
        let script: Result<Script, _> = serde_json::from_value(scenario["script"].clone());
        let checked = script.map_err(|error| error.to_string()).and_then(|script| script.check());
        assert_eq!(checked, Ok(()), "{}", scenario["name"]);
    }
}

#[test]
fn expected_providers_are_scripted() {
    for scenario in scenarios() {
        let name = &scenario["name"];
        let script = scenario["script"]["providers"].as_object();
        for request in scenario["expect"]["requests"].as_array().into_iter().flatten() {
            let asked = request["provider"].as_str();
            let scripted = |asked: &str| script.is_some_and(|script| script.contains_key(asked));
            assert!(asked.is_none_or(scripted), "{name}: {asked:?} is not scripted");
        }
    }
}
