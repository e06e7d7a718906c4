//! Hard gates: a model and a request in, nothing or the first gate that refuses it out.

use std::fmt;

use super::able;
use super::facts::{Ask, WORST_CASE_OUTPUT};
use super::pool::Entry;
use crate::catalog::{Model, Rates};
use crate::provider::Target;
use crate::wire::RouteOptions;

/// A gate and its reason. Words are made only when somebody reads them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) gate: &'static str,
    pub(crate) why: Why,
}

/// The reason of a gate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Why {
    Words(&'static str),
    Cannot(&'static str),
    Unproven(&'static str),
    Output { limit: u64, wanted: u64 },
    Window { limit: u64, input: u64 },
    Rejects(&'static str),
    Price { side: &'static str, usd: f64, ceiling: f64 },
    NoPrice(&'static str),
    Cost { usd: f64, ceiling: f64 },
    Quality { expected: f64, wanted: f64 },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Cannot(ability) => write!(f, "cannot do {ability}"),
            Self::Unproven(ability) => write!(f, "is not known to do {ability}"),
            Self::Output { limit, wanted } => {
                write!(f, "answers with at most {limit} tokens, {wanted} are asked for")
            }
            Self::Window { limit, input } => write!(f, "takes {limit} input tokens, the request has about {input}"),
            Self::Rejects(parameter) => write!(f, "rejects {parameter}"),
            Self::Price { side, usd, ceiling } => {
                write!(f, "costs {usd} USD per 1M {side} tokens, above {ceiling}")
            }
            Self::NoPrice(side) => write!(f, "has no known {side} price"),
            Self::Quality { expected, wanted } => {
                write!(f, "is expected to answer well with probability {expected:.2}, below {wanted}")
            }
            Self::Cost { usd, ceiling } => write!(f, "could cost {usd} USD, above {ceiling}"),
        }
    }
}

pub(crate) fn refused(gate: &'static str, why: Why) -> Result<(), Refused> {
    Err(Refused { gate, why })
}

/// The gate of targets that the caller's key does not allow.
pub(crate) const GRANT: &str = "grant";

/// What the caller's own options say of a target: `only`, `ignore`, `zdr`; and what its key says.
pub(crate) fn allowed(target: &Target, options: &RouteOptions) -> Result<(), Refused> {
    if !options.only.is_empty() && !options.only.iter().any(|name| matches(name, target)) {
        return refused("only", Why::Words("is not among route.only"));
    }
    if options.ignore.iter().any(|name| matches(name, target)) {
        return refused("ignore", Why::Words("is among route.ignore"));
    }
    if options.zdr && !target.deployment.keeps_nothing() {
        let words = "is not known to keep nothing of a request; set providers.<name>.zdr where a contract says so";
        return refused("zdr", Why::Words(words));
    }
    if options.within.as_ref().is_some_and(|bounds| !bounds.hold(&target.deployment.provider, &target.key())) {
        return refused(GRANT, Why::Words("is not allowed by the key"));
    }
    Ok(())
}

/// Whether a request with these options may be sent to this target at all.
pub(crate) fn permits(target: &Target, options: &RouteOptions) -> bool {
    allowed(target, options).is_ok()
}

/// True when a name of `only`, `ignore` or `order` means this target: its provider, `provider/model` or model id.
pub(crate) fn matches(name: &str, target: &Target) -> bool {
    let deployment = target.deployment.provider.as_str();
    let (provider, id) = (target.model.provider.as_str(), target.model.id.as_str());
    if name == deployment || name == provider || name == id {
        return true;
    }
    name.split_once('/').is_some_and(|(p, m)| m == id && (p == deployment || p == provider))
}

/// Abilities, parameters and sizes. `strict` doubts what nobody knows.
pub(crate) fn fits(entry: &Entry, ask: &Ask<'_>, needed: u32, strict: bool) -> Result<(), Refused> {
    able(entry, ask, needed, strict)?;
    sizes(&entry.target.model, ask)
}

/// Abilities and parameters: what does not depend on the size of the request.
pub(crate) fn able(entry: &Entry, ask: &Ask<'_>, needed: u32, strict: bool) -> Result<(), Refused> {
    let missing = entry.able.missing(needed, strict);
    if missing != 0 {
        let name = able::name(missing);
        return refused(name, if missing & entry.able.no != 0 { Why::Cannot(name) } else { Why::Unproven(name) });
    }
    if strict && !ask.needs.params.is_empty() {
        let rules = [&entry.target.model.parameters.rejects, &entry.target.deployment.quirks.rejects];
        let rejected = ask.needs.params.iter().find(|p| rules.iter().any(|r| r.iter().any(|name| name == *p)));
        if let Some(parameter) = rejected {
            return refused("parameters", Why::Rejects(parameter));
        }
    }
    Ok(())
}

/// What does not fit in: windows and limits of output.
pub(super) fn sizes(model: &Model, ask: &Ask<'_>) -> Result<(), Refused> {
    // A tenth on top of the estimate, which is that good.
    let input = ask.input_tokens + ask.input_tokens / 10;
    let output = ask.needs.max_output_tokens;
    if let (Some(limit), Some(wanted)) = (model.max_output_tokens, output)
        && wanted > limit
    {
        return refused("max_output_tokens", Why::Output { limit, wanted });
    }
    let room = model.context_window.map(|w| w.saturating_sub(output.unwrap_or(0)));
    match model.max_input_tokens.into_iter().chain(room).min() {
        Some(limit) if input > limit => refused("context_window", Why::Window { limit, input }),
        _ => Ok(()),
    }
}

/// Price ceilings and models that are free in exchange for something.
pub(crate) fn affordable(
    rates: Option<&Rates>,
    worst_nanos: Option<u64>,
    free: bool,
    options: &RouteOptions,
    automatic: bool,
) -> Result<(), Refused> {
    if free && automatic && !options.require.iter().any(|r| r == "zero_price") {
        let words = "costs nothing or is paid with data; allow it with route.require: [\"zero_price\"]";
        return refused("zero_price", Why::Words(words));
    }
    if let Some(ceiling) = options.max_price {
        let input = ("input", ceiling.input, rates.and_then(|r| r.input));
        for (side, ceiling, price) in [input, ("output", ceiling.output, rates.and_then(|r| r.output))] {
            let Some(ceiling) = ceiling else { continue };
            let Some(price) = price else { return refused("max_price", Why::NoPrice(side)) };
            // Pico-dollars a token are millionths of a dollar per one million tokens.
            let usd = price as f64 / 1e6;
            if usd > ceiling {
                return refused("max_price", Why::Price { side, usd, ceiling });
            }
        }
    }
    if let Some(ceiling) = options.max_cost {
        let Some(nanos) = worst_nanos else { return refused("max_cost", Why::Words("has no known price")) };
        let usd = nanos as f64 / 1e9;
        if usd > ceiling {
            return refused("max_cost", Why::Cost { usd, ceiling });
        }
    }
    Ok(())
}

/// Choices a request and requests: providers that give one choice are asked as often as choices are wanted.
pub(crate) fn sends(target: &Target, ask: &Ask<'_>) -> (u64, u64) {
    if ask.choices == 1 || target.takes_n() { (ask.choices, 1) } else { (1, ask.choices) }
}

/// The most output tokens that this request can cost on this model.
pub(crate) fn worst_output(model: &Model, ask: &Ask<'_>) -> u64 {
    let wanted = ask.needs.max_output_tokens.unwrap_or(WORST_CASE_OUTPUT);
    model.max_output_tokens.map_or(wanted, |limit| wanted.min(limit))
}
