/** Replies of the shadow as JSON text in, calls of a function out; what it throws is said as a warning. */
import { invalid } from "./errors.js";
import type { ShadowReply } from "./types/shadow.js";

/** What the native half is given: never throws, for there is nobody who could catch it. */
export function shadowCallback(callback: (reply: ShadowReply) => unknown): (json: string) => void {
  return handedCallback(callback, "onShadow", "replies of the shadow");
}

/** The same for whatever is handed over one by one. */
export function handedCallback(callback: (reply: never) => unknown, name: string, what: string): (json: string) => void {
  if (typeof callback !== "function") {
    throw invalid("InvalidRequest", "callback", "must be a function");
  }
  return (json) => {
    const { reply, lost } = JSON.parse(json) as { reply: never; lost: number };
    if (lost > 0) {
      process.emitWarning(`${String(lost)} ${what} were dropped: the callback is too slow for them`, "ClawRoutersWarning");
    }
    try {
      Promise.resolve(callback(reply)).catch((thrown: unknown) => {
        failed(name, thrown);
      });
    } catch (thrown) {
      failed(name, thrown);
    }
  };
}

function failed(name: string, thrown: unknown): void {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.emitWarning(`the callback of ${name} failed: ${what}`, "ClawRoutersWarning");
}
