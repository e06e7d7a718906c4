//! A plan in, a reply out: the only loop that sends. What a failure means is decided in one place.

mod attempt;
mod backoff;
mod budget;
mod fanout;
mod fence;
mod follow;
mod health;
mod prepare;
mod run;
mod verdict;

pub(crate) use budget::RetryBudget;
pub(crate) use follow::{Terms, follow};
pub(crate) use health::Health;
pub(crate) use run::{Answer, Sender, run};
