//! Values that types alone cannot rule out: a configuration in, nothing or the key and the fix out.

mod pool;

use secrecy::ExposeSecret;
use serde_json::Value;

use pool::{WEIGHT, address, headers, pool, weighs};

use super::{Config, LedgerConfig, MEDIA_TOGETHER, MediaConfig, ProviderConfig, quota};
use crate::error::Error;
use crate::wire::not_a_table;

/// The words of a deserialisation error, with a hint for the common slip.
pub(super) fn describe(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return format!("unknown key {rest}");
    }
    crate::wire::without_values(message)
}

/// TOML knows numbers that are none, which JSON would leave out in silence.
pub(super) fn numbers(value: &toml::Value, at: &str) -> Result<(), Error> {
    match value {
        toml::Value::Float(number) if !number.is_finite() => Err(Error::invalid_config(at, "must be a finite number")),
        toml::Value::Table(table) => table.iter().try_for_each(|(key, inner)| {
            numbers(inner, &if at.is_empty() { key.clone() } else { format!("{at}.{key}") })
        }),
        toml::Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(i, inner)| numbers(inner, &format!("{at}[{i}]")))
        }
        _ => Ok(()),
    }
}

/// Tables must be tables: a list would be taken for one by position.
pub(super) fn tables(value: &Value) -> Result<(), Error> {
    let fault = |key: String| Error::invalid_config(key, "must be a table");
    let top = [
        "providers",
        "aliases",
        "timeouts",
        "retry",
        "breaker",
        "ledger",
        "hedge",
        "shadow",
        "judge",
        "learning",
        "media",
        "hooks",
        "telemetry",
        "limits",
        "budgets",
        "cache",
        "keys",
        "sessions",
        "state",
    ];
    if let Some(key) = not_a_table(value, &top) {
        return Err(fault(key));
    }
    if let Some(key) = quota::not_a_table(value) {
        return Err(fault(key));
    }
    if let Some(key) = value.get("cache").and_then(|cache| not_a_table(cache, &["exact", "semantic"])) {
        return Err(fault(format!("cache.{key}")));
    }
    for (name, provider) in value.get("providers").and_then(Value::as_object).into_iter().flatten() {
        if !provider.is_object() {
            return Err(fault(format!("providers.{name}")));
        }
        if let Some(key) = not_a_table(provider, &["headers", "sandbox", "deployment_names"]) {
            return Err(fault(format!("providers.{name}.{key}")));
        }
        if provider.get("sandbox").is_some_and(|s| not_a_table(s, &["fail"]).is_some()) {
            return Err(fault(format!("providers.{name}.sandbox.fail")));
        }
    }
    for (i, rule) in value.get("rules").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if !rule.is_object() {
            return Err(fault(format!("rules[{i}]")));
        }
        if let Some(key) = not_a_table(rule, &["tags", "metadata"]) {
            return Err(fault(format!("rules[{i}].{key}")));
        }
    }
    for (i, model) in value.get("models").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if !model.is_object() {
            return Err(fault(format!("models[{i}]")));
        }
        if let Some(key) = not_a_table(model, &["price", "capabilities", "scores"]) {
            return Err(fault(format!("models[{i}].{key}")));
        }
    }
    Ok(())
}

pub(super) fn config(config: &Config) -> Result<(), Error> {
    timeouts(config)?;
    retries(config)?;
    shares(config)?;
    media(&config.media)?;
    if config.telemetry.content && !config.ledger.log_content {
        let fix = "needs ledger.log_content = true: spans take their text from the entries of the ledger";
        return Err(Error::invalid_config("telemetry.content", fix));
    }
    if config.hooks.timeout_ms == 0 || config.hooks.timeout_ms > LONGEST_MS {
        return Err(Error::invalid_config("hooks.timeout_ms", "must be from 1 to 31536000000 milliseconds"));
    }
    super::rule::check(&config.rules)?;
    ledger(&config.ledger)?;
    super::cache::check(&config.cache)?;
    aliases(config)?;
    config.keys.as_ref().map_or(Ok(()), |keys| keys.check())?;
    config.learning.as_ref().map_or(Ok(()), |learning| learning.check())?;
    quota::check(&config.limits, &config.budgets)?;
    for (i, model) in config.models.iter().enumerate() {
        if model.id.split_once('/').is_none_or(|(p, m)| p.is_empty() || m.is_empty()) {
            return Err(Error::invalid_config(format!("models[{i}].id"), "must be \"provider/model\""));
        }
        if model.context_window == Some(0) || model.max_output_tokens == Some(0) {
            return Err(Error::invalid_config(
                format!("models[{i}]"),
                "context_window and max_output_tokens must be above 0",
            ));
        }
    }
    if config.tokens.exact && !crate::wire::CAN_COUNT {
        let fix = "needs a build with the feature exact-tokens; leave it out, or build the crate with that feature";
        return Err(Error::invalid_config("tokens.exact", fix));
    }
    config.sessions.check()?;
    if let Some(state) = &config.state {
        state.check()?;
    }
    providers(config)
}

/// A year, which keeps every sum of limits inside what clocks can hold.
const LONGEST_MS: u64 = 31_536_000_000;

fn timeouts(config: &Config) -> Result<(), Error> {
    let t = &config.timeouts;
    let limits = [
        ("connect_ms", t.connect_ms),
        ("first_token_ms", t.first_token_ms),
        ("first_token_reasoning_ms", t.first_token_reasoning_ms.unwrap_or(t.first_token_ms)),
        ("idle_ms", t.idle_ms),
        ("whole_ms", t.whole_ms),
        ("total_ms", t.total_ms),
    ];
    for (name, value) in limits {
        if value == 0 || value > LONGEST_MS {
            return Err(Error::invalid_config(
                format!("timeouts.{name}"),
                "must be from 1 to 31536000000 milliseconds",
            ));
        }
    }
    Ok(())
}

fn media(media: &MediaConfig) -> Result<(), Error> {
    if media.max_bytes == 0 || media.max_bytes > MEDIA_TOGETHER {
        return Err(Error::invalid_config("media.max_bytes", format!("must be from 1 to {MEDIA_TOGETHER}")));
    }
    if media.timeout_ms == 0 || media.timeout_ms > 3_600_000 {
        return Err(Error::invalid_config("media.timeout_ms", "must be from 1 to 3600000 milliseconds"));
    }
    for (i, host) in media.allow_hosts.iter().enumerate() {
        let name = host.strip_prefix("*.").unwrap_or(host);
        if name.is_empty() || name.contains(['/', '*', '@', ' ']) {
            let fix = "must be a host such as img.example.com, *.example.com or img.example.com:8443";
            return Err(Error::invalid_config(format!("media.allow_hosts[{i}]"), fix));
        }
    }
    Ok(())
}

fn ledger(ledger: &LedgerConfig) -> Result<(), Error> {
    let refuse = |key: &str, fix: &str| Err(Error::invalid_config(format!("ledger.{key}"), fix));
    if ledger.flush_ms == 0 || ledger.flush_ms > 60_000 {
        return refuse("flush_ms", "must be from 1 to 60000 milliseconds");
    }
    if ledger.queue == 0 || ledger.queue > 10_000_000 {
        return refuse("queue", "must be from 1 to 10000000 entries");
    }
    if ledger.retention_days.is_some_and(|days| days == 0 || days > 36_500) {
        return refuse("retention_days", "must be from 1 to 36500 days; leave it out to keep everything");
    }
    if ledger.retention_days.is_some() && ledger.sqlite.is_none() {
        return refuse("retention_days", "needs ledger.sqlite, whose entries it takes out");
    }
    if ledger.sqlite.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        return refuse("sqlite", "must be the path of a file");
    }
    if ledger.sqlite.is_some() && !cfg!(feature = "sqlite") {
        return refuse(
            "sqlite",
            "needs a build with the feature sqlite; leave it out, or build the crate with that feature",
        );
    }
    if let Some(lines) = &ledger.jsonl {
        if lines.path.as_os_str().is_empty() {
            return refuse("jsonl", "must be the path of a file, or a table with one");
        }
        if lines.max_bytes < 1024 || lines.keep > 10_000 {
            return refuse("jsonl", "must have a max_bytes from 1024 on and a keep of at most 10000");
        }
    }
    Ok(())
}

fn retries(config: &Config) -> Result<(), Error> {
    let (r, b) = (&config.retry, &config.breaker);
    for (name, value) in [("max_attempts", r.max_attempts), ("max_total_attempts", r.max_total_attempts)] {
        if value == 0 {
            return Err(Error::invalid_config(format!("retry.{name}"), "must be at least 1"));
        }
    }
    if !(r.budget_earn.is_finite() && (0.0..=1.0).contains(&r.budget_earn)) {
        return Err(Error::invalid_config("retry.budget_earn", "must be from 0 to 1"));
    }
    if r.backoff_ms == 0 || r.backoff_max_ms < r.backoff_ms {
        return Err(Error::invalid_config(
            "retry.backoff_max_ms",
            "must be at least retry.backoff_ms, which must be above 0",
        ));
    }
    if b.failures == 0 {
        return Err(Error::invalid_config("breaker.failures", "must be at least 1"));
    }
    if b.cooldown_ms == 0 || b.cooldown_max_ms < b.cooldown_ms {
        return Err(Error::invalid_config(
            "breaker.cooldown_max_ms",
            "must be at least breaker.cooldown_ms, which must be above 0",
        ));
    }
    Ok(())
}

/// Hedging, shadows and the breaker's rate.
fn shares(config: &Config) -> Result<(), Error> {
    let b = &config.breaker;
    if !(b.window_rate > 0.0 && b.window_rate <= 1.0) {
        return Err(Error::invalid_config("breaker.window_rate", "must be above 0 and at most 1"));
    }
    let positive =
        [("window_ms", b.window_ms), ("window_calls", b.window_calls.into()), ("key_rest_ms", b.key_rest_ms)];
    for (name, value) in positive {
        if value == 0 || value > LONGEST_MS {
            return Err(Error::invalid_config(format!("breaker.{name}"), "must be from 1 to 31536000000"));
        }
    }
    if b.probe_interval_ms.is_some_and(|ms| !(10..=LONGEST_MS).contains(&ms)) {
        return Err(Error::invalid_config("breaker.probe_interval_ms", "must be from 10 to 31536000000 milliseconds"));
    }
    if !(0.0..=1.0).contains(&config.hedge.share) {
        return Err(Error::invalid_config("hedge.share", "must be from 0 to 1"));
    }
    if let Some(shadow) = &config.shadow {
        if !(shadow.share > 0.0 && shadow.share <= 1.0) {
            return Err(Error::invalid_config("shadow.share", "must be above 0 and at most 1"));
        }
        if shadow.model.split_once('/').is_none_or(|(p, m)| p.is_empty() || m.is_empty()) {
            return Err(Error::invalid_config("shadow.model", "must be \"provider/model\""));
        }
    }
    if let Some(judge) = &config.judge {
        judge.check()?;
    }
    if config.timeouts.min_tokens_per_second.is_some_and(|pace| !(pace > 0.0 && pace <= 1e6)) {
        return Err(Error::invalid_config("timeouts.min_tokens_per_second", "must be above 0 and at most 1000000"));
    }
    Ok(())
}

fn aliases(config: &Config) -> Result<(), Error> {
    for (name, alias) in &config.aliases {
        let models = &alias.models;
        let key = format!("aliases.{name}");
        if name.is_empty() || name == "auto" || name.starts_with("auto:") || name.contains('/') {
            return Err(Error::invalid_config(key, "must be a name without a slash that is not auto"));
        }
        if models.is_empty() {
            return Err(Error::invalid_config(key, "must list at least one model"));
        }
        if let Some(inner) = models.iter().find(|m| config.aliases.contains_key(&m.model)) {
            let fix = format!("lists the alias {}; list its models instead", inner.model);
            return Err(Error::invalid_config(key, fix));
        }
        if let Some(at) = models.iter().position(|m| !weighs(m.weight)) {
            return Err(Error::invalid_config(format!("{key}.models[{at}].weight"), WEIGHT));
        }
    }
    Ok(())
}

fn providers(config: &Config) -> Result<(), Error> {
    for (name, provider) in &config.providers {
        let key = |field: &str| format!("providers.{name}.{field}");
        if name.is_empty() || name.contains('/') || name.chars().any(char::is_whitespace) {
            return Err(Error::invalid_config(format!("providers.{name}"), "must be a name without slashes or spaces"));
        }
        if let Some(url) = &provider.base_url {
            address(&key("base_url"), url)?;
        }
        if provider.api.as_deref().is_some_and(|api| !["chat", "responses"].contains(&api)) {
            return Err(Error::invalid_config(key("api"), "must be chat or responses"));
        }
        headers(&|header| key(&format!("headers.{header}")), &provider.headers)?;
        pool(&key, provider)?;
        aws(provider, key)?;
        if provider.kind.as_deref() == Some("sandbox") {
            let useless = [
                ("base_url", provider.base_url.is_some()),
                ("api", provider.api.is_some()),
                ("api_key", provider.api_key.is_some()),
                ("api_key_env", provider.api_key_env.is_some()),
                ("headers", !provider.headers.is_empty()),
                ("api_keys", !provider.api_keys.is_empty()),
                ("deployments", !provider.deployments.is_empty()),
                ("region", provider.region.is_some()),
                ("access_key_id", provider.access_key_id.is_some()),
                ("secret_access_key", provider.secret_access_key.is_some()),
                ("session_token", provider.session_token.is_some()),
                ("profile", provider.profile.is_some()),
                ("inference_profile", provider.inference_profile.is_some()),
            ];
            if let Some((field, _)) = useless.iter().find(|(_, given)| *given) {
                return Err(Error::invalid_config(
                    key(field),
                    "has no use in the sandbox, which sends nothing; leave it out",
                ));
            }
        }
        if let Some(sandbox) = &provider.sandbox {
            if provider.kind.as_deref() != Some("sandbox") {
                return Err(Error::invalid_config(key("sandbox"), "needs kind = \"sandbox\""));
            }
            if sandbox.latency.is_some_and(|l| !(l.is_finite() && (0.0..=100.0).contains(&l))) {
                return Err(Error::invalid_config(key("sandbox.latency"), "must be from 0 to 100"));
            }
            if sandbox.fail.as_ref().is_some_and(|f| !(400..=599).contains(&f.status)) {
                return Err(Error::invalid_config(key("sandbox.fail.status"), "must be from 400 to 599"));
            }
        }
    }
    Ok(())
}

/// Settings of Amazon Bedrock: none blank, none that contradict each other, none that cannot stand in a header.
fn aws(provider: &ProviderConfig, key: impl Fn(&str) -> String) -> Result<(), Error> {
    let secrets = [
        ("access_key_id", &provider.access_key_id),
        ("secret_access_key", &provider.secret_access_key),
        ("session_token", &provider.session_token),
    ];
    for (field, secret) in secrets {
        let Some(text) = secret.as_ref().map(|secret| secret.expose_secret().trim()) else { continue };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::invalid_config(key(field), "must be the text that AWS gave, and not empty"));
        }
    }
    let keys = secrets.iter().any(|(_, secret)| secret.is_some());
    if keys && provider.profile.is_some() {
        return Err(Error::invalid_config(key("profile"), "cannot stand beside keys; leave out one of them"));
    }
    if (keys || provider.profile.is_some()) && (provider.api_key.is_some() || provider.api_key_env.is_some()) {
        return Err(Error::invalid_config(key("api_key"), "cannot stand beside AWS keys or a profile; leave out one"));
    }
    for (field, value) in [("profile", &provider.profile), ("inference_profile", &provider.inference_profile)] {
        let fits = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        if value.as_deref().is_some_and(|text| !fits(text)) {
            return Err(Error::invalid_config(key(field), "must be a name"));
        }
    }
    Ok(())
}
