/** The router class: typed calls in, typed replies out. */
import { under, withTimeout } from "./call.js";
import type { CallOptions } from "./call.js";
import { configJson, located, requestJson } from "./encode.js";
import { invalid, rebuilt } from "./errors.js";
import { fetchThrough } from "./fetch.js";
import { native } from "./native.js";
import type { NativeRouter } from "./native.js";
import { handedCallback, shadowCallback } from "./shadow.js";
import { Stream } from "./stream.js";
import type { Config } from "./types/config.js";
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "./types/embedding.js";
import type { TargetHealth } from "./types/health.js";
import type { Entry } from "./types/ledger.js";
import type { BudgetEvent, QuotaState } from "./types/quota.js";
import type { ChatCompletion, ChatCompletionChunk } from "./types/reply.js";
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from "./types/request.js";
import type { Explanation, Task } from "./types/route.js";
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
    this.chat = new Chat(inner);
    this.embeddings = new Embeddings(inner);
    this.models = new Models(inner);
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
  async explain(params: ChatCompletionCreateParams): Promise<Explanation> {
    return JSON.parse(await asked(params, undefined, (json) => this.#native.explain(json))) as Explanation;
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

  /** Waits until calls that have ended are in the ledger. */
  async flush(): Promise<void> {
    await under(undefined, () => this.#native.flush());
  }

  /** Refuses further calls and waits as `flush` does; `onShadow` and `onBudget` end. */
  async close(): Promise<void> {
    await under(undefined, () => this.#native.close());
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
    const timed = withTimeout(params, options?.timeout);
    if ((params as ChatCompletionCreateParamsBase | undefined)?.["stream"] === true) {
      const opened = await asked(timed, signal, (json, canceller) => this.#native.stream(json, canceller));
      return new Stream<ChatCompletionChunk>(opened, signal);
    }
    return JSON.parse(await asked(timed, signal, (json, canceller) => this.#native.chat(json, canceller))) as ChatCompletion;
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
    const timed = withTimeout(params, options?.timeout);
    const json = await asked(timed, options?.signal, (text, canceller) => this.#native.embed(text, canceller));
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

  /** `auto` and its strategies, aliases, own models and the reachable catalogue. */
  async list(): Promise<ModelList> {
    const data = JSON.parse(await under(undefined, () => this.#native.models())) as ModelEntry[];
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
