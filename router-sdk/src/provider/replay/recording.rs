//! Files of recordings beside the repository in; interactions, one by one, out.

use std::path::{Path, PathBuf};
use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// One recorded request and its reply.
pub(crate) struct Recording {
    pub(in crate::provider) id: String,
    pub(in crate::provider) provider: String,
    pub(crate) api: String,
    pub(in crate::provider) model: String,
    pub(in crate::provider) status: u16,
    /// How the body was written down: `json`, `sse`, `events_jsonl`, ...
    pub(in crate::provider) kind: String,
    pub(in crate::provider) headers: HeaderMap,
    pub(in crate::provider) body: Value,
    /// The body of the request; null where it was not recorded.
    pub(crate) request: Value,
    /// Host, path and query that it was sent to.
    pub(crate) sent: Value,
    /// Long data was cut out of it.
    pub(in crate::provider) truncated: bool,
}

impl Recording {
    fn of(mut value: Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let response = &value["response"];
        Self {
            id: text("id"),
            provider: text("provider"),
            api: text("api"),
            model: text("model"),
            status: response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200),
            kind: response["body_kind"].as_str().unwrap_or_default().to_owned(),
            headers: headers(&response["headers"]),
            truncated: value["truncated"].as_u64().unwrap_or_default() > 0,
            body: value["response"]["body"].take(),
            request: value["request"]["body"].take(),
            sent: value["request"].take(),
        }
    }

    /// The same number for the same recording, to cut its bytes by.
    pub(in crate::provider) fn seed(&self) -> u64 {
        self.id.bytes().fold(17, |all, byte| all * 31 % 1_000_003 + u64::from(byte))
    }

    /// The body as it came over the wire, or as near to that as was recorded.
    pub(in crate::provider) fn bytes(&self) -> Vec<u8> {
        match (&self.body, self.kind.as_str()) {
            (Value::String(text), "events_jsonl") => {
                text.lines().flat_map(|line| format!("data: {line}\n\n").into_bytes()).collect()
            }
            (Value::String(text), "eventstream_base64") => base64(text),
            (Value::String(text), _) => text.clone().into_bytes(),
            (Value::Null, _) => Vec::new(),
            (body, _) => serde_json::to_vec(body).unwrap(),
        }
    }
}

/// The bytes of base64 text; recorders write no other alphabet.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut held, mut bits) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for value in text.bytes().filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte)) {
        held = held << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    out
}

#[test]
fn base64_is_read() {
    assert_eq!(base64("aGVsbG8="), b"hello");
    assert_eq!(base64("//79AA=="), [0xff, 0xfe, 0xfd, 0]);
}

fn headers(recorded: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in recorded.as_object().into_iter().flatten() {
        let text = value.as_str().or_else(|| value[0].as_str());
        if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), text.map(HeaderValue::try_from)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The files, the largest first; `None` where there are none.
pub(super) fn files() -> Option<Vec<PathBuf>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/wire/recordings");
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut files: Vec<(u64, PathBuf)> = entries
        .map(|e| (e.metadata().map_or(0, |m| m.len()), e.path()))
        .filter(|(_, p)| p.extension().is_some())
        .collect();
    files.sort();
    Some(files.into_iter().rev().map(|(_, path)| path).collect()).filter(|files: &Vec<PathBuf>| !files.is_empty())
}

pub(super) fn read(file: &Path) -> Vec<Recording> {
    let out = Command::new("gzip").arg("-dc").arg(file).output().expect("gzip unpacks recordings");
    assert!(out.status.success(), "{} cannot be unpacked", file.display());
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines().map(|line| Recording::of(serde_json::from_str(line).expect("a recording is JSON"))).collect()
}
