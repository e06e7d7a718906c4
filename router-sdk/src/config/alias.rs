//! An own name for several models: a list in order, or a group that is balanced.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Balance;

/// An own name for models. Written as a list it is tried in that order; with `balance` requests are spread over it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Alias {
    /// The models.
    pub models: Vec<AliasModel>,
    /// How requests are spread; absent: in order.
    pub balance: Option<Balance>,
}

/// A model of an alias.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AliasModel {
    /// `provider/model` or a bare name.
    pub model: String,
    /// Its share of the requests, relative to the others'.
    #[serde(default = "one")]
    pub weight: f64,
    /// Models of a lower number are asked first.
    #[serde(default)]
    pub priority: u32,
}

fn one() -> f64 {
    1.0
}

impl<S: Into<String>> From<Vec<S>> for Alias {
    fn from(models: Vec<S>) -> Self {
        Self {
            models: models.into_iter().map(|m| AliasModel { model: m.into(), weight: 1.0, priority: 0 }).collect(),
            balance: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    models: Vec<Value>,
    #[serde(default)]
    balance: Balance,
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let (models, balance) = match value {
            Value::Array(models) => (models, None),
            Value::Object(_) => {
                let group: Group = serde_json::from_value(value).map_err(D::Error::custom)?;
                (group.models, Some(group.balance))
            }
            _ => {
                return Err(D::Error::custom(
                    "invalid type: expected a list of models, or a table with models and balance",
                ));
            }
        };
        let model = |value: Value| match value {
            Value::String(model) => Ok(AliasModel { model, weight: 1.0, priority: 0 }),
            Value::Object(_) if balance.is_some() => serde_json::from_value(value).map_err(D::Error::custom),
            _ => Err(D::Error::custom("invalid type: expected a model's name")),
        };
        Ok(Self { models: models.into_iter().map(model).collect::<Result<_, _>>()?, balance })
    }
}
