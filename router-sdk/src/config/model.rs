//! Own models and corrections of catalogue entries: config values in, a catalogue model out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PriceConfig;
use crate::catalog::{Basis, Model, Score, TaskClass};
use crate::error::Error;

/// An own model, or a correction of a catalogue entry: only what is set replaces the catalogue's value.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ModelConfig {
    /// `provider/model`.
    pub id: String,
    /// The catalogue's name of this model, the same at every provider: embeddings fall back only to the same model.
    pub canonical: Option<String>,
    /// Prices; absent prices give no cost.
    pub price: Option<PriceConfig>,
    /// Tokens of prompt and answer together.
    pub context_window: Option<u64>,
    /// Tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// What it can do, such as `{tools = true, vision = false}`.
    pub capabilities: BTreeMap<String, bool>,
    /// Quality from 0 to 100 on the catalogue's scale, for all kinds of task.
    pub quality: Option<f32>,
    /// Quality by task class, such as `{code = 45}`.
    pub scores: BTreeMap<String, f32>,
}

/// The spread of a score that a user states: about that of a catalogue score measured on several benchmarks.
const STATED_SIGMA: f32 = 3.0;

impl ModelConfig {
    /// Lays this over `base`.
    pub(crate) fn over(&self, base: Model, index: usize) -> Result<Model, Error> {
        let at = |field: &str| format!("models[{index}].{field}");
        let mut model = base;
        if let Some(canonical) = &self.canonical {
            model.canonical.clone_from(canonical);
        }
        if let Some(price) = &self.price {
            model.prices = vec![price.period(&format!("models[{index}].price"))?];
            model.free = false;
        }
        model.context_window = self.context_window.or(model.context_window);
        model.max_output_tokens = self.max_output_tokens.or(model.max_output_tokens);
        if self.context_window.is_some() {
            model.max_input_tokens = None;
        }
        for (name, able) in &self.capabilities {
            let field = if name == "audio" { "audio_in" } else { name.as_str() };
            if !model.capabilities.set(field, Some(*able)) {
                let fix = "is not a capability; use tools, parallel_tools, forced_tool_choice, vision, audio_in, \
                           video_in, pdf, json_mode, json_schema, assistant_prefill, reasoning or system_prompt";
                return Err(Error::invalid_config(at(&format!("capabilities.{name}")), fix));
            }
        }
        let stated = |value: f32| Score { value, sigma: STATED_SIGMA, basis: Basis::Measured };
        if let Some(quality) = self.quality {
            for class in TaskClass::ALL {
                model.scores.set(class, stated(percent(quality, || at("quality"))?));
            }
        }
        for (name, value) in &self.scores {
            let key = || at(&format!("scores.{name}"));
            let Some(class) = TaskClass::from_name(name) else {
                let names: Vec<_> = TaskClass::ALL.iter().map(|c| c.as_str()).collect();
                return Err(Error::invalid_config(key(), format!("is not a task class; use {}", names.join(", "))));
            };
            model.scores.set(class, stated(percent(*value, key)?));
        }
        Ok(model)
    }
}

fn percent(value: f32, key: impl Fn() -> String) -> Result<f32, Error> {
    if (0.0..=100.0).contains(&value) { Ok(value) } else { Err(Error::invalid_config(key(), "must be from 0 to 100")) }
}
