//! The ledger in a file of SQLite: batches of entries in, rows out, also for other processes that share the file.

mod read;
mod retain;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Entry, Fault, Sink};
use crate::error::Error;
use crate::fork;
use schema::Refused;

pub(crate) use read::rows;

/// How long another process's transaction is waited for before the batch is offered again later.
const BUSY: Duration = Duration::from_secs(2);

/// A connection that is closed before a fork, and opened again when it is next needed.
type Slot = Mutex<Option<Connection>>;

/// Writes batches into a database.
pub(super) struct Database {
    path: PathBuf,
    slot: Arc<Slot>,
    /// Distinguishes this writer's rows from those of all others.
    writer: i64,
    /// Entries written so far.
    number: i64,
    retention_days: Option<u32>,
}

impl Database {
    /// Opens the file, or makes it. One that cannot be written for the moment is tried again later.
    ///
    /// # Errors
    /// `InvalidConfig` for a file that can never be written.
    pub(super) fn open(path: &Path, retention_days: Option<u32>) -> Result<Self, Error> {
        let writer = std::collections::hash_map::RandomState::new().build_hasher().finish().cast_signed();
        let slot: Arc<Slot> = Arc::default();
        fork::close_before(&slot);
        let database = Self { path: path.to_owned(), slot, writer, number: 0, retention_days };
        let _inside = fork::enter();
        match connect(path) {
            Ok(connection) => {
                *database.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
            }
            Err(refused) => match for_good(&refused) {
                Some(fix) => {
                    return Err(Error::invalid_config("ledger.sqlite", format!("the file {} {fix}", path.display())));
                }
                None => tracing::warn!("the ledger's database cannot be opened for the moment: {}", words(&refused)),
            },
        }
        Ok(database)
    }

    /// Runs work on the connection, which is opened where it is not.
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>) -> Result<T, Fault> {
        let _inside = fork::enter();
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = |refused: Refused| Fault::new(format!("{}: {}", self.path.display(), words(&refused)));
        let connection = match slot.as_mut() {
            Some(connection) => connection,
            None => slot.insert(connect(&self.path).map_err(fault)?),
        };
        work(connection).map_err(|e| {
            // A fault of the file may be mended from outside: the next try looks at it afresh.
            if !matches!(e.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
                *slot = None;
            }
            fault(Refused::Sqlite(e))
        })
    }
}

impl Sink for Database {
    fn name(&self) -> &str {
        "sqlite"
    }

    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault> {
        let (writer, first) = (self.writer, self.number);
        self.with(|connection| write::batch(connection, writer, first, batch))?;
        self.number += batch.len() as i64;
        Ok(())
    }

    fn tend(&mut self) -> Result<(), Fault> {
        let Some(days) = self.retention_days else { return Ok(()) };
        let before_ms = jiff::Timestamp::now().as_millisecond() - i64::from(days) * 86_400_000;
        loop {
            // A part at a time, so that other processes find their turn between.
            let more = self.with(|connection| retain::forget(connection, before_ms))?;
            if !more {
                return Ok(());
            }
        }
    }
}

/// A connection that writes.
fn connect(path: &Path) -> Result<Connection, Refused> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    schema::look(&connection)?;
    // Takes effect in a new file alone: what is forgotten is given back without rewriting the file.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Every batch is on the disk when it is called written; a few of them a second cost little.
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// What is wrong with a file that waiting will not mend, and what to do.
fn for_good(refused: &Refused) -> Option<String> {
    Some(match refused {
        Refused::Newer(version) => {
            let own = schema::version();
            format!(
                "is of a later version of this library (tables {version}, known up to {own}); update it or name another file"
            )
        }
        Refused::Foreign => "is another program's database; name another file".into(),
        Refused::Sqlite(e) => match e.sqlite_error_code()? {
            ErrorCode::NotADatabase => "is no database of SQLite; name another file".into(),
            ErrorCode::DatabaseCorrupt => {
                "is damaged; move it away, with its -wal and -shm, and a new one is made".into()
            }
            ErrorCode::CannotOpen => "cannot be opened; name one in a folder that exists and may be written".into(),
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => "may not be written; mend its permissions".into(),
            _ => return None,
        },
    })
}

/// A fault in words; SQLite's own may quote values, so they are not used.
fn words(refused: &Refused) -> String {
    if let Some(fix) = for_good(refused) {
        return fix;
    }
    let Refused::Sqlite(e) = refused else { return "cannot be read".into() };
    match e.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another process keeps it locked".into(),
        Some(ErrorCode::SystemIoFailure) => "reading or writing the file failed".into(),
        Some(code) => format!("{code:?}"),
        None => "does not answer as a ledger does".into(),
    }
}
