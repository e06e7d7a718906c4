//! The body of a failed reply in any of the shapes in use; what it tells goes out, with nothing decided yet.

use std::time::Duration;

use serde_json::{Map, Value};

use super::delay;

/// What an error body tells.
#[derive(Debug, Default, Clone)]
pub(super) struct Told {
    /// The message, the upstream provider's own where a broker passes it on.
    pub(super) message: Option<String>,
    /// The code, when it is no HTTP status.
    pub(super) code: Option<String>,
    /// The type, or Google's status word.
    pub(super) kind: Option<String>,
    /// The HTTP status that the body states.
    pub(super) status: Option<u16>,
    /// Further words that name the fault: reasons, inner codes, quota ids.
    pub(super) reasons: Vec<String>,
    /// The wait asked for in a field of its own.
    pub(super) wait: Option<Duration>,
    /// Rate limit headers of an upstream provider that a broker passes on.
    pub(super) limits: Option<Map<String, Value>>,
    /// The request id.
    pub(super) request_id: Option<String>,
    /// What kind of body it was.
    pub(super) form: Form,
}

/// What a body is made of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON that tells of an error.
    #[default]
    Error,
    /// JSON without a word of an error.
    Other,
    /// An HTML page.
    Html,
    /// Text.
    Text,
    /// Nothing.
    Empty,
}

/// How deep errors within errors are followed.
const MAX_NESTING: u8 = 8;

/// Reads a body, whatever its content type says.
pub(super) fn read(body: &[u8]) -> Told {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Told { form: Form::Empty, ..Told::default() };
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return read_value(&value);
    }
    if let Some(value) = text.lines().find_map(event_data) {
        return read_value(&value);
    }
    if text.starts_with('<') {
        let title = html_title(text);
        let message = title.map(|title| format!("an HTML page came instead of JSON: {title}"));
        return Told { message, form: Form::Html, ..Told::default() };
    }
    Told { message: Some(text.chars().take(1000).collect()), form: Form::Text, ..Told::default() }
}

/// Reads an error that is JSON already: the whole body or event, or its `error` field.
pub(super) fn read_value(value: &Value) -> Told {
    let mut told = Told::default();
    let found = take(value, &mut told, 0);
    if !found {
        told.form = Form::Other;
    }
    told
}

/// The JSON of a `data:` line.
fn event_data(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix("data:")?.trim()).ok()
}

fn html_title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let open = start + lower.get(start..)?.find('>')? + 1;
    let close = open + lower.get(open..)?.find('<')?;
    let title = text.get(open..close)?.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// Takes what `value` tells; false when it holds nothing that names an error.
fn take(value: &Value, told: &mut Told, depth: u8) -> bool {
    if depth > MAX_NESTING {
        return false;
    }
    match value {
        Value::Object(map) => object(map, told, depth),
        Value::Array(items) => items.first().is_some_and(|first| take(first, told, depth + 1)),
        Value::String(text) => message(text, told, depth),
        _ => false,
    }
}

fn object(map: &Map<String, Value>, told: &mut Told, depth: u8) -> bool {
    let mut found = match map.get("error") {
        Some(Value::Object(inner)) => object(inner, told, depth + 1) || !inner.is_empty(),
        Some(Value::String(text)) if !text.is_empty() => message(text, told, depth + 1),
        Some(Value::Array(items)) => items.first().is_some_and(|first| take(first, told, depth + 1)),
        Some(Value::Bool(true)) => true,
        _ => false,
    };
    for name in ["message", "Message", "detail", "msg", "error_description", "error_message", "title", "errors"] {
        if told.message.is_some() {
            break;
        }
        found |= map.get(name).is_some_and(|v| named_message(v, told, depth));
    }
    if let Some(base) = map.get("base_resp").and_then(Value::as_object) {
        found |= base_resp(base, told);
    }
    codes(map, told);
    // A list of errors has the codes inside.
    if let Some(Value::Object(first)) = map.get("errors").and_then(|errors| errors.get(0)) {
        codes(first, told);
    }
    wait(map, told);
    details(map, told, depth);
    if told.request_id.is_none() {
        let id = map.get("request_id").or_else(|| map.get("id")).or_else(|| map.get("responseId"));
        told.request_id = id.and_then(Value::as_str).map(str::to_owned);
    }
    found
}

/// A message field: text, a list of FastAPI faults, or a further object.
fn named_message(value: &Value, told: &mut Told, depth: u8) -> bool {
    let Value::Array(items) = value else { return take(value, told, depth + 1) };
    let faults: Vec<String> = items.iter().take(3).filter_map(validation_fault).collect();
    if faults.is_empty() {
        return take(value, told, depth + 1);
    }
    told.message = Some(faults.join("; "));
    true
}

/// `body.messages.0: Field required` of one FastAPI fault; its `input` would quote the prompt.
fn validation_fault(fault: &Value) -> Option<String> {
    let what = fault.get("msg").or_else(|| fault.get("message"))?.as_str()?;
    let place: Vec<String> = fault
        .get("loc")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect();
    Some(if place.is_empty() { what.to_owned() } else { format!("{}: {what}", place.join(".")) })
}

/// A message; some wrap the real error as JSON text in it.
fn message(text: &str, told: &mut Told, depth: u8) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return false;
    }
    if text.starts_with(['{', '['])
        && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
        && take(&inner, told, depth + 1)
        && told.message.is_some()
    {
        return true;
    }
    if told.message.is_none() {
        told.message = Some(text.to_owned());
    }
    true
}

fn codes(map: &Map<String, Value>, told: &mut Told) {
    for name in ["code", "error_code", "status_code", "raw_status_code", "status", "statusCode"] {
        match map.get(name) {
            Some(Value::Number(number)) => number_code(number.as_u64(), told),
            Some(Value::String(text)) => match text.parse::<u64>() {
                Ok(number) => number_code(Some(number), told),
                Err(_) if text.is_empty() || text == "error" => {}
                Err(_) if name == "status" => fill(&mut told.kind, text),
                Err(_) => fill(&mut told.code, text),
            },
            _ => {}
        }
    }
    for name in ["type", "__type", "error_type"] {
        let Some(text) = map.get(name).and_then(Value::as_str) else { continue };
        // Amazon writes the namespace before the name.
        let text = if name == "__type" { text.rsplit('#').next().unwrap_or(text) } else { text };
        if matches!(text, "" | "error") || told.kind.as_deref() == Some(text) {
            continue;
        }
        match told.kind {
            None => told.kind = Some(text.to_owned()),
            Some(_) => told.reasons.push(text.to_owned()),
        }
    }
}

/// A wait in a field of its own, in seconds or milliseconds.
fn wait(map: &Map<String, Value>, told: &mut Told) {
    const FIELDS: [(&str, f64); 5] = [
        ("retry_after_ms", 1e-3),
        ("retryAfterMs", 1e-3),
        ("retry_after", 1.0),
        ("retryAfter", 1.0),
        ("retry_after_seconds", 1.0),
    ];
    for (name, scale) in FIELDS {
        let given = map.get(name).and_then(|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()));
        told.wait = told.wait.or_else(|| delay::seconds(given? * scale));
    }
}

/// MiniMax tells of faults beside an empty answer, by numbers of its own.
fn base_resp(base: &Map<String, Value>, told: &mut Told) -> bool {
    let Some(code) = base.get("status_code").and_then(Value::as_i64).filter(|code| *code != 0) else { return false };
    let meaning = match code {
        1002 | 1041 | 2045 => "rate_limit_exceeded",
        1004 | 2049 => "invalid_api_key",
        1008 => "insufficient_balance",
        1026 | 1027 => "content_filter",
        1039 => "context_length_exceeded",
        2013 => "invalid_request",
        _ => "server_error",
    };
    told.reasons.push(meaning.to_owned());
    fill(&mut told.code, &code.to_string());
    if let Some(text) = base.get("status_msg").and_then(Value::as_str) {
        fill(&mut told.message, text);
    }
    true
}

fn number_code(number: Option<u64>, told: &mut Told) {
    match number {
        Some(status @ 400..=599) => {
            told.status.get_or_insert(u16::try_from(status).unwrap_or_default());
        }
        Some(code @ 1..) => fill(&mut told.code, &code.to_string()),
        _ => {}
    }
}

fn fill(slot: &mut Option<String>, text: &str) {
    if slot.is_none() && !text.is_empty() {
        *slot = Some(text.to_owned());
    }
}

/// Google's details, Azure's inner error, a broker's metadata, Groq's failed generation.
fn details(map: &Map<String, Value>, told: &mut Told, depth: u8) {
    for entry in map.get("details").and_then(Value::as_array).into_iter().flatten() {
        reason(entry.get("reason"), told);
        if let Some(wait) = entry.get("retryDelay").and_then(Value::as_str) {
            told.wait = told.wait.or_else(|| delay::duration(wait));
        }
        for violation in entry.get("violations").and_then(Value::as_array).into_iter().flatten() {
            reason(violation.get("quotaId"), told);
        }
    }
    reason(map.get("reason"), told);
    for name in ["innererror", "inner_error"] {
        reason(map.get(name).and_then(|inner| inner.get("code")), told);
    }
    if map.get("failed_generation").is_some_and(Value::is_string) {
        told.reasons.push("failed_generation".to_owned());
    }
    let Some(metadata) = map.get("metadata").and_then(Value::as_object) else { return };
    if metadata.get("reasons").and_then(Value::as_array).is_some_and(|r| !r.is_empty()) {
        told.reasons.push("moderation".to_owned());
    }
    reason(metadata.get("error_type"), told);
    if let Some(limits) = metadata.get("headers").and_then(Value::as_object) {
        told.limits = Some(limits.clone());
    }
    if let Some(raw) = metadata.get("raw").filter(|raw| !raw.is_null()) {
        upstream(raw, metadata.get("provider_name").and_then(Value::as_str), told, depth);
    }
}

/// What the provider behind a broker said is worth more than the broker's "Provider returned error".
fn upstream(raw: &Value, provider: Option<&str>, told: &mut Told, depth: u8) {
    let mut inner = Told::default();
    if !take(raw, &mut inner, depth + 1) {
        return;
    }
    if let Some(message) = inner.message {
        told.message = Some(match provider {
            Some(provider) => format!("{provider}: {message}"),
            None => message,
        });
    }
    told.reasons.extend(inner.code);
    told.reasons.extend(inner.kind);
    told.reasons.append(&mut inner.reasons);
    told.wait = told.wait.or(inner.wait);
}

fn reason(value: Option<&Value>, told: &mut Told) {
    if let Some(text) = value.and_then(Value::as_str).filter(|text| !text.is_empty()) {
        told.reasons.push(text.to_owned());
    }
}
