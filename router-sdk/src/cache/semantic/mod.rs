//! Asks in other words: a request in; the kept answer to one that asks the same, or where to keep the new one, out.

mod alike;
mod capitals;
mod facts;
mod fleet;
mod index;
mod lexical;
mod local;
mod manners;
mod normal;
mod phrases;
mod sketch;
mod spelled;
mod tokens;
mod tongue;
mod unwrap;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::canonical::Key;
use super::far::Shelf;
use super::kept::Kept;
use crate::config::SemanticCache;
use crate::wire::ChatRequest;
use facts::{Facts, Leeway};
use fleet::Fleet;
use index::{Index, Wanted};
pub(crate) use local::{LocalModel, open as open_model};

/// Bytes of an ask beyond which it is no question that others put in other words.
const LONGEST: usize = 1_000;

/// The semantic cache of a router.
#[derive(Debug)]
pub(super) struct Semantic {
    pub(super) settings: SemanticCache,
    index: Index,
    fleet: Option<Fleet>,
    model: Option<Arc<LocalModel>>,
}

/// An ask with its vector, ready to be looked for and kept.
#[derive(Debug)]
pub(super) struct Place {
    scope: Key,
    vector: Vec<f32>,
    facts: Facts,
    /// The ask as it was put, for other processes.
    ask: String,
}

/// The last thing that a user says, where it is all that may differ.
pub(super) struct Ask {
    pub(super) text: String,
    /// Which message says it.
    pub(super) message: usize,
}

impl Semantic {
    /// With what the processes of a fleet share, where they share anything, and the model on disk where one is configured.
    pub(super) fn new(settings: SemanticCache, shelf: Option<Arc<dyn Shelf>>, model: Option<Arc<LocalModel>>) -> Self {
        let fleet = shelf.map(|shelf| Fleet::new(shelf, &settings.embedder));
        Self { index: Index::new(settings.max_entries, settings.max_bytes), fleet, model, settings }
    }

    /// The model on disk that makes the vectors.
    pub(super) fn model(&self) -> Option<&LocalModel> {
        self.model.as_deref()
    }

    fn leeway(&self) -> Leeway {
        if self.settings.is_lexical() { Leeway::Near } else { Leeway::Model }
    }

    /// The ask in its place; an embedding model's vector where there is one. Nothing when it says nothing.
    pub(super) fn place(&self, scope: Key, text: &str, vector: Option<Vec<f32>>) -> Option<Place> {
        let facts = Facts::of(text);
        let vector = match vector {
            Some(vector) => lexical::unit(vector)?,
            None => lexical::vector(&facts.words())?,
        };
        Some(Place { scope, vector, facts, ask: text.to_owned() })
    }

    /// The answer to an ask that is near enough and agrees in all that must not differ, with the cosine of the two.
    pub(super) fn recall(&self, place: &Place) -> Option<(Arc<Kept>, f32)> {
        let wanted = Wanted {
            scope: &place.scope,
            vector: &place.vector,
            facts: &place.facts,
            leeway: self.leeway(),
            threshold: self.settings.least_cosine(),
        };
        self.index.nearest(&wanted, Instant::now())
    }

    /// The same from what other processes keep, which is kept here from then on.
    pub(super) async fn recall_afar(&self, place: &Place, now_ms: i64) -> Option<Arc<Kept>> {
        let fleet = self.fleet.as_ref()?;
        let afar = fleet.nearest(place, self.leeway(), self.settings.least_cosine(), now_ms).await?;
        let (kept, ttl) = (Arc::clone(&afar.kept), afar.kept.ttl);
        self.index.put(place.scope, afar.vector, afar.facts, afar.kept, ttl, Instant::now());
        Some(kept)
    }

    pub(super) fn put(&self, place: Place, kept: Arc<Kept>, ttl: Duration) {
        if let Some(fleet) = &self.fleet {
            fleet.put(&place, &kept, ttl);
        }
        self.index.put(place.scope, place.vector, place.facts, kept, ttl, Instant::now());
    }

    pub(super) fn clear(&self) {
        self.index.clear();
    }

    /// Entries and bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        self.index.size()
    }
}

/// What is asked, when the last message is a user's, its text is short and one plain answer is wanted.
pub(super) fn ask(request: &ChatRequest) -> Option<Ask> {
    let message = request.messages().len().checked_sub(1)?;
    let last = request.messages().get(message)?;
    let shaped = ["logprobs", "audio", "prediction"]
        .into_iter()
        .any(|field| request.get(field).is_some_and(|value| value != &Value::Bool(false)));
    if last.get("role").is_none_or(|role| role != "user") || request.choices() != 1 || shaped {
        return None;
    }
    let text = match last.get("content")? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter(|part| part.get("type").is_some_and(|kind| kind == "text"));
            texts.filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => return None,
    };
    (!text.trim().is_empty() && text.len() <= LONGEST && !text.contains("```")).then_some(Ask { text, message })
}

#[cfg(test)]
mod tests;
