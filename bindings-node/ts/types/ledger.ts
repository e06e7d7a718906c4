/** The ledger: one entry a closed request, without prompt or answer. */
import type { ErrorCode } from "../errors.js";
import type { RouteInfo } from "./route.js";

/** One closed request: who asked, how it was answered, what it cost. */
export interface Entry extends RouteInfo {
  /** Unix time of the request's start in milliseconds. */
  at_ms: number;
  /** Who asked. */
  caller: string | null;
  /** The name of the caller's key. */
  caller_name: string | null;
  /** Labels that the request carried. */
  tags: Record<string, string>;
  /** True for a streamed reply. */
  stream: boolean;
  /** What was asked for: by a caller, or by the router on the side. */
  purpose: "request" | "shadow" | "probe" | (string & {});
  /** The kind of error it ended in, if it did. */
  error: ErrorCode | null;
}
