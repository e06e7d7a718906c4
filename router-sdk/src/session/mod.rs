//! Conversations of `auto`: a request, what is known of its conversation and the plan in; where the conversation goes and
//! what is remembered of it out. The decision is pure; what is remembered are digests, names of models and counters.

mod complaint;
mod decide;
mod following;
mod history;
mod kept;
mod price;
mod record;
mod said;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use decide::{Decision, Facts, Held, Pick, Prospect, decide};
pub(crate) use following::{Following, Made};
pub(crate) use history::{HistoryKey, Thread};
pub(crate) use kept::Sessions;
pub(crate) use record::Record;
pub(crate) use turn::{Turn, in_loop};
