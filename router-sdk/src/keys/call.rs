//! The calls of a router's keys by name, for languages that pass JSON: a name and arguments in, plain values out.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::face::Keys;
use super::record::KeyInfo;
use super::settings::NewKey;
use crate::error::Error;
use crate::wire::without_values;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    id: String,
    change: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    id: String,
    grace_s: u64,
}

impl Keys {
    /// Makes the call of this name: `create` with the settings of a key, `get`, `disable`, `enable`, `delete` with
    /// `{id}`, `update` with `{id, change}`, `rotate` with `{id, grace_s}`, `list`.
    ///
    /// # Errors
    /// As the call, and `InvalidRequest` for other arguments.
    #[doc(hidden)]
    pub async fn call(&self, name: &str, arguments: Value) -> Result<Value, Error> {
        match name {
            "create" => Ok(self.create(NewKey::from_value(arguments)?).await?.to_json()),
            "list" => Ok(self.list().await?.iter().map(KeyInfo::to_json).collect()),
            "update" => {
                let Update { id, change } = read(arguments)?;
                Ok(self.update(&id, change).await?.to_json())
            }
            "rotate" => {
                let Rotate { id, grace_s } = read(arguments)?;
                Ok(self.rotate(&id, grace_s).await?.to_json())
            }
            "get" => {
                let Id { id } = read(arguments)?;
                Ok(self.get(&id).await?.map_or(Value::Null, |key| key.to_json()))
            }
            "disable" | "enable" => {
                let Id { id } = read(arguments)?;
                let key = if name == "disable" { self.disable(&id).await? } else { self.enable(&id).await? };
                Ok(key.to_json())
            }
            "delete" => {
                let Id { id } = read(arguments)?;
                Ok(json!(self.delete(&id).await?))
            }
            _ => Err(Error::invalid_request("call", "is no call of keys")),
        }
    }
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(arguments).map_err(|e| {
        let path = e.path().to_string();
        let field = if path == "." { "arguments".to_owned() } else { path };
        Error::invalid_request(field, without_values(&e.inner().to_string()))
    })
}
