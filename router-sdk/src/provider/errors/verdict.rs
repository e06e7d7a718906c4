//! Status, error codes and message come in; the cause of the failure goes out.

use http::HeaderMap;

use super::body::{Form, Told};
use super::spelling::{
    AUTH, CALLER, CONTENT, CONTEXT, LOCAL_FAULT, MODEL_FAULT, MODEL_MISSING, OVERLOADED, QUOTA, RATE, SERVER,
    TOO_LARGE, UNSUPPORTED,
};
use crate::provider::Cause;

/// What the verdict is made from, in lower case.
struct Words {
    codes: Vec<String>,
    message: String,
    /// Google says "exceeded your current quota" of rates too, so its messages do not tell a quota.
    google: bool,
}

/// The cause of a failed reply.
pub(super) fn cause(status: u16, headers: &HeaderMap, told: &Told, error_type: Option<&str>) -> Cause {
    let given = told.code.iter().chain(&told.kind).chain(&told.reasons).map(String::as_str).chain(error_type);
    let words = Words {
        codes: given.map(str::to_ascii_lowercase).collect(),
        message: told.message.as_deref().unwrap_or_default().to_lowercase(),
        google: told.kind.as_deref() == Some("RESOURCE_EXHAUSTED"),
    };
    let cause = match status {
        200..=299 => within_success(told, &words),
        300..=399 => Cause::Malformed,
        429 => too_many(&words),
        402 => payment(headers, &words),
        401 | 403 | 407 => refused(&words),
        400..=499 => refused_request(status, told, &words),
        500..=599 => server_side(status, &words),
        _ => Cause::Unknown,
    };
    heed_should_retry(cause, headers)
}

/// The server's own word on a repeat outweighs the status.
fn heed_should_retry(cause: Cause, headers: &HeaderMap) -> Cause {
    match should_retry(headers) {
        Some(true) if matches!(cause, Cause::Caller | Cause::Unknown) => Cause::Server,
        _ => cause,
    }
}

/// What the server says of a repeat, if anything.
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match headers.get("x-should-retry")?.as_bytes() {
        word if word.eq_ignore_ascii_case(b"true") => Some(true),
        word if word.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

fn within_success(told: &Told, words: &Words) -> Cause {
    match told.form {
        Form::Empty => return Cause::Empty,
        Form::Html | Form::Text | Form::Other => return Cause::Malformed,
        Form::Error => {}
    }
    if let Some(cause) = spelled(words) {
        return cause;
    }
    if OVERLOADED.fits(&words.codes, &words.message) {
        Cause::Overloaded
    } else if RATE.fits(&words.codes, &words.message) {
        Cause::RateLimited
    } else if SERVER.fits(&words.codes, "") || !CALLER.fits(&words.codes, "") {
        // The request had been accepted, so what is not said to be its fault is the server's.
        Cause::Server
    } else {
        Cause::Caller
    }
}

/// Faults that are spelled the same whatever the status.
fn spelled(words: &Words) -> Option<Cause> {
    let (codes, message) = (words.codes.as_slice(), words.message.as_str());
    if AUTH.fits(codes, message) {
        Some(if names_the_model(words) { Cause::ModelMissing } else { Cause::Auth })
    } else if QUOTA.fits(codes, message) {
        Some(Cause::Quota)
    } else if CONTEXT.fits(codes, message) {
        Some(Cause::ContextTooLong)
    } else if CONTENT.fits(codes, message) {
        Some(Cause::ContentRefused)
    } else if MODEL_FAULT.fits(codes, message) {
        Some(Cause::ModelFault)
    } else if names_the_model(words) {
        Some(Cause::ModelMissing)
    } else if UNSUPPORTED.fits(codes, message) {
        Some(Cause::Unsupported)
    } else {
        None
    }
}

/// The model itself is what is missing or not open to this key.
fn names_the_model(words: &Words) -> bool {
    let message = words.message.as_str();
    let about_model = message.starts_with("model ") || message.contains("the model ") || message.contains("model:");
    let gone = ["does not exist", "not found", "was removed", "is not available"].iter().any(|w| message.contains(w));
    // "Model x is not supported." speaks of the model, "model x does not support y" of a parameter.
    let refused = message.starts_with("model ") && message.contains(" is not supported");
    MODEL_MISSING.fits(&words.codes, message) || (about_model && gone) || refused
}

fn too_many(words: &Words) -> Cause {
    let daily = words.codes.iter().any(|code| code.contains("perday"));
    let never = words.google && words.message.contains("limit: 0");
    let quota = !words.google && words.message.contains("exceeded your current quota");
    if daily || never || quota || QUOTA.fits(&words.codes, &words.message) {
        Cause::Quota
    } else if TOO_LARGE.fits(&words.codes, &words.message) {
        Cause::TooLarge
    } else if OVERLOADED.fits(&words.codes, "")
        || ["overloaded", "capacity exceeded"].iter().any(|w| words.message.contains(w))
    {
        Cause::Overloaded
    } else {
        Cause::RateLimited
    }
}

/// A broker's 402 with a wait is a budget in flight; without one the credit is gone.
fn payment(headers: &HeaderMap, words: &Words) -> Cause {
    let passing = headers.contains_key("retry-after") && !QUOTA.fits(&words.codes, &words.message);
    if passing { Cause::RateLimited } else { Cause::Quota }
}

fn refused(words: &Words) -> Cause {
    if CONTENT.fits(&words.codes, &words.message) {
        Cause::ContentRefused
    } else if QUOTA.fits(&words.codes, &words.message) {
        Cause::Quota
    } else if names_the_model(words) {
        Cause::ModelMissing
    } else {
        Cause::Auth
    }
}

fn refused_request(status: u16, told: &Told, words: &Words) -> Cause {
    match status {
        408 | 409 | 424 | 425 | 499 => return Cause::Server,
        413 => {
            let context = CONTEXT.fits(&words.codes, &words.message);
            return if context { Cause::ContextTooLong } else { Cause::TooLarge };
        }
        // Spent tokens at one provider, a busy tier at another.
        498 if OVERLOADED.fits(&words.codes, &words.message) || words.message.contains("capacity") => {
            return Cause::Overloaded;
        }
        498 => return Cause::Auth,
        404 if told.form != Form::Error => return Cause::ModelMissing,
        _ => {}
    }
    if let Some(cause) = spelled(words) {
        return cause;
    }
    if status == 404 {
        Cause::ModelMissing
    } else if RATE.fits(&words.codes, &words.message) {
        Cause::RateLimited
    } else if OVERLOADED.fits(&words.codes, "") {
        Cause::Overloaded
    } else if SERVER.fits(&words.codes, "") {
        Cause::Server
    } else {
        Cause::Caller
    }
}

fn server_side(status: u16, words: &Words) -> Cause {
    if CONTEXT.fits(&words.codes, &words.message) {
        return Cause::ContextTooLong;
    }
    if MODEL_FAULT.fits(&words.codes, "") {
        return Cause::ModelFault;
    }
    if QUOTA.fits(&words.codes, "") {
        return Cause::Quota;
    }
    match status {
        501 => Cause::Unsupported,
        503 | 529 => Cause::Overloaded,
        _ if OVERLOADED.fits(&words.codes, &words.message) => Cause::Overloaded,
        _ if RATE.fits(&words.codes, "") => Cause::RateLimited,
        500 | 502 | 504 | 507 | 520..=527 | 530 => Cause::Server,
        _ => Cause::Unknown,
    }
}

/// What a 500 means from a server that answers mistakes of the caller with it.
pub(super) fn mistake_behind_500(message: &str) -> Cause {
    let message = message.to_lowercase();
    if LOCAL_FAULT.told_by(&message) || message.starts_with("the provider answered") {
        Cause::Server
    } else if UNSUPPORTED.told_by(&message) {
        Cause::Unsupported
    } else {
        Cause::Caller
    }
}

/// Words for a failure whose body says nothing.
pub(super) fn without_message(status: u16, cause: Cause, told: &Told) -> String {
    match (cause, told.form) {
        (Cause::Empty, _) => "the provider answered with an empty body".to_owned(),
        (_, _) if (300..400).contains(&status) => {
            format!("the provider answered with a redirect ({status}), which is not followed: check base_url")
        }
        (_, Form::Html) => format!("the provider answered {status} with an HTML page instead of JSON"),
        (Cause::Malformed, _) => "the provider answered with JSON of another shape".to_owned(),
        _ => format!("the provider answered {status} without a message"),
    }
}
