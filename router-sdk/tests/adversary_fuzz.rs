//! Attacks by mutation: requests and streams with one place after the other replaced by a value of another type.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;

use std::time::{Duration, Instant};

use adversary_support::{ID, ask, asked, read, stage};
use clawrouters::{ChatRequest, Config, ErrorKind};
use serde_json::{Value, json};

const FAMILIES: [(&str, &str); 3] = [("openai", "/v1"), ("anthropic", ""), ("gemini", "/v1beta")];

fn of_kind(kind: &str, path: &str) -> Value {
    json!({
        "retry": {"max_attempts": 1}, "breaker": {"failures": 100_000},
        "providers": {"alpha": {"kind": kind, "base_url": format!("${{base}}/alpha{path}")}},
    })
}

fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| paths(v, &format!("{at}/{k}"), out)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| paths(v, &format!("{at}/{i}"), out)),
        _ => {}
    }
}

fn mutations(body: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    paths(body, "", &mut all);
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!("odd"),
        json!(""),
        json!([]),
        json!({}),
        json!([null, 7]),
        json!({"type": 5}),
        json!(true),
    ];
    let mut out = Vec::new();
    for path in all.iter().filter(|p| *p != "/model") {
        for value in &odd {
            let mut mutant = body.clone();
            if let Some(place) = mutant.pointer_mut(path) {
                *place = value.clone();
            }
            out.push((format!("{path} = {value}"), mutant));
        }
    }
    out
}

fn rich_request() -> Value {
    json!({
        "model": "alpha/m", "temperature": 0.5, "top_p": 0.9, "max_tokens": 100, "stop": ["x"], "seed": 7, "user": "u",
        "reasoning_effort": "low", "parallel_tool_calls": false, "metadata": {"user_id": "u"}, "logit_bias": {"5": 1},
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true, "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "strict": true, "schema": {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}}}},
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "name": "n", "content": [{"type": "text", "text": "t"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}, {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}}]},
            {"role": "assistant", "content": "x", "reasoning_content": "r", "reasoning_details": [{"type": "reasoning.text", "text": "r", "signature": "s", "format": "anthropic-claude-v1", "index": 0}],
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "42"}]},
            {"role": "user", "content": "go on"},
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_requests_are_sent_or_refused_and_never_panic() {
    for (kind, path) in FAMILIES {
        let (_fake, router) = stage(json!({"alpha": [{"say": "up"}]}), of_kind(kind, path)).await;
        let mut answered = 0;
        let mut rich = rich_request();
        if kind == "anthropic" {
            // It takes no audio, which would refuse every mutant.
            rich["messages"][1]["content"].as_array_mut().expect("parts").remove(2);
        }
        for (what, body) in mutations(&rich) {
            let router = router.clone();
            let call = tokio::spawn(async move {
                let request = ChatRequest::from_value(body)?;
                router.classify(&request);
                router.explain(&request)?;
                router.chat(request).await.map(|_| ())
            });
            match call.await {
                Err(_) => panic!("{kind}: a panic on {what}"),
                Ok(Err(error)) => assert_ne!(error.kind(), ErrorKind::Internal, "{kind}: {error} on {what}"),
                Ok(Ok(())) => answered += 1,
            }
        }
        assert!(answered > 100, "{kind}: most mutants are still requests, {answered} were answered");
        assert_eq!(router.spending().held_nanos, 0);
    }
}

fn events(kind: &str) -> Vec<Value> {
    match kind {
        "openai" => {
            let chunk = |delta: Value, finish: Value| json!({"id": "i", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
            vec![
                chunk(json!({"role": "assistant", "content": "x", "reasoning_content": "r"}), json!(null)),
                chunk(
                    json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]}),
                    json!(null),
                ),
                chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}), json!(null)),
                chunk(json!({}), json!("tool_calls")),
                json!({"id": "i", "object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}}),
            ]
        }
        _ => {
            let part = |parts: Value, finish: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8}, "responseId": "i"});
            vec![
                part(json!([{"text": "t", "thought": true}]), json!(null)),
                part(
                    json!([{"text": "x"}, {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}]),
                    json!(null),
                ),
                part(json!([{"text": ""}]), json!("STOP")),
            ]
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_events_of_streams_do_not_panic() {
    for (kind, path) in [FAMILIES[0], FAMILIES[2]] {
        let sound = events(kind);
        let mut streams = Vec::new();
        for (at, event) in sound.iter().enumerate() {
            for (what, mutant) in mutations(event) {
                let text: String = sound
                    .iter()
                    .enumerate()
                    .map(|(i, e)| format!("data: {}\n\n", if i == at { &mutant } else { e }))
                    .collect();
                streams.push((format!("event {at} {what}"), json!({"body": text + if kind == "openai" { "data: [DONE]\n\n" } else { "" }, "headers": {"content-type": "text/event-stream"}})));
            }
        }
        let replies: Vec<Value> = streams.iter().map(|(_, reply)| reply.clone()).collect();
        let (_fake, router) = stage(json!({"alpha": replies}), of_kind(kind, path)).await;
        for (what, _) in &streams {
            let router = router.clone();
            let call = tokio::spawn(async move { read(&router, ask(&["alpha/m"], json!({"stream": true}))).await });
            let (chunks, error) = call.await.unwrap_or_else(|_| panic!("{kind}: a panic on {what}"));
            if error.is_none() {
                assert!(
                    chunks.iter().any(|c| c["choices"][0]["finish_reason"].is_string()),
                    "{kind}: no finish reason on {what}"
                );
            }
        }
        assert_eq!(router.spending().held_nanos, 0);
    }
}

#[tokio::test]
async fn unknown_fields_pass_in_every_family() {
    for (kind, path) in FAMILIES {
        let (fake, router) =
            stage(json!({"alpha": [{"say": "up", "extra": {"vendor_note": {"a": 1}}}]}), of_kind(kind, path)).await;
        let reply =
            router.chat(ask(&["alpha/m"], json!({"own_option": {"k": [1, null]}}))).await.expect("a reply").to_json();
        assert_eq!(reply["vendor_note"], json!({"a": 1}), "{kind}");
        let (chunks, error) =
            read(&router, ask(&["alpha/m"], json!({"own_option": {"k": [1, null]}, "stream": true}))).await;
        assert!(error.is_none(), "{kind}: {error:?}");
        assert!(chunks.iter().any(|c| c["vendor_note"] == json!({"a": 1})), "{kind}: {chunks:?}");
        for sent in fake.requests(ID) {
            assert_eq!(sent.body["own_option"], json!({"k": [1, null]}), "{kind}");
        }
        let ids: Vec<_> = chunks.iter().map(|c| (&c["id"], &c["created"], &c["model"], &c["object"])).collect();
        assert!(ids.windows(2).all(|w| w[0] == w[1]), "{kind}: every chunk has the same head: {ids:?}");
    }
}

#[tokio::test]
async fn a_stream_that_only_comments_has_stopped_talking() {
    // Anthropic's pings are events and count as talk.
    for (kind, path) in [FAMILIES[0], FAMILIES[2]] {
        let mut settings = of_kind(kind, path);
        settings["timeouts"] = json!({"idle_ms": 600, "total_ms": 6_000});
        let pinging = json!({"say": "x y z", "fault": {"kind": "never_ending", "silent": true, "after_pieces": 1}});
        let (_fake, router) = stage(json!({"alpha": [pinging]}), settings).await;
        let started = Instant::now();
        let (_, error) = read(&router, ask(&["alpha/m"], json!({"stream": true}))).await;
        assert_eq!(error.map(|e| e.kind()), Some(ErrorKind::StreamInterrupted), "{kind}");
        assert!(started.elapsed() < Duration::from_secs(4), "{kind}: idle is 0.6 s, it lasted {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn without_fallbacks_a_resting_first_choice_is_not_replaced() {
    let script = json!({"alpha": [{"status": 503, "error": {}}], "beta": [{"say": "up"}]});
    let settings = json!({"retry": {"max_attempts": 1}, "breaker": {"failures": 1, "cooldown_ms": 60000, "cooldown_max_ms": 60000}});
    let (fake, router) = stage(script, settings).await;
    let request = || ask(&["alpha/m", "beta/m"], json!({"route": {"allow_fallbacks": false}}));
    for _ in 0..2 {
        let error = router
            .chat(request())
            .await
            .map(|r| r.model().to_owned())
            .expect_err("alpha is down, nobody else may answer");
        assert_eq!(error.kind(), ErrorKind::ProviderUnavailable);
    }
    assert_eq!(asked(&fake, "beta"), 0);
}

#[tokio::test]
async fn what_cannot_be_said_is_no_send() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), of_kind("anthropic", "")).await;
    let error = router.chat(ask(&["alpha/m"], json!({"n": 9}))).await.expect_err("too many sends");
    assert_eq!((error.kind(), asked(&fake, "alpha")), (ErrorKind::InvalidRequest, 0));
    assert!(error.attempts().is_empty(), "attempts are sends: {:?}", error.attempts());
}

#[tokio::test]
async fn a_tiny_deadline_is_a_timeout_with_balanced_books() {
    let (_fake, router) =
        stage(json!({"alpha": [{"say": "up", "delay_ms": 500}], "beta": [{"say": "up", "delay_ms": 500}]}), json!({}))
            .await;
    for stream in [false, true] {
        let request = ask(&["alpha/m", "beta/m"], json!({"stream": stream, "route": {"deadline_ms": 1}}));
        let error = if stream { read(&router, request).await.1 } else { router.chat(request).await.err() };
        assert_eq!(error.expect("an error").kind(), ErrorKind::Timeout);
    }
    assert_eq!((router.spending().held_nanos, router.entries().len()), (0, 2));
    let plan = router.explain(&ask(&["alpha/m", "beta/m"], json!({}))).expect("an explanation").plan;
    assert_eq!(plan.resting, [], "a caller's deadline is no fault of a provider");
}

#[test]
fn nothing_private_is_in_debug() {
    let config = Config::from_value(json!({"providers": {"own": {"base_url": "http://x", "api_key": "plainSecret0123", "headers": {"x-t": "tenant-secret"}}}})).expect("a config");
    let request = ask(&["own/m"], json!({"messages": [{"role": "user", "content": "the private prompt"}]}));
    let router = clawrouters::Router::new(config.clone()).expect("a router");
    let plan = router.plan(&request).expect("a plan");
    let told = format!("{config:?} {router:?} {request:?} {plan:?} {:?}", router.explain(&request));
    for private in ["plainSecret0123", "tenant-secret", "private prompt"] {
        assert!(!told.contains(private), "{private} in {told}");
    }
    let wrong =
        ChatRequest::from_value(json!({"model": "a/b", "messages": [{"role": "the private prompt", "content": 5}]}))
            .expect_err("wrong");
    assert!(!format!("{wrong:?} {}", wrong.to_json()).contains("private prompt"));
}

fn rich_config() -> Value {
    json!({
        "strategy": "balanced",
        "providers": {
            "alpha": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "secret-of-alpha", "zdr": true},
            "box": {"kind": "sandbox", "sandbox": {"latency": 0, "fail": {"after": 1, "count": 2, "status": 503}}},
        },
        "models": [{"id": "alpha/m", "price": {"input": 1.0, "output": 2.0}, "quality": 40, "context_window": 9000}],
        "aliases": {"quick": ["alpha/m", "box/gpt-4o"]},
        "rules": [{"name": "r", "pattern": "(?i)law", "min_difficulty": 0.5, "kind": "reasoning"}],
        "limits": {"global": {"requests_per_minute": 60, "tokens_per_day": 100_000, "concurrency": 4}, "queue_ms": 50},
        "budgets": {"global": [{"usd": 5.0, "window": "day", "time_zone": "Europe/Berlin", "soft": 0.8, "on_soft": "cheapest"}]},
        "cache": {"exact": {"ttl_s": 60, "max_entries": 10}, "semantic": {"threshold": 0.9, "embedder": "lexical"}},
        "keys": {"memory": true, "refresh_ms": 500},
        "redact": {"kinds": ["email", "card"], "restore": true},
        "judge": {"model": "alpha/m", "deadline_ms": 300},
        "learning": {"explore": 0.02},
        "sessions": {"enabled": true, "ttl_s": 600, "switching_budget": 0.1},
        "timeouts": {"connect_ms": 500, "first_token_ms": 9000, "idle_ms": 9000, "total_ms": 60_000},
        "retry": {"max_attempts": 2, "max_total_attempts": 4},
        "breaker": {"failures": 3},
        "ledger": {"max_entries": 50, "flush_ms": 100, "queue": 64},
    })
}

#[tokio::test]
async fn odd_configurations_are_typed_errors_and_never_panic() {
    let whole = rich_config();
    clawrouters::Router::new(Config::from_value(whole.clone()).unwrap()).unwrap();
    let (mut refused, mut taken) = (0, 0);
    for (what, mutant) in mutations(&whole) {
        match Config::from_value(mutant).and_then(clawrouters::Router::new) {
            Ok(_) => taken += 1,
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{what}: {error}");
                assert!(
                    error.param().is_some_and(|param| !param.is_empty()) || what.starts_with(" ="),
                    "{what}: {error}"
                );
                assert!(!format!("{error} {error:?}").contains("secret-of"), "{what}: {error}");
            }
        }
    }
    println!("{refused} refused, {taken} taken");
    assert!(refused > 300 && taken > 20, "{refused} refused, {taken} taken");
}
