//! A request in, keyed digests out by which its conversation is known: by the caller's name for it, or by its whole
//! history up to the last answer. No text can be had from them, nor guessed without the secret.

use std::fmt;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::said::Said;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::setup::Environment;
use crate::wire::ChatRequest;
use crate::wire::canonical::Canon;

/// A secret shorter than this could be guessed.
const SHORTEST: usize = 16;

/// The name under which a conversation is kept.
pub(crate) type Mark = [u8; 16];

/// The secret under which histories are hashed.
#[derive(Clone)]
pub(crate) struct HistoryKey(hmac::Key);

impl fmt::Debug for HistoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryKey")
    }
}

impl HistoryKey {
    /// The configured secret; else one that all processes of the shared state have, or one of this process.
    ///
    /// # Errors
    /// `InvalidConfig` for a variable that is not set or holds too little; `Internal` when the system has no randomness.
    pub(crate) fn new(config: &Config, env: &Environment) -> Result<Self, Error> {
        let fault = |fix: String| Error::invalid_config("sessions.secret_env", fix);
        let of = |bytes: &[u8]| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes));
        if let Some(name) = &config.sessions.secret_env {
            let secret = env.get(name).ok_or_else(|| fault(format!("names {name}, which is not set")))?;
            if secret.len() < SHORTEST {
                return Err(fault(format!("{name} must hold at least {SHORTEST} characters")));
            }
            return Ok(of(secret.as_bytes()));
        }
        if let Some(state) = &config.state {
            return Ok(of(format!("sessions of {}", state.prefix).as_bytes()));
        }
        let mut bytes = [0; 32];
        let drawn = SystemRandom::new().fill(&mut bytes);
        drawn.map_err(|_| Error::new(ErrorKind::Internal, "the system gave no random bytes"))?;
        Ok(of(&bytes))
    }

    fn mark(&self, canon: Canon) -> Mark {
        let signed = hmac::sign(&self.0, &canon.key());
        let mut mark = Mark::default();
        mark.iter_mut().zip(signed.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }
}

/// What a request's conversation is known by, and the beginning of what its next request will be known by.
#[derive(Clone)]
pub(crate) struct Thread {
    /// By the caller's name for it.
    pub(super) named: Option<(Mark, String)>,
    /// By its history up to the last answer; absent where there was none.
    pub(super) earlier: Option<Mark>,
    /// All of the request, to be completed by the answer.
    whole: Option<Canon>,
}

impl Thread {
    /// Nothing for a request that neither has a name nor may be known by its history. Without `goes_on` only what came
    /// before is read, for nothing will be remembered of its answer.
    pub(super) fn of(
        key: &HistoryKey,
        caller: &str,
        request: &ChatRequest,
        by_history: bool,
        goes_on: bool,
    ) -> Option<Self> {
        let name = request.route().session.as_ref();
        if name.is_none() && !by_history {
            return None;
        }
        let named = name.map(|name| {
            let mut canon = Canon::of("session by name");
            canon.text(caller);
            canon.text(name);
            (key.mark(canon), name.clone())
        });
        let (earlier, whole) = if by_history { read(key, caller, request, goes_on) } else { (None, None) };
        Some(Self { named, earlier, whole })
    }

    /// The caller's name for it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.named.as_ref().map(|(_, name)| name.as_str())
    }

    /// Where the conversation is kept; nothing for one that has only begun.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.named.as_ref().map(|(mark, _)| *mark).or(self.earlier)
    }

    /// The history with an answer, by which the next request is known.
    pub(super) fn with(&self, key: &HistoryKey, said: &Said) -> Option<Mark> {
        let mut canon = self.whole.clone()?;
        canon.text("assistant");
        said.write(&mut canon);
        Some(key.mark(canon))
    }
}

/// The digest up to the last answer, and that of everything in the making.
fn read(key: &HistoryKey, caller: &str, request: &ChatRequest, goes_on: bool) -> (Option<Mark>, Option<Canon>) {
    let messages = request.messages();
    let last = messages.iter().rposition(|message| role(message) == "assistant");
    if last.is_none() && !goes_on {
        return (None, None);
    }
    let mut canon = Canon::of("session by history");
    canon.text(caller);
    canon.value(request.get("tools").or_else(|| request.get("functions")).unwrap_or(&Value::Null));
    let mut earlier = None;
    for (at, message) in messages.iter().enumerate() {
        turn(&mut canon, message);
        if last == Some(at) {
            earlier = Some(key.mark(canon.clone()));
            if !goes_on {
                return (earlier, None);
            }
        }
    }
    (earlier, Some(canon))
}

fn turn(canon: &mut Canon, message: &Value) {
    let role = role(message);
    canon.text(role);
    if role == "assistant" {
        return Said::of(message).write(canon);
    }
    canon.text(message.get("name").and_then(Value::as_str).unwrap_or_default());
    match message.get("content") {
        Some(Value::String(text)) => piece(canon, text),
        Some(Value::Array(parts)) => content(canon, parts),
        _ => {}
    }
    canon.list(0);
}

/// Text beside text counts as one, so that text and a list of one text are the same.
fn content(canon: &mut Canon, parts: &[Value]) {
    let mut text = String::new();
    for part in parts {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
        match part.get("text").and_then(Value::as_str).or_else(|| part.as_str()).filter(|_| kind == "text") {
            Some(more) => text.push_str(more),
            None => {
                piece(canon, &text);
                text.clear();
                let fields = part.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
                // Marks of what is to be cached move on as a conversation grows.
                canon.fields(fields.filter(|(name, _)| *name != "cache_control").collect());
            }
        }
    }
    piece(canon, &text);
}

fn piece(canon: &mut Canon, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        canon.text(text);
    }
}

/// Older and newer names of a role are the same.
pub(super) fn role(message: &Value) -> &str {
    match message.get("role").and_then(Value::as_str).unwrap_or_default() {
        "developer" => "system",
        "function" => "tool",
        other => other,
    }
}
