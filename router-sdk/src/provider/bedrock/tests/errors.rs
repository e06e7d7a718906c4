//! Failed replies and exceptions inside streams.

use http::{HeaderMap, HeaderValue};
use serde_json::json;

use super::super::Bedrock;
use super::nova;
use crate::provider::{Cause, Failure, Provider};

fn explain(status: u16, kind: &'static str, message: &str) -> Failure {
    let mut headers = HeaderMap::new();
    if !kind.is_empty() {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    }
    headers.insert("x-amzn-requestid", HeaderValue::from_static("req-1"));
    Bedrock.explain_error(status, &headers, json!({"message": message}).to_string().as_bytes())
}

#[test]
fn every_spelling_has_its_cause() {
    let cases = [
        (400, "ValidationException:http://x/", "The provided model identifier is invalid.", Cause::ModelMissing),
        (
            400,
            "",
            "Invocation of model ID a.b with on-demand throughput isn\u{2019}t supported. Retry",
            Cause::ModelMissing,
        ),
        (404, "ResourceNotFoundException", "This model version has reached the end of its life.", Cause::ModelMissing),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            Cause::ModelMissing,
        ),
        (403, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform that", Cause::Auth),
        (403, "UnrecognizedClientException", "The security token included in the request is invalid.", Cause::Auth),
        (403, "ExpiredTokenException", "The security token included in the request is expired", Cause::Auth),
        (429, "ThrottlingException", "Too many requests, please wait before trying again.", Cause::RateLimited),
        (429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", Cause::Quota),
        (400, "ThrottlingException", "Rate exceeded", Cause::RateLimited),
        (400, "ValidationException", "Input is too long for requested model.", Cause::ContextTooLong),
        (400, "ValidationException", "Input Tokens Exceeded: 5 > 4", Cause::ContextTooLong),
        (400, "ValidationException", "This model doesn't support tool use.", Cause::Unsupported),
        (400, "", "Malformed input request: extraneous key [toolResult] is not permitted", Cause::Unsupported),
        (400, "ValidationException", "A conversation must start with a user message.", Cause::Caller),
        (424, "ModelErrorException", "The model failed.", Cause::Server),
        (408, "ModelTimeoutException", "Model took too long.", Cause::Server),
        (429, "ModelNotReadyException", "Model is not ready for inference.", Cause::Overloaded),
        (500, "InternalServerException", "Internal error.", Cause::Server),
        (503, "ServiceUnavailableException", "Bedrock is unable to process your request.", Cause::Overloaded),
        (503, "", "", Cause::Overloaded),
    ];
    for (status, kind, message, cause) in cases {
        let failure = explain(status, kind, message);
        assert_eq!(failure.cause, cause, "{status} {kind} {message}");
        assert_eq!((failure.status, failure.request_id.as_deref()), (Some(status), Some("req-1")));
        let name = kind.split(':').next().filter(|name| !name.is_empty());
        assert_eq!(failure.code.as_deref(), name);
    }
}

#[test]
fn a_refused_signature_does_not_show_what_was_signed() {
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                   Access Key and signing method.\n\nThe Canonical String for this request should have been\n'POST\n\
                   x-amz-security-token:secret-token\n'";
    let failure = explain(403, "InvalidSignatureException", message);
    assert_eq!(failure.cause, Cause::Auth);
    assert!(failure.message.ends_with("signing method."), "{}", failure.message);
}

#[test]
fn exceptions_in_a_stream() {
    let told = |kind: &str, payload: &str| {
        let mut out = Vec::new();
        Bedrock.decoder(&nova()).event(&format!("exception:{kind}"), payload, &mut out).unwrap_err()
    };
    let cases = [
        ("throttlingException", "{\"message\":\"Slow down.\"}", Cause::RateLimited, 429),
        (
            "modelStreamErrorException",
            "{\"message\":\"Broken.\",\"originalStatusCode\":500,\"originalMessage\":\"x\"}",
            Cause::Server,
            424,
        ),
        ("internalServerException", "{\"message\":\"Oops.\"}", Cause::Server, 500),
        ("serviceUnavailableException", "{\"message\":\"Later.\"}", Cause::Overloaded, 503),
        ("validationException", "{\"message\":\"Input is too long for requested model.\"}", Cause::ContextTooLong, 400),
        ("validationException", "{\"message\":\"Bad.\"}", Cause::Caller, 400),
        ("modelTimeoutException", "{}", Cause::Server, 408),
        ("FromTheFuture", "no json", Cause::Server, 500),
    ];
    for (kind, payload, cause, status) in cases {
        let failure = told(kind, payload);
        assert_eq!((failure.cause, failure.status), (cause, Some(status)), "{kind}: {failure:?}");
        assert_eq!(failure.code.as_deref(), Some(kind));
        assert!(!failure.message.is_empty());
    }
}
