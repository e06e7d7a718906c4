//! Prompt-cache markers in; the same for vendors that take them, a request without them for all others, out.

use serde_json::Value;

use super::draft::Draft;
use crate::provider::Target;
use crate::provider::adapted::lost;

const MARKER: &str = "cache_control";

/// Leaves Anthropic's markers out where the vendor would refuse them: most cache by themselves.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) {
    if target.deployment.quirks.cache_control {
        return;
    }
    let mut any = draft.remove(MARKER).is_some();
    for field in ["messages", "tools"] {
        if !draft.get(field).is_some_and(marked) {
            continue;
        }
        let Some(mut value) = draft.get(field).cloned() else { continue };
        strip(&mut value);
        draft.set(field, value);
        any = true;
    }
    if any {
        draft.note(lost(MARKER, "the provider takes no markers"));
    }
}

/// Markers stand on messages and tools, on parts of content and on functions; deeper there is the caller's own data.
fn marked(list: &Value) -> bool {
    list.as_array().into_iter().flatten().any(|item| {
        let inner = item.get("content").and_then(Value::as_array).into_iter().flatten();
        item.get(MARKER).is_some()
            || item.get("function").is_some_and(|f| f.get(MARKER).is_some())
            || inner.into_iter().any(|part| part.get(MARKER).is_some())
    })
}

fn strip(list: &mut Value) {
    let remove = |value: &mut Value| {
        if let Some(object) = value.as_object_mut() {
            object.shift_remove(MARKER);
        }
    };
    for item in list.as_array_mut().into_iter().flatten() {
        remove(item);
        if let Some(function) = item.get_mut("function") {
            remove(function);
        }
        item.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten().for_each(remove);
    }
}
