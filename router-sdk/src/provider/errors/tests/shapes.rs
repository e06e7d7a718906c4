//! Body shapes: message, code, request id and cause are found in each.

use serde_json::json;

use super::{explain, headers};
use crate::provider::Cause;
use crate::provider::errors::{client_errors_as_500, explain_in_stream, mask::tidy, request_id};

/// Status, body, cause, code, message.
const SHAPES: [(u16, &str, Cause, Option<&str>, &str); 16] = [
    (
        400,
        r#"{"error":{"message":"no","type":"invalid_request_error","param":"x","code":null}}"#,
        Cause::Caller,
        Some("invalid_request_error"),
        "no",
    ),
    (
        401,
        r#"{"type":"error","error":{"type":"authentication_error","message":"bad"},"request_id":"req_9"}"#,
        Cause::Auth,
        Some("authentication_error"),
        "bad",
    ),
    (
        503,
        r#"[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]"#,
        Cause::Overloaded,
        Some("UNAVAILABLE"),
        "busy",
    ),
    (
        400,
        r#"{"object":"error","message":"Invalid model: q","type":"invalid_model","code":"1500","raw_status_code":400}"#,
        Cause::ModelMissing,
        Some("1500"),
        "Invalid model: q",
    ),
    (401, r#"{"detail":"Invalid API Key"}"#, Cause::Auth, None, "Invalid API Key"),
    (
        422,
        r#"{"detail":[{"loc":["body","messages",0,"role"],"msg":"Field required","input":"my secret prompt"}]}"#,
        Cause::Caller,
        None,
        "body.messages.0.role: Field required",
    ),
    (
        400,
        r#"{"code":"invalid-argument","error":"Model not found: q"}"#,
        Cause::ModelMissing,
        Some("invalid-argument"),
        "Model not found: q",
    ),
    (404, r#"{"error":"model 'q' not found"}"#, Cause::ModelMissing, None, "model 'q' not found"),
    (
        404,
        r#"{"id":"8f","message":"model 'q' not found, try another"}"#,
        Cause::ModelMissing,
        None,
        "model 'q' not found, try another",
    ),
    (
        400,
        r#"{"code":400,"message":"Validation: no","type":"Bad Request"}"#,
        Cause::Caller,
        Some("Bad Request"),
        "Validation: no",
    ),
    (
        502,
        r#"{"error":{"code":502,"message":"Provider returned error","metadata":{"provider_name":"Up","raw":"{\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\"}}"}}}"#,
        Cause::Overloaded,
        None,
        "Up: Overloaded",
    ),
    (
        429,
        r#"{"error":{"message":"{\n \"error\": {\"code\": 429, \"message\": \"spent\", \"status\": \"RESOURCE_EXHAUSTED\"}}\n","code":429,"status":"Too Many Requests"}}"#,
        Cause::RateLimited,
        Some("RESOURCE_EXHAUSTED"),
        "spent",
    ),
    (
        502,
        "<!DOCTYPE html><html><head><title>\n502 Bad\n Gateway</title></head></html>",
        Cause::Server,
        None,
        "an HTML page came instead of JSON: 502 Bad Gateway",
    ),
    (500, "upstream connect error", Cause::Server, None, "upstream connect error"),
    (500, "", Cause::Server, None, "the provider answered 500 without a message"),
    (
        400,
        "data: {\"error\":{\"message\":\"prompt is too long: 9 tokens > 8 maximum\"}}\n\n",
        Cause::ContextTooLong,
        None,
        "prompt is too long: 9 tokens > 8 maximum",
    ),
];

#[test]
fn every_shape_is_read() {
    for (status, body, cause, code, message) in SHAPES {
        let failure = explain(status, &[("content-type", "application/octet-stream")], body);
        assert_eq!(
            (failure.cause, failure.code.as_deref(), failure.message.as_str()),
            (cause, code, message),
            "{body}"
        );
        assert_eq!(failure.status, Some(status), "{body}");
    }
}

#[test]
fn a_redirect_is_told_as_one() {
    let failure = explain(307, &[("location", "http://127.0.0.1/")], "");
    assert_eq!(failure.cause, Cause::Malformed);
    assert!(failure.message.contains("base_url"), "{}", failure.message);
}

#[test]
fn amazon_names_the_error_in_a_header() {
    let pairs = [("x-amzn-errortype", "ThrottlingException:http://internal/"), ("x-amzn-requestid", "r-1")];
    let failure = explain(400, &pairs, r#"{"message":"Too many tokens, please wait before trying again."}"#);
    assert_eq!(failure.cause, Cause::RateLimited);
    assert_eq!(failure.code.as_deref(), Some("ThrottlingException"));
    assert_eq!(failure.request_id.as_deref(), Some("r-1"));
}

#[test]
fn request_ids_come_from_headers_first_and_bodies_second() {
    assert_eq!(request_id(&headers(&[("request-id", "req_1"), ("cf-ray", "c")])).as_deref(), Some("req_1"));
    assert_eq!(request_id(&headers(&[("mistral-correlation-id", "m")])).as_deref(), Some("m"));
    assert_eq!(request_id(&headers(&[("x-request-id", "two words")])), None);
    let body = r#"{"type":"error","error":{"type":"api_error","message":"x"},"request_id":"req_b"}"#;
    assert_eq!(explain(500, &[], body).request_id.as_deref(), Some("req_b"));
    assert_eq!(explain(500, &[("x-request-id", "h")], body).request_id.as_deref(), Some("h"));
}

#[test]
fn errors_inside_a_success_have_the_status_they_state() {
    let groq = json!({"error": {"message": "no call", "code": "tool_use_failed", "failed_generation": "", "status_code": 400}});
    let failure = explain_in_stream(&groq, 200);
    assert_eq!((failure.cause, failure.status), (Cause::ModelFault, Some(400)));

    let broker = json!({"error": {"code": "server_error", "message": "Provider disconnected"}, "choices": []});
    let failure = explain_in_stream(&broker, 200);
    assert_eq!((failure.cause, failure.status), (Cause::Server, Some(200)));

    assert_eq!(explain_in_stream(&json!("the runner has stopped"), 200).cause, Cause::Server);
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(explain_in_stream(&overloaded, 200).cause, Cause::Overloaded);
    let rate = json!({"type": "tokens", "code": "rate_limit_exceeded", "message": "Please try again in 2s"});
    let failure = explain_in_stream(&rate, 200);
    assert_eq!((failure.cause, failure.retry_after), (Cause::RateLimited, Some(std::time::Duration::from_secs(2))));
    let balance = json!({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": null});
    assert_eq!(explain_in_stream(&balance, 200).cause, Cause::Quota);
}

#[test]
fn bodies_of_a_success_that_are_no_answer() {
    assert_eq!(explain(200, &[], "  \n").cause, Cause::Empty);
    assert_eq!(explain(200, &[], "<html></html>").cause, Cause::Malformed);
    assert_eq!(explain(200, &[], r#"{"hello":"world"}"#).cause, Cause::Malformed);
    assert_eq!(explain(200, &[], r#"{"error":{"message":"boom"}}"#).cause, Cause::Server);
}

#[test]
fn a_local_server_blames_the_caller_with_500() {
    let told = |message: &str| {
        let body = json!({"error": {"code": 500, "message": message, "type": "server_error"}}).to_string();
        client_errors_as_500(explain(500, &[], &body)).cause
    };
    assert_eq!(told("tools param requires --jinja flag"), Cause::Unsupported);
    assert_eq!(told("image input is not supported"), Cause::Unsupported);
    assert_eq!(told("Cannot use both json_schema and grammar"), Cause::Caller);
    assert_eq!(told("llama runner process has terminated: CUDA error"), Cause::Server);
    assert_eq!(client_errors_as_500(explain(500, &[], "")).cause, Cause::Server);
    assert_eq!(client_errors_as_500(explain(502, &[], "x")).cause, Cause::Server);
}

#[test]
fn keys_never_get_into_messages() {
    for key in [
        "sk-proj-abcdefghijklmnop",
        "gsk_abcdefghijklmnop1234",
        "AIzaSyA-abcdefghijklmnop",
        "xai-abcdefghijklmnopq",
        "eyJhbGciOiJI.eyJzdWIi.abcdef",
        "sk-inval**************-key",
    ] {
        let told = tidy(&format!("Incorrect API key provided: '{key}'. See https://example.com/keys."));
        assert_eq!(told, "Incorrect API key provided: '[key]'. See https://example.com/keys.", "{key}");
    }
    assert_eq!(
        tidy("header Authorization: Bearer abcdef0123456789 refused"),
        "header Authorization: Bearer [key] refused"
    );
    assert_eq!(tidy("the ask-for-more task is sk-ipped"), "the ask-for-more task is sk-ipped");
}

#[test]
fn messages_are_one_line_of_at_most_500_characters() {
    let told = tidy(&"wörd\n\t".repeat(400));
    assert_eq!(told.chars().count(), 501);
    assert!(told.ends_with('…') && !told.contains(['\n', '\t']));
    assert_eq!(tidy("a\u{1}b"), "a\\u{1}b");
}
