//! Where callers' keys are kept and how fresh answers about them are.

use serde::Deserialize;

use crate::error::Error;

/// A day: what is older is no answer about a key any more.
const LONGEST_MS: u64 = 86_400_000;

/// Where callers' keys are kept: in a file, in this process's memory or in the shared state; one of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct KeysConfig {
    /// A SQLite file, made where there is none. Several processes may use it at once.
    pub path: Option<String>,
    /// In this process's memory, gone with it: for tests.
    pub memory: bool,
    /// In the state that `state` names.
    pub shared: bool,
    /// The variable that holds a pepper of at least 16 characters, which enters what is stored of each secret.
    pub pepper_env: Option<String>,
    /// The variable that holds the master key for credentials of keys: 32 bytes in hexadecimal or base64.
    pub seal_env: Option<String>,
    /// How long in milliseconds an answer about a key is used: a change by another process takes effect within it.
    pub refresh_ms: u64,
    /// How long in milliseconds a key that was known goes on while the store cannot be asked; 0: not at all.
    pub stale_ms: u64,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            path: None,
            memory: false,
            shared: false,
            pepper_env: None,
            seal_env: None,
            refresh_ms: 1_000,
            stale_ms: 60_000,
        }
    }
}

impl KeysConfig {
    pub(super) fn check(&self) -> Result<(), Error> {
        let places = usize::from(self.path.is_some()) + usize::from(self.memory) + usize::from(self.shared);
        if places != 1 {
            return Err(Error::invalid_config("keys", "must name one place: path, memory = true or shared = true"));
        }
        if self.path.as_deref().is_some_and(|path| path.trim().is_empty() || path.starts_with(':')) {
            return Err(Error::invalid_config("keys.path", "must be the path of a file, such as keys.db"));
        }
        for (name, variable) in [("pepper_env", &self.pepper_env), ("seal_env", &self.seal_env)] {
            if variable.as_deref().is_some_and(|v| v.is_empty() || v.contains(['=', '\0'])) {
                return Err(Error::invalid_config(format!("keys.{name}"), "must be the name of a variable"));
            }
        }
        if !(1..=LONGEST_MS).contains(&self.refresh_ms) {
            return Err(Error::invalid_config("keys.refresh_ms", "must be from 1 to 86400000 milliseconds"));
        }
        if self.stale_ms > LONGEST_MS {
            return Err(Error::invalid_config("keys.stale_ms", "must be at most 86400000 milliseconds"));
        }
        Ok(())
    }
}
