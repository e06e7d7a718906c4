//! What spans tell of a request that its route does not: a request in, facts out; the answer adds its own.

use serde_json::Value;

use super::TraceContext;
use crate::wire::{ChatRequest, Object, RouteOptions};

/// What is known of a request besides its route. Holds nothing that was said.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Facts {
    /// `chat` or `embeddings`.
    pub operation: &'static str,
    /// The caller's span.
    pub trace: Option<TraceContext>,
    /// Parameters of the request that are numbers or flags.
    pub parameters: Vec<(&'static str, f64)>,
    /// How each choice of the answer ended.
    pub finish_reasons: Vec<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// Somebody is told: else nothing of the answer is kept.
    pub(crate) told: bool,
}

/// Parameters that spans tell, by the names that they have there.
const PARAMETERS: [(&str, &str); 7] = [
    ("n", "gen_ai.request.choice.count"),
    ("seed", "gen_ai.request.seed"),
    ("frequency_penalty", "gen_ai.request.frequency_penalty"),
    ("presence_penalty", "gen_ai.request.presence_penalty"),
    ("temperature", "gen_ai.request.temperature"),
    ("top_k", "gen_ai.request.top_k"),
    ("top_p", "gen_ai.request.top_p"),
];

impl Facts {
    /// Of a chat request; its parameters only where somebody is told.
    pub(crate) fn of_chat(request: &ChatRequest, told: bool) -> Self {
        let mut facts = Self { operation: "chat", trace: trace(request.route()), told, ..Self::default() };
        if told {
            let known = PARAMETERS.iter();
            facts.parameters = known.filter_map(|(field, name)| Some((*name, request.get(field)?.as_f64()?))).collect();
            if let Some(limit) = request.max_output_tokens() {
                facts.parameters.push(("gen_ai.request.max_tokens", limit as f64));
            }
        }
        facts
    }

    /// Of a request for embeddings.
    pub(crate) fn of_embedding(options: &RouteOptions) -> Self {
        Self { operation: "embeddings", trace: trace(options), ..Self::default() }
    }

    /// Of what is sent aside for the same request.
    pub(crate) fn aside(&self) -> Self {
        Self { operation: self.operation, trace: self.trace.clone(), ..Self::default() }
    }

    /// What a reply, or a chunk that finishes a choice, tells of the answer.
    pub(crate) fn finished(&mut self, body: &Object) {
        if !self.told {
            return;
        }
        if self.response_id.is_none() {
            let id = body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
            self.response_id = id.map(str::to_owned);
        }
        let choices = body.get("choices").and_then(Value::as_array).into_iter().flatten();
        let reasons = choices.filter_map(|c| c.get("finish_reason").and_then(Value::as_str));
        self.finish_reasons.extend(reasons.map(str::to_owned));
    }

    /// The answer begins anew.
    pub(crate) fn anew(&mut self) {
        self.finish_reasons.clear();
        self.response_id = None;
    }
}

fn trace(options: &RouteOptions) -> Option<TraceContext> {
    TraceContext::parse(options.traceparent.as_deref()?, options.tracestate.as_deref())
}
