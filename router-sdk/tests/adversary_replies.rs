//! Attacks from the provider's side: odd, huge, lying and leaking replies of all three families, and what the door makes of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;

use adversary_support::{ID, ask, asked, read, stage};
use bytes::Bytes;
use clawrouters::{ErrorKind, Router};
use http::Request;
use serde_json::{Value, json};

/// The families with the path that their base URLs end in.
const FAMILIES: [(&str, &str); 3] = [("openai", "/v1"), ("anthropic", ""), ("gemini", "/v1beta")];

fn of_kind(kind: &str, path: &str, more: Value) -> Value {
    let mut settings = json!({
        "retry": {"max_attempts": 1},
        "breaker": {"failures": 100_000},
        "providers": {"alpha": {"kind": kind, "base_url": format!("${{base}}/alpha{path}")}},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        settings["providers"]["alpha"][key] = value.clone();
    }
    settings
}

async fn error_of(router: &Router, stream: bool) -> clawrouters::Error {
    let request = ask(&["alpha/m"], json!({"stream": stream}));
    let error = if stream { read(router, request).await.1 } else { router.chat(request).await.err() };
    error.expect("an error")
}

#[tokio::test]
async fn a_key_that_the_provider_echoes_is_masked() {
    let mut faults = Vec::new();
    for key in ["sk-live-abcdefghijklmnop", "plainSecret0123", "tok_short"] {
        for (kind, path) in FAMILIES {
            let own = "own-header-secret-42";
            let echo = format!("Incorrect API key provided: {key} (tenant {own}).");
            let said = json!({"say": "x y z", "fault": {"kind": "in_stream_error", "after_pieces": 2, "error": {"message": echo}}});
            for reply in [
                json!({"status": 401, "error": {"message": echo}}),
                json!({"status": 400, "error": {"message": "bad", "code": key}}),
                json!({"status": 500, "body": echo}),
                json!({"status": 403, "body": format!("<html><title>{echo}</title></html>")}),
                json!({"status": 200, "body": {"error": {"message": echo, "type": "authentication_error"}}}),
                said,
            ] {
                let more = json!({"api_key": key, "headers": {"x-tenant-token": own}});
                let mut settings = of_kind(kind, path, more);
                settings["retry"] = json!({"max_total_attempts": 3, "backoff_ms": 1, "backoff_max_ms": 1});
                let (_fake, router) = stage(json!({"alpha": [reply]}), settings).await;
                for stream in [false, true] {
                    let error = error_of(&router, stream).await;
                    let told = format!("{error} {error:?} {} {:?}", error.to_json(), router.entries());
                    if told.contains(key) {
                        faults.push(format!("{kind} {reply} stream {stream}: {error}"));
                    }
                    if told.contains(own) {
                        faults.push(format!("an own header of {kind}, stream {stream}: {error}"));
                    }
                }
            }
        }
    }
    let of_keys = faults.iter().filter(|f| !f.starts_with("an own header")).take(4).collect::<Vec<_>>();
    assert!(faults.is_empty(), "{} leaks, of keys {of_keys:#?}, of headers {:#?}", faults.len(), faults.last());
}

/// Whole bodies of each family with counts beyond reason.
fn huge(kind: &str) -> Value {
    let most = u64::MAX;
    match kind {
        "openai" => {
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": most, "completion_tokens": most, "total_tokens": most,
                "prompt_tokens_details": {"cached_tokens": most, "audio_tokens": most}, "completion_tokens_details": {"reasoning_tokens": most, "audio_tokens": most}}})
        }
        "anthropic" => {
            json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": most, "output_tokens": most, "cache_read_input_tokens": most, "cache_creation_input_tokens": most}})
        }
        _ => json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": most, "candidatesTokenCount": most, "thoughtsTokenCount": most, "cachedContentTokenCount": most,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": most}, {"modality": "AUDIO", "tokenCount": most}]}}),
    }
}

/// The same as a stream.
fn huge_stream(kind: &str) -> String {
    let most = u64::MAX;
    let data = |v: Value| format!("data: {v}\n\n");
    match kind {
        "openai" => {
            let choice = json!([{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]);
            let usage = huge(kind)["usage"].clone();
            data(json!({"object": "chat.completion.chunk", "choices": choice}))
                + &data(json!({"object": "chat.completion.chunk", "choices": [], "usage": usage}))
                + "data: [DONE]\n\n"
        }
        "anthropic" => {
            data(
                json!({"type": "message_start", "message": {"role": "assistant", "content": [], "usage": {"input_tokens": most, "output_tokens": most, "cache_read_input_tokens": most}}}),
            ) + &data(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}))
                + &data(
                    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}),
                )
                + &data(
                    json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": most}}),
                )
                + &data(json!({"type": "message_stop"}))
        }
        _ => data(huge(kind)),
    }
}

#[tokio::test]
async fn counts_beyond_reason_do_not_panic() {
    let mut faults = Vec::new();
    for (kind, path) in FAMILIES {
        let replies = json!([{"body": huge(kind)}, {"headers": {"content-type": "text/event-stream"}, "body": huge_stream(kind)}]);
        let (_fake, router) = stage(json!({"alpha": replies}), of_kind(kind, path, json!({}))).await;
        let whole = tokio::spawn({
            let router = router.clone();
            async move { router.chat(ask(&["alpha/m"], json!({}))).await.map(|r| r.text().to_owned()) }
        });
        match whole.await {
            Ok(reply) => assert_eq!(reply.expect("a reply"), "x"),
            Err(_) => faults.push(format!("{kind}: a whole reply")),
        }
        let streamed = tokio::spawn(async move { read(&router, ask(&["alpha/m"], json!({"stream": true}))).await });
        match streamed.await {
            Ok((chunks, error)) => assert!(error.is_none() && !chunks.is_empty(), "{kind}: {error:?}"),
            Err(_) => faults.push(format!("{kind}: a stream")),
        }
    }
    assert!(faults.is_empty(), "panics on {faults:?}");
}

/// A sound body with one place after the other replaced by a value of another type.
fn mutations(body: &Value) -> Vec<Value> {
    fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| paths(v, &format!("{at}/{k}"), out)),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| paths(v, &format!("{at}/{i}"), out)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    paths(body, "", &mut all);
    // Counts beyond reason have a test of their own.
    let odd = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!("odd"),
        json!([]),
        json!({}),
        json!([null, 7, "x"]),
        json!({"a": []}),
        json!(true),
    ];
    let mut out = Vec::new();
    for path in all {
        for value in &odd {
            let mut mutant = body.clone();
            if let Some(place) = mutant.pointer_mut(&path) {
                *place = value.clone();
            }
            out.push(mutant);
        }
    }
    out
}

fn rich(kind: &str) -> Value {
    match kind {
        "openai" => json!({"id": "i", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "x", "reasoning_content": "r",
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "prompt_tokens_details": {"cached_tokens": 1}, "cost": 0.1}}),
        "anthropic" => {
            json!({"id": "i", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "stop_sequence": null,
            "content": [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "text", "text": "x", "citations": [{"type": "c", "cited_text": "y"}]},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}],
            "usage": {"input_tokens": 5, "output_tokens": 3, "cache_creation": {"ephemeral_1h_input_tokens": 1}}})
        }
        _ => {
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "t", "thought": true}, {"text": "x"},
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}, "finishReason": "STOP", "index": 0,
                "groundingMetadata": {"groundingChunks": [{"web": {"uri": "u", "title": "t"}}], "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 1}, "groundingChunkIndices": [0]}]}}],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8}, "modelVersion": "m", "responseId": "i"})
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_of_odd_shapes_are_answers_or_verdicts_and_never_panics() {
    for (kind, path) in FAMILIES {
        let bodies = mutations(&rich(kind));
        let count = bodies.len();
        let replies: Vec<Value> = bodies
            .iter()
            .map(|b| json!({"body": b.to_string(), "headers": {"content-type": "application/json"}}))
            .collect();
        let (fake, router) = stage(json!({"alpha": replies}), of_kind(kind, path, json!({}))).await;
        for body in &bodies {
            let router = router.clone();
            let call =
                tokio::spawn(async move { router.chat(ask(&["alpha/m"], json!({}))).await.map(|r| r.to_json()) });
            match call.await {
                Err(_) => panic!("{kind}: a panic on {body}"),
                Ok(Err(error)) => assert_ne!(error.kind(), ErrorKind::Internal, "{kind}: {error} on {body}"),
                Ok(Ok(reply)) => {
                    assert!(reply["choices"][0]["message"].is_object(), "{kind}: {reply} on {body}");
                    assert!(reply["choices"][0]["finish_reason"].is_string(), "{kind}: {reply} on {body}");
                    assert!(reply["usage"]["total_tokens"].is_u64(), "{kind}: {reply} on {body}");
                }
            }
        }
        assert_eq!(asked(&fake, "alpha"), count);
        // The same as the one event of a stream, which each family reads in its own way.
        let streams: Vec<Value> = bodies
            .iter()
            .step_by(3)
            .map(|b| {
                let mut event = b.clone();
                let choice = event.pointer_mut("/choices/0").and_then(Value::as_object_mut);
                if let Some((choice, message)) = choice.and_then(|c| c.remove("message").map(|m| (c, m))) {
                    choice.insert("delta".into(), message);
                }
                json!({"body": format!("data: {event}\n\n"), "headers": {"content-type": "text/event-stream"}})
            })
            .collect();
        let count = streams.len();
        let (_fake, router) = stage(json!({"alpha": streams}), of_kind(kind, path, json!({}))).await;
        for i in 0..count {
            let router = router.clone();
            let call = tokio::spawn(async move { read(&router, ask(&["alpha/m"], json!({"stream": true}))).await });
            let (chunks, error) = call.await.unwrap_or_else(|_| panic!("{kind}: a panic on stream {i}"));
            if error.is_none() {
                let finished = chunks.iter().any(|c| c["choices"][0]["finish_reason"].is_string());
                assert!(finished, "{kind}: no finish reason in {chunks:?}");
            }
        }
    }
}

#[tokio::test]
async fn odd_anthropic_events_do_not_panic() {
    let events = [
        json!({"type": "message_start", "message": {"id": "i", "role": "assistant", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "c", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    let mut streams = Vec::new();
    for (at, event) in events.iter().enumerate() {
        for mutant in mutations(event) {
            let text: String = events
                .iter()
                .enumerate()
                .map(|(i, e)| format!("data: {}\n\n", if i == at { &mutant } else { e }))
                .collect();
            streams.push(json!({"body": text, "headers": {"content-type": "text/event-stream"}}));
        }
    }
    let count = streams.len();
    let (_fake, router) = stage(json!({"alpha": streams}), of_kind("anthropic", "", json!({}))).await;
    for i in 0..count {
        let router = router.clone();
        let call = tokio::spawn(async move { read(&router, ask(&["alpha/m"], json!({"stream": true}))).await });
        call.await.unwrap_or_else(|_| panic!("a panic on stream {i}"));
    }
}

#[tokio::test]
async fn usage_and_cost_are_exact_whole_and_streamed() {
    for (kind, path) in FAMILIES {
        let usage = json!({"input": 1_000, "output": 50, "cached": 800, "reasoning": 20});
        let (_fake, router) =
            stage(json!({"alpha": [{"say": "x y z", "usage": usage}]}), of_kind(kind, path, json!({}))).await;
        // 200 * 1 + 800 * 0.1 + 50 * 2 USD per 1M are 380,000 nano-dollars.
        let reply = router.chat(ask(&["alpha/m"], json!({}))).await.expect("a reply");
        assert_eq!(reply.route.cost_nanos, Some(380_000), "{kind}");
        let told = reply.to_json();
        assert_eq!(
            (
                told["usage"]["prompt_tokens"].as_u64(),
                told["usage"]["completion_tokens"].as_u64(),
                told["usage"]["total_tokens"].as_u64()
            ),
            (Some(1_000), Some(50), Some(1_050)),
            "{kind}"
        );
        assert_eq!(told["usage"]["prompt_tokens_details"]["cached_tokens"], json!(800), "{kind}");
        for include in [false, true] {
            let request = ask(&["alpha/m"], json!({"stream": true, "stream_options": {"include_usage": include}}));
            let (chunks, error) = read(&router, request).await;
            assert!(error.is_none(), "{kind}: {error:?}");
            let last = chunks.last().expect("a chunk");
            assert_eq!(last["clawrouters"]["cost"], json!(0.000_38), "{kind} include {include}");
            assert_eq!(last["clawrouters"]["usage"]["input"], json!(1_000));
            assert_eq!(last["usage"]["total_tokens"], json!(1_050), "{kind}");
            assert_eq!(last["choices"].as_array().map(Vec::is_empty), Some(include), "{kind}: {last}");
            let with_usage = chunks.iter().filter(|c| c["usage"].is_object()).count();
            assert_eq!(with_usage, 1, "{kind}: usage is told once");
            assert_eq!(chunks.iter().filter(|c| c["clawrouters"].is_object()).count(), 1, "{kind}");
        }
        assert_eq!(router.spending().spent_nanos, 3 * 380_000, "{kind}");
    }
}

#[tokio::test]
async fn unknown_usage_is_estimated_and_never_zero() {
    let mut faults = Vec::new();
    for (kind, path) in FAMILIES {
        let call = json!({"tool_calls": [{"name": "look_up_the_weather", "arguments": {"city": "Lima, the capital of Peru", "days": 5}}], "usage": null});
        let (_fake, router) = stage(json!({"alpha": [call]}), of_kind(kind, path, json!({}))).await;
        let tools = json!([{"type": "function", "function": {"name": "look_up_the_weather", "parameters": {"type": "object"}}}]);
        let reply = router.chat(ask(&["alpha/m"], json!({"tools": tools}))).await.expect("a reply");
        let usage = reply.usage.expect("usage");
        assert!(usage.estimated && usage.input > 0, "{kind}");
        if usage.output == 0 {
            faults.push(format!("{kind} whole"));
        }
        let (chunks, error) = read(&router, ask(&["alpha/m"], json!({"tools": tools, "stream": true}))).await;
        assert!(error.is_none(), "{kind}: {error:?}");
        let usage = &chunks.last().expect("a chunk")["clawrouters"]["usage"];
        if usage["estimated"] != json!(true) || usage["output"].as_u64() == Some(0) {
            faults.push(format!("{kind} streamed: {usage}"));
        }
    }
    assert!(faults.is_empty(), "a tool call is output: {faults:?}");
}

#[tokio::test]
async fn failures_hide_behind_the_next_candidate_in_every_family() {
    let mut faults = Vec::new();
    for (kind, path) in FAMILIES {
        let bad = json!([
            {"fault": {"kind": "html"}}, {"fault": {"kind": "empty"}}, {"finish": null, "done": false, "chunks": [""], "usage": null},
            {"fault": {"kind": "reset_before_headers"}}, {"fault": {"kind": "garbage_before_headers"}}, {"fault": {"kind": "gzip_broken"}, "say": "x"},
            {"fault": {"kind": "invalid_utf8"}, "say": "x"}, {"fault": {"kind": "malformed"}, "say": "x"}, {"body": "[]"}, {"body": "7"}, {"body": "{}"}, {"body": "null"},
            {"body": "plain text"}, {"body_base64": "//79AAA="}, {"status": 204, "body": ""}, {"status": 302, "body": ""}, {"status": 599, "body": ""},
        ]);
        let count = bad.as_array().map_or(0, Vec::len);
        for stream in [false, true] {
            let (_fake, router) =
                stage(json!({"alpha": bad, "beta": [{"say": "good"}]}), of_kind(kind, path, json!({}))).await;
            for i in 0..count - 1 {
                let request = ask(&["alpha/m", "beta/m"], json!({"stream": stream}));
                let text = if stream {
                    let (chunks, error) = read(&router, request).await;
                    if let Some(error) = error {
                        faults.push(format!("{kind} {}: stream {error:?}", bad[i]));
                        continue;
                    }
                    chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect::<String>()
                } else {
                    router.chat(request).await.map_or_else(|e| format!("{e:?}"), |r| r.text().to_owned())
                };
                if text != "good" {
                    faults.push(format!("{kind} {} stream {stream}: {text:?}", bad[i]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn door(router: &Router, body: Value) -> (http::response::Parts, Vec<u8>) {
    let request = Request::post("https://any.host/some/prefix/v1/chat/completions")
        .header("authorization", "Bearer sk-inbound-secret-999")
        .header("cookie", "inbound=1")
        .header("x-api-key", "inbound-key")
        .header("openai-organization", "inbound-org")
        .header("x-clawrouters-tag-team", "red")
        .body(Bytes::from(body.to_string()));
    let (parts, mut body) = router.endpoint().call(request.expect("a request")).await.into_parts();
    let mut bytes = Vec::new();
    while let Some(more) = body.next_batch().await {
        bytes.extend_from_slice(&more);
    }
    (parts, bytes)
}

#[tokio::test]
async fn the_door_forwards_nothing_inbound_and_labels_every_answer() {
    for (kind, path) in FAMILIES {
        let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), of_kind(kind, path, json!({}))).await;
        for stream in [false, true] {
            let body = json!({"model": "alpha/m", "messages": [{"role": "user", "content": "x"}], "stream": stream});
            let (parts, bytes) = door(&router, body).await;
            assert_eq!(parts.status, 200);
            for name in [
                "x-clawrouters-model",
                "x-clawrouters-provider",
                "x-clawrouters-attempts",
                "x-clawrouters-request-id",
                "x-request-id",
            ] {
                assert!(parts.headers.contains_key(name), "{kind}: {name}");
            }
            assert_eq!(parts.headers.contains_key("x-clawrouters-cost"), !stream);
            assert_eq!(bytes.ends_with(b"data: [DONE]\n\n"), stream);
        }
        let told = serde_json::to_string(&fake.requests(ID)).expect("JSON");
        assert!(!told.contains("inbound"), "{kind}: {told}");
        assert_eq!(router.entries()[0].tags.get("team").map(String::as_str), Some("red"));
    }
}

#[tokio::test]
async fn the_door_answers_errors_in_openai_form_with_the_right_status() {
    let mut faults = Vec::new();
    let hint = json!({"retry-after": "7"});
    let cases = [
        (json!({"status": 401, "error": {}}), 401, "authentication_error"),
        (json!({"status": 403, "error": {}}), 403, "permission_error"),
        (json!({"status": 429, "error": {}, "headers": hint}), 429, "rate_limit_error"),
        (json!({"status": 429, "error": {"code": "insufficient_quota"}}), 429, "rate_limit_error"),
        (json!({"status": 400, "error": {"message": "odd"}}), 400, "invalid_request_error"),
        (json!({"status": 400, "error": {"code": "context_length_exceeded"}}), 400, "invalid_request_error"),
        (json!({"status": 500, "error": {}}), 503, "api_error"),
        (json!({"fault": {"kind": "hang_before_headers"}}), 504, "api_error"),
    ];
    for (reply, status, kind) in cases {
        for stream in [false, true] {
            let settings = json!({"retry": {"max_attempts": 1}, "timeouts": {"total_ms": 500}});
            let (_fake, router) = stage(json!({"alpha": [reply]}), settings).await;
            let body = json!({"model": "alpha/m", "messages": [{"role": "user", "content": "x"}], "stream": stream});
            let (parts, bytes) = door(&router, body).await;
            let error: Value = serde_json::from_slice(&bytes).expect("JSON");
            let error = &error["error"];
            assert_eq!((parts.status.as_u16(), error["type"].as_str()), (status, Some(kind)), "{reply}: {error}");
            for field in ["message", "param", "code"] {
                assert!(error.get(field).is_some(), "{field} of {error}");
            }
            assert!(!error["message"].as_str().unwrap_or_default().is_empty());
            assert_eq!(parts.headers.get("x-should-retry").map(http::HeaderValue::as_bytes), Some(&b"false"[..]));
            assert_eq!(parts.headers.contains_key("retry-after"), reply["headers"].is_object(), "{reply}");
            for name in ["x-request-id", "x-clawrouters-request-id"] {
                if !parts.headers.contains_key(name) {
                    faults.push(format!("{name} of {reply}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "missing: {faults:#?}");
}
