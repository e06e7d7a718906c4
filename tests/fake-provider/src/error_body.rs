//! Error replies: a short description in, the family's error body out.

use crate::reply::Family;
use serde::Deserialize;
use serde_json::{Value, json};

/// An error in a few words; what is absent is filled in as the family would for that status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorSpec {
    /// OpenAI's and Anthropic's `type`, Gemini's `status`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// OpenAI's and Gemini's `code`.
    pub code: Option<Value>,
    /// OpenAI's `param`.
    pub param: Option<String>,
    /// The words.
    pub message: Option<String>,
    /// Gemini: the `retryDelay` of a RetryInfo detail.
    pub retry_delay: Option<String>,
    /// Gemini: the `reason` of an ErrorInfo detail.
    pub reason: Option<String>,
    /// Gemini: the `quotaId` of a QuotaFailure detail.
    pub quota_id: Option<String>,
    /// Gemini: more details as they stand.
    pub details: Vec<Value>,
}

/// The body of an error reply.
pub(crate) fn body(family: Family, status: u16, spec: &ErrorSpec, request_id: &str) -> Value {
    let mut body = in_family(family, status, spec);
    if family == Family::Anthropic {
        body["request_id"] = Value::from(request_id);
    }
    body
}

/// The error event of a stream, without its framing.
pub(crate) fn in_stream(family: Family, spec: Option<&ErrorSpec>) -> Value {
    let status = match family {
        Family::OpenAi => 500,
        Family::Anthropic => 529,
        Family::Gemini | Family::Bedrock => 503,
    };
    in_family(family, status, spec.unwrap_or(&ErrorSpec::default()))
}

fn in_family(family: Family, status: u16, spec: &ErrorSpec) -> Value {
    match family {
        Family::OpenAi => openai(status, spec),
        Family::Anthropic => anthropic(status, spec),
        Family::Gemini => gemini(status, spec),
        Family::Bedrock => bedrock(status, spec),
    }
}

fn or(given: &Option<String>, fallback: &str) -> String {
    given.clone().unwrap_or_else(|| fallback.to_owned())
}

fn openai(status: u16, spec: &ErrorSpec) -> Value {
    let (kind, code, words) = match status {
        400 | 422 => ("invalid_request_error", None, "The request is not valid."),
        401 => ("invalid_request_error", Some("invalid_api_key"), "The API key is not correct."),
        403 => ("insufficient_permissions", None, "The key may not do this."),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        413 => ("tokens", Some("rate_limit_exceeded"), "Request too large for the model."),
        429 => ("requests", Some("rate_limit_exceeded"), "The rate limit is reached."),
        503 => ("service_unavailable_error", Some("server_is_overloaded"), "The server is overloaded."),
        _ => ("server_error", None, "The server had an error."),
    };
    json!({ "error": {
        "message": or(&spec.message, words),
        "type": or(&spec.kind, kind),
        "param": spec.param,
        "code": spec.code.clone().unwrap_or_else(|| Value::from(code)),
    } })
}

fn anthropic(status: u16, spec: &ErrorSpec) -> Value {
    let (kind, words) = match status {
        400 | 422 => ("invalid_request_error", "The request is not valid."),
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "The account has no credit."),
        403 => ("permission_error", "The key may not do this."),
        404 => ("not_found_error", "model: not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "The rate limit is reached."),
        504 => ("timeout_error", "The request took too long."),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    json!({ "type": "error", "error": {
        "type": or(&spec.kind, kind),
        "message": or(&spec.message, words),
    } })
}

fn gemini(status: u16, spec: &ErrorSpec) -> Value {
    let (kind, words) = match status {
        400 | 422 => ("INVALID_ARGUMENT", "The request contains an invalid argument."),
        401 => ("UNAUTHENTICATED", "The credentials are missing or wrong."),
        402 | 429 => ("RESOURCE_EXHAUSTED", "The quota is exceeded."),
        403 => ("PERMISSION_DENIED", "The caller has no permission."),
        404 => ("NOT_FOUND", "The model is not found."),
        499 => ("CANCELLED", "The operation was cancelled."),
        503 => ("UNAVAILABLE", "The model is overloaded."),
        504 => ("DEADLINE_EXCEEDED", "The deadline expired."),
        _ => ("INTERNAL", "An internal error has occurred."),
    };
    let mut error = json!({
        "code": spec.code.clone().unwrap_or_else(|| Value::from(status)),
        "message": or(&spec.message, words),
        "status": or(&spec.kind, kind),
    });
    let details = gemini_details(spec);
    if !details.is_empty() {
        error["details"] = Value::from(details);
    }
    json!({ "error": error })
}

/// On the wire the type stands in a header, or in the head of an exception frame.
fn bedrock(status: u16, spec: &ErrorSpec) -> Value {
    let (kind, words) = match status {
        400 | 413 | 422 => ("validationException", "The request is not valid."),
        401 => ("unrecognizedClientException", "The security token included in the request is invalid."),
        402 | 403 => ("accessDeniedException", "The caller may not do this."),
        404 => ("resourceNotFoundException", "The model is not found."),
        408 | 504 => ("modelTimeoutException", "The model took too long."),
        424 => ("modelErrorException", "The model had an error."),
        429 => ("throttlingException", "Too many requests, please wait before trying again."),
        503 => ("serviceUnavailableException", "The service is not available."),
        _ => ("internalServerException", "The server had an error."),
    };
    json!({ "__type": or(&spec.kind, kind), "message": or(&spec.message, words) })
}

fn gemini_details(spec: &ErrorSpec) -> Vec<Value> {
    const RPC: &str = "type.googleapis.com/google.rpc";
    const METRIC: &str = "generativelanguage.googleapis.com/generate_content_requests";
    let reason = spec
        .reason
        .iter()
        .map(|reason| json!({ "@type": format!("{RPC}.ErrorInfo"), "reason": reason, "domain": "googleapis.com" }));
    let quota = spec.quota_id.iter().map(|id| {
        let violations = json!([{ "quotaMetric": METRIC, "quotaId": id }]);
        json!({ "@type": format!("{RPC}.QuotaFailure"), "violations": violations })
    });
    let retry =
        spec.retry_delay.iter().map(|delay| json!({ "@type": format!("{RPC}.RetryInfo"), "retryDelay": delay }));
    reason.chain(quota).chain(retry).chain(spec.details.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> ErrorSpec {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn openai_errors_carry_type_and_code() {
        let quota = spec(r#"{"type":"insufficient_quota","code":"insufficient_quota","message":"no"}"#);
        assert_eq!(
            body(Family::OpenAi, 429, &quota, "r").to_string(),
            r#"{"error":{"message":"no","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#
        );
        assert_eq!(
            body(Family::OpenAi, 401, &spec("{}"), "r").to_string(),
            r#"{"error":{"message":"The API key is not correct.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#
        );
    }

    #[test]
    fn anthropic_errors_carry_the_request_id_only_outside_streams() {
        assert_eq!(
            body(Family::Anthropic, 529, &spec("{}"), "req_1").to_string(),
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#
        );
        assert_eq!(
            in_stream(Family::Anthropic, None).to_string(),
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
        );
    }

    #[test]
    fn gemini_errors_carry_details() {
        let busy = spec(r#"{"message":"wait","retry_delay":"26s"}"#);
        assert_eq!(
            body(Family::Gemini, 429, &busy, "r").to_string(),
            r#"{"error":{"code":429,"message":"wait","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"26s"}]}}"#
        );
        let key = spec(r#"{"reason":"API_KEY_INVALID"}"#);
        assert!(body(Family::Gemini, 400, &key, "r").to_string().contains(r#""reason":"API_KEY_INVALID""#));
    }
}
