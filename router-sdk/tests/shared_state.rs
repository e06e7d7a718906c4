//! Routers that share state, through the public interface: in one process and in eight, with a real server and without.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // A test may.
#![allow(dead_code)] // The server can do more than is asked of it here.

#[path = "../src/store/redis/tests/searcher.rs"]
mod searcher;
#[path = "../src/store/redis/tests/server.rs"]
mod server;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Error, ErrorKind, NewKey, Router};
use fake_provider::FakeProvider;
use futures_util::future::join_all;
use searcher::Searcher;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::Server;

const ID: &str = "shared";
const SPEC: &str = "CLAWROUTERS_TEST_SHARED";

fn ask() -> ChatRequest {
    let messages = json!([{"role": "user", "content": "Say hello."}]);
    ChatRequest::from_value(json!({"model": "a/m", "max_tokens": 5, "messages": messages})).unwrap()
}

/// The provider `a`, whose model costs a dollar a million input and ten dollars a million output tokens, shared state at
/// `url`, and `extra` laid over.
fn settings(base: &str, url: &str, prefix: &str, extra: &Value) -> Value {
    let mut config = json!({
        "providers": {"a": {"kind": "openai", "base_url": format!("{base}/a/v1"), "api_key": "k"}},
        "models": [{"id": "a/m", "price": {"input": 1.0, "output": 10.0}}],
        "state": {"url": url, "prefix": prefix, "timeout_ms": 250},
    });
    for (key, value) in extra.as_object().unwrap() {
        match (config[key].as_object_mut(), value.as_object()) {
            (Some(own), Some(more)) => own.extend(more.clone()),
            _ => config[key] = value.clone(),
        }
    }
    config
}

fn router(config: Value) -> Router {
    Router::new(Config::from_value(config).unwrap()).unwrap()
}

/// Each answer costs 60 micro-dollars by the provider's word.
async fn provider(more: Value) -> FakeProvider {
    let fake = FakeProvider::start().await.unwrap();
    let mut reply = json!({"say": "up", "usage": {"input": 10, "output": 5}});
    reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fake.script(ID, serde_json::from_value(json!({"providers": {"a": [reply]}})).unwrap());
    fake
}

async fn spent(router: &Router) -> f64 {
    for _ in 0..400 {
        if let Ok(state) = router.quota("global").await
            && state.budgets[0].held_usd == 0.0
        {
            return state.budgets[0].spent_usd;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("money is held for nobody");
}

fn kind<T>(outcome: &Result<T, Error>) -> Option<ErrorKind> {
    outcome.as_ref().err().map(Error::kind)
}

#[tokio::test]
async fn two_routers_share_a_limit_and_know_when_there_is_room() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let limits = json!({"limits": {"global": {"requests_per_minute": 10}}});
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &limits);
    let routers = [router(config.clone()), router(config)];
    let outcomes = join_all((0..30).map(|n| routers[n % 2].chat(ask()))).await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 10);
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    for error in &refused {
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(55)), "{error:?}");
    }
    assert_eq!(fake.requests(ID).len(), 10);
    let states = (routers[0].quota("global").await.unwrap(), routers[1].quota("global").await.unwrap());
    assert_eq!((states.0.limits[0].used, states.1.limits[0].used), (10, 10));
}

#[tokio::test]
async fn a_request_asks_the_server_once_before_it_is_sent() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let extra = json!({
        "limits": {"global": {"requests_per_minute": 60, "tokens_per_minute": 50_000, "concurrency": 5}},
        "budgets": {"global": [{"usd": 1.0, "window": "day"}, {"usd": 5.0, "window": "month"}]},
    });
    let router = router(settings(&fake.base(ID), &server.url(), &server::prefix(), &extra));
    for _ in 0..2 {
        router.chat(ask()).await.unwrap();
    }
    let before = server.calls("evalsha").await;
    let began = Instant::now();
    for _ in 0..10 {
        router.chat(ask()).await.unwrap();
    }
    let (calls, took) = (server.calls("evalsha").await - before, began.elapsed());
    // One a request before it is sent; settlements of at most every ten milliseconds and a sign of life a second after.
    let background = 10 + took.as_secs() + 2;
    println!("{calls} calls for 10 requests in {took:?}");
    assert!(calls <= 10 + background, "{calls}");
}

/// One process of the fleet; does nothing unless it was started by the test below.
#[test]
fn child() {
    let Ok(spec) = std::env::var(SPEC) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let router = router(serde_json::from_str(&spec).unwrap());
        let until = Instant::now() + Duration::from_secs(6);
        let callers = (0..50).map(|_| {
            let router = router.clone();
            tokio::spawn(async move {
                let mut counts = (0_u64, 0_u64, 0_u64);
                while Instant::now() < until {
                    match router.chat(ask()).await {
                        Ok(_) => counts.0 += 1,
                        Err(error) if error.kind() == ErrorKind::BudgetExceeded => counts.1 += 1,
                        // A machine that is too busy for an answer in time is as good as none.
                        Err(error) => {
                            let unheard = error.code() == Some("state_unavailable");
                            assert!(unheard || error.kind() == ErrorKind::RateLimited, "{error:?}");
                            counts.2 += 1;
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                counts
            })
        });
        let counts = join_all(callers).await.into_iter().map(Result::unwrap);
        let counts = counts.fold((0, 0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1, sum.2 + c.2));
        // What was settled is told and what was held in advance is back before the process ends.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let costs: u64 = router.entries().iter().filter_map(|e| e.route.cost_nanos).sum();
        println!("\nDONE {}", json!([counts.0, counts.1, counts.2, costs, router.entries().len()]));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_with_fifty_callers_pass_nothing_and_lose_no_entry() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({"delay_ms": 5})).await;
    let (limit, usd) = (250, 0.03);
    let extra = json!({
        "limits": {"global": {"requests_per_minute": limit + 400, "concurrency": 40}, "models": {"a/m": {"requests_per_hour": 2_000}}},
        "budgets": {"global": {"usd": usd, "window": "day"}},
        "ledger": {"max_entries": 100_000},
        "state": {"timeout_ms": 2_000, "on_failure": {"limits": "closed"}},
    });
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &extra);
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["child", "--exact", "--nocapture"]).env(SPEC, config.to_string());
            child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut sums = [0_u64; 5];
    for child in children {
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("DONE "));
        let line = line.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let counts: [u64; 5] = serde_json::from_str(line).unwrap();
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [answered, poor, limited, costs, entries] = sums;
    println!(
        "{answered} answered, {poor} without budget, {limited} limited, {costs} nano-dollars in {entries} entries"
    );
    assert_eq!(fake.requests(ID).len() as u64, answered);
    assert_eq!(entries, answered + poor + limited);
    assert_eq!(costs, answered * 60_000);
    let all = router(config);
    let spent = spent(&all).await;
    assert!((spent * 1e9 - costs as f64).abs() < 1.0, "{spent} in the budget, {costs} in the entries");
    assert!(spent <= usd && answered <= limit + 400, "{spent} {answered}");
    assert!(poor > 0 && answered > 200, "{sums:?}");
}

#[tokio::test]
async fn what_becomes_of_requests_without_the_server_is_a_setting() {
    let Some(mut server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let secret = format!("redis://someone:hunter2@127.0.0.1:{}", server.port);
    server.kill();
    let limited = json!({"limits": {"global": {"requests_per_minute": 3}}});
    let budgeted = json!({"budgets": {"global": {"usd": 1.0}}});
    let with = |extra: &Value, failure: Value| {
        let mut extra = extra.clone();
        extra["state"] = json!({"on_failure": failure});
        router(settings(&fake.base(ID), &secret, "p", &extra))
    };
    // Open as a rule: each process counts for itself.
    let open = with(&limited, json!({}));
    let outcomes = join_all((0..5).map(|_| open.chat(ask()))).await;
    let refused = outcomes.iter().filter(|o| kind(o) == Some(ErrorKind::RateLimited)).count();
    assert_eq!((outcomes.iter().filter(|o| o.is_ok()).count(), refused), (3, 2));
    // A budget is a promise.
    for (extra, failure) in [(&budgeted, json!({})), (&limited, json!({"limits": "closed"}))] {
        let error = with(extra, failure).chat(ask()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::ProviderUnavailable, Some("state_unavailable")));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("someone"), "{shown}");
    }
    assert!(with(&budgeted, json!({"budgets": "open"})).chat(ask()).await.is_ok());
    // And nothing but the first request waits.
    let began = Instant::now();
    for _ in 0..50 {
        let _ = open.chat(ask()).await;
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_target_that_throttles_one_router_is_left_alone_by_the_other() {
    let Some(server) = Server::start() else { return };
    let fake = FakeProvider::start().await.unwrap();
    let throttled =
        json!({"providers": {"a": [{"status": 429, "headers": {"retry-after": "30"}, "error": {}}, {"say": "up"}]}});
    fake.script(ID, serde_json::from_value(throttled).unwrap());
    let (prefix, once) = (server::prefix(), json!({"retry": {"max_attempts": 1}}));
    let config = settings(&fake.base(ID), &server.url(), &prefix, &once);
    let (one, other) = (router(config.clone()), router(config));
    assert_eq!(kind(&one.chat(ask()).await), Some(ErrorKind::RateLimited));
    // The other has sent nothing yet; its first send makes it listen.
    assert!(other.chat(ask()).await.is_ok());
    let rests = || other.health().iter().any(|h| h.target == "a/m" && h.retry_after > 0.0);
    let began = Instant::now();
    while !rests() {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", other.health());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(other.chat(ask()).await.is_err());
    assert_eq!(fake.requests(ID).len(), 2);
}

fn worded(text: &str) -> ChatRequest {
    ChatRequest::from_value(json!({"model": "a/m", "messages": [{"role": "user", "content": text}]})).unwrap()
}

/// What the cache did for one ask.
async fn cached(router: &Router, text: &str) -> &'static str {
    router.chat(worded(text)).await.unwrap().route.cached.as_str()
}

#[tokio::test]
async fn two_routers_share_answers_to_other_words_where_the_server_compares_vectors() {
    let searcher = Searcher::start().await;
    let fake = provider(json!({})).await;
    let semantic = json!({"cache": {"semantic": {}}});
    let config = settings(&fake.base(ID), &searcher.url(), "shared", &semantic);
    let (one, other) = (router(config.clone()), router(config.clone()));
    assert_eq!(cached(&one, "What is the capital of France?").await, "miss");
    for _ in 0..200 {
        if searcher.keeps() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(cached(&other, "Could you tell me what the capital of France is?").await, "semantic");
    let searches = searcher.count("FT.SEARCH");
    assert_eq!(cached(&other, "what's the capital of France").await, "semantic");
    // The second time it was at home.
    assert_eq!(searcher.count("FT.SEARCH"), searches);
    assert_eq!(cached(&other, "What was the capital of France?").await, "miss");
    let mut far = config.clone();
    far["state"]["prefix"] = json!("others");
    assert_eq!(cached(&router(far), "What is the capital of France?").await, "miss");
}

#[tokio::test]
async fn without_vector_search_each_router_keeps_its_own_answers_to_other_words() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let semantic = json!({"cache": {"semantic": {}}});
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &semantic);
    let (one, other) = (router(config.clone()), router(config));
    assert_eq!(cached(&one, "What is the capital of France?").await, "miss");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(cached(&one, "what's the capital of France").await, "semantic");
    assert_eq!(cached(&other, "what's the capital of France").await, "miss");
}

/// Asks until it is so; what crosses processes takes a moment.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} never came to be");
}

#[tokio::test]
async fn two_routers_share_keys_and_what_becomes_of_them() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let keys = json!({"keys": {"shared": true, "refresh_ms": 50}});
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &keys);
    let (one, other) = (router(config.clone()), router(config));
    let made = NewKey::from_value(json!({"name": "acme", "limits": {"requests_per_minute": 3}})).unwrap();
    let key = one.keys().create(made).await.unwrap();
    let asked = |router: &Router| {
        let (router, request) = (router.clone(), ask().with_api_key(key.secret.clone()));
        async move { router.chat(request).await }
    };
    assert_eq!(kind(&other.chat(ask()).await), Some(ErrorKind::Unauthenticated));
    for router in [&one, &other, &one] {
        asked(router).await.unwrap();
    }
    // The key's limit is one of both.
    assert_eq!(kind(&asked(&other).await), Some(ErrorKind::RateLimited));
    assert_eq!(other.keys().list().await.unwrap().len(), 1);
    other.keys().disable(&key.key.id).await.unwrap();
    until("the end of the key", || async { kind(&asked(&one).await) == Some(ErrorKind::Unauthenticated) }).await;
    // What the server holds is a digest.
    let stored = one.keys().get(&key.key.id).await.unwrap().unwrap();
    assert!(!format!("{stored:?}").contains(key.secret.expose_secret()));
}

#[tokio::test]
async fn two_routers_share_answers_and_conversations() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let model = |id: &str, price: f64, quality: f64| json!({"id": id, "price": {"input": price, "output": price}, "quality": quality});
    let extra = json!({
        "cache": {"exact": {}},
        "models": [model("a/m", 1.0, 40.0), model("a/large", 20.0, 60.0)],
    });
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &extra);
    let (one, other) = (router(config.clone()), router(config));
    assert_eq!(cached(&one, "Say hello.").await, "miss");
    until("the answer", || async { cached(&other, "Say hello.").await == "hit" }).await;
    let sent = fake.requests(ID).len();
    let turn = |model: &str, text: &str| {
        let route = json!({"session": "s1", "cache": {"mode": "off"}});
        let messages = json!([{"role": "user", "content": text}]);
        ChatRequest::from_value(json!({"model": model, "messages": messages, "route": route})).unwrap()
    };
    let first = one.chat(turn("auto:best", "Hello, what is your name?")).await.unwrap();
    let begun = first.route.session.as_deref().unwrap();
    assert_eq!((begun.decision.as_str(), begun.model.as_str()), ("began", "a/large"));
    // It is told in the background.
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Elsewhere the conversation is known: it has had its answer and its model.
    let second = other.chat(turn("auto:best", "And what is the capital of Peru?")).await.unwrap();
    let known = second.route.session.as_deref().unwrap();
    assert_eq!((known.decision.as_str(), known.turns, second.route.model.as_str()), ("stayed", 1, "a/large"));
    assert_eq!(fake.requests(ID).len(), sent + 2);
}

#[tokio::test]
async fn two_routers_learn_from_the_same_scores() {
    let Some(server) = Server::start() else { return };
    let fake = provider(json!({})).await;
    let learning = json!({"learning": {}});
    let config = settings(&fake.base(ID), &server.url(), &server::prefix(), &learning);
    let (one, other) = (router(config.clone()), router(config));
    let reply = one.chat(ask()).await.unwrap();
    let id = reply.route.request_id.clone();
    until("the trace", || async { other.feedback(&id, 0.0).await.is_ok() }).await;
    // A score counts once for all.
    assert_eq!(kind(&one.feedback(&id, 1.0).await), Some(ErrorKind::InvalidRequest));
    let scores = |state: &Value| state["models"]["a/m"]["scores"].as_f64().unwrap_or_default();
    until("what was learned", || async { scores(&one.learning().export().await.unwrap()) > 0.9 }).await;
    other.learning().reset().await.unwrap();
    assert_eq!(scores(&other.learning().export().await.unwrap()), 0.0);
}
