//! What a key may do: settings as they are written in, checked settings out, changes laid over them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::admit::{Budgets, Limits};
use crate::error::{Error, ErrorKind};
use crate::wire::{Strategy, without_values};

/// Names and owners longer than this are a mistake.
const LONGEST: usize = 256;
/// More tags than this are a mistake.
const MOST_TAGS: usize = 64;

/// The settings of a key. All are optional: a key of none may do everything that the router can.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct KeySettings {
    /// A name for people; it stands in ledger entries.
    pub name: Option<String>,
    /// Whose it is: a tenant, a team, a person.
    pub owner: Option<String>,
    /// Labels that every request of the key carries. They win over labels of the same name that a request brings.
    pub tags: BTreeMap<String, String>,
    /// The models that may answer: `provider/model`, a bare name as a request would name it, or an alias, which stands
    /// for the models that it lists. Empty: every model.
    pub models: Vec<String>,
    /// The providers that may answer. Empty: every provider.
    pub providers: Vec<String>,
    /// The strategies that requests may ask for. Empty: every strategy.
    pub strategies: Vec<Strategy>,
    /// The strategy of requests that ask for none.
    pub strategy: Option<Strategy>,
    /// Requests and tokens over time.
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// Money over time: one budget or a list.
    #[serde(alias = "budget")]
    pub budgets: Budgets,
    /// When the key ends, in RFC 3339 such as `2027-01-31T12:00:00Z`. A moment that has passed ends it at once.
    pub expires_at: Option<Timestamp>,
}

/// A key to be made: its settings, and credentials that its owner has with providers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NewKey {
    /// What it may do.
    pub settings: KeySettings,
    /// The owner's own keys by provider: requests of this key to that provider carry them in place of the router's.
    pub credentials: BTreeMap<String, SecretString>,
}

impl NewKey {
    /// Reads a key's settings, with `credentials` among them, from JSON.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix; it quotes no value.
    ///
    /// # Examples
    /// ```
    /// use clawrouters::NewKey;
    ///
    /// let key = NewKey::from_value(serde_json::json!({
    ///     "name": "acme", "tags": {"team": "search"}, "models": ["openai/gpt-4o-mini"],
    ///     "limits": {"requests_per_minute": 60}, "budget": {"usd": 5.0, "window": "day"},
    /// }))?;
    /// assert_eq!(key.settings.name.as_deref(), Some("acme"));
    /// # Ok::<(), clawrouters::Error>(())
    /// ```
    pub fn from_value(value: Value) -> Result<Self, Error> {
        let Value::Object(mut fields) = value else {
            return Err(Error::invalid_request("key", "must be an object of settings"));
        };
        // Settings that are not given come as null from languages with optional arguments.
        fields.retain(|_, value| !value.is_null());
        let credentials = credentials(fields.shift_remove("credentials"))?;
        let settings = read(fields)?;
        Ok(Self { settings, credentials })
    }
}

impl KeySettings {
    /// These settings with the fields of a change in their place; null takes a field back to its default.
    pub(super) fn changed(&self, change: Map<String, Value>) -> Result<Self, Error> {
        let fault = |_| Error::new(ErrorKind::Internal, "settings of a key are no JSON");
        let Value::Object(mut fields) = serde_json::to_value(self).map_err(fault)? else {
            return Err(Error::new(ErrorKind::Internal, "settings of a key are no object"));
        };
        for (name, value) in change {
            let name = if name == "budget" { "budgets".to_owned() } else { name };
            fields.insert(name, value);
        }
        fields.retain(|_, value| !value.is_null());
        read(fields)
    }

    /// Checks what types alone cannot and what needs no router.
    fn check(&self) -> Result<(), Error> {
        for (field, text) in [("name", &self.name), ("owner", &self.owner)] {
            if text.as_ref().is_some_and(|text| !is_label(text)) {
                return Err(Error::invalid_request(field, "must be a text of 1 to 256 characters in one line"));
            }
        }
        if self.tags.len() > MOST_TAGS || self.tags.iter().any(|(name, value)| !is_label(name) || value.len() > LONGEST)
        {
            let fix = "must be at most 64 labels, with names of 1 to 256 characters in one line";
            return Err(Error::invalid_request("tags", fix));
        }
        for (field, names) in [("models", &self.models), ("providers", &self.providers)] {
            if let Some(at) = names.iter().position(|name| name.trim().is_empty()) {
                return Err(Error::invalid_request(format!("{field}[{at}]"), "must not be empty"));
            }
        }
        if let Some(at) = self.models.iter().position(|name| name == "auto" || name.starts_with("auto:")) {
            let fix =
                "is no model: every key may ask for auto, which chooses among its models; use strategies to limit how";
            return Err(Error::invalid_request(format!("models[{at}]"), fix));
        }
        if let Some(own) = self.strategy.filter(|own| !self.strategies.is_empty() && !self.strategies.contains(own)) {
            return Err(Error::invalid_request("strategy", format!("{} is not among strategies", own.as_str())));
        }
        self.limits.check("limits").and_then(|()| self.budgets.check("budgets")).map_err(as_request)
    }
}

fn is_label(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Limits and budgets speak of configurations; here they are arguments of a call.
fn as_request(error: Error) -> Error {
    let param = error.param().unwrap_or("key").to_owned();
    let fix = error.message().strip_prefix(&format!("{param}: ")).unwrap_or(error.message()).to_owned();
    Error::invalid_request(param, fix)
}

fn read(fields: Map<String, Value>) -> Result<KeySettings, Error> {
    for table in ["tags", "limits"] {
        if fields.get(table).is_some_and(|value| !value.is_object()) {
            return Err(Error::invalid_request(table, "must be an object"));
        }
    }
    let settings: KeySettings = serde_path_to_error::deserialize(Value::Object(fields)).map_err(|e| {
        let path = e.path().to_string();
        let message = e.inner().to_string();
        let message = message.lines().next().unwrap_or_default();
        let field = if path == "." { "key" } else { &path };
        match path.as_str() {
            "expires_at" => Error::invalid_request(field, "must be a moment in RFC 3339, such as 2027-01-31T12:00:00Z"),
            _ => Error::invalid_request(field, without_values(message)),
        }
    })?;
    settings.check()?;
    Ok(settings)
}

/// Reads credentials by provider without ever quoting one.
pub(super) fn credentials(value: Option<Value>) -> Result<BTreeMap<String, SecretString>, Error> {
    let fields = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(Error::invalid_request("credentials", "must be an object of keys by provider")),
    };
    let one = |(provider, secret): (String, Value)| match secret {
        Value::String(secret) => Ok((provider, SecretString::from(secret.trim().to_owned()))),
        _ => Err(Error::invalid_request(format!("credentials.{provider}"), "must be the provider's key as text")),
    };
    let all: BTreeMap<String, SecretString> = fields.into_iter().map(one).collect::<Result<_, _>>()?;
    let unfit = |secret: &SecretString| {
        let text = secret.expose_secret();
        text.is_empty() || http::HeaderValue::from_str(text).is_err()
    };
    match all.iter().find(|(_, secret)| unfit(secret)) {
        Some((provider, _)) => {
            let fix = "must be a key that can stand in a header, and not empty";
            Err(Error::invalid_request(format!("credentials.{provider}"), fix))
        }
        None => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn impossible_settings_are_refused_by_name_and_quote_no_value() {
        let cases = [
            (json!([]), "key"),
            (json!({"nam": "x"}), "nam"),
            (json!({"name": ""}), "name"),
            (json!({"name": 5}), "name"),
            (json!({"owner": "a\nb"}), "owner"),
            (json!({"tags": ["a"]}), "tags"),
            (json!({"tags": {"": "x"}}), "tags"),
            (json!({"models": "openai/gpt-4o"}), "models"),
            (json!({"models": [""]}), "models[0]"),
            (json!({"models": ["openai/gpt-4o", "auto"]}), "models[1]"),
            (json!({"providers": [" "]}), "providers[0]"),
            (json!({"strategies": ["cheap"]}), "strategies[0]"),
            (json!({"strategies": ["best"], "strategy": "cheapest"}), "strategy"),
            (json!({"limits": {"requests_per_minute": 0}}), "limits.requests_per_minute"),
            (json!({"limits": {"requests_per_year": 1}}), "limits.requests_per_year"),
            (json!({"budget": {"usd": -1}}), "budgets.usd"),
            (json!({"budgets": [{"usd": 1}, {"usd": 0}]}), "budgets[1].usd"),
            (json!({"expires_at": "tomorrow"}), "expires_at"),
            (json!({"expires_at": 1_700_000_000}), "expires_at"),
            (json!({"credentials": {"openai": "sk-secret\n-1"}}), "credentials.openai"),
            (json!({"credentials": {"openai": ""}}), "credentials.openai"),
            (json!({"credentials": {"openai": ["sk-secret"]}}), "credentials.openai"),
            (json!({"credentials": "sk-secret"}), "credentials"),
        ];
        for (value, field) in cases {
            let error = NewKey::from_value(value.clone()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{value}");
            assert_eq!(error.param(), Some(field), "{value}: {error}");
            assert!(!format!("{error:?}").contains("sk-secret"), "{error:?}");
        }
    }

    #[test]
    fn a_change_replaces_fields_and_null_takes_them_back() {
        let full =
            json!({"name": "a", "tags": {"team": "x"}, "models": ["m"], "budget": {"usd": 1.0, "window": "day"}});
        let key = NewKey::from_value(full).unwrap().settings;
        let change = json!({"name": "b", "models": null, "budget": [{"usd": 2.0}, {"usd": 3.0}]});
        let Value::Object(change) = change else { panic!("an object") };
        let next = key.changed(change).unwrap();
        assert_eq!((next.name.as_deref(), next.models.len(), next.budgets.0.len()), (Some("b"), 0, 2));
        assert_eq!(next.tags, key.tags);
    }

    #[test]
    fn settings_go_through_json_unchanged() {
        let full = json!({
            "name": "a", "owner": "o", "tags": {"team": "x"}, "models": ["m"], "providers": ["p"],
            "strategies": ["best", "cheapest"], "strategy": "best", "limits": {"concurrency": 2},
            "budgets": {"usd": 1.0, "window": "day", "time_zone": "UTC"}, "expires_at": "2027-01-31T12:00:00Z",
        });
        let key = NewKey::from_value(full.clone()).unwrap().settings;
        assert_eq!(serde_json::to_value(&key).unwrap(), full);
        let again: KeySettings = serde_json::from_value(full).unwrap();
        assert_eq!(again, key);
    }
}
