/** A native stream in, an async iterable of chunks out. */
import { cancelled, rebuilt } from "./errors.js";
import type { ErrorJson } from "./errors.js";
import { ClawRoutersError } from "./errors.js";
import type { NativeStream } from "./native.js";

interface Batch<T> {
  chunks: T[];
  done: boolean;
  error?: ErrorJson;
}

/**
 * A streamed answer. It can be read once; leaving the loop early stops the provider's request.
 *
 * An aborted signal makes the loop throw `Cancelled`; `close()` and `controller.abort()` end it quietly.
 */
export class Stream<T> implements AsyncIterable<T>, AsyncDisposable {
  readonly #native: NativeStream;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => {
    this.#native.close();
  };
  #controller: AbortController | undefined;
  #read = false;
  #closed = false;

  /** @internal */
  constructor(native: NativeStream, signal?: AbortSignal | null) {
    this.#native = native;
    this.#signal = signal ?? undefined;
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted) {
      this.#onAbort();
    }
  }

  /** Aborting it ends the stream quietly, as with the `openai` package. */
  get controller(): AbortController {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#controller.signal.addEventListener(
        "abort",
        () => {
          this.close();
        },
        { once: true },
      );
    }
    return this.#controller;
  }

  /** Stops the provider's request; the loop ends after the chunks it has. */
  close(): void {
    if (!this.#closed) {
      this.#settle();
      this.#native.close();
    }
  }

  #settle(): void {
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  /** The same as `close()`. */
  abort(): void {
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    if (this.#read) {
      throw new ClawRoutersError({ kind: "InvalidRequest", message: "stream: can be read only once", param: "stream", status_code: 400 });
    }
    this.#read = true;
    try {
      while (!this.#halted()) {
        const batch = await this.#next();
        for (const chunk of batch.chunks) {
          if (this.#halted()) {
            break;
          }
          yield chunk;
        }
        if (this.#signal?.aborted) {
          throw cancelled(this.#signal.reason);
        }
        if (batch.error && !this.#closed) {
          throw new ClawRoutersError(batch.error);
        }
        if (batch.done) {
          this.#settle();
          return;
        }
      }
      if (this.#signal?.aborted) {
        throw cancelled(this.#signal.reason);
      }
    } finally {
      this.close();
    }
  }

  /** True once the stream was closed or its signal aborted, between two chunks too. */
  #halted(): boolean {
    return this.#closed || (this.#signal?.aborted ?? false);
  }

  async #next(): Promise<Batch<T>> {
    try {
      return JSON.parse(await this.#native.nextBatch()) as Batch<T>;
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the protocol asks for a promise
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
