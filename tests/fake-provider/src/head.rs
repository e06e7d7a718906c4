//! The head of a reply: status and headers in, HTTP/1.1 bytes out.

use crate::asked::Asked;
use crate::reply::Family;
use crate::text;

/// The headers that the family's servers always send.
pub(crate) fn family_headers(asked: &Asked, request_id: &str) -> Vec<(String, String)> {
    let headers = match asked.family {
        Family::OpenAi => vec![
            ("x-request-id", request_id.to_owned()),
            ("openai-processing-ms", "3".to_owned()),
            ("openai-version", "2020-10-01".to_owned()),
        ],
        Family::Anthropic => vec![("request-id", request_id.to_owned())],
        Family::Gemini => vec![("server-timing", "gfet4t7; dur=3".to_owned())],
        Family::Bedrock => vec![("x-amzn-requestid", request_id.to_owned())],
    };
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The id that the family's servers give the request of this number.
pub(crate) fn request_id(asked: &Asked) -> String {
    match asked.family {
        Family::Anthropic => format!("req_011{}", text::letters(asked.number, 21)),
        Family::OpenAi | Family::Gemini | Family::Bedrock => {
            format!("req_{:032x}", u128::from(asked.number) << 64 | 0xfa4e)
        }
    }
}

/// Adds a header, in place of one of the same name; no value removes it.
pub(crate) fn set(headers: &mut Vec<(String, String)>, name: &str, value: Option<String>) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    if let Some(value) = value {
        headers.push((name.to_ascii_lowercase(), value));
    }
}

/// Status line and headers.
pub(crate) fn bytes(status: u16, headers: &[(String, String)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Payload Too Large",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
