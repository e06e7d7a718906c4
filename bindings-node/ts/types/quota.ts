/** Limits and budgets: their settings and how they stand. */
import type { Strategy } from "./route.js";

/** Requests, tokens and requests at the same time; what is absent is not limited. */
export interface Limits {
  requests_per_second?: number | undefined;
  requests_per_minute?: number | undefined;
  requests_per_hour?: number | undefined;
  requests_per_day?: number | undefined;
  input_tokens_per_second?: number | undefined;
  input_tokens_per_minute?: number | undefined;
  input_tokens_per_hour?: number | undefined;
  input_tokens_per_day?: number | undefined;
  output_tokens_per_second?: number | undefined;
  output_tokens_per_minute?: number | undefined;
  output_tokens_per_hour?: number | undefined;
  output_tokens_per_day?: number | undefined;
  tokens_per_second?: number | undefined;
  tokens_per_minute?: number | undefined;
  tokens_per_hour?: number | undefined;
  tokens_per_day?: number | undefined;
  concurrency?: number | undefined;
}

/** Over what time a budget counts. */
export type Window = "hour" | "day" | "week" | "month" | "total";

/** Money of one subject over one kind of time. */
export interface Budget {
  usd: number;
  window?: Window | undefined;
  /** Where windows begin, such as `Europe/Berlin`; default `UTC`. */
  time_zone?: string | undefined;
  /** The share from which on it is known to run out. */
  soft?: number | undefined;
  /** The strategy of automatic choices from then on. */
  on_soft?: Strategy | undefined;
  /** Breaks off streams that would pass the budget. */
  hard_stop?: boolean | undefined;
}

/** The section `limits`. */
export interface LimitsConfig {
  global?: Limits | undefined;
  models?: Record<string, Limits> | undefined;
  providers?: Record<string, Limits> | undefined;
  /** By `name=value`. */
  tags?: Record<string, Limits> | undefined;
  /** How long a request waits for room, in milliseconds. */
  queue_ms?: number | undefined;
}

/** The section `budgets`: each one budget or a list. */
export interface BudgetsConfig {
  global?: Budget | Budget[] | undefined;
  models?: Record<string, Budget | Budget[]> | undefined;
  providers?: Record<string, Budget | Budget[]> | undefined;
  /** By `name=value`. */
  tags?: Record<string, Budget | Budget[]> | undefined;
}

/** How far one limit was used when a request was admitted. */
export interface Allowance {
  subject: string;
  limit_name: string;
  limit: number;
  remaining: number;
  reset_ms: number;
}

/** The tightest limits that a request stands under. */
export interface Allowances {
  requests: Allowance | null;
  tokens: Allowance | null;
}

/** How one limit stands. */
export interface LimitState {
  name: string;
  limit: number;
  used: number;
  remaining: number;
  reset_ms: number | null;
}

/** How one budget stands, in its present window; money in US dollars. */
export interface BudgetState {
  usd: number;
  window: Window;
  time_zone: string;
  began_ms: number | null;
  ends_ms: number | null;
  spent_usd: number;
  held_usd: number;
  remaining_usd: number;
  soft_reached: boolean;
}

/** How the limits and budgets of a subject stand. */
export interface QuotaState {
  subject: string;
  limits: LimitState[];
  budgets: BudgetState[];
}

/** A budget that has reached its soft limit, or refused a request for the first time in its window. */
export interface BudgetEvent {
  level: "soft" | "hard";
  subject: string;
  window: Window;
  began_ms: number | null;
  ends_ms: number | null;
  usd: number;
  spent_usd: number;
  strategy: Strategy | null;
}
