//! A finished body in; the same with no more prompt-cache markers than Anthropic takes, out.

use serde_json::Value;

use crate::wire::Object;

const MARKER: &str = "cache_control";
/// Markers in one request.
const MOST: usize = 4;

/// Leaves out the earliest markers beyond the limit: the later one stands, the more of the prompt it caches.
pub(super) fn bound(body: &mut Object, adapted: &mut Vec<String>) {
    let top = usize::from(body.contains_key(MARKER));
    let all = top + places(body).map(|list| list.iter_mut().map(count).sum::<usize>()).sum::<usize>();
    let mut surplus = all.saturating_sub(MOST);
    if surplus == 0 {
        return;
    }
    adapted.push(format!("{MARKER}: the last {MOST} of {all} markers kept, Anthropic takes no more"));
    for list in places(body) {
        for value in list {
            remove(value, &mut surplus);
        }
    }
}

/// The lists that markers stand in, in the order in which the prompt is read.
fn places(body: &mut Object) -> impl Iterator<Item = &mut Vec<Value>> {
    let mut found: [Option<&mut Vec<Value>>; 3] = [None, None, None];
    for (name, value) in body.iter_mut() {
        let place = ["tools", "system", "messages"].iter().position(|n| n == name);
        if let (Some(place), Value::Array(list)) = (place, value) {
            found[place] = Some(list);
        }
    }
    found.into_iter().flatten()
}

/// A block, or a message of blocks, perhaps a result of blocks.
fn count(value: &mut Value) -> usize {
    let own = usize::from(value.get(MARKER).is_some());
    own + inner(value).iter_mut().map(count).sum::<usize>()
}

fn remove(value: &mut Value, surplus: &mut usize) {
    for block in inner(value) {
        remove(block, surplus);
    }
    if *surplus > 0 && value.as_object_mut().is_some_and(|fields| fields.shift_remove(MARKER).is_some()) {
        *surplus -= 1;
    }
}

fn inner(value: &mut Value) -> &mut [Value] {
    match value.get_mut("content") {
        Some(Value::Array(blocks)) => blocks,
        _ => &mut [],
    }
}
