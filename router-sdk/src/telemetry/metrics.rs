//! Counters in the exposition format of OpenMetrics, which Prometheus reads: closed entries and health in, text out.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::measure::SECONDS;
use crate::account::{Entry, usd};
use crate::error::ErrorKind;
use crate::failover::TargetHealth;

type Labels = Vec<(&'static str, String)>;
type Count = Family<Labels, Counter>;
type Sum = Family<Labels, Counter<f64, AtomicU64>>;
type Level = Family<Labels, Gauge<f64, AtomicU64>>;
type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// Values that one label may have; what comes later is counted as `other`.
const VALUES: usize = 200;

/// Everything that is counted of a router.
pub(crate) struct Metrics {
    registry: Registry,
    known: Mutex<HashMap<&'static str, HashSet<String>>>,
    requests: Count,
    errors: Count,
    tokens: Count,
    cost: Sum,
    baseline: Sum,
    saved: Level,
    durations: Times,
    first_tokens: Times,
    attempts: Count,
    redacted: Count,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn times() -> Times {
    Family::new_with_constructor(|| Histogram::new(SECONDS))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("clawrouters");
        let metrics = Self {
            known: Mutex::default(),
            requests: Count::default(),
            errors: Count::default(),
            tokens: Count::default(),
            cost: Sum::default(),
            baseline: Sum::default(),
            saved: Level::default(),
            durations: times(),
            first_tokens: times(),
            attempts: Count::default(),
            redacted: Count::default(),
            registry: Registry::default(),
        };
        let dollars = || Unit::Other("usd".into());
        registry.register("requests", "Closed requests", metrics.requests.clone());
        registry.register("errors", "Requests that ended in an error, by its kind", metrics.errors.clone());
        registry.register("tokens", "Tokens by kind", metrics.tokens.clone());
        registry.register_with_unit("cost", "What requests cost", dollars(), metrics.cost.clone());
        let what = "What the baseline would have cost for the same tokens";
        registry.register_with_unit("baseline", what, dollars(), metrics.baseline.clone());
        registry.register_with_unit("saved", "What was saved against the baseline", dollars(), metrics.saved.clone());
        let what = "Time of a request, all attempts included";
        registry.register_with_unit("request_duration", what, Unit::Seconds, metrics.durations.clone());
        let what = "Time to the first output of a stream";
        registry.register_with_unit("first_token", what, Unit::Seconds, metrics.first_tokens.clone());
        registry.register("attempts", "Sends to providers by how they ended", metrics.attempts.clone());
        registry.register("redacted", "Findings taken out of requests", metrics.redacted.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts a closed request.
    pub(crate) fn count(&self, entry: &Entry) {
        let route = &*entry.route;
        let model = self.bounded("model", or_none(&route.model));
        let provider = self.bounded("provider", or_none(&route.provider));
        let whose = || vec![("model", model.clone()), ("provider", provider.clone())];
        let with = |name, value: &str| {
            let mut labels = whose();
            labels.push((name, value.to_owned()));
            labels
        };
        let operation = entry.facts.operation;
        let mut labels = with("operation", operation);
        labels.push(("purpose", entry.purpose.to_owned()));
        labels.push(("stream", entry.stream.to_string()));
        self.requests.get_or_create(&labels).inc();
        if let Some(kind) = entry.error {
            self.errors.get_or_create(&with("kind", ErrorKind::as_str(kind))).inc();
        }
        if let Some(usage) = route.usage {
            let written = usage.cache_write + usage.cache_write_1h;
            let kinds = [
                ("input", usage.input),
                ("output", usage.output),
                ("cached_read", usage.cached_read),
                ("cache_write", written),
                ("reasoning", usage.reasoning),
            ];
            for (kind, tokens) in kinds.into_iter().filter(|(_, tokens)| *tokens > 0) {
                self.tokens.get_or_create(&with("type", kind)).inc_by(tokens);
            }
        }
        // The sandbox spends nobody's money.
        if !route.sandbox {
            if let Some(nanos) = route.cost_nanos {
                self.cost.get_or_create(&whose()).inc_by(usd(nanos));
            }
            if let Some(nanos) = route.baseline_nanos {
                self.baseline.get_or_create(&whose()).inc_by(usd(nanos));
            }
            if let Some(nanos) = route.saved_nanos() {
                self.saved.get_or_create(&whose()).inc_by(nanos as f64 / 1e9);
            }
        }
        let timed = vec![("operation", operation.to_owned()), ("provider", provider.clone())];
        self.durations.get_or_create(&timed).observe(route.latency_ms / 1e3);
        if let Some(first) = route.first_token_ms.filter(|_| entry.stream) {
            self.first_tokens.get_or_create(&timed).observe(first / 1e3);
        }
        for (kind, found) in &route.redacted {
            self.redacted.get_or_create(&vec![("kind", (*kind).to_owned())]).inc_by(*found);
        }
        for attempt in &route.attempts {
            let provider = self.bounded("provider", or_none(&attempt.provider));
            let labels = vec![("provider", provider), ("verdict", attempt.verdict.clone())];
            self.attempts.get_or_create(&labels).inc();
        }
    }

    /// The value, or `other` when the label has as many as it may have.
    fn bounded(&self, label: &'static str, value: &str) -> String {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let values = known.entry(label).or_default();
        if values.contains(value) {
            return value.to_owned();
        }
        if values.len() >= VALUES {
            return "other".to_owned();
        }
        values.insert(value.to_owned());
        value.to_owned()
    }

    /// Everything counted so far, with how the targets stand now.
    ///
    /// # Errors
    /// None that a text could give.
    pub(crate) fn text(&self, health: &[TargetHealth]) -> Result<String, fmt::Error> {
        let mut out = String::with_capacity(4096);
        encode_registry(&mut out, &self.registry)?;
        encode_registry(&mut out, &standing(health))?;
        encode_eof(&mut out)?;
        Ok(out)
    }
}

fn or_none(name: &str) -> &str {
    if name.is_empty() { "none" } else { name }
}

/// How targets stand, as gauges.
fn standing(health: &[TargetHealth]) -> Registry {
    let (state, flying, failures) = (Level::default(), Level::default(), Level::default());
    for target in health.iter().take(VALUES) {
        let name = || ("target", target.target.clone());
        state.get_or_create(&vec![name(), ("state", target.state.to_owned())]).set(1.0);
        flying.get_or_create(&vec![name()]).set(f64::from(target.in_flight));
        failures.get_or_create(&vec![name()]).set(f64::from(target.failures));
    }
    let mut registry = Registry::with_prefix("clawrouters");
    registry.register("target_state", "How a target stands: the state that is 1", state);
    registry.register("target_in_flight", "Requests under way", flying);
    registry.register("target_failures", "Failures since the last success", failures);
    registry
}
