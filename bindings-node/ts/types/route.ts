/** Routing: the options that ride in a request, what every reply says about its route, and the dry run. */
import type { CacheOptions, Cached } from "./cache.js";
import type { Allowances } from "./quota.js";

/** What to optimise when the router chooses the model. */
export type Strategy = "cheapest" | "balanced" | "best" | "fastest";

/** What becomes of a parameter that a model does not take: the nearest value, left out, or the next model. */
export type ParameterPolicy = "adapt" | "drop" | "error";

/** What becomes of a stream that breaks after output has begun: another target goes on or answers anew, or an error. */
export type OnInterrupt = "resume" | "restart" | "error";

/** What becomes of a chunk that is not valid JSON: the stream counts as broken, or it is left out. */
export type OnMalformed = "break" | "skip";

/** Routing options of one request. */
export interface RouteOptions {
  /** Replaces the configured strategy. */
  strategy?: Strategy | undefined;
  /** Only these providers or `provider/model`s may answer. */
  only?: string[] | undefined;
  /** These providers or `provider/model`s may not answer. */
  ignore?: string[] | undefined;
  /** Providers or `provider/model`s to try first, in this order. */
  order?: string[] | undefined;
  /** Models to try when the first cannot answer. */
  fallbacks?: string[] | undefined;
  /** False forbids any model but the first choice; default true. */
  allow_fallbacks?: boolean | undefined;
  /** Capabilities a model must have, such as `tools`, `vision`, `json_schema`, `reasoning`, `zero_price`. */
  require?: string[] | undefined;
  /** Price ceilings in US dollars per one million tokens. */
  max_price?: { input?: number | undefined; output?: number | undefined } | undefined;
  /** Ceiling for the expected worst-case cost of this request, in US dollars. */
  max_cost?: number | undefined;
  /** The least expected probability of a good answer, 0 to 1, that `auto` may choose a model with. */
  min_quality?: number | undefined;
  /** Only deployments that keep nothing of a request may answer; see `zdr` of a provider. */
  zdr?: boolean | undefined;
  /** What the request asks for, in place of what its text is taken for. */
  task?: TaskKind | undefined;
  /** How hard it is, 0 to 1, in place of what its text is taken for. */
  difficulty?: number | undefined;
  /** The model against which savings are counted. */
  baseline?: string | undefined;
  /** Replaces the configured policy for parameters that a model does not take. */
  parameters?: ParameterPolicy | undefined;
  /** The deadline of the whole request in milliseconds from now. */
  deadline_ms?: number | undefined;
  /** A name of the conversation: its requests stay with one model and deployment while that is right. */
  session?: string | undefined;
  /** Replaces the configured `on_interrupt`. With `restart` a chunk may say that the answer begins anew; `router.fetch` refuses it. */
  on_interrupt?: OnInterrupt | undefined;
  /** Replaces the configured `on_malformed`. */
  on_malformed?: OnMalformed | undefined;
  /** How the cache may be used. */
  cache?: CacheOptions | undefined;
  /** Who goes first when requests wait for a limit to have room; default `normal`. */
  priority?: "high" | "normal" | "low" | undefined;
  /** True for a request on which nothing is tried out, whatever `learning.explore` says; default false. */
  critical?: boolean | undefined;
  /** Free labels that are kept with the request's ledger entry, and by which limits and budgets are shared. */
  tags?: Record<string, string> | undefined;
  /** The span of the caller's that the request belongs to, as W3C writes it; the header `traceparent` on `fetch`. */
  traceparent?: string | undefined;
  /** What tracing systems add to it. */
  tracestate?: string | undefined;
}

/** What a request asks for. */
export type TaskKind =
  | "code"
  | "debug"
  | "math"
  | "reasoning"
  | "extraction"
  | "classification"
  | "translation"
  | "summarisation"
  | "creative"
  | "chat"
  | "simple_question"
  | "roleplay"
  | "agentic"
  | "long_context"
  | "vision";

/** The classes that a model's capability scores are kept for. */
export type TaskClass =
  | "code"
  | "math"
  | "reasoning"
  | "extraction"
  | "translation"
  | "creative"
  | "chat"
  | "summarise"
  | "agentic"
  | "general";

/** Tokens of one attempt, with one meaning for every provider. */
export interface TokenUsage {
  /** All input tokens, cached ones included. */
  input: number;
  /** Input tokens read from the provider's prompt cache. */
  cached_read: number;
  /** Input tokens written to the cache with a life of five minutes. */
  cache_write: number;
  /** Input tokens written to the cache with a life of one hour. */
  cache_write_1h: number;
  /** All output tokens, reasoning included. */
  output: number;
  /** Output tokens spent on reasoning. */
  reasoning: number;
  audio_in: number;
  audio_out: number;
  /** True when any count is this library's estimate. */
  estimated: boolean;
  /** Cost in nano-dollars as the provider itself stated it. */
  reported_cost_nanos?: number;
}

/** One send to one target. */
export interface AttemptRecord {
  /** `provider/model` that was asked. */
  target: string;
  provider: string;
  /** The deployment asked, where the provider has several. */
  deployment: string | null;
  /** `ok`, or the cause of the failure such as `rate_limited` or `first_token_timeout`. */
  verdict: string;
  /** What was done next. */
  then: "done" | "same_again" | "next" | "resume" | "restart" | "stop" | (string & {});
  /** Why that was done next, in words; empty for a good answer. */
  why: string;
  /** The provider's HTTP status, if it answered. */
  status: number | null;
  /** The provider's request id. */
  request_id: string | null;
  /** Milliseconds from the start of the request to sending. */
  started_ms: number;
  latency_ms: number;
  /** Milliseconds to the first output of a stream. */
  first_token_ms: number | null;
  usage: TokenUsage | null;
  /** US dollars; null when the price or the usage is unknown. */
  cost: number | null;
  /** Where the cost comes from; null with it, and where nothing was billed. */
  cost_source: CostSource | null;
}

/** Where a cost comes from: stated by the provider, its counts at known prices, or counts or prices that were estimated. */
export type CostSource = "provider" | "catalogue" | "estimate";

/** A stream that broke after output had begun, and how the answer was completed. */
export interface Resumption {
  /** `provider/model` whose stream broke. */
  from: string;
  /** `provider/model` that went on. */
  to: string;
  /** Characters of text that had been delivered by then. */
  after_chars: number;
  /** The cause of the break, such as `truncated` or `idle_timeout`. */
  cause: string;
  /** How the rest was asked for, or `restart` when the answer began anew. */
  form: "prefill" | "instruction" | "restart" | (string & {});
}

/** A second opinion on a difficulty, and what came of it. */
export interface Judged {
  /** `provider/model` that was asked. */
  model: string;
  /** The difficulty that it stated, from 0 to 1; null when it failed, was late or was resting. */
  said: number | null;
  /** The difficulty by the classifier. */
  from: number;
  /** The difficulty that the choice was made by: what was said, within the classifier's doubt. */
  to: number | null;
  /** True when the word was remembered, or came from the same question of another request. */
  remembered: boolean;
  /** Milliseconds that the request waited for it. */
  latency_ms: number;
  /** US dollars of the question, beside the cost of the request; null when the price is unknown. */
  cost: number | null;
}

/** The conversation of a request, and what was decided for it. */
export interface SessionInfo {
  /** The caller's name for it, else the id of its first request. */
  id: string;
  /**
   * `began`: nothing was known of it. `stayed`: with its model. `escalated`: to an abler one. `eased`: a cheaper one answers this
   * turn alone. `switched`: to one that is as able and cheaper, or that another strategy prefers. `left`: its model cannot go on.
   */
  decision: "began" | "stayed" | "escalated" | "eased" | "switched" | "left" | (string & {});
  /** Why, in a sentence. */
  reason: string;
  /** The `provider/model` that it is with from here on. */
  model: string;
  /** The `provider/model` that it was with, where that is another one. */
  from: string | null;
  /** Answers that it had before this one. */
  turns: number;
  /** Input tokens that its model was expected to have in its prompt cache. */
  warm_tokens: number;
  /** US dollars spent so far on reading anew what a prompt cache had held. */
  lost: number;
}

/** How a reply was made. */
export interface RouteInfo {
  /** This library's id of the request. */
  request_id: string;
  /** What the caller asked for. */
  model_requested: string;
  /** The `provider/model` that answered. */
  model: string;
  /** The provider that answered. */
  provider: string;
  /** The deployment that answered, where the provider has several. */
  deployment: string | null;
  /** True when the answer came from the built-in sandbox and no real model. */
  sandbox: boolean;
  /** The level of thinking that the router chose; null where the model's default or the caller's own held. */
  effort: string | null;
  strategy: Strategy | "";
  /** What the request was taken for; null for an explicit model. */
  task: TaskKind | null;
  /** Expected gain of a strong over a weak model, 0 to 1. */
  difficulty: number | null;
  /** Belief in the task kind, 0 to 1. */
  confidence: number | null;
  /** The second opinion on the difficulty; null where none was asked for. */
  judge: Judged | null;
  /** The conversation that it belongs to; null where none is known. */
  session: SessionInfo | null;
  /** Why this model, in words. */
  reasons: string[];
  /** Parameters that were adapted or left out for the provider. */
  adapted: string[];
  /** How many findings of which kind were taken out of the request's text before it left. */
  redacted: Partial<Record<"email" | "card" | "phone" | "api_key", number>>;
  /** US dollars of all attempts; null when a price is unknown. */
  cost: number | null;
  /** Where the cost comes from: of all attempts the least certain. */
  cost_source: CostSource | null;
  /** What the baseline model would have cost, in US dollars. */
  baseline: number | null;
  baseline_model: string | null;
  /** US dollars saved against the baseline; negative when more was spent. */
  saved: number | null;
  /** What the cache did; `bypass` where it was not asked. */
  cached: Cached;
  /** Tokens of the answering attempt. */
  usage: TokenUsage | null;
  latency_ms: number;
  /** Milliseconds until the first output of a stream. */
  first_token_ms: number | null;
  /** Where the stream broke after output had begun, and who went on with it. */
  resumed: Resumption[];
  /** How the caller's limits stood when the request was admitted; null where none apply. */
  limits: Allowances | null;
  /** Every send, in the order in which they ended. */
  attempts: AttemptRecord[];
}

/** What a request asks for, how hard it is and what it needs. */
export interface Task {
  kind: TaskKind;
  /**
   * The class of capability scores that models are compared by: that of the kind, or "reasoning" for answers to choose from
   * and "general" for a story with numbers.
   */
  scored_as: TaskClass;
  /** Expected gain of a strong over a weak model, 0 to 1. */
  difficulty: number;
  /** Belief in the kind, 0 to 1. */
  confidence: number;
  /** Why, strongest first; signals, never words of the prompt. */
  evidence: { signal: string; weight: number }[];
  /** Nothing in the request was recognised; the difficulty is then in the middle. */
  no_evidence: boolean;
  /** Probability of success by ability, with a one-sigma half-width. */
  success: { weak: number; mid: number; strong: number; uncertainty: number };
  needs: Needs;
  /** The dominant writing system of the ask. */
  script: string | null;
  /** Characters scored as the ask. */
  ask_chars: number;
  /** Characters recognised as context. */
  context_chars: number;
  /** The last turn was a short follow-up, so the verdict comes from earlier in the conversation. */
  inherited: boolean;
}

/** What a request requires of a model. */
export interface Needs {
  tools: boolean;
  forced_tool_choice: boolean;
  parallel_tools: boolean;
  vision: boolean;
  audio: boolean;
  video: boolean;
  pdf: boolean;
  json_mode: boolean;
  json_schema: boolean;
  logprobs: boolean;
  n_gt_1: boolean;
  prefill: boolean;
  reasoning: boolean;
  system_prompt: boolean;
  stream: boolean;
  /** Sampling parameters that are present with a value. */
  params: string[];
  max_output_tokens: number | null;
}

/** A model that may answer, and what is expected of it. */
export interface Candidate {
  /** `provider/model`. */
  model: string;
  provider: string;
  sandbox: boolean;
  /** The level of thinking that it would be asked for; null where the model's default or the caller's own holds. */
  effort: string | null;
  /** Expected probability of a good answer, uncertainty subtracted; null where nothing classified the request. */
  quality: number | null;
  /** Expected cost in US dollars. */
  cost: number | null;
  /** Worst case that would be held before sending, in US dollars. */
  worst_cost: number | null;
  /** Points by which scores of earlier answers moved its ability for this request. */
  experience: number | null;
}

/** What a request would be taken for and where it would go. */
export interface Explanation {
  /** Null for explicit models. */
  task: Task | null;
  difficulty: number | null;
  /** Estimated input tokens. */
  input_tokens: number;
  strategy: Strategy;
  /** True when the router chose; false when the caller named the models. */
  automatic: boolean;
  /** The first candidate. */
  model: string | null;
  /** The conversation that it belongs to, by what this process knows; null where none is known. */
  session: SessionInfo | null;
  reasons: string[];
  /** The model against which savings would be counted. */
  baseline: string | null;
  /** In the order in which they would be tried. */
  candidates: Candidate[];
  /** Models refused, and why. */
  refused: { model: string; gate: string; reason: string }[];
  /** Able models that are resting after failures, with the seconds left. */
  resting: { model: string; retry_after: number }[];
}
