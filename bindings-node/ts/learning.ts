/** Learning from scores: what they taught, exported, put back, forgotten. */
import { under } from "./call.js";
import { requestJson } from "./encode.js";
import type { NativeRouter } from "./native.js";
import type { LearnedState } from "./types/learning.js";

/** What scores taught, kept as plain data that holds no word of any request. */
export class Learning {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** All that was learned, to be kept and given to `load`. */
  async export(): Promise<LearnedState> {
    return (await learned(this.#native, "export", {})) as LearnedState;
  }

  /** Puts what was exported in place of all that is known, for every process that shares the state. */
  async load(state: LearnedState): Promise<void> {
    await learned(this.#native, "load", { state });
  }

  /** Forgets everything; answers that wait for a score go on waiting. */
  async reset(): Promise<void> {
    await learned(this.#native, "reset", {});
  }
}

/** @internal */
export async function learned(inner: NativeRouter, name: string, args: object): Promise<unknown> {
  const json = requestJson(args);
  return JSON.parse(await under(undefined, () => inner.learning(name, json))) as unknown;
}
