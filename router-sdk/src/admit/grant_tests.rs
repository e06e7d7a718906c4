//! Permissions are never widened: every way in which a request can ask for more, against every kind of grant.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::admit::{Caller, Grant};
use crate::config::Config;
use crate::error::ErrorKind;
use crate::keys::NewKey;
use crate::router::Router;

/// A router over three providers with an alias, whose plans send nothing.
fn config() -> Value {
    json!({
        "providers": {"openai": {"api_key": "sk-a1"}, "anthropic": {"api_key": "sk-b2"}, "groq": {"api_key": "sk-c3"}},
        "aliases": {"smart": ["anthropic/claude-sonnet-4-5", "openai/gpt-4o"], "dear": ["openai/gpt-4o"]},
        "keys": {"memory": true},
    })
}

fn router() -> Router {
    Router::new(Config::from_value(config()).unwrap()).unwrap()
}

/// Settings of a key, and whether it lets a target answer.
type Case = (Value, fn(&str) -> bool);

/// Grants, and which targets each lets answer.
fn grants() -> Vec<Case> {
    vec![
        (json!({"models": ["openai/gpt-4o-mini"]}), |t| t == "openai/gpt-4o-mini"),
        (json!({"models": ["gpt-4o-mini"]}), |t| t == "openai/gpt-4o-mini"),
        (json!({"models": ["openai/gpt-4o-mini", "smart"]}), |t| {
            ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "openai/gpt-4o"].contains(&t)
        }),
        (json!({"providers": ["groq"]}), |t| t.starts_with("groq/")),
        (json!({"providers": ["groq", "anthropic"], "models": ["smart"]}), |t| t == "anthropic/claude-sonnet-4-5"),
        (json!({"providers": ["openai"], "models": ["groq/llama-3.3-70b-versatile"]}), |_| false),
        (json!({}), |_| true),
    ]
}

/// Models as requests name them.
const MODELS: [&str; 9] = [
    "auto",
    "auto:best",
    "openai/gpt-4o",
    "gpt-4o-mini",
    "openai/gpt-4o-mini",
    "groq/llama-3.3-70b-versatile",
    "smart",
    "dear",
    "anthropic/claude-opus-4-1",
];

/// Options by which a request could try to reach further.
fn options() -> Vec<Value> {
    vec![
        json!({}),
        json!({"only": ["openai"]}),
        json!({"only": ["openai/gpt-4o", "groq"]}),
        json!({"only": ["gpt-4o"]}),
        json!({"ignore": ["openai/gpt-4o-mini"]}),
        json!({"order": ["openai/gpt-4o", "anthropic"]}),
        json!({"fallbacks": ["openai/gpt-4o"]}),
        json!({"fallbacks": ["smart"]}),
        json!({"fallbacks": ["dear"], "allow_fallbacks": true}),
        json!({"baseline": "openai/gpt-4o"}),
        json!({"require": ["zero_price"]}),
        json!({"require": ["tools"], "strategy": "best", "order": ["anthropic/claude-opus-4-1"]}),
        json!({"strategy": "fastest", "max_cost": 100.0}),
        json!({"session": "s", "tags": {"team": "other"}}),
    ]
}

#[tokio::test]
async fn no_option_reaches_beyond_a_grant() {
    let router = router();
    let (mut planned, mut forbidden) = (0, 0);
    for (grant, allows) in grants() {
        let key = router.keys().create(NewKey::from_value(grant.clone()).unwrap()).await.unwrap();
        for model in MODELS {
            for option in options() {
                for list in [json!(null), json!(["openai/gpt-4o"]), json!(["groq/llama-3.3-70b-versatile", "smart"])] {
                    if model == "auto:best" && !list.is_null() {
                        continue;
                    }
                    let body = json!({"model": model, "models": list, "route": option,
                        "messages": [{"role": "user", "content": "Say hello."}]});
                    let request = ChatRequest::from_value(body.clone()).unwrap().with_api_key(key.secret.clone());
                    match router.plan(&request) {
                        Ok(plan) => {
                            planned += 1;
                            for candidate in &plan.candidates {
                                assert!(
                                    allows(&candidate.target.key()),
                                    "{grant} let {} answer {body}",
                                    candidate.target.key()
                                );
                            }
                        }
                        Err(error) => {
                            let expected = [ErrorKind::Forbidden, ErrorKind::NoCandidate];
                            assert!(expected.contains(&error.kind()), "{grant} {body}: {error}");
                            forbidden += u64::from(error.kind() == ErrorKind::Forbidden);
                        }
                    }
                    // What explains sees no more than what plans; the same refusal where a name is not allowed.
                    if let Ok(explained) = router.explain(&request) {
                        let all = explained.plan.candidates.iter().chain(&explained.plan.also_able);
                        all.for_each(|c| {
                            assert!(allows(&c.target.key()), "{grant} explained {} for {body}", c.target.key())
                        });
                    }
                }
            }
        }
        for model in router.models_of(Some(&key.secret)).await.unwrap() {
            let id = model["id"].as_str().unwrap();
            let alias =
                [("smart", vec!["anthropic/claude-sonnet-4-5", "openai/gpt-4o"]), ("dear", vec!["openai/gpt-4o"])];
            match alias.iter().find(|(name, _)| *name == id) {
                Some((_, models)) => assert!(models.iter().any(|m| allows(m)), "{grant} listed {id}"),
                None => assert!(id.starts_with("auto") || allows(id), "{grant} listed {id}"),
            }
        }
    }
    assert!(planned > 500 && forbidden > 500, "{planned} plans, {forbidden} refusals");
}

#[tokio::test]
async fn what_is_not_allowed_is_named_with_its_field() {
    let router = router();
    let grant =
        json!({"models": ["openai/gpt-4o-mini"], "strategies": ["cheapest", "balanced"], "strategy": "cheapest"});
    let key = router.keys().create(NewKey::from_value(grant).unwrap()).await.unwrap();
    let cases = [
        (json!({"model": "openai/gpt-4o"}), "model", "openai/gpt-4o"),
        (json!({"model": "dear"}), "model", "dear"),
        (json!({"model": "auto", "models": ["gpt-4o-mini", "gpt-4o"]}), "models[1]", "gpt-4o"),
        (json!({"model": "auto", "route": {"fallbacks": ["smart"]}}), "route.fallbacks[0]", "smart"),
        (json!({"model": "auto", "route": {"baseline": "openai/gpt-4o"}}), "route.baseline", "openai/gpt-4o"),
        (json!({"model": "auto", "route": {"strategy": "best"}}), "route.strategy", "best"),
        (json!({"model": "auto:best"}), "model", "best"),
    ];
    for (body, field, name) in cases {
        let mut whole = json!({"messages": [{"role": "user", "content": "Hi."}]});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let request = ChatRequest::from_value(whole).unwrap().with_api_key(key.secret.clone());
        let error = router.plan(&request).unwrap_err();
        assert_eq!(
            (error.kind(), error.param(), error.code()),
            (ErrorKind::Forbidden, Some(field), Some("not_allowed"))
        );
        assert!(error.message().contains(name) && error.message().contains("it allows"), "{error}");
        assert_eq!(error.to_json()["status_code"], 403);
    }
    let plan = |model: &str, route: Value| {
        let body = json!({"model": model, "route": route, "messages": [{"role": "user", "content": "Hi."}]});
        router.plan(&ChatRequest::from_value(body).unwrap().with_api_key(key.secret.clone())).unwrap()
    };
    assert_eq!(plan("auto", json!({})).strategy, Strategy::Cheapest, "the key's own");
    assert_eq!(plan("auto:balanced", json!({})).strategy, Strategy::Balanced);
    assert_eq!(plan("auto", json!({"strategy": "balanced"})).strategy, Strategy::Balanced);
    let only =
        json!({"model": "auto", "route": {"only": ["anthropic"]}, "messages": [{"role": "user", "content": "Hi."}]});
    let error = router.plan(&ChatRequest::from_value(only).unwrap().with_api_key(key.secret.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
}

#[test]
fn a_key_without_a_strategy_takes_the_configured_one_where_it_may() {
    let of = |strategies: &[Strategy], own| {
        let grant = Grant { strategies: strategies.to_vec(), strategy: own, ..Grant::default() };
        grant.strategy_or(Strategy::Balanced)
    };
    assert_eq!(of(&[], None), None);
    assert_eq!(of(&[Strategy::Best, Strategy::Balanced], None), None);
    assert_eq!(of(&[Strategy::Best], None), Some(Strategy::Best));
    assert_eq!(of(&[], Some(Strategy::Fastest)), Some(Strategy::Fastest));
}

#[test]
fn tags_of_the_key_win() {
    let setup =
        Setup::build(Config::from_value(json!({})).unwrap(), &crate::setup::Environment::Fixed(BTreeMap::new()));
    let tags = BTreeMap::from([("team".to_owned(), "search".to_owned())]);
    let caller = Caller::of_key("key_1".into(), Some("a".into()), Some("o".into()), tags, Grant::default());
    let mut request = ChatRequest::new("auto", "Hi.");
    request.route_mut().tags = BTreeMap::from([("team".into(), "other".into()), ("user".into(), "u".into())]);
    caller.narrow_chat(&setup.unwrap(), &mut request).unwrap();
    assert_eq!(json!(request.route().tags), json!({"team": "search", "user": "u"}));
    assert_eq!((caller.id(), caller.name(), caller.owner()), ("key_1", Some("a"), Some("o")));
    assert_eq!(Caller::ANONYMOUS.id(), "anonymous");
}

#[tokio::test]
async fn without_a_store_a_key_is_an_error_and_with_one_its_absence() {
    let none =
        Router::new(Config::from_value(json!({"providers": {"openai": {"api_key": "sk-a1"}}})).unwrap()).unwrap();
    let asked = none.chat(ChatRequest::new("auto", "Hi.").with_api_key("cr_whatever")).await.unwrap_err();
    assert_eq!((asked.kind(), asked.param()), (ErrorKind::InvalidRequest, Some("api_key")));
    let error = none.keys().list().await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("keys")));
    let router = router();
    for error in [
        router.chat(ChatRequest::new("no/such-model", "Hi.")).await.unwrap_err(),
        router.stream(ChatRequest::new("no/such-model", "Hi.")).await.err().unwrap(),
        router.explain(&ChatRequest::new("auto", "Hi.")).unwrap_err(),
        router.plan(&ChatRequest::new("auto", "Hi.")).unwrap_err(),
        router.models_of(None).await.unwrap_err(),
        router.embed(EmbeddingRequest::new("no/such-model", ["a"]).unwrap()).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("key_missing")));
    }
    assert!(router.entries().is_empty(), "a caller that nobody knows leaves no trace");
    assert_eq!(router.spending().requests, 0);
}

#[tokio::test]
async fn keys_of_models_and_providers_that_do_not_exist_are_not_made() {
    let router = router();
    let cases = [
        (json!({"models": ["openai/gpt-4o", "nobody/knows"]}), "models[1]"),
        (json!({"providers": ["nobody"]}), "providers[0]"),
        (json!({"credentials": {"mistral": "sk-1"}}), "credentials.mistral"),
    ];
    for (settings, field) in cases {
        let error = router.keys().create(NewKey::from_value(settings).unwrap()).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(field)));
    }
    let key = router.keys().create(NewKey::default()).await.unwrap();
    let error = router.keys().update(&key.key.id, json!({"models": ["nobody/knows"]})).await.unwrap_err();
    assert_eq!(error.param(), Some("models[0]"));
    let error = router.keys().update(&key.key.id, json!([])).await.unwrap_err();
    assert_eq!(error.param(), Some("change"));
    assert!(router.keys().get("key_nobody").await.unwrap().is_none());
}
