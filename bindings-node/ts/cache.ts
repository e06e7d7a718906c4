/** The cache of a router: how it stands, and forgetting what it keeps. */
import { rebuilt } from "./errors.js";
import type { NativeRouter } from "./native.js";
import type { CacheStats } from "./types/cache.js";

/** The cache. */
export class Cache {
  readonly #native: NativeRouter;

  /** @internal */
  constructor(inner: NativeRouter) {
    this.#native = inner;
  }

  /** Hits, misses, what is kept and what was saved; all zeros where no cache is configured. */
  stats(): CacheStats {
    try {
      return JSON.parse(this.#native.cacheStats()) as CacheStats;
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }

  /** Forgets every answer that this process keeps; what a fleet shares stays until its time is over. */
  clear(): void {
    try {
      this.#native.clearCache();
    } catch (thrown) {
      throw rebuilt(thrown);
    }
  }
}
