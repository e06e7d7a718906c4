//! What is remembered of conversations: how it adds up, how long it lives, who else hears of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};

use crate::admit::Caller;
use crate::config::{Config, SessionsConfig};
use crate::session::following::{Following, Made};
use crate::session::history::{HistoryKey, Thread};
use crate::session::kept::Sessions;
use crate::session::record::Record;
use crate::setup::Environment;
use crate::store::{Claim, Denied, Hold, Level, MemoryStore, StateStore, Unavailable};
use crate::wire::{ChatRequest, Object, RouteInfo, SessionDecision, SessionInfo, Strategy, Usage};

const MADE: Made = Made { strategy: Strategy::Balanced, difficulty: 0.4, raised: 0.0, loss_nanos: 0, life_s: None };

fn key() -> HistoryKey {
    let env = Environment::Fixed(BTreeMap::from([("OWN".to_owned(), "0123456789abcdef".to_owned())]));
    HistoryKey::new(&Config::from_value(json!({"sessions": {"secret_env": "OWN"}})).unwrap(), &env).unwrap()
}

fn sessions(far: Option<Arc<dyn StateStore>>) -> Arc<Sessions> {
    Arc::new(Sessions::new(&SessionsConfig { ttl_s: 60, ..SessionsConfig::default() }, key(), far))
}

fn request(messages: Value, session: Option<&str>) -> ChatRequest {
    ChatRequest::from_value(json!({"model": "auto", "messages": messages, "route": {"session": session}})).unwrap()
}

fn route(model: &str, cost: u64, usage: Usage) -> RouteInfo {
    RouteInfo {
        request_id: "req_1".into(),
        model: model.into(),
        cost_nanos: Some(cost),
        usage: Some(usage),
        ..RouteInfo::default()
    }
}

fn reply(text: &str) -> Object {
    json!({"choices": [{"message": {"role": "assistant", "content": text}}]}).as_object().unwrap().clone()
}

/// The first answer of a conversation, remembered.
fn begin(sessions: &Arc<Sessions>, session: Option<&str>) -> Thread {
    let first = request(json!([{"role": "user", "content": "Name a river."}]), session);
    let thread = sessions.thread(&Caller::ANONYMOUS, &first).unwrap();
    let usage = Usage { input: 100, cached_read: 40, ..Usage::default() };
    Following::new(sessions, thread.clone(), None, MADE).whole(&reply("The Rhine."), &route("a/m", 1_000, usage));
    thread
}

fn second(sessions: &Sessions, session: Option<&str>) -> Thread {
    let messages = json!([{"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Rhine."},
        {"role": "user", "content": "And a lake?"}]);
    sessions.thread(&Caller::ANONYMOUS, &request(messages, session)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_known_for_its_time() {
    for session in [None, Some("talk")] {
        let sessions = sessions(None);
        begin(&sessions, session);
        let record = sessions.find(&second(&sessions, session)).await.unwrap();
        assert_eq!((record.model.as_str(), record.turns, record.cached, record.spent), ("a/m", 1, 40, 1_000));
        assert_eq!(record.id, "req_1");
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(sessions.find(&second(&sessions, session)).await.is_some());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(sessions.find(&second(&sessions, session)).await.is_none(), "{session:?}");
    }
}

#[tokio::test]
async fn names_models_and_switches_turn_it_off() {
    let first = request(json!([{"role": "user", "content": "Hi"}]), Some("talk"));
    let off = Sessions::new(&SessionsConfig { enabled: false, ..SessionsConfig::default() }, key(), None);
    assert!(off.thread(&Caller::ANONYMOUS, &first).is_none());
    let by_name = Sessions::new(&SessionsConfig { match_history: false, ..SessionsConfig::default() }, key(), None);
    assert!(by_name.thread(&Caller::ANONYMOUS, &first).is_some());
    assert!(by_name.thread(&Caller::ANONYMOUS, &request(json!([{"role": "user", "content": "Hi"}]), None)).is_none());
    let named =
        ChatRequest::from_value(json!({"model": "a/m", "messages": [{"role": "user", "content": "Hi"}]})).unwrap();
    assert!(sessions(None).thread(&Caller::ANONYMOUS, &named).is_none());
}

#[test]
fn what_this_process_keeps_is_bounded() {
    let settings = SessionsConfig { max_entries: 10, ..SessionsConfig::default() };
    let sessions = Arc::new(Sessions::new(&settings, key(), None));
    for i in 0..200 {
        begin(&sessions, Some(&format!("talk {i}")));
    }
    assert!(sessions.count() <= 10, "{}", sessions.count());
    let last = request(json!([{"role": "user", "content": "Name a river."}]), Some("talk 199"));
    assert!(sessions.here(&sessions.thread(&Caller::ANONYMOUS, &last).unwrap()).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_the_same_time_lose_nothing_of_each_other() {
    let sessions = sessions(None);
    begin(&sessions, Some("talk"));
    let base = sessions.find(&second(&sessions, Some("talk"))).await;
    let runs: Vec<_> = (0..40)
        .map(|_| {
            let (sessions, base) = (Arc::clone(&sessions), base.clone());
            tokio::spawn(async move {
                let thread = second(&sessions, Some("talk"));
                let made = Made { loss_nanos: 7, ..MADE };
                let usage = Usage { input: 120, ..Usage::default() };
                Following::new(&sessions, thread, base, made).whole(&reply("Como."), &route("a/m", 10, usage));
            })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    let record = sessions.find(&second(&sessions, Some("talk"))).await.unwrap();
    assert_eq!((record.turns, record.spent, record.lost), (41, 1_400, 280));
}

#[test]
fn an_answer_of_another_model_leaves_an_eased_conversation_where_it_is() {
    let base =
        Record::after(None, &route("a/big", 500, Usage { input: 9, ..Usage::default() }), &MADE, "h".into(), 1_000);
    let told = |decision| SessionInfo {
        id: "s".into(),
        decision,
        reason: String::new(),
        model: "a/big".into(),
        from: None,
        turns: 1,
        warm_tokens: 0,
        lost_nanos: 0,
        asked: "a/small".into(),
    };
    let answered = |decision| RouteInfo {
        session: Some(Box::new(told(decision))),
        ..route("a/small", 20, Usage { input: 30, ..Usage::default() })
    };
    let made = Made { difficulty: 0.1, loss_nanos: 5, ..MADE };
    let eased = Record::after(Some(&base), &answered(SessionDecision::Eased), &made, "i".into(), 2_000);
    assert_eq!((eased.model.as_str(), eased.input, eased.warm_ms, eased.here), ("a/big", 9, 1_000, 1));
    assert_eq!((eased.turns, eased.spent, eased.lost, eased.at_ms), (2, 520, 5, 2_000));
    let left = Record::after(Some(&base), &answered(SessionDecision::Left), &made, "i".into(), 2_000);
    assert_eq!((left.model.as_str(), left.input, left.warm_ms, left.here, left.turns), ("a/small", 30, 2_000, 1, 2));
    assert!((left.difficulty - 0.4).abs() < 1e-9);
    let stayed = Record::after(Some(&base), &route("a/big", 1, Usage::default()), &made, "i".into(), 2_000);
    assert_eq!(stayed.here, 2);
}

#[test]
fn bytes_come_back_and_others_are_passed_over() {
    let record =
        Record::after(None, &route("a/m", 5, Usage { cache_write_1h: 3, ..Usage::default() }), &MADE, "h".into(), 9);
    assert_eq!(record.life_s, Some(3_600));
    let bytes = record.to_bytes().unwrap();
    assert_eq!(Record::from_bytes(&bytes), Some(record.clone()));
    let mut other: Value = serde_json::from_slice(&bytes).unwrap();
    for (field, value) in [("form", json!(2)), ("difficulty", json!(7.0)), ("model", json!(3))] {
        let before = other[field].clone();
        other[field] = value;
        assert!(Record::from_bytes(&serde_json::to_vec(&other).unwrap()).is_none(), "{field}");
        other[field] = before;
    }
    assert!(Record::from_bytes(b"").is_none());
    // Digests, names of models, counters and moments; no text of a conversation.
    let held = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!held.contains("Rhine") && held.len() < 500, "{held}");
}

/// A shared state that counts its questions, and may be down.
#[derive(Debug)]
struct Fleet {
    values: MemoryStore,
    asked: AtomicU32,
    down: std::sync::atomic::AtomicBool,
}

impl StateStore for Fleet {
    fn reserve<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Hold, Denied>> {
        self.values.reserve(claims, at_ms)
    }

    fn levels<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Vec<Level>, Unavailable>> {
        self.values.levels(claims, at_ms)
    }

    fn get<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Bytes>, Unavailable>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            return std::future::ready(Err(Unavailable("gone".into()))).boxed();
        }
        self.values.get(space, key, at_ms)
    }

    fn put<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: Option<u64>,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.values.put(space, key, value, ttl_ms, at_ms)
    }

    fn remove<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<bool, Unavailable>> {
        self.values.remove(space, key)
    }

    fn list<'a>(&'a self, space: &'a str, at_ms: i64) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, Unavailable>> {
        self.values.list(space, at_ms)
    }
}

fn fleet() -> Arc<Fleet> {
    Arc::new(Fleet { values: MemoryStore::default(), asked: AtomicU32::new(0), down: false.into() })
}

async fn told() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_fleet_asks_once_at_most_and_not_for_what_was_answered_here() {
    for session in [None, Some("talk")] {
        let fleet = fleet();
        let far = || Some(Arc::clone(&fleet) as Arc<dyn StateStore>);
        let (one, other) = (sessions(far()), sessions(far()));
        begin(&one, session);
        told().await;
        assert_eq!(fleet.asked.load(Ordering::Relaxed), 0);
        assert!(one.find(&second(&one, session)).await.is_some());
        assert_eq!(fleet.asked.load(Ordering::Relaxed), 0, "{session:?}");
        let there = other.find(&second(&other, session)).await.unwrap();
        assert_eq!((there.model.as_str(), fleet.asked.load(Ordering::Relaxed)), ("a/m", 1), "{session:?}");
    }
    let fleet = fleet();
    let alone = sessions(Some(Arc::clone(&fleet) as Arc<dyn StateStore>));
    let single = request(json!([{"role": "user", "content": "Name a river."}]), None);
    assert!(alone.find(&alone.thread(&Caller::ANONYMOUS, &single).unwrap()).await.is_none());
    assert_eq!(fleet.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_answered_last_elsewhere_is_believed_and_a_silent_state_leaves_what_is_known_here() {
    let fleet = fleet();
    let far = || Some(Arc::clone(&fleet) as Arc<dyn StateStore>);
    let (one, other) = (sessions(far()), sessions(far()));
    begin(&one, Some("talk"));
    told().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let thread = second(&other, Some("talk"));
    let base = other.find(&thread).await;
    Following::new(&other, thread, base, MADE).whole(&reply("Como."), &route("b/n", 1, Usage::default()));
    told().await;
    // The history is not the one that this process answered last, so the state is asked.
    let third = request(
        json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "Como."},
        {"role": "user", "content": "y"}]),
        Some("talk"),
    );
    let third = one.thread(&Caller::ANONYMOUS, &third).unwrap();
    assert_eq!(one.find(&third).await.unwrap().model, "b/n");
    fleet.down.store(true, Ordering::Relaxed);
    assert_eq!(one.find(&third).await.unwrap().model, "a/m");
}
