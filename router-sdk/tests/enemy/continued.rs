//! Continuations that break again, are refused, stay silent or speak of something else, and answers that have no rest.

use std::time::{Duration, Instant};

use clawrouters::{ErrorKind, RouteInfo};
use serde_json::{Value, json};

use crate::adversary_support::{ID, ask, asked, read, stage};
use crate::hear;

fn cut(pieces: &[&str]) -> Value {
    json!({"chunks": pieces, "fault": {"kind": "cut", "after_pieces": 1}})
}

/// The cost of a route is that of its attempts together.
fn adds_up(route: &RouteInfo) {
    let sum: u64 = route.attempts.iter().filter_map(|a| a.cost_nanos).sum();
    assert_eq!(route.cost_nanos, Some(sum), "{:?}", route.attempts);
    assert!(route.attempts.iter().all(|a| a.cost_nanos.is_some_and(|c| c > 0)), "{:?}", route.attempts);
}

#[tokio::test]
async fn several_breaks_in_a_row_are_completed_and_paid() {
    let script = json!({
        "a": [cut(&["One two ", "x"])],
        "b": [cut(&["three four ", "x"])],
        "c": [cut(&["One two three four five ", "x"])],
        "d": [{"say": "four five six seven."}],
    });
    let (fake, router) = stage(script, json!({})).await;
    let heard = hear(&router, ask(&["a/m", "b/m", "c/m", "d/m"], json!({"max_tokens": 500}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, "One two three four five six seven.");
    let route = heard.route.expect("a route");
    let way: Vec<_> = route.resumed.iter().map(|r| (r.from.as_str(), r.to.as_str(), r.after_chars)).collect();
    assert_eq!(way, [("a/m", "b/m", 8), ("b/m", "c/m", 19), ("c/m", "d/m", 24)]);
    adds_up(&route);
    assert_eq!(router.spending().held_nanos, 0);
    assert_eq!(router.spending().spent_nanos, i128::from(route.cost_nanos.unwrap()));
    let limits: Vec<_> = fake.requests(ID).iter().map(|r| r.body["max_tokens"].as_u64().unwrap()).collect();
    assert!(limits.windows(2).all(|w| w[1] < w[0]), "the limit shrinks by what was said: {limits:?}");
}

#[tokio::test]
async fn a_chain_of_breaks_ends_after_six_sends() {
    let endless: Vec<Value> = (0..20).map(|n| cut(&[&format!("word{n} "), "x"])).collect();
    let (fake, router) = stage(json!({"a": endless}), json!({"breaker": {"failures": 100}})).await;
    let heard = hear(&router, ask(&["a/m"], json!({}))).await;
    let error = heard.error.expect("it never ends");
    assert_eq!((error.kind(), asked(&fake, "a")), (ErrorKind::StreamInterrupted, 6));
    assert_eq!(heard.text, "word0 word1 word2 word3 word4 word5 ");
    assert_eq!(error.partial().map(|p| p.text.as_str()), Some(heard.text.as_str()));
    let last = error.attempts().last().unwrap();
    assert_eq!((last.then, last.why), ("stop", "no attempts or no time are left"));
}

#[tokio::test]
async fn a_refused_prefill_is_asked_once_in_words_and_never_beyond_six() {
    let able = json!([{"id": "a/m"}, {"id": "b/m", "capabilities": {"assistant_prefill": true}}]);
    let refusal = json!({"status": 400, "error": {"message": "Prefilling assistant messages is not supported."}});
    let script = json!({"a": [cut(&["Half ", "x"])], "b": [refusal, {"say": "of it."}]});
    let (fake, router) = stage(script, json!({"models": able})).await;
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, "Half of it.");
    let route = heard.route.expect("a route");
    assert_eq!(route.resumed[0].form, "instruction");
    let roles: Vec<String> = fake
        .requests(ID)
        .iter()
        .map(|r| r.body["messages"].as_array().unwrap().last().unwrap()["role"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    // With one send left the second form is not tried.
    let refused = json!({"a": [cut(&["Half ", "x"])], "b": [refusal]});
    let settings = json!({"models": able, "retry": {"max_total_attempts": 2}});
    let (fake, router) = stage(refused, settings).await;
    let error = hear(&router, ask(&["a/m", "b/m"], json!({}))).await.error.expect("nobody goes on");
    assert_eq!((error.kind(), asked(&fake, "a"), asked(&fake, "b")), (ErrorKind::StreamInterrupted, 1, 1));
}

#[tokio::test]
async fn bad_continuations_go_to_the_next_and_never_hide_the_first_error() {
    let bad = [
        json!({"status": 400, "error": {}}),
        json!({"status": 401, "error": {}}),
        json!({"status": 503, "error": {}}),
        json!({"fault": {"kind": "hang_before_headers"}}),
        json!({"fault": {"kind": "html"}}),
        json!({"fault": {"kind": "empty"}}),
        json!({"fault": {"kind": "reset_before_headers"}}),
        json!({"say": "The quick brown fox jumps over the lazy dog, or so it is said by some."}),
    ];
    let told = "The quick brown fox jumps over the lazy cat, ";
    let settings = json!({"timeouts": {"first_token_ms": 300}});
    for reply in bad {
        let script = json!({"a": [cut(&[told, "x"])], "b": [reply], "c": [{"say": "and sleeps."}]});
        let (_fake, router) = stage(script.clone(), settings.clone()).await;
        let heard = hear(&router, ask(&["a/m", "b/m", "c/m"], json!({}))).await;
        assert!(heard.error.is_none(), "{reply}: {:?}", heard.error);
        assert_eq!(heard.text, format!("{told}and sleeps."), "{reply}");
        // Now there is nobody who could go on.
        let script = json!({"a": [cut(&[told, "x"]), reply.clone()], "b": [reply]});
        let (_fake, router) = stage(script, settings.clone()).await;
        let heard = hear(&router, ask(&["a/m", "b/m"], json!({"route": {"deadline_ms": 2_000}}))).await;
        let error = heard.error.unwrap_or_else(|| panic!("{reply}: nobody goes on, yet {:?}", heard.text));
        assert_eq!(error.kind(), ErrorKind::StreamInterrupted, "{reply}");
        assert_eq!(error.model(), Some("a/m"), "{reply}: {error:?}");
        assert_eq!((heard.text.as_str(), error.partial().map(|p| p.text.as_str())), (told, Some(told)), "{reply}");
        assert_eq!(error.attempts()[0].verdict, "truncated");
        assert_eq!(router.spending().held_nanos, 0, "{reply}");
    }
}

#[tokio::test]
async fn an_empty_rest_is_an_end() {
    let script = json!({"a": [cut(&["All of it.", "x"])], "b": [{"chunks": []}]});
    let (_fake, router) = stage(script, json!({})).await;
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, "All of it.");
    assert_eq!(heard.route.expect("a route").resumed.len(), 1);
}

#[tokio::test]
async fn a_begun_call_is_never_joined_and_can_be_asked_anew() {
    let call = json!({"tool_calls": [{"name": "look", "arguments": {"where": "everywhere"}}], "argument_pieces": 4,
        "fault": {"kind": "cut", "after_pieces": 3}});
    let script = json!({"a": [call], "b": [{"say": "No call."}]});
    let tools = json!([{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]);
    let (fake, router) = stage(script, json!({})).await;
    let error = hear(&router, ask(&["a/m", "b/m"], json!({"tools": tools}))).await.error.expect("it broke");
    assert_eq!((error.kind(), asked(&fake, "b")), (ErrorKind::StreamInterrupted, 0));
    assert_eq!(error.attempts()[0].why, "a tool call had begun, which cannot be joined");
    let anew = json!({"tools": tools, "route": {"on_interrupt": "restart"}});
    let heard = hear(&router, ask(&["a/m", "b/m"], anew)).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, "No call.");
    assert_eq!(heard.route.expect("a route").resumed[0].form, "restart");
}

#[tokio::test]
async fn thinking_is_heard_once() {
    let thinks =
        json!({"reasoning": "Hm, let me see.", "chunks": ["Half ", "x"], "fault": {"kind": "cut", "after_pieces": 4}});
    let script = json!({"a": [thinks], "b": [{"reasoning": "Oh, the rest.", "say": "of it."}]});
    let (fake, router) = stage(script, json!({})).await;
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!((heard.text.as_str(), heard.thinking.as_str()), ("Half of it.", "Hm, let me see."));
    let asked = fake.requests(ID).last().unwrap().body.to_string();
    assert!(!asked.contains("let me see"), "thinking is not replayed: {asked}");
    // Only thinking had come: the answer is asked for anew.
    let thinks = json!({"reasoning": "Hm, let me see.", "say": "x", "fault": {"kind": "cut", "after_pieces": 2}});
    let script = json!({"a": [thinks], "b": [{"reasoning": "Oh.", "say": "All of it."}]});
    let (_fake, router) = stage(script, json!({})).await;
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, "All of it.");
}

#[tokio::test]
async fn a_format_is_left_out_of_the_rest_and_the_document_is_whole() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}});
    let script = json!({"a": [cut(&["{\"a\": [1, 2", "x"])], "b": [{"say": ", 3], \"b\": \"é\"}"}]});
    let (fake, router) = stage(script, json!({})).await;
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({"response_format": format}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    let whole: Value = serde_json::from_str(&heard.text).expect("the document is whole");
    assert_eq!(whole, json!({"a": [1, 2, 3], "b": "é"}));
    assert!(fake.requests(ID)[1].body.get("response_format").is_none());
}

#[tokio::test]
async fn the_deadline_ends_a_continuation_in_its_middle() {
    let slow = json!({"say": "two three four five six seven eight", "chunks": 8, "chunk_ms": 200});
    let (fake, router) = stage(json!({"a": [cut(&["One ", "x"])], "b": [slow]}), json!({})).await;
    let started = Instant::now();
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({"route": {"deadline_ms": 700}}))).await;
    let error = heard.error.expect("the deadline");
    assert!(started.elapsed() < Duration::from_millis(1_200), "{:?}", started.elapsed());
    assert_eq!(error.kind(), ErrorKind::StreamInterrupted);
    assert!(
        "One two three four five six seven eight".starts_with(&heard.text) && heard.text.len() > 4,
        "{}",
        heard.text
    );
    assert_eq!(error.model(), Some("a/m"), "the first error is told: {error:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(fake.requests(ID).iter().all(|r| r.ended_ms.is_some()), "the connections are closed");
    assert_eq!(router.spending().held_nanos, 0);
}

#[tokio::test]
async fn two_choices_are_not_joined_and_usage_is_asked_for_once() {
    let events: String = [(0, "one "), (1, "two ")]
        .map(|(index, text)| {
            let choice = json!({"index": index, "delta": {"content": text}, "finish_reason": null});
            format!("data: {}\n\n", json!({"id": "x", "object": "chat.completion.chunk", "choices": [choice]}))
        })
        .concat();
    let headers = json!({"content-type": "text/event-stream"});
    let script = json!({"a": [{"headers": headers, "body": events}], "b": [{"say": "no"}]});
    let (fake, router) = stage(script, json!({})).await;
    let error = hear(&router, ask(&["a/m", "b/m"], json!({"n": 2}))).await.error.expect("it broke");
    assert_eq!((error.kind(), asked(&fake, "b")), (ErrorKind::StreamInterrupted, 0));
    let script = json!({"a": [cut(&["Half ", "x"])], "b": [{"say": "of it."}]});
    let (_fake, router) = stage(script, json!({})).await;
    let request = ask(&["a/m", "b/m"], json!({"stream": true, "stream_options": {"include_usage": true}}));
    let (chunks, error) = read(&router, request).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks.iter().filter(|c| c["usage"].is_object()).count(), 1, "usage comes once");
    let ids: std::collections::BTreeSet<String> = chunks.iter().map(|c| c["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "one answer has one id: {ids:?}");
}
