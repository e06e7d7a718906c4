//! Money and books: usage and prices in, nano-dollars and closed entries out.

mod books;
mod cost;
mod embedding;
mod ledger;

pub(crate) use books::{Books, Opening, Sent};
pub(crate) use cost::{expected_cost, usage_cost};
pub(crate) use embedding::embedding_cost;
pub use ledger::Entry;
pub(crate) use ledger::Ledger;

/// Nano-dollars as US dollars, for people; inside, money stays an integer.
pub fn usd(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
