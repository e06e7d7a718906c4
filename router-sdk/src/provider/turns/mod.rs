//! What the families that do not speak OpenAI share: OpenAI messages in, plain parts out; pieces of a reply in, an OpenAI message out.

mod assemble;
mod closing;
mod details;
mod effort;
mod part;
#[cfg(test)]
pub(crate) mod replay;
mod schema;
mod tool;
mod whole;

use std::fmt::Display;

use serde_json::Value;

pub(in crate::provider) use assemble::{Message, Piece, chunk};
pub(in crate::provider) use closing::{Closing, body as closing_body};
pub(in crate::provider) use details::{Detail, Kind, details, foreign_thinking};
pub(in crate::provider) use effort::{Wish, nearest};
pub(in crate::provider) use part::{Part, Source, instructions, parts, text_of};
pub(in crate::provider) use schema::{Format, format, instruction};
pub(in crate::provider) use tool::{Choice, allowed_tools, calls, choice, functions, object, old_style_id};
pub(in crate::provider) use whole::json_object;

use crate::provider::{Cause, Failure};

/// The request cannot be said in this language; the field comes first, as in every error.
pub(in crate::provider) fn unsupported(field: impl Display, why: impl Display) -> Failure {
    let field = field.to_string();
    Failure::new(Cause::Unsupported, format!("{field}: {why}")).with_param(field)
}

/// A value that is there: neither absent nor null.
pub(in crate::provider) fn given<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get(field).filter(|value| !value.is_null())
}

/// A short name that is the same for the same text, for ids that a provider left out or that another refuses.
pub(in crate::provider) fn digest(texts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
