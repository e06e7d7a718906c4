//! Rows of the ledger in, one HTML file with charts and tables out that loads nothing else.

mod page;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ledger::{Row, Rows, replace};
use super::usage::{Group, Question, Sums, Tally, UsageRow};
use crate::error::{Error, ErrorKind};

/// Rows of a table; what comes after them is told as a number.
const TOP: usize = 25;
/// Up to so long a span is shown by the hour.
const HOURLY_MS: i64 = 3 * 86_400_000;

/// Writes the report of the rows that the question asks for.
pub(crate) fn write_report(
    path: &Path,
    question: &Question,
    source: &str,
    forgotten: u64,
    now: Timestamp,
    rows: impl FnOnce(Rows<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if path.extension().and_then(|e| e.to_str()).is_none_or(|e| !matches!(e, "html" | "htm")) {
        return Err(Error::invalid_request("path", "must end in .html"));
    }
    let data = data(question, source, forgotten, now, rows)?;
    let page = page::page(&data);
    replace(path, |file| {
        file.write_all(page.as_bytes()).map_err(|e| {
            let message = format!("the file {} cannot be written: {}", path.display(), e.kind());
            Error::new(ErrorKind::InvalidRequest, message).with_param("path")
        })
    })
}

/// What the page shows, in the words of the answers to `usage`.
fn data(
    question: &Question,
    source: &str,
    forgotten: u64,
    now: Timestamp,
    rows: impl FnOnce(Rows<'_>) -> Result<(), Error>,
) -> Result<Value, Error> {
    let tables = [Group::Model, Group::Provider, Group::Task, Group::Key, Group::Tag, Group::Strategy, Group::Error];
    let tables: Vec<[Group; 1]> = tables.into_iter().map(|group| [group]).collect();
    let times = [Group::Hour, Group::Day];
    let times: Vec<([Group; 1], [Group; 2])> = times.map(|time| ([time.clone()], [time, Group::Model])).into();
    let mut total = Tally::default();
    let mut by: Vec<Sums<'_>> = tables.iter().map(|groups| Sums::by(groups)).collect();
    let mut over: Vec<(Sums<'_>, Sums<'_>)> = times.iter().map(|(t, m)| (Sums::by(t), Sums::by(m))).collect();
    let mut ends: Option<(i64, i64)> = None;
    rows(&mut |row: &Row<'_>| {
        if question.asks_for(row) {
            total.add(row);
            by.iter_mut().for_each(|sums| sums.add(row));
            for (time, models) in &mut over {
                time.add(row);
                models.add(row);
            }
            let (first, last) = ends.unwrap_or((row.at_ms, row.at_ms));
            ends = Some((first.min(row.at_ms), last.max(row.at_ms)));
        }
        Ok(())
    })?;
    let (first, last) = ends.unwrap_or_default();
    let hourly = last - first <= HOURLY_MS;
    let (time, models) = over.swap_remove(usize::from(!hourly));
    let by: serde_json::Map<String, Value> = tables
        .iter()
        .zip(by)
        .map(|(groups, sums)| (groups.iter().map(Group::name).collect(), top(sums.rows())))
        .collect();
    Ok(json!({
        "made_at": now.to_string(),
        "first_ms": ends.map(|_| first),
        "last_ms": ends.map(|_| last),
        "since_ms": question.span.since_ms,
        "until_ms": question.span.until_ms,
        "source": source,
        "forgotten": forgotten,
        "step": if hourly { "hour" } else { "day" },
        "total": total.figures(),
        "over_time": time.rows(),
        "models_over_time": models.rows(),
        "by": by,
    }))
}

fn top(mut rows: Vec<UsageRow>) -> Value {
    let more = rows.len().saturating_sub(TOP);
    rows.truncate(TOP);
    json!({"rows": rows, "more": more})
}
