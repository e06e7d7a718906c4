//! Tests of tokens: what is asked, what is made of the answer, and when a token is fetched anew.

mod google;
mod grant;
mod token;

/// A key made for these tests; nothing else knows it.
pub(super) const KEY: &str = include_str!("key.pem");
/// The same key in the older encoding.
pub(super) const OLDER_KEY: &str = include_str!("key.pkcs1.pem");
