//! A key as stores keep it: settings, digests of its secrets and sealed credentials. What holds no secret is shown.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::secret::Digest;
use super::settings::KeySettings;
use crate::error::{Error, ErrorKind};

/// One key of a store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// Counts changes, so that two who change the key at once do not undo each other.
    pub(crate) version: u64,
    pub(crate) created_ms: i64,
    pub(crate) disabled: bool,
    /// The beginning of the secret, to be recognised by.
    pub(crate) hint: String,
    pub(crate) settings: KeySettings,
    /// Sealed credentials by provider.
    pub(crate) sealed: BTreeMap<String, String>,
    /// The newest secret first, then those that it replaced.
    pub(crate) secrets: Vec<Held>,
}

/// One secret of a key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Base64 of the digest.
    pub(crate) digest: String,
    /// When it ends, for one that was replaced.
    pub(crate) until_ms: Option<i64>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Held {
    pub(crate) fn new(digest: &Digest) -> Self {
        Self { digest: written(digest), until_ms: None }
    }
}

/// A digest as stores write it.
pub(crate) fn written(digest: &Digest) -> String {
    URL_SAFE_NO_PAD.encode(digest.0)
}

impl Record {
    /// The digests with the moments at which they end.
    pub(crate) fn digests(&self) -> Vec<(Digest, Option<i64>)> {
        let read = |held: &Held| {
            let bytes = URL_SAFE_NO_PAD.decode(&held.digest).ok()?;
            Some((Digest(bytes.try_into().ok()?), held.until_ms))
        };
        self.secrets.iter().filter_map(read).collect()
    }

    /// The record as stores write it.
    pub(crate) fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|_| Error::new(ErrorKind::Internal, "a key is no JSON"))
    }

    /// Reads what a store wrote; nothing where somebody else did.
    pub(crate) fn from_text(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// What may be shown.
    pub(crate) fn info(&self) -> KeyInfo {
        let old = self.secrets.iter().skip(1).filter_map(|held| held.until_ms).max();
        KeyInfo {
            id: self.id.clone(),
            hint: self.hint.clone(),
            settings: self.settings.clone(),
            credentials: self.sealed.keys().cloned().collect(),
            disabled: self.disabled,
            created_at: moment(self.created_ms),
            old_secret_until: old.map(moment),
        }
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// A key without its secrets.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// `key_` and 17 characters.
    pub id: String,
    /// The first characters of the secret, to recognise it by.
    pub hint: String,
    /// What the key may do.
    pub settings: KeySettings,
    /// The providers for which the key holds credentials of its own.
    pub credentials: Vec<String>,
    /// Whether its requests are refused for now.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when a secret that was rotated away goes on working.
    pub old_secret_until: Option<Timestamp>,
}

impl KeyInfo {
    /// The key as JSON: the settings with `id`, `hint`, `credentials` (names of providers), `disabled`, `created_at` and
    /// `old_secret_until`; moments in RFC 3339.
    pub fn to_json(&self) -> Value {
        let mut out = json!({
            "id": self.id, "hint": self.hint, "disabled": self.disabled, "created_at": self.created_at,
            "old_secret_until": self.old_secret_until, "credentials": self.credentials,
        });
        if let (Value::Object(all), Ok(Value::Object(settings))) = (&mut out, serde_json::to_value(&self.settings)) {
            all.extend(settings);
            all.entry("limits").or_insert_with(|| json!({}));
        }
        out
    }
}

/// A key with a secret that was made just now and is shown this once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuedKey {
    /// The key.
    pub key: KeyInfo,
    /// `cr_` and 49 characters. Nothing can tell it again.
    pub secret: SecretString,
}

impl IssuedKey {
    /// The key as JSON with its `secret`.
    pub fn to_json(&self) -> Value {
        use secrecy::ExposeSecret;
        let mut out = self.key.to_json();
        out["secret"] = self.secret.expose_secret().into();
        out
    }
}
