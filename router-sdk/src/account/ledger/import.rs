//! An exported file in, its rows out, oldest first as they were written.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use super::export::{Form, Rows};
use super::row::{Row, Tags, Tokens};
use crate::error::{Error, ErrorKind};

/// Hands every row of a file that `export` wrote to a function, until one fails. Columns may be missing or more.
///
/// # Errors
/// `InvalidRequest` for another kind of file, one that cannot be read, and a line that is no row, by its number.
pub(crate) fn import(path: &Path, rows: Rows<'_>) -> Result<(), Error> {
    let form = Form::of(path)?;
    let file = BufReader::new(File::open(path).map_err(|e| unreadable(path, &super::jsonl::words(&e)))?);
    match form {
        Form::Csv => {
            let mut table = csv::Reader::from_reader(file);
            let columns = table.headers().map_err(|_| unreadable(path, "its first line holds no names"))?.clone();
            for (at, record) in table.records().enumerate() {
                // The first line holds the names.
                let record = record.map_err(|_| no_row(path, at + 2))?;
                let cell = |name: &str| {
                    let at = columns.iter().position(|column| column == name)?;
                    record.get(at).filter(|text| !text.is_empty()).map(Cow::Borrowed)
                };
                rows(&row(&cell).ok_or_else(|| no_row(path, at + 2))?)?;
            }
        }
        Form::Lines => {
            for (at, line) in file.lines().enumerate() {
                let line = line.map_err(|e| unreadable(path, &super::jsonl::words(&e)))?;
                if line.trim().is_empty() {
                    continue;
                }
                let fields: Value = serde_json::from_str(&line).map_err(|_| no_row(path, at + 1))?;
                let cell = |name: &str| match fields.get(name)? {
                    Value::Null => None,
                    Value::String(text) => Some(Cow::Borrowed(text.as_str())),
                    other => Some(Cow::Owned(other.to_string())),
                };
                rows(&row(&cell).ok_or_else(|| no_row(path, at + 1))?)?;
            }
        }
    }
    Ok(())
}

/// The row of a line; absent when it lacks its moment or holds something else where a number belongs.
fn row<'r>(cell: &dyn Fn(&str) -> Option<Cow<'r, str>>) -> Option<Row<'r>> {
    let text = |name: &str| cell(name).unwrap_or_default();
    let flag = |name: &str| cell(name).is_some_and(|value| value == "true");
    let count = |name: &str| cell(name).map_or(Some(0), |value| value.parse::<u64>().ok());
    let nanos = |name: &str| cell(name).map(|value| value.parse::<u64>()).transpose().ok();
    let number = |name: &str| cell(name).map(|value| value.parse::<f64>()).transpose().ok();
    Some(Row {
        at_ms: cell("at_ms")?.parse().ok()?,
        request_id: text("request_id"),
        purpose: text("purpose"),
        key: text("key"),
        tags: cell("tags").map(Tags::Json).unwrap_or_default(),
        session: cell("session"),
        model_requested: text("model_requested"),
        model: cell("model"),
        provider: cell("provider"),
        deployment: cell("deployment"),
        sandbox: flag("sandbox"),
        strategy: text("strategy"),
        task: cell("task"),
        difficulty: number("difficulty")?,
        stream: flag("stream"),
        cached: text("cached"),
        tokens: Tokens {
            input: count("input")?,
            output: count("output")?,
            cached_read: count("cached_read")?,
            cache_write: count("cache_write")?,
            cache_write_1h: count("cache_write_1h")?,
            reasoning: count("reasoning")?,
            audio_in: count("audio_in")?,
            audio_out: count("audio_out")?,
        },
        cost_nanos: nanos("cost_nanos")?,
        cost_source: cell("cost_source"),
        baseline_nanos: nanos("baseline_nanos")?,
        baseline_model: cell("baseline_model"),
        best_nanos: nanos("best_single_nanos")?,
        best_model: cell("best_single_model"),
        latency_ms: number("latency_ms")?.unwrap_or_default(),
        first_token_ms: number("first_token_ms")?,
        attempts: count("attempts")?,
        resumed: count("resumed")?,
        error: cell("error"),
    })
}

fn unreadable(path: &Path, why: &str) -> Error {
    let fix = format!("the file {} cannot be read: {why}", path.display());
    Error::new(ErrorKind::InvalidRequest, fix).with_param("entries")
}

fn no_row(path: &Path, line: usize) -> Error {
    unreadable(path, &format!("line {line} is no row of an export; give a file that export wrote"))
}
