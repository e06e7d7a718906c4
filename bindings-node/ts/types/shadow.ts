/** What a shadow made of a copy of a request. */
import type { ErrorCode } from "../errors.js";
import type { ChatCompletion } from "./reply.js";
import type { RouteInfo } from "./route.js";

/** The shadow's reply to a copy of a request, or why there is none. */
export interface ShadowReply {
  /** The id of the request that was copied. */
  request_id: string;
  /** The reply; null where the shadow failed. How it was made is beside it, not in it. */
  reply: Omit<ChatCompletion, "clawrouters"> | null;
  error: { kind: ErrorCode; message: string } | null;
  /** How the copy went and what it cost; its `request_id` is the copy's own. */
  clawrouters: RouteInfo;
}
