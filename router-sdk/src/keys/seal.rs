//! Credentials at rest: a provider's key in, sealed text out, and back. AES-256-GCM under a master key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretString};

use super::secret::random;
use crate::error::{Error, ErrorKind};

/// The form of sealed text, so that another one can follow.
const FORM: &str = "v1.";

/// Seals and opens.
pub(crate) struct Sealer(LessSafeKey);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With a master key of this process alone, for what never leaves it.
    ///
    /// # Errors
    /// `Internal` when the system gives no random numbers.
    pub(crate) fn fleeting() -> Result<Self, Error> {
        Self::of(&random()?)
    }

    /// With the master key that a variable holds: 32 bytes as 64 hexadecimal digits or in base64.
    ///
    /// # Errors
    /// `InvalidConfig` when it is anything else.
    pub(crate) fn from_text(text: &str, variable: &str) -> Result<Self, Error> {
        let fault = || {
            let fix = format!(
                "{variable} must hold 32 random bytes as 64 hexadecimal digits or in base64, such as `openssl rand -base64 32` prints"
            );
            Error::invalid_config("keys.seal_env", fix)
        };
        Self::of(&master(text.trim()).ok_or_else(fault)?)
    }

    fn of(master: &[u8; 32]) -> Result<Self, Error> {
        let fault = |_| Error::new(ErrorKind::Internal, "a master key was not taken");
        UnboundKey::new(&AES_256_GCM, master).map(|key| Self(LessSafeKey::new(key))).map_err(fault)
    }

    /// Seals a secret for one place, which has to be named again to open it.
    ///
    /// # Errors
    /// `Internal` when the system gives no random numbers.
    pub(crate) fn seal(&self, secret: &SecretString, place: &str) -> Result<String, Error> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = secret.expose_secret().as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| Error::new(ErrorKind::Internal, "a credential could not be sealed"))?;
        let all: Vec<u8> = nonce.into_iter().chain(sealed).collect();
        Ok(format!("{FORM}{}", STANDARD_NO_PAD.encode(all)))
    }

    /// Opens what was sealed for this place; nothing for what another master key sealed or somebody changed.
    pub(crate) fn open(&self, sealed: &str, place: &str) -> Option<SecretString> {
        let all = STANDARD_NO_PAD.decode(sealed.strip_prefix(FORM)?).ok()?;
        let (nonce, rest) = all.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut rest).ok()?;
        std::str::from_utf8(plain).ok().map(SecretString::from)
    }
}

fn master(text: &str) -> Option<[u8; 32]> {
    let bytes = if text.len() == 64 {
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
        digits?.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + *digit) as u8).collect()
    } else {
        let plain = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
        STANDARD_NO_PAD.decode(plain).ok()?
    };
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_at_its_place_alone() {
        let sealer = Sealer::fleeting().unwrap();
        let secret = SecretString::from("sk-tenant-1234567890");
        let sealed = sealer.seal(&secret, "key_1/openai").unwrap();
        assert!(!sealed.contains("tenant") && sealed.starts_with(FORM));
        assert_eq!(sealer.open(&sealed, "key_1/openai").unwrap().expose_secret(), "sk-tenant-1234567890");
        assert!(sealer.open(&sealed, "key_2/openai").is_none(), "another key's place");
        assert!(Sealer::fleeting().unwrap().open(&sealed, "key_1/openai").is_none(), "another master key");
        assert_ne!(sealer.seal(&secret, "key_1/openai").unwrap(), sealed, "a nonce is never used twice");
        let mut broken = sealed.clone().into_bytes();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        assert!(sealer.open(&String::from_utf8(broken).unwrap(), "key_1/openai").is_none());
        for odd in ["", "v1.", "v1.AAAA", "v2.AAAA", "plain"] {
            assert!(sealer.open(odd, "key_1/openai").is_none(), "{odd}");
        }
    }

    #[test]
    fn a_master_key_is_32_bytes_in_either_spelling() {
        let hex = "00ff".repeat(16);
        let base64 = base64::engine::general_purpose::STANDARD.encode([0u8, 255].repeat(16));
        let sealed = Sealer::from_text(&hex, "M").unwrap().seal(&"x".into(), "p").unwrap();
        assert!(Sealer::from_text(&base64, "M").unwrap().open(&sealed, "p").is_some());
        for short in ["", "secret", &hex[2..], &"zz".repeat(32)] {
            let error = Sealer::from_text(short, "MASTER").unwrap_err();
            assert_eq!(error.param(), Some("keys.seal_env"));
            assert!(error.message().contains("MASTER") && (short.is_empty() || !error.message().contains(short)));
        }
    }
}
