//! The built-in sandbox: a request in the OpenAI shape in, a deterministic reply with plausible size and pace out. No network.
//!
//! Its embeddings are sums of hashed words: like texts are near each other, meanings are not known.

mod answer;
mod vectors;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::HttpReply;
use crate::config::{SandboxConfig, SandboxFailure};
use crate::provider::{Cause, Failure, HttpRequest, Target};
use answer::Answer;

/// Time to the first token of a plain model, and of one that reasons first.
const FIRST_TOKEN: (Duration, Duration) = (Duration::from_millis(40), Duration::from_millis(120));
/// Time between two pieces of a stream.
const PIECE: Duration = Duration::from_millis(8);

/// Answers in place of providers.
pub(crate) struct SandboxTransport {
    settings: BTreeMap<String, SandboxConfig>,
    /// Requests so far, by provider.
    asked: Mutex<BTreeMap<String, u64>>,
}

impl SandboxTransport {
    pub(crate) fn new(settings: BTreeMap<String, SandboxConfig>) -> Self {
        Self { settings, asked: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) async fn send(&self, target: &Target, request: HttpRequest) -> Result<HttpReply, Failure> {
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|_| Failure::new(Cause::Unknown, "the sandbox was sent something that is not JSON"))?;
        let provider = target.deployment.provider.as_str();
        let settings = self.settings.get(provider).cloned().unwrap_or_default();
        let fault = self.fault(provider, &settings);
        let pace = settings.latency.unwrap_or(1.0);
        let first = if target.model.reasons() { FIRST_TOKEN.1 } else { FIRST_TOKEN.0 };
        let cut = fault.as_ref().and_then(|f| f.cut_after);
        if let Some(fault) = fault.filter(|f| f.cut_after.is_none()) {
            return Ok(refusal(fault.status));
        }
        if vectors::asked_for(&body) {
            tokio::time::sleep(FIRST_TOKEN.0.mul_f64(pace)).await;
            let made = || vectors::whole(&body, &target.model.id, target.model.embedding_dim).to_string();
            let whole = if cut.is_some() { Bytes::new() } else { Bytes::from(made()) };
            return Ok(reply(200, "application/json", Box::pin(futures_util::stream::iter([Ok(whole)]))));
        }
        let answer = Answer::to(&body, &target.model.id);
        let first = first.mul_f64(pace);
        if body.get("stream").and_then(Value::as_bool).unwrap_or(false) {
            return Ok(streamed(answer, first, PIECE.mul_f64(pace), cut));
        }
        tokio::time::sleep(first + PIECE.mul_f64(pace) * u32::try_from(answer.pieces()).unwrap_or(u32::MAX)).await;
        let whole = if cut.is_some() { Bytes::new() } else { Bytes::from(answer.whole().to_string()) };
        Ok(reply(200, "application/json", Box::pin(futures_util::stream::iter([Ok(whole)]))))
    }

    /// Counts a request; the fault that it meets, if it meets one.
    fn fault(&self, provider: &str, settings: &SandboxConfig) -> Option<SandboxFailure> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(provider.to_owned()).or_default();
        let before = *count;
        *count += 1;
        let fail = settings.fail.as_ref()?;
        let over = fail.count.is_some_and(|count| before >= fail.after.saturating_add(count));
        (before >= fail.after && !over).then(|| fail.clone())
    }
}

fn refusal(status: u16) -> HttpReply {
    let body = json!({"error": {"message": "the sandbox was told to fail", "type": "sandbox_failure", "param": null, "code": null}});
    let mut refused =
        reply(status, "application/json", Box::pin(futures_util::stream::iter([Ok(Bytes::from(body.to_string()))])));
    if status == 429 {
        refused.headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    refused
}

fn reply(status: u16, content_type: &'static str, body: super::ByteStream) -> HttpReply {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-request-id", HeaderValue::from_static("sandbox"));
    HttpReply { status, headers, body }
}

fn streamed(answer: Answer, first: Duration, piece: Duration, cut: Option<u64>) -> HttpReply {
    let body = async_stream::stream! {
        tokio::time::sleep(first).await;
        for (i, chunk) in answer.chunks().into_iter().enumerate() {
            // The role opens the stream; pieces are counted after it.
            if cut.is_some_and(|cut| i as u64 > cut) {
                return;
            }
            if i > 1 {
                tokio::time::sleep(piece).await;
            }
            yield Ok(Bytes::from(format!("data: {chunk}\n\n")));
        }
        yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
    };
    reply(200, "text/event-stream", Box::pin(body))
}
