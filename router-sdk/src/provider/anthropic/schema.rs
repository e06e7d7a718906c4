//! A JSON schema in; the reason why Anthropic would refuse to compile it, if any, out.

use serde_json::Value;

/// Properties that may be left out, over the whole schema.
const OPTIONAL: usize = 24;
/// Properties and items of more than one type, over the whole schema.
const UNIONS: usize = 16;
/// A reader of schemas this deep would be a denial of service, so nothing deeper is sent for compilation.
const DEPTH: usize = 64;
/// Tools in one request whose calls are held to their schemas.
pub(super) const STRICT_TOOLS: usize = 20;

/// Why this schema cannot be enforced; it can still be asked for in another way.
pub(super) fn beyond(schema: &Value) -> Option<&'static str> {
    let mut count = Count { root: schema, optional: 0, unions: 0, recursive: false, open: false, deep: false };
    let mut path = Vec::new();
    count.walk(schema, &mut path, 0);
    if count.recursive {
        Some("a recursive schema")
    } else if count.optional > OPTIONAL {
        Some("a schema with more than 24 optional properties")
    } else if count.unions > UNIONS {
        Some("a schema with more than 16 values of several types")
    } else if count.open {
        Some("a schema of objects with any properties")
    } else if count.deep {
        Some("a schema this deep")
    } else {
        None
    }
}

struct Count<'a> {
    root: &'a Value,
    optional: usize,
    unions: usize,
    recursive: bool,
    /// `additionalProperties` with a schema, or `patternProperties`: closed objects are all that is taken.
    open: bool,
    deep: bool,
}

impl<'a> Count<'a> {
    fn walk(&mut self, schema: &'a Value, path: &mut Vec<&'a str>, depth: usize) {
        let Some(fields) = schema.as_object() else { return };
        if depth > DEPTH {
            self.deep = true;
            return;
        }
        if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
            self.follow(reference, path, depth);
        }
        let several = fields.get("type").is_some_and(Value::is_array);
        if several || fields.contains_key("anyOf") || fields.contains_key("oneOf") {
            self.unions += 1;
        }
        self.open |= fields.get("additionalProperties").is_some_and(|a| a.is_object() || a == &Value::Bool(true));
        self.open |= fields.contains_key("patternProperties");
        let properties = fields.get("properties").and_then(Value::as_object);
        let required = fields.get("required").and_then(Value::as_array);
        for (name, inner) in properties.into_iter().flatten() {
            let needed = required.is_some_and(|list| list.iter().any(|r| r == name.as_str()));
            self.optional += usize::from(!needed);
            self.walk(inner, path, depth + 1);
        }
        if let Some(items) = fields.get("items") {
            self.walk(items, path, depth + 1);
        }
        for name in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            for inner in fields.get(name).and_then(Value::as_array).into_iter().flatten() {
                self.walk(inner, path, depth + 1);
            }
        }
    }

    /// Goes where a reference leads; one that leads back to where it came from never ends.
    fn follow(&mut self, reference: &'a str, path: &mut Vec<&'a str>, depth: usize) {
        if reference == "#" || path.contains(&reference) {
            self.recursive = true;
            return;
        }
        let Some(to) = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else { return };
        // What many references share is counted at each; a schema that grows without end that way is too much too.
        if self.optional > OPTIONAL || self.unions > UNIONS {
            return;
        }
        path.push(reference);
        self.walk(to, path, depth + 1);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn object(count: usize, inner: &Value, required: bool) -> Value {
        let properties: Map<String, Value> = (0..count).map(|i| (format!("p{i}"), inner.clone())).collect();
        let names: Vec<String> = if required { properties.keys().cloned().collect() } else { Vec::new() };
        json!({"type": "object", "properties": properties, "required": names})
    }

    #[test]
    fn limits_are_counted_over_the_whole_schema() {
        let text = json!({"type": "string"});
        assert_eq!(beyond(&object(24, &text, false)), None);
        assert!(beyond(&object(25, &text, false)).is_some());
        assert_eq!(beyond(&object(60, &text, true)), None);
        let nested = object(5, &object(5, &text, false), false);
        assert!(beyond(&nested).is_some(), "5 and 25 make 30");
        let union = json!({"type": ["string", "null"]});
        assert_eq!(beyond(&object(16, &union, true)), None);
        assert!(beyond(&object(17, &union, true)).is_some());
        assert!(beyond(&json!({"type": "object", "additionalProperties": {"type": "string"}})).is_some());
    }

    #[test]
    fn references_are_followed_and_circles_are_seen() {
        let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {
            "type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}}});
        assert_eq!(beyond(&tree), Some("a recursive schema"));
        assert_eq!(beyond(&json!({"type": "array", "items": {"$ref": "#"}})), Some("a recursive schema"));
        let shared = json!({"type": "object", "required": ["a", "b"],
            "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": "string"}}});
        assert_eq!(beyond(&shared), None);
        // Twelve levels that each refer twice to the next have 4096 ends.
        let mut defs = Map::new();
        for i in 0..12 {
            let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
            defs.insert(format!("d{i}"), json!({"type": "object", "properties": {"a": next, "b": next}}));
        }
        defs.insert("d12".into(), json!({"type": "string"}));
        assert!(beyond(&json!({"$ref": "#/$defs/d0", "$defs": defs})).is_some());
    }
}
