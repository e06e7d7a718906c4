//! Settings that only a cloud understands: a provider and its kind in, nothing or the key and the fix out.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ProviderConfig;
use crate::error::Error;

/// JSON given as a table or as text, kept as text.
pub(super) fn json_as_secret<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SecretString>, D::Error> {
    match Value::deserialize(value)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.into())),
        table @ Value::Object(_) => Ok(Some(table.to_string().into())),
        _ => Err(serde::de::Error::custom("must be a table, or JSON as text")),
    }
}

impl ProviderConfig {
    /// Refuses settings of clouds that this kind of provider has no use for.
    pub(crate) fn check_cloud(&self, name: &str, kind: &str) -> Result<(), Error> {
        let given = [
            ("azure", "resource", self.resource.is_some()),
            ("azure", "api_version", self.api_version.is_some()),
            ("azure", "deployment_names", !self.deployment_names.is_empty()),
            ("azure", "azure_ad_token", self.azure_ad_token.is_some()),
            ("azure", "tenant_id", self.tenant_id.is_some()),
            ("azure", "client_id", self.client_id.is_some()),
            ("azure", "client_secret", self.client_secret.is_some()),
            ("azure", "token_url", self.token_url.is_some()),
            ("azure", "scope", self.scope.is_some()),
            ("vertex", "project", self.project.is_some()),
            ("vertex", "location", self.location.is_some()),
            ("vertex", "access_token", self.access_token.is_some()),
            ("vertex", "credentials", self.credentials.is_some()),
            ("vertex", "credentials_file", self.credentials_file.is_some()),
        ];
        match given.iter().find(|(wanted, _, given)| *given && *wanted != kind) {
            Some((wanted, field, _)) => {
                let fix = format!("is only for kind = \"{wanted}\"; this provider is of kind {kind}");
                Err(Error::invalid_config(format!("providers.{name}.{field}"), fix))
            }
            None => Ok(()),
        }
    }
}
