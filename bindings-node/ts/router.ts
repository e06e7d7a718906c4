/** The router class: typed calls in, typed replies out. */
import { Cache } from "./cache.js";
import { keyOf, under, withTimeout } from "./call.js";
import type { CallOptions } from "./call.js";
import { configJson, located, requestJson } from "./encode.js";
import { invalid, rebuilt } from "./errors.js";
import { fetchThrough } from "./fetch.js";
import { Keys } from "./keys.js";
import { Learning, learned } from "./learning.js";
import { entryCallback, flushAtExit, queryJson } from "./ledger.js";
import { native } from "./native.js";
import type { NativeRouter } from "./native.js";
import { hookCallback, hookOptions } from "./hooks.js";
import { handedCallback, shadowCallback } from "./shadow.js";
import { Stream } from "./stream.js";
import { instrumentNative, settled, withTrace } from "./telemetry.js";
import type { InstrumentOptions } from "./telemetry.js";
import type { Config } from "./types/config.js";
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "./types/embedding.js";
import type { TargetHealth } from "./types/health.js";
import type { AfterHook, BeforeHook, HookOptions } from "./types/hooks.js";
import type { Entry, LedgerState, UsageQuery, UsageReport, WhatIf } from "./types/ledger.js";
import type { BudgetEvent, QuotaState } from "./types/quota.js";
import type { ChatCompletion, ChatCompletionChunk } from "./types/reply.js";
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from "./types/request.js";
import type { Explanation, Strategy, Task } from "./types/route.js";
import type { ShadowReply } from "./types/shadow.js";

/** A model that can be asked for. */
export interface ModelEntry {
  id: string;
  object: "model";
  created: number;
  owned_by: string;
  [field: string]: unknown;
}

/** The models that can be asked for. */
export interface ModelList extends AsyncIterable<ModelEntry> {
  object: "list";
  data: ModelEntry[];
}

/** A router: configuration, connections, health and ledger of its own. */
export class Router implements AsyncDisposable {
  readonly #native: NativeRouter;
  /** Chat, in the places where the `openai` package has it. */
  readonly chat: Chat;
  /** Embeddings, in the place where the `openai` package has them. */
  readonly embeddings: Embeddings;
  /** The models. */
  readonly models: Models;
  /** How the cache stands, and forgetting what it keeps. */
  readonly cache: Cache;
  /** The keys of callers; needs `keys` in the configuration. */
  readonly keys: Keys;
  /** What scores of answers taught; needs `learning` in the configuration. */
  readonly learning: Learning;
  /** A WHATWG `fetch` that this router answers: `new OpenAI({ fetch: router.fetch, apiKey: "unused" })`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

  /**
   * Builds a router from a configuration, from the path of a TOML file or, without either, from the environment.
   *
   * @throws {ClawRoutersError} `InvalidConfig` that names the key and the fix.
   */
  constructor(config?: Config | string) {
    const inner = built(config);
    this.#native = inner;
    flushAtExit(inner);
    this.chat = new Chat(inner);
    this.embeddings = new Embeddings(inner);
    this.models = new Models(inner);
    this.cache = new Cache(inner);
    this.keys = new Keys(inner);
    this.learning = new Learning(inner);
    this.fetch = (input, init) => fetchThrough(inner, input, init);
  }

  /** Builds a router from the environment alone. */
  static fromEnv(): Router {
    return new Router();
  }

  /** The same as `embeddings.create`. */
  embed(params: EmbeddingCreateParams, options?: CallOptions): Promise<CreateEmbeddingResponse> {
    return this.embeddings.create(params, options);
  }

  /** What a request asks for and how hard it is; sends nothing. */
  async classify(params: ChatCompletionCreateParams): Promise<Task> {
    return JSON.parse(await asked(params, undefined, (json) => this.#native.classify(json))) as Task;
  }

  /** How a request would be answered: every candidate, every refusal; sends nothing. */
  async explain(params: ChatCompletionCreateParams, options?: Pick<CallOptions, "apiKey">): Promise<Explanation> {
    const key = keyOf(options);
    return JSON.parse(await asked(params, undefined, (json) => this.#native.explain(json, key))) as Explanation;
  }

  /** The closed requests that the ledger keeps, oldest first; `flush()` first for those that closed just now. */
  entries(): Entry[] {
    try {
      return JSON.parse(this.#native.entries()) as Entry[];
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /** How every target stands that was asked so far: breaker, rests, requests under way, latency, use. */
  health(): TargetHealth[] {
    try {
      return JSON.parse(this.#native.health()) as TargetHealth[];
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /**
   * Calls a function with every reply of the shadow; the last one set counts, until `close()`.
   *
   * What it throws or rejects with becomes a process warning. While the thread is busy 256 replies wait; what comes then is
   * dropped and the number is said in a warning. It does not keep the process alive.
   */
  onShadow(callback: (reply: ShadowReply) => unknown): void {
    try {
      this.#native.onShadow(shadowCallback(callback));
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /**
   * Asks a function about every request before it is admitted, classified and sent.
   *
   * It returns nothing, a changed request, or `{ request, tags }`; it refuses by returning `refuse(message, kind)`, or by
   * throwing a `ClawRoutersError` of the kind `ContentRefused` or `Forbidden`. Several are asked in the order in which they
   * were added. What it throws else, or a time limit that passes, is its failure: `onFailure` and `timeoutMs` replace the
   * configuration's `hooks`.
   */
  beforeRequest(hook: BeforeHook, options?: HookOptions): this {
    return this.#hook("before", hook, options);
  }

  /**
   * Asks a function about every chat answer; else as `beforeRequest`, with `reply` for `request`.
   *
   * A whole answer may be changed. A streamed one is seen as a whole reply after its last text: it may be labelled, or
   * refused, which ends the stream with the error.
   */
  afterResponse(hook: AfterHook, options?: HookOptions): this {
    return this.#hook("after", hook, options);
  }

  #hook(stage: "before" | "after", hook: BeforeHook | AfterHook, options?: HookOptions): this {
    try {
      this.#native.addHook(stage, hookCallback(hook), ...hookOptions(hook, options));
    } catch (thrown) {
      throw rebuilt(thrown);
    }
    return this;
  }

  /**
   * Sends spans and measurements of every request that closes from now on to OpenTelemetry, by the conventions for
   * generative AI. A request belongs to the span that is active where it is made, or to the one that `route.traceparent`
   * or the header `traceparent` of a `fetch` names.
   *
   * @throws {ClawRoutersError} `InvalidConfig` where `@opentelemetry/api` is not installed.
   */
  instrument(options?: InstrumentOptions): this {
    instrumentNative(this.#native, options);
    return this;
  }

  /**
   * Everything counted so far as OpenMetrics text, which Prometheus reads; served as
   * `application/openmetrics-text; version=1.0.0`. Counting begins with the first call, or with the router where the
   * configuration's `telemetry.metrics` is true.
   */
  metrics(): string {
    try {
      return this.#native.metrics();
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /**
   * Calls a function with every request that is closed from now on, until `close()`.
   *
   * What it throws or rejects with becomes a process warning. `ledger.queue` entries wait while the thread is busy; what
   * comes then is dropped and counted in `ledger()`. It does not keep the process alive.
   */
  onEntry(callback: (entry: Entry) => unknown): void {
    try {
      this.#native.onEntry(entryCallback(callback));
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /**
   * Tells how good an answer was, from 0 (useless) to 1 (just right), once for each. `requestId` is the `request_id` of
   * its `clawrouters`. Needs `learning` in the configuration.
   */
  async feedback(requestId: string, score: number): Promise<void> {
    await learned(this.#native, "feedback", { request_id: requestId, score });
  }

  /**
   * How the limits and budgets of a subject stand: `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or
   * `provider:NAME`.
   */
  async quota(subject: string): Promise<QuotaState> {
    return JSON.parse(await under(undefined, () => this.#native.quota(subject))) as QuotaState;
  }

  /**
   * Calls a function with every budget that reaches its soft limit, or refuses a request, once a window; otherwise as
   * `onShadow`.
   */
  onBudget(callback: (event: BudgetEvent) => unknown): void {
    try {
      this.#native.onBudget(handedCallback(callback, "onBudget", "budgets that ran out"));
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /** How the ledger and its sinks stand: what was written, what waits, what was dropped, what is wrong. */
  ledger(): LedgerState {
    try {
      return JSON.parse(this.#native.ledger()) as LedgerState;
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /**
   * What requests used and cost: requests, tokens, cost, savings, errors, percentiles, cache hits. From the database
   * where one is configured, else from memory.
   */
  async usage(query?: UsageQuery): Promise<UsageReport> {
    const json = queryJson(query);
    return JSON.parse(await under(undefined, () => this.#native.usage(json))) as UsageReport;
  }

  /** Writes requests to a `.csv`, `.jsonl` or `.ndjson` file; resolves to their number. */
  async export(path: string, query?: Omit<UsageQuery, "group_by">): Promise<number> {
    const json = queryJson(query);
    return under(undefined, () => this.#native.export(path, json));
  }

  /**
   * What past requests to `auto` would have cost under another strategy, and the qualities expected on both sides; nothing
   * is sent. `entries` is a file that `export` wrote, in place of this router's own ledger. Today's models are reckoned with
   * the tokens of the answers that were given, at the prices of their days.
   */
  async whatIf(
    strategy: Strategy,
    query?: Omit<UsageQuery, "group_by"> & { entries?: string | undefined },
  ): Promise<WhatIf> {
    const { entries, ...asked } = query ?? {};
    const json = queryJson(asked);
    return JSON.parse(await under(undefined, () => this.#native.whatIf(strategy, entries, json))) as WhatIf;
  }

  /** Writes a report of costs, savings, latencies and errors: one HTML file that loads nothing else. */
  async report(path: string, query?: Omit<UsageQuery, "group_by">): Promise<void> {
    const json = queryJson(query);
    await under(undefined, () => this.#native.report(path, json));
  }

  /**
   * Waits until calls that have ended are with every sink of the ledger: on the disk, for files. Rejects when a sink cannot
   * be written; its entries go on waiting for it.
   */
  async flush(): Promise<void> {
    await under(undefined, () => this.#native.flush());
    await settled(this.#native);
  }

  /** Refuses further calls and waits as `flush` does; `onShadow`, `onEntry` and `onBudget` end. */
  async close(): Promise<void> {
    await under(undefined, () => this.#native.close());
    await settled(this.#native);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Chat. */
export class Chat {
  readonly completions: Completions;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.completions = new Completions(inner);
  }
}

/** Chat completions. */
export class Completions {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** Answers a request, whole or as a stream of chunks. */
  create(params: ChatCompletionCreateParamsNonStreaming, options?: CallOptions): Promise<ChatCompletion>;
  create(params: ChatCompletionCreateParamsStreaming, options?: CallOptions): Promise<Stream<ChatCompletionChunk>>;
  create(params: ChatCompletionCreateParamsBase, options?: CallOptions): Promise<ChatCompletion | Stream<ChatCompletionChunk>>;
  async create(params: ChatCompletionCreateParamsBase, options?: CallOptions): Promise<ChatCompletion | Stream<ChatCompletionChunk>> {
    const signal = options?.signal;
    const timed = withTrace(this.#native, withTimeout(params, options?.timeout));
    const key = keyOf(options);
    if ((params as ChatCompletionCreateParamsBase | undefined)?.["stream"] === true) {
      const opened = await asked(timed, signal, (json, canceller) => this.#native.stream(json, canceller, key));
      return new Stream<ChatCompletionChunk>(opened, signal);
    }
    return JSON.parse(await asked(timed, signal, (json, canceller) => this.#native.chat(json, canceller, key))) as ChatCompletion;
  }
}

/** Embeddings. */
export class Embeddings {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** Makes one vector for each input, in their order. */
  async create(params: EmbeddingCreateParams, options?: CallOptions): Promise<CreateEmbeddingResponse> {
    const timed = withTrace(this.#native, withTimeout(params, options?.timeout));
    const key = keyOf(options);
    const json = await asked(timed, options?.signal, (text, canceller) => this.#native.embed(text, canceller, key));
    return JSON.parse(json) as CreateEmbeddingResponse;
  }
}

/** The models. */
export class Models {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** `auto` and its strategies, aliases, own models and the reachable catalogue; with a key what its holder may ask for. */
  async list(options?: Pick<CallOptions, "apiKey">): Promise<ModelList> {
    const key = keyOf(options);
    const data = JSON.parse(await under(undefined, () => this.#native.models(key))) as ModelEntry[];
    const list: Omit<ModelList, typeof Symbol.asyncIterator> = { object: "list", data };
    // Not enumerable: the list stays the plain object that OpenAI's servers send.
    return Object.defineProperty(list, Symbol.asyncIterator, {
      // eslint-disable-next-line @typescript-eslint/require-await -- the openai package iterates its lists so
      value: async function* () {
        yield* data;
      },
    }) as ModelList;
  }
}

function built(config: unknown): NativeRouter {
  try {
    if (config === undefined) {
      return native.NativeRouter.fromEnv();
    }
    if (typeof config === "string") {
      return native.NativeRouter.fromTomlFile(config);
    }
    if (typeof config !== "object" || config === null) {
      throw invalid("InvalidConfig", "config", "must be an object, the path of a TOML file, or absent");
    }
    return native.NativeRouter.fromConfig(configJson(config));
  } catch (thrown) {
    throw rebuilt(thrown);
  }
}

/** Writes the request, runs a native call with it and names the field where the native half could not. */
async function asked<T>(
  params: object,
  signal: AbortSignal | null | undefined,
  work: (json: string, canceller?: Parameters<NativeRouter["chat"]>[1]) => Promise<T>,
): Promise<T> {
  const json = requestJson(params);
  try {
    return await under(signal, (canceller) => work(json, canceller));
  } catch (thrown) {
    throw located(rebuilt(thrown), params);
  }
}
