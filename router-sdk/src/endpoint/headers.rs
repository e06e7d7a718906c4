//! Routing options as headers of the drop-in: `x-clawrouters-*` in, options out. Headers win over the body.

use http::HeaderMap;

use crate::error::Error;
use crate::wire::{RouteOptions, Strategy};

const PREFIX: &str = "x-clawrouters-";

/// Lays the headers over the options of the body.
pub(super) fn apply(headers: &HeaderMap, options: &mut RouteOptions) -> Result<(), Error> {
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
            "zdr" => options.zdr = value.parse().map_err(|_| fault("must be true or false"))?,
            "baseline" => options.baseline = Some(value.to_owned()),
            "deadline-ms" => {
                options.deadline_ms = Some(value.parse().map_err(|_| fault("must be whole milliseconds"))?);
            }
            "session" => options.session = Some(value.to_owned()),
            "on-interrupt" => options.on_interrupt = Some(word(value).ok_or_else(|| fault("must be resume or error"))?),
            "on-malformed" => options.on_malformed = Some(word(value).ok_or_else(|| fault("must be break or skip"))?),
            "priority" => options.priority = word(value).ok_or_else(|| fault("must be high, normal or low"))?,
            "parameters" => {
                options.parameters = Some(word(value).ok_or_else(|| fault("must be adapt, drop or error"))?);
            }
            tag if tag.starts_with("tag-") => {
                options.tags.insert(tag["tag-".len()..].to_owned(), value.to_owned());
            }
            _ => {
                let known = "strategy, only, ignore, order, fallbacks, require, allow-fallbacks, max-price-input, \
                             max-price-output, max-cost, zdr, baseline, deadline-ms, session, on-interrupt, on-malformed, \
                             parameters, priority, tag-NAME";
                return Err(fault(&format!("is unknown; use x-clawrouters- with one of {known}")));
            }
        }
    }
    Ok(())
}

/// The choice that a word stands for.
fn word<T: serde::de::DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_value(value.into()).ok()
}
