//! Any bytes in; nothing out but the certainty that they do no harm: no panic, no hang, bounded memory, and the same
//! however they are cut.

use http::HeaderMap;
use serde_json::Value;

use super::Subject;
use super::allocations::peak;
use super::mutate::Dice;
use crate::provider::replay::chunks;
use crate::provider::turns::replay::Cuts;
use crate::provider::{Framing, Provider, family};
use crate::wire::{ChatChunk, ChatRequest};

/// Memory that input of this many bytes may take: JSON trees are large, but no more than in proportion.
fn bound(bytes: usize) -> usize {
    1024 * 1024 + 1_000 * bytes
}

/// All of them.
pub(super) fn all(subject: &Subject, bytes: &[u8], dice: &mut Dice) {
    let ((), used) = peak(|| {
        stream(subject, bytes, dice);
        whole(subject, bytes);
        error(subject, bytes, dice);
    });
    assert!(used <= bound(bytes.len()), "{used} bytes taken for {}", bytes.len());
}

fn shown(chunks: &[ChatChunk]) -> Vec<String> {
    chunks.iter().map(|c| format!("{:?} {:?}", Value::Object(c.body.clone()), c.usage)).collect()
}

/// A stream, cut and uncut.
fn stream(subject: &Subject, bytes: &[u8], dice: &mut Dice) {
    let spoken = family(subject.family);
    let mut cuts = Cuts(dice.below(usize::MAX) as u64);
    let (uncut, failure) = chunks(spoken, &subject.target, bytes, &mut cuts, usize::MAX >> 34);
    let size: usize = shown(&uncut).iter().map(String::len).sum();
    // Every event may make a chunk with a head of its own.
    let events = match spoken.framing() {
        Framing::AwsEventStream => bytes.len() / 16,
        _ => bytes.iter().filter(|b| **b == b'\n').count(),
    } + 1;
    assert!(size <= bound(bytes.len()) + 2_000 * events, "{size} bytes of chunks from {}", bytes.len());
    for longest in [1, 2, 30] {
        let (cut, other) = chunks(spoken, &subject.target, bytes, &mut cuts, longest);
        assert_eq!(shown(&cut), shown(&uncut), "cut at {longest}");
        assert_eq!(other.map(|f| f.cause), failure.as_ref().map(|f| f.cause), "cut at {longest}");
    }
    for chunk in &uncut {
        assert!(chunk.body["choices"].is_array() && chunk.body.contains_key("created"));
    }
}

fn whole(subject: &Subject, bytes: &[u8]) {
    let spoken = family(subject.family);
    if let Ok(reply) = spoken.decode(&subject.target, bytes) {
        assert!(reply.finish_reason().is_some() && reply.message().is_some_and(Value::is_object));
    }
}

fn error(subject: &Subject, bytes: &[u8], dice: &mut Dice) {
    let status = [200, 302, 400, 401, 404, 413, 429, 500, 503, 529, 999][dice.below(11)];
    let failure = family(subject.family).explain_error(status, &HeaderMap::new(), bytes);
    assert!(!failure.message.is_empty() && failure.message.len() < 10_000);
}

/// A request of a caller: refused with a reason, or written for every family or refused by it with a reason.
pub(super) fn request(subjects: &[Subject], bytes: &[u8]) {
    match ChatRequest::from_json(bytes) {
        Err(error) => assert!(!error.message().is_empty()),
        Ok(request) => {
            for subject in subjects {
                let (encoded, used) = peak(|| family(subject.family).encode(&request, &subject.target, true));
                match encoded {
                    Ok(encoded) => assert!(serde_json::from_slice::<Value>(&encoded.http.body).is_ok()),
                    Err(failure) => assert!(failure.message.contains(':'), "names no field: {}", failure.message),
                }
                assert!(used <= bound(bytes.len()), "{used} bytes taken for {}", bytes.len());
            }
        }
    }
}

/// The finish reason of a stream of these events.
pub(super) fn finish(subject: &Subject, events: &[(String, Value)]) -> Result<Option<String>, String> {
    let spoken: &dyn Provider = family(subject.family);
    let mut decoder = spoken.decoder(&subject.target);
    let mut out = Vec::new();
    for (name, event) in events {
        decoder.event(name, &event.to_string(), &mut out).map_err(|f| f.message)?;
    }
    decoder.end(&mut out);
    Ok(out.iter().filter_map(ChatChunk::finish_reason).next_back().map(str::to_owned))
}
