//! What `auto` chooses and refuses, over the whole catalogue and over own models, without sending anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use clawrouters::{ChatRequest, Config, ErrorKind, Explanation, Rates, Router, Strategy};
use serde_json::{Value, json};

fn router(config: Value) -> Router {
    Router::new(Config::from_value(config).expect("a config")).expect("a router")
}

/// A router that may choose among these vendors' whole catalogue.
fn catalogue(vendors: &[&str]) -> Router {
    let providers: serde_json::Map<_, _> =
        vendors.iter().map(|v| ((*v).to_owned(), json!({"kind": "sandbox"}))).collect();
    router(json!({"providers": providers}))
}

fn majors() -> Router {
    catalogue(&["openai", "anthropic", "google", "deepseek", "mistral", "xai", "alibaba"])
}

fn request(body: Value) -> ChatRequest {
    ChatRequest::from_value(body).expect("a request")
}

fn ask(text: &str) -> Value {
    json!({"model": "auto", "messages": [{"role": "user", "content": text}]})
}

fn refused_by(explanation: &Explanation, gate: &str) -> usize {
    explanation.plan.refusals.iter().filter(|r| r.gate == gate).count()
}

/// Prompts from trivial to hard.
const PROMPTS: [&str; 8] = [
    "hi there!",
    "What is the capital of Peru?",
    "Translate 'good morning, how are you?' into French.",
    "Extract the invoice number and the total from: Invoice 4711, total 99.50 EUR, due 1 March.",
    "Write a polite e-mail that declines a meeting on Friday.",
    "Write a Python function that merges overlapping intervals and explain its complexity.",
    "Prove that the square root of 2 is irrational and generalise to every prime.",
    "Find the race condition in this lock-free queue and prove the repaired version linearizable: ```c\nwhile(!cas(&head, h, h->next));```",
];

#[test]
fn the_four_strategies_differ_where_they_should() {
    let router = majors();
    let mut pairs_that_differ = 0;
    for prompt in PROMPTS {
        let chosen: Vec<(String, f64, u64)> = ["cheapest", "balanced", "best", "fastest"]
            .iter()
            .map(|s| {
                let mut body = ask(prompt);
                body["model"] = json!(format!("auto:{s}"));
                let plan = router.plan(&request(body)).expect("a plan");
                let first = &plan.candidates[0];
                (first.target.key(), first.quality.expect("a quality"), first.cost_nanos.expect("a cost"))
            })
            .collect();
        let [cheapest, balanced, best, _] = &chosen[..] else { panic!("four strategies") };
        // `balanced` has no bar: it may go below that of `cheapest` where the last points of quality are dear.
        assert!(cheapest.2 <= balanced.2 || balanced.1 < 0.75, "{prompt}: {chosen:?}");
        assert!(balanced.1 >= cheapest.1 - 1e-9 || balanced.2 <= cheapest.2, "{prompt}: {chosen:?}");
        assert!(best.1 >= balanced.1 - 0.02, "{prompt}: {chosen:?}");
        pairs_that_differ += usize::from(cheapest.0 != best.0) + usize::from(balanced.0 != best.0);
    }
    assert!(pairs_that_differ >= PROMPTS.len(), "{pairs_that_differ}");
}

#[test]
fn fallbacks_prefer_other_providers_and_pass_the_same_gates() {
    let router = majors();
    let mut body = ask("What is on this picture?");
    body["messages"][0]["content"] = json!([
        {"type": "text", "text": "What is on this picture?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]);
    let plan = router.plan(&request(body)).expect("a plan");
    let mut providers: Vec<_> = plan.candidates.iter().map(|c| c.target.deployment.provider.clone()).collect();
    assert!(plan.candidates.len() >= 4, "{providers:?}");
    assert!(plan.candidates.iter().all(|c| c.target.model.capabilities.vision == Some(true)));
    let first_three: std::collections::BTreeSet<_> = providers.drain(..3).collect();
    assert_eq!(first_three.len(), 3, "the first three are of three providers");
}

#[test]
fn gates_refuse_by_name() {
    let router = majors();
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let mut body = ask("What is the weather in Lima?");
    body["tools"] = tools;
    let explained = router.explain(&request(body)).expect("an explanation");
    assert!(refused_by(&explained, "tools") > 0);
    assert!(explained.plan.candidates.iter().all(|c| c.target.model.capabilities.tools == Some(true)));

    let mut body = ask(&"All work and no play makes Jack a dull boy. ".repeat(60_000));
    body["max_tokens"] = json!(1_000);
    let explained = router.explain(&request(body)).expect("an explanation");
    assert!(refused_by(&explained, "context_window") > 10);
    let need = explained.input_tokens + 1_000;
    assert!(explained.plan.candidates.iter().all(|c| c.target.model.context_window.is_none_or(|w| w >= need)));

    let mut body = ask("Hello");
    body["max_tokens"] = json!(100_000);
    let explained = router.explain(&request(body)).expect("an explanation");
    assert!(refused_by(&explained, "max_output_tokens") > 0);

    let explained = router.explain(&request(ask("Hello"))).expect("an explanation");
    assert!(refused_by(&explained, "sunset") > 0);
    let mut body = ask("Hello");
    body["temperature"] = json!(0.2);
    let explained = router.explain(&request(body)).expect("an explanation");
    assert!(refused_by(&explained, "parameters") > 0);
}

#[test]
fn price_options_hold_exactly() {
    let router = majors();
    let mut body = ask("Write a haiku about rain.");
    body["route"] = json!({"max_price": {"input": 0.2, "output": 0.8}, "strategy": "best"});
    let plan = router.plan(&request(body)).expect("a plan");
    assert_eq!(plan.strategy, Strategy::Best);
    for candidate in &plan.candidates {
        let price = candidate.target.model.prices.last().expect("a price");
        let holds = |rates: &Rates| rates.input.expect("input") <= 200_000 && rates.output.expect("output") <= 800_000;
        // A vendor with quiet hours may be in them now, or may have been when the plan was made.
        let quiet = price.off_peak.as_ref().is_some_and(|quiet| holds(&quiet.rates));
        assert!(holds(&price.rates) || quiet, "{} costs more", candidate.target.key());
    }
    let mut body = ask("Write a haiku about rain.");
    body["route"] = json!({"max_cost": 0.0});
    let error = router.plan(&request(body)).expect_err("nothing costs nothing");
    assert_eq!(error.kind(), ErrorKind::NoCandidate);
    assert!(error.refusals().iter().any(|r| r.gate == "max_cost"), "{error}");
    assert!(error.message().contains("max_cost"), "{error}");
}

#[test]
fn only_ignore_and_order_are_honoured() {
    let router = majors();
    let plan_of = |route: Value| {
        let mut body = ask("What is the capital of Peru?");
        body["route"] = route;
        router.plan(&request(body)).expect("a plan")
    };
    let provider = |plan: &clawrouters::Plan, i: usize| plan.candidates[i].target.deployment.provider.clone();
    let only = plan_of(json!({"only": ["anthropic"]}));
    assert!((0..only.candidates.len()).all(|i| provider(&only, i) == "anthropic"));
    let ignored = plan_of(json!({"ignore": [provider(&plan_of(json!({})), 0)]}));
    assert_ne!(provider(&ignored, 0), provider(&plan_of(json!({})), 0));
    let ordered = plan_of(json!({"order": ["mistral", "xai"]}));
    assert_eq!((provider(&ordered, 0).as_str(), provider(&ordered, 1).as_str()), ("mistral", "xai"));
    assert_eq!(plan_of(json!({"allow_fallbacks": false})).candidates.len(), 1);
    let named = plan_of(json!({"fallbacks": ["openai/gpt-5.4", "anthropic/claude-opus-4-5"]}));
    let keys: Vec<_> = named.candidates.iter().skip(1).map(|c| c.target.key()).collect();
    assert_eq!(keys, ["openai/gpt-5.4", "anthropic/claude-opus-4-5"]);
}

#[test]
fn free_models_win_only_when_asked_for() {
    let router = catalogue(&["nvidia", "openai"]);
    let mut body = ask("What is the capital of Peru?");
    body["model"] = json!("auto:cheapest");
    let plan = router.plan(&request(body.clone())).expect("a plan");
    assert!(plan.candidates.iter().all(|c| !c.target.model.free));
    body["route"] = json!({"require": ["zero_price"]});
    assert!(router.plan(&request(body)).expect("a plan").candidates[0].target.model.free);
}

#[test]
fn names_resolve_as_documented() {
    let router = router(json!({
        "providers": {"gemini": {"kind": "sandbox"}, "openai": {"kind": "sandbox"}, "mine": {"kind": "sandbox"}},
        "aliases": {"fast": ["mine/small", "openai/gpt-5.4-nano"]},
        "models": [{"id": "mine/small", "price": {"input": 0.1, "output": 0.2}}],
    }));
    let first = |model: &str| {
        let mut body = ask("Hello");
        body["model"] = json!(model);
        router.plan(&request(body)).map(|p| p.candidates.iter().map(|c| c.target.key()).collect::<Vec<_>>())
    };
    assert_eq!(first("fast").expect("an alias"), ["mine/small", "openai/gpt-5.4-nano"]);
    assert_eq!(first("gpt-5.4").expect("a bare name"), ["openai/gpt-5.4"]);
    assert_eq!(first("mine/anything:7b").expect("an own provider"), ["mine/anything:7b"]);
    assert_eq!(first("google/gemini-2.5-flash").expect("an alias of a provider"), ["gemini/gemini-2.5-flash"]);
    let unknown = first("no-such-model").expect_err("unknown");
    assert_eq!((unknown.kind(), unknown.param()), (ErrorKind::InvalidRequest, Some("model")));
    let no_key = first("anthropic/claude-opus-4-5").expect_err("not configured");
    assert_eq!(no_key.kind(), ErrorKind::NoCandidate);
    assert!(no_key.refusals().iter().any(|r| r.gate == "key"), "{no_key}");
    assert!(no_key.message().contains("ANTHROPIC_API_KEY"), "{no_key}");
    let suffix = first("auto:quickest").expect_err("no such strategy");
    assert_eq!(suffix.param(), Some("model"));
}

#[test]
fn hard_requests_are_never_given_to_models_of_unknown_quality() {
    let router = majors();
    for prompt in PROMPTS {
        let request = request(ask(prompt));
        if router.classify(&request).difficulty < 0.5 {
            continue;
        }
        let plan = router.plan(&request).expect("a plan");
        assert!(plan.candidates.iter().all(|c| !c.target.model.scores.is_empty()), "{prompt}");
    }
}

#[test]
fn a_baseline_may_be_a_model_that_is_not_configured() {
    let router = catalogue(&["deepseek"]);
    let mut body = ask("Hello");
    body["route"] = json!({"baseline": "anthropic/claude-opus-4-5"});
    let plan = router.plan(&request(body)).expect("a plan");
    assert_eq!(plan.baseline.expect("a baseline").key(), "anthropic/claude-opus-4-5");
}
