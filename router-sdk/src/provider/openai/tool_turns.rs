//! A conversation in; the same with one result for each call, one call for each result, and turns in order, out.

use serde_json::{Value, json};

use super::draft::Draft;
use crate::provider::Target;

/// What is said in place of a result that is missing.
const NO_RESULT: &str = "No result.";
/// What the assistant says where results and the user must not meet.
const BRIDGE: &str = "Noted.";

/// Mends what a vendor with strict turns refuses: interrupted calls, results out of nothing, a user after results.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) {
    if !target.deployment.quirks.strict_tool_turns {
        return;
    }
    let Some(messages) = draft.get("messages").and_then(Value::as_array) else { return };
    if !messages.iter().any(|m| role(m) == "tool" || !calls(m).is_empty()) {
        return;
    }
    let mut mended = Mended::default();
    for message in messages {
        mended.take(message);
    }
    mended.close();
    if mended.notes.is_empty() {
        return;
    }
    draft.set("messages", Value::Array(mended.out));
    for note in mended.notes {
        draft.note(note);
    }
}

#[derive(Default)]
struct Mended {
    out: Vec<Value>,
    /// Calls of the last assistant message that have no result yet: id and name.
    open: Vec<(String, String)>,
    notes: Vec<&'static str>,
}

impl Mended {
    fn take(&mut self, message: &Value) {
        if role(message) != "tool" {
            self.close();
            if role(message) == "user" && self.out.last().is_some_and(|last| role(last) == "tool") {
                self.out.push(json!({"role": "assistant", "content": BRIDGE}));
                self.notes.push("an assistant message added between results of tools and the user");
            }
            self.open = calls(message);
            self.out.push(message.clone());
            return;
        }
        let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
        match self.open.iter().position(|(open, _)| open == id) {
            Some(at) => {
                self.open.remove(at);
                self.out.push(message.clone());
            }
            None => self.without_call(message),
        }
    }

    /// The model still sees what the tool said, as something the user tells.
    fn without_call(&mut self, message: &Value) {
        self.close();
        if self.out.last().is_some_and(|last| role(last) == "tool") {
            self.out.push(json!({"role": "assistant", "content": BRIDGE}));
        }
        let content = message.get("content").cloned().unwrap_or_default();
        self.out.push(json!({"role": "user", "content": content}));
        self.notes.push("results of tools that answer no call sent as the user's");
    }

    fn close(&mut self) {
        for (id, name) in std::mem::take(&mut self.open) {
            self.out.push(json!({"role": "tool", "tool_call_id": id, "name": name, "content": NO_RESULT}));
            self.notes.push("a result added for each call that had none");
        }
    }
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn calls(message: &Value) -> Vec<(String, String)> {
    let listed = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let text = |call: &Value, at: &str| call.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    listed.map(|call| (text(call, "/id"), text(call, "/function/name"))).collect()
}
