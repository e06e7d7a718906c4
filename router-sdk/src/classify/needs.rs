//! The request body in, what it requires of a model out. No text is read here.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::field::{field, field_of};

/// What a request requires of a model, from its fields and content parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// Tool definitions, or tool calls in the history.
    pub tools: bool,
    /// `tool_choice` is `required` or names a tool.
    pub forced_tool_choice: bool,
    /// `parallel_tool_calls` is asked for.
    pub parallel_tools: bool,
    /// An image part.
    pub vision: bool,
    /// An audio part, or audio output.
    pub audio: bool,
    /// A video part.
    pub video: bool,
    /// A file part.
    pub pdf: bool,
    /// `response_format` of type `json_object`.
    pub json_mode: bool,
    /// `response_format` of type `json_schema`.
    pub json_schema: bool,
    /// Token probabilities.
    pub logprobs: bool,
    /// More than one choice.
    pub n_gt_1: bool,
    /// The last message is the assistant's, to be continued.
    pub prefill: bool,
    /// `reasoning_effort`, `reasoning` or `thinking` is set.
    pub reasoning: bool,
    /// A system or developer message.
    pub system_prompt: bool,
    /// A streamed reply.
    pub stream: bool,
    /// Sampling parameters that are present with a value.
    pub params: Vec<&'static str>,
    /// `max_completion_tokens`, or `max_tokens`.
    pub max_output_tokens: Option<u64>,
}

pub(crate) const PARAMS: [&str; 17] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "n",
    "verbosity",
    "prediction",
    "reasoning_effort",
];

/// Reads what a request requires, without classifying it.
pub fn needs(body: &Map<String, Value>) -> Needs {
    let mut needs = Needs {
        stream: field(body, "stream").and_then(Value::as_bool).unwrap_or(false),
        params: PARAMS.into_iter().filter(|name| set(body, name).is_some()).collect(),
        max_output_tokens: ["max_completion_tokens", "max_tokens"]
            .into_iter()
            .find_map(|name| set(body, name).and_then(whole)),
        reasoning: reasons(body),
        logprobs: field(body, "logprobs").and_then(Value::as_bool).unwrap_or(false)
            || set(body, "top_logprobs").is_some(),
        n_gt_1: field(body, "n").and_then(whole).is_some_and(|n| n > 1),
        audio: set(body, "audio").is_some() || list(body, "modalities").iter().any(|m| m.as_str() == Some("audio")),
        ..Needs::default()
    };
    tools(body, &mut needs);
    format(body, &mut needs);
    messages(body, &mut needs);
    needs
}

fn set<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    field(body, name).filter(|value| !value.is_null())
}

fn list<'a>(body: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    field(body, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0 && f.is_finite()).map(|f| f as u64))
}

fn reasons(body: &Map<String, Value>) -> bool {
    let effort = set(body, "reasoning_effort").and_then(Value::as_str);
    let nested = match set(body, "reasoning") {
        Some(Value::Object(asked)) => {
            let off = asked.get("enabled").and_then(Value::as_bool) == Some(false)
                || asked.get("effort").and_then(Value::as_str) == Some("none");
            !off && !asked.is_empty()
        }
        Some(Value::Bool(asked)) => *asked,
        Some(Value::String(effort)) => effort != "none",
        _ => false,
    };
    let thinking = match set(body, "thinking") {
        Some(Value::Object(asked)) => asked.get("type").and_then(Value::as_str) != Some("disabled"),
        Some(Value::Bool(asked)) => *asked,
        _ => false,
    };
    effort.is_some_and(|effort| effort != "none") || nested || thinking
}

fn tools(body: &Map<String, Value>, needs: &mut Needs) {
    needs.tools = !list(body, "tools").is_empty() || !list(body, "functions").is_empty();
    needs.parallel_tools = needs.tools && field(body, "parallel_tool_calls").and_then(Value::as_bool).unwrap_or(false);
    needs.forced_tool_choice = match set(body, "tool_choice").or_else(|| set(body, "function_call")) {
        Some(Value::String(choice)) => choice == "required" || choice == "any",
        Some(Value::Object(choice)) => match choice.get("type").and_then(Value::as_str) {
            Some("auto" | "none") => false,
            Some("allowed_tools") => {
                let mode = choice.get("allowed_tools").and_then(|allowed| allowed.get("mode"));
                mode.or_else(|| choice.get("mode")).and_then(Value::as_str) == Some("required")
            }
            _ => true,
        },
        _ => false,
    };
}

fn format(body: &Map<String, Value>, needs: &mut Needs) {
    let kind = set(body, "response_format").and_then(|f| f.get("type")).and_then(Value::as_str);
    needs.json_mode = kind == Some("json_object");
    needs.json_schema = kind == Some("json_schema");
}

fn messages(body: &Map<String, Value>, needs: &mut Needs) {
    let messages = list(body, "messages");
    for message in messages {
        match field_of(message, "role").and_then(Value::as_str) {
            Some("system" | "developer") => needs.system_prompt = true,
            Some("tool" | "function") => needs.tools = true,
            Some("assistant") => {
                let calls = field_of(message, "tool_calls").and_then(Value::as_array);
                needs.tools |= calls.is_some_and(|calls| !calls.is_empty());
            }
            _ => {}
        }
        for part in field_of(message, "content").and_then(Value::as_array).into_iter().flatten() {
            match field_of(part, "type").and_then(Value::as_str) {
                Some("image_url" | "image" | "input_image") => needs.vision = true,
                Some("input_audio" | "audio" | "audio_url") => needs.audio = true,
                Some("video_url" | "video" | "input_video") => needs.video = true,
                Some("file" | "document" | "input_file") => needs.pdf = true,
                _ => {}
            }
        }
    }
    if let Some(last) = messages.last() {
        let open = field_of(last, "tool_calls").and_then(Value::as_array).is_none_or(Vec::is_empty);
        needs.prefill = open && field_of(last, "role").and_then(Value::as_str) == Some("assistant");
    }
}
