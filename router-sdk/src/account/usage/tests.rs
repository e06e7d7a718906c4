//! The same questions to memory and to the database, and answers that can be reckoned by hand.

use serde_json::{Value, json};

use super::*;
use crate::account::ledger::tests::{NOON, entries, entry};

fn asked(query: Value) -> Question {
    let now = jiff::Timestamp::from_millisecond(NOON).expect("a moment");
    UsageQuery::from_value(query).expect("a question").parts(now).expect("its parts")
}

fn of_memory(query: &Value, count: u64) -> UsageReport {
    answer(&asked(query.clone()), "sqlite", |visit| entries(count).iter().try_for_each(|e| visit(&Row::of(e))))
        .expect("an answer")
}

fn questions() -> Vec<Value> {
    vec![
        json!({}),
        json!({"group_by": "model"}),
        json!({"group_by": ["day", "provider"]}),
        json!({"group_by": ["hour"], "since": "24h"}),
        json!({"group_by": "tag"}),
        json!({"group_by": ["tag:team", "key"], "until": "2026-11-20"}),
        json!({"group_by": ["error", "strategy", "session"]}),
        json!({"group_by": ["purpose", "cached", "task", "deployment", "model_requested"]}),
        json!({"where": {"model": ["alpha/small", "beta/large"], "tag": "team=ads"}, "group_by": "day"}),
        json!({"where": {"session": null, "sandbox": false}}),
        json!({"since": "2026-11-18T00:00:00Z", "until": NOON}),
    ]
}

#[cfg(feature = "sqlite")]
#[test]
fn memory_and_database_give_the_same_numbers() {
    use crate::account::ledger::tests::Folder;
    use crate::config::LedgerConfig;
    let folder = Folder::new();
    let path = folder.path("log.db");
    let settings = LedgerConfig { sqlite: Some(path.clone()), ..LedgerConfig::default() };
    let ledger = crate::account::Ledger::open(&settings).expect("a ledger");
    (0..2_000).for_each(|n| ledger.record(entry(n)));
    assert!(ledger.flush_within(std::time::Duration::from_secs(20)));
    for query in questions() {
        let question = asked(query.clone());
        let stored = answer(&question, "sqlite", |visit| crate::account::database_rows(&path, question.span, visit));
        let stored = stored.expect("an answer").to_json();
        assert_eq!(stored, of_memory(&query, 2_000).to_json(), "{query}");
        assert!(stored["total"]["requests"].as_u64() > Some(0), "{query}");
    }
}

#[test]
fn groups_add_up_to_the_total() {
    for word in ["model", "provider", "day", "hour", "error", "session", "tag:team", "key"] {
        let report = of_memory(&json!({"group_by": word}), 2_000);
        assert!(report.rows.len() > usize::from(word != "key"), "{word}");
        let sum = |pick: fn(&Figures) -> u64| report.rows.iter().map(|row| pick(&row.figures)).sum::<u64>();
        assert_eq!(sum(|f| f.requests), report.total.requests, "{word}");
        assert_eq!(sum(|f| f.cost_nanos), report.total.cost_nanos, "{word}");
        assert_eq!(sum(|f| f.baseline.cost_nanos), report.total.baseline.cost_nanos, "{word}");
        assert_eq!(sum(|f| f.tokens.output), report.total.tokens.output, "{word}");
    }
}

#[test]
fn sums_are_those_of_the_entries() {
    let all = entries(500);
    let report = of_memory(&Value::Null, 500);
    let asked = || all.iter().filter(|e| e.purpose == "request");
    let good = || asked().filter(|e| e.error.is_none());
    let total = &report.total;
    assert_eq!(total.requests, asked().count() as u64);
    assert_eq!(total.answered, good().count() as u64);
    assert_eq!(total.requests, total.answered + total.errors + total.cancelled);
    assert_eq!(total.cost_nanos, all.iter().filter_map(|e| e.route.cost_nanos).sum::<u64>());
    assert_eq!(
        total.side_cost_nanos,
        all.iter().filter(|e| e.purpose == "shadow").filter_map(|e| e.route.cost_nanos).sum::<u64>()
    );
    assert_eq!(total.unpriced, good().filter(|e| e.route.cost_nanos.is_none()).count() as u64);
    let pairs = || good().filter_map(|e| e.route.baseline_nanos.zip(e.route.cost_nanos));
    let saved: i64 = pairs().map(|(other, own)| other as i64 - own as i64).sum();
    assert_eq!((total.baseline.saved_nanos, total.baseline.requests), (saved, pairs().count() as u64));
    assert_eq!(total.baseline.models, ["beta/large"]);
    assert_eq!(total.best_single.models.len(), 2);
    assert!(total.latency_ms.p50 < total.latency_ms.p95 && total.latency_ms.p95 < total.latency_ms.p99);
}

#[test]
fn a_request_of_two_tags_counts_for_each() {
    let report = of_memory(&json!({"group_by": "tag"}), 2_000);
    let of = |tag: Option<&str>| {
        let row = report.rows.iter().find(|row| row.group["tag"].as_deref() == tag).expect("a row");
        row.figures.requests
    };
    let tagged = entries(2_000).iter().filter(|e| e.purpose == "request" && !e.tags.is_empty()).count() as u64;
    assert_eq!(of(None), report.total.requests - tagged);
    assert!(of(Some("env=test")) > 0 && of(Some("team=\"quoted\" é")) > 0);
    let one = of_memory(&json!({"where": {"tag": "env=test"}}), 2_000);
    assert_eq!(one.total.requests, of(Some("env=test")));
}

#[test]
fn spans_come_in_order_and_the_dearest_first() {
    let days = of_memory(&json!({"group_by": ["day"]}), 2_000);
    assert!(days.rows.windows(2).all(|w| w[0].group["day"] < w[1].group["day"]));
    assert_eq!(days.rows[0].group["day"].as_deref().map(str::len), Some(10));
    let models = of_memory(&json!({"group_by": ["model"]}), 2_000);
    assert!(models.rows.windows(2).all(|w| w[0].figures.cost_nanos >= w[1].figures.cost_nanos));
}

#[test]
fn odd_questions_are_refused_by_field() {
    for (query, field) in [
        (json!({"group_by": "colour"}), "group_by"),
        (json!({"group_by": [1]}), "group_by"),
        (json!({"group_by": "tag:"}), "group_by"),
        (json!({"since": "soon"}), "since"),
        (json!({"since": "1d", "until": "2d"}), "until"),
        (json!({"where": {"day": "2026-11-01"}}), "where.day"),
        (json!({"where": {"model": 5}}), "where.model"),
        (json!({"where": []}), "where"),
    ] {
        let parts = UsageQuery::from_value(query.clone())
            .and_then(|q| q.parts(jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(99_999)));
        assert_eq!(parts.expect_err("refused").param(), Some(field), "{query}");
    }
    assert_eq!(UsageQuery::from_value(json!({"group": "day"})).expect_err("refused").param(), Some("query"));
    assert_eq!(UsageQuery::from_value(json!("day")).expect_err("refused").param(), Some("query"));
}
