//! The JSON of a Google credentials file in; the right to tokens that it gives, and the project it names, out.

use secrecy::SecretString;
use serde::Deserialize;

use super::assertion::ServiceAccount;
use super::grant::{Grant, Kind, is_private_address};

/// Where tokens come from unless the file says otherwise.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// What a credentials file gives.
#[derive(Debug)]
pub(crate) struct GoogleFile {
    pub(crate) grant: Grant,
    pub(crate) project: Option<String>,
}

/// The fields of both kinds of file; those of others are not looked at.
#[derive(Deserialize)]
struct Written {
    r#type: Option<String>,
    project_id: Option<String>,
    quota_project_id: Option<String>,
    client_email: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<SecretString>,
    token_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    refresh_token: Option<SecretString>,
}

impl GoogleFile {
    /// Reads the file's text; the fault is in words and quotes nothing of it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        use secrecy::ExposeSecret;
        let written: Written =
            serde_json::from_str(text).map_err(|_| "is not the JSON of Google credentials".to_owned())?;
        let lacks = |field: &str| format!("has no {field}");
        let url = written.token_uri.filter(|url| !url.is_empty()).unwrap_or_else(|| TOKEN_URL.to_owned());
        if !is_private_address(&url) {
            return Err("has a token_uri that is neither https nor on this machine".to_owned());
        }
        let (kind, quota_project) = match written.r#type.as_deref() {
            Some("service_account") => {
                let email = written.client_email.ok_or_else(|| lacks("client_email"))?;
                let key = written.private_key.ok_or_else(|| lacks("private_key"))?;
                let account = ServiceAccount::new(email, written.private_key_id, key.expose_secret())?;
                (Kind::Signed(Box::new(account)), None)
            }
            Some("authorized_user") => {
                let kind = Kind::Refresh {
                    id: written.client_id.ok_or_else(|| lacks("client_id"))?,
                    secret: written.client_secret.ok_or_else(|| lacks("client_secret"))?,
                    token: written.refresh_token.ok_or_else(|| lacks("refresh_token"))?,
                };
                (kind, written.quota_project_id.clone())
            }
            Some(other) => {
                let other: String = other.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
                return Err(format!(
                    "is of type {other}; use a service_account or authorized_user file, or give access_token"
                ));
            }
            None => return Err(lacks("type")),
        };
        let project = written.project_id.or(written.quota_project_id);
        Ok(Self { grant: Grant { url, kind, quota_project }, project })
    }
}
