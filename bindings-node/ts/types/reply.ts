/** Replies and chunks in the OpenAI shape, with the route under `clawrouters`. */
import type { ChatCompletionMessageToolCall } from "./request.js";
import type { RouteInfo } from "./route.js";

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call";

/** A whole reply. Fields of the provider's own are kept. */
export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  created: number;
  /** The `provider/model` that answered. */
  model: string;
  choices: ChatCompletionChoice[];
  usage?: CompletionUsage;
  service_tier?: string | null;
  system_fingerprint?: string;
  /** How the reply was made. */
  clawrouters: RouteInfo;
}

export interface ChatCompletionChoice {
  index: number;
  message: ChatCompletionMessage;
  finish_reason: FinishReason;
  logprobs: Logprobs | null;
}

export interface ChatCompletionMessage {
  role: "assistant";
  content: string | null;
  refusal?: string | null;
  tool_calls?: ChatCompletionMessageToolCall[];
  audio?: { id: string; data: string; expires_at: number; transcript: string } | null;
  annotations?: unknown[];
  /** Thinking, where the provider shows it. */
  reasoning_content?: string | null;
  /** Signed thinking, to be passed back unchanged in the history. */
  reasoning_details?: unknown[] | null;
}

export interface Logprobs {
  content: TokenLogprob[] | null;
  refusal?: TokenLogprob[] | null;
}

export interface TokenLogprob {
  token: string;
  bytes: number[] | null;
  logprob: number;
  top_logprobs: { token: string; bytes: number[] | null; logprob: number }[];
}

export interface CompletionUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number };
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  };
}

/**
 * One piece of a streamed reply.
 *
 * With `on_interrupt: "restart"` there may be a chunk without choices whose `clawrouters` is `{ restart: true }` and nothing
 * else: the answer begins anew, and what came before is void.
 */
export interface ChatCompletionChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  /** The `provider/model` that answers. */
  model: string;
  choices: ChatCompletionChunkChoice[];
  usage?: CompletionUsage | null;
  service_tier?: string | null;
  system_fingerprint?: string;
  /** On the last chunk: how the reply was made. With `restart` there is no other field. */
  clawrouters?: RouteInfo & { restart?: true };
}

export interface ChatCompletionChunkChoice {
  index: number;
  delta: ChatCompletionDelta;
  finish_reason: FinishReason | null;
  logprobs?: Logprobs | null;
}

export interface ChatCompletionDelta {
  role?: "assistant";
  content?: string | null;
  refusal?: string | null;
  reasoning_content?: string | null;
  reasoning_details?: unknown[] | null;
  tool_calls?: ChatCompletionToolCallDelta[];
}

export interface ChatCompletionToolCallDelta {
  index: number;
  id?: string;
  type?: "function";
  function?: { name?: string; arguments?: string };
}
