//! A Google service account's key and the time in; a signed statement of who asks (a JWT with RS256) out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::provider::{Cause, Failure};

/// What tokens are asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long a statement holds; Google takes no longer one.
const LIFE_SECS: i64 = 3600;

/// A service account that can sign for itself.
pub(crate) struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: RsaKeyPair,
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccount").finish_non_exhaustive()
    }
}

impl ServiceAccount {
    /// Reads the private key; the fault is in words.
    pub(super) fn new(email: String, key_id: Option<String>, pem: &str) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "private_key must be an RSA key in PEM";
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| UNREADABLE)?;
        let key = match &der {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(UNREADABLE),
        };
        Ok(Self { email, key_id, key: key.map_err(|_| UNREADABLE)? })
    }

    /// The statement for this token endpoint.
    pub(super) fn assertion(&self, audience: &str, now: Timestamp) -> Result<SecretString, Failure> {
        let mut head = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.key_id {
            head["kid"] = Value::from(id.as_str());
        }
        let issued = now.as_second();
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": audience, "iat": issued, "exp": issued.saturating_add(LIFE_SECS),
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(&head), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signature)
            .map_err(|_| Failure::new(Cause::Auth, "the service account's key cannot sign"))?;
        Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}
