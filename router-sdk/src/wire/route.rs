//! Routing options that ride in a request: the `route` object in, typed options out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Bounds, CacheOptions};
use crate::classify::TaskKind;
use crate::error::Error;

/// What to optimise when the router chooses the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The cheapest model that clears the quality bar of the task.
    Cheapest,
    /// The best value: quality minus cost at a stated exchange rate.
    #[default]
    Balanced,
    /// The highest expected quality; cost breaks ties.
    Best,
    /// The quickest model that clears the quality bar.
    Fastest,
}

impl Strategy {
    /// The strategy's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cheapest => "cheapest",
            Self::Balanced => "balanced",
            Self::Best => "best",
            Self::Fastest => "fastest",
        }
    }

    /// Reads a name such as `cheapest`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Cheapest, Self::Balanced, Self::Best, Self::Fastest].into_iter().find(|s| s.as_str() == name)
    }
}

impl std::str::FromStr for Strategy {
    type Err = Error;

    /// Reads a name.
    ///
    /// # Errors
    /// `InvalidRequest` with the names that there are.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::parse(name)
            .ok_or_else(|| Error::invalid_request("strategy", "must be cheapest, balanced, best or fastest"))
    }
}

/// What becomes of a stream that breaks after output has begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInterrupt {
    /// Another target, or the same one, is asked for the rest, which is joined to what was delivered. Answers that cannot
    /// be joined end in an error.
    #[default]
    Resume,
    /// A chunk says that the answer begins anew, and another target answers from the start.
    Restart,
    /// `StreamInterrupted` with the text so far.
    Error,
}

/// What becomes of a chunk that is not valid JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMalformed {
    /// The stream counts as broken.
    #[default]
    Break,
    /// It is left out.
    Skip,
}

/// What becomes of a parameter that a model or its provider does not take as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterPolicy {
    /// The nearest value or counterpart is sent; what has none is left out.
    #[default]
    Adapt,
    /// It is left out, also where a nearby value could be sent. The form of the answer is asked for all the same.
    Drop,
    /// The model is not asked: the next one that takes it is, and where there is none the request fails.
    Error,
}

/// Who goes first when requests wait for a limit to have room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before all others.
    High,
    /// In the order in which they come.
    #[default]
    Normal,
    /// When nobody else waits.
    Low,
}

/// Price ceilings in US dollars per one million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPrice {
    /// Ceiling for input tokens (OpenRouter's `prompt`).
    #[serde(default, alias = "prompt")]
    pub input: Option<f64>,
    /// Ceiling for output tokens (OpenRouter's `completion`).
    #[serde(default, alias = "completion")]
    pub output: Option<f64>,
}

/// Options of one request. The words follow OpenRouter's where it has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RouteOptions {
    /// Replaces the configured strategy.
    pub strategy: Option<Strategy>,
    /// What the request asks for, in place of what its text is taken for.
    pub task: Option<TaskKind>,
    /// How hard it is, 0 to 1, in place of what its text is taken for.
    pub difficulty: Option<f64>,
    /// Only these providers or `provider/model`s may answer.
    pub only: Vec<String>,
    /// These providers or `provider/model`s may not answer.
    pub ignore: Vec<String>,
    /// Providers or `provider/model`s to try first, in this order.
    pub order: Vec<String>,
    /// Models to try when the first cannot answer.
    pub fallbacks: Vec<String>,
    /// False forbids any model but the first choice; default true.
    pub allow_fallbacks: Option<bool>,
    /// Capabilities a model must have, such as `tools`, `vision`, `json_schema`, `reasoning`, `zero_price`.
    pub require: Vec<String>,
    /// Price ceilings in US dollars per one million tokens.
    pub max_price: Option<MaxPrice>,
    /// Ceiling for the expected worst-case cost of this request, in US dollars.
    pub max_cost: Option<f64>,
    /// The least expected probability of a good answer, from 0 to 1, that a model may be chosen with by `auto`; it takes the
    /// place of the bar of `cheapest` and `fastest`.
    pub min_quality: Option<f64>,
    /// Only deployments that keep nothing of a request may answer, shadows and hedges included: those whose provider is
    /// configured with `zdr`, and servers on the user's own machine. Default false.
    pub zdr: bool,
    /// The model against which savings are counted.
    pub baseline: Option<String>,
    /// Replaces the configured policy for parameters that a model does not take.
    pub parameters: Option<ParameterPolicy>,
    /// The deadline of the whole request in milliseconds from now.
    pub deadline_ms: Option<u64>,
    /// A name of the conversation: its requests stay with one model and deployment while that is right.
    pub session: Option<String>,
    /// What becomes of this stream when it breaks after output has begun.
    pub on_interrupt: Option<OnInterrupt>,
    /// What becomes of a chunk of this stream that is not valid JSON.
    pub on_malformed: Option<OnMalformed>,
    /// How the cache may be used.
    pub cache: CacheOptions,
    /// Who goes first when requests wait for a limit to have room.
    pub priority: Priority,
    /// True for a request on which nothing is tried out, whatever `learning.explore` says. Default false.
    pub critical: bool,
    /// Free labels that are kept with the request's ledger entry, and by which limits and budgets are shared.
    pub tags: BTreeMap<String, String>,
    /// The span of the caller's that the request belongs to, as W3C writes it: `00-<trace>-<span>-<flags>`.
    pub traceparent: Option<String>,
    /// What tracing systems add to it.
    pub tracestate: Option<String>,
    /// What the caller's key allows at most. Never written by a caller.
    #[serde(skip)]
    pub(crate) within: Option<Arc<Bounds>>,
}

impl RouteOptions {
    /// Puts the options that are set into a request's JSON.
    pub(crate) fn insert_into(&self, body: &mut super::Object) {
        let written = |options: &Self| serde_json::to_value(options).ok().and_then(|v| v.as_object().cloned());
        let (Some(mut options), Some(unset)) = (written(self), written(&Self::default())) else { return };
        options.retain(|name, value| unset.get(name) != Some(value));
        if !options.is_empty() {
            body.insert("route".into(), serde_json::Value::Object(options));
        }
    }
}
