//! Routing options as headers of the drop-in: `x-clawrouters-*` in, options out. Headers win over the body.

use http::HeaderMap;
use secrecy::SecretString;

use crate::error::Error;
use crate::telemetry::TraceContext;
use crate::wire::{CacheMode, CacheOptions, RouteOptions, Strategy};

const PREFIX: &str = "x-clawrouters-";

/// Lays the headers over the options of the body.
pub(super) fn apply(headers: &HeaderMap, options: &mut RouteOptions) -> Result<(), Error> {
    cache_control(headers, &mut options.cache);
    trace(headers, options);
    for (name, value) in headers {
        let Some(option) = name.as_str().strip_prefix(PREFIX) else { continue };
        let fault = |fix: &str| Error::invalid_request(name.as_str().to_owned(), fix);
        let value = value.to_str().map_err(|_| fault("must be plain text"))?.trim();
        let list = || value.split(',').map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect::<Vec<_>>();
        let number = || value.parse::<f64>().map_err(|_| fault("must be a number"));
        match option {
            "strategy" => {
                let strategy =
                    Strategy::parse(value).ok_or_else(|| fault("must be cheapest, balanced, best or fastest"))?;
                options.strategy = Some(strategy);
            }
            "only" => options.only = list(),
            "ignore" => options.ignore = list(),
            "order" => options.order = list(),
            "fallbacks" => options.fallbacks = list(),
            "require" => options.require = list(),
            "allow-fallbacks" => {
                options.allow_fallbacks = Some(value.parse().map_err(|_| fault("must be true or false"))?);
            }
            "max-price-input" => options.max_price.get_or_insert_default().input = Some(number()?),
            "max-price-output" => options.max_price.get_or_insert_default().output = Some(number()?),
            "max-cost" => options.max_cost = Some(number()?),
            "min-quality" => options.min_quality = Some(number()?),
            "zdr" => options.zdr = value.parse().map_err(|_| fault("must be true or false"))?,
            "task" => options.task = Some(word(value).ok_or_else(|| fault("must be a kind such as code or chat"))?),
            "difficulty" => options.difficulty = Some(number()?),
            "baseline" => options.baseline = Some(value.to_owned()),
            "deadline-ms" => {
                options.deadline_ms = Some(value.parse().map_err(|_| fault("must be whole milliseconds"))?);
            }
            "session" => options.session = Some(value.to_owned()),
            "on-interrupt" => options.on_interrupt = Some(word(value).ok_or_else(|| fault("must be resume or error"))?),
            "on-malformed" => options.on_malformed = Some(word(value).ok_or_else(|| fault("must be break or skip"))?),
            "priority" => options.priority = word(value).ok_or_else(|| fault("must be high, normal or low"))?,
            "critical" => options.critical = value.parse().map_err(|_| fault("must be true or false"))?,
            "parameters" => {
                options.parameters = Some(word(value).ok_or_else(|| fault("must be adapt, drop or error"))?);
            }
            "cache" => cache(value, &mut options.cache).map_err(fault)?,
            tag if tag.starts_with("tag-") => {
                options.tags.insert(tag["tag-".len()..].to_owned(), value.to_owned());
            }
            _ => {
                let known = "strategy, only, ignore, order, fallbacks, require, allow-fallbacks, max-price-input, \
                             max-price-output, max-cost, min-quality, zdr, task, difficulty, baseline, deadline-ms, \
                             session, on-interrupt, on-malformed, parameters, cache, priority, critical, tag-NAME";
                return Err(fault(&format!("is unknown; use x-clawrouters- with one of {known}")));
            }
        }
    }
    Ok(())
}

/// What a caller's HTTP says of caches: `no-cache` or an age of 0, and `no-store`.
fn cache_control(headers: &HeaderMap, options: &mut CacheOptions) {
    let told = headers.get_all(http::header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    for directive in told.flat_map(|value| value.split(',')) {
        match directive.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "max-age=0" => options.forbid(CacheMode::NoCache),
            "no-store" => options.forbid(CacheMode::NoStore),
            _ => {}
        }
    }
}

/// Modes and a time, such as `no-store` or `use, ttl_s=60`.
fn cache(value: &str, options: &mut CacheOptions) -> Result<(), &'static str> {
    const SHAPE: &str = "must be use, no-cache, no-store or off, and may hold ttl_s=SECONDS, separated by a comma";
    for wish in value.split(',').map(str::trim) {
        match wish.split_once('=') {
            Some(("ttl_s", seconds)) => {
                let seconds = seconds.trim().parse::<f64>().map_err(|_| SHAPE)?;
                let fits = seconds > 0.0 && seconds <= crate::wire::LONGEST_TTL_S;
                options.ttl_s = Some(seconds).filter(|_| fits);
                options.ttl_s.ok_or("must hold a ttl_s above 0 and of at most 31536000 seconds")?;
            }
            Some(_) => return Err(SHAPE),
            None => options.forbid(word(wish).ok_or(SHAPE)?),
        }
    }
    Ok(())
}

/// The caller's key: the bearer, or `x-api-key` of clients that know no bearer.
pub(super) fn api_key(headers: &HeaderMap) -> Option<SecretString> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, key) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    bearer.or_else(|| text("x-api-key")).map(SecretString::from)
}

/// The caller's span. W3C has readers pass over what they cannot read.
fn trace(headers: &HeaderMap, options: &mut RouteOptions) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(parent) = text("traceparent").filter(|parent| TraceContext::parse(parent, None).is_some()) {
        options.traceparent = Some(parent.to_owned());
        options.tracestate = text("tracestate").map(str::to_owned);
    }
}

/// The choice that a word stands for.
fn word<T: serde::de::DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_value(value.into()).ok()
}
