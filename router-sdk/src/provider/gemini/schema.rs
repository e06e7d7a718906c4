//! A JSON schema in; the subset of OpenAPI that older Gemini models take as `responseSchema` out, where it can be said.

use serde_json::{Value, json};

use crate::wire::Object;

/// Fields that mean the same in both.
const SAME: [&str; 14] = [
    "description",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "title",
];
/// References followed before a schema counts as endless.
const DEPTH: usize = 32;

/// The schema in the subset; `None` where a part of it has no counterpart there.
pub(super) fn subset(schema: &Value) -> Option<Value> {
    convert(schema, schema, 0)
}

fn convert(schema: &Value, root: &Value, depth: usize) -> Option<Value> {
    let fields = schema.as_object().filter(|_| depth < DEPTH)?;
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        return convert(root.pointer(reference.strip_prefix('#')?)?, root, depth + 1);
    }
    let mut out = Object::new();
    kind(fields.get("type"), &mut out)?;
    for name in SAME {
        if let Some(value) = fields.get(name) {
            out.insert(name.into(), value.clone());
        }
    }
    if let Some(value) = fields.get("const") {
        out.insert("enum".into(), json!([value.as_str()?]));
    }
    if out.get("enum").and_then(Value::as_array).is_some_and(|listed| !listed.iter().all(Value::is_string)) {
        return None;
    }
    // The formats known there are few, and an unknown one is refused.
    if !matches!(
        out.get("format").and_then(Value::as_str),
        Some("enum" | "date-time" | "int32" | "int64" | "float" | "double")
    ) {
        out.shift_remove("format");
    }
    if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
        let mut inner = Object::new();
        for (name, property) in properties {
            inner.insert(name.clone(), convert(property, root, depth + 1)?);
        }
        // Answers come in this order, else in that of the alphabet.
        out.insert("propertyOrdering".into(), properties.keys().cloned().collect::<Vec<_>>().into());
        out.insert("properties".into(), inner.into());
    }
    if let Some(items) = fields.get("items") {
        out.insert("items".into(), convert(items, root, depth + 1)?);
    }
    if let Some(branches) = fields.get("anyOf").or_else(|| fields.get("oneOf")).and_then(Value::as_array) {
        any_of(branches, root, depth, &mut out)?;
    }
    let unknown = ["allOf", "not", "patternProperties", "prefixItems", "if"];
    (!unknown.iter().any(|name| fields.contains_key(*name))).then_some(Value::Object(out))
}

/// A list of types is one type, which may also be null.
fn kind(kind: Option<&Value>, out: &mut Object) -> Option<()> {
    match kind {
        None => {}
        Some(Value::Array(listed)) => {
            let mut others = listed.iter().filter(|t| *t != "null");
            let only = others.next()?;
            if others.next().is_some() {
                return None;
            }
            out.insert("type".into(), only.clone());
            if listed.iter().any(|t| t == "null") {
                out.insert("nullable".into(), true.into());
            }
        }
        Some(one) => {
            out.insert("type".into(), one.clone());
        }
    }
    Some(())
}

/// Null among the branches says that the value may be null.
fn any_of(branches: &[Value], root: &Value, depth: usize, out: &mut Object) -> Option<()> {
    let (null, others): (Vec<&Value>, Vec<&Value>) =
        branches.iter().partition(|b| b.get("type").is_some_and(|t| t == "null"));
    if !null.is_empty() {
        out.insert("nullable".into(), true.into());
    }
    let mut converted = Vec::with_capacity(others.len());
    for branch in others {
        converted.push(convert(branch, root, depth + 1)?);
    }
    match converted.as_slice() {
        [Value::Object(only)] => out.extend(only.clone()),
        _ => {
            out.insert("anyOf".into(), converted.into());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_said_in_the_subset() {
        let schema = json!({"type": "object", "additionalProperties": false, "$schema": "x", "required": ["b"],
            "properties": {
                "b": {"type": ["string", "null"], "format": "email", "description": "B"},
                "a": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]},
                "c": {"const": "x"},
            }, "$defs": {"n": {"type": "integer", "minimum": 1}}});
        let expected = json!({"type": "object", "required": ["b"], "propertyOrdering": ["b", "a", "c"],
        "properties": {
            "b": {"type": "string", "nullable": true, "description": "B"},
            "a": {"nullable": true, "type": "integer", "minimum": 1},
            "c": {"enum": ["x"]},
        }});
        assert_eq!(subset(&schema), Some(expected));
    }

    #[test]
    fn what_has_no_counterpart_is_not_said() {
        for schema in [
            json!({"type": ["string", "integer"]}),
            json!({"enum": [1, 2]}),
            json!({"allOf": [{"type": "string"}]}),
            json!({"type": "array", "items": {"$ref": "#"}}),
            json!({"properties": {"x": {"$ref": "#/$defs/gone"}}}),
            json!(true),
        ] {
            assert_eq!(subset(&schema), None, "{schema}");
        }
    }
}
