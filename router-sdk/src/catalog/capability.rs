//! What a model can do and which parameters it takes, as plain facts with "unknown" kept apart from "no".

use serde::{Deserialize, Serialize};

/// Abilities of a model. `None` means unknown, which is not `false`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Function tools.
    pub tools: Option<bool>,
    /// More than one tool call in one assistant turn.
    pub parallel_tools: Option<bool>,
    /// The `tool_choice` parameter.
    pub tool_choice: Option<bool>,
    /// `tool_choice` that forces a call (`required` or a named function).
    pub forced_tool_choice: Option<bool>,
    /// Images as input.
    pub vision: Option<bool>,
    /// Audio as input.
    pub audio_in: Option<bool>,
    /// Video as input.
    pub video_in: Option<bool>,
    /// PDF documents as input.
    pub pdf: Option<bool>,
    /// `response_format: json_object`.
    pub json_mode: Option<bool>,
    /// `response_format: json_schema`.
    pub json_schema: Option<bool>,
    /// Streamed replies.
    pub streaming: Option<bool>,
    /// System prompts.
    pub system_prompt: Option<bool>,
    /// A conversation that ends with an assistant message to be continued.
    pub assistant_prefill: Option<bool>,
    /// Thinks before it answers (always, or when asked to).
    pub reasoning: Option<bool>,
}

impl Capabilities {
    /// Sets the ability with this field name; `false` when there is no such field.
    pub fn set(&mut self, name: &str, value: Option<bool>) -> bool {
        let field = match name {
            "tools" => &mut self.tools,
            "parallel_tools" => &mut self.parallel_tools,
            "tool_choice" => &mut self.tool_choice,
            "forced_tool_choice" => &mut self.forced_tool_choice,
            "vision" => &mut self.vision,
            "audio_in" => &mut self.audio_in,
            "video_in" => &mut self.video_in,
            "pdf" => &mut self.pdf,
            "json_mode" => &mut self.json_mode,
            "json_schema" => &mut self.json_schema,
            "streaming" => &mut self.streaming,
            "system_prompt" => &mut self.system_prompt,
            "assistant_prefill" => &mut self.assistant_prefill,
            "reasoning" => &mut self.reasoning,
            _ => return false,
        };
        *field = value;
        true
    }
}

/// Which request parameters a model refuses or spells differently.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParameterRules {
    /// OpenAI parameter names the model refuses, such as `temperature`.
    pub rejects: Vec<String>,
    /// The name of the output limit, where the model departs from its vendor's.
    pub max_tokens_field: Option<String>,
    /// The highest temperature it takes, where it departs from 2.
    pub temperature_max: Option<f32>,
}

impl ParameterRules {
    /// Whether the model refuses this OpenAI parameter.
    pub fn refuses(&self, parameter: &str) -> bool {
        self.rejects.iter().any(|name| name == parameter)
    }
}

/// How thinking is steered, for models that think.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reasoning {
    /// The control to use first.
    pub control: ReasoningControl,
    /// The effort words it takes, weakest first; empty when unknown or none.
    pub efforts: Vec<String>,
    /// The smallest thinking budget in tokens.
    pub budget_min: Option<u32>,
    /// The largest thinking budget in tokens.
    pub budget_max: Option<u32>,
    /// The effort the API applies when the request names none.
    pub default_effort: Option<String>,
    /// Thinking can be switched off: `None` when that is not known.
    pub can_disable: Option<bool>,
    /// A token budget is also accepted, beside the first control.
    pub takes_budget: bool,
}

/// The kind of control over thinking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningControl {
    /// It thinks; how that is steered is not known.
    #[default]
    Unspecified,
    /// It thinks and nothing can be steered.
    None,
    /// A named level of effort.
    Effort,
    /// A budget in tokens.
    Budget,
    /// It decides by itself how long to think, bounded by a level of effort.
    Adaptive,
    /// It always thinks and takes neither level nor budget.
    AlwaysOn,
    /// Thinking is on or off.
    Toggle,
}
