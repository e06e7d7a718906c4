//! OpenAI tools and the choice among them in; Converse's `toolConfig` out.

use serde_json::{Value, json};

use super::line::Line;
use super::messages::cache_point;
use super::turns::{self, Choice, given, unsupported};
use crate::provider::adapted::reworded;
use crate::provider::anthropic::output::tighten;
use crate::provider::anthropic::tools::input_schema;
use crate::provider::{Failure, Target};
use crate::wire::{ChatRequest, Object};

/// The tools to list, and the choice among them.
#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) listed: Vec<Value>,
    pub(super) choice: Option<Value>,
}

impl Tools {
    /// Lists no tool at all.
    pub(super) fn drop_all(&mut self, native: &mut Object) {
        *self = Self::default();
        native.shift_remove("tool_choice");
    }

    /// Adds the tool whose input is the answer.
    pub(super) fn answer_with(&mut self, tool: Value, choice: Value, native: &mut Object) {
        native.shift_remove("tool_choice");
        self.listed.push(tool);
        self.choice = Some(choice);
    }
}

/// The caller's tools, in order, with the choice as the model takes it.
pub(super) fn tools(
    request: &ChatRequest,
    target: &Target,
    line: Line,
    choice: Option<&Choice<'_>>,
    native: &mut Object,
    adapted: &mut Vec<String>,
) -> Result<Tools, Failure> {
    // Models that know no named choice get no other tool to choose.
    let only = match choice {
        Some(Choice::Named(name)) if !names_tools(line) => Some(*name),
        _ => None,
    };
    let mut listed = list(request, target, line, only, adapted)?;
    if only.is_some() && listed.len() < request.tools().len() {
        adapted.push(reworded("tool_choice", "a call that is required, with the named tool alone"));
    }
    if listed.iter().all(|tool| tool.get("cachePoint").is_some()) {
        listed.clear();
    }
    let mut out = Tools { listed, choice: None };
    if out.listed.is_empty() {
        return Ok(out);
    }
    let serial = request.get("parallel_tool_calls") == Some(&Value::Bool(false));
    if serial && line == Line::Claude {
        // Converse has no switch for it, so the choice is written in the model's own words.
        let mut own = match choice {
            Some(Choice::Required) => json!({"type": "any"}),
            Some(Choice::Named(name)) => json!({"type": "tool", "name": name}),
            _ => json!({"type": "auto"}),
        };
        if let Some(own) = own.as_object_mut() {
            own.insert("disable_parallel_tool_use".into(), true.into());
        }
        if choice != Some(&Choice::None) {
            native.insert("tool_choice".into(), own);
        }
        return Ok(out);
    }
    if serial {
        adapted.push("parallel_tool_calls: left out, Bedrock has no switch for it with this model".to_owned());
    }
    out.choice = match choice {
        Some(Choice::Required) => Some(json!({"any": {}})),
        Some(Choice::Named(_)) if only.is_some() => Some(json!({"any": {}})),
        Some(Choice::Named(name)) => Some(json!({"tool": {"name": name}})),
        // Models that take no choice decide by themselves anyway.
        Some(Choice::Auto) if target.model.capabilities.tool_choice != Some(false) => Some(json!({"auto": {}})),
        _ => None,
    };
    Ok(out)
}

/// Whether the model takes a choice by name.
fn names_tools(line: Line) -> bool {
    matches!(line, Line::Claude | Line::Nova)
}

fn list(
    request: &ChatRequest,
    target: &Target,
    line: Line,
    only: Option<&str>,
    adapted: &mut Vec<String>,
) -> Result<Vec<Value>, Failure> {
    let allowed = turns::allowed_tools(request);
    let wanted =
        |name: &str| only.is_none_or(|only| only == name) && allowed.as_ref().is_none_or(|names| names.contains(&name));
    let mut out = Vec::new();
    for (i, raw) in request.tools().iter().enumerate() {
        let at = format!("tools[{i}]");
        match raw.get("type").and_then(Value::as_str) {
            Some("function") => {
                let function = raw.get("function").unwrap_or(&Value::Null);
                if wanted(function.get("name").and_then(Value::as_str).unwrap_or_default()) {
                    out.push(tool(function, target, line, adapted, &at));
                    match cache_point(raw).or_else(|| cache_point(function)) {
                        // Nova caches instructions and messages only.
                        Some(point) if line == Line::Claude => out.push(point),
                        Some(_) => adapted.push(format!("{at}.cache_control: left out, the model caches no tools")),
                        None => {}
                    }
                }
            }
            Some("custom") if raw.get("custom").is_some() => {
                return Err(unsupported(at, "Bedrock has no tools that take free text; use a function"));
            }
            _ => match ["systemTool", "toolSpec", "cachePoint"].iter().find(|name| given(raw, name).is_some()) {
                Some(name) => out.push(json!({*name: raw.get(*name)})),
                None => return Err(unsupported(format!("{at}.type"), "Bedrock takes functions and its system tools")),
            },
        }
    }
    for (i, function) in turns::functions(request).iter().enumerate() {
        if wanted(function.get("name").and_then(Value::as_str).unwrap_or_default()) {
            out.push(tool(function, target, line, adapted, &format!("functions[{i}]")));
        }
    }
    Ok(out)
}

fn tool(function: &Value, target: &Target, line: Line, adapted: &mut Vec<String>, at: &str) -> Value {
    let mut spec = Object::new();
    spec.insert("name".into(), function.get("name").cloned().unwrap_or_default());
    let text = given(function, "description").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    if let Some(text) = text {
        spec.insert("description".into(), text.into());
    }
    let mut schema = input_schema(given(function, "parameters").cloned().unwrap_or_else(|| json!({})));
    if function.get("strict") == Some(&Value::Bool(true)) {
        if target.model.capabilities.json_schema == Some(true) && line != Line::Nova {
            if line == Line::Claude {
                tighten(&mut schema);
            }
            spec.insert("strict".into(), true.into());
        } else {
            adapted.push(format!("{at}.function.strict: left out, the model is not known to enforce schemas"));
        }
    }
    spec.insert("inputSchema".into(), json!({"json": schema}));
    json!({"toolSpec": spec})
}

/// A tool that the history calls and the request no longer lists.
pub(super) fn stand_in(name: &str) -> Value {
    let schema = json!({"type": "object", "properties": {}});
    json!({"toolSpec": {"name": name, "description": "Called earlier.", "inputSchema": {"json": schema}}})
}
