/** Callers' keys: typed calls in, keys without their secrets out, save the new one. */
import { under } from "./call.js";
import { requestJson } from "./encode.js";
import type { NativeRouter } from "./native.js";
import type { ApiKey, IssuedKey, KeySettings } from "./types/keys.js";

/**
 * Makes, changes and ends the keys of callers.
 *
 * A change takes effect at once in this process, and within `keys.refresh_ms` in others on the same store.
 */
export class Keys {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** Makes a key; its `secret` is told here and never again. */
  async create(settings: KeySettings = {}): Promise<IssuedKey> {
    return issued(await this.#call("create", settings));
  }

  /** The key of an id, or null. */
  async get(id: string): Promise<ApiKey | null> {
    return (await this.#call("get", { id })) as ApiKey | null;
  }

  /** Every key, the oldest first, disabled and expired ones too. */
  async list(): Promise<ApiKey[]> {
    return (await this.#call("list", {})) as ApiKey[];
  }

  /** Replaces the settings that are given; null takes one back to its default. */
  async update(id: string, change: KeySettings): Promise<ApiKey> {
    return (await this.#call("update", { id, change })) as ApiKey;
  }

  /** Refuses the key's requests until it is enabled again. */
  async disable(id: string): Promise<ApiKey> {
    return (await this.#call("disable", { id })) as ApiKey;
  }

  /** Lets a disabled key be used again. */
  async enable(id: string): Promise<ApiKey> {
    return (await this.#call("enable", { id })) as ApiKey;
  }

  /** Gives a key another secret; the one before goes on for so many seconds, 0 (the default) ends it at once. */
  async rotate(id: string, graceSeconds = 0): Promise<IssuedKey> {
    return issued(await this.#call("rotate", { id, grace_s: graceSeconds }));
  }

  /** Takes a key away for good; false when there was none. */
  async delete(id: string): Promise<boolean> {
    return (await this.#call("delete", { id })) as boolean;
  }

  async #call(name: string, args: object): Promise<unknown> {
    const json = requestJson(args);
    return JSON.parse(await under(undefined, () => this.#native.keys(name, json))) as unknown;
  }
}

/** Not enumerable: a key that is printed or written as JSON does not show its secret by accident. */
function issued(answer: unknown): IssuedKey {
  const { secret, ...key } = answer as IssuedKey;
  return Object.defineProperty(key, "secret", { value: secret }) as IssuedKey;
}
