//! The form of the answer in; Anthropic's `output_config.format`, a tool that stands in for it, or words, out.

use serde_json::{Value, json};

use super::turns::{Choice, Format, instruction};
use super::{ANSWER_TOOL, schema};
use crate::provider::Target;

/// How the form is asked for.
pub(super) enum Form {
    /// Nothing to ask for.
    Free,
    /// `output_config.format`.
    Native(Value),
    /// A tool whose input is the answer, and the `tool_choice` that makes the model use it.
    Tool { tool: Value, choice: Value },
    /// A sentence at the end of the instructions.
    Words(String),
}

/// Chooses the strongest form that the model takes.
///
/// The stand-in tool needs a forced choice, so it gives way where thinking or the caller's own choice forbids one.
pub(super) fn form(
    format: Format<'_>,
    target: &Target,
    choice: Option<&Choice<'_>>,
    has_tools: bool,
    thinks: bool,
    adapted: &mut Vec<String>,
) -> Form {
    let Format::Schema { schema, description } = format else {
        return match instruction(format) {
            Some(words) => {
                adapted.push("response_format: asked for in words, since Anthropic has no JSON mode".to_owned());
                Form::Words(words)
            }
            None => Form::Free,
        };
    };
    let capabilities = &target.model.capabilities;
    let beyond = schema::beyond(schema).filter(|_| capabilities.json_schema == Some(true));
    if capabilities.json_schema == Some(true) && beyond.is_none() {
        let mut schema = schema.clone();
        if tighten(&mut schema) {
            adapted.push("response_format: limits that Anthropic's schemas lack moved into descriptions".to_owned());
        }
        return Form::Native(json!({"type": "json_schema", "schema": schema}));
    }
    let must_call = matches!(choice, Some(Choice::Required | Choice::Named(_)));
    let is_object = schema.get("type").is_some_and(|t| t == "object");
    let since = beyond.map(|what| format!(", since Anthropic does not compile {what}")).unwrap_or_default();
    if thinks || must_call || !is_object || capabilities.forced_tool_choice == Some(false) {
        adapted.push(format!("response_format: asked for in words{since}"));
        return instruction(format).map_or(Form::Free, Form::Words);
    }
    adapted.push(format!("response_format: asked for by a forced tool call{since}"));
    let purpose = description.unwrap_or("Gives the final answer. Call it once the answer is known.");
    let tool = json!({"name": ANSWER_TOOL, "description": purpose, "input_schema": schema});
    let choice = if has_tools && !matches!(choice, Some(Choice::None)) {
        json!({"type": "any"})
    } else {
        json!({"type": "tool", "name": ANSWER_TOOL})
    };
    Form::Tool { tool, choice }
}

/// Limits that Anthropic refuses in a schema; the model is told of them in words.
const LIMITS: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
];
/// Formats of strings that Anthropic checks.
const STRING_FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Brings a schema into Anthropic's subset: closed objects, no limits. True when a limit became words.
pub(in crate::provider) fn tighten(schema: &mut Value) -> bool {
    let Some(fields) = schema.as_object_mut() else { return false };
    let mut moved: Vec<String> = Vec::new();
    for name in LIMITS {
        if let Some(value) = fields.shift_remove(name) {
            moved.push(format!("{name}: {value}"));
        }
    }
    let long = fields.get("minItems").and_then(Value::as_u64).is_some_and(|n| n > 1);
    let strange = fields.get("format").and_then(Value::as_str).is_some_and(|f| !STRING_FORMATS.contains(&f));
    for (name, refused) in [("minItems", long), ("format", strange)] {
        if let (true, Some(value)) = (refused, fields.get(name).cloned()) {
            fields.shift_remove(name);
            moved.push(format!("{name}: {value}"));
        }
    }
    if let Some(branches) = fields.shift_remove("oneOf") {
        fields.entry("anyOf").or_insert(branches);
    }
    if !moved.is_empty() {
        let told = fields.get("description").and_then(Value::as_str).map(|t| format!("{t} ")).unwrap_or_default();
        fields.insert("description".into(), format!("{told}({})", moved.join(", ")).into());
    }
    if fields.get("type").is_some_and(|t| t == "object") {
        fields.insert("additionalProperties".into(), false.into());
    }
    let mut changed = !moved.is_empty();
    for name in ["properties", "$defs", "definitions"] {
        for (_, inner) in fields.get_mut(name).and_then(Value::as_object_mut).into_iter().flatten() {
            changed |= tighten(inner);
        }
    }
    if let Some(items) = fields.get_mut("items") {
        changed |= tighten(items);
    }
    for name in ["anyOf", "allOf", "prefixItems"] {
        for inner in fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten() {
            changed |= tighten(inner);
        }
    }
    changed
}
