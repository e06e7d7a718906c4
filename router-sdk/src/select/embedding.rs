//! Embedding models that the caller named in, those that may answer out: the same model everywhere, or none.

use jiff::civil::Date;

use super::facts::HealthFacts;
use super::gate::{self, Refused, Why};
use super::plan::Plan;
use crate::account::embedding_cost;
use crate::catalog::{Mode, Model, Rates};
use crate::error::{Error, Refusal};
use crate::provider::Target;
use crate::provider::embedding::Place;
use crate::wire::{EmbeddingInput, EmbeddingRequest, RouteOptions, Strategy, Usage};

/// What the choice of places is made from.
pub(crate) struct EmbeddingAsk<'a> {
    pub(crate) request: &'a EmbeddingRequest,
    pub(crate) options: &'a RouteOptions,
    pub(crate) input_tokens: u64,
    pub(crate) today: Date,
}

/// A target that the caller named, the field that named it, and its place if it has one.
pub(crate) struct NamedPlace {
    pub(crate) field: String,
    pub(crate) target: Target,
    pub(crate) place: Option<Place>,
}

/// A place that may answer, and what its answer can cost at most.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) place: Place,
    pub(crate) worst_nanos: Option<u64>,
}

impl Seat {
    /// The same at another deployment of the provider.
    pub(crate) fn at(&self, target: Target) -> Self {
        Self { place: Place { target, ..self.place.clone() }, worst_nanos: self.worst_nanos }
    }
}

/// The places that may answer, in the caller's order.
///
/// # Errors
/// `InvalidRequest` for targets of different models and for token ids where only text is taken; `NoCandidate` or
/// `ProviderUnavailable` when no place is left.
pub(crate) fn seats(
    mut named: Vec<NamedPlace>,
    refusals: Vec<Refusal>,
    ask: &EmbeddingAsk<'_>,
    health: &HealthFacts,
) -> Result<Vec<Seat>, Error> {
    one_model(&named, ask.request)?;
    let order = &ask.options.order;
    named.sort_by_key(|n| order.iter().position(|name| gate::matches(name, &n.target)).unwrap_or(usize::MAX));
    let real = named.iter().any(|n| !n.target.deployment.sandbox);
    let (mut seats, mut refusals, mut resting) = (Vec::new(), refusals, Vec::new());
    for NamedPlace { target, place, .. } in named {
        match check(&target, place.as_ref(), ask, real) {
            Err(Refused { gate, why }) => {
                refusals.push(Refusal { model: target.key(), gate, reason: why.to_string() });
                continue;
            }
            Ok(worst_nanos) => match (health.rest_of(&target), place) {
                (Some(left), _) => resting.push((target.key(), left)),
                (None, Some(place)) => seats.push(Seat { place, worst_nanos }),
                (None, None) => {}
            },
        }
        // A first choice that rests is still the only one.
        if ask.options.allow_fallbacks == Some(false) {
            break;
        }
    }
    if !seats.is_empty() {
        return Ok(seats);
    }
    if resting.is_empty() && !refusals.is_empty() && refusals.iter().all(|r| r.gate == TOKEN_IDS) {
        let fix = "must be text: this provider takes no token ids";
        return Err(Error::invalid_request("input", fix).with_refusals(refusals));
    }
    nobody(refusals, resting)
}

/// The gate of inputs that are token ids.
const TOKEN_IDS: &str = "token_ids";

fn nobody(refusals: Vec<Refusal>, resting: Vec<(String, std::time::Duration)>) -> Result<Vec<Seat>, Error> {
    let plan = Plan {
        candidates: Vec::new(),
        also_able: Vec::new(),
        strategy: Strategy::default(),
        automatic: false,
        explored: false,
        reasons: Vec::new(),
        baseline: None,
        best_single: None,
        refusals,
        resting,
    };
    plan.or_error().map(|_| Vec::new())
}

/// The gates of one target; the worst cost where the price is known.
fn check(target: &Target, place: Option<&Place>, ask: &EmbeddingAsk<'_>, real: bool) -> Result<Option<u64>, Refused> {
    let model = &target.model;
    if target.deployment.sandbox && real {
        gate::refused("sandbox", Why::Words("sandbox and real models never stand in one plan"))?;
    }
    let Some(place) = place else {
        gate::refused("api", Why::Words("is at a provider that makes no embeddings"))?;
        return Ok(None);
    };
    if target.catalogued && model.mode != Mode::Embedding && !target.deployment.local {
        gate::refused("api", Why::Words("answers chat and makes no embeddings"))?;
    }
    gate::allowed(target, ask.options)?;
    let ids = ask.request.input().iter().any(|input| matches!(input, EmbeddingInput::Tokens(_)));
    if ids && !place.rules.token_ids {
        gate::refused(TOKEN_IDS, Why::Words("takes texts only, no token ids"))?;
    }
    // A third more than estimated, as batches are cut.
    let input = ask.input_tokens.saturating_add(ask.input_tokens / 3);
    let worst = embedding_cost(model, &Usage { input, ..Usage::default() }, ask.today);
    // Vectors are no tokens: output costs nothing whatever the list says.
    let rates = model.price_at(ask.today).map(|p| Rates { output: Some(0), ..p.rates });
    gate::affordable(rates.as_ref(), worst, model.free, ask.options, false)?;
    Ok(worst)
}

/// Vectors of different models cannot be compared, so a fallback must be the very same model.
fn one_model(named: &[NamedPlace], request: &EmbeddingRequest) -> Result<(), Error> {
    let Some(first) = named.first() else { return Ok(()) };
    for other in named.iter().skip(1) {
        let (a, b) = (&first.target.model, &other.target.model);
        let lengths = request.dimensions().is_none()
            && matches!((a.embedding_dim, b.embedding_dim), (Some(a), Some(b)) if a != b);
        if identity(a) != identity(b) || lengths {
            let fix = format!(
                "{} is another embedding model than {}: their vectors cannot be compared; name the same model at other \
                 providers, or set models.canonical alike where they are the same",
                other.target.key(),
                first.target.key()
            );
            return Err(Error::invalid_request(other.field.clone(), fix));
        }
    }
    Ok(())
}

/// One name for a model wherever it runs: the catalogue's, or its id without owner and tag.
fn identity(model: &Model) -> String {
    if !model.canonical.is_empty() {
        return model.canonical.clone();
    }
    let id = model.id.rsplit('/').next().unwrap_or_default();
    id.trim_end_matches(":latest").to_ascii_lowercase().replace(['.', '_'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_again_by_canonical_name_or_bare_id() {
        let model =
            |id: &str, canonical: &str| Model { id: id.into(), canonical: canonical.into(), ..Model::default() };
        assert_eq!(identity(&model("BAAI/bge_m3", "")), "bge-m3");
        assert_eq!(identity(&model("bge-m3:latest", "")), "bge-m3");
        assert_eq!(identity(&model("my-deployment", "text-embedding-3-small")), "text-embedding-3-small");
        assert_ne!(identity(&model("voyage-4", "")), identity(&model("voyage-4-lite", "")));
    }
}
