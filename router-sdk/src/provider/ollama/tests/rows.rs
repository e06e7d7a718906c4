//! Deployments as the router builds them: native by the catalogue's rows, OpenAI-shaped where the user says so.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::Config;
use crate::provider::{Target, family};
use crate::setup::{Environment, Setup};
use crate::wire::ChatRequest;

/// Where a request to this provider goes, with which key, and the target.
fn sent(providers: Value, environment: &[(&str, &str)], model: &str) -> (String, Option<String>, Target) {
    let env = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let env = Environment::Fixed(env.collect::<BTreeMap<_, _>>());
    let config = Config::from_value(json!({"providers": providers})).unwrap();
    let target = Setup::build(config, &env).unwrap().resolve(model, "model").unwrap();
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let request = ChatRequest::from_value(request).unwrap();
    let http = family(target.family()).encode(&request, &target, false).unwrap().http;
    let key = http.headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
    (http.url, key, target)
}

#[test]
fn known_names_speak_their_own_language() {
    let (url, key, _) = sent(json!({"ollama": {}}), &[("OLLAMA_HOST", "0.0.0.0:9999")], "ollama/llama3");
    assert_eq!((url.as_str(), key), ("http://127.0.0.1:9999/api/chat", None));
    let (url, key, _) = sent(json!({"ollama-cloud": {}}), &[("OLLAMA_API_KEY", "key-1")], "ollama-cloud/gpt-oss:120b");
    assert_eq!((url.as_str(), key.as_deref()), ("https://ollama.com/api/chat", Some("Bearer key-1")));
    let (url, key, _) = sent(json!({"cohere": {}}), &[("CO_API_KEY", "key-2")], "cohere/command-a-03-2025");
    assert_eq!((url.as_str(), key.as_deref()), ("https://api.cohere.com/v2/chat", Some("Bearer key-2")));
}

#[test]
fn the_openai_shape_is_still_to_be_had() {
    for name in ["ollama", "cohere"] {
        let base = "http://127.0.0.1:9/compatibility/v1";
        let own = json!({name: {"kind": "openai", "base_url": base, "api_key": "key-3"}});
        let (url, _, _) = sent(own, &[], &format!("{name}/m"));
        assert_eq!(url, "http://127.0.0.1:9/compatibility/v1/chat/completions");
    }
}

#[test]
fn a_server_under_another_name_has_the_ways_of_its_kind() {
    let own = json!({"box": {"kind": "ollama", "base_url": "http://127.0.0.1:9/v1"}});
    let (url, key, target) = sent(own, &[], "box/llama3");
    assert_eq!((url.as_str(), key), ("http://127.0.0.1:9/api/chat", None));
    assert!(target.deployment.quirks.client_errors_as_500 && !target.deployment.quirks.n);
}
