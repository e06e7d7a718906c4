//! Settings of media that are fetched for providers that do not fetch addresses themselves, with their defaults.

use serde::Deserialize;

/// How pictures, documents and sounds behind addresses are fetched and sent inline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct MediaConfig {
    /// Fetch them at all; without it only providers that fetch addresses themselves can be asked.
    pub fetch: bool,
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// How long one file may take, redirects included.
    pub timeout_ms: u64,
    /// Only these hosts: `host`, `*.domain`, or either with `:port`. Empty: every public host, on ports 80 and 443.
    pub allow_hosts: Vec<String>,
    /// Also addresses inside: private networks, this machine, cloud metadata. Only for callers who may reach them.
    pub allow_private: bool,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            fetch: true,
            max_bytes: 20 * 1024 * 1024,
            timeout_ms: 10_000,
            allow_hosts: Vec::new(),
            allow_private: false,
        }
    }
}

/// The most that is fetched for one request, in bytes.
pub(crate) const MEDIA_TOGETHER: u64 = 50 * 1024 * 1024;
