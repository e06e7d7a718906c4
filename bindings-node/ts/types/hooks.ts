/** What hooks are called with and what they return. */
import type { ChatCompletion } from "./reply.js";
import type { ChatCompletionCreateParamsBase } from "./request.js";

/** What is known beside the request or the answer. */
export interface HookContext {
  stage: "before" | "after";
  operation: "chat" | "embeddings";
  stream: boolean;
  /** The caller's id. */
  caller: string;
  /** This library's id of the request; empty before it is routed. */
  request_id: string;
  tags: Record<string, string>;
}

/** A request as its caller wrote it: of a chat, or with `input` of embeddings. */
export type HookRequest = ChatCompletionCreateParamsBase & { input?: unknown };

interface Refusing {
  /** Refuses with this message. */
  refuse?: string | undefined;
  /** The kind of the error; default `ContentRefused`. */
  kind?: "ContentRefused" | "Forbidden" | undefined;
  /** Labels for the request's ledger entry. */
  tags?: Record<string, string> | undefined;
}

/** What a before hook may return besides nothing and a changed request. */
export interface RequestDecision extends Refusing {
  request?: HookRequest | undefined;
}

/** What an after hook may return besides nothing and a changed reply. */
export interface ReplyDecision extends Refusing {
  reply?: ChatCompletion | undefined;
}

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function without a return is the commonest hook
type Returned<T> = T | null | undefined | void;

/** Is asked about requests before they are admitted, classified and sent. */
export type BeforeHook = (
  request: HookRequest,
  context: HookContext,
) => Returned<HookRequest | RequestDecision> | Promise<Returned<HookRequest | RequestDecision>>;

/** Is asked about chat answers: whole ones before they are returned, streamed ones after their last text. */
export type AfterHook = (
  reply: ChatCompletion,
  context: HookContext,
) => Returned<ChatCompletion | ReplyDecision> | Promise<Returned<ChatCompletion | ReplyDecision>>;

/** How one hook is treated, in place of the configuration's `hooks`. */
export interface HookOptions {
  /** Its name in errors; default the function's. */
  name?: string | undefined;
  /** What its failure means. */
  onFailure?: "refuse" | "pass" | undefined;
  /** How long it may take, in milliseconds. */
  timeoutMs?: number | undefined;
}
