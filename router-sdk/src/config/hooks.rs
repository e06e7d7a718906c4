//! How hooks are run: a table in, settings out.

use serde::Deserialize;

/// What a hook's failure means: an exception, a time limit that passed, a return value that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHookFailure {
    /// The request is refused with `Forbidden`.
    #[default]
    Refuse,
    /// The request goes on as if the hook were not there.
    Pass,
}

/// How hooks are run. What they are is said in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HooksConfig {
    /// How long one hook may take, in milliseconds.
    pub timeout_ms: u64,
    /// What a hook's failure means.
    pub on_failure: OnHookFailure,
}

impl Default for HooksConfig {
    fn default() -> Self {
        Self { timeout_ms: 5_000, on_failure: OnHookFailure::Refuse }
    }
}
