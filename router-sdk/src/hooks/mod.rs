//! The application's own checks: a request before it is routed and an answer before it is returned in, the same, a
//! changed one or a refusal out.

mod assemble;
mod decision;
mod hook;
mod run;
mod stages;

#[cfg(test)]
mod tests;

pub use decision::{Decision, HookRefusal};
pub use hook::{Hook, HookCall, HookFailure, HookFuture, HookOptions, Operation, Stage};
pub(crate) use run::{Asked, Hooks};
pub(crate) use stages::{Answered, Ending, after, before_chat, before_embedding};
