//! A request, a target and a policy in; the encoded request out, with parameters that the target does not take
//! adapted, left out or refused as the policy says.

use super::adapted::{self, Fate};
use super::{Cause, Encoded, Failure, Target, family};
use crate::wire::{ChatRequest, ParameterPolicy};

/// Encodes for the target's family under a policy.
///
/// # Errors
/// [`Cause::Unsupported`] when the request cannot be said, or when the policy is `error` and it cannot be said as it is.
pub(crate) fn encode(
    request: &ChatRequest,
    target: &Target,
    stream: bool,
    policy: ParameterPolicy,
) -> Result<Encoded, Failure> {
    if let Some(thoughtful) = target.effort.as_deref().and_then(|level| request.thinking_at(level))
        && let Ok(mut encoded) = encode_by(&thoughtful, target, stream, policy)
    {
        let told = |entry: &str| adapted::read(entry).filter(|(field, _)| *field == "reasoning_effort").map(|(_, f)| f);
        // What the caller did not ask for is said as it is meant or not at all.
        if encoded.adapted.iter().filter_map(|entry| told(entry)).all(|fate| fate == Fate::Reworded) {
            encoded.adapted.retain(|entry| told(entry).is_none());
            return Ok(encoded);
        }
    }
    encode_by(request, target, stream, policy)
}

fn encode_by(
    request: &ChatRequest,
    target: &Target,
    stream: bool,
    policy: ParameterPolicy,
) -> Result<Encoded, Failure> {
    let encoded = family(target.family()).encode(request, target, stream)?;
    match policy {
        ParameterPolicy::Adapt => Ok(encoded),
        ParameterPolicy::Error => refuse(encoded, target),
        ParameterPolicy::Drop => without_changes(encoded, request, target, stream),
    }
}

/// Refuses the first parameter that would not go out as the caller meant it.
fn refuse(encoded: Encoded, target: &Target) -> Result<Encoded, Failure> {
    let entries = encoded.adapted.iter().filter_map(|entry| Some((entry, adapted::read(entry)?)));
    let mut hurt = entries.filter(|(_, (field, fate))| *fate != Fate::Reworded && is_parameter(field));
    match hurt.next() {
        None => Ok(encoded),
        Some((entry, (field, _))) => {
            let what = entry.strip_prefix(field).unwrap_or(entry).trim_start_matches([':', ' ']);
            let provider = &target.deployment.provider;
            let why = format!("{field}: {provider} does not take it as it is ({what}), and parameters is \"error\"");
            Err(Failure::new(Cause::Unsupported, why).with_param(field))
        }
    }
}

/// Encodes again without the parameters that would have gone out with another meaning.
fn without_changes(
    mut encoded: Encoded,
    request: &ChatRequest,
    target: &Target,
    stream: bool,
) -> Result<Encoded, Failure> {
    let mut body = request.body().clone();
    let mut told = Vec::new();
    // A parameter that goes may bring another to light that stood behind it.
    loop {
        let before = told.len();
        for entry in &encoded.adapted {
            let Some((field, Fate::Changed)) = adapted::read(entry) else { continue };
            let fields = spellings(field);
            if is_kept(field) || !fields.iter().any(|name| body.contains_key(*name)) {
                continue;
            }
            for name in fields {
                body.shift_remove(name);
            }
            let provider = &target.deployment.provider;
            told.push(adapted::lost(field, format_args!("{provider} does not take it as it is")));
        }
        if told.len() == before {
            break;
        }
        encoded = family(target.family()).encode(&request.with_body(body.clone()), target, stream)?;
    }
    encoded.adapted.extend(told);
    Ok(encoded)
}

/// Whether the form of the answer is asked for in another way than the provider's own, so that it may come wrapped.
pub(crate) fn form_is_emulated(adapted: &[String]) -> bool {
    adapted.iter().any(|entry| adapted::read(entry) == Some(("response_format", Fate::Changed)))
}

/// What the conversation is made of is adapted whatever the policy, for there is no other way to say it; and so is what
/// changes no answer.
fn is_parameter(field: &str) -> bool {
    let top = field.split(['.', '[']).next().unwrap_or(field);
    !matches!(top, "messages" | "metadata" | "user" | "cache_control") && !field.ends_with(".cache_control")
}

/// Without its form an answer is of no use, so a form that is asked for in another way stays.
fn is_kept(field: &str) -> bool {
    !is_parameter(field) || matches!(field, "response_format" | "tools")
}

/// The fields of a request that one entry speaks of.
fn spellings(field: &str) -> Vec<&str> {
    match field {
        "max_tokens" | "max_completion_tokens" => vec!["max_tokens", "max_completion_tokens"],
        "reasoning_effort" | "reasoning.max_tokens" | "reasoning" => vec!["reasoning_effort", "reasoning"],
        "tool_choice" => vec!["tool_choice", "function_call"],
        other => vec![other],
    }
}

#[cfg(test)]
mod tests;
