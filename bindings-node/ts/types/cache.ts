/** The cache: its settings, what a request says of it, and how it stands. */

/** Answers that are kept to be given again; both parts are off where they are left out. */
export interface CacheConfig {
  /** Answers to the same request. */
  exact?: ExactCache | undefined;
  /** Answers to requests that ask the same in other words. */
  semantic?: SemanticCache | undefined;
}

/** The cache of answers to the same request. */
export interface ExactCache {
  /** How long an answer is kept, in seconds; default 3600. */
  ttl_s?: number | undefined;
  /** Answers kept at most; default 10000. */
  max_entries?: number | undefined;
  /** Bytes kept at most; default 64 MiB. */
  max_bytes?: number | undefined;
  /** Who shares answers: a caller with itself, or all; default `tenant`. */
  scope?: "tenant" | "shared" | undefined;
  /** Requests with a higher temperature go past the cache; absent: none do. */
  max_temperature?: number | undefined;
  /** How long a request waits for the same request that is under way, in milliseconds; default 30000, 0: not at all. */
  wait_ms?: number | undefined;
  /** The same for a streamed reply; default 2000. */
  stream_wait_ms?: number | undefined;
}

/** The cache of answers to requests that ask the same in other words. */
export interface SemanticCache {
  /** `lexical`, which is built in, or an embedding model as `provider/model`; default `lexical`. A path to a model on disk is
   * refused: this package is built without it. */
  embedder?: "lexical" | (string & {}) | undefined;
  /** The least cosine of two questions that share an answer, 0.5 to 1; default 0.8 for `lexical`, 0.93 for a model. */
  threshold?: number | undefined;
  /** How long an answer is kept, in seconds; default 3600. */
  ttl_s?: number | undefined;
  /** Answers kept at most; default 10000. */
  max_entries?: number | undefined;
  /** Bytes kept at most, vectors included; default 64 MiB. */
  max_bytes?: number | undefined;
  /** Who shares answers: a caller with itself, or all; default `tenant`. */
  scope?: "tenant" | "shared" | undefined;
  /** Requests with a higher temperature go past this cache; default 1. */
  max_temperature?: number | undefined;
  /** How long an embedding model may take, in milliseconds; default 1000. */
  timeout_ms?: number | undefined;
}

/** How far one request may use the cache. */
export interface CacheOptions {
  /** `no-cache`: not answered from it; `no-store`: its answer is not kept; `off`: neither. Default `use`. */
  mode?: "use" | "no-cache" | "no-store" | "off" | undefined;
  /** How long its answer is kept, in seconds, in place of the configured time. */
  ttl_s?: number | undefined;
}

/** What the cache did for a reply; `bypass` where it was not asked. */
export type Cached = "hit" | "miss" | "semantic" | "bypass";

/** What the cache of a router did since the router was made. */
export interface CacheStats {
  /** Requests answered by the answer to the same request. */
  hits: number;
  /** Requests answered by the answer to other words that ask the same. */
  semantic_hits: number;
  /** Hits that waited for the same request, which was under way. */
  joined: number;
  misses: number;
  /** Requests that went past the cache. */
  bypasses: number;
  /** Answers kept. */
  stored: number;
  /** Answers to the same request that are there now. */
  entries: number;
  bytes: number;
  /** Answers that other words may be given, there now. */
  semantic_entries: number;
  semantic_bytes: number;
  /** US dollars that the answers had cost which were given again. */
  saved: number;
}
