//! Errors that users have quoted in public, where they are present beside the repository: each is read to its cause and wait.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::provider::errors::explain;
use crate::provider::{Cause, Failure};

/// The number of a file, what its error means, and the wait it asks for in milliseconds.
const MEANINGS: [(&str, Cause, Option<u64>); 22] = [
    ("00", Cause::Overloaded, None),
    ("01", Cause::Overloaded, None),
    ("02", Cause::RateLimited, Some(16_000)),
    ("03", Cause::RateLimited, Some(1_000)),
    ("04", Cause::RateLimited, None),
    ("05", Cause::RateLimited, Some(1_574)),
    ("06", Cause::TooLarge, None),
    ("07", Cause::Quota, None),
    ("08", Cause::RateLimited, Some(50_597)),
    ("09", Cause::TooLarge, None),
    ("10", Cause::RateLimited, Some(86_400_000)),
    ("11", Cause::RateLimited, Some(2_000)),
    ("12", Cause::RateLimited, Some(26_000)),
    ("13", Cause::Quota, None),
    ("14", Cause::RateLimited, None),
    ("15", Cause::RateLimited, None),
    ("16", Cause::RateLimited, None),
    ("17", Cause::Caller, None),
    ("18", Cause::Caller, None),
    ("19", Cause::Server, None),
    ("20", Cause::Server, None),
    ("21", Cause::TooLarge, None),
];

fn read(record: &Value) -> Failure {
    let response = &record["response"];
    let mut headers = HeaderMap::new();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
            headers.insert(name, value);
        }
    }
    let body = match &response["body"] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Null => Vec::new(),
        body => serde_json::to_vec(body).unwrap(),
    };
    explain(u16::try_from(response["status"].as_u64().unwrap()).unwrap(), &headers, &body)
}

#[test]
fn quoted_errors_mean_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/wire/quoted_errors");
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("skipped: no quoted errors beside the repository");
        return;
    };
    let mut seen = 0;
    for file in files.filter_map(|file| Some(file.ok()?.path())) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let record: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let Some((_, cause, wait)) = MEANINGS.iter().find(|(number, ..)| name.starts_with(number)) else {
            panic!("{name} has no meaning in this table");
        };
        let failure = read(&record);
        let waits = failure.retry_after.map(|wait| wait.as_millis());
        assert_eq!((failure.cause, waits), (*cause, wait.map(u128::from)), "{name}: {}", failure.message);
        assert!(failure.retry_after.is_none_or(|wait| wait <= Duration::from_secs(86_400)));
        seen += 1;
    }
    assert_eq!(seen, MEANINGS.len());
}
