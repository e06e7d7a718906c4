//! Money and books: usage and prices in, nano-dollars and closed entries out.

mod books;
mod cost;
mod embedding;
mod ledger;
mod line;

pub(crate) use books::{Books, Opening, Sent};
pub(crate) use cost::{Cost, expected_cost, priced, usage_cost};
pub(crate) use embedding::embedding_cost;
pub use ledger::Entry;
pub(crate) use ledger::Ledger;
pub(crate) use line::Line;

/// Nano-dollars as US dollars, for people; inside, money stays an integer.
pub fn usd(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
