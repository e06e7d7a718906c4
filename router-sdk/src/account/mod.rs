//! Money and books: usage and prices in, nano-dollars and closed entries out.

mod books;
mod cost;
mod embedding;
mod ledger;
mod line;
mod report;
mod usage;

pub(crate) use books::{Books, Opening, Sent};
pub(crate) use cost::{Cost, expected_cost, priced, usage_cost};
pub(crate) use embedding::embedding_cost;
#[cfg(feature = "sqlite")]
pub(crate) use ledger::sqlite::rows as database_rows;
pub use ledger::{Content, Entry, Fault, LedgerState, Sink, SinkState};
pub(crate) use ledger::{Ledger, Row, Rows, export, import};
pub(crate) use line::Line;
pub(crate) use report::write_report;
pub use usage::{Against, Cached as CacheUse, Figures, Percentiles, TokenSums, UsageQuery, UsageReport, UsageRow};
pub(crate) use usage::{Question, answer};

/// Nano-dollars as US dollars, for people; inside, money stays an integer.
pub fn usd(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
