//! A request and a target in; the request with the media inside that the target does not fetch itself, out.

mod address;
mod fetch;
mod place;
mod sniff;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use fetch::Fetcher;

use self::fetch::{Fault, Fetched};
use self::place::{Place, Source, places};
use crate::provider::{Cause, Failure, MediaKind, Target, family};
use crate::wire::ChatRequest;

/// Fetches under way at once for one request.
const AT_ONCE: usize = 4;

/// The media of one request: what was fetched for one candidate is there for the next.
pub(crate) struct Media {
    fetched: HashMap<(String, MediaKind), Result<Arc<Fetched>, Fault>>,
    together: AtomicU64,
}

/// What has to be done about one part.
#[derive(Debug, PartialEq)]
enum Step {
    /// The target does not fetch this address.
    Fetch,
    /// The stated type is wrong.
    Correct(&'static str),
}

/// What has to be done for this target; nothing in nearly every request.
fn steps<'a>(request: &'a ChatRequest, target: &Target, fetching: bool) -> Vec<(Place<'a>, Step)> {
    let spoken = family(target.family());
    let mut out = Vec::new();
    for place in places(request.messages()) {
        match place.source {
            // The sandbox reads nothing, and its addresses need not exist.
            Source::Url(_) if target.deployment.sandbox || !fetching => {}
            Source::Url(url) if spoken.takes_url(place.kind, url, target) => {}
            Source::Url(_) => out.push((place, Step::Fetch)),
            Source::Inline { .. } => {
                if let Some(mime) = place.correction() {
                    out.push((place, Step::Correct(mime)));
                }
            }
        }
    }
    out
}

/// Refuses what is larger than the target takes.
fn limit(place: &Place<'_>, size: u64, target: &Target) -> Result<(), Failure> {
    match family(target.family()).media_limit(place.kind, target) {
        Some(most) if size > most => Err(refused(
            place,
            format!(
                "{} of {size} bytes is more than {} takes, {most}",
                place.kind.as_str(),
                target.deployment.provider
            ),
        )),
        _ => Ok(()),
    }
}

fn refused(place: &Place<'_>, why: impl std::fmt::Display) -> Failure {
    let path = place.path();
    // Another candidate may fetch the address itself, so this one alone is out.
    Failure::new(Cause::Unsupported, format!("{path}: {why}")).with_param(path)
}

impl Media {
    pub(crate) fn new() -> Self {
        Self { fetched: HashMap::new(), together: AtomicU64::new(0) }
    }

    /// The request as this target can read it, and what was done for it, in words.
    pub(crate) async fn inlined<'a>(
        &mut self,
        fetcher: &Fetcher,
        request: &'a ChatRequest,
        target: &Target,
        deadline: Instant,
    ) -> Result<(Cow<'a, ChatRequest>, Vec<String>), Failure> {
        for place in places(request.messages()) {
            limit(&place, place.size(), target)?;
        }
        let steps = steps(request, target, fetcher.settings.fetch);
        if steps.is_empty() {
            return Ok((Cow::Borrowed(request), Vec::new()));
        }
        self.fetch_all(fetcher, &steps, deadline).await;
        let mut body = request.body().clone();
        let mut notes = Vec::new();
        for (place, step) in &steps {
            let Some(part) = part_mut(&mut body, place) else { continue };
            match step {
                Step::Correct(mime) => {
                    write::correct(part, place, mime);
                    notes.push(format!("{}: its type corrected to {mime}", place.at()));
                }
                Step::Fetch => {
                    let fetched = self.found(place)?;
                    limit(place, fetched.bytes.len() as u64, target)?;
                    write::bytes(part, place, &fetched.mime, &fetched.bytes);
                    notes.push(format!("{}: {} fetched and sent inline", place.at(), place.kind.as_str()));
                }
            }
        }
        Ok((Cow::Owned(request.with_body(body)), notes))
    }

    async fn fetch_all(&mut self, fetcher: &Fetcher, steps: &[(Place<'_>, Step)], deadline: Instant) {
        let mut wanted: Vec<(String, MediaKind)> = Vec::new();
        for (place, _) in steps {
            let Source::Url(url) = place.source else { continue };
            let key = (url.to_owned(), place.kind);
            if !self.fetched.contains_key(&key) && !wanted.contains(&key) {
                wanted.push(key);
            }
        }
        let together = &self.together;
        let fetches = wanted.into_iter().map(|(url, kind)| async move {
            let fetched = fetcher.fetch(&url, kind, together, deadline).await;
            ((url, kind), fetched.map(Arc::new))
        });
        let done: Vec<_> = futures_util::stream::iter(fetches).buffer_unordered(AT_ONCE).collect().await;
        self.fetched.extend(done);
    }

    fn found(&self, place: &Place<'_>) -> Result<&Arc<Fetched>, Failure> {
        let Source::Url(url) = place.source else { return Err(refused(place, "is no address")) };
        match self.fetched.get(&(url.to_owned(), place.kind)) {
            Some(Ok(fetched)) => Ok(fetched),
            Some(Err(Fault::Refused(why))) => Err(refused(place, why)),
            Some(Err(Fault::Deadline)) | None => Err(Failure::new(
                Cause::Deadline,
                format!("{}: the deadline passed while it was fetched", place.path()),
            )),
        }
    }
}

fn part_mut<'a>(body: &'a mut crate::wire::Object, place: &Place<'_>) -> Option<&'a mut Value> {
    body.get_mut("messages")?.get_mut(place.message)?.get_mut("content")?.get_mut(place.part)
}
