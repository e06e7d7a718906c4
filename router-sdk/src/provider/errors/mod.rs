//! Failed replies of every provider come in (status, headers, body); one [`Failure`] with its cause goes out.

mod body;
mod delay;
mod mask;
mod spelling;
#[cfg(test)]
mod tests;
mod verdict;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{Cause, Failure, Repeat};
use body::Told;
pub(crate) use mask::tidy;

/// Reads a reply that is not a success, or a success whose body is an error.
pub(crate) fn explain(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    explain_at(status, headers, body, Timestamp::now())
}

/// [`explain`] at a given time, which dates in headers are compared with.
pub(crate) fn explain_at(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Failure {
    failure(status, headers, &body::read(body), now)
}

/// Reads an error object that came in the stream or the body of a reply with `status` (200 as a rule).
///
/// Takes the whole event or the value of its `error` field.
pub(crate) fn explain_in_stream(error: &Value, status: u16) -> Failure {
    failure(status, &HeaderMap::new(), &body::read_value(error), Timestamp::now())
}

/// The wait that a header of a limit's reset tells, whatever its form.
pub(crate) fn reset_delay(headers: &HeaderMap, name: &str) -> Option<std::time::Duration> {
    delay::until_reset(headers, name, Timestamp::now())
}

/// The provider's id of a request, under any of the names in use.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    REQUEST_ID_HEADERS.iter().filter_map(|name| headers.get(*name)?.to_str().ok()).find_map(printable_id)
}

/// Reads a failure again for a server that answers mistakes of the caller with status 500.
pub(crate) fn client_errors_as_500(mut failure: Failure) -> Failure {
    if failure.cause == Cause::Server && matches!(failure.status, Some(500)) {
        failure.cause = verdict::mistake_behind_500(&failure.message);
    }
    failure
}

const REQUEST_ID_HEADERS: [&str; 14] = [
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-ms-request-id",
    "x-generation-id",
    "mistral-correlation-id",
    "x-kong-request-id",
    "x-debug-trace-id",
    "x-ds-trace-id",
    "nvcf-reqid",
    "x-correlation-id",
    "x-trace-id",
    "cf-ray",
];

fn failure(status: u16, headers: &HeaderMap, told: &Told, now: Timestamp) -> Failure {
    // Inside a success the body's own status is the better one.
    let status = if (200..300).contains(&status) { told.status.unwrap_or(status) } else { status };
    let error_type = aws_error_type(headers);
    let cause = verdict::cause(status, headers, told, error_type.as_deref());
    let wait = delay::stated(headers, told, now).or_else(|| match cause {
        Cause::RateLimited | Cause::Quota => delay::reset(headers, told, now),
        _ => None,
    });
    let message = match &told.message {
        Some(message) => mask::tidy(message),
        None => verdict::without_message(status, cause, told),
    };
    let code = told.code.clone().or_else(|| told.kind.clone()).or(error_type);
    let id = request_id(headers).or_else(|| told.request_id.as_deref().and_then(printable_id));
    Failure::new(cause, message)
        .with_status(status)
        .with_code(code.map(|code| mask::tidy(&code)))
        .with_retry_after(wait)
        .with_request_id(id)
        .with_repeat(if verdict::should_retry(headers) == Some(false) { Repeat::Never } else { Repeat::ByCause })
}

/// `ThrottlingException` of `ThrottlingException:http://…`.
fn aws_error_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-amzn-errortype")?.to_str().ok()?;
    let name = text.split(':').next()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn printable_id(id: &str) -> Option<String> {
    let id = id.trim();
    let fine = !id.is_empty() && id.len() <= 200 && id.bytes().all(|b| b.is_ascii_graphic());
    fine.then(|| id.to_owned())
}
