//! One scripted reply: the keys of a script's JSON in, typed settings out.

use crate::error_body::ErrorSpec;
use crate::fault::Fault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The wire form of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// OpenAI chat completions and servers compatible with it.
    #[serde(rename = "openai")]
    OpenAi,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
    /// Amazon Bedrock Converse.
    Bedrock,
}

/// Tokens of one reply, counted as OpenAI does: cached tokens are part of `input`, reasoning of `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Input tokens read from the provider's cache.
    pub cached: u64,
    /// Input tokens written to the provider's cache (Anthropic only).
    pub cache_write: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 10, output: 5, cached: 0, cache_write: 0, reasoning: 0 }
    }
}

/// How the text of a reply is cut into stream pieces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Chunks {
    /// So many pieces of about the same length.
    Count(usize),
    /// Exactly these pieces; they replace `say`.
    Pieces(Vec<String>),
}

/// A function call that the model makes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The call's id; made up for OpenAI and Anthropic, left out for Gemini, where absent.
    #[serde(default)]
    pub id: Option<String>,
    /// The function's name.
    pub name: String,
    /// The arguments as an object, or as literal text where they are to be broken.
    #[serde(default = "empty_object")]
    pub arguments: Value,
    /// Gemini's `thoughtSignature` of the part.
    #[serde(default)]
    pub thought_signature: Option<String>,
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

/// How the end of the body is told to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// `transfer-encoding: chunked`, one HTTP chunk an event.
    Chunked,
    /// `content-length`.
    Length,
    /// Neither: the body ends where the connection does.
    Close,
}

/// How the bytes are cut into TCP writes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Split {
    /// So many bytes a write.
    Every(usize),
    /// 1 to 24 bytes a write, drawn from this seed.
    Random(u64),
}

impl TryFrom<Value> for Split {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let seed = value.as_str().and_then(|text| text.strip_prefix("random:"));
        match (value.as_u64(), seed.map(str::parse)) {
            (Some(bytes @ 1..), _) => Ok(Self::Every(usize::try_from(bytes).unwrap_or(usize::MAX))),
            (_, Some(Ok(seed))) => Ok(Self::Random(seed)),
            _ => Err("split: give a number of bytes from 1, or \"random:SEED\"".to_owned()),
        }
    }
}

/// Sends the body in portions of `bytes`, `ms` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trickle {
    /// Bytes a portion.
    pub bytes: usize,
    /// Milliseconds between portions.
    pub ms: u64,
}

/// One scripted reply. All keys are optional; with none of them it is an empty answer that stops.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// The wire form; told from the request's path where absent.
    pub family: Option<Family>,
    /// How many requests this reply answers before the next one's turn; 0 counts as 1.
    pub times: u32,

    /// The length of the vectors with which a call for embeddings is answered; 2 where absent.
    pub embed: Option<usize>,

    /// The text of the answer.
    pub say: Option<String>,
    /// How a stream cuts the text; three pieces where absent.
    pub chunks: Option<Chunks>,
    /// The function calls of the answer.
    pub tool_calls: Vec<ToolCall>,
    /// Into how many fragments a stream cuts each call's arguments; 0 counts as 3.
    pub argument_pieces: usize,
    /// The reasoning shown before the answer.
    pub reasoning: Option<String>,
    /// The key OpenAI-compatible replies carry reasoning under; `reasoning_content` where absent.
    pub reasoning_field: Option<String>,
    /// The signature of the reasoning (Anthropic's thinking block).
    pub signature: Option<String>,
    /// A refusal instead of an answer.
    pub refusal: Option<String>,
    /// Tokens; absent sends 10 and 5, null sends no usage.
    #[serde(deserialize_with = "null_is_some")]
    pub usage: Option<Option<Usage>>,
    /// The finish reason in OpenAI's words or, for any other word, as it stands; null sends none.
    #[serde(deserialize_with = "null_is_some")]
    pub finish: Option<Option<String>>,
    /// The model that says it answered; the one asked for where absent.
    pub model: Option<String>,
    /// The reply's id; made up where absent.
    pub id: Option<String>,
    /// More fields for the top of the reply and of every OpenAI and Gemini chunk.
    pub extra: Map<String, Value>,
    /// More fields for the message (OpenAI; on a stream the first delta).
    pub message_extra: Map<String, Value>,

    /// The HTTP status; 200 where absent.
    pub status: Option<u16>,
    /// More headers; null removes one that would be sent. Values may hold the placeholders of the README.
    pub headers: BTreeMap<String, Option<String>>,
    /// A literal body: text as it stands, anything else as compact JSON.
    pub body: Option<Value>,
    /// A literal body of any bytes.
    pub body_base64: Option<String>,
    /// An error body in the family's shape.
    pub error: Option<ErrorSpec>,

    /// Whether a stream says that it is done (`[DONE]`, `message_stop`).
    pub done: Option<bool>,
    /// Puts comments (Anthropic: pings) before the first and between all events.
    pub sse_comments: bool,
    /// The line ends of a stream; CRLF for Gemini and LF for the others where absent.
    pub crlf: Option<bool>,
    /// Blank lines before the body.
    pub leading_newlines: usize,
    /// How the body's end is told; chunked for streams and content-length for the rest where absent.
    pub framing: Option<Framing>,
    /// Announces and does `connection: close`.
    pub close: bool,

    /// How the bytes are cut into TCP writes; an event a write where absent.
    pub split: Option<Split>,
    /// Milliseconds before the status line.
    pub delay_ms: u64,
    /// Milliseconds before the first output of a stream, or before the body of a whole reply.
    pub first_token_ms: u64,
    /// Milliseconds between events.
    pub chunk_ms: u64,
    /// Sends the body in small portions.
    pub trickle: Option<Trickle>,

    /// What goes wrong.
    pub fault: Option<Fault>,
}

fn null_is_some<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

impl Reply {
    /// The text in the pieces a stream sends it in.
    pub(crate) fn pieces(&self) -> Vec<String> {
        match &self.chunks {
            Some(Chunks::Pieces(pieces)) => pieces.clone(),
            Some(Chunks::Count(count)) => crate::text::pieces(self.say.as_deref(), *count),
            None => crate::text::pieces(self.say.as_deref(), 3),
        }
    }

    /// The whole text, absent where the answer has none.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.chunks {
            Some(Chunks::Pieces(pieces)) => Some(pieces.concat()),
            _ => self.say.clone(),
        }
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage.unwrap_or_else(|| Some(Usage::default()))
    }

    /// The finish reason in OpenAI's words; `None` where the script wants none sent.
    pub(crate) fn finish(&self) -> Option<String> {
        match &self.finish {
            Some(finish) => finish.clone(),
            None if !self.tool_calls.is_empty() => Some("tool_calls".to_owned()),
            None => Some("stop".to_owned()),
        }
    }

    pub(crate) fn fragments(&self) -> usize {
        if self.argument_pieces == 0 { 3 } else { self.argument_pieces }
    }

    /// Says what is wrong with the reply, naming the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        let literal = self.body.is_some() || self.body_base64.is_some();
        let answer = self.say.is_some()
            || self.chunks.is_some()
            || self.refusal.is_some()
            || self.reasoning.is_some()
            || !self.tool_calls.is_empty()
            || self.embed.is_some();
        if u8::from(literal) + u8::from(answer) + u8::from(self.error.is_some()) > 1 {
            return Err("give one of: an answer (say, tool_calls, …), body, error".to_owned());
        }
        if self.body.is_some() && self.body_base64.is_some() {
            return Err("give body or body_base64, not both".to_owned());
        }
        let encoded = self.body_base64.as_ref();
        if encoded.is_some_and(|text| STANDARD.decode(text).is_err()) {
            return Err("body_base64: give standard base64".to_owned());
        }
        if self.status.is_some_and(|status| !(100..=999).contains(&status)) {
            return Err("status: give 100 to 999".to_owned());
        }
        if matches!(self.chunks, Some(Chunks::Count(_))) && self.say.is_none() {
            return Err("chunks: a number needs say".to_owned());
        }
        if self.trickle.is_some_and(|trickle| trickle.bytes == 0) {
            return Err("trickle.bytes: give at least 1".to_owned());
        }
        if self.family == Some(Family::Gemini) && self.tool_calls.iter().any(|call| !call.arguments.is_object()) {
            return Err("tool_calls.arguments: gemini sends objects, give one".to_owned());
        }
        Ok(())
    }
}
