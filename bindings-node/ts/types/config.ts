/** The configuration: the same keys as in TOML. */
import type { CacheConfig } from "./cache.js";
import type { LearningConfig } from "./learning.js";
import type { BudgetsConfig, LimitsConfig } from "./quota.js";
import type { OnInterrupt, OnMalformed, ParameterPolicy, Strategy, TaskKind } from "./route.js";

/** Everything a router is built from. */
export interface Config {
  /** What `auto` optimises; default `balanced`. */
  strategy?: Strategy | undefined;
  /** Providers by name. A known name needs nothing but its key variable. Empty: every known provider whose key is in the environment. */
  providers?: Record<string, ProviderConfig> | undefined;
  /** Own names for models: a list is tried in its order, requests are spread over a group. */
  aliases?: Record<string, string[] | AliasGroup> | undefined;
  /** Own models, and corrections of the catalogue's. */
  models?: ModelConfig[] | undefined;
  /** Time limits in milliseconds. */
  timeouts?: Timeouts | undefined;
  /** How often the same request is sent again. */
  retry?: Retry | undefined;
  /** When a failing target is left alone. */
  breaker?: Breaker | undefined;
  /** How requests are spread over the deployments of a provider that has several; default `weighted`. */
  balance?: Balance | undefined;
  /** What becomes of a stream that breaks after output has begun; default `resume`. `restart` is `resume` behind `router.fetch`. */
  on_interrupt?: OnInterrupt | undefined;
  /** What becomes of a chunk that is not valid JSON; default `break`. */
  on_malformed?: OnMalformed | undefined;
  /** Asking a second target when the first is slow to start. */
  hedge?: Hedge | undefined;
  /** Copies of requests to another model, whose replies reach no caller. */
  shadow?: Shadow | undefined;
  /** Who is asked for a second opinion on how hard a request is. */
  judge?: JudgeConfig | undefined;
  /** Learning from scores of answers; absent: nothing is learned. */
  learning?: LearningConfig | undefined;
  /** True leaves thinking at each model's default: `auto` chooses no level of effort; default false. */
  default_effort?: boolean | undefined;
  /** What requests to `auto` are taken for and who answers them, in place of the classifier's word. */
  rules?: Rule[] | undefined;
  /** What becomes of parameters that a model or its provider does not take; default `adapt`. */
  parameters?: ParameterPolicy | undefined;
  /** Media fetched for providers that do not fetch addresses themselves. */
  media?: MediaConfig | undefined;
  /** The model against which savings are counted; default the dearest that could have answered. */
  baseline?: string | undefined;
  /** Answers that are kept to be given again. */
  cache?: CacheConfig | undefined;
  /** How many requests and tokens may be used. */
  limits?: LimitsConfig | undefined;
  /** How much money may be spent. */
  budgets?: BudgetsConfig | undefined;
  /** Where closed requests are kept. */
  ledger?: LedgerConfig | undefined;
  /** How tokens are counted before a call. */
  tokens?: TokensConfig | undefined;
  /** Callers' keys. Absent: every caller is anonymous and may do everything. */
  keys?: KeysConfig | undefined;
  /** What is taken out of text before it leaves for a provider; with `restore` put back in the answer. */
  redact?: RedactKind[] | { kinds: RedactKind[]; restore?: boolean | undefined } | undefined;
  /** How the application's hooks are run. */
  hooks?: HooksConfig | undefined;
  /** What telemetry may hold. */
  telemetry?: TelemetryConfig | undefined;
  /** Conversations that stay with their model. */
  sessions?: SessionsConfig | undefined;
  /** State that processes share, in Redis or Valkey. Absent: each process has its own. */
  state?: StateConfig | undefined;
}

/** State that processes share. */
export interface StateConfig {
  /** `redis://HOST:PORT/DB`, `rediss://` for TLS, `redis+cluster://HOST:PORT,HOST:PORT` or `redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB`. */
  url: string;
  /** What every key begins with; default `clawrouters`. */
  prefix?: string | undefined;
  /** Milliseconds that an answer is waited for; default 50. */
  timeout_ms?: number | undefined;
  /** What becomes of requests while it cannot be asked; default `open` for limits and `closed` for budgets. */
  on_failure?: { limits?: "open" | "closed" | undefined; budgets?: "open" | "closed" | undefined } | undefined;
}

/** What can be taken out of text. */
export type RedactKind = "email" | "card" | "phone" | "api_key";

/** How the application's hooks are run. */
export interface HooksConfig {
  /** How long one hook may take, in milliseconds; default 5000. */
  timeout_ms?: number | undefined;
  /** What a hook's failure means; default `refuse`. */
  on_failure?: "refuse" | "pass" | undefined;
}

/** What telemetry may hold. */
export interface TelemetryConfig {
  /** Counts for `metrics()` from the beginning, not from its first call; default false. */
  metrics?: boolean | undefined;
  /** Puts messages and answers into spans; needs `ledger.log_content`; default false. */
  content?: boolean | undefined;
}

/** Where callers' keys are kept: in one of `path`, `memory` and `shared`. */
export interface KeysConfig {
  /** A SQLite file, made where there is none; several processes may use it. */
  path?: string | undefined;
  /** In this process's memory, gone with it: for tests. */
  memory?: boolean | undefined;
  /** In the shared state. */
  shared?: boolean | undefined;
  /** The variable that holds a pepper of at least 16 characters. */
  pepper_env?: string | undefined;
  /** The variable that holds the master key for credentials of keys. */
  seal_env?: string | undefined;
  /** How long an answer about a key is used, in milliseconds: changes by other processes take effect within it; default 1000. */
  refresh_ms?: number | undefined;
  /** How long a known key goes on while the store cannot be asked, in milliseconds; default 60000. */
  stale_ms?: number | undefined;
}

/** One rule: for requests to `auto` for which all its conditions hold. The first that sets a thing sets it; of least difficulties the highest holds. */
export interface Rule {
  /** The name that `explain` shows. */
  name: string;
  /** Condition: a regular expression of linear time that is found in what the user asks; at most 1,000 bytes. */
  pattern?: string | undefined;
  /** Condition: `route.tags` holds these. */
  tags?: Record<string, string> | undefined;
  /** Condition: the request's `metadata` holds these. */
  metadata?: Record<string, string> | undefined;
  /** Condition: the classifier said one of these kinds. */
  kinds?: TaskKind[] | undefined;
  /** What the request asks for. */
  kind?: TaskKind | undefined;
  /** The least difficulty, 0 to 1. */
  min_difficulty?: number | undefined;
  /** The model or alias that answers. */
  model?: string | undefined;
  /** The strategy, where the request names none. */
  strategy?: Strategy | undefined;
}

/** How tokens are counted before a call. */
export interface TokensConfig {
  /** Counts them for OpenAI's models with their own tokenizers; only in builds that have those. */
  exact?: boolean | undefined;
}

/**
 * How requests are spread over what can answer alike.
 *
 * `weighted`: at random, by weight. `round_robin`: in turn. `least_busy`: fewest requests in flight for its weight.
 * `lowest_latency`: the quicker of two drawn at random. `lowest_usage`: used least of its limits in the last minute.
 * `cheapest`: the lowest price. `hash`: the same one for the same `route.session`, or the same beginning of a conversation.
 */
export type Balance = "weighted" | "round_robin" | "least_busy" | "lowest_latency" | "lowest_usage" | "cheapest" | "hash";

/** Models that requests are spread over. */
export interface AliasGroup {
  /** Models by name, or with a weight and a priority. */
  models: (string | AliasModel)[];
  /** Default `weighted`. */
  balance?: Balance | undefined;
}

/** A model of a group. */
export interface AliasModel {
  /** `provider/model` or a bare name. */
  model: string;
  /** Its share of the requests, relative to the others'; default 1. */
  weight?: number | undefined;
  /** Models of a lower number are asked first; default 0. */
  priority?: number | undefined;
}

/** Asking a second target when the first is slower to start than it usually is. */
export interface Hedge {
  /** The share of requests that may be sent twice, from 0 to 1; default 0: never. */
  share?: number | undefined;
  /** How long to wait for the first output; absent: the time within which 95 of 100 lately came from this target. */
  after_ms?: number | undefined;
}

/** Copies of some requests to another model; see `router.onShadow`. */
export interface Shadow {
  /** `provider/model` that gets the copies. */
  model: string;
  /** The share of requests that are copied, from above 0 to 1. */
  share: number;
}

/**
 * Who is asked how hard a request is, where the offline classifier's doubt would change the choice: a `model`, or an
 * `embedder` that finds the examples which the request is most like.
 */
export interface JudgeConfig {
  /** `provider/model` that judges. */
  model?: string | undefined;
  /** In place of `model`: an embedding model as `provider/model`, or the path of a static one on disk. */
  embedder?: string | undefined;
  /** Asks whose difficulty is known, from 0 to 1, for `embedder`; default about a hundred that are built in. */
  examples?: { prompt: string; difficulty: number }[] | undefined;
  /** How long a judgement may take, in milliseconds; default 800. */
  deadline_ms?: number | undefined;
  /** The most characters of a request that the judge is shown; default 4000. */
  max_chars?: number | undefined;
  /** Judgements that are remembered; default 10000. */
  cache_entries?: number | undefined;
  /** How long one is remembered, in seconds; default 3600. */
  cache_ttl_s?: number | undefined;
}

/** Conversations of `auto` that stay with their model while that is right. */
export interface SessionsConfig {
  /** False: every request is chosen for by itself; default true. */
  enabled?: boolean | undefined;
  /** How long a conversation is known after its last answer, in seconds; default 3600. */
  ttl_s?: number | undefined;
  /** Recognises conversations without `route.session` by their whole earlier history; default true. */
  match_history?: boolean | undefined;
  /** Conversations that this process knows at most; default 10000. */
  max_entries?: number | undefined;
  /** How long a provider's prompt cache is expected to live after its last use, in seconds; default 300. */
  cache_life_s?: number | undefined;
  /** The share of a conversation's spend that may be lost to switches made for money, from 0 to 1; default 0.1. */
  switching_budget?: number | undefined;
  /** The environment variable with the secret under which histories are hashed. */
  secret_env?: string | undefined;
}

/** How pictures, documents and sounds behind addresses are fetched and sent inline. */
export interface MediaConfig {
  /** Fetch them at all; default true. */
  fetch?: boolean | undefined;
  /** The largest file, in bytes; default 20 MiB. */
  max_bytes?: number | undefined;
  /** How long one file may take, redirects included; default 10000. */
  timeout_ms?: number | undefined;
  /** Only these hosts: `host`, `*.domain`, or either with `:port`. Empty: every public host, on ports 80 and 443. */
  allow_hosts?: string[] | undefined;
  /** Also addresses inside: private networks, this machine, cloud metadata. */
  allow_private?: boolean | undefined;
}

/** The wire families. */
export type ProviderKind =
  | "openai"
  | "openai-responses"
  | "anthropic"
  | "gemini"
  | "cohere"
  | "ollama"
  | "bedrock"
  | "azure"
  | "vertex"
  | "sandbox"
  | (string & {});

/** One provider. */
export interface ProviderConfig {
  /** The wire family; needed for names that are not known. */
  kind?: ProviderKind | undefined;
  /** Which interface of an OpenAI-shaped provider its chat models are reached by; default `"chat"`. */
  api?: "chat" | "responses" | undefined;
  /** Base URL, http or https. */
  base_url?: string | undefined;
  /** The key itself; better kept in the environment. */
  api_key?: string | undefined;
  /** The environment variable that holds the key, in place of the known one. */
  api_key_env?: string | undefined;
  /** Further headers of every request. */
  headers?: Record<string, string> | undefined;
  /** Several keys in place of one: each is a deployment of its own. */
  api_keys?: string[] | undefined;
  /** Several ways to reach the provider: addresses, regions, accounts. What one leaves out it takes from here. */
  deployments?: DeploymentConfig[] | undefined;
  /** How requests are spread over deployments or keys; default the router's. */
  balance?: Balance | undefined;
  /** Requests at the same time to one model of a deployment; more go elsewhere, or wait where there is no elsewhere. */
  max_concurrency?: number | undefined;
  /** Requests in a minute to one model of a deployment. */
  requests_per_minute?: number | undefined;
  /** Tokens in a minute to one model of a deployment, input and output. */
  tokens_per_minute?: number | undefined;
  /** How the sandbox behaves, for `kind: "sandbox"`. */
  sandbox?: SandboxConfig | undefined;
  /** Azure: the resource, in place of `base_url`. */
  resource?: string | undefined;
  /** Azure: the dated version of the older interface, such as `2024-10-21`; absent means `/openai/v1`. */
  api_version?: string | undefined;
  /** Azure: the names of deployments by the models that they serve. */
  deployment_names?: Record<string, string> | undefined;
  /** Azure: an Entra token, in place of a key. */
  azure_ad_token?: string | undefined;
  /** Azure: the Entra tenant of the application that asks. */
  tenant_id?: string | undefined;
  /** Azure: the application's id. */
  client_id?: string | undefined;
  /** Azure: the application's secret. */
  client_secret?: string | undefined;
  /** Azure: where the application gets tokens, in place of Entra's public address. */
  token_url?: string | undefined;
  /** Azure: what tokens are asked for. */
  scope?: string | undefined;
  /** Vertex: the Google Cloud project. */
  project?: string | undefined;
  /** Vertex: the region, `us`, `eu` or `global`; default `global`. */
  location?: string | undefined;
  /** Vertex: an access token, in place of credentials. */
  access_token?: string | undefined;
  /** Vertex: the JSON of a service account or of a person's sign-in, as an object or as text. */
  credentials?: Record<string, unknown> | string | undefined;
  /** Vertex: the file that holds such JSON. */
  credentials_file?: string | undefined;
  /** The AWS region, for `bedrock`; else `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's. */
  region?: string | undefined;
  /** The AWS access key, for `bedrock`; else `AWS_ACCESS_KEY_ID` or the profile's. */
  access_key_id?: string | undefined;
  /** The secret of `access_key_id`. */
  secret_access_key?: string | undefined;
  /** The session token of temporary AWS keys. */
  session_token?: string | undefined;
  /** The profile of AWS's shared files that holds keys or region, for `bedrock`. */
  profile?: string | undefined;
  /** The inference profiles, such as `us` or `eu`, by which `bedrock` reaches the models that have one there. */
  inference_profile?: string | undefined;
  /** A contract says that this provider keeps nothing of a request: `route.zdr` asks for it. */
  zdr?: boolean | undefined;
}

/** One of several ways to reach a provider. */
export interface DeploymentConfig {
  /** Its own name, shown in records and health; default its number, from 1. */
  name?: string | undefined;
  /** Base URL in place of the provider's. */
  base_url?: string | undefined;
  /** The key in place of the provider's. */
  api_key?: string | undefined;
  /** The environment variable that holds the key. */
  api_key_env?: string | undefined;
  /** Further headers, laid over the provider's. */
  headers?: Record<string, string> | undefined;
  /** Its share of the requests, relative to the others'; default 1. */
  weight?: number | undefined;
  /** Deployments of a lower number are asked first; default 0. */
  priority?: number | undefined;
  /** Requests at the same time to one model, in place of the provider's. */
  max_concurrency?: number | undefined;
  /** Requests in a minute to one model, in place of the provider's. */
  requests_per_minute?: number | undefined;
  /** Tokens in a minute to one model, in place of the provider's. */
  tokens_per_minute?: number | undefined;
}

/** Where closed requests are kept. */
export interface LedgerConfig {
  /** Entries kept in memory; default 10000. */
  max_entries?: number | undefined;
  /** A file of SQLite that every entry goes to; made where it is absent. */
  sqlite?: string | undefined;
  /** A file of JSON lines that every entry goes to; put aside as `path.1` at `max_bytes` (64 MiB), of which `keep` (8) are kept. */
  jsonl?: string | { path: string; max_bytes?: number | undefined; keep?: number | undefined } | undefined;
  /** Keeps prompts and answers too. */
  log_content?: boolean | undefined;
  /** Days after which entries are taken out of the database; absent: never. */
  retention_days?: number | undefined;
  /** Milliseconds for which entries are gathered before they are written together; default 200. */
  flush_ms?: number | undefined;
  /** Entries that may wait for a slow sink; what comes then is dropped and counted; default 32768. */
  queue?: number | undefined;
}

/** How the sandbox behaves. */
export interface SandboxConfig {
  /** Scales its latencies; 0 answers at once. */
  latency?: number | undefined;
  /** Makes it fail. */
  fail?: SandboxFailure | undefined;
}

/** A fault of the sandbox. */
export interface SandboxFailure {
  /** Good replies before the first failure. */
  after?: number | undefined;
  /** Failures before it is well again; absent means for ever. */
  count?: number | undefined;
  /** The status it fails with; default 503. */
  status?: number | undefined;
  /** Breaks a stream after this many pieces in place of failing at once. */
  cut_after?: number | undefined;
}

/** An own model, or a correction of a catalogue entry: only what is set replaces the catalogue's value. */
export interface ModelConfig {
  /** `provider/model`. */
  id: string;
  /** The catalogue's name of this model, the same at every provider: embeddings fall back only to the same model. */
  canonical?: string | undefined;
  /** US dollars per one million tokens; absent prices give no cost. */
  price?: Price | undefined;
  /** Tokens of prompt and answer together. */
  context_window?: number | undefined;
  /** Tokens of an answer. */
  max_output_tokens?: number | undefined;
  /** What it can do, such as `{ tools: true, vision: false }`. */
  capabilities?: Record<string, boolean> | undefined;
  /** Quality from 0 to 100 on the catalogue's scale, for all kinds of task. */
  quality?: number | undefined;
  /** Quality by task class, such as `{ code: 45 }`. */
  scores?: Record<string, number> | undefined;
}

/** Prices in US dollars per one million tokens; what is left out is that of the input or the output. */
export interface Price extends Rates {
  /** US dollars for each request besides its tokens. */
  per_request?: number | undefined;
  /** Prices of the whole request above a prompt size, in rising order. */
  tiers?: { above_input_tokens: number; rates: Rates }[] | undefined;
  /** Prices at quiet hours. */
  off_peak?: { windows: PriceWindow[]; rates: Rates } | undefined;
  /** Prices where the provider says it answered as a batch. */
  batch?: Rates | undefined;
  /** Prices where it says it answered in the flexible service tier. */
  flex?: Rates | undefined;
  /** Prices where it says it answered in the priority service tier. */
  priority?: Rates | undefined;
}

/** Prices in US dollars per one million tokens. */
export interface Rates {
  input?: number | undefined;
  output?: number | undefined;
  /** Input tokens read from the provider's cache. */
  cached_input?: number | undefined;
  /** Input tokens written to the provider's cache. */
  cache_write?: number | undefined;
  /** Input tokens written to the provider's cache for an hour. */
  cache_write_1h?: number | undefined;
  /** Thinking tokens, where they cost other than output. */
  reasoning?: number | undefined;
  /** Input tokens that are sound. */
  audio_in?: number | undefined;
  /** Output tokens that are sound. */
  audio_out?: number | undefined;
}

/** Hours on some days, in UTC. */
export interface PriceWindow {
  /** Absent: every day. A window over midnight belongs to the day on which it begins. */
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[] | undefined;
  /** The first minute, such as `16:30`. */
  from: string;
  /** The minute after the last, such as `00:30` or `24:00`. */
  until: string;
}

/** Time limits in milliseconds. */
export interface Timeouts {
  /** To open a connection; default 3000. */
  connect_ms?: number | undefined;
  /** To the first output of a stream while another candidate remains; default 10000. */
  first_token_ms?: number | undefined;
  /** The same for models that are known to reason first; default three times `first_token_ms`. */
  first_token_reasoning_ms?: number | undefined;
  /** Between two pieces of a stream; default 15000. Pings keep it going for four times as long. */
  idle_ms?: number | undefined;
  /** Breaks off a stream that gave fewer tokens a second over the last ten seconds; absent: any pace will do. */
  min_tokens_per_second?: number | undefined;
  /** One attempt at a whole reply while another candidate remains; default 120000. */
  whole_ms?: number | undefined;
  /** The whole request; default 600000. */
  total_ms?: number | undefined;
}

/** How often the same request is sent again. */
export interface Retry {
  /** Sends to one target; default 2. */
  max_attempts?: number | undefined;
  /** Sends for one request; default 6. */
  max_total_attempts?: number | undefined;
  /** A Retry-After up to this long is waited for even though another candidate is there; default 0. */
  wait_for_hint_ms?: number | undefined;
  /** Retries that may be spent before successes earn more; default 10. */
  budget_tokens?: number | undefined;
  /** What each success earns, in retries; default 0.1. */
  budget_earn?: number | undefined;
  /** First backoff interval in milliseconds; default 500. */
  backoff_ms?: number | undefined;
  /** Longest backoff interval in milliseconds; default 8000. */
  backoff_max_ms?: number | undefined;
}

/** When a failing target is left alone. */
export interface Breaker {
  /** Consecutive failures that open it; default 3. */
  failures?: number | undefined;
  /** First cooldown in milliseconds, doubling; default 2000. */
  cooldown_ms?: number | undefined;
  /** Longest cooldown in milliseconds; default 15000. */
  cooldown_max_ms?: number | undefined;
  /** Rest of a target whose quota or credit is spent, in milliseconds; default 300000. */
  quota_rest_ms?: number | undefined;
  /** First rest of a key that was refused, in milliseconds, doubling; default 30000. */
  key_rest_ms?: number | undefined;
  /** The time over which the rate of failures is taken, in milliseconds; default 30000. */
  window_ms?: number | undefined;
  /** Calls within the window from which the rate counts; default 20. */
  window_calls?: number | undefined;
  /** The share of failures within the window that opens it, from above 0 to 1; default 0.5. */
  window_rate?: number | undefined;
  /** Asks a resting target for its list of models so often, in milliseconds; absent: only requests tell. */
  probe_interval_ms?: number | undefined;
}
