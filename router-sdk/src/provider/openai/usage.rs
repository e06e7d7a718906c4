//! A vendor's usage object comes in; counts with one meaning go out, and the object is brought to that meaning.

use serde_json::{Map, Value, json};

use crate::catalog::Quirks;
use crate::wire::{Object, ServiceTier, Usage};

/// Which counts of a vendor include which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inclusion {
    reasoning: bool,
    cached: bool,
}

impl Inclusion {
    pub(super) fn of(quirks: &Quirks) -> Self {
        Self { reasoning: quirks.reasoning_in_completion, cached: quirks.cached_in_prompt }
    }
}

/// Takes the usage out of a reply or a chunk, wherever the vendor put it, in OpenAI's meaning.
pub(super) fn take(body: &mut Object, inclusion: Inclusion) -> Option<(Usage, Object)> {
    let mut object = match body.shift_remove("usage") {
        Some(Value::Object(object)) if !object.is_empty() => object,
        _ => elsewhere(body)?,
    };
    let mut usage = read(&object, inclusion)?;
    usage.service_tier = tier(body).or_else(|| tier(&object));
    usage.reported_cost_nanos = reported_cost(&object).or_else(|| cost_beside(body));
    let usage = usage.bounded();
    rewrite(&mut object, &usage);
    Some((usage, object))
}

/// The service tier: a word, or with Bedrock an object that holds it.
fn tier(object: &Object) -> Option<ServiceTier> {
    let stated = object.get("service_tier")?;
    ServiceTier::parse(stated.as_str().or_else(|| stated.get("type")?.as_str())?)
}

/// Venice states the cost beside the usage, in dollars and in a currency of its own that is bought with these.
fn cost_beside(body: &Object) -> Option<u64> {
    let parts = body.get("cost")?.as_object()?;
    let in_own = parts.get("diem").and_then(number).unwrap_or_default();
    let usd = parts.get("usd").and_then(number)?;
    if in_own > 0.0 { None } else { nanos(usd) }
}

/// Groq has it under `x_groq`, Moonshot in the choice, others under `metrics` of no known shape.
fn elsewhere(body: &Object) -> Option<Object> {
    let groq = body.get("x_groq").and_then(|x| x.get("usage"));
    let choice = || body.get("choices").and_then(|c| c.get(0)).and_then(|c| c.get("usage"));
    groq.or_else(choice)?.as_object().filter(|usage| !usage.is_empty()).cloned()
}

/// The counts of a usage object.
fn read(usage: &Object, inclusion: Inclusion) -> Option<Usage> {
    let prompt = first(usage, &["prompt_tokens", "input_tokens"]);
    let completion = first(usage, &["completion_tokens", "output_tokens"]);
    let total = first(usage, &["total_tokens"]);
    if prompt.is_none() && completion.is_none() && total.is_none() {
        return None;
    }
    let input_details = part(usage, &["prompt_tokens_details", "input_tokens_details"]);
    let output_details = part(usage, &["completion_tokens_details", "output_tokens_details"]);
    let own = ["prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens"];
    let cached = largest(input_details, &["cached_tokens"]).max(largest(Some(usage), &own));
    let written = ["cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"];
    let cache_write = largest(input_details, &written).max(largest(Some(usage), &written));
    let reasoning = largest(output_details, &["reasoning_tokens"]).max(largest(Some(usage), &["reasoning_tokens"]));
    let prompt = prompt.unwrap_or_else(|| total.unwrap_or_default().saturating_sub(completion.unwrap_or_default()));
    let completion = completion.unwrap_or_default();
    let counts = Counts { prompt, completion, total, cached, reasoning };
    let input = prompt.saturating_add(if counts.cached_outside(inclusion) { cached } else { 0 });
    let output = completion.saturating_add(if counts.reasoning_outside(inclusion) { reasoning } else { 0 });
    // Gemini's compatible interface counts thinking in the total alone.
    let unnamed = match total {
        Some(total) if reasoning == 0 && completion > 0 => total.saturating_sub(input.saturating_add(output)),
        _ => 0,
    };
    let output = output.saturating_add(unnamed);
    Some(Usage {
        input,
        cached_read: cached,
        cache_write,
        cache_write_1h: 0,
        output,
        // Some count a special token or two more as reasoning than there is output.
        reasoning: reasoning.saturating_add(unnamed).min(output),
        audio_in: largest(input_details, &["audio_tokens"]),
        audio_out: largest(output_details, &["audio_tokens"]),
        ..Usage::default()
    })
}

struct Counts {
    prompt: u64,
    completion: u64,
    total: Option<u64>,
    cached: u64,
    reasoning: u64,
}

impl Counts {
    /// The total tells whether reasoning is part of the completion; the vendor's row only where it cannot.
    fn reasoning_outside(&self, inclusion: Inclusion) -> bool {
        if self.reasoning == 0 {
            return false;
        }
        let plain = self.prompt.saturating_add(self.completion);
        match self.total {
            Some(total) if total == plain.saturating_add(self.reasoning) => true,
            Some(total) if total == plain => false,
            _ => !inclusion.reasoning || self.reasoning > self.completion,
        }
    }

    fn cached_outside(&self, inclusion: Inclusion) -> bool {
        self.cached > 0 && (!inclusion.cached || self.cached > self.prompt)
    }
}

/// What the vendor itself says the call cost, in nano-dollars.
fn reported_cost(usage: &Object) -> Option<u64> {
    if let Some(ticks) = usage.get("cost_in_usd_ticks").and_then(count) {
        // Ten billion ticks are a dollar, ten are a nano-dollar; halves are rounded up like all money.
        return Some(ticks.saturating_add(5) / 10);
    }
    let own = match usage.get("cost") {
        Some(Value::Object(parts)) => parts.get("total_cost").and_then(number),
        Some(value) => number(value),
        None => usage.get("estimated_cost").and_then(number),
    }?;
    // With the user's own key at the upstream, the broker's figure is its fee alone.
    let upstream = if usage.get("is_byok").and_then(Value::as_bool) == Some(true) {
        usage.get("cost_details").and_then(|d| d.get("upstream_inference_cost")).and_then(number).unwrap_or_default()
    } else {
        0.0
    };
    nanos(own + upstream)
}

/// Dollars as nano-dollars; nothing for what is no bill.
fn nanos(usd: f64) -> Option<u64> {
    let nanos = (usd * 1e9).round();
    (0.0..1e18).contains(&nanos).then_some(nanos as u64)
}

/// Brings the counts of the vendor's object to OpenAI's meaning; fields of its own stay.
fn rewrite(object: &mut Object, usage: &Usage) {
    object.insert("prompt_tokens".into(), usage.input.into());
    object.insert("completion_tokens".into(), usage.output.into());
    object.insert("total_tokens".into(), usage.input.saturating_add(usage.output).into());
    detail(object, "prompt_tokens_details", "cached_tokens", usage.cached_read);
    detail(object, "completion_tokens_details", "reasoning_tokens", usage.reasoning);
}

fn detail(object: &mut Object, group: &str, name: &str, value: u64) {
    if let Some(Value::Object(details)) = object.get_mut(group) {
        if value > 0 || details.contains_key(name) {
            details.insert(name.into(), value.into());
        }
    } else if value > 0 {
        object.insert(group.into(), json!({name: value}));
    }
}

fn part<'a>(usage: &'a Object, names: &[&str]) -> Option<&'a Map<String, Value>> {
    names.iter().find_map(|name| usage.get(*name)?.as_object())
}

fn first(usage: &Object, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| usage.get(*name).and_then(count))
}

fn largest(object: Option<&Object>, names: &[&str]) -> u64 {
    let Some(object) = object else { return 0 };
    names.iter().filter_map(|name| object.get(*name).and_then(count)).max().unwrap_or_default()
}

/// A count in any of the types seen: whole, with a fraction, as text.
fn count(value: &Value) -> Option<u64> {
    if let Some(count) = value.as_u64() {
        return Some(count);
    }
    number(value).filter(|n| (0.0..1e15).contains(n)).map(|n| n.round() as u64)
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}
