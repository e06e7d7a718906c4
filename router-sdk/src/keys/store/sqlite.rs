//! Keys in a SQLite file that several processes may use at once. It holds digests and sealed text, no secret.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::{Answer, KeyStore, unavailable};
use crate::error::Error;
use crate::fork;
use crate::keys::record::Record;
use crate::keys::secret::Digest;

/// What says in a file's head that it holds keys: `CRky`.
const APPLICATION: i32 = 0x4352_6b79;
/// The form of the tables.
const SCHEMA: i32 = 1;
/// How long a call waits for another process to finish writing.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE TABLE secrets (
        digest BLOB PRIMARY KEY,
        key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX secrets_of_key ON secrets (key_id);
    CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
";

/// An open file of keys.
#[derive(Debug, Clone)]
pub(crate) struct SqliteKeys {
    path: Arc<Path>,
    pepper: Arc<str>,
    /// Closed before a fork, and opened again when it is next needed.
    slot: Arc<Mutex<Option<Connection>>>,
}

impl SqliteKeys {
    /// Opens the file, or makes it, readable by its owner alone. `pepper` is the mark of the pepper in use.
    ///
    /// # Errors
    /// `InvalidConfig` that says what is wrong with the file: it cannot be opened, is locked, corrupt, of something else
    /// or of a newer version, or was made with another pepper.
    pub(crate) fn open(path: &Path, pepper: &str) -> Result<Self, Error> {
        let slot = Arc::default();
        fork::close_before(&slot);
        let opened = Self { path: Arc::from(path), pepper: Arc::from(pepper), slot };
        let _inside = fork::enter();
        *opened.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(connect(path, pepper)?);
        Ok(opened)
    }

    /// Runs a piece of work beside the runtime's own threads, for it may wait for a disk or another process.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'static, T> {
        let this = self.clone();
        async move {
            let now = move || this.now(work);
            match tokio::runtime::Handle::try_current() {
                Err(_) => now(),
                Ok(runtime) => runtime.spawn_blocking(now).await.map_err(|_| unavailable("it was given up"))?,
            }
        }
        .boxed()
    }

    fn now<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let _inside = fork::enter();
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match slot.as_mut() {
            Some(connection) => connection,
            None => slot.insert(connect(&self.path, &self.pepper).map_err(|e| unavailable(e.message()))?),
        };
        work(connection).map_err(|e| unavailable(in_words(&self.path, &e)))
    }
}

/// A connection to a file that holds keys, made where there is none.
fn connect(path: &Path, pepper: &str) -> Result<Connection, Error> {
    let fault = |e: rusqlite::Error| Error::invalid_config("keys.path", in_words(path, &e));
    private(path).map_err(|e| {
        Error::invalid_config("keys.path", format!("{} cannot be opened: {}", path.display(), e.kind()))
    })?;
    let mut connection = Connection::open(path).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    prepare(&mut connection, path, pepper, fault)?;
    Ok(connection)
}

/// Makes the file before SQLite does, so that it is never readable by others, not even for a moment.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Sets the journal of a new file to a log. SQLite does not wait where another process is doing the same, so this does.
fn keep_a_log(connection: &Connection) -> rusqlite::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn prepare(
    connection: &mut Connection,
    path: &Path,
    pepper: &str,
    fault: impl Fn(rusqlite::Error) -> Error + Copy,
) -> Result<(), Error> {
    // A reader is not held up by a writer; a write that returned survives a loss of power.
    keep_a_log(connection).map_err(fault)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(fault)?;
    // Two processes may make the file at once: who comes second finds it made.
    let made = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let pragma = |name: &str| made.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(fault);
    let (application, schema) = (pragma("application_id")?, pragma("user_version")?);
    let empty =
        made.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(fault)? == 0;
    if empty && application == 0 {
        made.execute_batch(TABLES).map_err(fault)?;
        made.execute("INSERT INTO marks VALUES ('pepper', ?1)", [pepper]).map_err(fault)?;
        made.pragma_update(None, "application_id", APPLICATION).map_err(fault)?;
        made.pragma_update(None, "user_version", SCHEMA).map_err(fault)?;
    } else if application != APPLICATION {
        let fix = format!("{} is a database of something else; name another file", path.display());
        return Err(Error::invalid_config("keys.path", fix));
    } else if schema != SCHEMA {
        let fix = format!(
            "{} has the form {schema} of another version of this library, this one reads {SCHEMA}; use that version, or \
             another file",
            path.display()
        );
        return Err(Error::invalid_config("keys.path", fix));
    }
    let made_with = "SELECT value FROM marks WHERE name = 'pepper'";
    let known: Option<String> = made.query_row(made_with, [], |row| row.get(0)).optional().map_err(fault)?;
    if known.as_deref() != Some(pepper) {
        let fix = format!(
            "the keys in {} were made with another pepper, or with none, so none of them would be known; set the variable \
             as it was, or name another file",
            path.display()
        );
        return Err(Error::invalid_config("keys.pepper_env", fix));
    }
    made.commit().map_err(fault)
}

/// What is wrong with the file and what can be done.
fn in_words(path: &Path, error: &rusqlite::Error) -> String {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{path} is locked by another program for too long; end that program, or wait until it is done")
        }
        Some(ErrorCode::DatabaseCorrupt) => format!("{path} is corrupt; restore it from a copy, or name another file"),
        Some(ErrorCode::NotADatabase) => format!("{path} is no file of keys; name another file"),
        Some(ErrorCode::DiskFull) => format!("{path} cannot grow, the disk is full"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            format!("{path} cannot be opened for writing; check that folder and file exist and may be written")
        }
        Some(code) => format!("{path} cannot be used: {code:?}"),
        None => format!("{path} holds what this library did not write"),
    }
}

fn read(text: &str) -> rusqlite::Result<Record> {
    Record::from_text(text.as_bytes()).ok_or(rusqlite::Error::InvalidQuery)
}

fn by_digest(connection: &Connection, digest: Digest) -> rusqlite::Result<Option<Record>> {
    let query = "SELECT record FROM keys JOIN secrets ON key_id = id WHERE digest = ?1";
    let found = connection.prepare(query)?.query_row([digest.0], |row| row.get::<_, String>(0)).optional()?;
    found.map(|text| read(&text)).transpose()
}

/// The digests of a key as the look-up finds them.
fn write_digests(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM secrets WHERE key_id = ?1", [&record.id])?;
    let mut insert = connection.prepare("INSERT INTO secrets VALUES (?1, ?2)")?;
    for (digest, _) in record.digests() {
        insert.execute(params![digest.0, record.id])?;
    }
    Ok(())
}

fn whole(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl KeyStore for SqliteKeys {
    fn find<'a>(&'a self, digest: Digest, _: Option<&'a str>) -> Answer<'a, Option<Record>> {
        self.run(move |connection| by_digest(connection, digest))
    }

    fn find_now(&self, digest: Digest) -> Option<Result<Option<Record>, Error>> {
        Some(self.now(|connection| by_digest(connection, digest)))
    }

    fn get<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Record>> {
        let id = id.to_owned();
        self.run(move |connection| {
            let query = "SELECT record FROM keys WHERE id = ?1";
            let found = connection.prepare(query)?.query_row([id], |row| row.get::<_, String>(0)).optional()?;
            found.map(|text| read(&text)).transpose()
        })
    }

    fn list(&self) -> Answer<'_, Vec<Record>> {
        self.run(|connection| {
            let mut query = connection.prepare("SELECT record FROM keys ORDER BY created_ms, id")?;
            let rows = query.query_map([], |row| row.get::<_, String>(0))?;
            rows.map(|text| read(&text?)).collect()
        })
    }

    fn insert(&self, record: Record) -> Answer<'_, ()> {
        let text = match record.to_text() {
            Ok(text) => text,
            Err(error) => return std::future::ready(Err(error)).boxed(),
        };
        self.run(move |connection| {
            let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let row = params![record.id, whole(record.version), record.created_ms, text];
            write.execute("INSERT INTO keys VALUES (?1, ?2, ?3, ?4)", row)?;
            write_digests(&write, &record)?;
            write.commit()
        })
    }

    fn replace(&self, record: Record) -> Answer<'_, bool> {
        let text = match record.to_text() {
            Ok(text) => text,
            Err(error) => return std::future::ready(Err(error)).boxed(),
        };
        self.run(move |connection| {
            let write = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let update = "UPDATE keys SET version = ?2, record = ?3 WHERE id = ?1 AND version = ?2 - 1";
            if write.execute(update, params![record.id, whole(record.version), text])? == 0 {
                return Ok(false);
            }
            write_digests(&write, &record)?;
            write.commit()?;
            Ok(true)
        })
    }

    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        let id = id.to_owned();
        self.run(move |connection| Ok(connection.execute("DELETE FROM keys WHERE id = ?1", [id])? > 0))
    }
}
