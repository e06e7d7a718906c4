//! Which choices of a streamed answer have begun and which have finished.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::wire::ChatChunk;

/// Choices by their index.
#[derive(Default)]
pub(super) struct Choices {
    begun: BTreeSet<u64>,
    finished: BTreeSet<u64>,
}

impl Choices {
    pub(super) fn note(&mut self, chunk: &ChatChunk) {
        for choice in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            self.begun.insert(index);
            if choice.get("finish_reason").and_then(Value::as_str).is_some_and(|reason| !reason.is_empty()) {
                self.finished.insert(index);
            }
        }
    }

    /// True when at least so many choices have come and every one that began has finished.
    pub(super) fn finished(&self, at_least: u64) -> bool {
        self.finished.len() as u64 >= at_least && self.begun.len() == self.finished.len()
    }
}
