//! JSON in the spacing that providers use: a value in, its text out, keys in the order given.

use serde::Serialize;
use serde_json::{Map, Value, ser::Formatter};
use std::io;

/// `{"a": 1,"b": 2}`, the spacing of Google's streams.
pub(crate) fn spaced(value: &Value) -> String {
    spell(value, SpacedFormatter)
}

/// Indented by two spaces, the spacing of OpenAI's and Google's whole replies.
pub(crate) fn pretty(value: &Value) -> String {
    spell(value, serde_json::ser::PrettyFormatter::new())
}

/// Adds `extra`'s fields to an object.
pub(crate) fn add_all(value: &mut Value, extra: &Map<String, Value>) {
    if let Value::Object(fields) = value {
        fields.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

fn spell(value: &Value, formatter: impl Formatter) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Writing a plain value into memory has no way to fail; an empty text would show at once.
    if value.serialize(&mut serializer).is_err() {
        return String::new();
    }
    String::from_utf8(out).unwrap_or_default()
}

struct SpacedFormatter;

impl Formatter for SpacedFormatter {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_key_order_in_every_spacing() {
        let value = json!({ "z": 1, "a": [{ "k": "v" }] });
        assert_eq!(value.to_string(), r#"{"z":1,"a":[{"k":"v"}]}"#);
        assert_eq!(spaced(&value), r#"{"z": 1,"a": [{"k": "v"}]}"#);
        assert_eq!(pretty(&value), "{\n  \"z\": 1,\n  \"a\": [\n    {\n      \"k\": \"v\"\n    }\n  ]\n}");
    }
}
