/** The package's face: re-exports only. */
export { ClawRoutersError } from "./errors.js";
export type { ErrorCode, Partial, Refusal } from "./errors.js";
export type { CallOptions } from "./call.js";
export { Router } from "./router.js";
export type { Chat, Completions, Embeddings, ModelEntry, ModelList, Models } from "./router.js";
export { Stream } from "./stream.js";
export type * from "./types/config.js";
export type * from "./types/embedding.js";
export type * from "./types/request.js";
export type * from "./types/reply.js";
export type * from "./types/route.js";
export type * from "./types/ledger.js";
export type * from "./types/health.js";
export type * from "./types/shadow.js";
export type * from "./types/quota.js";
