//! Hard gates: a model and a request in, nothing or the first gate that refuses it out.

use super::able;
use super::facts::{Ask, WORST_CASE_OUTPUT};
use super::pool::Entry;
use crate::catalog::{Model, Rates};
use crate::provider::{Family, Target};
use crate::wire::RouteOptions;

/// A gate and its reason.
pub(crate) type Refused = (&'static str, String);

/// What the caller's own options say of a target: `only`, `ignore`.
pub(crate) fn allowed(target: &Target, options: &RouteOptions) -> Result<(), Refused> {
    if !options.only.is_empty() && !options.only.iter().any(|name| matches(name, target)) {
        return Err(("only", "is not among route.only".into()));
    }
    if options.ignore.iter().any(|name| matches(name, target)) {
        return Err(("ignore", "is among route.ignore".into()));
    }
    Ok(())
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

/// Abilities, sizes and parameters. `strict` doubts what nobody knows.
pub(crate) fn fits(entry: &Entry, ask: &Ask<'_>, needed: u32, strict: bool) -> Result<(), Refused> {
    let missing = entry.able.missing(needed, strict);
    if missing != 0 {
        let word = if missing & entry.able.no != 0 { "cannot do" } else { "is not known to do" };
        let name = able::name(missing);
        return Err((name, format!("{word} {name}")));
    }
    let model = &entry.target.model;
    sizes(model, ask)?;
    if ask.needs.n_gt_1 && (entry.target.deployment.family == Family::Anthropic || !entry.target.deployment.quirks.n) {
        return Err(("n", "gives one choice only".into()));
    }
    if strict {
        let rules = [&model.parameters.rejects, &entry.target.deployment.quirks.rejects];
        let refused = ask.needs.params.iter().find(|p| rules.iter().any(|r| r.iter().any(|name| name == *p)));
        if let Some(param) = refused {
            return Err(("parameters", format!("rejects {param}")));
        }
    }
    Ok(())
}

fn sizes(model: &Model, ask: &Ask<'_>) -> Result<(), Refused> {
    // A tenth on top of the estimate, which is that good.
    let input = ask.input_tokens + ask.input_tokens / 10;
    let output = ask.needs.max_output_tokens;
    if let (Some(limit), Some(wanted)) = (model.max_output_tokens, output) {
        if wanted > limit {
            return Err(("max_output_tokens", format!("answers with at most {limit} tokens, {wanted} are asked for")));
        }
    }
    let room = model.context_window.map(|w| w.saturating_sub(output.unwrap_or(0)));
    if let Some(limit) = model.max_input_tokens.into_iter().chain(room).min().filter(|limit| input > *limit) {
        return Err(("context_window", format!("takes {limit} input tokens, the request has about {input}")));
    }
    Ok(())
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
        return Err(("zero_price", "costs nothing or is paid with data; allow it with route.require: [\"zero_price\"]".into()));
    }
    if let Some(ceiling) = options.max_price {
        let sides = [("input", ceiling.input, rates.and_then(|r| r.input)), ("output", ceiling.output, rates.and_then(|r| r.output))];
        for (side, ceiling, price) in sides {
            let Some(ceiling) = ceiling else { continue };
            match price {
                None => return Err(("max_price", format!("has no known {side} price"))),
                // Pico-dollars a token are millionths of a dollar per one million tokens.
                Some(price) if price as f64 / 1e6 > ceiling => {
                    let usd = price as f64 / 1e6;
                    return Err(("max_price", format!("costs {usd} USD per 1M {side} tokens, above {ceiling}")));
                }
                Some(_) => {}
            }
        }
    }
    if let Some(ceiling) = options.max_cost {
        match worst_nanos {
            None => return Err(("max_cost", "has no known price".into())),
            Some(nanos) if nanos as f64 / 1e9 > ceiling => {
                return Err(("max_cost", format!("could cost {} USD, above {ceiling}", nanos as f64 / 1e9)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The most output tokens that this request can cost on this model.
pub(crate) fn worst_output(model: &Model, ask: &Ask<'_>) -> u64 {
    let wanted = ask.needs.max_output_tokens.unwrap_or(WORST_CASE_OUTPUT);
    model.max_output_tokens.map_or(wanted, |limit| wanted.min(limit))
}
