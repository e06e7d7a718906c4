/** Hooks: functions of the application in, functions that the native half calls with JSON text out. */
import { ClawRoutersError, invalid } from "./errors.js";
import type { HookContext, HookOptions, RequestDecision, ReplyDecision } from "./types/hooks.js";

type Hook = (body: never, context: HookContext) => unknown;

/** Refuses a request or an answer: return it from a hook, or throw a `ClawRoutersError` of either kind. */
export function refuse(message: string, kind: "ContentRefused" | "Forbidden" = "ContentRefused"): RequestDecision & ReplyDecision {
  return { refuse: message, kind };
}

/** What the native half is given: its promise never rejects. */
export function hookCallback(hook: Hook): (json: string) => Promise<string> {
  if (typeof hook !== "function") {
    throw invalid("InvalidRequest", "hook", "must be a function");
  }
  return async (json) => {
    const { body, context } = JSON.parse(json) as { body: never; context: HookContext };
    try {
      return written(await hook(body, context));
    } catch (thrown) {
      return refusal(thrown) ?? failed(hook, thrown);
    }
  };
}

function written(returned: unknown): string {
  if (returned !== undefined && returned !== null && typeof returned !== "object") {
    return JSON.stringify({ returned: typeof returned });
  }
  try {
    return JSON.stringify({ returned: returned ?? null });
  } catch {
    return JSON.stringify({ failed: "returned what JSON cannot carry" });
  }
}

function refusal(thrown: unknown): string | undefined {
  const typed = thrown instanceof ClawRoutersError && (thrown.code === "ContentRefused" || thrown.code === "Forbidden");
  return typed ? JSON.stringify({ returned: { refuse: thrown.message, kind: thrown.code } }) : undefined;
}

function failed(hook: Hook, thrown: unknown): string {
  const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.emitWarning(`the hook ${hook.name || "without a name"} failed: ${what}`, "ClawRoutersWarning");
  const name = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  return JSON.stringify({ failed: `threw ${name}` });
}

/** The options as the native half takes them. */
export function hookOptions(hook: Hook, options: HookOptions | undefined): [string, string | undefined, number | undefined] {
  return [options?.name ?? (hook.name || "hook"), options?.onFailure, options?.timeoutMs];
}
