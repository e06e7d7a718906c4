//! Arguments of one call, streamed value by value under JSON paths, in; the arguments as JSON out.

use serde_json::{Value, json};

use super::turns::given;

/// Deeper or longer paths than any tool has are not followed.
const MAX_STEPS: usize = 64;
const MAX_ITEMS: usize = 10_000;

/// A call that is still being told.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) signature: Option<String>,
    arguments: Value,
}

impl Partial {
    /// Takes one piece: texts that go on are joined, all else is set.
    pub(super) fn take(&mut self, call: &Value) {
        if let Some(whole) = given(call, "args") {
            self.arguments = whole.clone();
        }
        for piece in call.get("partialArgs").and_then(Value::as_array).into_iter().flatten() {
            let Some(place) = piece.get("jsonPath").and_then(Value::as_str).and_then(|p| place(&mut self.arguments, p))
            else {
                continue;
            };
            let value = ["stringValue", "numberValue", "boolValue"].iter().find_map(|name| given(piece, name));
            match (place, value) {
                (Value::String(text), Some(Value::String(more))) => text.push_str(more),
                (place, value) => *place = value.cloned().unwrap_or_default(),
            }
        }
    }

    /// The arguments; a call without any has an empty object.
    pub(super) fn arguments(&self) -> String {
        if self.arguments.is_null() { "{}".to_owned() } else { self.arguments.to_string() }
    }
}

/// The place of a path such as `$.rows[2].name`, made where it is not there yet.
fn place<'a>(root: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let steps = steps(path)?;
    let mut at = root;
    for step in steps {
        at = match step {
            Step::Field(name) => {
                if !at.is_object() {
                    *at = json!({});
                }
                at.as_object_mut()?.entry(name).or_insert(Value::Null)
            }
            Step::Item(index) => {
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut()?;
                if items.len() <= index {
                    items.resize(index + 1, Value::Null);
                }
                items.get_mut(index)?
            }
        };
    }
    Some(at)
}

enum Step {
    Field(String),
    Item(usize),
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut out = Vec::new();
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        if out.len() == MAX_STEPS {
            return None;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            out.push(Step::Field(after[..end].to_owned()));
            rest = &after[end..];
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inner.strip_prefix(['\'', '"']).and_then(|i| i.strip_suffix(['\'', '"']));
            out.push(match quoted {
                Some(name) => Step::Field(name.to_owned()),
                None => Step::Item(inner.parse().ok().filter(|index| *index < MAX_ITEMS)?),
            });
            rest = after;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_land_under_their_paths() {
        let mut call = Partial::default();
        assert_eq!(call.arguments(), "{}");
        for piece in [
            json!({"partialArgs": [{"jsonPath": "$.rows[0].name", "stringValue": "ba", "willContinue": true}]}),
            json!({"partialArgs": [{"jsonPath": "$.rows[0].name", "stringValue": "nana"}]}),
            json!({"partialArgs": [{"jsonPath": "$.rows[1].price", "numberValue": 0.5}, {"jsonPath": "$['a.b']", "boolValue": true}]}),
            json!({"partialArgs": [{"jsonPath": "$.none", "nullValue": null}, {"jsonPath": "rows"}, {"jsonPath": "$.x[999999999]"}]}),
        ] {
            call.take(&piece);
        }
        let expected = json!({"rows": [{"name": "banana"}, {"price": 0.5}], "a.b": true, "none": null});
        assert_eq!(serde_json::from_str::<Value>(&call.arguments()).unwrap(), expected);
    }
}
