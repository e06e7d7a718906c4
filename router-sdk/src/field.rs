//! A JSON object and a name in, the field out: most objects of requests have so few that looking is quicker than hashing.

use serde_json::{Map, Value};

/// Up to so many fields are looked through one by one.
const FEW: usize = 8;

/// The field of that name.
pub(crate) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if object.len() <= FEW {
        return object.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    }
    object.get(name)
}

/// The field of that name, where the value is an object.
pub(crate) fn field_of<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    field(value.as_object()?, name)
}
