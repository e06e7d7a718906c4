//! Rows in, a file for other programs out: CSV or lines of JSON.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Row;
use crate::error::{Error, ErrorKind};

/// The form of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Lines,
}

impl Form {
    /// By the end of the file's name.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Lines),
            _ => Err(Error::invalid_request("path", "must end in .csv, .jsonl or .ndjson")),
        }
    }
}

/// Columns of an exported row, in order. Money is in whole nano-dollars, times in milliseconds.
const COLUMNS: [&str; 36] = [
    "at",
    "at_ms",
    "request_id",
    "purpose",
    "key",
    "tags",
    "session",
    "model_requested",
    "model",
    "provider",
    "deployment",
    "sandbox",
    "strategy",
    "task",
    "difficulty",
    "stream",
    "cached",
    "input",
    "output",
    "cached_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_in",
    "audio_out",
    "cost_nanos",
    "cost_source",
    "baseline_nanos",
    "baseline_model",
    "best_single_nanos",
    "best_single_model",
    "latency_ms",
    "first_token_ms",
    "attempts",
    "resumed",
    "error",
];

fn values(row: &Row<'_>) -> Map<String, Value> {
    let at = jiff::Timestamp::from_millisecond(row.at_ms).map(|t| t.to_string()).unwrap_or_default();
    let mut out = json!({
        "at": at, "at_ms": row.at_ms, "request_id": row.request_id, "purpose": row.purpose, "key": row.key,
        "tags": row.tags.list().as_ref(), "session": row.session, "model_requested": row.model_requested,
        "model": row.model, "provider": row.provider, "deployment": row.deployment, "sandbox": row.sandbox,
        "strategy": row.strategy, "task": row.task, "difficulty": row.difficulty, "stream": row.stream,
        "cached": row.cached, "cost_nanos": row.cost_nanos, "cost_source": row.cost_source,
        "baseline_nanos": row.baseline_nanos, "baseline_model": row.baseline_model,
        "best_single_nanos": row.best_nanos, "best_single_model": row.best_model, "latency_ms": row.latency_ms,
        "first_token_ms": row.first_token_ms, "attempts": row.attempts, "resumed": row.resumed, "error": row.error,
    });
    let mut ordered = Map::new();
    let tokens = row.tokens.named();
    for name in COLUMNS {
        let value = match tokens.iter().find(|(token, _)| *token == name) {
            Some((_, count)) => json!(count),
            None => out.get_mut(name).map(Value::take).unwrap_or_default(),
        };
        ordered.insert(name.to_owned(), value);
    }
    ordered
}

/// Hands every row to a function, until one fails.
pub(crate) type Rows<'a> = &'a mut dyn FnMut(&Row<'_>) -> Result<(), Error>;

/// Writes rows to a file and returns their number. What was there stays whole until the new file is.
pub(crate) fn export(path: &Path, rows: impl FnOnce(Rows<'_>) -> Result<(), Error>) -> Result<u64, Error> {
    let form = Form::of(path)?;
    let mut count = 0;
    replace(path, |file| match form {
        Form::Csv => {
            let failed = |e: csv::Error| unwritable(path, &io::Error::from(e));
            let mut table = csv::Writer::from_writer(file);
            table.write_record(COLUMNS).map_err(failed)?;
            rows(&mut |row| {
                count += 1;
                table.write_record(values(row).values().map(cell)).map_err(failed)
            })?;
            table.flush().map_err(|e| unwritable(path, &e))
        }
        Form::Lines => rows(&mut |row| {
            count += 1;
            let written = serde_json::to_writer(&mut *file, &values(row)).map_err(io::Error::from);
            written.and_then(|()| file.write_all(b"\n")).map_err(|e| unwritable(path, &e))
        }),
    })?;
    Ok(count)
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Writes a file under another name and puts it in its place when it is whole.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<(), Error>) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = Path::new(&beside);
    let written = (|| {
        let mut file = BufWriter::new(File::create(beside).map_err(|e| unwritable(path, &e))?);
        write(&mut file)?;
        file.flush().map_err(|e| unwritable(path, &e))?;
        std::fs::rename(beside, path).map_err(|e| unwritable(path, &e))
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(beside);
    }
    written
}

fn unwritable(path: &Path, e: &io::Error) -> Error {
    let fix = format!("the file {} cannot be written: {}", path.display(), super::jsonl::words(e));
    Error::new(ErrorKind::InvalidRequest, fix).with_param("path")
}
