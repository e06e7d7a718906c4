//! A batch of entries in, one transaction out.

use std::sync::Arc;

use rusqlite::{Connection, Statement, TransactionBehavior, params};

use super::super::Entry;
use super::super::row::{Row, Tokens, source};
use crate::wire::AttemptRecord;

const REQUEST: &str = "INSERT INTO requests (writer, number, at_ms, request_id, purpose, key, tags, session, \
    model_requested, model, provider, deployment, sandbox, strategy, task, difficulty, stream, cached, input, output, \
    cached_read, cache_write, cache_write_1h, reasoning, audio_in, audio_out, cost_nanos, cost_source, baseline_nanos, \
    baseline_model, best_single_nanos, best_single_model, latency_ms, first_token_ms, attempts, resumed, error) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, \
    ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37) ON CONFLICT (writer, number) DO NOTHING";
const ATTEMPT: &str = "INSERT INTO attempts (request, number, target, provider, deployment, verdict, next, status, \
    request_id, latency_ms, first_token_ms, input, output, cached_read, cache_write, cache_write_1h, reasoning, \
    audio_in, audio_out, cost_nanos, cost_source) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
const CONTENT: &str = "INSERT INTO contents (request, prompt, answer) VALUES (?1, ?2, ?3)";

/// Writes all of it or nothing. The entries are numbered from `first`; one that is there already is left as it is.
pub(super) fn batch(
    connection: &mut Connection,
    writer: i64,
    first: i64,
    entries: &[Arc<Entry>],
) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut request = transaction.prepare(REQUEST)?;
        let mut attempt = transaction.prepare(ATTEMPT)?;
        let mut content = transaction.prepare(CONTENT)?;
        for (entry, number) in entries.iter().zip(first..) {
            if insert(&mut request, writer, number, &Row::of(entry))? == 0 {
                continue;
            }
            let id = transaction.last_insert_rowid();
            for (sent, number) in entry.route.attempts.iter().zip(1i64..) {
                insert_attempt(&mut attempt, id, number, sent)?;
            }
            if let Some(kept) = &entry.content {
                content.execute(params![id, kept.prompt(), kept.answer()])?;
            }
        }
    }
    transaction.commit()
}

/// SQLite's integers end where no count of tokens and no sum of money does.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn insert(into: &mut Statement<'_>, writer: i64, number: i64, row: &Row<'_>) -> Result<usize, rusqlite::Error> {
    let t = row.tokens.named().map(|(_, count)| whole(count));
    into.execute(params![
        writer,
        number,
        row.at_ms,
        row.request_id,
        row.purpose,
        row.key,
        row.tags.json(),
        row.session,
        row.model_requested,
        row.model,
        row.provider,
        row.deployment,
        row.sandbox,
        row.strategy,
        row.task,
        row.difficulty,
        row.stream,
        row.cached,
        t[0],
        t[1],
        t[2],
        t[3],
        t[4],
        t[5],
        t[6],
        t[7],
        row.cost_nanos.map(whole),
        row.cost_source,
        row.baseline_nanos.map(whole),
        row.baseline_model,
        row.best_nanos.map(whole),
        row.best_model,
        row.latency_ms,
        row.first_token_ms,
        whole(row.attempts),
        whole(row.resumed),
        row.error,
    ])
}

fn insert_attempt(
    into: &mut Statement<'_>,
    request: i64,
    number: i64,
    sent: &AttemptRecord,
) -> Result<usize, rusqlite::Error> {
    let tokens = sent.usage.as_ref().map(Tokens::from);
    let t = |at: usize| tokens.and_then(|t| t.named().get(at).map(|(_, count)| whole(*count)));
    into.execute(params![
        request,
        number,
        sent.target,
        sent.provider,
        sent.deployment,
        sent.verdict,
        sent.then,
        sent.status,
        sent.request_id,
        sent.latency_ms,
        sent.first_token_ms,
        t(0),
        t(1),
        t(2),
        t(3),
        t(4),
        t(5),
        t(6),
        t(7),
        sent.cost_nanos.map(whole),
        sent.cost_source.map(source),
    ])
}
