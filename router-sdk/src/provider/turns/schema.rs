//! `response_format` in; the form that the answer must have, and words for models that take no schema, out.

use serde_json::Value;

use crate::wire::ChatRequest;

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::provider) enum Format<'a> {
    /// Any text.
    Text,
    /// Any JSON object.
    Json,
    /// JSON that fits this schema.
    Schema { schema: &'a Value, description: Option<&'a str> },
}

/// The form that a request asks for.
pub(in crate::provider) fn format(request: &ChatRequest) -> Format<'_> {
    let Some(value) = request.get("response_format") else { return Format::Text };
    match value.get("type").and_then(Value::as_str) {
        Some("json_schema") => match value.pointer("/json_schema/schema") {
            Some(schema) => {
                let description = value.pointer("/json_schema/description").and_then(Value::as_str);
                Format::Schema { schema, description }
            }
            None => Format::Json,
        },
        Some("json_object") => Format::Json,
        _ => Format::Text,
    }
}

/// The form in words, for the end of the instructions; `None` where any text will do.
pub(in crate::provider) fn instruction(format: Format<'_>) -> Option<String> {
    let rule = "without any words, markup or code fence before or after it";
    match format {
        Format::Text => None,
        Format::Json => Some(format!("Answer with one JSON object, {rule}.")),
        Format::Schema { schema, .. } => {
            Some(format!("Answer with JSON that fits the following JSON schema, {rule}.\n{schema}"))
        }
    }
}
