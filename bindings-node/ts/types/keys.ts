/** Keys of callers, as they are set and as they are told. */
import type { Strategy } from "./route.js";

/** Money over time. */
export interface KeyBudget {
  /** US dollars in one window. */
  usd: number;
  /** The window; default `total`. */
  window?: "hour" | "day" | "week" | "month" | "total" | undefined;
  /** Where windows begin; default `UTC`. */
  time_zone?: string | undefined;
  /** The share of the budget from which on it is known to run out. */
  soft?: number | undefined;
  /** The strategy of automatic choices from then on. */
  on_soft?: Strategy | undefined;
  /** Breaks off streams that would pass the budget. */
  hard_stop?: boolean | undefined;
}

/** What a key may do. All are optional: a key of none may do everything that the router can. */
export interface KeySettings {
  /** A name for people; it stands in ledger entries. */
  name?: string | null | undefined;
  /** Whose it is. */
  owner?: string | null | undefined;
  /** Labels that every request of the key carries; they win over the request's own. */
  tags?: Record<string, string> | null | undefined;
  /** The models that may answer, aliases included. Empty: every model. */
  models?: string[] | null | undefined;
  /** The providers that may answer. Empty: every provider. */
  providers?: string[] | null | undefined;
  /** The strategies that requests may ask for. Empty: every strategy. */
  strategies?: Strategy[] | null | undefined;
  /** The strategy of requests that ask for none. */
  strategy?: Strategy | null | undefined;
  /** Requests and tokens over time, such as `{requests_per_minute: 60}`. */
  limits?: Record<string, number> | null | undefined;
  /** Money over time: one budget or a list. */
  budget?: KeyBudget | KeyBudget[] | null | undefined;
  /** The same under its other name. */
  budgets?: KeyBudget | KeyBudget[] | null | undefined;
  /** The owner's own keys by provider, in place of the router's. */
  credentials?: Record<string, string> | null | undefined;
  /** When the key ends. */
  expires_at?: string | Date | null | undefined;
}

/** A key without its secret; moments are texts in RFC 3339. */
export interface ApiKey {
  id: string;
  /** The beginning of the secret, to recognise it by. */
  hint: string;
  name: string | null;
  owner: string | null;
  tags: Record<string, string>;
  models: string[];
  providers: string[];
  strategies: Strategy[];
  strategy: Strategy | null;
  limits: Record<string, number>;
  budgets: KeyBudget | KeyBudget[];
  /** The providers for which the key holds credentials of its own. */
  credentials: string[];
  disabled: boolean;
  created_at: string;
  expires_at: string | null;
  /** Until when a secret that was rotated away goes on working. */
  old_secret_until: string | null;
}

/** A key with a secret that was made just now and is told this once. */
export interface IssuedKey extends ApiKey {
  /** `cr_` and 49 characters; left out where the key is printed or written as JSON. */
  readonly secret: string;
}
