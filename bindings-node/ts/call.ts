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

/** The parameters with the call's timeout as their deadline. */
export function withTimeout<P extends object>(params: P, timeout: number | undefined): P {
  if (timeout === undefined) {
    return params;
  }
  if (!(Number.isFinite(timeout) && timeout > 0)) {
    throw invalid("InvalidRequest", "timeout", "must be a number of milliseconds above 0");
  }
  const route = (params as { route?: { deadline_ms?: number } | null }).route;
  const whole = Math.max(1, Math.round(timeout));
  return { ...params, route: { ...route, deadline_ms: Math.min(whole, route?.deadline_ms ?? whole) } };
}
