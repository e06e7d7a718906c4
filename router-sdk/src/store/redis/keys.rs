//! Names of keys: claims in, the keys and kinds under which the server counts them out.

use std::sync::Arc;

use crate::store::{Claim, Measure, Span};

/// The largest amount that the server counts exactly: its scripts know floating-point numbers alone.
pub(super) const MOST: u64 = (1 << 53) - 1;

/// What tells one counter from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MeterId {
    subject: Arc<str>,
    measure: Measure,
    span: Span,
}

impl MeterId {
    pub(super) fn of(claim: &Claim) -> Self {
        Self { subject: Arc::clone(&claim.subject), measure: claim.measure, span: claim.span }
    }
}

/// How a counter forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sliding,
    Until,
    Total,
    Held,
    /// Of [`Kind::Held`]: at least so much, where it is told again.
    AtLeast,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Sliding => "s",
            Self::Until => "u",
            Self::Total => "t",
            Self::Held => "h",
            Self::AtLeast => "H",
        }
    }
}

/// A counter as scripts are told of it.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    pub(super) key: Arc<str>,
    pub(super) kind: Kind,
    /// Milliseconds of a part, or the first of a window.
    pub(super) a: i64,
    /// Parts that count after the present one has begun, or the first millisecond of the next window.
    pub(super) b: i64,
}

impl Meter {
    /// Everything that scripts touch lies in one slot, by the hash tag around the prefix.
    pub(super) fn new(prefix: &str, claim: &Claim) -> Self {
        let (kind, a, b) = match claim.span {
            Span::Sliding { ms } => {
                let part = Span::part_ms(ms);
                (Kind::Sliding, signed(part), signed(ms.div_ceil(part)))
            }
            Span::Until { began_ms, ends_ms } => (Kind::Until, began_ms, ends_ms),
            Span::Total => (Kind::Total, 0, 0),
            Span::Held => (Kind::Held, 0, 0),
        };
        let span = match claim.span {
            Span::Sliding { ms } => format!("s{ms}"),
            Span::Until { began_ms, ends_ms } => format!("u{began_ms}-{ends_ms}"),
            Span::Total | Span::Held => kind.as_str().to_owned(),
        };
        let key = format!("{{{prefix}}}:m:{}|{}|{span}", claim.subject, claim.measure.as_str());
        Self { key: key.into(), kind, a, b }
    }
}

/// An amount as a signed number, at most what the server counts exactly.
pub(super) fn signed(amount: u64) -> i64 {
    i64::try_from(amount.min(MOST)).unwrap_or(i64::MAX)
}
