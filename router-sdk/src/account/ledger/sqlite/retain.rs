//! A moment in; what is older is taken out of the tables, and its room out of the file.

use rusqlite::{Connection, TransactionBehavior};

/// Requests of one transaction.
const AT_ONCE: i64 = 5_000;

/// Forgets some of what is older; true while there is more.
pub(super) fn forget(connection: &mut Connection, before_ms: i64) -> Result<bool, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let old = "SELECT id FROM requests WHERE at_ms < ?1 ORDER BY at_ms, id LIMIT ?2";
    for table in ["attempts", "contents"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE request IN ({old})"), [before_ms, AT_ONCE])?;
    }
    let gone = transaction.execute(&format!("DELETE FROM requests WHERE id IN ({old})"), [before_ms, AT_ONCE])?;
    transaction.commit()?;
    if gone > 0 {
        // Gives free pages back to the file system, a row of the answer each.
        let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
    }
    Ok(gone as i64 >= AT_ONCE)
}
