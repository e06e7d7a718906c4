//! Rows of one group in, its figures out. Money is summed in whole nano-dollars.

use std::collections::HashMap;

use super::figures::{Against, Cached, Figures, Percentiles, TokenSums};
use crate::account::ledger::{Row, Tokens};

#[derive(Default)]
pub(crate) struct Tally {
    counts: Figures,
    tokens: Tokens,
    cost: u128,
    side_cost: u128,
    baseline: Other,
    best_single: Other,
    latencies: Vec<f64>,
    first_tokens: Vec<f64>,
}

/// Another choice of models, as far as it can be compared.
#[derive(Default)]
struct Other {
    requests: u64,
    nanos: u128,
    actual: u128,
    models: HashMap<String, u128>,
}

impl Other {
    fn add(&mut self, cost: Option<u64>, other: Option<u64>, model: Option<&str>) {
        let (Some(cost), Some(other)) = (cost, other) else { return };
        self.requests += 1;
        self.nanos += u128::from(other);
        self.actual += u128::from(cost);
        if let Some(model) = model {
            match self.models.get_mut(model) {
                Some(sum) => *sum += u128::from(other),
                None => drop(self.models.insert(model.to_owned(), u128::from(other))),
            }
        }
    }

    fn figures(self) -> Against {
        let (cost_nanos, actual_nanos) = (whole(self.nanos), whole(self.actual));
        let saved_nanos = i64::try_from(i128::from(cost_nanos) - i128::from(actual_nanos)).unwrap_or(i64::MAX);
        let mut models: Vec<(String, u128)> = self.models.into_iter().collect();
        models.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        models.truncate(5);
        Against {
            requests: self.requests,
            cost: crate::account::usd(cost_nanos),
            cost_nanos,
            actual: crate::account::usd(actual_nanos),
            actual_nanos,
            saved: saved_nanos as f64 / 1e9,
            saved_nanos,
            saved_share: (cost_nanos > 0).then(|| saved_nanos as f64 / cost_nanos as f64),
            models: models.into_iter().map(|(model, _)| model).collect(),
        }
    }
}

fn whole(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

impl Tally {
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        self.tokens.add(&row.tokens);
        // The sandbox's prices are made up, and shown like any other: `sandbox` counts its requests.
        self.cost += u128::from(row.cost_nanos.unwrap_or(0));
        if row.purpose != "request" {
            self.side_cost += u128::from(row.cost_nanos.unwrap_or(0));
            return;
        }
        let counts = &mut self.counts;
        counts.requests += 1;
        counts.sandbox += u64::from(row.sandbox);
        counts.retried += u64::from(row.attempts > 1);
        counts.resumed += u64::from(row.resumed > 0);
        counts.estimated += u64::from(row.cost_source.as_deref() == Some("estimate"));
        match row.cached.as_ref() {
            "hit" => counts.cached.hit += 1,
            "semantic" => counts.cached.semantic += 1,
            "miss" => counts.cached.miss += 1,
            _ => counts.cached.bypass += 1,
        }
        match row.error.as_deref() {
            None => {
                counts.answered += 1;
                counts.unpriced += u64::from(row.cost_nanos.is_none());
                self.baseline.add(row.cost_nanos, row.baseline_nanos, row.baseline_model.as_deref());
                self.best_single.add(row.cost_nanos, row.best_nanos, row.best_model.as_deref());
                self.latencies.push(row.latency_ms);
                self.first_tokens.extend(row.first_token_ms.filter(|_| row.stream));
            }
            Some("Cancelled") => counts.cancelled += 1,
            Some(_) => counts.errors += 1,
        }
    }

    pub(crate) fn figures(self) -> Figures {
        let t = self.tokens;
        let (cost_nanos, side_cost_nanos) = (whole(self.cost), whole(self.side_cost));
        let c = self.counts.cached;
        let looked_for = c.hit + c.semantic + c.miss;
        Figures {
            error_rate: share(self.counts.errors, self.counts.requests).unwrap_or(0.0),
            tokens: TokenSums {
                input: t.input,
                output: t.output,
                cached_read: t.cached_read,
                cache_write: t.cache_write,
                cache_write_1h: t.cache_write_1h,
                reasoning: t.reasoning,
                audio_in: t.audio_in,
                audio_out: t.audio_out,
            },
            cost: crate::account::usd(cost_nanos),
            cost_nanos,
            side_cost: crate::account::usd(side_cost_nanos),
            side_cost_nanos,
            baseline: self.baseline.figures(),
            best_single: self.best_single.figures(),
            latency_ms: percentiles(self.latencies),
            first_token_ms: percentiles(self.first_tokens),
            cached: Cached { rate: share(c.hit + c.semantic, looked_for), ..c },
            ..self.counts
        }
    }
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Nearest rank: a time that occurred.
fn percentiles(mut times: Vec<f64>) -> Percentiles {
    times.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Percentiles { p50: at(50), p95: at(95), p99: at(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        let p = percentiles((1..=200).rev().map(f64::from).collect());
        assert_eq!((p.p50, p.p95, p.p99), (Some(100.0), Some(190.0), Some(198.0)));
        assert_eq!(percentiles(vec![7.0]).p99, Some(7.0));
        assert_eq!(percentiles(Vec::new()), Percentiles::default());
    }
}
