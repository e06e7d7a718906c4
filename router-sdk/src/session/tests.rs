//! Conversations: how they are known, what is remembered, what is decided.

mod decisions;
mod histories;
mod records;
mod turns;
