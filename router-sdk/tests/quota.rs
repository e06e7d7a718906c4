//! Limits and budgets through the public interface and the door, against the fake provider and the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clawrouters::{ChatRequest, Config, EmbeddingRequest, ErrorKind, QuotaState, Router};
use fake_provider::FakeProvider;
use futures_util::future::join_all;
use http::Request;
use serde_json::{Value, json};

const ID: &str = "quota";

/// A router with the providers `a` and `b`, whose models `m` cost a dollar a million input and ten dollars a million
/// output tokens, and `extra` laid over.
async fn stage(replies: Value, extra: Value) -> (FakeProvider, Router) {
    let fake = FakeProvider::start().await.unwrap();
    fake.script(ID, serde_json::from_value(json!({"providers": replies})).unwrap());
    let mut config = json!({"providers": {}, "models": []});
    for name in ["a", "b"] {
        let base = format!("{}/{name}/v1", fake.base(ID));
        config["providers"][name] = json!({"kind": "openai", "base_url": base, "api_key": "k"});
        let model = json!({"id": format!("{name}/m"), "price": {"input": 1.0, "output": 10.0}});
        config["models"].as_array_mut().unwrap().push(model);
    }
    for (key, value) in extra.as_object().unwrap() {
        config[key] = value.clone();
    }
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    (fake, router)
}

fn ask(model: &str, more: Value) -> ChatRequest {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Say hello."}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    ChatRequest::from_value(body).unwrap()
}

async fn state(router: &Router, subject: &str) -> QuotaState {
    router.quota(subject).await.unwrap()
}

/// Waits until nothing is held any more.
async fn spent(router: &Router, subject: &str) -> f64 {
    for _ in 0..200 {
        let budget = state(router, subject).await.budgets.remove(0);
        if budget.held_usd == 0.0 {
            return budget.spent_usd;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("money is held for nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_never_overspend() {
    // Each answer costs 60 micro-dollars by the provider's word; a hundred of them would fit.
    let reply = json!([{"say": "up", "usage": {"input": 10, "output": 5}, "delay_ms": 5}]);
    for (limit, stream) in [(json!({"max_tokens": 5}), false), (json!({}), true)] {
        let budgets =
            json!({"budgets": {"global": {"usd": 0.006, "window": "day"}, "tags": {"team=x": {"usd": 0.003}}}});
        let (fake, router) = stage(json!({"a": reply}), budgets).await;
        let calls = (0..200).map(|n| {
            let mut more = limit.clone();
            more["route"] = json!({"tags": if n % 2 == 0 { json!({"team": "x"}) } else { json!({}) }});
            let router = router.clone();
            tokio::spawn(async move {
                if !stream {
                    return router.chat(ask("a/m", more)).await.err();
                }
                let mut stream = match router.stream(ask("a/m", more)).await {
                    Ok(stream) => stream,
                    Err(error) => return Some(error),
                };
                while let Some(chunk) = stream.next().await {
                    chunk.unwrap();
                    if n % 7 == 0 {
                        break;
                    }
                }
                None
            })
        });
        let outcomes: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let refused = outcomes.iter().flatten().inspect(|e| assert_eq!(e.kind(), ErrorKind::BudgetExceeded)).count();
        let (all, team) = (spent(&router, "global").await, spent(&router, "tag:team=x").await);
        assert!(all <= 0.006 && team <= 0.003, "{all} and {team} were spent");
        assert!(refused >= 100, "{refused} were refused");
        assert!(fake.requests(ID).len() + refused >= 200);
        let costs: f64 = router.entries().iter().filter_map(|e| e.route.cost_nanos).map(|n| n as f64 / 1e9).sum();
        assert!((costs - all).abs() < 1e-9, "{costs} stand in the ledger, {all} in the budget");
    }
}

#[tokio::test]
async fn the_sandbox_spends_budgets_as_the_real_thing_would() {
    let config = json!({"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0.0}}},
        "budgets": {"global": {"usd": 0.02}}});
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    let calls = (0..200).map(|_| router.chat(ask("openai/gpt-5.4", json!({"max_tokens": 100}))));
    let outcomes = join_all(calls).await;
    let refused = outcomes.iter().filter(|o| o.as_ref().is_err_and(|e| e.kind() == ErrorKind::BudgetExceeded)).count();
    let all = spent(&router, "global").await;
    assert!(refused > 0 && refused < 200 && all <= 0.02 && all > 0.0, "{refused} refused, {all} spent");
}

#[tokio::test]
async fn a_limit_names_the_moment_at_which_there_is_room_and_the_door_says_so() {
    let limits = json!({"limits": {"global": {"requests_per_second": 2, "tokens_per_minute": 100_000}}});
    let (_fake, router) = stage(json!({"a": [{"say": "up", "usage": {"input": 10, "output": 5}}]}), limits).await;
    let call = || async {
        let body = json!({"model": "a/m", "max_tokens": 50, "messages": [{"role": "user", "content": "Say hello."}]});
        let request = Request::post("http://any/v1/chat/completions").body(Bytes::from(body.to_string())).unwrap();
        let (head, mut body) = router.endpoint().call(request).await.into_parts();
        (head, serde_json::from_slice::<Value>(&body.next_batch().await.unwrap()).unwrap())
    };
    let (first, body) = call().await;
    assert_eq!(first.status, 200, "{body}");
    assert_eq!(first.headers["x-ratelimit-limit-requests"], "2");
    assert_eq!(first.headers["x-ratelimit-remaining-requests"], "1");
    assert!(first.headers["x-ratelimit-reset-requests"].to_str().unwrap().ends_with('s'));
    assert_eq!(first.headers["x-ratelimit-limit-tokens"], "100000");
    let tokens: u64 = first.headers["x-ratelimit-remaining-tokens"].to_str().unwrap().parse().unwrap();
    assert!((99_900..99_950).contains(&tokens), "{tokens}");
    assert_eq!(body["clawrouters"]["limits"]["requests"]["limit_name"], "requests_per_second");
    assert_eq!(call().await.0.headers["x-ratelimit-remaining-requests"], "0");
    let (third, body) = call().await;
    assert_eq!((third.status.as_u16(), &body["error"]["code"]), (429, &json!("rate_limit_exceeded")));
    assert_eq!(
        (&third.headers["x-ratelimit-remaining-requests"], &third.headers["x-should-retry"]),
        (&"0".parse().unwrap(), &"false".parse().unwrap())
    );
    let wait: u64 = third.headers["retry-after-ms"].to_str().unwrap().parse().unwrap();
    assert!((500..=1_010).contains(&wait), "{wait}");
    tokio::time::sleep(Duration::from_millis(wait + 1)).await;
    assert_eq!(call().await.0.status, 200);
    let kinds: Vec<_> = router.entries().iter().map(|e| e.error).collect();
    assert_eq!(kinds, [None, None, Some(ErrorKind::RateLimited), None]);
}

#[tokio::test]
async fn what_fails_or_is_dropped_is_given_back() {
    let replies = json!({"a": [{"status": 400, "error": {}}, {"say": "up", "delay_ms": 2_000}, {"say": "up"}]});
    let limits = json!({"limits": {"global": {"requests_per_hour": 1, "tokens_per_hour": 5_000, "concurrency": 1}},
        "budgets": {"global": {"usd": 0.05}}, "timeouts": {"total_ms": 5_000}});
    let (_fake, router) = stage(replies, limits).await;
    assert_eq!(router.chat(ask("a/m", json!({}))).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    let dropped = router.chat(ask("a/m", json!({})));
    assert!(tokio::time::timeout(Duration::from_millis(200), dropped).await.is_err());
    let before = state(&router, "global").await;
    assert!(before.limits.iter().all(|limit| limit.used == 0), "{before:?}");
    assert_eq!((before.budgets[0].held_usd, before.budgets[0].spent_usd), (0.0, 0.0));
    assert!(router.chat(ask("a/m", json!({}))).await.is_ok());
    let error = router.chat(ask("a/m", json!({}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let wait = error.retry_after().unwrap();
    assert!(wait > Duration::from_secs(3_590) && wait <= Duration::from_secs(3_672), "{wait:?}");
    let used: Vec<_> = state(&router, "global").await.limits.iter().map(|l| (l.name, l.used)).collect();
    assert_eq!(used, [("requests_per_hour", 1), ("tokens_per_hour", 15), ("concurrency", 0)]);
}

#[tokio::test]
async fn limits_and_budgets_of_models_and_providers_pass_candidates_over() {
    let up = json!([{"say": "up", "usage": {"input": 10, "output": 5}}]);
    let cases = [
        json!({"limits": {"models": {"a/m": {"requests_per_day": 1}}}}),
        json!({"limits": {"providers": {"a": {"requests_per_day": 1}}}}),
        json!({"budgets": {"models": {"a/m": {"usd": 0.00006}}}}),
        json!({"budgets": {"providers": {"a": [{"usd": 5.0, "window": "month"}, {"usd": 0.00006, "window": "week"}]}}}),
    ];
    for limits in cases {
        let (fake, router) = stage(json!({"a": up, "b": up}), limits.clone()).await;
        let asked = || ask("a/m", json!({"max_tokens": 4, "route": {"fallbacks": ["b/m"]}}));
        let mut models = Vec::new();
        for _ in 0..2 {
            let reply = router.chat(asked()).await.unwrap();
            models.push(reply.route.model.clone());
            let passed = reply.route.reasons.iter().any(|r| r.starts_with("a/m was passed over: "));
            assert_eq!(passed, models.len() == 2, "{:?}", reply.route.reasons);
        }
        assert_eq!(models, ["a/m", "b/m"], "{limits}");
        let alone = router.chat(ask("a/m", json!({"max_tokens": 4}))).await.unwrap_err();
        let kind = if limits.get("limits").is_some() { ErrorKind::RateLimited } else { ErrorKind::BudgetExceeded };
        assert_eq!((alone.kind(), alone.attempts().len()), (kind, 0), "{alone}");
        assert_eq!(fake.requests(ID).len(), 2);
    }
}

#[tokio::test]
async fn an_answer_is_cut_to_what_the_budget_carries() {
    let up = json!([{"say": "up", "usage": {"input": 10, "output": 5}}]);
    let (fake, router) = stage(json!({"a": up}), json!({"budgets": {"global": {"usd": 0.001}}})).await;
    let reply = router.chat(ask("a/m", json!({}))).await.unwrap();
    let sent = fake.requests(ID)[0].body["max_completion_tokens"]
        .as_u64()
        .or(fake.requests(ID)[0].body["max_tokens"].as_u64())
        .unwrap();
    assert!((95..100).contains(&sent), "{sent}");
    let told = reply.route.adapted.iter().find(|a| a.starts_with(&format!("max_tokens: set to {sent}, "))).unwrap();
    assert!(told.contains("the budget of global, 0.001 USD in all, has 0.001 USD left"), "{told}");
    // What the caller set is his to say.
    let error = router.chat(ask("a/m", json!({"max_tokens": 200}))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::BudgetExceeded, None));
    assert!(router.chat(ask("a/m", json!({"max_tokens": 20}))).await.is_ok());
}

#[tokio::test]
async fn a_budget_needs_a_price() {
    let fake = FakeProvider::start().await.unwrap();
    fake.script(ID, serde_json::from_value(json!({"providers": {"a": [{"say": "up"}]}})).unwrap());
    let config = json!({"providers": {"a": {"kind": "openai", "base_url": format!("{}/a/v1", fake.base(ID)), "api_key": "k"}},
        "budgets": {"global": {"usd": 5}}});
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    let error = router.chat(ask("a/unheard-of", json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some("price_unknown")));
    assert!(error.message().contains("models[].price"), "{error}");
}

#[tokio::test]
async fn a_budget_that_runs_out_changes_the_strategy_and_is_told_of_once() {
    let config = json!({"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0.0}}},
        "strategy": "best", "budgets": {"tags": {"team=x": {"usd": 0.05, "window": "month", "soft": 0.01, "on_soft": "cheapest"}}}});
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    router.on_budget(move |event| heard.lock().unwrap().push(event));
    let team = || ask("auto", json!({"max_tokens": 300, "route": {"tags": {"team": "x"}}}));
    assert_eq!(router.chat(team()).await.unwrap().route.strategy, "best");
    let second = router.chat(team()).await.unwrap();
    assert_eq!(second.route.strategy, "cheapest");
    assert!(
        second.route.reasons[0].starts_with("the budget of tag:team=x, 0.05 USD a month, is at "),
        "{:?}",
        second.route.reasons
    );
    assert_eq!(router.chat(ask("auto", json!({"max_tokens": 300}))).await.unwrap().route.strategy, "best");
    router.chat(team()).await.unwrap();
    tokio::task::yield_now().await;
    let events = events.lock().unwrap().clone();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((events[0].level, events[0].subject.as_str()), ("soft", "tag:team=x"));
    assert!(events[0].began_ms.is_some() && events[0].spent_usd > 0.0005);
    assert!(state(&router, "tag:team=x").await.budgets[0].soft_reached);
}

#[tokio::test]
async fn a_live_stream_is_stopped_at_the_budget_with_what_it_said() {
    // Far more words than the 4,096 tokens that are held for an answer without a limit.
    let words: Vec<String> =
        (0..400).map(|n| format!("{n} bottles of beer are standing on the wall of the old pub, ").repeat(4)).collect();
    let long = json!([{"chunks": words, "usage": {"input": 10, "output": 20_000}}]);
    for (hard_stop, ended) in [(true, Some(ErrorKind::BudgetExceeded)), (false, None)] {
        let budget = json!({"budgets": {"global": {"usd": 0.06, "hard_stop": hard_stop}}});
        let (_fake, router) = stage(json!({"a": long}), budget).await;
        let mut stream = router.stream(ask("a/m", json!({}))).await.unwrap();
        let (mut text, mut error) = (String::new(), None);
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => text.push_str(chunk.text()),
                Err(failed) => error = Some(failed),
            }
        }
        assert_eq!(error.as_ref().map(|e| e.kind()), ended);
        if let Some(error) = error {
            let partial = error.partial().unwrap();
            assert!(partial.text == text && text.len() > 10_000, "{} bytes", text.len());
            let used = spent(&router, "global").await;
            assert!(used <= 0.06 && used > 0.03, "{used} spent");
            let attempt = &error.attempts()[0];
            assert_eq!((attempt.verdict.as_str(), attempt.then), ("budget_exceeded", "stop"));
            assert_eq!(router.entries()[0].error, Some(ErrorKind::BudgetExceeded));
        }
    }
}

#[tokio::test]
async fn who_waits_is_let_in_by_priority_and_then_in_order() {
    let limits = json!({"limits": {"global": {"concurrency": 1}, "queue_ms": 5_000}});
    let (fake, router) = stage(json!({"a": [{"say": "up", "delay_ms": 40}]}), limits).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls = ["normal", "low", "normal", "high", "low", "high"].into_iter().enumerate().map(|(n, priority)| {
        let (router, order) = (router.clone(), Arc::clone(&order));
        async move {
            tokio::time::sleep(Duration::from_millis(3 * n as u64)).await;
            let request = ask("a/m", json!({"route": {"priority": priority}}));
            let answered = router.chat(request).await;
            order.lock().unwrap().push(n);
            answered
        }
    });
    let outcomes = join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(*order.lock().unwrap(), [0, 3, 5, 2, 1, 4]);
    assert_eq!(fake.requests(ID).len(), 6);
}

#[tokio::test]
async fn waiting_ends_when_there_is_room_or_none_in_time() {
    let up = json!([{"say": "up"}]);
    let limits = json!({"limits": {"global": {"requests_per_second": 1}, "queue_ms": 1_500}});
    let (_fake, router) = stage(json!({"a": up}), limits).await;
    let started = Instant::now();
    let outcomes = join_all((0..3).map(|_| router.chat(ask("a/m", json!({}))))).await;
    let took = started.elapsed();
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 2, "{outcomes:?}");
    assert!(took >= Duration::from_millis(990) && took < Duration::from_millis(1_700), "{took:?}");
    let error = outcomes.into_iter().find_map(Result::err).unwrap();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    // The deadline of a request ends its waiting too.
    let started = Instant::now();
    let late = router.chat(ask("a/m", json!({"route": {"deadline_ms": 100}}))).await;
    assert!(late.is_err() && started.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn embeddings_stand_under_the_same_limits_and_budgets() {
    let embed = json!([{"embed": 2}]);
    let extra = json!({"limits": {"tags": {"team=x": {"requests_per_hour": 2}}, "models": {"b/m": {"input_tokens_per_day": 1_000}}},
        "budgets": {"providers": {"b": {"usd": 0.01}}}});
    let (_fake, router) = stage(json!({"b": embed}), extra).await;
    let request = || {
        EmbeddingRequest::from_json(
            json!({"model": "b/m", "input": ["a cat", "a dog"], "route": {"tags": {"team": "x"}}})
                .to_string()
                .as_bytes(),
        )
        .unwrap()
    };
    let reply = router.embed(request()).await.unwrap();
    let limits = reply.route.limits.as_ref().unwrap();
    assert_eq!(limits.requests.as_ref().unwrap().remaining, 1);
    let model = state(&router, "model:b/m").await;
    assert_eq!(model.limits[0].used, reply.usage.input);
    assert!(spent(&router, "provider:b").await > 0.0);
    router.embed(request()).await.unwrap();
    assert_eq!(router.embed(request()).await.unwrap_err().kind(), ErrorKind::RateLimited);
}

#[tokio::test]
async fn a_subject_without_limits_is_an_error_that_repeats_no_secret() {
    let (_fake, router) = stage(json!({}), json!({"limits": {"global": {"concurrency": 1}}})).await;
    let error = router.quota("cr_secretsecretsecret").await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("subject")));
    assert!(!error.message().contains("cr_"), "{error}");
    assert!(router.quota("tag:team=x").await.unwrap_err().message().contains("tag:team=x"));
    assert_eq!(state(&router, "global").await.limits[0].name, "concurrency");
}

#[test]
fn impossible_settings_are_named() {
    let cases = [
        (json!({"limits": {"global": {"requests_per_minut": 1}}}), "limits.global.requests_per_minut"),
        (json!({"limits": {"global": {"requests_per_minute": 0}}}), "limits.global.requests_per_minute"),
        (json!({"limits": {"global": {"requests_per_minute": -1}}}), "limits.global.requests_per_minute"),
        (json!({"limits": {"global": {"concurrency": "2"}}}), "limits.global.concurrency"),
        (json!({"limits": {"global": []}}), "limits.global"),
        (json!({"limits": {"models": {"gpt": {"concurrency": 1}}}}), "limits.models.gpt"),
        (json!({"limits": {"tags": {"team": {"concurrency": 1}}}}), "limits.tags.team"),
        (json!({"limits": {"tags": {"team=x": 5}}}), "limits.tags.team=x"),
        (json!({"limits": {"providers": {"a/b": {"concurrency": 1}}}}), "limits.providers.a/b"),
        (json!({"limits": {"queue_ms": 3_600_001}}), "limits.queue_ms"),
        (json!({"limits": []}), "limits"),
        (json!({"budgets": {"global": {"usd": 0}}}), "budgets.global.usd"),
        (json!({"budgets": {"global": {"window": "day"}}}), "budgets.global"),
        (json!({"budgets": {"global": {"usd": 1, "window": "year"}}}), "budgets.global.window"),
        (json!({"budgets": {"global": {"usd": 1, "time_zone": "Mars"}}}), "budgets.global.time_zone"),
        (json!({"budgets": {"global": [{"usd": 1}, {"usd": 1, "soft": 2}]}}), "budgets.global[1].soft"),
        (json!({"budgets": {"global": 5}}), "budgets.global"),
        (json!({"budgets": {"tags": {"team=x": {"usd": 1, "on_soft": "cheapest"}}}}), "budgets.tags.team=x.on_soft"),
        (
            json!({"budgets": {"models": {"a/m": {"usd": 1, "soft": 0.5, "on_soft": "cheapest"}}}}),
            "budgets.models.a/m.on_soft",
        ),
    ];
    for (config, field) in cases {
        let error = Config::from_value(config.clone()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some(field)), "{config}: {error}");
    }
    let twice = json!({"providers": {"google": {"api_key": "k"}},
        "limits": {"providers": {"google": {"concurrency": 1}, "gemini": {"concurrency": 2}}}});
    let error = Router::new(Config::from_value(twice).unwrap()).unwrap_err();
    assert_eq!(error.param(), Some("limits.providers.google"), "{error}");
}
