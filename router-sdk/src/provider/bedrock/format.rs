//! The form of the answer in; Converse's `outputConfig`, a tool that stands in for it, or words, out.

use serde_json::{Value, json};

use super::line::Line;
use super::turns::{Choice, Format, instruction};
use crate::provider::Target;
use crate::provider::anthropic::ANSWER_TOOL;
use crate::provider::anthropic::output::tighten;

/// How the form is asked for.
pub(super) enum Form {
    /// Nothing to ask for.
    Free,
    /// `outputConfig`.
    Native(Value),
    /// A tool whose input is the answer, and the `toolChoice` that makes the model use it.
    Tool { tool: Value, choice: Value },
    /// A sentence at the end of the instructions.
    Words(String),
}

/// What the form depends on.
pub(super) struct Asked<'a> {
    pub(super) format: Format<'a>,
    /// The caller's name of the schema.
    pub(super) name: Option<&'a str>,
    pub(super) choice: Option<&'a Choice<'a>>,
    pub(super) has_tools: bool,
    pub(super) thinks: bool,
}

/// Chooses the strongest form that the model takes.
///
/// The stand-in tool needs a forced choice, so it gives way where thinking or the caller's own choice forbids one.
pub(super) fn form(asked: &Asked<'_>, target: &Target, line: Line, adapted: &mut Vec<String>) -> Form {
    let Asked { format, name, choice, has_tools, thinks } = *asked;
    let Format::Schema { schema, description } = format else {
        return match instruction(format) {
            Some(words) => {
                adapted.push("response_format: asked for in words, since Bedrock has no JSON mode".to_owned());
                Form::Words(words)
            }
            None => Form::Free,
        };
    };
    let can = &target.model.capabilities;
    // Amazon's own models keep to schemas by way of tools only.
    if can.json_schema == Some(true) && line != Line::Nova {
        return native(schema, name, description, line, adapted);
    }
    let must_call = matches!(choice, Some(Choice::Required | Choice::Named(_)));
    let is_object = schema.get("type").is_some_and(|t| t == "object");
    let no_force = can.forced_tool_choice == Some(false) || can.tool_choice == Some(false) || can.tools == Some(false);
    if thinks || must_call || !is_object || no_force {
        adapted.push("response_format: asked for in words".to_owned());
        return instruction(format).map_or(Form::Free, Form::Words);
    }
    adapted.push("response_format: asked for by a forced tool call".to_owned());
    let purpose = description.unwrap_or("Gives the final answer. Call it once the answer is known.");
    let spec = json!({"name": ANSWER_TOOL, "description": purpose, "inputSchema": {"json": schema}});
    let named = matches!(line, Line::Claude | Line::Nova) && (!has_tools || choice == Some(&Choice::None));
    let choice = if named { json!({"tool": {"name": ANSWER_TOOL}}) } else { json!({"any": {}}) };
    Form::Tool { tool: json!({"toolSpec": spec}), choice }
}

/// The schema goes as JSON written into a text.
fn native(
    schema: &Value,
    name: Option<&str>,
    description: Option<&str>,
    line: Line,
    adapted: &mut Vec<String>,
) -> Form {
    let mut schema = schema.clone();
    if line == Line::Claude && tighten(&mut schema) {
        adapted.push("response_format: limits that Claude's schemas lack moved into descriptions".to_owned());
    }
    let mut inner = json!({"name": name.unwrap_or("answer"), "schema": schema.to_string()});
    if let (Some(text), Some(inner)) = (description, inner.as_object_mut()) {
        inner.insert("description".into(), text.into());
    }
    Form::Native(json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": inner}}}))
}
