//! Two JSON values in, where the second is not part of the first out.

use serde_json::Value;

/// Where `wanted` is not part of `got`; nothing when it is.
pub fn differs(got: &Value, wanted: &Value, at: &str) -> Option<String> {
    match (got, wanted) {
        (Value::Object(g), Value::Object(w)) => {
            w.iter().find_map(|(k, v)| differs(g.get(k).unwrap_or(&Value::Null), v, &format!("{at}.{k}")))
        }
        (Value::Array(g), Value::Array(w)) if g.len() == w.len() => {
            g.iter().zip(w).enumerate().find_map(|(i, (g, w))| differs(g, w, &format!("{at}[{i}]")))
        }
        (Value::Number(g), Value::Number(w)) if g.as_f64() == w.as_f64() => None,
        (g, w) if g == w => None,
        (g, w) => Some(format!("{at}: got {}, wanted {w}", short(g))),
    }
}

/// A value cut to what a reader wants to see.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 600 { text.chars().take(600).collect::<String>() + "…" } else { text }
}
