//! A classified request and plain facts in; an ordered plan of candidates with reasons out. No I/O, no clock.

mod able;
mod chain;
mod efforts;
mod embedding;
mod facts;
mod fine;
mod gate;
mod lessons;
mod listed;
mod plan;
mod pool;
mod quick;
mod rank;
mod reasons;
mod shortlist;
mod sift;
mod span;
mod standing;
#[cfg(test)]
mod tests;
mod trial;

pub(crate) use chain::CHAIN;
pub(crate) use efforts::Efforts;
pub(crate) use embedding::{EmbeddingAsk, NamedPlace, Seat, seats};
pub(crate) use facts::{Ask, HealthFacts};
pub(crate) use gate::permits;
pub(crate) use lessons::{Lessons, footing};
pub(crate) use listed::listed;
pub use plan::{Candidate, Explanation, Plan};
pub(crate) use pool::Pool;
pub(crate) use rank::{BAR, DOUBLING, choose};
pub(crate) use standing::{Standing, standing};
