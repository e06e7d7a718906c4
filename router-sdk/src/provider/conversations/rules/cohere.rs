//! Cohere chat, version 2.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{list, only, text};

const TOP: [&str; 8] = ["model", "messages", "stream", "tools", "thinking", "max_tokens", "tool_choice", "temperature"];

pub(in crate::provider::conversations) fn check(body: &Value, _: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    for tool in list(&body["tools"], "tools")? {
        only(&tool["function"], &["name", "description", "parameters"], "a function")?;
        text(&tool["function"], "name", "a function")?;
    }
    let roles: [(&str, &[&str], &[&str]); 4] = [
        ("system", &["role", "content"], &["text"]),
        ("user", &["role", "content"], &["text", "image_url"]),
        ("assistant", &["role", "content", "tool_calls", "tool_plan"], &["text", "thinking"]),
        ("tool", &["role", "content", "tool_call_id"], &["text", "document"]),
    ];
    super::openai::messages(&body["messages"], &roles, |_| true)
}
