//! A JSON value in; the same value with each of its nodes in turn replaced by one of every other type, out.

use serde_json::{Value, json};

/// Each variant with the pointer to what was replaced.
pub(super) fn variants(value: &Value) -> Vec<(String, Value)> {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1.5),
        json!(u64::MAX),
        json!("x"),
        json!(""),
        json!([]),
        json!([null, 7, "x"]),
        json!({}),
        json!({"text": 3, "type": []}),
    ];
    let mut places = Vec::new();
    walk(value, String::new(), &mut places);
    let mut out = Vec::with_capacity(places.len() * odd.len());
    for place in places {
        for other in &odd {
            let mut variant = value.clone();
            let slot = variant.pointer_mut(&place).unwrap();
            // Of the same type it would be another reply and no odd one.
            if std::mem::discriminant(slot) != std::mem::discriminant(other) {
                *slot = other.clone();
                out.push((place.clone(), variant));
            }
        }
    }
    out
}

fn walk(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            walk(inner, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), out);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, inner)| walk(inner, format!("{at}/{i}"), out)),
        _ => {}
    }
    out.push(at);
}
