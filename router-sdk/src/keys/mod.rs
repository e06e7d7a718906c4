//! Keys of callers: `cr_` secrets and their settings in, callers with what they may do out.

mod cache;
mod call;
mod face;
mod judge;
mod keyring;
mod open;
mod record;
mod seal;
mod secret;
mod settings;
mod store;

pub use face::Keys;
pub(crate) use keyring::Keyring;
pub(crate) use open::Opened;
pub use record::{IssuedKey, KeyInfo};
pub use settings::{KeySettings, NewKey};
