//! Bodies of clouds, gateways and smaller vendors: status, body, cause, code and wait.

use std::time::Duration;

use super::explain;
use crate::provider::Cause;

/// Status, body, cause, code, wait in seconds.
type Row = (u16, &'static str, Cause, Option<&'static str>, Option<f64>);

fn check(rows: &[Row]) {
    let mut faults = Vec::new();
    for (status, body, cause, code, wait) in rows {
        let failure = explain(*status, &[], body);
        let got = (failure.cause, failure.code.as_deref(), failure.retry_after);
        let wanted = (*cause, *code, wait.map(Duration::from_secs_f64));
        if got != wanted {
            faults.push(format!("{body}\n  got {got:?}\n  not {wanted:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn azure() {
    check(&[
        (
            401,
            r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#,
            Cause::Auth,
            None,
            None,
        ),
        (
            401,
            r#"{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, or expired."}"#,
            Cause::Auth,
            None,
            None,
        ),
        (
            429,
            r#"{"statusCode":429,"message":"Rate limit is exceeded. Try again in 3 seconds."}"#,
            Cause::RateLimited,
            None,
            Some(3.0),
        ),
        (
            429,
            r#"{"error":{"code":"NoCapacity","message":"The system is busy."}}"#,
            Cause::Overloaded,
            Some("NoCapacity"),
            None,
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"The deployment does not exist. If it was made within the last 5 minutes, wait a moment."}}"#,
            Cause::ModelMissing,
            Some("DeploymentNotFound"),
            None,
        ),
        (404, r#"{"error":{"code":"404","message":"Resource not found"}}"#, Cause::ModelMissing, None, None),
        (
            400,
            r#"{"error":{"code":"OperationNotSupported","message":"The operation does not work with the specified model."}}"#,
            Cause::Unsupported,
            Some("OperationNotSupported"),
            None,
        ),
        (
            400,
            r#"{"error":{"code":"unknown_model","message":"Unknown model: q"}}"#,
            Cause::ModelMissing,
            Some("unknown_model"),
            None,
        ),
        (
            400,
            r#"{"error":{"inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{}},"code":"content_filter","message":"filtered","param":"prompt","type":null}}"#,
            Cause::ContentRefused,
            Some("content_filter"),
            None,
        ),
        (
            403,
            r#"{"error":{"code":"AccessDenied","message":"Access denied due to Virtual Network/Firewall rules."}}"#,
            Cause::Auth,
            Some("AccessDenied"),
            None,
        ),
    ]);
}

#[test]
fn google_cloud() {
    check(&[
        (
            401,
            r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED","details":[{"reason":"ACCESS_TOKEN_EXPIRED"}]}}"#,
            Cause::Auth,
            Some("UNAUTHENTICATED"),
            None,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).","status":"PERMISSION_DENIED","details":[{"reason":"IAM_PERMISSION_DENIED"}]}}"#,
            Cause::Auth,
            Some("PERMISSION_DENIED"),
            None,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"This API method requires billing to be enabled.","status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}"#,
            Cause::Quota,
            Some("PERMISSION_DENIED"),
            None,
        ),
        (
            404,
            r#"{"error":{"code":404,"message":"Publisher Model `projects/p/locations/l/publishers/google/models/q` not found.","status":"NOT_FOUND"}}"#,
            Cause::ModelMissing,
            Some("NOT_FOUND"),
            None,
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"Quota exceeded for requests per minute with base model: q.","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7s"}]}}]"#,
            Cause::RateLimited,
            Some("RESOURCE_EXHAUSTED"),
            Some(7.0),
        ),
        (
            504,
            r#"{"error":{"code":504,"message":"late","status":"DEADLINE_EXCEEDED"}}"#,
            Cause::Server,
            Some("DEADLINE_EXCEEDED"),
            None,
        ),
    ]);
}

#[test]
fn amazon() {
    check(&[
        (
            400,
            r#"{"__type":"com.amazon.coral.service#ThrottlingException","message":"slow"}"#,
            Cause::RateLimited,
            Some("ThrottlingException"),
            None,
        ),
        (
            403,
            r#"{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"x"}"#,
            Cause::Auth,
            Some("ExpiredTokenException"),
            None,
        ),
        (403, r#"{"Message":"User is not authorized to perform: bedrock:InvokeModel"}"#, Cause::Auth, None, None),
        (
            429,
            r#"{"message":"Model is not ready for inference.","__type":"ModelNotReadyException"}"#,
            Cause::Overloaded,
            Some("ModelNotReadyException"),
            None,
        ),
        (
            424,
            r#"{"message":"x","originalStatusCode":500,"__type":"ModelErrorException"}"#,
            Cause::Server,
            Some("ModelErrorException"),
            None,
        ),
    ]);
}

#[test]
fn money_in_other_words() {
    check(&[
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01."}}"#,
            Cause::Quota,
            Some("invalid_request_error"),
            None,
        ),
        (
            403,
            r#"{"code":"no permission","error":"Your newly created team doesn't have any credits yet."}"#,
            Cause::Quota,
            Some("no permission"),
            None,
        ),
        (
            429,
            r#"{"code":"exhausted","error":"Your team has either used all available credits or reached its monthly limit."}"#,
            Cause::Quota,
            Some("exhausted"),
            None,
        ),
        (
            403,
            r#"{"code":"AllocationQuota.FreeTierOnly","message":"The free tier of the model has been exhausted."}"#,
            Cause::Quota,
            Some("AllocationQuota.FreeTierOnly"),
            None,
        ),
        (
            403,
            r#"{"errors":[{"code":"token_quota_reached","message":"no tokens left"}],"trace":"t","status_code":403}"#,
            Cause::Quota,
            Some("token_quota_reached"),
            None,
        ),
    ]);
}

#[test]
fn gateways_and_smaller_vendors() {
    check(&[
        (
            429,
            r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","code":"3505"}"#,
            Cause::Overloaded,
            Some("3505"),
            None,
        ),
        (
            429,
            r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#,
            Cause::RateLimited,
            Some("REQUEST_LIMIT_EXCEEDED"),
            None,
        ),
        (
            429,
            r#"{"code":"Throttling.RateQuota","message":"Requests rate limit exceeded"}"#,
            Cause::RateLimited,
            Some("Throttling.RateQuota"),
            None,
        ),
        (503, r#"{"error":"Model too busy","error_type":"overloaded"}"#, Cause::Overloaded, Some("overloaded"), None),
        (
            404,
            r#"{"type":"urn:problem:not-found","title":"Not Found","status":404,"detail":"no such function"}"#,
            Cause::ModelMissing,
            Some("urn:problem:not-found"),
            None,
        ),
        (429, r#"{"error":{"message":"busy","retry_after":12}}"#, Cause::RateLimited, None, Some(12.0)),
        (429, r#"{"error":{"message":"busy"},"retry_after_ms":250}"#, Cause::RateLimited, None, Some(0.25)),
        (429, r#"{"message":"Your quota will reset after 1h2m3s."}"#, Cause::RateLimited, None, Some(3723.0)),
        (400, "[]", Cause::Caller, None, None),
        (502, "\"Bad gateway\"", Cause::Server, None, None),
    ]);
}

#[test]
fn a_wait_in_the_body_is_bounded_and_never_nothing() {
    check(&[
        (429, r#"{"error":{"message":"busy","retry_after":0}}"#, Cause::RateLimited, None, None),
        (429, r#"{"error":{"message":"busy","retry_after":-4}}"#, Cause::RateLimited, None, None),
        (429, r#"{"error":{"message":"busy","retry_after":1e12}}"#, Cause::RateLimited, None, Some(86_400.0)),
    ]);
}
