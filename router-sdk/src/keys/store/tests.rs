//! Every store keeps the same promises; a file that is not what it should be says what it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::keys::record::Held;
use crate::keys::settings::KeySettings;
use crate::store::MemoryStore;

fn record(id: &str, created_ms: i64, digests: &[u8]) -> Record {
    Record {
        id: id.into(),
        version: 1,
        created_ms,
        disabled: false,
        hint: "cr_abcd...".into(),
        settings: KeySettings::default(),
        sealed: BTreeMap::new(),
        secrets: digests.iter().map(|d| Held::new(&Digest([*d; 32]))).collect(),
    }
}

async fn promises(store: &dyn KeyStore) {
    let digest = |n: u8| Digest([n; 32]);
    let found = async |n: u8| store.find(digest(n), None).await.unwrap().map(|r| r.id);
    assert_eq!(store.list().await.unwrap().len(), 0);
    store.insert(record("key_b", 2, &[1])).await.unwrap();
    store.insert(record("key_a", 3, &[2, 3])).await.unwrap();
    let ids: Vec<_> = store.list().await.unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["key_b", "key_a"]);
    assert_eq!((found(1).await.as_deref(), found(3).await.as_deref()), (Some("key_b"), Some("key_a")));
    assert_eq!(found(9).await, None);
    assert_eq!(store.find_now(digest(2)).unwrap().unwrap().unwrap().id, "key_a");
    // A guess of the holder may be wrong.
    assert_eq!(store.find(digest(1), Some("key_a")).await.unwrap().unwrap().id, "key_b");
    assert!(store.find(digest(9), Some("key_a")).await.unwrap().is_none());
    let next = Record { version: 2, disabled: true, ..record("key_a", 3, &[4, 2]) };
    assert!(store.replace(next.clone()).await.unwrap());
    assert!(!store.replace(next).await.unwrap(), "whoever read the version before comes too late");
    assert!(!store.replace(Record { version: 2, ..record("key_c", 1, &[7]) }).await.unwrap(), "nobody's key");
    assert!(store.get("key_a").await.unwrap().unwrap().disabled);
    assert_eq!((found(4).await.is_some(), found(2).await.is_some(), found(3).await), (true, true, None));
    assert!(store.remove("key_a").await.unwrap() && !store.remove("key_a").await.unwrap());
    assert_eq!((found(4).await, found(2).await), (None, None));
    assert!(store.get("key_a").await.unwrap().is_none());
    assert_eq!(found(1).await.as_deref(), Some("key_b"));
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    promises(&MemoryKeys::default()).await;
}

#[tokio::test]
async fn the_shared_state_keeps_its_promises() {
    promises(&SharedKeys::new(Arc::new(MemoryStore::default()))).await;
}

#[tokio::test]
async fn changes_in_the_shared_state_come_one_after_the_other() {
    let state: Arc<MemoryStore> = Arc::new(MemoryStore::default());
    let store = Arc::new(SharedKeys::new(state));
    store.insert(record("key_a", 1, &[1])).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            loop {
                let mut next = store.get("key_a").await.unwrap().unwrap();
                next.version += 1;
                if store.replace(next).await.unwrap() {
                    return;
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.get("key_a").await.unwrap().unwrap().version, 21);
}

#[cfg(feature = "sqlite")]
mod file {
    use std::path::PathBuf;

    use super::*;

    /// A folder of a test's own, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("clawrouters-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("keys.db")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn why(path: &std::path::Path, pepper: &str) -> (String, String) {
        let error = SqliteKeys::open(path, pepper).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        (error.param().unwrap_or_default().to_owned(), error.message().to_owned())
    }

    #[tokio::test]
    async fn a_file_keeps_its_promises_and_its_keys() {
        let folder = Folder::new("promises");
        promises(&SqliteKeys::open(&folder.file(), "none").unwrap()).await;
        let again = SqliteKeys::open(&folder.file(), "none").unwrap();
        assert_eq!(again.list().await.unwrap().len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for entry in std::fs::read_dir(&folder.0).unwrap() {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.file_name());
            }
        }
    }

    #[tokio::test]
    async fn those_that_open_a_file_at_once_share_it() {
        let folder = Folder::new("at-once");
        let open = |path: PathBuf| std::thread::spawn(move || SqliteKeys::open(&path, "none").unwrap());
        for round in 0..25 {
            let path = folder.0.join(format!("keys{round}.db"));
            let threads: Vec<_> = (0..8).map(|_| open(path.clone())).collect();
            let stores: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            for (i, store) in stores.iter().enumerate() {
                store.insert(record(&format!("key_{i}"), i as i64, &[i as u8])).await.unwrap();
            }
            assert_eq!(stores[0].list().await.unwrap().len(), 8);
        }
    }

    #[test]
    fn another_pepper_is_told_at_once() {
        let folder = Folder::new("pepper");
        SqliteKeys::open(&folder.file(), "mark-of-one").unwrap();
        let (key, message) = why(&folder.file(), "none");
        assert_eq!(key, "keys.pepper_env");
        assert!(message.contains("another pepper"), "{message}");
    }

    #[test]
    fn files_that_hold_no_keys_are_told_apart() {
        let folder = Folder::new("others");
        let text = folder.0.join("text");
        std::fs::write(&text, "not a database at all, but long enough to have a head of its own".repeat(20)).unwrap();
        let other = folder.0.join("other");
        rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let newer = folder.file();
        SqliteKeys::open(&newer, "none").unwrap();
        rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 2).unwrap();
        let cases = [
            (&text, "is no file of keys"),
            (&other, "database of something else"),
            (&newer, "has the form 2"),
            (&folder.0.join("no/such/folder"), "cannot be opened"),
            (&folder.0, "cannot be opened"),
        ];
        for (path, wanted) in cases {
            let (key, message) = why(path, "none");
            assert_eq!(key, "keys.path");
            assert!(message.contains(wanted), "{message}");
        }
        let untouched = std::fs::read(&other).unwrap();
        assert!(untouched.len() >= 4096, "a database of something else stays as it was");
    }

    #[tokio::test]
    async fn a_corrupt_page_is_a_clear_error_and_no_wrong_answer() {
        let folder = Folder::new("corrupt");
        let path = folder.file();
        let store = SqliteKeys::open(&path, "none").unwrap();
        for i in 0..200u8 {
            store.insert(record(&format!("key_{i}"), i.into(), &[i])).await.unwrap();
        }
        drop(store);
        // Closing moved the log into the file; everything behind its head is overwritten.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.iter_mut().skip(4096).for_each(|b| *b = 0x5a);
        std::fs::write(&path, &bytes).unwrap();
        let error = match SqliteKeys::open(&path, "none") {
            Err(error) => error,
            Ok(store) => store.find(Digest([1; 32]), None).await.unwrap_err(),
        };
        assert!(error.message().contains("is corrupt"), "{error}");
    }

    #[tokio::test]
    async fn a_log_that_was_cut_short_loses_no_write_that_had_returned() {
        let folder = Folder::new("log");
        let path = folder.file();
        let store = SqliteKeys::open(&path, "none").unwrap();
        store.insert(record("key_a", 1, &[1])).await.unwrap();
        store.insert(record("key_b", 2, &[2])).await.unwrap();
        // As after a crash: file and log are copied while they are open, and the last bytes of the log are missing.
        let copy = folder.0.join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let log = std::fs::read(folder.0.join("keys.db-wal")).unwrap();
        std::fs::write(folder.0.join("copy.db-wal"), &log[..log.len() - 100]).unwrap();
        let again = SqliteKeys::open(&copy, "none").unwrap();
        let ids: Vec<_> = again.list().await.unwrap().into_iter().map(|r| r.id).collect();
        assert_eq!(ids, ["key_a"], "the write whose end is missing never returned");
        again.insert(record("key_c", 3, &[3])).await.unwrap();
    }

    #[test]
    fn nothing_that_was_not_written_here_is_taken_for_a_key() {
        let folder = Folder::new("odd");
        let store = SqliteKeys::open(&folder.file(), "none").unwrap();
        let other = rusqlite::Connection::open(folder.file()).unwrap();
        other.execute("INSERT INTO keys VALUES ('key_x', 1, 1, '{\"id\": 5}')", []).unwrap();
        other.execute("INSERT INTO secrets VALUES (?1, 'key_x')", [[7u8; 32]]).unwrap();
        let error = store.find_now(Digest([7; 32])).unwrap().unwrap_err();
        assert!(error.message().contains("did not write"), "{error}");
    }
}
