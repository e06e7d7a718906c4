//! OpenAI tools and the choice among them in; Gemini's `tools` and `toolConfig` out.

use serde_json::{Value, json};

use super::turns::{self, Choice, given, unsupported};
use crate::provider::Failure;
use crate::wire::{ChatRequest, Object};

/// Tools that run at Google, by either spelling.
const SERVER_TOOLS: [&str; 11] = [
    "googleSearch",
    "google_search",
    "googleSearchRetrieval",
    "google_search_retrieval",
    "codeExecution",
    "code_execution",
    "urlContext",
    "url_context",
    "googleMaps",
    "google_maps",
    "fileSearch",
];

/// The caller's tools: all functions in one element, each tool of Google's in its own.
pub(super) fn tools(request: &ChatRequest) -> Result<Vec<Value>, Failure> {
    let allowed = turns::allowed_tools(request);
    let (mut functions, mut out) = (Vec::new(), Vec::new());
    for (i, raw) in request.tools().iter().enumerate() {
        let kind = raw.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind != "function" {
            out.push(server_tool(raw, kind, i)?);
            continue;
        }
        let function = raw.get("function").unwrap_or(&Value::Null);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        if allowed.as_ref().is_none_or(|names| names.contains(&name)) {
            functions.push(declaration(function));
        }
    }
    functions.extend(turns::functions(request).iter().map(declaration));
    if !functions.is_empty() {
        out.insert(0, json!({"functionDeclarations": functions}));
    }
    Ok(out)
}

/// `{type: T, T: {…}}` or `{type: T, …}` becomes `{T: {…}}`.
fn server_tool(raw: &Value, kind: &str, place: usize) -> Result<Value, Failure> {
    if let Some(own) = given(raw, kind) {
        return Ok(json!({kind: own}));
    }
    if !SERVER_TOOLS.contains(&kind) {
        return Err(unsupported(format!("tools[{place}].type"), format!("Gemini has no tool of type {kind}")));
    }
    let fields = raw.as_object().into_iter().flatten();
    let rest: Object = fields.filter(|(name, _)| *name != "type").map(|(n, v)| (n.clone(), v.clone())).collect();
    Ok(json!({kind: rest}))
}

fn declaration(function: &Value) -> Value {
    let mut out = Object::new();
    out.insert("name".into(), function.get("name").cloned().unwrap_or_default());
    if let Some(text) = given(function, "description") {
        out.insert("description".into(), text.clone());
    }
    // An object without properties is refused; a function without parameters says nothing of them.
    let schema = given(function, "parameters");
    let has_some = |s: &&Value| {
        let empty = s.get("properties").and_then(Value::as_object).is_none_or(Object::is_empty);
        !empty || s.as_object().is_some_and(|s| s.keys().any(|k| k == "anyOf" || k == "oneOf" || k == "$ref"))
    };
    if let Some(schema) = schema.filter(has_some) {
        out.insert("parametersJsonSchema".into(), schema.clone());
    }
    for (field, value) in function.as_object().into_iter().flatten() {
        if !["name", "description", "parameters", "strict"].contains(&field.as_str()) && !value.is_null() {
            out.insert(field.clone(), value.clone());
        }
    }
    Value::Object(out)
}

/// `toolConfig.functionCallingConfig`.
pub(super) fn calling(choice: Option<&Choice<'_>>) -> Option<Value> {
    Some(match choice? {
        Choice::Auto => json!({"mode": "AUTO"}),
        Choice::None => json!({"mode": "NONE"}),
        Choice::Required => json!({"mode": "ANY"}),
        Choice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    })
}
