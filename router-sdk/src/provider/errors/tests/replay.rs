//! Every recorded and quoted error of any provider, where they are present beside the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::provider::errors::explain;
use crate::provider::{Cause, Failure};

fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/wire").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    Some(files)
}

fn read(file: &Path) -> Vec<Value> {
    if file.extension().is_some_and(|e| e == "json") {
        let text = std::fs::read_to_string(file).unwrap();
        return vec![serde_json::from_str(&text).unwrap()];
    }
    let Ok(out) = Command::new("gzip").arg("-dc").arg(file).output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn failure(record: &Value) -> Option<Failure> {
    let response = &record["response"];
    let status = u16::try_from(response["status"].as_u64()?).ok()?;
    if status < 400 {
        return None;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        let text = value.as_str().or_else(|| value[0].as_str());
        if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), text.map(HeaderValue::from_str)) {
            headers.insert(name, value);
        }
    }
    let body = match &response["body"] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Null => Vec::new(),
        body => serde_json::to_vec(body).unwrap(),
    };
    Some(explain(status, &headers, &body))
}

/// What an error with this in its message must be taken for, whoever sends it.
const EXPECTED: [(&str, Cause); 20] = [
    ("does not exist", Cause::ModelMissing),
    ("model: ", Cause::ModelMissing),
    ("model 'command-r' was removed", Cause::ModelMissing),
    ("is not found for api version", Cause::ModelMissing),
    ("model identifier is invalid", Cause::ModelMissing),
    ("on-demand throughput", Cause::ModelMissing),
    ("end of its life", Cause::ModelMissing),
    ("access to the model", Cause::ModelMissing),
    ("invalid model", Cause::ModelMissing),
    ("model not found", Cause::ModelMissing),
    ("api key", Cause::Auth),
    ("security token", Cause::Auth),
    ("authentication", Cause::Auth),
    ("request too large", Cause::TooLarge),
    ("rate limit reached", Cause::RateLimited),
    ("overloaded", Cause::Overloaded),
    ("unsupported parameter", Cause::Unsupported),
    ("doesn't support the video", Cause::Unsupported),
    ("exceeds the available context", Cause::ContextTooLong),
    ("temperature: range", Cause::Caller),
];

#[test]
fn recorded_errors_have_the_cause_they_spell() {
    let (Some(mut all), Some(quoted)) = (files("recordings"), files("quoted_errors")) else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    all.extend(quoted);
    let mut faults = Vec::new();
    let mut table: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
    for record in all.iter().flat_map(|file| read(file)) {
        let Some(failure) = failure(&record) else { continue };
        let provider = record["provider"].as_str().unwrap_or_default();
        let message = failure.message.to_lowercase();
        let wanted = EXPECTED.iter().find(|(part, _)| message.contains(part)).map(|(_, cause)| *cause);
        if failure.cause == Cause::Unknown || wanted.is_some_and(|cause| cause != failure.cause) {
            faults.push(format!("{provider} {} {}: {}", record["id"], failure.cause.as_str(), failure.message));
        }
        let row = table.entry((failure.cause.as_str(), provider.to_owned())).or_default();
        row.0 += 1;
    }
    for ((cause, provider), (count, _)) in &table {
        println!("{cause:<18} {provider:<12} {count:>4}");
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}
