//! One closed request, as sinks and callers see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Content;
use crate::admit::Caller;
use crate::error::ErrorKind;
use crate::telemetry::Facts;
use crate::wire::RouteInfo;

/// One closed request: who asked, how it was answered, what it cost. Holds no prompt and no answer, unless
/// `ledger.log_content` is set.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Unix time of the request's start in milliseconds.
    pub at_ms: i64,
    /// Who asked.
    pub caller: Caller,
    /// Labels that the request carried.
    pub tags: BTreeMap<String, String>,
    /// The conversation that the request named.
    pub session: Option<String>,
    /// True for a streamed reply.
    pub stream: bool,
    /// What it was for: `request`, or `probe`, `shadow`, `judge` and `cache` for those that this library sent on behalf of one.
    pub purpose: &'static str,
    /// How it was answered, with every attempt.
    pub route: Arc<RouteInfo>,
    /// The kind of error it ended in, if it did.
    pub error: Option<ErrorKind>,
    /// What was asked and answered, where `ledger.log_content` is set.
    pub content: Option<Content>,
    /// What spans tell of it besides.
    pub facts: Facts,
}

impl Entry {
    /// The entry as JSON; money in US dollars, and once more as `…_nanos` in whole nano-dollars.
    pub fn to_json(&self) -> Value {
        let mut out = self.route.to_json();
        if let Value::Object(map) = &mut out {
            map.insert("at_ms".into(), self.at_ms.into());
            map.insert("caller".into(), self.caller.id().into());
            map.insert("caller_name".into(), self.caller.name().into());
            map.insert("tags".into(), json!(self.tags));
            map.insert("session".into(), json!(self.session));
            map.insert("purpose".into(), self.purpose.into());
            map.insert("stream".into(), self.stream.into());
            map.insert("error".into(), json!(self.error.map(ErrorKind::as_str)));
            map.insert("cost_nanos".into(), json!(self.route.cost_nanos));
            map.insert("baseline_nanos".into(), json!(self.route.baseline_nanos));
            map.insert("best_single_nanos".into(), json!(self.route.best_single_nanos));
            if let Some(content) = &self.content {
                map.insert("content".into(), json!({"prompt": content.prompt(), "answer": content.answer()}));
            }
        }
        out
    }
}
