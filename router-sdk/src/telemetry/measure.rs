//! Measurements by the conventions for generative AI: a closed entry in, values for instruments out. Their attributes are
//! few and bounded: no id, no label of the caller's, no name that a caller made up.

use serde_json::{Value, json};

use super::attribute::{Attribute, Attributes, put};
use super::span::provider;
use crate::account::Entry;
use crate::error::ErrorKind;

/// What an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstrumentKind {
    /// It only grows.
    Counter,
    /// It may shrink.
    UpDownCounter,
    /// It keeps a distribution.
    Histogram,
}

/// An instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Instrument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: InstrumentKind,
    /// Its unit.
    pub unit: &'static str,
    /// What it tells.
    pub description: &'static str,
    /// Of a histogram the borders of its buckets.
    pub boundaries: &'static [f64],
}

/// Seconds of operations.
pub(super) const SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Numbers of tokens.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

impl Instrument {
    /// Every instrument that measurements are made for.
    pub const ALL: [Self; 6] = [
        Self::new("gen_ai.client.token.usage", InstrumentKind::Histogram, "{token}", "Tokens of a request", &TOKENS),
        Self::new(
            "gen_ai.client.operation.duration",
            InstrumentKind::Histogram,
            "s",
            "Time of a request, all attempts included",
            &SECONDS,
        ),
        Self::new(
            "gen_ai.client.operation.time_to_first_chunk",
            InstrumentKind::Histogram,
            "s",
            "Time to the first output of a stream",
            &SECONDS,
        ),
        Self::new(
            "clawrouters.attempts",
            InstrumentKind::Counter,
            "{attempt}",
            "Sends to providers by how they ended",
            &[],
        ),
        Self::new("clawrouters.cost", InstrumentKind::Counter, "USD", "What requests cost", &[]),
        Self::new(
            "clawrouters.saved",
            InstrumentKind::UpDownCounter,
            "USD",
            "What was saved against the baseline",
            &[],
        ),
    ];

    const fn new(
        name: &'static str,
        kind: InstrumentKind,
        unit: &'static str,
        description: &'static str,
        boundaries: &'static [f64],
    ) -> Self {
        Self { name, kind, unit, description, boundaries }
    }

    /// The instruments as JSON.
    pub fn all_json() -> Value {
        let kind = |kind| match kind {
            InstrumentKind::Counter => "counter",
            InstrumentKind::UpDownCounter => "up_down_counter",
            InstrumentKind::Histogram => "histogram",
        };
        Self::ALL
            .iter()
            .map(|i| json!({"name": i.name, "kind": kind(i.kind), "unit": i.unit, "description": i.description, "boundaries": i.boundaries}))
            .collect()
    }
}

/// One value for one instrument.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// The instrument's name.
    pub instrument: &'static str,
    /// The value.
    pub value: f64,
    /// What it is counted under.
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Measurement {
    pub(super) fn to_json(&self) -> Value {
        let attributes: Value =
            self.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.to_json())).collect();
        json!({"instrument": self.instrument, "value": self.value, "attributes": attributes})
    }
}

/// Everything that is measured of one entry.
pub(super) fn measurements(entry: &Entry) -> Vec<Measurement> {
    let route = &*entry.route;
    let mut base: Attributes = vec![("gen_ai.operation.name", entry.facts.operation.into())];
    let answered = if route.provider.is_empty() { "clawrouters".to_owned() } else { provider(&route.provider) };
    base.push(("gen_ai.provider.name", answered.into()));
    // The model that answered: what a caller writes for one has no bounds.
    put(&mut base, "gen_ai.request.model", (!route.model.is_empty()).then(|| route.model.clone()));
    put(&mut base, "gen_ai.response.model", (!route.model.is_empty()).then(|| route.model.clone()));
    if entry.purpose != "request" {
        base.push(("clawrouters.purpose", entry.purpose.into()));
    }
    let with = |more: Option<(&'static str, Attribute)>| base.iter().cloned().chain(more).collect::<Attributes>();
    let mut out = Vec::with_capacity(6 + route.attempts.len());
    let mut tell = |instrument, value, attributes| out.push(Measurement { instrument, value, attributes });
    let failed = entry.error.map(|kind: ErrorKind| ("error.type", Attribute::from(kind.as_str())));
    tell("gen_ai.client.operation.duration", route.latency_ms / 1e3, with(failed));
    if let Some(usage) = route.usage {
        for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
            tell("gen_ai.client.token.usage", tokens as f64, with(Some(("gen_ai.token.type", kind.into()))));
        }
    }
    if let Some(first) = route.first_token_ms.filter(|_| entry.stream) {
        tell("gen_ai.client.operation.time_to_first_chunk", first / 1e3, with(None));
    }
    if let Some(cost) = route.cost_nanos.filter(|_| !route.sandbox) {
        tell("clawrouters.cost", crate::account::usd(cost), with(None));
    }
    if let Some(saved) = route.saved_nanos().filter(|_| !route.sandbox) {
        tell("clawrouters.saved", saved as f64 / 1e9, with(None));
    }
    for attempt in &route.attempts {
        let attributes = vec![
            ("gen_ai.provider.name", provider(&attempt.provider).into()),
            ("gen_ai.request.model", attempt.target.clone().into()),
            ("clawrouters.verdict", attempt.verdict.clone().into()),
        ];
        tell("clawrouters.attempts", 1.0, attributes);
    }
    out
}
