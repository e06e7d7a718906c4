//! One provider as a row of data: where it is, how it is spoken to and where it departs from the plain shape.

use serde::{Deserialize, Serialize};

/// How a provider is reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vendor {
    /// The name used in `provider/model`.
    pub name: String,
    /// Other names of the same provider.
    pub aliases: Vec<String>,
    /// The wire family: `openai`, `anthropic`, `gemini`, or its own word.
    pub kind: String,
    /// The address, without the path; `{…}` marks what the user has to give.
    pub base_url: String,
    /// The path of chat below the address.
    pub chat_path: String,
    /// The path of embeddings below the address; empty when there is none.
    pub embeddings_path: String,
    /// Environment variables that may hold the key, first one wins.
    pub key_env: Vec<String>,
    /// Environment variables that may hold the address.
    pub base_url_env: Vec<String>,
    /// Where the key goes.
    pub auth: Auth,
    /// Headers that every request needs.
    pub version_headers: Vec<(String, String)>,
    /// The key is a general-purpose credential, which by itself never makes
    /// the provider eligible for `auto`.
    pub general_credentials: bool,
    /// Runs on the user's machine: no key needed, nothing is spent.
    pub local: bool,
    /// Labs whose own provider this is.
    pub makes: Vec<String>,
    /// Departures from the plain shape of its kind.
    pub quirks: Quirks,
}

/// Where the key goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer <key>`.
    #[default]
    Bearer,
    /// A header of this name.
    Header {
        /// The header's name.
        name: String,
    },
    /// AWS request signatures.
    SigV4,
    /// Nothing is asked for.
    None,
}

/// Departures from the plain shape; the default is the plain shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// Takes `stream_options.include_usage`.
    pub stream_options: bool,
    /// The name of the output limit on the wire.
    pub max_tokens_field: String,
    /// Takes the role `developer`.
    pub developer_role: bool,
    /// Takes `response_format: json_schema`.
    pub json_schema: bool,
    /// Takes `parallel_tool_calls`.
    pub parallel_tool_calls: bool,
    /// Takes `tool_choice: required` and named functions.
    pub forced_tool_choice: bool,
    /// The word for `tool_choice: required`.
    pub required_tool_choice: String,
    /// Takes `n` above 1.
    pub n: bool,
    /// Takes `logprobs`.
    pub logprobs: bool,
    /// The name of `seed`; empty when it is not taken.
    pub seed_field: String,
    /// OpenAI parameters that the provider refuses, whatever the model.
    pub rejects: Vec<String>,
    /// The highest temperature it takes.
    pub temperature_max: Option<f32>,
    /// Answers mistakes of the caller with status 500.
    pub client_errors_as_500: bool,
    /// Business errors can come in a body of status 200.
    pub errors_in_200: bool,
    /// `completion_tokens` includes thinking tokens.
    pub reasoning_in_completion: bool,
    /// `prompt_tokens` includes tokens read from the cache.
    pub cached_in_prompt: bool,
    /// The form that ids of tool calls must have.
    pub tool_id_format: Option<ToolIdFormat>,
    /// The field of messages that carries thinking.
    pub reasoning_field: String,
    /// Thinking must be sent back with the assistant message of a tool loop.
    pub reasoning_sent_back: bool,
    /// How effort is asked for.
    pub effort: EffortStyle,
    /// The last message must come from the user or a tool.
    pub requires_user_last: bool,
    /// User and assistant must take turns strictly.
    pub strict_alternation: bool,
    /// Ends a stream with `[DONE]`.
    pub sends_done: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Quirks {
            stream_options: true,
            max_tokens_field: "max_tokens".to_owned(),
            developer_role: false,
            json_schema: true,
            parallel_tool_calls: true,
            forced_tool_choice: true,
            required_tool_choice: "required".to_owned(),
            n: true,
            logprobs: true,
            seed_field: "seed".to_owned(),
            rejects: Vec::new(),
            temperature_max: None,
            client_errors_as_500: false,
            errors_in_200: false,
            reasoning_in_completion: true,
            cached_in_prompt: true,
            tool_id_format: None,
            reasoning_field: "reasoning_content".to_owned(),
            reasoning_sent_back: false,
            effort: EffortStyle::default(),
            requires_user_last: false,
            strict_alternation: false,
            sends_done: true,
        }
    }
}

/// The form that ids of tool calls must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolIdFormat {
    /// Exactly nine letters or digits.
    NineAlphanumerics,
}

/// How an OpenAI-compatible provider is asked for a level of effort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffortStyle {
    /// `reasoning_effort: "low"`.
    #[default]
    ReasoningEffort,
    /// `reasoning: {effort: "low"}`.
    ReasoningObject,
    /// `thinking: {type: "enabled" | "disabled"}`, beside `reasoning_effort`.
    ThinkingType,
    /// `enable_thinking: true | false`, with `thinking_budget`.
    EnableThinking,
    /// Cannot be asked for.
    Unsupported,
}
