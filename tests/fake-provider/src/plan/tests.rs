use super::*;
use crate::reply::Family;
use serde_json::{Value, json};

fn planned(reply: Value, stream: bool) -> Plan {
    let reply: Reply = serde_json::from_value(reply).unwrap();
    reply.check().unwrap();
    let body = json!({ "model": "m", "stream": stream });
    let asked = Asked::new(Some(Family::OpenAi), "/v1/chat/completions", "", &body, 1);
    plan(&reply, &asked, "http://base", SystemTime::UNIX_EPOCH)
}

fn sent(plan: &Plan) -> String {
    let bytes: Vec<u8> = plan
        .steps
        .iter()
        .flat_map(|step| match step {
            Step::Write(bytes) => bytes.clone(),
            _ => Vec::new(),
        })
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn body(plan: &Plan) -> String {
    sent(plan).split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The body without the framing of its HTTP chunks.
fn unchunked(plan: &Plan) -> String {
    let text = body(plan);
    let mut rest = text.as_str();
    let mut out = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        out.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
    out
}

#[test]
fn whole_replies_tell_their_length_and_keep_the_connection() {
    let plan = planned(json!({ "say": "hi" }), false);
    let text = sent(&plan);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_"));
    assert!(text.contains(&format!("content-length: {}\r\n", body(&plan).len())));
    assert!(plan.keep_alive);
}

#[test]
fn streams_are_chunked_an_event_a_write_and_end_with_the_last() {
    let plan = planned(json!({ "say": "abc" }), true);
    assert!(sent(&plan).contains("transfer-encoding: chunked\r\n"));
    assert!(sent(&plan).ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    // The head, role, three pieces, finish and [DONE] with the end.
    assert_eq!(plan.steps.len(), 7);
}

#[test]
fn a_cut_stands_at_every_byte() {
    let whole = unchunked(&planned(json!({ "say": "abc" }), true));
    for at in 0..=whole.len() {
        let plan = planned(json!({ "say": "abc", "fault": { "kind": "cut", "after_bytes": at } }), true);
        assert_eq!(unchunked(&plan), whole[..at]);
        assert!(!plan.keep_alive && !sent(&plan).ends_with("0\r\n\r\n"));
        assert_eq!(plan.steps.last(), Some(&Step::Close));
    }
}

#[test]
fn a_cut_whole_reply_promises_more_than_it_sends() {
    let full = body(&planned(json!({ "say": "hi" }), false)).len();
    let plan = planned(json!({ "say": "hi", "fault": { "kind": "cut", "after_bytes": 10 } }), false);
    assert!(sent(&plan).contains(&format!("content-length: {full}\r\n")));
    assert_eq!(body(&plan).len(), 10);
}

#[test]
fn faults_end_as_they_say() {
    let last =
        |kind: &str, stream| planned(json!({ "say": "abc", "fault": { "kind": kind } }), stream).steps.pop().unwrap();
    assert_eq!(last("reset_before_headers", true), Step::Reset);
    assert_eq!(last("close_before_headers", true), Step::Close);
    assert_eq!(last("reset", true), Step::Reset);
    assert_eq!(last("cut", false), Step::Close);
    let steps = |kind: &str| planned(json!({ "say": "abc", "fault": { "kind": kind } }), true).steps;
    assert!(steps("hang_before_headers").starts_with(&[Step::Hang]));
    assert!(steps("hang_after_headers").contains(&Step::Hang));
    assert!(steps("stall").contains(&Step::Hang));
    assert!(steps("never_ending").iter().any(|step| matches!(step, Step::Repeat { .. })));
    assert!(steps("oversized_line").iter().any(|step| matches!(step, Step::Fill { .. })));
}

#[test]
fn an_end_is_proper_but_early() {
    let plan = planned(json!({ "say": "abc", "fault": { "kind": "end", "after_pieces": 1 } }), true);
    assert!(sent(&plan).ends_with("0\r\n\r\n"));
    assert!(unchunked(&plan).contains(r#""content":"a""#));
    assert!(!unchunked(&plan).contains(r#""content":"b""#));
}

#[test]
fn broken_chunks_stand_between_sound_ones() {
    let faulty = |kind: &str| {
        let fault = json!({ "kind": kind, "after_pieces": 1 });
        unchunked(&planned(json!({ "say": "abc", "fault": fault }), true))
    };
    let bad: Vec<String> = faulty("malformed")
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").map(str::to_owned))
        .filter(|data| data != "[DONE]" && serde_json::from_str::<Value>(data).is_err())
        .collect();
    assert_eq!(bad.len(), 1);
    assert!(faulty("malformed").ends_with("data: [DONE]\n\n"));
    let error = faulty("in_stream_error");
    assert!(error.trim_end().lines().last().unwrap().starts_with(r#"data: {"error":{"message":"#));
    assert!(!error.contains("[DONE]"));
}

#[test]
fn invalid_utf8_is_in_the_text() {
    let bytes = |stream| {
        let fault = json!({ "kind": "invalid_utf8" });
        let plan = planned(json!({ "say": "hello", "fault": fault }), stream);
        let writes = plan.steps.into_iter().filter_map(|step| match step {
            Step::Write(bytes) => Some(bytes),
            _ => None,
        });
        writes.flatten().collect::<Vec<u8>>()
    };
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(holds(&bytes(true), b"\"content\":\"\xff\xfe\""));
    assert!(holds(&bytes(false), b"\"content\": \"\xff\xfe\""));
}

#[test]
fn whole_replies_can_be_web_pages_empty_broken_or_of_another_length() {
    let faulty = |kind: &str| planned(json!({ "say": "hello", "fault": { "kind": kind } }), false);
    assert!(sent(&faulty("html")).contains("content-type: text/html"));
    assert!(sent(&faulty("empty")).contains("content-length: 0\r\n"));
    assert!(serde_json::from_str::<Value>(&body(&faulty("malformed"))).is_err());
    assert!(sent(&faulty("gzip_broken")).contains("content-encoding: gzip\r\n"));
    assert!(serde_json::from_str::<Value>(&body(&faulty("trailing_garbage"))).is_err());
    let short = faulty("wrong_content_length");
    assert!(sent(&short).contains(&format!("content-length: {}\r\n", body(&short).len() + 64)));
    assert!(!short.keep_alive);
}

#[test]
fn writes_are_split_as_asked_and_lose_nothing() {
    let whole = sent(&planned(json!({ "say": "Grüße" }), true));
    for split in [json!(1), json!(7), json!("random:3")] {
        let plan = planned(json!({ "say": "Grüße", "split": split }), true);
        assert_eq!(sent(&plan), whole);
        assert!(plan.steps.len() > 20);
    }
    let plan = planned(json!({ "say": "Grüße", "trickle": { "bytes": 9, "ms": 2 } }), true);
    assert_eq!(sent(&plan), whole);
    assert!(plan.steps.contains(&Step::Pause(Duration::from_millis(2))));
}

#[test]
fn pauses_stand_where_they_were_asked_for() {
    let plan = planned(json!({ "say": "ab", "chunks": 2, "delay_ms": 1, "first_token_ms": 2, "chunk_ms": 3 }), true);
    let pauses: Vec<u128> = plan
        .steps
        .iter()
        .map(|step| match step {
            Step::Pause(time) => time.as_millis(),
            _ => 0,
        })
        .collect();
    // delay, head, role, first piece, second piece, finish, [DONE].
    assert_eq!(pauses, [1, 0, 0, 2, 0, 3, 0, 3, 0, 3, 0]);
}

#[test]
fn headers_can_be_set_filled_in_and_removed() {
    let reply = json!({
        "status": 429,
        "error": {},
        "headers": { "Retry-After": "{http_date+2}", "location": "{base}/x", "x-request-id": null },
    });
    let text = sent(&planned(reply, false));
    assert!(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
    assert!(text.contains("retry-after: Thu, 01 Jan 1970 00:00:02 GMT\r\n"));
    assert!(text.contains("location: http://base/x\r\n"));
    assert!(!text.contains("x-request-id"));
}

#[test]
fn comments_and_line_ends_dress_the_stream() {
    let plan = planned(json!({ "say": "ab", "sse_comments": true, "crlf": true }), true);
    let text = unchunked(&plan);
    assert!(text.starts_with(": keep-alive\r\n\r\ndata: {"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.ends_with("data: [DONE]\r\n\r\n"));
}

#[test]
fn literal_event_streams_are_sent_an_event_a_write() {
    let reply = json!({
        "headers": { "content-type": "text/event-stream" },
        "body": "data: 1\n\ndata: 2\n\ndata: 3",
    });
    let plan = planned(reply, true);
    assert_eq!(unchunked(&plan), "data: 1\n\ndata: 2\n\ndata: 3");
    assert_eq!(plan.steps.len(), 4);
}
