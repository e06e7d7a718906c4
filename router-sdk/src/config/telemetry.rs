//! What telemetry may hold: a table in, settings out.

use serde::Deserialize;

/// What telemetry may hold. Where it goes is said in code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// Counts for `Router::metrics` from the beginning; without it counting begins with the first call of `metrics`.
    pub metrics: bool,
    /// Puts messages and answers into spans, as the ledger keeps them: it needs `ledger.log_content`.
    pub content: bool,
}
