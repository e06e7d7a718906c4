//! A key that a caller brought stands alone: its own way, its own health, and no way around it.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::admit::Grant;
use crate::config::Config;
use crate::setup::{Environment, Setup};

fn setup() -> Setup {
    let config = json!({"providers": {
        "openai": {"api_keys": ["sk-ours-one-1", "sk-ours-two-2"], "headers": {"OpenAI-Organization": "org-ours", "x-team": "t"}},
        "anthropic": {"api_key": "sk-ours-anthropic"},
        "box": {"kind": "sandbox"},
    }});
    Setup::build(Config::from_value(config).unwrap(), &Environment::Fixed(BTreeMap::new())).unwrap()
}

fn caller(credentials: &[(&str, &str)]) -> Caller {
    let credentials = credentials.iter().map(|(p, k)| ((*p).to_owned(), (*k).into())).collect();
    let grant = Grant { credentials, ..Grant::default() };
    Caller::of_key("key_one".into(), None, None, BTreeMap::new(), grant)
}

#[test]
fn our_key_headers_and_names_are_left_behind() {
    let setup = setup();
    let target = setup.resolve("openai/gpt-4o", "model").unwrap();
    let theirs = owned(target.clone(), &caller(&[("openai", "sk-theirs-123")])).unwrap();
    let headers = theirs.headers(None);
    assert_eq!(headers["authorization"], "Bearer sk-theirs-123");
    assert!(headers["authorization"].is_sensitive());
    assert!(!headers.contains_key("openai-organization") && headers["x-team"] == "t");
    assert_eq!(
        (theirs.place().as_str(), theirs.deployment.label().as_str()),
        ("openai/gpt-4o~key_one", "openai~key_one")
    );
    assert_eq!(theirs.key(), target.key());
    assert!(theirs.deployment.secrets().iter().any(|s| s.expose_secret() == "sk-theirs-123"));
    assert!(!format!("{theirs:?}").contains("sk-theirs"));
    // Other providers, and the sandbox, are asked as ever.
    let other = setup.resolve("anthropic/claude-sonnet-4-5", "model").unwrap();
    assert_eq!(owned(other.clone(), &caller(&[("openai", "sk-theirs-123")])).unwrap().place(), other.place());
    let sandbox = setup.resolve("box/gpt-4o", "model").unwrap();
    assert!(owned(sandbox, &caller(&[("box", "sk-theirs-123")])).unwrap().deployment.key.is_none());
}

#[test]
fn one_key_has_one_way_however_many_ours_have() {
    let setup = setup();
    let target = setup.resolve("openai/gpt-4o", "model").unwrap();
    let other = setup.resolve("anthropic/claude-sonnet-4-5", "model").unwrap();
    let all = vec![target.clone(), target, other.clone(), other];
    let places =
        |caller: &Caller| -> Vec<String> { own(all.clone(), caller, |t| t).iter().map(Target::place).collect() };
    assert_eq!(places(&Caller::ANONYMOUS).len(), 4);
    let own = places(&caller(&[("openai", "sk-theirs-123")]));
    assert_eq!(own[0], "openai/gpt-4o~key_one");
    assert_eq!(own.len(), 3, "the deployments of others stay as they are: {own:?}");
}

#[test]
fn rests_of_one_key_are_not_those_of_another() {
    let rest = |names: &[&str]| HealthFacts {
        resting: names.iter().map(|n| ((*n).to_owned(), Duration::from_secs(1))).collect(),
        ..HealthFacts::default()
    };
    let all = ["openai", "openai#key-1", "openai/gpt-4o", "anthropic", "openai/gpt-5~key_one", "openai~key_two"];
    let names = |caller: &Caller| {
        let mut names: Vec<String> = seen_by(rest(&all), caller).resting.into_keys().collect();
        names.sort();
        names
    };
    assert_eq!(names(&caller(&[("openai", "sk-theirs-123")])), ["anthropic", "openai/gpt-5"]);
    assert_eq!(names(&Caller::ANONYMOUS), ["anthropic", "openai", "openai#key-1", "openai/gpt-4o"]);
    let setup = setup();
    let target = setup.resolve("openai/gpt-5", "model").unwrap();
    let strangers = rest(&["openai/gpt-5~key_one", "openai~key_one"]);
    assert!(seen_by(strangers, &Caller::ANONYMOUS).resting.is_empty(), "for everybody else nothing rests");
    assert!(rest(&["openai/gpt-5"]).rest_of(&target).is_some());
}

#[test]
fn where_a_key_is_not_enough_ours_does_not_take_its_place() {
    let config = json!({"providers": {"bedrock": {
        "region": "us-east-1", "access_key_id": "AKIAOURS", "secret_access_key": "ours-secret",
    }}});
    let setup = Setup::build(Config::from_value(config).unwrap(), &Environment::Fixed(BTreeMap::new())).unwrap();
    let target = setup.resolve("bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", "model").unwrap();
    assert!(owned(target, &caller(&[("bedrock", "theirs")])).is_none());
}
