//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::super::turns::replay::bytes_of;
use super::named;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Gemini,
        target: named("gemini-3-pro-preview"),
        reply: reply(parts(), true),
        stream: bytes_of(&events(), "\r\n"),
        needed: &[
            "",
            "/candidates",
            "/candidates/0",
            "/candidates/0/finishReason",
            "/candidates/0/content",
            "/candidates/0/content/parts",
        ],
        told: &["/candidates/0/content", "/candidates/0/index"],
        needed_in_events: &["/candidates", "/candidates/0", "/candidates/0/finishReason", "/candidates/0/index"],
    }
}

fn parts() -> Value {
    json!([
        {"text": "Hm", "thought": true, "thoughtSignature": "s0"},
        {"text": "Hi", "thoughtSignature": "s1"},
        {"functionCall": {"id": "i1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "s2"},
        {"functionCall": {"name": "g"}},
        {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    ])
}

fn reply(parts: Value, last: bool) -> Value {
    let mut candidate = json!({
        "content": {"role": "model", "parts": parts}, "index": 0, "avgLogprobs": -0.5, "tokenCount": 4,
        "safetyRatings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "LOW", "blocked": false}],
        "citationMetadata": {"citationSources": [{"uri": "u"}]},
        "logprobsResult": {
            "chosenCandidates": [{"token": "Hi", "logProbability": -0.1}],
            "topCandidates": [{"candidates": [{"token": "Hi", "logProbability": -0.1}]}],
        },
        "groundingMetadata": {
            "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
            "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]}],
        },
    });
    if last {
        candidate["finishReason"] = "STOP".into();
        candidate["finishMessage"] = "done".into();
    }
    json!({
        "candidates": [candidate], "modelVersion": "gemini-3", "responseId": "r1", "createTime": "2026-01-01T00:00:00Z",
        "promptFeedback": {"safetyRatings": []},
        "usageMetadata": {
            "promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 20,
            "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 2, "trafficType": "ON_DEMAND",
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
            "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 5}],
        },
    })
}

fn events() -> Vec<Value> {
    let piece =
        json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.a[0]", "numberValue": 1}], "willContinue": true}}]);
    vec![
        reply(json!([{"text": "H\u{e9}", "thought": true}]), false),
        reply(json!([{"text": "m", "thought": true, "thoughtSignature": "s0"}, {"text": "Hi"}]), false),
        reply(json!([{"functionCall": {"id": "i1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "s2"}]), false),
        reply(json!([{"functionCall": {"name": "g", "willContinue": true}}]), false),
        reply(piece, false),
        reply(json!([{"functionCall": {}}]), false),
        reply(json!([{"text": ""}]), true),
    ]
}
