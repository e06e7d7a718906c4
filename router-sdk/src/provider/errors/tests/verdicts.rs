//! Spellings: the same fault in the words of every provider has the same cause.

use super::explain;
use crate::provider::{Cause, Repeat};

fn cause(status: u16, body: &str) -> Cause {
    explain(status, &[], body).cause
}

fn message(status: u16, text: &str) -> Cause {
    cause(status, &serde_json::json!({"error": {"message": text}}).to_string())
}

fn code(status: u16, code: &str) -> Cause {
    cause(status, &serde_json::json!({"error": {"message": "x", "code": code}}).to_string())
}

#[test]
fn statuses_without_words() {
    let table = [
        (400, Cause::Caller),
        (401, Cause::Auth),
        (402, Cause::Quota),
        (403, Cause::Auth),
        (404, Cause::ModelMissing),
        (405, Cause::Caller),
        (408, Cause::Server),
        (409, Cause::Server),
        (413, Cause::TooLarge),
        (422, Cause::Caller),
        (424, Cause::Server),
        (429, Cause::RateLimited),
        (500, Cause::Server),
        (501, Cause::Unsupported),
        (502, Cause::Server),
        (503, Cause::Overloaded),
        (504, Cause::Server),
        (505, Cause::Unknown),
        (520, Cause::Server),
        (526, Cause::Server),
        (529, Cause::Overloaded),
        (599, Cause::Unknown),
    ];
    for (status, wanted) in table {
        assert_eq!(cause(status, ""), wanted, "{status}");
        assert_eq!(cause(status, "{}"), wanted, "{status} with an empty object");
    }
}

#[test]
fn too_long_a_prompt() {
    for text in [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens",
        "Input is too long for requested model.",
        "prompt too long; exceeded max context length by 12 tokens",
        "request (2009 tokens) exceeds the available context size (512 tokens)",
    ] {
        assert_eq!(message(400, text), Cause::ContextTooLong, "{text}");
    }
    assert_eq!(code(400, "context_length_exceeded"), Cause::ContextTooLong);
    assert_eq!(cause(400, r#"{"message":"x","error_type":"TOO_MANY_TOKENS"}"#), Cause::ContextTooLong);
    assert_eq!(cause(400, r#"{"error":{"message":"x","type":"too_many_prompt_tokens"}}"#), Cause::ContextTooLong);
    assert_eq!(message(413, "the prompt is too long for the context window"), Cause::ContextTooLong);
}

#[test]
fn four_kinds_of_429() {
    assert_eq!(message(429, "Rate limit reached for m on tokens per min. Please try again in 1s."), Cause::RateLimited);
    assert_eq!(message(429, "Request too large for m on tokens per min (TPM): Limit 3, Requested 4."), Cause::TooLarge);
    assert_eq!(message(413, "Request too large for model m: Limit 3, Requested 4."), Cause::TooLarge);
    assert_eq!(code(429, "insufficient_quota"), Cause::Quota);
    assert_eq!(code(429, "engine_overloaded_error"), Cause::Overloaded);
    assert_eq!(code(429, "slow_down"), Cause::RateLimited);
    assert_eq!(
        cause(429, r#"{"error":{"code":"429","message":"have exceeded token rate limit"}}"#),
        Cause::RateLimited
    );
}

#[test]
fn google_says_quota_of_rates_too() {
    let body = |id: &str, text: &str| {
        format!(
            r#"{{"error":{{"code":429,"message":"{text}","status":"RESOURCE_EXHAUSTED",
            "details":[{{"@type":"t/google.rpc.QuotaFailure","violations":[{{"quotaId":"{id}"}}]}}]}}}}"#
        )
    };
    let text = "You exceeded your current quota, please check your plan.";
    assert_eq!(cause(429, &body("RequestsPerMinutePerProject", text)), Cause::RateLimited);
    assert_eq!(cause(429, &body("GenerateRequestsPerDayPerProject", text)), Cause::Quota);
    assert_eq!(cause(429, &body("RequestsPerMinute", "Quota exceeded, limit: 0")), Cause::Quota);
    assert_eq!(cause(402, r#"{"error":{"code":402,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#), Cause::Quota);
    let key =
        r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
    assert_eq!(cause(400, key), Cause::Auth);
}

#[test]
fn money_and_keys() {
    assert_eq!(message(400, "Your credit balance is too low to access the API."), Cause::Quota);
    assert_eq!(message(402, "Insufficient Balance"), Cause::Quota);
    assert_eq!(explain(402, &[("retry-after", "3")], r#"{"error":{"message":"in flight"}}"#).cause, Cause::RateLimited);
    assert_eq!(message(400, "Incorrect API key provided. Get one at the console."), Cause::Auth);
    assert_eq!(message(403, "The security token included in the request is expired"), Cause::Auth);
    assert_eq!(message(403, "You don't have access to the model with the specified model ID."), Cause::ModelMissing);
}

#[test]
fn refused_content() {
    let azure = r#"{"error":{"code":"content_filter","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"},"status":400}}"#;
    assert_eq!(cause(400, azure), Cause::ContentRefused);
    assert_eq!(cause(200, azure), Cause::ContentRefused);
    let broker = r#"{"error":{"code":403,"message":"m","metadata":{"reasons":["violence"],"provider_name":"P"}}}"#;
    assert_eq!(cause(403, broker), Cause::ContentRefused);
    assert_eq!(message(400, "Content Exists Risk"), Cause::ContentRefused);
}

#[test]
fn models_and_parameters() {
    assert_eq!(message(400, "The supported API model names are a or b, but you passed c."), Cause::ModelMissing);
    assert_eq!(
        message(404, "models/q is not found for API version v1, or is not supported for x."),
        Cause::ModelMissing
    );
    assert_eq!(message(400, "Model q is not supported. Supported models are ['a']"), Cause::ModelMissing);
    assert_eq!(message(404, "No endpoints found that support tool use"), Cause::Unsupported);
    assert_eq!(code(400, "unsupported_value"), Cause::Unsupported);
    assert_eq!(
        message(400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
        Cause::Unsupported
    );
    assert_eq!(message(400, "This model does not support effort level 'xhigh'."), Cause::Unsupported);
    assert_eq!(message(400, "messages[0]: unknown variant `image_url`, expected `text`"), Cause::Unsupported);
    assert_eq!(message(400, "Invalid 'temperature': decimal above maximum value."), Cause::Caller);
}

#[test]
fn the_server_decides_on_repeats() {
    let with = |status, word: &str| {
        let failure = explain(status, &[("x-should-retry", word)], "");
        (failure.cause, failure.repeat)
    };
    assert_eq!(with(400, "true"), (Cause::Server, Repeat::ByCause));
    assert_eq!(with(500, "false"), (Cause::Server, Repeat::Never));
    assert_eq!(with(429, "true"), (Cause::RateLimited, Repeat::ByCause));
    assert_eq!(with(429, "False"), (Cause::RateLimited, Repeat::Never));
    assert_eq!(with(401, "false"), (Cause::Auth, Repeat::Never));
    assert_eq!(with(500, "maybe"), (Cause::Server, Repeat::ByCause));
}
