//! Settings of the cache with their defaults, and their checks.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::wire::LONGEST_TTL_S;

/// Answers that are kept to be given again. Both parts are off where they are left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CacheConfig {
    /// Answers to the same request.
    pub exact: Option<ExactCache>,
    /// Answers to requests that ask the same in other words.
    pub semantic: Option<SemanticCache>,
}

/// Who may be given an answer that was made for somebody else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheScope {
    /// Nobody: every caller has answers of its own.
    #[default]
    Tenant,
    /// Every caller of the router.
    Shared,
}

/// The cache of answers to the same request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ExactCache {
    /// How long an answer is kept, in seconds.
    pub ttl_s: f64,
    /// Answers kept at most.
    pub max_entries: u64,
    /// Bytes kept at most.
    pub max_bytes: u64,
    /// Who shares answers.
    pub scope: CacheScope,
    /// Requests with a higher temperature are not answered from the cache and not kept. Absent: all are.
    pub max_temperature: Option<f64>,
    /// How long a request waits for the answer to the same request that is under way, in milliseconds; 0: not at all.
    pub wait_ms: u64,
    /// The same for a streamed reply, which could have begun to come.
    pub stream_wait_ms: u64,
}

impl Default for ExactCache {
    fn default() -> Self {
        Self {
            ttl_s: 3_600.0,
            max_entries: 10_000,
            max_bytes: 64 * 1024 * 1024,
            scope: CacheScope::Tenant,
            max_temperature: None,
            wait_ms: 30_000,
            stream_wait_ms: 2_000,
        }
    }
}

/// The cache of answers to requests that ask the same in other words.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SemanticCache {
    /// What turns a question into a vector: `lexical`, which is built in, an embedding model as `provider/model`, or the
    /// path of a static embedding model on disk, absolute or beginning with `./` or `../`.
    pub embedder: String,
    /// The least cosine of two questions that share an answer; default 0.8 for `lexical`, 0.93 for a model.
    pub threshold: Option<f64>,
    /// How long an answer is kept, in seconds.
    pub ttl_s: f64,
    /// Answers kept at most.
    pub max_entries: usize,
    /// Bytes kept at most, vectors included.
    pub max_bytes: usize,
    /// Who shares answers.
    pub scope: CacheScope,
    /// Requests with a higher temperature are not answered from the cache and not kept.
    pub max_temperature: f64,
    /// How long an embedding model may take, in milliseconds; then the request goes on without this cache.
    pub timeout_ms: u64,
}

impl Default for SemanticCache {
    fn default() -> Self {
        Self {
            embedder: LEXICAL.into(),
            threshold: None,
            ttl_s: 3_600.0,
            max_entries: 10_000,
            max_bytes: 64 * 1024 * 1024,
            scope: CacheScope::Tenant,
            max_temperature: 1.0,
            timeout_ms: 1_000,
        }
    }
}

/// The name of the built-in embedder.
const LEXICAL: &str = "lexical";

impl SemanticCache {
    /// The built-in embedder makes the vectors.
    pub(crate) fn is_lexical(&self) -> bool {
        self.embedder == LEXICAL
    }

    /// The embedding model that is asked for vectors; nothing where they are made here.
    pub(crate) fn model(&self) -> Option<&str> {
        (!self.is_lexical() && self.folder().is_none()).then_some(self.embedder.as_str())
    }

    /// Where a model on disk lies.
    pub(crate) fn folder(&self) -> Option<&Path> {
        folder(&self.embedder)
    }

    /// The threshold in force.
    pub(crate) fn least_cosine(&self) -> f32 {
        let default = if self.is_lexical() { 0.8 } else { 0.93 };
        self.threshold.unwrap_or(default) as f32
    }
}

/// The path that an embedder's name is; nothing for other names.
pub(super) fn folder(name: &str) -> Option<&Path> {
    let here = ["/", "./", "../", ".\\", "..\\"].iter().any(|start| name.starts_with(start));
    let drive = name.as_bytes().first_chunk::<3>();
    let drive = drive.is_some_and(|[d, colon, bar]| d.is_ascii_alphabetic() && *colon == b':' && b"/\\".contains(bar));
    (here || drive).then(|| Path::new(name))
}

/// The longest wait for another request, in milliseconds.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// Refuses values that types alone cannot rule out.
pub(super) fn check(cache: &CacheConfig) -> Result<(), Error> {
    if let Some(exact) = &cache.exact {
        ttl("cache.exact.ttl_s", exact.ttl_s)?;
        positive("cache.exact.max_entries", exact.max_entries)?;
        positive("cache.exact.max_bytes", exact.max_bytes)?;
        temperature("cache.exact.max_temperature", exact.max_temperature.unwrap_or(0.0))?;
        for (name, value) in [("wait_ms", exact.wait_ms), ("stream_wait_ms", exact.stream_wait_ms)] {
            if value > LONGEST_WAIT_MS {
                let fix = format!("must be at most {LONGEST_WAIT_MS} milliseconds");
                return Err(Error::invalid_config(format!("cache.exact.{name}"), fix));
            }
        }
    }
    let Some(semantic) = &cache.semantic else { return Ok(()) };
    ttl("cache.semantic.ttl_s", semantic.ttl_s)?;
    positive("cache.semantic.max_entries", semantic.max_entries as u64)?;
    positive("cache.semantic.max_bytes", semantic.max_bytes as u64)?;
    positive("cache.semantic.timeout_ms", semantic.timeout_ms)?;
    temperature("cache.semantic.max_temperature", semantic.max_temperature)?;
    if semantic.threshold.is_some_and(|least| !(0.5..=1.0).contains(&least)) {
        return Err(Error::invalid_config("cache.semantic.threshold", "must be from 0.5 to 1"));
    }
    let named = semantic.embedder.split_once('/').is_some_and(|(p, m)| !p.is_empty() && !m.is_empty());
    if !semantic.is_lexical() && semantic.folder().is_none() && !named {
        let fix =
            "must be \"lexical\", an embedding model as \"provider/model\", or a path that begins with /, ./ or ../";
        return Err(Error::invalid_config("cache.semantic.embedder", fix));
    }
    Ok(())
}

fn ttl(key: &str, seconds: f64) -> Result<(), Error> {
    if seconds > 0.0 && seconds <= LONGEST_TTL_S {
        return Ok(());
    }
    Err(Error::invalid_config(key, "must be above 0 and at most 31536000 seconds"))
}

fn positive(key: &str, value: u64) -> Result<(), Error> {
    if value > 0 { Ok(()) } else { Err(Error::invalid_config(key, "must be above 0")) }
}

fn temperature(key: &str, value: f64) -> Result<(), Error> {
    if (0.0..=2.0).contains(&value) { Ok(()) } else { Err(Error::invalid_config(key, "must be from 0 to 2")) }
}
