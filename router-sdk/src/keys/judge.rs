//! Whether a key may be used now: what is known of it, a digest and the time in, the caller or the refusal out.

use jiff::Timestamp;

use super::cache::Known;
use super::secret::{Digest, LENGTH, Misshapen};
use crate::admit::Caller;
use crate::error::{Error, ErrorKind};

fn refused(code: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unauthenticated, format!("api_key: {why}")).with_param("api_key").with_code(Some(code.into()))
}

/// No key was given where one is needed.
pub(crate) fn missing() -> Error {
    refused("key_missing", "is needed; pass api_key, or Authorization: Bearer with a key that begins with cr_")
}

/// What was given is no key, which is known without asking a store.
pub(crate) fn misshapen(how: Misshapen) -> Error {
    match how {
        Misshapen::Form => refused(
            "key_malformed",
            format_args!("is not a key of this router, which begins with cr_ and has {LENGTH} characters"),
        ),
        Misshapen::Checksum => refused("key_malformed", "is misspelt: a character is wrong or missing; copy it again"),
    }
}

/// Decides on a key that was looked up. `at_ms` is the moment in Unix milliseconds.
///
/// # Errors
/// `Unauthenticated` for a key that is unknown, disabled or past its time, or a secret past its grace;
/// `InvalidConfig` where its credentials cannot be opened.
pub(crate) fn judge(key: Option<&Known>, digest: Digest, at_ms: i64) -> Result<Caller, Error> {
    let held = key.and_then(|known| known.digests.iter().find(|(own, _)| *own == digest).map(|held| (known, held.1)));
    let Some((known, until)) = held else {
        return Err(refused("key_unknown", "is not known here; it may have been deleted"));
    };
    if until.is_some_and(|until| at_ms >= until) {
        return Err(refused("key_rotated", "was replaced by a newer secret, and its time of grace is over"));
    }
    if known.disabled {
        return Err(refused("key_disabled", format_args!("the key {} is disabled", known.caller.id())));
    }
    if let Some(expired) = known.expires_ms.filter(|expires| at_ms >= *expires) {
        let moment = Timestamp::from_millisecond(expired).unwrap_or_default();
        return Err(refused("key_expired", format_args!("the key {} expired at {moment}", known.caller.id())));
    }
    if let Some(provider) = &known.sealed_shut {
        let id = known.caller.id();
        let fix = format!(
            "does not open the credentials that {id} has for {provider}; set the variable as it was when they were stored"
        );
        return Err(Error::invalid_config("keys.seal_env", fix));
    }
    Ok(known.caller.clone())
}
