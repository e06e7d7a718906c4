/** The ledger: one entry a closed request, without prompt or answer. */
import type { ErrorCode } from "../errors.js";
import type { RouteInfo, Strategy } from "./route.js";

/** One closed request: who asked, how it was answered, what it cost. */
export interface Entry extends Omit<RouteInfo, "session"> {
  /** Unix time of the request's start in milliseconds. */
  at_ms: number;
  /** Who asked. */
  caller: string | null;
  /** The name of the caller's key. */
  caller_name: string | null;
  /** Labels that the request carried. */
  tags: Record<string, string>;
  /** The conversation that the request named. */
  session: string | null;
  /** True for a streamed reply. */
  stream: boolean;
  /** What was asked for: by a caller, or by the router on the side. */
  purpose: "request" | "shadow" | "probe" | "cache" | (string & {});
  /** The kind of error it ended in, if it did. */
  error: ErrorCode | null;
  /** Money in whole nano-dollars. */
  cost_nanos: number | null;
  baseline_nanos: number | null;
  best_single_nanos: number | null;
  /** What was asked and answered, where `ledger.log_content` is set. */
  content?: { prompt: string; answer: string };
}

/** What entries are grouped by. */
export type UsageGroup =
  | "key"
  | "tag"
  | `tag:${string}`
  | "model"
  | "model_requested"
  | "provider"
  | "deployment"
  | "task"
  | "strategy"
  | "session"
  | "purpose"
  | "cached"
  | "error"
  | "day"
  | "hour";

/** A moment: milliseconds since 1970, a date, `2026-11-01`, `2026-11-01T08:00:00Z`, or so long before now, such as `7d`. */
export type Moment = string | number | Date;

/** What to count: everything, unless it is narrowed. */
export interface UsageQuery {
  /** Days and hours are those of UTC. */
  group_by?: UsageGroup | UsageGroup[] | undefined;
  since?: Moment | undefined;
  until?: Moment | undefined;
  /** Conditions such as `{ model: "openai/gpt-5", tag: ["team=a", "team=b"], sandbox: false }`; of a list one has to match. */
  where?: Record<string, string | boolean | null | (string | null)[]> | undefined;
}

/** What requests used and cost. Money in US dollars and, as `..._nanos`, in whole nano-dollars; times in milliseconds. */
export interface Figures {
  requests: number;
  answered: number;
  errors: number;
  cancelled: number;
  error_rate: number;
  retried: number;
  resumed: number;
  sandbox: number;
  tokens: {
    input: number;
    output: number;
    cached_read: number;
    cache_write: number;
    cache_write_1h: number;
    reasoning: number;
    audio_in: number;
    audio_out: number;
  };
  cost: number;
  cost_nanos: number;
  /** The part of the cost that no caller asked for: probes and copies for comparison. */
  side_cost: number;
  side_cost_nanos: number;
  /** Answered requests whose cost is not known and so not counted. */
  unpriced: number;
  /** Requests whose cost is an estimate. */
  estimated: number;
  /** Against the named baseline, else the dearest model that could have answered each request. */
  baseline: Against;
  /** Against the ablest model that could have answered each request. */
  best_single: Against;
  latency_ms: Percentiles;
  first_token_ms: Percentiles;
  cached: { hit: number; semantic: number; miss: number; bypass: number; rate: number | null };
}

/** What another choice of models would have cost for the same tokens. */
export interface Against {
  /** Answered requests for which both costs are known. */
  requests: number;
  cost: number;
  cost_nanos: number;
  actual: number;
  actual_nanos: number;
  saved: number;
  saved_nanos: number;
  saved_share: number | null;
  models: string[];
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** What a span of time used and cost. */
export interface UsageReport {
  since_ms: number | null;
  until_ms: number | null;
  group_by: string[];
  source: "sqlite" | "memory";
  /** Requests that are missing because memory keeps only so many. */
  forgotten: number;
  total: Figures;
  /** By group: spans of time in order, anything else the dearest first. */
  rows: (Figures & { group: Record<string, string | null> })[];
}

/** What another strategy would have made of past requests. Money in US dollars; qualities are what selection expects. */
export interface WhatIf {
  strategy: Strategy;
  /** Requests compared. */
  requests: number;
  /** Requests that another model would have answered. */
  changed: number;
  actual: WhatIfSide;
  instead: WhatIfSide;
  tasks: Record<
    string,
    { requests: number; actual: number; actual_nanos: number; instead: number; instead_nanos: number }
  >;
  /** How many requests each model answered, and how many it would have answered. */
  models: Record<string, { actual: number; instead: number }>;
  /** Requests that say nothing here, by the reason. */
  left_out: { named: number; failed: number; cached: number; unpriced: number };
}

export interface WhatIfSide {
  cost: number;
  cost_nanos: number;
  /** The mean; null where no model of a request is in the pool any more. */
  quality: number | null;
}

/** How the ledger stands. */
export interface LedgerState {
  entries: number;
  dropped: number;
  sinks: { name: string; written: number; waiting: number; dropped: number; fault: string | null }[];
}
