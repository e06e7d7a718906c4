//! Where closed requests are kept, and for how long.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// Where closed requests are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LedgerConfig {
    /// Entries kept in memory; the oldest go first.
    pub max_entries: usize,
    /// A file of SQLite that every entry goes to; made where it is absent. Needs the feature `sqlite`.
    pub sqlite: Option<PathBuf>,
    /// A file of JSON lines that every entry goes to: a path, or a table with `path`, `max_bytes` and `keep`.
    #[serde(deserialize_with = "path_or_table")]
    pub jsonl: Option<JsonLines>,
    /// Keeps prompts and answers too, with everything taken out that `redact` names.
    pub log_content: bool,
    /// Days after which entries are taken out of the database. Absent: never.
    pub retention_days: Option<u32>,
    /// Milliseconds for which entries are gathered before they are written together; what is killed loses no more.
    pub flush_ms: u64,
    /// Entries that may wait for a slow sink; what comes then is dropped and counted.
    pub queue: usize,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self {
            max_entries: 10_000,
            sqlite: None,
            jsonl: None,
            log_content: false,
            retention_days: None,
            flush_ms: 200,
            queue: 32_768,
        }
    }
}

/// A file of JSON lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct JsonLines {
    /// The file.
    pub path: PathBuf,
    /// Bytes from which on it is put aside as `path.1`.
    pub max_bytes: u64,
    /// How many files put aside are kept.
    pub keep: u32,
}

impl Default for JsonLines {
    fn default() -> Self {
        Self { path: PathBuf::new(), max_bytes: 64 * 1024 * 1024, keep: 8 }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "must be a path, or a table with path, max_bytes and keep")]
enum PathOrTable {
    Path(PathBuf),
    Table(JsonLines),
}

fn path_or_table<'de, D: Deserializer<'de>>(value: D) -> Result<Option<JsonLines>, D::Error> {
    Ok(Option::<PathOrTable>::deserialize(value)?.map(|either| match either {
        PathOrTable::Path(path) => JsonLines { path, ..JsonLines::default() },
        PathOrTable::Table(table) => table,
    }))
}
