//! One model of one provider: limits, prices, abilities, rules, lifetime and scores.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::capability::{Capabilities, ParameterRules, Reasoning};
use super::price::PricePeriod;
use super::score::Scores;

/// A catalogue entry. Built from the data files, or by hand for an own model
/// with `..Model::default()`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Model {
    /// The provider, by its name in the catalogue or the configuration.
    pub provider: String,
    /// The id sent on the wire.
    pub id: String,
    /// A name for people; the id where there is none.
    pub name: String,
    /// The lab that trained it; empty when unknown.
    pub maker: String,
    /// One name for the same model at every provider; empty when unknown.
    pub canonical: String,
    /// The line of models it belongs to; empty when unknown.
    pub family: String,
    /// The day it came out (the first of the month where only that is known).
    pub released: Option<Date>,
    /// The interface it is reached by.
    pub mode: Mode,
    /// Tokens of prompt and completion together.
    pub context_window: Option<u64>,
    /// Tokens of the prompt.
    pub max_input_tokens: Option<u64>,
    /// Tokens of the completion.
    pub max_output_tokens: Option<u64>,
    /// Prices, earliest period first.
    pub prices: Vec<PricePeriod>,
    /// How many price lists agree on the price: 3 or more is solid, 1 unconfirmed.
    pub price_sources: Option<u8>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Which parameters it takes.
    pub parameters: ParameterRules,
    /// How its thinking is steered; `None` when it does not think or that is unknown.
    pub reasoning: Option<Reasoning>,
    /// Where it is in its life.
    pub status: Status,
    /// The day it is switched off.
    pub sunset: Option<Date>,
    /// Costs nothing, or is cheap in exchange for data: never wins on price
    /// unless the caller asked for that.
    pub free: bool,
    /// Whether its weights are published.
    pub open_weights: Option<bool>,
    /// Other names it answers to at this provider.
    pub aliases: Vec<String>,
    /// Scores at the effort the API applies by default.
    pub scores: Scores,
    /// Scores at named levels of effort, where measured; shared by all
    /// providers of the model.
    #[serde(with = "shared")]
    pub efforts: Arc<[EffortScores]>,
    /// Output tokens on the same work, relative to the median model.
    pub verbosity: Option<f32>,
    /// The length of its vectors, for an embedding model.
    pub embedding_dim: Option<u32>,
    /// The last day (or month) its training saw, as published.
    pub knowledge_cutoff: Option<String>,
    /// Prompts shorter than this are not cached by the provider.
    pub prompt_cache_min_tokens: Option<u32>,
}

impl Model {
    /// `provider/id`, unique in the catalogue.
    pub fn key(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// The prices that hold on this day.
    pub fn price_at(&self, date: Date) -> Option<&PricePeriod> {
        self.prices.iter().rev().find(|period| period.covers(date))
    }

    /// Whether it is known to be switched off on this day.
    pub fn retired_on(&self, date: Date) -> bool {
        self.status == Status::Retired || self.sunset.is_some_and(|sunset| sunset <= date)
    }

    /// Whether it is known to think.
    pub fn reasons(&self) -> bool {
        self.capabilities.reasoning == Some(true) || self.reasoning.is_some()
    }

    /// Scores at a level of effort: that level's where measured, else the default ones.
    pub fn scores_at(&self, effort: Option<&str>) -> &Scores {
        self.effort(effort).map_or(&self.scores, |row| &row.scores)
    }

    /// Relative output length at a level of effort, else the default one.
    pub fn verbosity_at(&self, effort: Option<&str>) -> Option<f32> {
        self.effort(effort).and_then(|row| row.verbosity).or(self.verbosity)
    }

    fn effort(&self, effort: Option<&str>) -> Option<&EffortScores> {
        let effort = effort?;
        self.efforts.iter().find(|row| row.effort == effort)
    }
}

/// Scores of a model at one level of effort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffortScores {
    /// The level, as the API spells it (`none` is thinking switched off).
    pub effort: String,
    /// The scores.
    pub scores: Scores,
    /// Output tokens relative to the median model.
    pub verbosity: Option<f32>,
}

/// A shared list reads and writes as a plain one.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::EffortScores;

    pub(super) fn serialize<S: Serializer>(list: &Arc<[EffortScores]>, serializer: S) -> Result<S::Ok, S::Error> {
        list.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[EffortScores]>, D::Error> {
        Vec::deserialize(deserializer).map(Arc::from)
    }
}

/// The interface a model is reached by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Chat, in the provider's own form of it.
    #[default]
    Chat,
    /// The OpenAI Responses interface only.
    Responses,
    /// Embeddings.
    Embedding,
}

/// Where a model is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Generally available.
    #[default]
    Active,
    /// Early access; may change or vanish.
    Preview,
    /// Announced to go.
    Deprecated,
    /// Gone.
    Retired,
}
