//! The tables and how they came about: a connection in, tables of this version out.

use rusqlite::{Connection, TransactionBehavior};

/// Marks files of this library: "CLWL".
const MARK: i32 = 0x434c_574c;

/// What every version added to the one before. Files of an older version are brought up to date when they are opened.
const STEPS: [&str; 1] = [include_str!("schema.sql")];

/// Why a file is not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is of a later version of this library.
    Newer(i32),
    /// It is another program's.
    Foreign,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

/// The version of the tables that this library writes.
pub(super) const fn version() -> i32 {
    STEPS.len() as i32
}

/// Makes what is missing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Refused> {
    if look(connection)? == version() {
        return Ok(());
    }
    // Two processes may meet here: the second finds the work done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = found(&transaction)?;
    for step in STEPS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", MARK)?;
    transaction.pragma_update(None, "user_version", version())?;
    Ok(transaction.commit()?)
}

/// The version of the tables in a file, as of one moment: another process may be making them.
pub(super) fn look(connection: &Connection) -> Result<i32, Refused> {
    let moment = connection.unchecked_transaction()?;
    found(&moment)
}

/// The version of the tables, within a transaction: between two reads outside of one the file may get its mark.
fn found(connection: &Connection) -> Result<i32, Refused> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (mark, at) = (number("application_id")?, number("user_version")?);
    if mark != MARK {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        return if mark == 0 && at == 0 && tables == 0 { Ok(0) } else { Err(Refused::Foreign) };
    }
    if at > version() { Err(Refused::Newer(at)) } else { Ok(at) }
}
