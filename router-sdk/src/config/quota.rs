//! The sections `limits` and `budgets`: who may use and spend how much.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::admit::{Budgets, Limits};
use crate::error::Error;

/// The longest time that a request may be made to wait for room, in milliseconds.
const LONGEST_QUEUE_MS: u64 = 3_600_000;

/// Requests, tokens and requests at the same time, by whom they are limited for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Of all requests together.
    pub global: Limits,
    /// Of requests sent to a `provider/model`.
    pub models: BTreeMap<String, Limits>,
    /// Of requests sent to a provider.
    pub providers: BTreeMap<String, Limits>,
    /// Of requests that carry a tag, by `name=value`.
    pub tags: BTreeMap<String, Limits>,
    /// How long a request waits for a limit to have room before it is refused, in milliseconds, those of higher
    /// `route.priority` first; 0 (default): not at all.
    pub queue_ms: u64,
}

/// Money, by whom it is limited for. Each takes one budget or a list.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BudgetsConfig {
    /// Of all requests together.
    pub global: Budgets,
    /// Of requests sent to a `provider/model`.
    pub models: BTreeMap<String, Budgets>,
    /// Of requests sent to a provider.
    pub providers: BTreeMap<String, Budgets>,
    /// Of requests that carry a tag, by `name=value`.
    pub tags: BTreeMap<String, Budgets>,
}

/// Checks values and names.
pub(super) fn check(limits: &LimitsConfig, budgets: &BudgetsConfig) -> Result<(), Error> {
    limits.global.check("limits.global")?;
    budgets.global.check("budgets.global")?;
    let groups = [("models", &limits.models), ("providers", &limits.providers), ("tags", &limits.tags)];
    for (group, entries) in groups {
        for (name, entry) in entries {
            let field = format!("limits.{group}.{name}");
            named(group, name, &field)?;
            entry.check(&field)?;
        }
    }
    let groups = [("models", &budgets.models), ("providers", &budgets.providers), ("tags", &budgets.tags)];
    for (group, entries) in groups {
        for (name, entry) in entries {
            let field = format!("budgets.{group}.{name}");
            named(group, name, &field)?;
            entry.check(&field)?;
            if group != "tags" && entry.0.iter().any(|budget| budget.on_soft.is_some()) {
                let fix = "has no use here: the model is chosen by then; set it on a global, tag or key budget";
                return Err(Error::invalid_config(format!("{field}.on_soft"), fix));
            }
        }
    }
    if limits.queue_ms > LONGEST_QUEUE_MS {
        return Err(Error::invalid_config("limits.queue_ms", "must be from 0 to 3600000 milliseconds"));
    }
    Ok(())
}

fn named(group: &str, name: &str, field: &str) -> Result<(), Error> {
    let parts = |by| name.split_once(by).is_some_and(|(a, b)| !a.trim().is_empty() && !b.trim().is_empty());
    let (fits, fix) = match group {
        "models" => (parts('/'), "must be \"provider/model\""),
        "tags" => (parts('='), "must be \"name=value\", as in route.tags"),
        _ => (!name.trim().is_empty() && !name.contains('/'), "must be the name of a provider"),
    };
    if fits { Ok(()) } else { Err(Error::invalid_config(field, fix)) }
}

/// The first place of the sections that has to be a table and is none: a list would be taken for one by position.
pub(super) fn not_a_table(config: &Value) -> Option<String> {
    for section in ["limits", "budgets"] {
        let Some(value) = config.get(section) else { continue };
        for group in ["models", "providers", "tags"] {
            let Some(entries) = value.get(group).filter(|entries| !entries.is_null()) else { continue };
            let Some(entries) = entries.as_object() else { return Some(format!("{section}.{group}")) };
            let wrong = entries.iter().find(|(_, entry)| section == "limits" && !entry.is_object());
            if let Some((name, _)) = wrong {
                return Some(format!("{section}.{group}.{name}"));
            }
        }
        if section == "limits" && value.get("global").is_some_and(|global| !global.is_null() && !global.is_object()) {
            return Some("limits.global".to_owned());
        }
    }
    None
}
