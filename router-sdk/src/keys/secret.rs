//! The secret of a key: randomness in, `cr_` text out, and text back into 32 bytes with typing errors told apart.
//!
//! `cr_`, 43 digits of base 62 for 256 random bits, 6 digits of base 62 for the CRC-32 of all before them.

use std::fmt;
use std::hash::Hash;

use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use subtle::ConstantTimeEq;

use crate::error::{Error, ErrorKind};

/// What every secret begins with.
pub(crate) const PREFIX: &str = "cr_";
/// Digits of 256 bits in base 62.
const BODY: usize = 43;
/// Digits of 32 bits in base 62.
const CHECK: usize = 6;
/// Characters of a whole secret.
pub(crate) const LENGTH: usize = PREFIX.len() + BODY + CHECK;
/// Characters that a secret may be recognised by: the prefix and 24 of its 256 bits.
const HINT: usize = PREFIX.len() + 4;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What is stored of a secret.
#[derive(Clone, Copy, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl PartialEq for Digest {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misshapen {
    /// It does not look like one.
    Form,
    /// It looks like one, and a character of it is wrong.
    Checksum,
}

/// The 256 bits of a secret.
#[derive(Debug)]
pub(crate) struct Secret(SecretBox<[u8; 32]>);

impl Secret {
    /// A new one from the system's randomness.
    ///
    /// # Errors
    /// `Internal` when the system gives none.
    pub(crate) fn generate() -> Result<Self, Error> {
        Ok(Self::of(random()?))
    }

    pub(crate) fn of(bits: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bits)))
    }

    /// Reads the text of a secret; spaces around it, as copying leaves them, do not count.
    ///
    /// # Errors
    /// How it is misshapen.
    pub(crate) fn parse(text: &str) -> Result<Self, Misshapen> {
        let text = text.trim();
        let digits = text.strip_prefix(PREFIX).ok_or(Misshapen::Form)?;
        if text.len() != LENGTH || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Misshapen::Form);
        }
        let (signed, check) = text.split_at(LENGTH - CHECK);
        if checksum(signed) != check {
            return Err(Misshapen::Checksum);
        }
        // What is larger than 256 bits was never given out, whatever its checksum.
        from_base62(&signed[PREFIX.len()..]).map(Self::of).ok_or(Misshapen::Form)
    }

    /// The text, which is shown once.
    pub(crate) fn text(&self) -> SecretString {
        let mut out = format!("{PREFIX}{}", base62(self.0.expose_secret(), BODY));
        out.push_str(&checksum(&out));
        out.into()
    }

    /// The characters that a key may be recognised by in lists.
    pub(crate) fn hint(&self) -> String {
        format!("{}...", &self.text().expose_secret()[..HINT])
    }
}

/// Makes what is stored of a secret: its SHA-256, or with a pepper its HMAC-SHA-256 under the pepper.
#[derive(Clone, Default)]
pub(crate) struct Hasher {
    pepper: Option<hmac::Key>,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("peppered", &self.pepper.is_some()).finish()
    }
}

impl Hasher {
    pub(crate) fn peppered(pepper: &str) -> Self {
        Self { pepper: Some(hmac::Key::new(hmac::HMAC_SHA256, pepper.as_bytes())) }
    }

    pub(crate) fn digest(&self, secret: &Secret) -> Digest {
        Digest(self.of(secret.0.expose_secret()))
    }

    /// A word by which a store knows the pepper again: the same pepper, the same word.
    pub(crate) fn mark(&self) -> String {
        match &self.pepper {
            None => "none".into(),
            Some(_) => base62(&self.of(b"the pepper of a key store")[..8], 11),
        }
    }

    fn of(&self, bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        match &self.pepper {
            None => out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref()),
            Some(pepper) => out.copy_from_slice(hmac::sign(pepper, bytes).as_ref()),
        }
        out
    }
}

/// An id for a new key: `key_` and 17 digits for 96 random bits.
pub(crate) fn new_id() -> Result<String, Error> {
    Ok(format!("key_{}", base62(&random::<12>()?, 17)))
}

/// Bytes from the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut out = [0; N];
    SystemRandom::new()
        .fill(&mut out)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random numbers"))?;
    Ok(out)
}

fn checksum(signed: &str) -> String {
    base62(&crc32fast::hash(signed.as_bytes()).to_be_bytes(), CHECK)
}

/// A number, highest byte first, in so many digits.
fn base62(number: &[u8], digits: usize) -> String {
    let mut rest = number.to_vec();
    let mut out = vec![b'0'; digits];
    for place in out.iter_mut().rev() {
        let mut carry = 0u32;
        for byte in &mut rest {
            let value = (carry << 8) | u32::from(*byte);
            // A quotient of what is below 62 * 256 fits a byte.
            *byte = (value / 62) as u8;
            carry = value % 62;
        }
        *place = DIGITS.get(carry as usize).copied().unwrap_or(b'0');
    }
    out.into_iter().map(char::from).collect()
}

/// The 256 bits of 43 digits; nothing for a larger number.
fn from_base62(digits: &str) -> Option<[u8; 32]> {
    let mut out = [0u8; 32];
    for digit in digits.bytes() {
        let mut carry = DIGITS.iter().position(|d| *d == digit)? as u32;
        for byte in out.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = (value & 0xff) as u8;
            carry = value >> 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
