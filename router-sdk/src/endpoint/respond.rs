//! Replies, streams and errors as HTTP responses in the OpenAI shape, with the `X-ClawRouters-*` headers.

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::Body;
use super::limits::limit_headers;
use crate::account::usd;
use crate::error::{Error, ErrorKind};
use crate::stream::ChatStream;
use crate::wire::{ChatResponse, EmbeddingResponse, RouteInfo};

/// An error with the status that the door answers it with.
pub(super) struct Refused {
    status: StatusCode,
    error: Error,
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: Error) -> Self {
        Self { status, error }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = json(self.status, &error_json(&self.error, self.status));
        let headers = response.headers_mut();
        if let Some(wait) = self.error.retry_after() {
            set(headers, "retry-after", &wait.as_secs_f64().ceil().to_string());
            set(headers, "retry-after-ms", &wait.as_millis().to_string());
        }
        limit_headers(headers, self.error.limits());
        // The router has retried as much as it may: clients must not multiply that.
        set(headers, "x-should-retry", "false");
        set(headers, "x-clawrouters-attempts", &self.error.attempts().len().to_string());
        if let Some(id) = self.error.request_id() {
            set(headers, "x-request-id", id);
        }
        if let Some(id) = self.error.route_id() {
            set(headers, "x-clawrouters-request-id", id);
        }
        response
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error }
    }
}

/// OpenAI's error object, with everything else under `clawrouters`.
fn error_json(error: &Error, status: StatusCode) -> Value {
    let kind = match error.kind() {
        ErrorKind::Unauthenticated => "authentication_error",
        ErrorKind::Forbidden => "permission_error",
        ErrorKind::RateLimited | ErrorKind::BudgetExceeded => "rate_limit_error",
        _ if status.is_client_error() => "invalid_request_error",
        _ => "api_error",
    };
    json!({"error": {
        "message": error.message(), "type": kind, "param": error.param(),
        "code": error.code().unwrap_or(error.kind().as_str()), "clawrouters": error.to_json(),
    }})
}

pub(super) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    bytes(status, value.to_string())
}

fn bytes(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::once(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn whole(reply: &ChatResponse) -> Response<Body> {
    let mut response = json(StatusCode::OK, &reply.to_json());
    route_headers(response.headers_mut(), &reply.route);
    response
}

pub(super) fn embedded(reply: &EmbeddingResponse) -> Response<Body> {
    let mut response = bytes(StatusCode::OK, reply.to_json_bytes());
    route_headers(response.headers_mut(), &reply.route);
    response
}

pub(super) fn streamed(mut stream: ChatStream) -> Response<Body> {
    let route = stream.route().clone();
    let events = async_stream::stream! {
        while let Some(chunk) = StreamExt::next(&mut stream).await {
            match chunk {
                Ok(chunk) => yield event(&chunk.to_json()),
                Err(error) => {
                    let status = StatusCode::from_u16(error.kind().http_status()).unwrap_or(StatusCode::BAD_GATEWAY);
                    yield event(&error_json(&error, status));
                    return;
                }
            }
        }
        yield Bytes::from_static(b"data: [DONE]\n\n");
    };
    let mut response = Response::new(Body::events(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    route_headers(headers, &route);
    response
}

fn event(value: &Value) -> Bytes {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"data: ");
    // Writing JSON values into a Vec cannot fail.
    let _ = serde_json::to_writer(&mut out, value);
    out.extend_from_slice(b"\n\n");
    Bytes::from(out)
}

/// What is known of the route: of a stream everything but what only its end tells.
fn route_headers(headers: &mut HeaderMap, route: &RouteInfo) {
    set(headers, "x-clawrouters-model", &route.model);
    set(headers, "x-clawrouters-provider", &route.provider);
    set(headers, "x-clawrouters-strategy", route.strategy);
    set(headers, "x-clawrouters-request-id", &route.request_id);
    set(headers, "x-clawrouters-cache", route.cached.as_str());
    // The attempt that is answering counts from its first output.
    let answered = route.cached.is_hit() || route.attempts.iter().any(|a| a.then == "done");
    let begun = usize::from(!answered);
    set(headers, "x-clawrouters-attempts", &(route.attempts.len() + begun).to_string());
    if let Some(task) = &route.task {
        set(headers, "x-clawrouters-task", task.kind.as_str());
    }
    if let Some(cost) = route.cost_nanos {
        set(headers, "x-clawrouters-cost", &dollars(cost as i64));
    }
    if let Some(saved) = route.saved_nanos() {
        set(headers, "x-clawrouters-saved", &dollars(saved));
    }
    limit_headers(headers, route.limits.as_deref());
    if route.sandbox {
        set(headers, "x-clawrouters-sandbox", "true");
    }
    let upstream = route.attempts.iter().rev().find_map(|a| a.request_id.as_deref());
    set(headers, "x-request-id", upstream.unwrap_or(&route.request_id));
}

/// Nano-dollars as US dollars with nine places.
fn dollars(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{sign}{:.9}", usd(nanos.unsigned_abs()))
}

pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // Names of models need not be ASCII, and header values may hold any visible byte.
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
