//! A file in, its rows of a span of time out, oldest first.

use std::borrow::Cow;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::super::row::{Row, Tags, Tokens};
use super::{BUSY, Refused, schema, words};
use crate::account::usage::Span;
use crate::error::{Error, ErrorKind};
use crate::fork;

const SELECT: &str = "SELECT at_ms, request_id, purpose, key, tags, session, model_requested, model, provider, \
    deployment, sandbox, strategy, task, difficulty, stream, cached, input, output, cached_read, cache_write, \
    cache_write_1h, reasoning, audio_in, audio_out, cost_nanos, cost_source, baseline_nanos, baseline_model, \
    best_single_nanos, best_single_model, latency_ms, first_token_ms, attempts, resumed, error FROM requests \
    WHERE at_ms >= ?1 AND at_ms < ?2 ORDER BY at_ms, id";

/// Hands every row of the span to a function, until one fails.
///
/// # Errors
/// `InvalidRequest` for a file that is none of this library's or cannot be read, or the function's own.
pub(crate) fn rows(path: &Path, span: Span, visit: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let _inside = fork::enter();
    let refuse = |refused: Refused| unreadable(path, &refused);
    let connection = open(path).map_err(refuse)?;
    let failed = |e: rusqlite::Error| unreadable(path, &Refused::Sqlite(e));
    let mut statement = connection.prepare(SELECT).map_err(failed)?;
    let bounds = [span.since_ms.unwrap_or(i64::MIN), span.until_ms.unwrap_or(i64::MAX)];
    let mut found = statement.query(bounds).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        visit(&laid_out(row).map_err(failed)?)?;
    }
    Ok(())
}

/// A connection that reads. It may have to recover the file from its log, so it is not opened for reading alone where
/// the file may be written.
fn open(path: &Path) -> Result<Connection, Refused> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    if schema::look(&connection)? == 0 {
        return Err(Refused::Foreign);
    }
    Ok(connection)
}

fn unreadable(path: &Path, refused: &Refused) -> Error {
    let message = format!("the ledger {} cannot be read: {}", path.display(), words(refused));
    Error::new(ErrorKind::InvalidRequest, message).with_param("ledger.sqlite")
}

fn laid_out<'r>(row: &'r rusqlite::Row<'_>) -> Result<Row<'r>, rusqlite::Error> {
    let some = |at: usize| -> Result<Option<Cow<'r, str>>, rusqlite::Error> {
        Ok(match row.get_ref(at)? {
            ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        })
    };
    let text = |at: usize| some(at).map(Option::unwrap_or_default);
    let count = |at: usize| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
    let money = |at: usize| row.get::<_, Option<i64>>(at).map(|n| n.and_then(|n| u64::try_from(n).ok()));
    Ok(Row {
        at_ms: row.get(0)?,
        request_id: text(1)?,
        purpose: text(2)?,
        key: text(3)?,
        tags: Tags::Json(text(4)?),
        session: some(5)?,
        model_requested: text(6)?,
        model: some(7)?,
        provider: some(8)?,
        deployment: some(9)?,
        sandbox: row.get(10)?,
        strategy: text(11)?,
        task: some(12)?,
        difficulty: row.get(13)?,
        stream: row.get(14)?,
        cached: text(15)?,
        tokens: Tokens {
            input: count(16)?,
            output: count(17)?,
            cached_read: count(18)?,
            cache_write: count(19)?,
            cache_write_1h: count(20)?,
            reasoning: count(21)?,
            audio_in: count(22)?,
            audio_out: count(23)?,
        },
        cost_nanos: money(24)?,
        cost_source: some(25)?,
        baseline_nanos: money(26)?,
        baseline_model: some(27)?,
        best_nanos: money(28)?,
        best_model: some(29)?,
        latency_ms: row.get(30)?,
        first_token_ms: row.get(31)?,
        attempts: count(32)?,
        resumed: count(33)?,
        error: some(34)?,
    })
}
