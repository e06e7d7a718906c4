//! Files that are new, full, locked, torn, damaged or another's.

use std::fs;
use std::time::Instant;

use rusqlite::Connection;

use super::super::tests::{Folder, NOON, entries};
use super::super::{Ledger, Row, Sink};
use super::*;
use crate::account::usage::Span;
use crate::config::LedgerConfig;
use crate::error::ErrorKind;
use crate::fork::{after_fork_in_parent, before_fork};

/// Forks close every connection of the process, those of other tests too.
static FORKS: std::sync::RwLock<()> = std::sync::RwLock::new(());

fn settings(path: &Path) -> LedgerConfig {
    LedgerConfig { sqlite: Some(path.to_owned()), ..LedgerConfig::default() }
}

fn count(path: &Path) -> usize {
    let mut count = 0;
    rows(path, Span::default(), &mut |_| {
        count += 1;
        Ok(())
    })
    .expect("a file that can be read");
    count
}

fn refused(path: &Path) -> String {
    let error = Ledger::open(&settings(path)).err().expect("refused");
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some("ledger.sqlite")));
    error.message().to_owned()
}

#[test]
fn rows_come_back_as_they_were() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let kept = entries(300);
    let mut database = Database::open(&path, None).expect("a file");
    kept.chunks(100).for_each(|batch| database.write(batch).expect("written"));
    let mut ordered: Vec<_> = kept.iter().collect();
    ordered.sort_by_key(|e| e.at_ms);
    let mut at = 0;
    rows(&path, Span::default(), &mut |row| {
        let own = Row::of(ordered[at]);
        assert_eq!(row.tags.list(), own.tags.list());
        let plain = |row: &Row<'_>| format!("{:?}", Row { tags: super::super::row::Tags::default(), ..row.clone() });
        assert_eq!(plain(row), plain(&own));
        at += 1;
        Ok(())
    })
    .expect("a file");
    assert_eq!(at, 300);
    let attempts: i64 = Connection::open(&path)
        .and_then(|c| c.query_row("SELECT count(*) FROM attempts", [], |row| row.get(0)))
        .expect("a table");
    assert_eq!(attempts as usize, kept.iter().map(|e| e.route.attempts.len()).sum::<usize>());
}

#[test]
fn a_batch_that_is_offered_twice_is_counted_once() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, None).expect("a file");
    let kept = entries(20);
    database.write(&kept[..10]).expect("written");
    // As after a commit whose success was not heard of.
    database.number = 0;
    database.write(&kept).expect("written");
    assert_eq!(count(&path), 20);
}

#[test]
fn files_that_are_none_of_ours_are_refused_with_the_fix() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    fs::write(
        &path,
        "a text that is longer than the head of a database, so that it cannot be taken for an empty one".repeat(9),
    )
    .expect("a file");
    assert!(refused(&path).contains("no database of SQLite"));
    fs::remove_file(&path).expect("the file");
    Connection::open(&path).and_then(|c| c.execute_batch("CREATE TABLE theirs (a)")).expect("a file");
    assert!(refused(&path).contains("another program's"));
    fs::remove_file(&path).expect("the file");
    drop(Database::open(&path, None).expect("a file"));
    Connection::open(&path).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("a file");
    assert!(refused(&path).contains("later version"));
    assert!(refused(&folder.path("no/such/folder.db")).contains("folder that exists"));
    assert!(refused(&folder.path("")).contains("folder that exists"), "a folder is no file");
}

#[test]
fn many_may_make_the_file_at_the_same_moment() {
    for _ in 0..40 {
        let folder = Folder::new();
        let path = folder.path("log.db");
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                drop(Database::open(&path, None).expect("the file of all"));
            };
            (0..6).for_each(|_| drop(scope.spawn(open)));
        });
    }
}

#[test]
fn a_damaged_file_is_refused_and_one_damaged_later_holds_no_request_up() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, None).expect("a file");
    database.write(&entries(500)).expect("written");
    drop(database);
    let mut bytes = fs::read(&path).expect("bytes");
    // The first page says where the tables are.
    bytes[100..3_000].fill(0xa5);
    fs::write(&path, &bytes).expect("a file");
    assert!(refused(&path).contains("damaged"));
    let mut database = Database::open(&folder.path("other.db"), None).expect("a file");
    database.path = path.clone();
    *database.slot.lock().expect("a lock") = None;
    let fault = database.write(&entries(1)).expect_err("damaged");
    assert!(fault.taken == 0 && fault.reason.contains("damaged"), "{fault}");
    fs::remove_file(&path).expect("the file");
    database.write(&entries(1)).expect("a new one is made");
    assert_eq!(count(&path), 1);
}

#[test]
fn a_locked_file_is_written_later() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, None).expect("a file");
    let other = Connection::open(&path).expect("a connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let fault = database.write(&entries(5)).expect_err("locked");
    assert!(fault.reason.contains("locked"), "{fault}");
    other.execute_batch("ROLLBACK").expect("unlocked");
    database.write(&entries(5)).expect("written");
    assert_eq!(count(&path), 5);
}

#[test]
fn a_full_disk_loses_nothing_that_has_room_in_the_queue() {
    let _no_fork = FORKS.read();
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, None).expect("a file");
    database.write(&entries(10)).expect("written");
    let limit = |database: &Database, pages: i64| {
        let slot = database.slot.lock().expect("a lock");
        slot.as_ref().expect("a connection").pragma_update(None, "max_page_count", pages).expect("a limit");
    };
    limit(&database, 1);
    let all = entries(2_000);
    let fault = database.write(&all[10..]).expect_err("no room");
    assert!(fault.taken == 0 && fault.reason.contains("the disk is full"), "{fault}");
    // The connection is opened anew after such a fault, without the limit.
    database.write(&all[10..]).expect("there is room now");
    assert_eq!(count(&path), 2_000);
}

#[test]
fn a_torn_log_costs_only_what_was_torn() {
    let folder = Folder::new();
    let (path, torn) = (folder.path("log.db"), folder.path("torn.db"));
    let mut database = Database::open(&path, None).expect("a file");
    let all = entries(400);
    database.write(&all[..200]).expect("written");
    let whole = fs::metadata(folder.path("log.db-wal")).expect("a log").len();
    database.write(&all[200..]).expect("written");
    fs::copy(&path, &torn).expect("a copy");
    let log = fs::read(folder.path("log.db-wal")).expect("a log");
    assert!(log.len() as u64 > whole);
    fs::write(folder.path("torn.db-wal"), &log[..log.len() - 5_000]).expect("a torn log");
    let mut database = Database::open(&torn, None).expect("it recovers");
    assert_eq!(count(&torn), 200, "the second batch was torn, as a whole");
    database.write(&all[200..]).expect("it goes on");
    assert_eq!(count(&torn), 400);
}

#[test]
fn what_is_too_old_is_forgotten_and_its_room_given_back() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, Some(10_000)).expect("a file");
    (0..4).for_each(|_| database.write(&entries(3_000)).expect("written"));
    database.tend().expect("nothing is so old");
    assert_eq!(count(&path), 12_000);
    let before = database.with(|c| c.query_row("PRAGMA page_count", [], |r| r.get::<_, i64>(0))).expect("pages");
    // Entries are from a day in 2026: with a day's retention seen from far later all of them go.
    let far = NOON + 86_400_000;
    while database.with(|c| retain::forget(c, far)).expect("forgotten") {}
    assert_eq!(count(&path), 0);
    let after = database.with(|c| c.query_row("PRAGMA page_count", [], |r| r.get::<_, i64>(0))).expect("pages");
    assert!(after * 4 < before, "{before} pages became {after}");
    let left = database.with(|c| c.query_row("SELECT count(*) FROM attempts", [], |r| r.get::<_, i64>(0)));
    assert_eq!(left.expect("a table"), 0);
}

#[test]
fn no_connection_is_open_during_a_fork() {
    let _alone = FORKS.write();
    let folder = Folder::new();
    let path = folder.path("log.db");
    let mut database = Database::open(&path, None).expect("a file");
    database.write(&entries(3)).expect("written");
    before_fork();
    let open = database.slot.lock().expect("a lock").is_some();
    after_fork_in_parent();
    assert!(!open);
    database.write(&entries(3)).expect("it is opened again");
    assert_eq!(count(&path), 6);
}

#[test]
fn five_thousand_entries_a_second_are_written() {
    let folder = Folder::new();
    let path = folder.path("log.db");
    let ledger = Ledger::open(&settings(&path)).expect("a ledger");
    let all: Vec<_> = entries(20_000).into_iter().map(Arc::unwrap_or_clone).collect();
    let started = Instant::now();
    all.into_iter().for_each(|entry| ledger.record(entry));
    assert!(ledger.flush_within(std::time::Duration::from_secs(60)));
    let rate = 20_000.0 / started.elapsed().as_secs_f64();
    assert_eq!(count(&path), 20_000);
    assert!(rate > 5_000.0, "{rate:.0} entries a second");
}
