//! Mistral: OpenAI's shape with ids of nine characters and an order of roles of its own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ensure, list, only};

const TOP: [&str; 8] =
    ["model", "messages", "stream", "tools", "reasoning_effort", "max_tokens", "tool_choice", "temperature"];

pub(in crate::provider::conversations) fn check(body: &Value, _: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    let roles: [(&str, &[&str], &[&str]); 4] = [
        ("system", &["role", "content"], &["text"]),
        ("user", &["role", "content"], &["text", "image_url", "input_audio", "document_url"]),
        ("assistant", &["role", "content", "tool_calls", "prefix"], &["text", "thinking"]),
        ("tool", &["role", "content", "tool_call_id", "name"], &["text"]),
    ];
    let nine = |id: &str| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    super::openai::messages(&body["messages"], &roles, nine)?;
    let roles: Vec<&str> = list(&body["messages"], "messages")?.iter().filter_map(|m| m["role"].as_str()).collect();
    for pair in roles.windows(2) {
        ensure(pair != ["tool", "user"], "role user after role tool")?;
    }
    ensure(matches!(roles.last(), Some(&"user" | &"tool")), "the last role is user or tool")
}
