//! Environment variables as a value, so that tests need not touch the process.

use std::collections::BTreeMap;

/// Where variables are read from.
#[derive(Debug, Clone)]
pub(crate) enum Environment {
    /// The process's own.
    Process,
    /// A fixed set.
    #[cfg_attr(not(test), allow(dead_code))]
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    /// A variable that is set and not blank.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(values) => values.get(name).cloned(),
        };
        value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// True for 1, true, yes or on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| ["1", "true", "yes", "on"].contains(&v.to_ascii_lowercase().as_str()))
    }
}
