//! What a reply has to know of the request it answers: path, query and body in, facts out.

use crate::embeddings::Embeds;
use crate::reply::Family;
use serde_json::Value;

/// The facts of one request that shape its reply.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) family: Family,
    pub(crate) model: String,
    /// Whether the reply streams.
    pub(crate) stream: bool,
    /// Gemini: whether the stream is server-sent events; else it is a JSON array.
    pub(crate) sse: bool,
    /// OpenAI: whether the stream ends with a usage chunk.
    pub(crate) include_usage: bool,
    /// Counts the script's requests from 1; ids are made from it.
    pub(crate) number: u64,
    /// The inputs of a call for embeddings.
    pub(crate) embeds: Option<Embeds>,
}

impl Asked {
    pub(crate) fn new(family: Option<Family>, path: &str, query: &str, body: &Value, number: u64) -> Self {
        let family = family.unwrap_or_else(|| family_of(path));
        let stream = match family {
            Family::Gemini => path.ends_with(":streamGenerateContent"),
            Family::Bedrock => path.ends_with("/converse-stream"),
            Family::OpenAi | Family::Anthropic => body["stream"] == Value::Bool(true),
        };
        let in_path = path.rsplit('/').next().and_then(|last| last.split(':').next());
        let model = match family {
            Family::Gemini => in_path,
            Family::Bedrock => path.rsplit('/').nth(1),
            Family::OpenAi | Family::Anthropic => body["model"].as_str(),
        };
        Self {
            family,
            model: model.unwrap_or("unnamed").to_owned(),
            stream,
            sse: query.split('&').any(|pair| pair == "alt=sse"),
            include_usage: body["stream_options"]["include_usage"] == Value::Bool(true),
            number,
            embeds: Embeds::new(path, body),
        }
    }
}

fn family_of(path: &str) -> Family {
    if path.ends_with("/messages") {
        Family::Anthropic
    } else if path.ends_with("/converse") || path.ends_with("/converse-stream") {
        Family::Bedrock
    } else if path.contains(":generateContent")
        || path.contains(":streamGenerateContent")
        || path.ends_with(":batchEmbedContents")
    {
        Family::Gemini
    } else {
        Family::OpenAi
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn streams_as_each_family_asks_for_it() {
        let asked = |path, query, body: Value| Asked::new(None, path, query, &body, 1);
        let openai = asked(
            "/v1/chat/completions",
            "",
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}}),
        );
        assert!(openai.stream && openai.include_usage && openai.family == Family::OpenAi);
        let anthropic = asked("/v1/messages", "", json!({"model": "m", "stream": false}));
        assert!(!anthropic.stream && anthropic.family == Family::Anthropic);
        let path = "/v1beta/models/flash:streamGenerateContent";
        let gemini = asked(path, "alt=sse", json!({}));
        assert!(gemini.stream && gemini.sse && gemini.model == "flash");
        assert!(!asked(path, "", json!({})).sse);
        assert!(!asked("/v1beta/models/flash:generateContent", "", json!({})).stream);
    }
}
