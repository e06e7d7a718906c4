//! Errors inside streams of the other families, as each of them spells them, before and after output.

use serde_json::{Value, json};

use crate::adversary_support::{ask, stage};
use crate::hear;

/// A family, the type of its streams, its path, a beginning with the text `Half `, and its errors.
fn families() -> Vec<(&'static str, &'static str, &'static str, String, Vec<String>)> {
    let data = |json: Value| format!("data: {json}\n\n");
    let named = |json: Value| format!("event: {}\ndata: {json}\n\n", json["type"].as_str().unwrap_or_default());
    let item = json!({"type": "message", "id": "m", "role": "assistant", "status": "in_progress", "content": []});
    let responses = [
        named(json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}})),
        named(json!({"type": "response.output_item.added", "output_index": 0, "item": item})),
        named(
            json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "Half "}),
        ),
    ];
    let failed =
        json!({"id": "r", "status": "failed", "error": {"code": "server_error", "message": "It broke."}, "output": []});
    let cohere = [
        named(json!({"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}})),
        named(
            json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}),
        ),
        named(json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Half "}}}})),
    ];
    let ended = json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "It broke."}});
    let ollama =
        format!("{}\n", json!({"model": "m", "message": {"role": "assistant", "content": "Half "}, "done": false}));
    let openai = data(
        json!({"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Half "}, "finish_reason": null}]}),
    );
    vec![
        (
            "openai-responses",
            "text/event-stream",
            "/v1",
            responses.concat(),
            vec![
                named(json!({"type": "error", "code": "server_error", "message": "It broke."})),
                named(json!({"type": "error", "error": {"type": "server_error", "message": "It broke."}})),
                named(json!({"type": "response.failed", "response": failed})),
            ],
        ),
        (
            "cohere",
            "text/event-stream",
            "",
            cohere.concat(),
            vec![named(ended), data(json!({"id": "c", "message": "internal server error"}))],
        ),
        (
            "ollama",
            "application/x-ndjson",
            "",
            ollama,
            vec![format!("{}\n", json!({"error": "an error was encountered while running the model"}))],
        ),
        (
            "openai",
            "text/event-stream",
            "/v1",
            openai,
            vec![
                data(json!({"error": {"message": "It broke.", "type": "server_error", "code": 500}})),
                data(
                    json!({"error": {"message": "Provider returned error", "code": 502}, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}),
                ),
                data(json!({"error": "It broke."})),
                "event: error\ndata: {\"message\": \"It broke.\", \"type\": \"server_error\"}\n\n".to_owned(),
            ],
        ),
    ]
}

#[tokio::test]
async fn errors_inside_streams_go_to_the_other_target() {
    for (kind, content_type, path, begun, errors) in families() {
        for error in errors {
            for (first, text, resumed) in [("", "of it.", 0), (begun.as_str(), "Half of it.", 1)] {
                let reply = json!({"body": format!("{first}{error}"), "headers": {"content-type": content_type}});
                let script = json!({"a": [reply], "b": [{"family": "openai", "say": "of it."}]});
                let provider = json!({"kind": kind, "base_url": format!("${{base}}/a{path}")});
                let (_fake, router) = stage(script, json!({"providers": {"a": provider}})).await;
                let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
                assert!(heard.error.is_none(), "{kind} {error:?}: {:?}", heard.error);
                assert_eq!(heard.text, text, "{kind} {error:?}");
                let route = heard.route.expect("a route");
                assert_eq!((route.resumed.len(), route.model.as_str()), (resumed, "b/m"), "{kind} {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_endless_answer_ends_by_the_deadline_with_what_it_said() {
    let endless = json!([{"say": "One ", "fault": {"kind": "never_ending", "after_pieces": 1}}]);
    for family in ["openai", "anthropic", "gemini", "bedrock"] {
        let path = if family == "openai" { "/v1" } else { "" };
        let provider = json!({"kind": family, "base_url": format!("${{base}}/a{path}")});
        let mut script = json!({"a": endless});
        script["a"][0]["family"] = json!(family);
        let (fake, router) = stage(script, json!({"providers": {"a": provider}})).await;
        let heard = hear(&router, ask(&["a/m"], json!({"route": {"deadline_ms": 500}}))).await;
        let error = heard.error.expect("the deadline");
        assert_eq!(error.attempts()[0].verdict, "deadline", "{family}");
        assert_eq!(error.partial().map(|p| p.text.as_str()), Some(heard.text.as_str()), "{family}");
        assert!(heard.text.contains("and and "), "{family}: {:?}", heard.text);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(fake.requests(crate::adversary_support::ID).iter().all(|r| r.closed_early), "{family}");
    }
}
