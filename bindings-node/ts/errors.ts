/** Native errors in, the typed error out. */
import type { Allowances } from "./types/quota.js";
import type { AttemptRecord, TokenUsage } from "./types/route.js";

/** What went wrong, in terms a caller can act on. */
export type ErrorCode =
  | "InvalidRequest"
  | "InvalidConfig"
  | "Unauthenticated"
  | "Forbidden"
  | "RateLimited"
  | "BudgetExceeded"
  | "NoCandidate"
  | "ContextTooLong"
  | "ContentRefused"
  | "ProviderUnavailable"
  | "Timeout"
  | "Cancelled"
  | "StreamInterrupted"
  | "Internal";

/** Why one model was refused for a request. */
export interface Refusal {
  /** `provider/model`. */
  model: string;
  /** The gate that refused it, such as `tools` or `context_window`. */
  gate: string;
  /** The reason in words. */
  reason: string;
}

/** What had been received of an answer when it broke. */
export interface Partial {
  /** The text delivered so far. */
  text: string;
  /** Usage so far; `estimated` where the provider sent none. */
  usage: TokenUsage | null;
}

/** The error as the native half writes it. */
export interface ErrorJson {
  kind: ErrorCode;
  message: string;
  param?: string | null;
  code?: string | null;
  provider?: string | null;
  model?: string | null;
  status?: number | null;
  status_code: number;
  retry_after?: number | null;
  request_id?: string | null;
  attempts?: AttemptRecord[];
  partial?: Partial | null;
  refusals?: Refusal[];
  limits?: Allowances | null;
}

/** Any error of this library; `code` says which kind. */
export class ClawRoutersError extends Error {
  /** The kind of error. */
  readonly code: ErrorCode;
  /** The provider's last HTTP status. */
  readonly status: number | undefined;
  /** The HTTP status this error has on the door. */
  readonly statusCode: number;
  /** The provider that failed last. */
  readonly provider: string | undefined;
  /** The `provider/model` that failed last. */
  readonly model: string | undefined;
  /** The request field or configuration key at fault. */
  readonly param: string | undefined;
  /** The provider's own error code. */
  readonly providerCode: string | undefined;
  /** The provider's request id of the last attempt. */
  readonly requestId: string | undefined;
  /** Seconds to wait before asking again. */
  readonly retryAfter: number | undefined;
  /** Every send made for this request, in order. */
  readonly attempts: AttemptRecord[];
  /** What had been received when a stream broke. */
  readonly partial: Partial | undefined;
  /** For `NoCandidate`: each model considered and the gate that refused it. */
  readonly refusals: Refusal[];
  /** For `RateLimited` and `BudgetExceeded`: how the caller's limits stand. */
  readonly limits: Allowances | undefined;

  constructor(json: ErrorJson, cause?: unknown) {
    super(json.message, cause === undefined ? undefined : { cause });
    this.code = json.kind;
    this.status = json.status ?? undefined;
    this.statusCode = json.status_code;
    this.provider = json.provider ?? undefined;
    this.model = json.model ?? undefined;
    this.param = json.param ?? undefined;
    this.providerCode = json.code ?? undefined;
    this.requestId = json.request_id ?? undefined;
    this.retryAfter = json.retry_after ?? undefined;
    this.attempts = json.attempts ?? [];
    this.partial = json.partial ?? undefined;
    this.refusals = json.refusals ?? [];
    this.limits = json.limits ?? undefined;
  }

  static {
    // On the prototype, so that it is not printed as a field of every error.
    Object.defineProperty(this.prototype, "name", { value: "ClawRoutersError", configurable: true, writable: true });
  }
}

/** The typed error of whatever the native half threw. */
export function rebuilt(thrown: unknown, cause?: unknown): ClawRoutersError {
  if (thrown instanceof ClawRoutersError) {
    return thrown;
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  try {
    const json = JSON.parse(text) as ErrorJson;
    if (typeof json === "object" && typeof json.kind === "string") {
      return new ClawRoutersError(json, cause);
    }
  } catch {
    // Not an error of the core: a fault of the border itself.
  }
  return new ClawRoutersError({ kind: "Internal", message: text, status_code: 500 }, thrown);
}

/** An error about the caller's input, found before anything crossed into the native half. */
export function invalid(kind: "InvalidRequest" | "InvalidConfig", param: string, fix: string, cause?: unknown): ClawRoutersError {
  return new ClawRoutersError({ kind, message: `${param}: ${fix}`, param, status_code: 400 }, cause);
}

/** The error of a call that its caller aborted; the cause is the signal's reason. */
export function cancelled(reason: unknown): ClawRoutersError {
  const cause = reason ?? new DOMException("This operation was aborted", "AbortError");
  return new ClawRoutersError({ kind: "Cancelled", message: "the caller aborted the call", status_code: 499 }, cause);
}
