//! Attacks on input: requests, configurations, names and options that are odd, huge, wrong or hold secrets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;

use adversary_support::{ID, ask, asked, read, stage};
use bytes::Bytes;
use clawrouters::{ChatRequest, Config, ErrorKind, Router};
use http::Request;
use serde_json::{Value, json};

const BIG: usize = 50 * 1024 * 1024;

#[tokio::test]
async fn fifty_megabytes_are_refused_however_they_come() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({"models": [{"id": "alpha/other"}]})).await;
    let text = "word ".repeat(BIG / 5);
    let body = json!({"model": "alpha/unknown", "messages": [{"role": "user", "content": text}]});
    let error = ChatRequest::from_json(body.to_string().as_bytes()).expect_err("too large");
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("messages")));
    assert_eq!(ChatRequest::from_value(body).expect_err("too large").kind(), ErrorKind::InvalidRequest);
    let error = router.chat(ChatRequest::new("alpha/unknown", text)).await.expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{}", error.message());
    assert_eq!(asked(&fake, "alpha"), 0);
}

#[test]
fn deep_nesting_is_a_typed_error_or_harmless() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let text = format!(r#"{{"model":"a/b","messages":[{{"role":"user","content":"x"}}],"extra":{deep}}}"#);
    assert_eq!(ChatRequest::from_json(text.as_bytes()).expect_err("too deep").param(), Some("body"));
    let mut value = json!(1);
    for _ in 0..1_000 {
        value = json!([value]);
    }
    let body = json!({"model": "a/b", "messages": [{"role": "user", "content": "x"}], "extra": value});
    let built = std::thread::Builder::new().stack_size(2 << 20).spawn(move || ChatRequest::from_value(body).is_ok());
    assert!(built.expect("a thread").join().is_ok(), "no overflow");
}

fn config_error(value: Value) -> clawrouters::Error {
    match Config::from_value(value.clone()).and_then(Router::new) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {value}"),
    }
}

#[test]
fn a_key_in_the_wrong_place_never_reaches_the_error() {
    let mut faults = Vec::new();
    const KEY: &str = "sk-live-abcdefghijklmnop";
    let wrong = [
        json!({"providers": {"openai": KEY}}),
        json!({"providers": KEY}),
        json!({"providers": {"openai": {"headers": format!("Bearer {KEY}")}}}),
        json!({"providers": {"openai": {"sandbox": KEY}}}),
        json!({"models": [KEY]}),
        json!({"timeouts": KEY}),
        json!({"providers": {"openai": {"api_key": [KEY]}}}),
        json!({"providers": {"openai": {"api_key": KEY, "base_url": KEY}}}),
    ];
    for value in wrong {
        let error = config_error(value.clone());
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        if format!("{error} {error:?} {}", error.to_json()).contains("abcdefghijklmnop") {
            faults.push(format!("{value}: {error}"));
        }
    }
    for text in [
        format!("[providers.openai]\napi_key = {KEY}\n"),
        format!("[providers]\nopenai = \"{KEY}\"\n"),
        format!("[providers.openai]\napi_key = \"{KEY}\n"),
    ] {
        let told = Config::from_toml(&text).expect_err("not valid").to_string();
        if told.contains("abcdefghijklmnop") {
            faults.push(format!("{text}: {told}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn wrong_types_and_impossible_values_of_the_config_name_the_key() {
    let wrong = [
        (json!({"strategy": "fast"}), "strategy"),
        (json!({"strategy": 5}), "strategy"),
        (json!({"timeouts": {"idle_ms": "1s"}}), "timeouts.idle_ms"),
        (json!({"timeouts": {"idle_ms": -1}}), "timeouts.idle_ms"),
        (json!({"timeouts": {"idle_ms": 0}}), "timeouts.idle_ms"),
        (json!({"timeouts": {"total_ms": 1.5}}), "timeouts.total_ms"),
        (json!({"timeouts": {"first_token": 1}}), "timeouts.first_token"),
        (json!({"retry": {"max_attempts": 0}}), "retry.max_attempts"),
        (json!({"retry": {"max_attempts": 5_000_000_000u64}}), "retry.max_attempts"),
        (json!({"breaker": {"failures": 0}}), "breaker.failures"),
        (json!({"breaker": []}), "breaker"),
        (json!({"aliases": {"a": []}}), "aliases.a"),
        (json!({"aliases": {"a": "x/y"}}), "aliases.a"),
        (json!({"aliases": {"auto": ["x/y"]}}), "aliases.auto"),
        (json!({"models": [{"id": "x"}]}), "models[0].id"),
        (json!({"models": [{"id": "x/y", "price": {"input": -1}}]}), "models[0].price.input"),
        (json!({"models": [{"id": "x/y", "price": {"input": 1e300}}]}), "models[0].price.input"),
        (json!({"models": [{"id": "x/y", "price": {"in": 1}}]}), "models[0].price.in"),
        (json!({"models": [{"id": "x/y", "context_window": 0}]}), "models[0]"),
        (json!({"models": [{"id": "x/y", "capabilities": {"flying": true}}]}), "models[0].capabilities.flying"),
        (json!({"models": {"id": "x/y"}}), "models"),
        (json!({"providers": {"own": {"base_url": "ftp://x"}}}), "providers.own.base_url"),
        (json!({"providers": {"own": {}}}), "providers.own.base_url"),
        (json!({"providers": {"own": {"base_url": "http://x", "kind": "soap"}}}), "providers.own.kind"),
        (
            json!({"providers": {"own": {"base_url": "http://x", "headers": {"a": "b\r\nc: d"}}}}),
            "providers.own.headers.a",
        ),
        (json!({"providers": {"own": {"base_url": "http://x", "api_key": "a\nb"}}}), "providers.own.api_key"),
        (json!({"providers": {"own": {"base_url": "http://x", "api_key": ""}}}), "providers.own.api_key"),
        (json!({"providers": {"own": {"base_url": "http://x", "port": 1}}}), "providers.own.port"),
        (json!({"providers": {"own": {"base_url": "http://x"}}, "baseline": "no/such"}), "baseline"),
        (json!({"nonsense": 1}), "nonsense"),
    ];
    let mut faults = Vec::new();
    for (value, key) in wrong {
        match Config::from_value(value.clone()).and_then(Router::new) {
            Ok(_) => faults.push(format!("{value} was accepted")),
            Err(e) if e.kind() != ErrorKind::InvalidConfig => faults.push(format!("{value}: {e}")),
            Err(e) if !e.to_string().contains(key.rsplit('.').next().unwrap_or(key)) => {
                faults.push(format!("{value}: {e}"))
            }
            Err(_) => {}
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn route_options_of_wrong_types_name_the_option() {
    let mut faults = Vec::new();
    let wrong = [
        json!({"strategy": "quickest"}),
        json!({"strategy": 1}),
        json!({"only": "openai"}),
        json!({"only": [1]}),
        json!({"max_cost": "1"}),
        json!({"max_cost": -1}),
        json!({"max_price": 3}),
        json!({"max_price": {"input": "1"}}),
        json!({"max_price": {"in": 1}}),
        json!({"max_price": [1.0, 2.0]}),
        json!({"deadline_ms": 0}),
        json!({"deadline_ms": -5}),
        json!({"deadline_ms": 1.5}),
        json!({"require": ["flying"]}),
        json!({"tags": {"a": 1}}),
        json!({"fallbacks": "x"}),
        json!({"nonsense": 1}),
        json!({"allow_fallbacks": "no"}),
        json!(5),
        json!("cheapest"),
        json!([]),
    ];
    for route in wrong {
        let body = json!({"model": "auto", "messages": [{"role": "user", "content": "x"}], "route": route});
        match ChatRequest::from_value(body) {
            Ok(_) => faults.push(format!("{route} was accepted")),
            Err(e) if e.kind() == ErrorKind::InvalidRequest && e.param().is_some_and(|p| p.starts_with("route")) => {}
            Err(e) => faults.push(format!("{route}: {e}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn odd_requests_are_typed_errors_and_nothing_is_sent() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({})).await;
    let door = router.endpoint();
    let user = r#"{"role":"user","content":"x"}"#;
    let wrong = [
        (r#"{"model":"alpha/m","messages":[{"role":"user","content":"\ud800"}]}"#.to_owned(), "body"),
        (r#"{"model":"alpha/m","messages":[{"role":"user","content":NaN}]}"#.to_owned(), "body"),
        (format!(r#"{{"model":"alpha/m","messages":[{user}],"temperature":1e999}}"#), ""),
        (format!(r#"{{"model":"alpha/m","messages":[{user}],"temperature":"hot"}}"#), "temperature"),
        (format!(r#"{{"model":"alpha/m","messages":[{user}],"max_tokens":-1}}"#), "max_tokens"),
        (format!(r#"{{"model":"alpha/m","messages":[{user}],"n":0}}"#), "n"),
        (format!(r#"{{"model":"alpha/m","messages":[{user}],"stream":"yes"}}"#), "stream"),
        (
            format!(
                r#"{{"model":"alpha/m","messages":[{user}],"tools":[{{"type":"function","function":{{"name":"f","parameters":[]}}}}]}}"#
            ),
            "tools[0].function.parameters",
        ),
        (r#"{"model":"alpha/m","messages":[]}"#.to_owned(), "messages"),
        (r#"{"model":"alpha/m"}"#.to_owned(), "messages"),
        (r#"{"model":"alpha/m","messages":"x"}"#.to_owned(), "messages"),
        (r#"{"model":"alpha/m","messages":[{"role":"robot","content":"x"}]}"#.to_owned(), "messages[0].role"),
        (
            r#"{"model":"alpha/m","messages":[{"role":"tool","content":"x","tool_call_id":"c"}]}"#.to_owned(),
            "messages[0].tool_call_id",
        ),
        (format!(r#"{{"model":"","messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":7,"messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":"nobody/x","messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":"alpha/","messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":"/m","messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":"auto:quick","messages":[{user}]}}"#), "model"),
        (format!(r#"{{"model":"auto","models":[],"messages":[{user}]}}"#), "models"),
        (format!(r#"{{"model":"auto","models":"x","messages":[{user}]}}"#), "models"),
        ("[]".to_owned(), "body"),
        (String::new(), "body"),
        ("\u{feff}{}".to_owned(), ""),
    ];
    for (body, param) in wrong {
        let request = Request::post("/v1/chat/completions").body(Bytes::from(body.clone())).expect("a request");
        let (status, error) = answer(door.call(request).await).await;
        assert_eq!(status, 400, "{body}: {error}");
        assert!(
            error["error"]["message"].is_string() && error["error"]["type"] == json!("invalid_request_error"),
            "{error}"
        );
        if !param.is_empty() {
            assert_eq!(error["error"]["param"], json!(param), "{body}: {error}");
        }
    }
    assert!(fake.requests(ID).is_empty());
}

async fn answer(mut response: http::Response<clawrouters::Body>) -> (u16, Value) {
    let mut bytes = Vec::new();
    while let Some(more) = response.body_mut().next_batch().await {
        bytes.extend_from_slice(&more);
    }
    (response.status().as_u16(), serde_json::from_slice(&bytes).expect("JSON"))
}

#[tokio::test]
async fn names_split_at_the_first_slash_and_may_hold_anything_else() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({})).await;
    for id in ["org/model:free", "a/b/c:d:e", "模型-é", "m m", "auto:best", "m@2024", "%2e%2e"] {
        let name = format!("alpha/{id}");
        let reply = router.chat(ask(&[name.as_str()], json!({}))).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(reply.model(), name);
        assert_eq!(reply.to_json()["model"], json!(name));
        assert_eq!(fake.requests(ID).pop().expect("a request").body["model"], json!(id));
    }
}

#[tokio::test]
async fn a_listed_model_without_a_key_makes_way_for_the_next() {
    let settings = json!({"aliases": {"pair": ["openai/gpt-5.4", "alpha/m"], "none": ["openai/gpt-5.4", "groq/x"]}});
    let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), settings).await;
    for request in [ask(&["openai/gpt-5.4", "alpha/m"], json!({})), ask(&["pair"], json!({}))] {
        let reply = router.chat(request).await.unwrap_or_else(|e| panic!("alpha can answer: {e}"));
        assert_eq!(reply.model(), "alpha/m");
    }
    let error = router.chat(ask(&["none"], json!({}))).await.expect_err("nobody has a key");
    assert_eq!(error.kind(), ErrorKind::NoCandidate);
    assert_eq!(error.refusals().len(), 2, "every model is named: {error}");
}

#[tokio::test]
async fn a_list_beside_auto_with_a_strategy_is_not_ignored() {
    let script = json!({"alpha": [{"say": "a"}], "beta": [{"say": "b"}]});
    let price = json!({"input": 1.0, "output": 2.0});
    let settings = json!({"models": [{"id": "alpha/m", "quality": 90, "price": price}, {"id": "beta/m", "quality": 10, "price": price}]});
    let (_fake, router) = stage(script, settings).await;
    let reply = router.chat(ask(&["auto", "beta/m"], json!({}))).await.expect("a reply");
    assert_eq!(reply.model(), "beta/m");
    match router.chat(ask(&["auto:best", "beta/m"], json!({}))).await {
        Ok(reply) => assert_eq!(reply.model(), "beta/m", "the list was ignored"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidRequest),
    }
}

#[tokio::test]
async fn gemini_and_google_name_the_same_in_route_options() {
    let mut faults = Vec::new();
    for (configured, named) in [("google", "gemini"), ("gemini", "google")] {
        let config = json!({"providers": {configured: {"kind": "sandbox", "sandbox": {"latency": 0.0}}, "openai": {"kind": "sandbox", "sandbox": {"latency": 0.0}}}});
        let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
        let only = router.plan(&ask(&["auto"], json!({"route": {"only": [named]}})));
        match only {
            Ok(plan) => assert!(plan.candidates[0].target.key().starts_with(configured)),
            Err(error) => faults.push(format!("only {named} with {configured}: {}", error.kind())),
        }
        let ignored = router.plan(&ask(&["auto"], json!({"route": {"ignore": [named]}}))).expect("openai is left");
        if ignored.candidates.iter().any(|c| c.target.key().starts_with(configured)) {
            faults.push(format!("ignore {named} with {configured}"));
        }
        let order = router.plan(&ask(&["auto"], json!({"route": {"order": [named]}}))).expect("a plan");
        if !order.candidates[0].target.key().starts_with(configured) {
            faults.push(format!("order {named} with {configured}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn unknown_fields_pass_both_ways_and_huge_numbers_survive() {
    let extra = json!({"vendor_note": {"a": [1, null, "é"]}, "big": 18_446_744_073_709_551_615u64});
    let script = json!({"alpha": [{"say": "up", "extra": extra, "message_extra": {"odd": {"deep": true}}}]});
    let (fake, router) =
        stage(script, json!({"providers": {"alpha": {"headers": {"X-Own": "one", "x-tenant": "t"}}}})).await;
    let more =
        json!({"max_tokens": 7_000, "own_option": {"k": [1, 2.5, null]}, "seed": i64::MAX, "metadata": {"a": "b"}});
    let reply = router.chat(ask(&["alpha/m"], more.clone())).await.expect("a reply").to_json();
    assert_eq!((&reply["vendor_note"], &reply["big"]), (&extra["vendor_note"], &extra["big"]));
    assert_eq!(reply["choices"][0]["message"]["odd"], json!({"deep": true}));
    let (chunks, error) = read(&router, ask(&["alpha/m"], json!({"stream": true, "own_option": 1}))).await;
    assert!(error.is_none());
    assert!(chunks.iter().any(|c| c["vendor_note"] == extra["vendor_note"]));
    let sent = fake.requests(ID);
    for (name, value) in more.as_object().expect("an object") {
        assert_eq!(&sent[0].body[name], value, "{name}");
    }
    assert_eq!(sent[0].body["messages"][0]["content"], json!("Hello there"));
    for own in ["route", "models", "clawrouters"] {
        assert!(sent[0].body.get(own).is_none());
    }
    assert_eq!(sent[0].headers.get("x-own").map(String::as_str), Some("one"));
    assert_eq!(sent[1].headers.get("x-tenant").map(String::as_str), Some("t"));
    assert_eq!(sent[1].headers.get("authorization").map(String::as_str), Some("Bearer sk-alpha-0123456789"));
}

#[tokio::test]
async fn duplicate_keys_take_the_last_and_numbers_beyond_reason_do_not_panic() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({})).await;
    let text = r#"{"model":"nobody/x","model":"alpha/m","messages":[{"role":"user","content":"x","content":"y"}],"route":{"deadline_ms":1,"deadline_ms":18446744073709551615}}"#;
    router.chat(ChatRequest::from_json(text.as_bytes()).expect("a request")).await.expect("a reply");
    assert_eq!(fake.requests(ID)[0].body["messages"][0]["content"], json!("y"));
    for field in ["max_tokens", "max_completion_tokens", "n"] {
        let more = json!({field: u64::MAX, "route": {"max_cost": f64::MAX}});
        // Refused or sent, but never a panic.
        let _ = router.chat(ask(&["alpha/m"], more.clone())).await;
        let _ = router.chat(ask(&["alpha/m", "alpha/unknown"], more.clone())).await;
        let _ = router.explain(&ask(&["auto"], more)).expect("an explanation");
    }
}

#[tokio::test]
async fn explain_and_classify_agree_with_the_walk() {
    let script = json!({"alpha": [{"say": "a"}], "beta": [{"say": "b"}]});
    let (fake, router) = stage(script, json!({})).await;
    let request = ask(
        &["auto"],
        json!({"messages": [{"role": "system", "content": "Prove the Riemann hypothesis in Coq."}, {"role": "user", "content": "hi"}]}),
    );
    let plain = ask(&["auto"], json!({"messages": [{"role": "user", "content": "hi"}]}));
    assert_eq!(router.classify(&request).difficulty, router.classify(&plain).difficulty, "system prompts do not count");
    let told = router.explain(&request).expect("an explanation").to_json();
    assert!(told["difficulty"].as_f64().is_some_and(|d| (0.0..=1.0).contains(&d)));
    assert_eq!(told["candidates"].as_array().map(Vec::len), Some(2));
    for candidate in told["candidates"].as_array().expect("a list") {
        assert!(candidate["cost"].is_f64() && candidate["quality"].is_f64(), "{candidate}");
    }
    let refused =
        router.explain(&ask(&["auto"], json!({"route": {"ignore": ["alpha"]}}))).expect("an explanation").to_json();
    assert!(
        refused["refused"].as_array().expect("a list").iter().any(|r| r["model"] == "alpha/m" && r["gate"] == "ignore")
    );
    let explicit = router.explain(&ask(&["beta/m"], json!({}))).expect("an explanation").to_json();
    assert_eq!(explicit["model"], json!("beta/m"));
    assert!(fake.requests(ID).is_empty(), "nothing is sent");
    assert_eq!(router.chat(request).await.expect("a reply").model(), told["model"].as_str().expect("a model"));
}

#[tokio::test]
async fn an_own_model_with_a_stated_quality_needs_no_price_for_auto() {
    for model in [
        json!({"id": "alpha/m"}),
        json!({"id": "alpha/m", "quality": 60}),
        json!({"id": "alpha/m", "scores": {"code": 60}}),
    ] {
        let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({"models": [model]})).await;
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
        for more in [json!({}), json!({"tools": tools})] {
            let reply = router.chat(ask(&["auto"], more)).await.unwrap_or_else(|e| panic!("{model}: {e}"));
            assert_eq!((reply.model(), reply.route.cost_nanos), ("alpha/m", None));
        }
    }
}

#[tokio::test]
async fn an_error_without_an_id_of_the_provider_carries_our_own() {
    let (_fake, router) =
        stage(json!({"alpha": [{"fault": {"kind": "reset_before_headers"}}]}), json!({"retry": {"max_attempts": 1}}))
            .await;
    let error = router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
    let own = router.entries()[0].route.request_id.clone();
    assert_eq!(error.request_id(), Some(own.as_str()), "nothing ties the error to its entry");
}

#[tokio::test]
async fn a_broken_alias_and_baseline_are_faults_of_the_config() {
    let settings = json!({"aliases": {"pair": ["nobody/x"]}});
    let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), settings).await;
    let error = router.chat(ask(&["pair"], json!({}))).await.expect_err("nobody is no provider");
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("aliases.pair")), "{error}");
}

#[tokio::test]
async fn a_cost_ceiling_counts_every_choice_asked_for() {
    let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({})).await;
    // 1,000 tokens at 2 USD per 1M are 2,000 micro-dollars a choice.
    let ceiling = |n: u64| json!({"n": n, "max_tokens": 1_000, "route": {"max_cost": 0.004}});
    router.chat(ask(&["alpha/m"], ceiling(1))).await.expect("it fits");
    let error = router
        .chat(ask(&["alpha/m"], ceiling(4)))
        .await
        .map(|r| r.route.cost_nanos)
        .expect_err("four choices could cost 0.008 USD");
    assert_eq!(error.kind(), ErrorKind::NoCandidate);
}

#[tokio::test]
async fn the_door_serves_its_paths_and_answers_the_rest_in_form() {
    let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({"aliases": {"fast": ["alpha/m"]}})).await;
    let call = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).expect("a request");
        answer(router.endpoint().call(request).await).await
    };
    let (status, listed) = call("GET", "https://x/any/v1/models?limit=3").await;
    let ids: Vec<_> = listed["data"].as_array().expect("a list").iter().filter_map(|m| m["id"].as_str()).collect();
    assert_eq!((status, &listed["object"]), (200, &json!("list")));
    for id in ["auto", "auto:cheapest", "auto:balanced", "auto:best", "auto:fastest", "fast", "alpha/m"] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    assert_eq!(call("GET", "/v1/models/alpha/m").await.1["id"], json!("alpha/m"));
    for (method, path, status) in [
        ("POST", "/v1/embeddingz", 404),
        ("GET", "/", 404),
        ("GET", "/v1/models/nobody/x", 404),
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/chat/completions", 400),
        ("POST", "/chat/completions/", 400),
    ] {
        let (got, error) = call(method, path).await;
        assert_eq!(got, status, "{method} {path}: {error}");
        for field in ["message", "type", "param", "code"] {
            assert!(error["error"].get(field).is_some(), "{field} of {error}");
        }
    }
}
