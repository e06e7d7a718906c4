//! A reply and its route in, what is kept of them; a kept answer in, the route of a hit out.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::classify::Task;
use crate::wire::{Cached, ChatResponse, EmbeddingResponse, Object, RouteInfo, Usage, from_base64, to_base64};

/// An answer that is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(super) said: Said,
    pub(super) usage: Usage,
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) deployment: Option<String>,
    pub(super) sandbox: bool,
    pub(super) task: Option<Task>,
    pub(super) adapted: Vec<String>,
    pub(super) cost_nanos: Option<u64>,
    pub(super) baseline_nanos: Option<u64>,
    pub(super) baseline_model: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// How long it is kept from then on.
    pub(super) ttl: Duration,
}

/// The answer itself. `Debug` shows none of it.
#[derive(Clone)]
pub(super) enum Said {
    /// The JSON of a `chat.completion`.
    Chat(Bytes),
    Vectors(Vec<Vec<f32>>),
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chat(body) => write!(f, "Chat({} bytes)", body.len()),
            Self::Vectors(vectors) => write!(f, "Vectors({})", vectors.len()),
        }
    }
}

/// What an entry costs beside what it says.
const OVERHEAD: usize = 512;

impl Kept {
    pub(super) fn of_chat(body: &Object, usage: Option<Usage>, route: &RouteInfo, at_ms: i64, ttl: Duration) -> Self {
        let mut text = Vec::with_capacity(1_024);
        // Writing JSON values into a Vec cannot fail.
        let _ = serde_json::to_writer(&mut text, body);
        Self::of(Said::Chat(text.into()), usage.or(route.usage).unwrap_or_default(), route, at_ms, ttl)
    }

    pub(super) fn of_vectors(reply: &EmbeddingResponse, at_ms: i64, ttl: Duration) -> Self {
        Self::of(Said::Vectors(reply.vectors.clone()), reply.usage, &reply.route, at_ms, ttl)
    }

    fn of(said: Said, usage: Usage, route: &RouteInfo, at_ms: i64, ttl: Duration) -> Self {
        Self {
            said,
            usage,
            model: route.model.clone(),
            provider: route.provider.clone(),
            deployment: route.deployment.clone(),
            sandbox: route.sandbox,
            task: route.task.clone(),
            adapted: route.adapted.clone(),
            cost_nanos: route.cost_nanos,
            baseline_nanos: route.baseline_nanos,
            baseline_model: route.baseline_model.clone(),
            at_ms,
            ttl,
        }
    }

    /// Bytes in memory, about.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD
            + match &self.said {
                Said::Chat(body) => body.len(),
                Said::Vectors(vectors) => vectors.iter().map(|v| 24 + 4 * v.len()).sum(),
            }
    }

    /// What a hit saved, in nano-dollars: what the answer had cost.
    pub(super) fn spared_nanos(&self) -> u64 {
        if self.sandbox { 0 } else { self.cost_nanos.unwrap_or(0) }
    }

    /// The route of a request that is answered with this. It costs nothing; what is saved is what the baseline would
    /// have cost, or where there is none the price of the answer when it was made.
    pub(crate) fn onto(&self, mut route: RouteInfo, cached: Cached, now_ms: i64) -> RouteInfo {
        route.model.clone_from(&self.model);
        route.provider.clone_from(&self.provider);
        route.deployment.clone_from(&self.deployment);
        route.sandbox = self.sandbox;
        route.task.clone_from(&self.task);
        route.adapted.clone_from(&self.adapted);
        route.usage = Some(self.usage);
        route.cached = cached;
        route.cost_nanos = Some(0);
        (route.baseline_nanos, route.baseline_model) = match self.baseline_nanos {
            Some(nanos) => (Some(nanos), self.baseline_model.clone()),
            None => (self.cost_nanos, self.cost_nanos.map(|_| self.model.clone())),
        };
        let age = now_ms.saturating_sub(self.at_ms).max(0) / 1_000;
        route.reasons.push(format!("an answer that was made {age} s ago"));
        route
    }

    /// The reply as it was made; nothing when it is of another kind.
    pub(crate) fn chat(&self) -> Option<ChatResponse> {
        let Said::Chat(body) = &self.said else { return None };
        let body: Object = serde_json::from_slice(body).ok()?;
        Some(ChatResponse::new(body, Some(self.usage)))
    }

    /// The vectors; nothing when it is of another kind.
    pub(crate) fn vectors(&self) -> Option<(Vec<Vec<f32>>, Usage)> {
        let Said::Vectors(vectors) = &self.said else { return None };
        Some((vectors.clone(), self.usage))
    }

    /// As it is written for other processes. What a request was taken for stays here.
    pub(super) fn to_bytes(&self) -> Bytes {
        let said = match &self.said {
            Said::Chat(body) => json!({"chat": String::from_utf8_lossy(body)}),
            Said::Vectors(vectors) => json!({"vectors": vectors.iter().map(|v| to_base64(v)).collect::<Vec<_>>()}),
        };
        let written = json!({
            "v": 1, "said": said, "usage": self.usage, "model": self.model, "provider": self.provider,
            "deployment": self.deployment, "sandbox": self.sandbox, "adapted": self.adapted,
            "cost_nanos": self.cost_nanos, "baseline_nanos": self.baseline_nanos,
            "baseline_model": self.baseline_model, "at_ms": self.at_ms, "ttl_ms": self.ttl.as_millis() as u64,
        });
        written.to_string().into()
    }

    /// Reads what another process wrote; nothing when it is of another version, broken or too old.
    pub(super) fn from_bytes(bytes: &[u8], now_ms: i64) -> Option<Self> {
        let read: Value = serde_json::from_slice(bytes).ok()?;
        if read.get("v").and_then(Value::as_u64) != Some(1) {
            return None;
        }
        let text = |field: &str| read.get(field).and_then(Value::as_str).map(str::to_owned);
        let number = |field: &str| read.get(field).and_then(Value::as_u64);
        let said = read.get("said")?;
        let said = match (said.get("chat").and_then(Value::as_str), said.get("vectors").and_then(Value::as_array)) {
            (Some(body), _) => Said::Chat(Bytes::from(body.to_owned())),
            (None, Some(list)) => {
                Said::Vectors(list.iter().map(|v| from_base64(v.as_str()?)).collect::<Option<Vec<_>>>()?)
            }
            (None, None) => return None,
        };
        let at_ms = read.get("at_ms").and_then(Value::as_i64)?;
        // Clocks of processes differ; what is left of the time is never more than all of it.
        let age = Duration::from_millis(now_ms.saturating_sub(at_ms).max(0).unsigned_abs());
        let ttl = Duration::from_millis(number("ttl_ms")?);
        Some(Self {
            said,
            usage: serde_json::from_value(read.get("usage")?.clone()).ok()?,
            model: text("model")?,
            provider: text("provider")?,
            deployment: text("deployment"),
            sandbox: read.get("sandbox").and_then(Value::as_bool)?,
            task: None,
            adapted: serde_json::from_value(read.get("adapted")?.clone()).ok()?,
            cost_nanos: number("cost_nanos"),
            baseline_nanos: number("baseline_nanos"),
            baseline_model: text("baseline_model"),
            at_ms,
            ttl: ttl.checked_sub(age).filter(|left| !left.is_zero())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let route = RouteInfo {
            model: "a/m".into(),
            provider: "a".into(),
            cost_nanos: Some(70),
            adapted: vec!["x".into()],
            ..RouteInfo::default()
        };
        let Value::Object(body) = json!({"id": "é", "choices": []}) else { panic!("no object") };
        Kept::of_chat(
            &body,
            Some(Usage { input: 3, output: 4, ..Usage::default() }),
            &route,
            1_000,
            Duration::from_secs(60),
        )
    }

    #[test]
    fn another_process_reads_what_was_written_with_the_time_that_is_left() {
        let read = Kept::from_bytes(&kept().to_bytes(), 11_000).unwrap();
        assert_eq!((read.ttl, read.at_ms, read.cost_nanos), (Duration::from_secs(50), 1_000, Some(70)));
        assert_eq!(read.chat().unwrap().body, kept().chat().unwrap().body);
        assert_eq!((read.usage.output, read.adapted.len(), read.model.as_str()), (4, 1, "a/m"));
        assert!(Kept::from_bytes(&kept().to_bytes(), 61_000).is_none());
        assert_eq!(Kept::from_bytes(&kept().to_bytes(), -5_000).unwrap().ttl, Duration::from_secs(60));
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let text = kept().to_bytes();
        for broken in
            [&b"{}"[..], b"", b"[1]", &text[..text.len() - 2], br#"{"v":2}"#, br#"{"v":1,"said":{"chat":"{}"}}"#]
        {
            assert!(Kept::from_bytes(broken, 0).is_none());
        }
    }

    #[test]
    fn vectors_come_back_as_they_were() {
        let reply = EmbeddingResponse {
            vectors: vec![vec![0.1, -2.0], vec![3.5, 0.0]],
            encoding_format: crate::wire::EncodingFormat::Float,
            usage: Usage::default(),
            route: std::sync::Arc::default(),
        };
        let kept = Kept::of_vectors(&reply, 0, Duration::from_secs(1));
        assert_eq!(Kept::from_bytes(&kept.to_bytes(), 0).unwrap().vectors().unwrap().0, reply.vectors);
        assert!(kept.chat().is_none());
    }

    #[test]
    fn a_hit_costs_nothing_and_saves_what_the_baseline_or_the_answer_cost() {
        let route = kept().onto(RouteInfo::default(), Cached::Hit, 5_000);
        assert_eq!(
            (route.cost_nanos, route.saved_nanos(), route.baseline_model.as_deref()),
            (Some(0), Some(70), Some("a/m"))
        );
        let dear = Kept { baseline_nanos: Some(90), baseline_model: Some("b/n".into()), ..kept() };
        let route = dear.onto(RouteInfo::default(), Cached::Semantic, 5_000);
        assert_eq!((route.saved_nanos(), route.baseline_model.as_deref()), (Some(90), Some("b/n")));
        assert!(route.attempts.is_empty());
    }

    #[test]
    fn debug_shows_no_answer() {
        assert!(!format!("{:?}", kept()).contains("choices"));
    }
}
