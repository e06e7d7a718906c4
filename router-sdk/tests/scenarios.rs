//! Plays tests/scenarios/*.json against the fake provider through the Rust API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod scenario;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use serde_json::Value;

use scenario::{Outcome, check, play};

fn load() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the scenarios folder")
        .filter_map(|f| f.ok().map(|f| f.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let list: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        out.extend(list.into_iter().map(|scenario| (stem.clone(), scenario)));
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_holds() {
    let fake = Arc::new(FakeProvider::start().await.expect("the fake provider"));
    let only = std::env::var("SCENARIO").ok();
    let permits = Arc::new(tokio::sync::Semaphore::new(8));
    let mut runs = tokio::task::JoinSet::new();
    let mut serial = 0;
    for (file, scenario) in load() {
        let name = scenario["name"].as_str().expect("a name").to_owned();
        if only.as_ref().is_some_and(|o| !format!("{file}: {name}").contains(o.as_str())) {
            continue;
        }
        let modes: &[bool] = match &scenario["stream"] {
            _ if scenario["operation"] == "embed" => &[false],
            Value::Bool(true) => &[true],
            Value::Bool(false) => &[false],
            _ => &[false, true],
        };
        for stream in modes {
            serial += 1;
            let (fake, permits, scenario, stream) =
                (Arc::clone(&fake), Arc::clone(&permits), scenario.clone(), *stream);
            let label = format!("{file}: {name} ({})", if stream { "stream" } else { "whole" });
            let id = format!("r{serial}");
            runs.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let limit = Duration::from_secs(60);
                let played = tokio::time::timeout(limit, run(&fake, &id, &scenario, stream)).await;
                (label, played.unwrap_or_else(|_| vec!["it hung for a minute".into()]))
            });
        }
    }
    let (mut held, mut broken) = (0, Vec::new());
    while let Some(done) = runs.join_next().await {
        let (label, faults) = done.expect("a scenario panicked");
        if faults.is_empty() { held += 1 } else { broken.push(format!("{label}\n    {}", faults.join("\n    "))) }
    }
    broken.sort();
    println!("{held} scenario runs held, {} broken", broken.len());
    assert!(held > 0, "no scenario was played");
    assert!(broken.is_empty(), "{} scenario runs broken:\n{}", broken.len(), broken.join("\n"));
}

async fn run(fake: &FakeProvider, id: &str, scenario: &Value, stream: bool) -> Vec<String> {
    let script = serde_json::from_value(scenario["script"].clone());
    match script {
        Ok(script) => fake.script(id, script),
        Err(e) if !scenario["script"].is_null() => return vec![format!("the script is not valid: {e}")],
        Err(_) => {}
    }
    let outcomes: Vec<Outcome> = play(fake, id, scenario, stream).await;
    check(fake, id, scenario, &outcomes).await
}
