//! Keys in one file under several processes: changes that cross, and a process that is killed in the middle of writing.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, ErrorKind, NewKey, Router};
use secrecy::ExposeSecret;
use serde_json::json;

/// Names the file for a process that this test starts from itself.
const FILE: &str = "KEYS_FILE_OF_A_CHILD";
/// How long a change may take to be seen by another process, in milliseconds.
const REFRESH_MS: u64 = 200;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("clawrouters-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn router(file: &Path) -> Router {
    let config = json!({
        "providers": {"box": {"kind": "sandbox", "sandbox": {"latency": 0}}},
        "keys": {"path": file, "refresh_ms": REFRESH_MS},
    });
    Router::new(Config::from_value(config).unwrap()).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest::new("box/gpt-4o", "Say hello.")
}

/// A process of its own on the same file, which runs one of the ignored tests below.
fn process(file: &Path, test: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]).env(FILE, file);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// The next line that a process says with a mark, without it; others are the test harness's own.
fn heard(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<String> {
    lines.map_while(Result::ok).find_map(|line| Some(line.split_once("@@ ")?.1.to_owned()))
}

fn child_router() -> Router {
    router(Path::new(&std::env::var(FILE).expect("started by another test")))
}

#[tokio::test]
#[ignore = "runs in a process that another test starts"]
async fn child_makes_keys_until_it_is_killed() {
    let router = child_router();
    for i in 0.. {
        let key = router.keys().create(NewKey::from_value(json!({"name": format!("k{i}")})).unwrap()).await.unwrap();
        println!("@@ {}", key.secret.expose_secret());
    }
}

#[tokio::test]
#[ignore = "runs in a process that another test starts"]
async fn child_asks_with_the_keys_that_it_is_told() {
    let router = child_router();
    println!("@@ ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let Some((command, word)) = line.split_once(' ') else { return };
        let said = match command {
            "ask" => match router.chat(request().with_api_key(word)).await {
                Ok(_) => "ok".to_owned(),
                Err(error) => error.code().unwrap_or(error.kind().as_str()).to_owned(),
            },
            "disable" => router.keys().disable(word).await.map_or_else(|e| e.to_string(), |k| k.id),
            "create" => {
                let key = router.keys().create(NewKey::from_value(json!({"name": word})).unwrap()).await.unwrap();
                format!("{} {}", key.key.id, key.secret.expose_secret())
            }
            _ => return,
        };
        println!("@@ {said}");
    }
}

#[tokio::test]
async fn what_one_process_changes_the_other_hears_within_the_stated_time() {
    let folder = Folder::new("two");
    let router = router(&folder.file());
    let mut child = process(&folder.file(), "child_asks_with_the_keys_that_it_is_told");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut input = child.stdin.take().unwrap();
    assert_eq!(heard(&mut lines).as_deref(), Some("ready"));
    let mut other = |command: String| {
        writeln!(input, "{command}").unwrap();
        heard(&mut lines).expect("an answer")
    };
    let key = router.keys().create(NewKey::default()).await.unwrap();
    let secret = key.secret.expose_secret().to_owned();
    assert_eq!(other(format!("ask {secret}")), "ok", "a key made here is known there");
    router.keys().disable(&key.key.id).await.unwrap();
    let begun = Instant::now();
    while other(format!("ask {secret}")) == "ok" {
        assert!(begun.elapsed() < Duration::from_millis(REFRESH_MS + 2_000), "it is never heard of");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(other(format!("ask {secret}")), "key_disabled");
    let made = other("create there".to_owned());
    let (id, secret) = made.split_once(' ').unwrap();
    router.chat(request().with_api_key(secret)).await.unwrap();
    assert_eq!(other(format!("disable {id}")), id);
    tokio::time::sleep(Duration::from_millis(REFRESH_MS)).await;
    let error = router.chat(request().with_api_key(secret)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("key_disabled")));
    // Both write at once, and nothing is lost.
    let here = async {
        for i in 0..40 {
            router.keys().create(NewKey::from_value(json!({"name": format!("here{i}")})).unwrap()).await.unwrap();
        }
    };
    let there = tokio::task::spawn_blocking({
        let file = folder.file();
        move || {
            let mut child = process(&file, "child_makes_keys_until_it_is_killed");
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let made: Vec<_> = (0..40).filter_map(|_| heard(&mut lines)).collect();
            child.kill().unwrap();
            child.wait().unwrap();
            made
        }
    });
    let (there, ()) = tokio::join!(there, here);
    let there = there.unwrap();
    assert_eq!(there.len(), 40);
    assert!(router.keys().list().await.unwrap().len() >= 82);
    drop(input);
    child.wait().unwrap();
}

#[tokio::test]
async fn a_process_that_is_killed_while_writing_leaves_every_key_that_it_told() {
    let folder = Folder::new("killed");
    let mut told = Vec::new();
    for round in 0..4u64 {
        let mut child = process(&folder.file(), "child_makes_keys_until_it_is_killed");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        told.extend(heard(&mut lines));
        std::thread::sleep(Duration::from_millis(40 + 37 * round));
        // SIGKILL, in the middle of whatever it does.
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(secret) = heard(&mut lines) {
            // The last line may be cut.
            told.extend(Some(secret).filter(|s| s.len() == 52));
        }
    }
    let router = router(&folder.file());
    for secret in &told {
        router.caller(Some(&secret.clone().into())).await.unwrap();
    }
    let kept = router.keys().list().await.unwrap().len();
    assert!(told.len() >= 4 && kept >= told.len(), "{} told, {kept} kept", told.len());
    // One a round may have been written and not been told.
    assert!(kept <= told.len() + 8, "{} told, {kept} kept", told.len());
    router.keys().create(NewKey::default()).await.unwrap();
}
