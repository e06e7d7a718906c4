//! JSON in, a digest that knows neither the order of keys nor the spelling of numbers out.

use ring::digest::{Context, SHA256};
use serde_json::{Number, Value};

/// The SHA-256 of a canonical form.
pub(crate) type Key = [u8; 32];

/// A digest in the making. What is put in is marked by kind and length, so that no two sequences look alike.
#[derive(Clone)]
pub(crate) struct Canon(Context);

impl Canon {
    /// A digest for one purpose; those of two purposes are never equal.
    pub(crate) fn of(purpose: &str) -> Self {
        let mut canon = Self(Context::new(&SHA256));
        canon.text(purpose);
        canon
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.mark(b'"', text.len());
        self.0.update(text.as_bytes());
    }

    /// The beginning of so many things.
    pub(crate) fn list(&mut self, length: usize) {
        self.mark(b'[', length);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.mark(b'#', 0);
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.mark(b'0', 0),
            Value::Bool(truth) => self.mark(b'?', usize::from(*truth)),
            Value::String(text) => self.text(text),
            Value::Number(number) => self.json_number(number),
            Value::Array(items) => {
                self.list(items.len());
                items.iter().for_each(|item| self.value(item));
            }
            Value::Object(map) => {
                self.fields(map.iter().map(|(name, value)| (name.as_str(), value)).collect());
            }
        }
    }

    /// An object of these fields.
    pub(crate) fn fields(&mut self, mut fields: Vec<(&str, &Value)>) {
        fields.sort_unstable_by_key(|(name, _)| *name);
        self.mark(b'{', fields.len());
        for (name, value) in fields {
            self.text(name);
            self.value(value);
        }
    }

    /// 1, 1.0 and 1e0 are the same number.
    fn json_number(&mut self, number: &Number) {
        if let Some(whole) = number.as_i64() {
            self.mark(b'i', 0);
            self.0.update(&whole.to_le_bytes());
        } else if let Some(whole) = number.as_u64() {
            self.mark(b'u', 0);
            self.0.update(&whole.to_le_bytes());
        } else {
            let value = number.as_f64().unwrap_or_default();
            // Beyond 2^53 not every whole number is a float.
            if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
                self.mark(b'i', 0);
                self.0.update(&(value as i64).to_le_bytes());
            } else {
                self.mark(b'f', 0);
                self.0.update(&value.to_bits().to_le_bytes());
            }
        }
    }

    fn mark(&mut self, kind: u8, length: usize) {
        let mut mark = [0; 9];
        mark[0] = kind;
        mark[1..].copy_from_slice(&(length as u64).to_le_bytes());
        self.0.update(&mark);
    }

    pub(crate) fn key(self) -> Key {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.finish().as_ref());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(json: &str) -> Key {
        let mut canon = Canon::of("test");
        canon.value(&serde_json::from_str(json).unwrap());
        canon.key()
    }

    #[test]
    fn order_of_keys_and_spelling_of_numbers_do_not_matter() {
        assert_eq!(
            key(r#"{"a": 1, "b": [0.5, {"c": null, "d": -0.0}]}"#),
            key(r#"{"b":[5e-1,{"d":0,"c":null}],"a":1.0}"#)
        );
        assert_eq!(key("100"), key("1e2"));
    }

    #[test]
    fn everything_else_does() {
        let all = [
            "1",
            "-1",
            "1.5",
            "true",
            "false",
            "null",
            r#""1""#,
            "[1]",
            r#"["1"]"#,
            "[[1]]",
            "[1,1]",
            "[]",
            "{}",
            r#"{"a":1}"#,
            r#"{"a":[1]}"#,
            r#"{"b":1}"#,
            r#"["a",1]"#,
            r#"["ab"]"#,
            r#"["a","b"]"#,
            r#""""#,
            "18446744073709551615",
            "18446744073709551614",
            "9007199254740993",
            "9007199254740992",
            "1e300",
        ];
        let keys: std::collections::HashSet<Key> = all.iter().map(|json| key(json)).collect();
        assert_eq!(keys.len(), all.len());
    }
}
