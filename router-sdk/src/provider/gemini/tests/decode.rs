//! Whole replies: what the caller gets for each kind of part, finish reason and broken body.

use serde_json::{Value, json};

use super::super::Gemini;
use super::super::turns::replay::odd_versions;
use super::named;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatResponse;

fn decode(body: Value) -> Result<ChatResponse, Failure> {
    Gemini.decode(&named("gemini-3-pro-preview"), body.to_string().as_bytes())
}

fn reply(parts: Value, reason: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason, "index": 0}],
        "modelVersion": "gemini-3-pro", "responseId": "r1",
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8},
    })
}

#[test]
fn thoughts_text_and_calls_with_their_signatures() {
    let reply = decode(reply(
        json!([
            {"text": "Hm", "thought": true},
            {"text": "I'll look."},
            {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "sig"},
            {"functionCall": {"id": "own", "name": "g"}},
        ]),
        "STOP",
    ))
    .unwrap();
    let message = reply.message().unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("I'll look.", Some("tool_calls")));
    assert_eq!(message["reasoning_content"], "Hm");
    let calls = reply.tool_calls();
    let id = calls[0]["id"].as_str().unwrap();
    assert!(id.starts_with("call_") && id.len() <= 40, "{id}");
    assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{\"a\":1}"}));
    assert_eq!(calls[1], json!({"id": "own", "type": "function", "function": {"name": "g", "arguments": "{}"}}));
    let details = json!([
        {"type": "reasoning.text", "text": "Hm", "format": "gemini", "index": 0},
        {"type": "reasoning.encrypted", "data": "sig", "format": "gemini", "index": 2, "id": id},
    ]);
    assert_eq!(message["reasoning_details"], details);
    assert_eq!((reply.body["id"].as_str(), reply.body["modelVersion"].as_str()), (Some("r1"), Some("gemini-3-pro")));
}

#[test]
fn made_up_ids_differ_between_calls_and_replies() {
    let call = json!({"functionCall": {"name": "f", "args": {}}});
    let ids = |id: &str| {
        let mut body = reply(json!([call, call]), "STOP");
        body["responseId"] = id.into();
        let reply = decode(body).unwrap();
        reply.tool_calls().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = (ids("r1"), ids("r2"));
    assert_eq!(ids("r1"), first);
    let all: std::collections::HashSet<String> = first.into_iter().chain(second).collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn finish_reasons() {
    let text = json!([{"text": "x"}]);
    for (reason, expected) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("SOMETHING_NEW", "stop"),
    ] {
        assert_eq!(decode(reply(text.clone(), reason)).unwrap().finish_reason(), Some(expected), "{reason}");
    }
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "OTHER", "NO_IMAGE", "LANGUAGE"] {
        let failure = decode(reply(json!([]), reason)).unwrap_err();
        assert_eq!((failure.cause, failure.code.as_deref()), (Cause::ModelFault, Some(reason)));
    }
}

#[test]
fn answers_without_text() {
    let mut cut = reply(json!([]), "MAX_TOKENS");
    cut["candidates"][0]["content"] = json!({});
    let cut = decode(cut).unwrap();
    assert_eq!((cut.text(), cut.finish_reason()), ("", Some("length")));

    let mut silent = reply(json!([]), "SAFETY");
    silent["candidates"][0].as_object_mut().unwrap().shift_remove("content");
    silent["candidates"][0]["finishMessage"] = "Unsafe.".into();
    let silent = decode(silent).unwrap();
    assert_eq!(silent.message().unwrap()["refusal"], "Unsafe.");

    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}});
    let blocked = decode(blocked).unwrap();
    assert_eq!(blocked.finish_reason(), Some("content_filter"));
    assert_eq!(blocked.message().unwrap()["content"], Value::Null);
    assert_eq!(blocked.usage.unwrap().input, 4);
    assert_eq!(blocked.body["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
}

#[test]
fn usage_adds_thoughts_and_what_tools_read() {
    let mut body = reply(json!([{"text": "x"}]), "STOP");
    body["usageMetadata"] = json!({
        "promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 20, "thoughtsTokenCount": 30,
        "candidatesTokenCount": 10, "totalTokenCount": 160, "serviceTier": "standard",
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}, {"modality": "AUDIO", "tokenCount": 90}],
    });
    let reply = decode(body).unwrap();
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.cached_read, usage.audio_in), (120, 60, 90));
    assert_eq!((usage.output, usage.reasoning), (40, 30));
    assert_eq!(reply.body["usage"]["total_tokens"], 160);
    assert_eq!(reply.body["usage"]["serviceTier"], "standard");
}

#[test]
fn counts_without_input_are_none() {
    let mut body = reply(json!([{"text": "x"}]), "STOP");
    body["usageMetadata"] = json!({"candidatesTokenCount": 2});
    assert!(decode(body.clone()).unwrap().usage.is_none());
    body["usageMetadata"] = json!({"candidatesTokenCount": 2, "totalTokenCount": 9});
    assert_eq!(decode(body).unwrap().usage.unwrap().input, 7);
}

#[test]
fn grounding_becomes_annotations_by_characters() {
    let mut body = reply(json!([{"text": "Größe ist 5."}]), "STOP");
    body["candidates"][0]["groundingMetadata"] = json!({
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
        "groundingSupports": [{"segment": {"startIndex": 8, "endIndex": 14}, "groundingChunkIndices": [0, 7]}],
    });
    let reply = decode(body).unwrap();
    let citation = json!({"url": "https://a.example", "title": "A", "start_index": 6, "end_index": 12});
    assert_eq!(reply.message().unwrap()["annotations"], json!([{"type": "url_citation", "url_citation": citation}]));
    assert!(reply.body["groundingMetadata"]["groundingChunks"].is_array());
}

#[test]
fn several_candidates_pictures_server_parts_and_probabilities() {
    let mut body = reply(
        json!([
            {"executableCode": {"code": "1"}, "thoughtSignature": "s"},
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        ]),
        "STOP",
    );
    let second = json!({
        "content": {"parts": [{"text": "b"}]}, "finishReason": "STOP", "index": 1, "avgLogprobs": -0.5,
        "logprobsResult": {
            "chosenCandidates": [{"token": "b", "logProbability": -0.5}],
            "topCandidates": [{"candidates": [{"token": "c", "logProbability": -1.5}]}],
        },
    });
    body["candidates"].as_array_mut().unwrap().push(second);
    let reply = decode(body).unwrap();
    let first = reply.message().unwrap();
    assert_eq!(first["images"][0]["image_url"]["url"], "data:image/png;base64,QQ==");
    assert_eq!(first["server_blocks"][0]["block"]["thoughtSignature"], "s");
    let second = &reply.body["choices"][1];
    assert_eq!((second["index"].as_u64(), second["avgLogprobs"].as_f64()), (Some(1), Some(-0.5)));
    let rivals = json!([{"token": "c", "logprob": -1.5, "bytes": null}]);
    let content = json!([{"token": "b", "logprob": -0.5, "bytes": null, "top_logprobs": rivals}]);
    assert_eq!(second["logprobs"]["content"], content);
}

#[test]
fn what_is_no_answer_is_a_failure() {
    let cases: [(&[u8], Cause); 8] = [
        (b"", Cause::Empty),
        (b"<!doctype html>", Cause::Malformed),
        (b"{\"candidates\": [{", Cause::Malformed),
        (b"\"text\"", Cause::Malformed),
        (b"{\"candidates\": []}", Cause::Empty),
        (br#"{"candidates": [{"content": {}, "finishReason": "STOP"}]}"#, Cause::Empty),
        (br#"{"candidates": [{"content": {"parts": [{"text": "x"}]}}]}"#, Cause::Truncated),
        (br#"[{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}]"#, Cause::Overloaded),
    ];
    for (body, cause) in cases {
        let failure = Gemini.decode(&named("m"), body).unwrap_err();
        assert_eq!(failure.cause, cause, "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn odd_values_anywhere_never_panic() {
    let mut body = reply(
        json!([
            {"text": "Hm", "thought": true},
            {"text": "x", "thoughtSignature": "s"},
            {"functionCall": {"id": "i", "name": "f", "args": {"a": 1}}},
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        ]),
        "STOP",
    );
    body["candidates"][0]["groundingMetadata"] = json!({
        "groundingChunks": [{"web": {"uri": "u"}}],
        "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 99}, "groundingChunkIndices": [0]}],
    });
    body["candidates"][0]["logprobsResult"] = json!({"chosenCandidates": [{"token": "x"}], "topCandidates": [{}]});
    let versions = odd_versions(&body);
    let (mut answers, mut finished) = (0, 0);
    for body in &versions {
        answers += usize::from(decode(body.clone()).is_ok());
        let mut decoder = Gemini.decoder(&named("m"));
        let mut chunks = Vec::new();
        let _ = decoder.event("", &body.to_string(), &mut chunks);
        decoder.end(&mut chunks);
        finished += usize::from(chunks.iter().any(|c| c.finished));
    }
    assert!(answers > versions.len() / 2, "{answers} of {}", versions.len());
    assert!(finished >= answers, "{finished} streams, {answers} whole");
}
