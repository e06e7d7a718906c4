//! Entries that fit into no real day, and queues before sinks that are slow, fail or panic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;
use crate::admit::Caller;
use crate::error::ErrorKind;
use crate::wire::{AttemptRecord, CostSource, Resumption, RouteInfo, Usage};

pub(crate) const NOON: i64 = 1_795_435_200_000; // 2026-11-23T12:00:00Z

/// Entry number `n` of a made-up history: the same every time, unlike its neighbours.
pub(crate) fn entry(n: u64) -> Entry {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n >> 3);
    let pick = |of: u64, shift: u32| (mixed >> shift) % of;
    let failed = pick(9, 5) == 0;
    let model = ["alpha/small", "alpha/big", "beta/large", "gamma/odd <b>"][pick(4, 9) as usize];
    let usage = Usage {
        input: pick(5_000, 11),
        output: pick(900, 23),
        cached_read: pick(50, 31),
        reasoning: pick(20, 37),
        estimated: pick(7, 41) == 0,
        ..Usage::default()
    };
    let cost = (pick(13, 3) != 0).then(|| pick(90_000_000, 17));
    let source = Some(if usage.estimated { CostSource::Estimate } else { CostSource::Catalogue });
    let attempt = |verdict: &str, then| AttemptRecord {
        target: model.into(),
        provider: model.split('/').next().unwrap_or_default().into(),
        deployment: None,
        verdict: verdict.into(),
        then,
        why: "",
        status: Some(if verdict == "ok" { 200 } else { 503 }),
        request_id: Some(format!("theirs-{n}")),
        started_ms: 0.0,
        latency_ms: pick(4_000, 19) as f64 / 3.0,
        first_token_ms: None,
        usage: (verdict == "ok").then_some(usage),
        cost_nanos: cost,
        cost: cost.map(crate::account::usd),
        cost_source: source,
    };
    let mut attempts = vec![attempt(if failed { "server_error" } else { "ok" }, if failed { "stop" } else { "done" })];
    if pick(5, 29) == 0 {
        attempts.insert(0, attempt("overloaded", "next"));
    }
    let resumption =
        Resumption { from: model.into(), to: model.into(), after_chars: 9, cause: "truncated", form: "prefill" };
    let route = RouteInfo {
        request_id: format!("cr-{n}"),
        model_requested: "auto".into(),
        model: model.into(),
        provider: model.split('/').next().unwrap_or_default().into(),
        strategy: "balanced",
        cost_nanos: cost,
        cost_source: source.filter(|_| cost.is_some()),
        baseline_nanos: (!failed && pick(11, 13) != 0).then(|| pick(400_000_000, 7)),
        baseline_model: Some("beta/large".into()),
        best_single_nanos: (!failed).then(|| pick(300_000_000, 21)),
        best_single_model: Some(["beta/large", "alpha/big"][pick(2, 43) as usize].into()),
        usage: (!failed).then_some(usage),
        latency_ms: pick(9_000, 15) as f64 / 7.0,
        first_token_ms: (pick(2, 33) == 0).then(|| pick(900, 27) as f64 / 11.0),
        resumed: if pick(17, 39) == 0 { vec![resumption] } else { Vec::new() },
        attempts,
        ..RouteInfo::default()
    };
    let mut tags = BTreeMap::new();
    if pick(3, 35) != 0 {
        tags.insert("team".into(), ["search", "ads", "\"quoted\" é"][pick(3, 45) as usize].to_owned());
    }
    if pick(4, 47) == 0 {
        tags.insert("env".into(), "test".into());
    }
    Entry {
        at_ms: NOON - (pick(1_000, 25) * 700_001) as i64,
        caller: Caller::default(),
        tags,
        session: (pick(3, 49) == 0).then(|| format!("s{}", pick(4, 51))),
        stream: pick(2, 33) == 0,
        purpose: if pick(23, 53) == 0 { "shadow" } else { "request" },
        route: Arc::new(route),
        error: failed.then_some(if pick(2, 55) == 0 { ErrorKind::Cancelled } else { ErrorKind::ProviderUnavailable }),
        content: None,
        facts: crate::telemetry::Facts::default(),
    }
}

pub(crate) fn entries(count: u64) -> Vec<Arc<Entry>> {
    (0..count).map(|n| Arc::new(entry(n))).collect()
}

fn settings() -> LedgerConfig {
    LedgerConfig { flush_ms: 5, queue: 8, ..LedgerConfig::default() }
}

/// Does with each batch what the test says.
struct Own<F>(F);

impl<F: FnMut(&[Arc<Entry>]) -> Result<(), Fault> + Send> Sink for Own<F> {
    fn name(&self) -> &str {
        "own"
    }

    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault> {
        (self.0)(batch)
    }
}

fn sink_of(ledger: &Ledger) -> SinkState {
    ledger.state().sinks.pop().expect("a sink")
}

#[test]
fn a_stuck_sink_holds_nobody_up_and_what_finds_no_room_is_counted() {
    let ledger = Ledger::new(&settings());
    let (go, wait) = mpsc::channel::<()>();
    ledger.add(Box::new(Own(move |_: &[Arc<Entry>]| wait.recv().map_err(|_| Fault::new("over"))))).expect("a sink");
    let started = Instant::now();
    (0..20).for_each(|n| ledger.record(entry(n)));
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!((sink_of(&ledger).waiting, sink_of(&ledger).dropped), (8, 12));
    assert!(!ledger.flush_within(Duration::from_millis(30)), "it is stuck");
    (0..4).for_each(|_| go.send(()).expect("it waits"));
    assert!(ledger.flush_within(Duration::from_secs(5)));
    assert_eq!((sink_of(&ledger).written, sink_of(&ledger).waiting), (8, 0));
    assert_eq!(ledger.entries().len(), 20, "memory has its own bound");
}

#[tokio::test]
async fn a_failed_batch_is_offered_again_without_what_was_taken() {
    let ledger = Ledger::new(&settings());
    let well = Arc::new(AtomicBool::new(false));
    let (heard, told) = mpsc::channel();
    let ready = Arc::clone(&well);
    let own = Own(move |batch: &[Arc<Entry>]| {
        let taken = if ready.load(Ordering::Relaxed) { batch.len() } else { usize::from(batch.len() > 3) };
        batch[..taken].iter().for_each(|e| heard.send(e.route.request_id.clone()).expect("a listener"));
        if taken == batch.len() { Ok(()) } else { Err(Fault { taken, reason: "the disk is full".into() }) }
    });
    ledger.add(Box::new(own)).expect("a sink");
    (0..5).for_each(|n| ledger.record(entry(n)));
    let error = ledger.flush().await.expect_err("it cannot be written");
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("own") && error.message().contains("the disk is full"), "{error}");
    assert_eq!(sink_of(&ledger).fault.as_deref(), Some("the disk is full"));
    well.store(true, Ordering::Relaxed);
    ledger.flush().await.expect("it can be written again");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["cr-0", "cr-1", "cr-2", "cr-3", "cr-4"], "each once, in order");
    assert_eq!(sink_of(&ledger), SinkState { name: "own".into(), written: 5, waiting: 0, dropped: 0, fault: None });
}

#[test]
fn dropping_the_ledger_writes_what_waits() {
    let ledger = Ledger::new(&LedgerConfig { flush_ms: 60_000, ..LedgerConfig::default() });
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    ledger
        .call(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .expect("a sink");
    (0..100).for_each(|n| ledger.record(entry(n)));
    assert_eq!(count.load(Ordering::Relaxed), 0, "it is not time yet");
    drop(ledger);
    assert_eq!(count.load(Ordering::Relaxed), 100);
}

#[test]
fn a_sink_that_never_ends_does_not_keep_the_program() {
    let ledger = Ledger::new(&settings());
    ledger.call(|_| std::thread::sleep(Duration::from_secs(20))).expect("a sink");
    ledger.record(entry(1));
    std::thread::sleep(Duration::from_millis(30));
    let started = Instant::now();
    drop(ledger);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_callback_that_panics_is_called_with_the_next_entry() {
    let ledger = Ledger::new(&settings());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    ledger
        .call(move |entry| {
            counted.fetch_add(1, Ordering::Relaxed);
            assert_ne!(entry.route.request_id, "cr-1", "a fault of the caller's");
        })
        .expect("a sink");
    (0..3).for_each(|n| ledger.record(entry(n)));
    ledger.flush().await.expect("all were called");
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[test]
fn lines_are_put_aside_and_the_oldest_go() {
    let folder = Folder::new();
    let path = folder.path("log.jsonl");
    let lines = crate::config::JsonLines { path: path.clone(), max_bytes: 4_000, keep: 2 };
    let mut sink = jsonl::Lines::open(&lines).expect("a file");
    entries(40).chunks(4).for_each(|batch| sink.write(batch).expect("written"));
    let mut ids = Vec::new();
    for name in ["log.jsonl.2", "log.jsonl.1"] {
        let text = std::fs::read_to_string(folder.path(name)).expect("a part");
        ids.extend(text.lines().map(|line| {
            let entry: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            entry["request_id"].as_str().expect("an id").to_owned()
        }));
    }
    assert!(!folder.path("log.jsonl.3").exists());
    let numbers: Vec<u64> = ids.iter().map(|id| id[3..].parse().expect("a number")).collect();
    assert!(numbers.len() >= 8 && numbers.windows(2).all(|w| w[0] + 1 == w[1]), "{numbers:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_costs_no_line() {
    let folder = Folder::new();
    let path = folder.path("log.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).expect("a link");
    let lines = crate::config::JsonLines { path: path.clone(), ..crate::config::JsonLines::default() };
    let mut sink = jsonl::Lines::open(&lines).expect("a file");
    let fault = sink.write(&entries(3)).expect_err("it is full");
    assert!(fault.taken == 0 && fault.reason.contains("the disk is full"), "{fault}");
    std::fs::remove_file(&path).expect("the link");
    sink.write(&entries(3)).expect("there is room now");
    assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 3);
}

#[test]
fn a_file_of_lines_in_no_folder_is_refused_at_once() {
    let lines = crate::config::JsonLines { path: "/nowhere/at/all.jsonl".into(), ..Default::default() };
    let error = Ledger::open(&LedgerConfig { jsonl: Some(lines), ..settings() }).err().expect("refused");
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("ledger.jsonl")));
}

#[test]
fn exported_tables_keep_odd_text_and_whole_money() {
    let folder = Folder::new();
    let kept = entries(30);
    for name in ["out.csv", "out.jsonl"] {
        let path = folder.path(name);
        let count = export(&path, |write| kept.iter().try_for_each(|e| write(&Row::of(e)))).expect("a file");
        assert_eq!(count, 30);
    }
    let text = std::fs::read_to_string(folder.path("out.jsonl")).expect("lines");
    let mut table = csv::Reader::from_path(folder.path("out.csv")).expect("a table");
    let heads = table.headers().expect("names").clone();
    for (record, line) in table.records().zip(text.lines()) {
        let (record, line): (_, serde_json::Value) =
            (record.expect("a record"), serde_json::from_str(line).expect("JSON"));
        for (name, cell) in heads.iter().zip(record.iter()) {
            let value = match &line[name] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            // A number that is read and written again may end in another digit.
            match line[name].as_f64().filter(|n| n.fract() != 0.0) {
                Some(number) => assert!((cell.parse::<f64>().expect("a number") - number).abs() < 1e-9, "{name}"),
                None => assert_eq!(cell, value, "{name}"),
            }
        }
    }
    let refused = export(&folder.path("out.parquet"), |_| Ok(())).expect_err("another form");
    assert_eq!(refused.param(), Some("path"));
    assert!(export(&folder.path("no/such/folder.csv"), |_| Ok(())).is_err());
}

/// A folder of the test's own, gone with it.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("clawrouters-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
