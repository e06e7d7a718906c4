//! What another strategy would have made of past requests: out of memory, a database and exported files, to the nano-dollar.

use clawrouters::{ChatRequest, Config, ErrorKind, Router, Strategy, UsageQuery, WhatIf};
use serde_json::{Value, json};

use super::ledger_support::Folder;

fn router(ledger: Value) -> Router {
    let model = |id: &str, quality: f64, price: f64| json!({"id": id, "quality": quality, "price": {"input": price, "output": 4.0 * price}});
    let config = json!({
        "providers": {"house": {"kind": "sandbox", "sandbox": {"latency": 0}}},
        "models": [model("house/small", 25.0, 0.1), model("house/large", 60.0, 5.0)],
        "cache": {"exact": {}},
        "ledger": ledger,
    });
    Router::new(Config::from_value(config).unwrap()).unwrap()
}

async fn ask(router: &Router, model: &str, text: &str) {
    router.chat(ChatRequest::new(model, text)).await.unwrap();
}

/// An easy and a hard request at their best, one of them again, and one that names its model.
async fn a_day(router: &Router) {
    ask(router, "auto:best", "What is the capital of Mongolia?").await;
    ask(router, "auto:best", "What is the capital of Mongolia?").await;
    ask(
        router,
        "auto:best",
        "Prove that there are infinitely many primes congruent to 3 modulo 4, and derive a bound.",
    )
    .await;
    ask(router, "house/large", "Hello.").await;
}

fn all_compared(told: &WhatIf) {
    assert_eq!(told.requests, 2);
    assert_eq!((told.left_out.named, told.left_out.cached, told.left_out.failed, told.left_out.unpriced), (1, 1, 0, 0));
}

#[tokio::test]
async fn the_same_strategy_changes_nothing_and_a_cheaper_one_costs_less_and_expects_less() {
    let router = router(json!({}));
    a_day(&router).await;
    let same = router.what_if(Strategy::Best, UsageQuery::new()).await.unwrap();
    all_compared(&same);
    assert_eq!((same.changed, same.actual), (0, same.instead));
    let total = router.usage(UsageQuery::new().only("strategy", "best")).await.unwrap().total.cost_nanos;
    assert_eq!(same.actual.cost_nanos, total);

    let cheap = router.what_if(Strategy::Cheapest, UsageQuery::new()).await.unwrap();
    all_compared(&cheap);
    assert!(cheap.changed >= 1 && cheap.instead.cost_nanos < cheap.actual.cost_nanos, "{cheap:?}");
    assert!(cheap.instead.quality < cheap.actual.quality, "{cheap:?}");
    // The easy one at a fiftieth of the price, for the same tokens; its answer's tokens are in the entry.
    let easy = router
        .usage(UsageQuery::new().group_by(["task"]).only("cached", "miss").only("strategy", "best"))
        .await
        .unwrap();
    for row in &easy.rows {
        let kind = row.group["task"].as_deref().unwrap();
        let told = cheap.tasks[kind];
        assert_eq!(told.actual_nanos, row.figures.cost_nanos);
        let tokens = (row.figures.tokens.input * 100, row.figures.tokens.output * 400);
        let small = tokens.0 + tokens.1;
        assert!(told.instead_nanos == small || told.instead_nanos == told.actual_nanos, "{kind}: {told:?}, {small}");
    }
    let moved = cheap.models["house/small"];
    assert_eq!((moved.actual, moved.instead), (0, cheap.changed));
    let json = cheap.to_json();
    assert_eq!(json["actual"]["cost"].as_f64().unwrap(), total as f64 / 1e9);
    assert_eq!(json["strategy"], "cheapest");
}

#[tokio::test]
async fn a_database_and_its_exports_say_the_same() {
    let folder = Folder::new();
    let router = router(json!({"sqlite": folder.path("log.db")}));
    a_day(&router).await;
    let own = router.what_if(Strategy::Cheapest, UsageQuery::new().since("1d")).await.unwrap();
    all_compared(&own);
    for name in ["log.csv", "log.jsonl"] {
        let path = folder.path(name);
        assert_eq!(router.export(&path, UsageQuery::new()).await.unwrap(), 4);
        let told = router.what_if_of(&path, Strategy::Cheapest, UsageQuery::new()).await.unwrap();
        assert_eq!(told, own, "{name}");
    }
    let none = router.what_if(Strategy::Cheapest, UsageQuery::new().until("2020-01-01")).await.unwrap();
    assert_eq!((none.requests, none.actual.quality), (0, None));
}

#[tokio::test]
async fn what_is_no_export_is_told_by_its_line() {
    let folder = Folder::new();
    let router = router(json!({}));
    let lines = folder.path("log.jsonl");
    std::fs::write(&lines, "{\"at_ms\": 5, \"purpose\": \"request\"}\n{\"at_ms\": \"x\"}\n").unwrap();
    let table = folder.path("log.csv");
    std::fs::write(&table, "at_ms,input\n5,many\n").unwrap();
    for (path, line) in [
        (&lines, "line 2"),
        (&table, "line 2"),
        (&folder.path("none.csv"), "not found"),
        (&folder.path("x.txt"), ".csv"),
    ] {
        let error = router.what_if_of(path, Strategy::Best, UsageQuery::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(line), "{error}");
    }
}
