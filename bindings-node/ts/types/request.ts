/** A chat request in the OpenAI shape, with this library's extensions. */
import type { RouteOptions } from "./route.js";

/** Parameters of `chat.completions.create`. Fields not named here reach the provider too. */
export interface ChatCompletionCreateParamsBase {
  /** `auto`, `auto:STRATEGY`, an alias, `provider/model` or a bare model name. */
  model: Model;
  messages: ChatCompletionMessageParam[];
  /** Models to try in this order, in place of `model` alone. */
  models?: string[] | null | undefined;
  /** Routing options; they never reach a provider. */
  route?: RouteOptions | null | undefined;

  audio?: { format: string; voice: unknown } | null | undefined;
  frequency_penalty?: number | null | undefined;
  logit_bias?: Record<string, number> | null | undefined;
  logprobs?: boolean | null | undefined;
  max_completion_tokens?: number | null | undefined;
  max_tokens?: number | null | undefined;
  metadata?: Record<string, string> | null | undefined;
  modalities?: ("text" | "audio")[] | null | undefined;
  n?: number | null | undefined;
  parallel_tool_calls?: boolean | undefined;
  prediction?: { type: "content"; content: string | ChatCompletionContentPartText[] } | null | undefined;
  presence_penalty?: number | null | undefined;
  prompt_cache_key?: string | undefined;
  reasoning_effort?: ReasoningEffort | null | undefined;
  response_format?: ResponseFormat | undefined;
  safety_identifier?: string | undefined;
  seed?: number | null | undefined;
  service_tier?: string | null | undefined;
  stop?: string | string[] | null | undefined;
  store?: boolean | null | undefined;
  stream_options?: { include_usage?: boolean | undefined; include_obfuscation?: boolean | undefined } | null | undefined;
  temperature?: number | null | undefined;
  tool_choice?: ChatCompletionToolChoiceOption | undefined;
  tools?: ChatCompletionTool[] | undefined;
  top_k?: number | null | undefined;
  top_logprobs?: number | null | undefined;
  top_p?: number | null | undefined;
  user?: string | undefined;
  verbosity?: "low" | "medium" | "high" | null | undefined;
  web_search_options?: object | undefined;
  /** A field of the provider's own. */
  [field: string]: unknown;
}

/** Parameters of a whole reply. */
export interface ChatCompletionCreateParamsNonStreaming extends ChatCompletionCreateParamsBase {
  stream?: false | null | undefined;
}

/** Parameters of a streamed reply. */
export interface ChatCompletionCreateParamsStreaming extends ChatCompletionCreateParamsBase {
  stream: true;
}

/** Parameters of either. */
export type ChatCompletionCreateParams = ChatCompletionCreateParamsNonStreaming | ChatCompletionCreateParamsStreaming;

/** Names that the router knows of itself; any other string is a model or an alias. */
export type Model = "auto" | "auto:cheapest" | "auto:balanced" | "auto:best" | "auto:fastest" | (string & {});

export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | (string & {});

export type ResponseFormat =
  | { type: "text" }
  | { type: "json_object" }
  | {
      type: "json_schema";
      json_schema: {
        name: string;
        description?: string | undefined;
        schema?: Record<string, unknown> | undefined;
        strict?: boolean | null | undefined;
      };
    };

export type ChatCompletionMessageParam =
  | ChatCompletionSystemMessageParam
  | ChatCompletionUserMessageParam
  | ChatCompletionAssistantMessageParam
  | ChatCompletionToolMessageParam
  | ChatCompletionFunctionMessageParam;

export interface ChatCompletionSystemMessageParam {
  role: "system" | "developer";
  content: string | ChatCompletionContentPartText[];
  name?: string | undefined;
}

export interface ChatCompletionUserMessageParam {
  role: "user";
  content: string | ChatCompletionContentPart[];
  name?: string | undefined;
}

export interface ChatCompletionAssistantMessageParam {
  role: "assistant";
  content?: string | (ChatCompletionContentPartText | ChatCompletionContentPartRefusal)[] | null | undefined;
  refusal?: string | null | undefined;
  name?: string | undefined;
  tool_calls?: ChatCompletionMessageToolCall[] | undefined;
  audio?: { id: string } | null | undefined;
  /** Thinking of an earlier reply, to be passed back unchanged. */
  reasoning_content?: string | null | undefined;
  reasoning_details?: unknown[] | null | undefined;
}

export interface ChatCompletionToolMessageParam {
  role: "tool";
  tool_call_id: string;
  content: string | ChatCompletionContentPartText[];
}

export interface ChatCompletionFunctionMessageParam {
  role: "function";
  name: string;
  content: string | null;
}

export type ChatCompletionContentPart =
  | ChatCompletionContentPartText
  | { type: "image_url"; image_url: { url: string; detail?: "auto" | "low" | "high" | undefined } }
  | { type: "input_audio"; input_audio: { data: string; format: "wav" | "mp3" } }
  | {
      type: "file";
      file: { file_data?: string | undefined; file_id?: string | undefined; filename?: string | undefined };
    };

export interface ChatCompletionContentPartText {
  type: "text";
  text: string;
}

export interface ChatCompletionContentPartRefusal {
  type: "refusal";
  refusal: string;
}

export type ChatCompletionTool =
  | {
      type: "function";
      function: {
        name: string;
        description?: string | undefined;
        parameters?: Record<string, unknown> | undefined;
        strict?: boolean | null | undefined;
      };
    }
  | { type: "custom"; custom: { name: string; description?: string | undefined; format?: unknown } };

export type ChatCompletionToolChoiceOption =
  | "none"
  | "auto"
  | "required"
  | { type: "function"; function: { name: string } }
  | { type: "custom"; custom: { name: string } }
  | { type: "allowed_tools"; allowed_tools: { mode: "auto" | "required"; tools: Record<string, unknown>[] } };

/** A tool call of a reply, and of the history that carries it back. */
export type ChatCompletionMessageToolCall =
  | { id: string; type: "function"; function: { name: string; arguments: string } }
  | { id: string; type: "custom"; custom: { name: string; input: string } };
