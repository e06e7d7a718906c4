/** Learning from scores: its settings, and what it exports. */

/** Learning from the scores that `feedback` is told of; `{}` turns it on. */
export interface LearningConfig {
  /** Answers that wait for a score at the most; default 10000. */
  remember?: number | undefined;
  /** How long an answer waits, in seconds; default 604800. */
  remember_s?: number | undefined;
  /** The share of requests to `auto` whose first model may be one that little is known of, 0 to 0.5; default 0. */
  explore?: number | undefined;
}

/** What was learned, as `learning.export()` returns it. */
export interface LearnedState {
  version: number;
  /** What all models have in common. */
  all: { mean: number; variance: number };
  /** By `provider/model`: how many scores were taken in, and what they came to. */
  models: Record<string, { scores: number; mean: number[]; spread: number[] }>;
}
