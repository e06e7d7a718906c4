//! A plan in, a reply out: the only loop that sends. What a failure means is decided in one place.

mod again;
mod aside;
mod attempt;
mod backoff;
mod batches;
mod budget;
mod choices;
mod embed;
mod fanout;
mod fence;
mod follow;
mod health;
mod hints;
mod journey;
mod pace;
mod prepare;
mod race;
mod resume;
mod room;
mod send;
mod sender;
mod share;
#[cfg(test)]
mod sim;
mod splice;
mod stitch;
mod verdict;
mod vigil;

pub(crate) use aside::ask as ask_aside;
pub(crate) use budget::RetryBudget;
pub(crate) use embed::embed;
pub(crate) use follow::{Terms, follow};
pub use health::TargetHealth;
pub(crate) use health::{Health, Seat};
pub(crate) use hints::Hints;
pub(crate) use journey::error_of;
pub(crate) use journey::{Answer, Departure, Journey};
pub(crate) use sender::Sender;
pub(crate) use share::Share;
pub(crate) use verdict::error_kind;
