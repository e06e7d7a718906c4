//! What tracing and monitoring systems are told: closed entries in, spans, measurements and counters out.

mod attribute;
mod facts;
mod logs;
mod measure;
mod metrics;
#[cfg(any(test, feature = "otel"))]
mod otel;
mod span;
mod teller;
mod trace;

#[cfg(test)]
mod tests;

pub use attribute::Attribute;
pub use facts::Facts;
pub use logs::{LogLevel, LogLine, on_log};
pub use measure::{Instrument, InstrumentKind, Measurement};
pub(crate) use metrics::Metrics;
#[cfg(any(test, feature = "otel"))]
pub use otel::Export;
#[cfg(any(test, feature = "otel"))]
pub(crate) use otel::current_trace;
pub use span::Span;
pub(crate) use teller::Teller;
pub use trace::TraceContext;

use serde_json::{Value, json};

use crate::account::Entry;

/// What one closed request is told as.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Record {
    /// The request's span with one child for each attempt.
    pub span: Span,
    /// What the instruments are to record.
    pub measurements: Vec<Measurement>,
}

impl Record {
    /// What is told of an entry; with prompt and answer only where the entry holds them and `content` is set.
    pub fn of(entry: &Entry, content: bool) -> Self {
        Self { span: Span::of(entry, content), measurements: measure::measurements(entry) }
    }

    /// The record as JSON, for tracing libraries of other languages; times in nanoseconds since 1970 as text.
    pub fn to_json(&self) -> Value {
        json!({"span": self.span.to_json(), "measurements": self.measurements.iter().map(Measurement::to_json).collect::<Vec<_>>()})
    }
}
