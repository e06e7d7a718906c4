/** A native call and an AbortSignal in, the call's result or the typed error out. */
import { cancelled, invalid, rebuilt } from "./errors.js";
import { native } from "./native.js";
import type { Canceller } from "./native.js";

/** Options of one call. */
export interface CallOptions {
  /** Aborting it stops the provider's request at once; the call rejects with `Cancelled`. */
  signal?: AbortSignal | null | undefined;
  /** The deadline of the whole call in milliseconds; a sooner `route.deadline_ms` wins. */
  timeout?: number | undefined;
  /** The caller's `cr_` key, where the router has a key store. */
  apiKey?: string | undefined;
}

/** The caller's key of a call. */
export function keyOf(options: Pick<CallOptions, "apiKey"> | undefined): string | undefined {
  const key: unknown = options?.apiKey ?? undefined;
  if (key === undefined || typeof key === "string") {
    return key;
  }
  throw invalid("InvalidRequest", "api_key", "must be text");
}

/** Runs a native call under an optional signal. */
export async function under<T>(signal: AbortSignal | null | undefined, work: (canceller?: Canceller) => Promise<T>): Promise<T> {
  if (!signal) {
    try {
      return await work();
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }
  // Not instanceof: test runners and polyfills bring their own AbortSignal.
  if (typeof (signal as { addEventListener?: unknown }).addEventListener !== "function") {
    throw invalid("InvalidRequest", "signal", "must be an AbortSignal");
  }
  if (aborted(signal)) {
    throw cancelled(signal.reason);
  }
  const canceller = new native.Canceller();
  const abort = (): void => {
    canceller.cancel();
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(canceller);
  } catch (thrown) {
    throw aborted(signal) ? cancelled(signal.reason) : rebuilt(thrown);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

// A field read twice looks constant to the type checker, a call does not.
function aborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The parameters with the call's timeout as their deadline; what is wrong with them is said later. */
export function withTimeout<P extends object>(params: P, timeout: number | undefined): P {
  if (timeout === undefined) {
    return params;
  }
  if (!(Number.isFinite(timeout) && timeout > 0)) {
    throw invalid("InvalidRequest", "timeout", "must be a number of milliseconds above 0");
  }
  const given: unknown = params;
  const route = isObject(given) ? (given["route"] ?? {}) : undefined;
  if (!isObject(route)) {
    return params;
  }
  const whole = Math.max(1, Math.round(timeout));
  const own = route["deadline_ms"] ?? whole;
  return typeof own === "number" ? { ...params, route: { ...route, deadline_ms: Math.min(whole, own) } } : params;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
