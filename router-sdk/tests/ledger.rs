//! The ledger of whole routers: several processes on one file, one that is killed, ends of routers, kept text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.
#![cfg(feature = "sqlite")]

mod ledger_support;
#[path = "ledger_support/what_if.rs"]
mod what_if;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clawrouters::{ErrorKind, LedgerFile, UsageQuery};
use ledger_support::{Folder, ask, browser, router};
use serde_json::json;

/// The part of a test that is another process: this program again, with what it shall do in its environment.
fn child(does: &str, path: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["as_a_child", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("LEDGER_TEST_DOES", does)
        .env("LEDGER_TEST_PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

#[test]
#[ignore = "the part of other tests that runs in a process of its own"]
fn as_a_child() {
    let variable = |name: &str| std::env::var(name).expect("set by the parent");
    let (does, path) = (variable("LEDGER_TEST_DOES"), variable("LEDGER_TEST_PATH"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let router = router(json!({"sqlite": path}));
        if let Some(count) = does.strip_prefix("ask ") {
            for _ in 0..count.parse().expect("a number") {
                ask(&router, json!({"tags": {"by": std::process::id().to_string()}})).await;
            }
            // On a slow disk others may be writing for longer than a batch waits; it is offered again.
            let until = Instant::now() + Duration::from_secs(30);
            while let Err(error) = router.close().await {
                assert!(Instant::now() < until, "{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        // Until it is killed: says after each request how many are closed.
        let mut out = std::io::stdout();
        for closed in 1u64.. {
            ask(&router, json!({})).await;
            writeln!(out, "closed {closed}").and_then(|()| out.flush()).expect("the parent listens");
        }
    });
}

fn requests(path: &str) -> u64 {
    LedgerFile::new(path).usage(&UsageQuery::new()).expect("a file").total.requests
}

#[test]
fn what_is_killed_loses_at_most_the_interval_between_two_writes() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut killed = child("go on", &path);
    let mut said: Vec<(Instant, u64)> = Vec::new();
    let started = Instant::now();
    for line in BufReader::new(killed.stdout.take().expect("its output")).lines() {
        if let Some(count) = line.expect("a line").rsplit_once("closed ").and_then(|(_, n)| n.parse().ok()) {
            said.push((Instant::now(), count));
        }
        if started.elapsed() > Duration::from_millis(2_500) {
            break;
        }
    }
    // SIGKILL on Unix: nothing of the child runs any more.
    killed.kill().expect("killed");
    let at = Instant::now();
    killed.wait().expect("gone");
    // 200 ms is the interval; a slow disk and a busy machine get as much again for the write itself.
    let due = said.iter().rev().find(|(when, _)| at.duration_since(*when) > Duration::from_millis(600));
    let (all, due) = (said.last().expect("it asked").1, due.expect("it asked long before").1);
    let kept = requests(&path);
    println!("{all} closed, {due} of them due, {kept} kept");
    assert!(kept >= due, "{kept} of {due} that were due were kept");
    assert!(due > 0);
}

#[test]
fn several_processes_write_one_file() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let children: Vec<Child> = (0..4).map(|_| child("ask 300", &path)).collect();
    let ids: Vec<String> = children.iter().map(|c| c.id().to_string()).collect();
    for mut child in children {
        // Read to its end, or a full pipe would stop it.
        let _ = std::io::copy(&mut child.stdout.take().expect("its output"), &mut std::io::sink());
        assert!(child.wait().expect("its end").success());
    }
    let report = LedgerFile::new(&path).usage(&UsageQuery::new().group_by(["tag:by"])).expect("a file");
    assert_eq!(report.total.requests, 1_200);
    for id in ids {
        let row = report.rows.iter().find(|row| row.group["tag:by"].as_deref() == Some(&id)).expect("its rows");
        assert_eq!(row.figures.requests, 300);
    }
}

#[tokio::test]
async fn a_router_that_is_dropped_leaves_nothing_unwritten() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let router = router(json!({"sqlite": path, "flush_ms": 60_000}));
    let clone = router.clone();
    for _ in 0..5 {
        ask(&router, json!({})).await;
    }
    drop(router);
    assert_eq!(requests(&path), 0, "a clone is left");
    drop(clone);
    assert_eq!(requests(&path), 5);
}

#[tokio::test]
async fn a_closed_router_has_written_and_refuses() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let router = router(json!({"sqlite": path, "jsonl": folder.path("log.jsonl"), "flush_ms": 60_000}));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&heard);
    router.on_entry(move |entry| own.lock().expect("a lock").push(entry.route.request_id.clone())).expect("a callback");
    ask(&router, json!({"tags": {"team": "a"}, "session": "s1"})).await;
    router.close().await.expect("closed");
    assert_eq!(requests(&path), 1);
    assert_eq!(heard.lock().expect("a lock").len(), 1);
    let line = std::fs::read_to_string(folder.path("log.jsonl")).expect("a file");
    let line: serde_json::Value = serde_json::from_str(line.trim()).expect("one line of JSON");
    assert_eq!((&line["session"], &line["tags"]["team"]), (&json!("s1"), &json!("a")));
    assert!(line["content"].is_null() && !line.to_string().contains("2 + 2"), "no text unless it is asked for");
    let request = clawrouters::ChatRequest::new("auto", "again");
    let refused = router.chat(request).await.expect_err("closed");
    assert_eq!((refused.kind(), refused.param()), (ErrorKind::InvalidRequest, Some("router")));
    let states = router.ledger().sinks;
    assert_eq!(states.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["sqlite", "jsonl", "callback"]);
    assert!(states.iter().all(|s| s.written == 1 && s.waiting == 0 && s.dropped == 0 && s.fault.is_none()));
}

#[tokio::test]
async fn text_is_kept_where_the_configuration_says_so() {
    let folder = Folder::new();
    let router = router(json!({"jsonl": folder.path("log.jsonl"), "log_content": true}));
    ask(&router, json!({})).await;
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "Say hello."}]});
    let mut stream =
        router.stream(clawrouters::ChatRequest::from_value(body).expect("a request")).await.expect("a stream");
    let mut said = String::new();
    while let Some(chunk) = stream.next().await {
        said.push_str(chunk.expect("a chunk").text());
    }
    drop(stream);
    router.flush().await.expect("written");
    let text = std::fs::read_to_string(folder.path("log.jsonl")).expect("a file");
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert!(lines[0]["content"]["prompt"].as_str().expect("text").contains("2 + 2"));
    assert!(!lines[0]["content"]["answer"].as_str().expect("text").is_empty());
    assert_eq!(lines[1]["content"]["answer"], json!(said), "the pieces of a stream, joined");
    assert!(!format!("{:?}", router.entries()).contains("2 + 2"));
}

#[tokio::test]
async fn requests_go_on_while_another_process_keeps_the_file_locked() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let router = router(json!({"sqlite": path, "queue": 10, "flush_ms": 10}));
    ask(&router, json!({})).await;
    router.flush().await.expect("written");
    let other = rusqlite::Connection::open(&path).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let started = Instant::now();
    for _ in 0..40 {
        ask(&router, json!({})).await;
    }
    assert!(started.elapsed() < Duration::from_secs(2), "nobody waits for the file");
    let error = router.flush().await.expect_err("locked");
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("sqlite") && error.message().contains("locked"), "{error}");
    other.execute_batch("ROLLBACK").expect("unlocked");
    router.flush().await.expect("written");
    let state = router.ledger().sinks.pop().expect("a sink");
    assert_eq!((state.written, state.waiting, state.dropped), (11, 0, 30));
    assert_eq!((requests(&path), router.entries().len()), (11, 41));
}

#[test]
fn memory_and_file_of_one_router_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let folder = Folder::new();
        let path = folder.path("log.db");
        let (stored, plain) = (router(json!({"sqlite": path})), router(json!({})));
        for n in 0..20 {
            let team = if n % 2 == 0 { "a" } else { "b" };
            let route = json!({"tags": {"team": team}});
            ask(&stored, route.clone()).await;
            ask(&plain, route).await;
        }
        let query = || UsageQuery::new().group_by(["tag:team", "model"]);
        let (stored, plain) = (stored.usage(query()).await.expect("usage"), plain.usage(query()).await.expect("usage"));
        assert_eq!((stored.source, plain.source), ("sqlite", "memory"));
        assert_eq!((stored.total.requests, stored.rows.len()), (20, plain.rows.len()));
        for (a, b) in stored.rows.iter().zip(&plain.rows) {
            assert_eq!(
                (&a.group, a.figures.cost_nanos, a.figures.tokens),
                (&b.group, b.figures.cost_nanos, b.figures.tokens)
            );
            assert_eq!(a.figures.baseline, b.figures.baseline);
            assert_eq!(a.figures.best_single, b.figures.best_single);
            assert!(a.figures.baseline.requests == a.figures.answered && a.figures.best_single.requests > 0);
        }
    });
}

#[tokio::test]
async fn the_report_is_drawn_and_hostile_names_stay_text() {
    let Some(chromium) = browser::found() else {
        println!("skipped: there is no Chromium; on Debian: apt-get install chromium");
        return;
    };
    const HOSTILE: &str =
        "</script><script>document.title='hacked'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>";
    let folder = Folder::new();
    let (path, page) = (folder.path("log.db"), folder.path("report.html"));
    let router = router(json!({"sqlite": path}));
    for _ in 0..6 {
        ask(&router, json!({"tags": {"team": HOSTILE}, "session": HOSTILE})).await;
    }
    let unknown = clawrouters::ChatRequest::new(HOSTILE, "Hello");
    router.chat(unknown).await.expect_err("no such model");
    router.report(&page, UsageQuery::new().since("1h")).await.expect("a report");
    for width in [390, 1280] {
        let profile = folder.path(&format!("profile-{width}"));
        let shown = browser::show(chromium, page.as_ref(), profile.as_ref(), width);
        assert!(shown.console.is_empty(), "{:?}", shown.console);
        let body =
            shown.document.split("<main>").nth(1).and_then(|m| m.split("</main>").next()).expect("its main part");
        assert!(body.matches("<canvas").count() >= 4, "charts are drawn at {width}");
        assert!(
            body.contains("team=&lt;/script&gt;&lt;script&gt;") && !body.contains("<img") && !body.contains("<script")
        );
        assert!(!shown.document.contains("<title>hacked"));
        for heading in
            ["Against the baseline", "Against the best single model", "Cost by model", "Latency", "How to read this"]
        {
            assert!(body.contains(heading), "{heading}");
        }
        assert!(body.contains("built-in sandbox"), "money of the sandbox is nobody's");
    }
}
