/** Replies of the shadow as JSON text in, calls of a function out; what it throws is said as a warning. */
import { invalid } from "./errors.js";
import type { ShadowReply } from "./types/shadow.js";

/** What the native half is given: never throws, for there is nobody who could catch it. */
export function shadowCallback(callback: (reply: ShadowReply) => unknown): (json: string) => void {
  if (typeof callback !== "function") {
    throw invalid("InvalidRequest", "callback", "must be a function");
  }
  return (json) => {
    const { reply, lost } = JSON.parse(json) as { reply: ShadowReply; lost: number };
    if (lost > 0) {
      process.emitWarning(`${String(lost)} replies of the shadow were dropped: the callback is slower than they come`, "ClawRoutersWarning");
    }
    try {
      Promise.resolve(callback(reply)).catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  };
}

function failed(thrown: unknown): void {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.emitWarning(`the callback of onShadow failed: ${what}`, "ClawRoutersWarning");
}
