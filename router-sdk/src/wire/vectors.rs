//! The reply to a request for embeddings: vectors, usage and route in; OpenAI's JSON out, with lists or base64.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use super::{EncodingFormat, RouteInfo, Usage};

/// The vectors of all inputs, in their order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmbeddingResponse {
    /// One vector an input, in the order asked.
    pub vectors: Vec<Vec<f32>>,
    /// How the JSON writes them.
    pub encoding_format: EncodingFormat,
    /// The tokens of all inputs.
    pub usage: Usage,
    /// How the reply was made.
    pub route: Arc<RouteInfo>,
}

impl EmbeddingResponse {
    /// The `provider/model` that answered.
    pub fn model(&self) -> &str {
        &self.route.model
    }

    /// The reply as JSON, with the route under `clawrouters`.
    pub fn to_json(&self) -> Value {
        // Nothing here can fail to be written.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The same as JSON text, without a tree of values in between.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        let dimensions = self.vectors.first().map_or(0, Vec::len);
        let mut out = Vec::with_capacity(1_024 + self.vectors.len() * (64 + dimensions * 12));
        let _ = serde_json::to_writer(&mut out, self);
        out
    }
}

impl Serialize for EmbeddingResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("object", "list")?;
        map.serialize_entry("data", &Data(self))?;
        map.serialize_entry("model", &self.route.model)?;
        let tokens = self.usage.input;
        map.serialize_entry("usage", &json!({"prompt_tokens": tokens, "total_tokens": tokens}))?;
        map.serialize_entry("clawrouters", &self.route.to_json())?;
        map.end()
    }
}

struct Data<'a>(&'a EmbeddingResponse);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.vectors.len()))?;
        for (index, vector) in self.0.vectors.iter().enumerate() {
            list.serialize_element(&Item { index, vector, encoding: self.0.encoding_format })?;
        }
        list.end()
    }
}

struct Item<'a> {
    index: usize,
    vector: &'a [f32],
    encoding: EncodingFormat,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("object", "embedding")?;
        map.serialize_entry("index", &self.index)?;
        match self.encoding {
            EncodingFormat::Float => map.serialize_entry("embedding", self.vector)?,
            EncodingFormat::Base64 => map.serialize_entry("embedding", &to_base64(self.vector))?,
        }
        map.end()
    }
}

/// 32-bit floats, lowest byte first, as base64.
pub(crate) fn to_base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// The vector of such text; nothing when it is not whole.
pub(crate) fn from_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let (values, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(encoding_format: EncodingFormat) -> EmbeddingResponse {
        let vectors = vec![vec![1.0, -2.5], vec![0.1, 0.0]];
        let usage = Usage { input: 7, ..Usage::default() };
        let route = Arc::new(RouteInfo { model: "p/m".into(), ..RouteInfo::default() });
        EmbeddingResponse { vectors, encoding_format, usage, route }
    }

    #[test]
    fn lists_keep_the_order_and_floats_stay_short() {
        let text = String::from_utf8(response(EncodingFormat::Float).to_json_bytes()).unwrap();
        assert!(text.contains(r#"{"object":"embedding","index":1,"embedding":[0.1,0.0]}"#), "{text}");
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["usage"], json!({"prompt_tokens": 7, "total_tokens": 7}));
        assert_eq!((&json["object"], &json["model"]), (&json!("list"), &json!("p/m")));
    }

    #[test]
    fn base64_holds_little_endian_floats() {
        // 1.0 is 00 00 80 3f, -2.5 is 00 00 20 c0.
        let json = response(EncodingFormat::Base64).to_json();
        assert_eq!(json["data"][0]["embedding"], "AACAPwAAIMA=");
        assert_eq!(from_base64("AACAPwAAIMA="), Some(vec![1.0, -2.5]));
        assert_eq!((from_base64("AACAPwA="), from_base64("§")), (None, None));
    }
}
