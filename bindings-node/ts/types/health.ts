/** How targets stand. */

/** How one target stands, or one key after it was refused. */
export interface TargetHealth {
  /** `provider/model`, with `#deployment` where the provider has several; of a key `provider` or `provider#deployment`. */
  target: string;
  /**
   * `closed`: may be asked. `open`: rests after failures. `half_open`: a probe may go or is under way. `recovering`: gets few
   * requests at once. `throttled`: empty until a time.
   */
  state: "closed" | "open" | "half_open" | "recovering" | "throttled" | (string & {});
  /** Seconds until it may be asked; 0 when it may. */
  retry_after: number;
  /** Failures since the last success. */
  failures: number;
  /** The cause of the last failure since the last success, such as `server_error`. */
  last_failure: string | null;
  /** Requests under way. */
  in_flight: number;
  /** Milliseconds to the first output, averaged with the newest weighing a fifth. */
  first_token_ms: number | null;
  /** Milliseconds within which 95 of the last 64 first outputs in 100 came, once eight were seen. */
  first_token_p95_ms: number | null;
  /** Requests of the last minute. */
  requests_minute: number;
  /** Tokens of the last minute. */
  tokens_minute: number;
}
