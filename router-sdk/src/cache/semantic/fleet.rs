//! Answers to other words that the processes of a fleet share: an ask in, the answer to one that asks the same out. It
//! never delays a reply for long, and what another process kept passes the same rules as what this one did.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::Place;
use super::facts::{Facts, Leeway};
use crate::cache::far::{PATIENCE, Shelf, name};
use crate::cache::kept::Kept;
use crate::store::Spot;

/// Asks that are looked at closely.
const CLOSE: usize = 8;
/// What is kept, and how vectors and rules are made; another version finds none of it.
const VERSION: u64 = 1;

/// The asks of the fleet.
#[derive(Debug)]
pub(super) struct Fleet {
    shelf: Arc<dyn Shelf>,
    /// Who makes the vectors, so that only such are compared as may be.
    maker: String,
}

/// An answer of another process, with what was asked for it.
pub(super) struct Afar {
    pub(super) kept: Arc<Kept>,
    pub(super) facts: Facts,
    pub(super) vector: Vec<f32>,
}

impl Fleet {
    pub(super) fn new(shelf: Arc<dyn Shelf>, embedder: &str) -> Self {
        let maker = digest(&SHA256, embedder.as_bytes());
        let maker = maker.as_ref().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self { shelf, maker: format!("{maker:016x}") }
    }

    fn spot(&self, place: &Place) -> Spot {
        Spot {
            space: format!("ask{VERSION}-{}-{}", self.maker, place.vector.len()),
            scope: name(&place.scope),
            vector: place.vector.clone(),
        }
    }

    /// The answer to the nearest ask that is near enough and agrees.
    pub(super) async fn nearest(&self, place: &Place, leeway: Leeway, threshold: f32, now_ms: i64) -> Option<Afar> {
        let found = self.shelf.nearest(self.spot(place), CLOSE);
        let found = tokio::time::timeout(PATIENCE, found).await.ok()?;
        let near = found.into_iter().filter(|near| near.cosine >= threshold);
        near.into_iter().find_map(|near| {
            let (ask, kept) = read(&near.value, now_ms)?;
            let facts = Facts::of(&ask);
            let agrees = facts.clash(&place.facts, leeway).is_none();
            // Its own vector stayed there; that of the ask at hand is as near as it must be.
            agrees.then(|| Afar { kept: Arc::new(kept), facts, vector: place.vector.clone() })
        })
    }

    /// Puts an answer there in the background.
    pub(super) fn put(&self, place: &Place, kept: &Kept, ttl: Duration) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let spot = self.spot(place);
        let key = digest(&SHA256, format!("{}\n{}", spot.scope, place.ask).as_bytes());
        let key = key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        runtime.spawn(self.shelf.put_near(spot, key, written(&place.ask, kept), ttl));
    }
}

fn written(ask: &str, kept: &Kept) -> Bytes {
    let kept = kept.to_bytes();
    json!({"v": VERSION, "ask": ask, "kept": String::from_utf8_lossy(&kept)}).to_string().into()
}

/// What was asked and what is kept; nothing when it is of another version, broken or too old.
fn read(bytes: &[u8], now_ms: i64) -> Option<(String, Kept)> {
    let read: Value = serde_json::from_slice(bytes).ok()?;
    if read.get("v").and_then(Value::as_u64) != Some(VERSION) {
        return None;
    }
    let kept = Kept::from_bytes(read.get("kept")?.as_str()?.as_bytes(), now_ms)?;
    kept.chat()?;
    Some((read.get("ask")?.as_str()?.to_owned(), kept))
}

#[cfg(test)]
mod tests {
    use super::super::Semantic;
    use super::*;
    use crate::cache::far::tests::{shelf, silent};
    use crate::config::SemanticCache;
    use crate::wire::{Object, RouteInfo};

    const TTL: Duration = Duration::from_secs(60);

    fn semantic(shelf: Arc<dyn Shelf>) -> Semantic {
        Semantic::new(SemanticCache::default(), Some(shelf), None)
    }

    async fn put(semantic: &Semantic, scope: u8, ask: &str) {
        let kept = Kept::of_chat(&Object::new(), None, &RouteInfo::default(), 0, TTL);
        semantic.put(semantic.place([scope; 32], ask, None).unwrap(), Arc::new(kept), TTL);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    async fn finds(semantic: &Semantic, scope: u8, ask: &str, now_ms: i64) -> bool {
        let place = semantic.place([scope; 32], ask, None).unwrap();
        semantic.recall_afar(&place, now_ms).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_finds_it_within_its_scope_and_its_time_and_keeps_it() {
        let shelf = shelf();
        let (one, other) = (semantic(Arc::clone(&shelf)), semantic(shelf));
        put(&one, 1, "What is the capital of France?").await;
        assert!(!finds(&other, 2, "what's the capital of France", 0).await);
        assert!(!finds(&other, 1, "what's the capital of France", 60_001).await);
        assert_eq!(other.size().0, 0);
        assert!(finds(&other, 1, "what's the capital of France", 0).await);
        let place = other.place([1; 32], "Please tell me, what is the capital of France?", None).unwrap();
        assert!(other.recall(&place).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_kept_passes_the_same_rules() {
        let shelf = shelf();
        let (one, other) = (semantic(Arc::clone(&shelf)), semantic(shelf));
        put(&one, 1, "What does grep -l do in a shell script on Linux?").await;
        assert!(!finds(&other, 1, "What does grep -L do in a shell script on Linux?", 0).await);
        let model = SemanticCache { embedder: "a/embed".into(), ..SemanticCache::default() };
        let strange = Semantic::new(model, one.fleet.as_ref().map(|fleet| Arc::clone(&fleet.shelf)), None);
        let place = one.place([1; 32], "what does grep -l do in a shell script on Linux", None).unwrap();
        // The vectors of another maker are not compared.
        assert!(strange.recall_afar(&place, 0).await.is_none());
        assert!(other.recall_afar(&place, 0).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fleet_that_hangs_has_nothing_and_takes_no_longer_than_this() {
        let began = tokio::time::Instant::now();
        assert!(!finds(&semantic(silent()), 1, "What is the capital of France?", 0).await);
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let kept = Kept::of_chat(&Object::new(), None, &RouteInfo::default(), 0, TTL);
        let text = written("a", &kept);
        assert_eq!(read(&text, 0).map(|(ask, _)| ask).as_deref(), Some("a"));
        for broken in [&b"{}"[..], b"", &text[..text.len() - 1], br#"{"v":2,"ask":"a","kept":"{}"}"#] {
            assert!(read(broken, 0).is_none());
        }
        assert!(read(&text, 60_001).is_none());
    }
}
