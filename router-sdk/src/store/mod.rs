//! State that callers of one or many processes share: claims and small values in, holds and what stands out.
//!
//! A claim says how much of what may be used over which time. A store grants the claims of a request all together or not
//! at all, and a hold keeps them until the real amounts are known. Time is always an argument; a store that several
//! processes share may go by a clock of its own instead.

mod hold;
mod memory;
mod open;
#[cfg(feature = "redis")]
mod redis;
mod spot;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub(crate) use hold::{Amounts, Hold, Keeper, Part};
pub(crate) use memory::MemoryStore;
pub(crate) use open::{check_address, open};
pub(crate) use spot::{Near, Spot};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Measure {
    /// Requests begun.
    Requests,
    /// Tokens read.
    InputTokens,
    /// Tokens written.
    OutputTokens,
    /// Tokens of both kinds.
    Tokens,
    /// Nano-dollars.
    Nanos,
    /// Requests at the same time.
    Concurrency,
}

impl Measure {
    /// The name in keys and snapshots.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Tokens => "tokens",
            Self::Nanos => "nanos",
            Self::Concurrency => "concurrency",
        }
    }
}

/// The parts into which a sliding span is cut. What falls out of it does so in parts of this size, and the part that has
/// expired by half still counts in full: no stretch of the span's length ever holds more than the cap.
pub(crate) const PARTS: u64 = 100;

/// Over what time amounts count against a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Span {
    /// Any stretch of so many milliseconds.
    Sliding {
        /// Its length.
        ms: u64,
    },
    /// A window of the calendar, in Unix milliseconds. A claim counts in the window that it was made in.
    Until {
        /// Its first millisecond.
        began_ms: i64,
        /// The first millisecond of the next.
        ends_ms: i64,
    },
    /// For ever.
    Total,
    /// As long as it is held.
    Held,
}

impl Span {
    /// The length of one part of a sliding span in milliseconds; at least so long that `PARTS` of them cover it.
    pub(crate) fn part_ms(ms: u64) -> u64 {
        ms.div_ceil(PARTS).max(1)
    }
}

/// So much of something, asked for against a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Whose it is: `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or `provider:NAME`.
    pub(crate) subject: Arc<str>,
    pub(crate) measure: Measure,
    pub(crate) span: Span,
    /// The most that may stand at once.
    pub(crate) cap: u64,
    /// What is asked for. Nothing asks whether there is room at all no more than it takes any.
    pub(crate) amount: u64,
}

/// How far a cap is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// What counts, that of requests under way included.
    pub(crate) used: u64,
    /// What of it requests under way hold. Sliding spans do not tell it apart.
    pub(crate) held: u64,
    /// Milliseconds until all that counts now has expired; absent where nothing counts and where it never expires.
    pub(crate) reset_ms: Option<u64>,
}

/// Why claims are not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// One of them does not fit.
    Full {
        /// Which one, by its place.
        claim: usize,
        /// Milliseconds after which it fits if nothing else is claimed and nothing given back by then. Absent where it
        /// never does by itself: it is larger than the cap, counts for ever, or waits for others to end.
        retry_after_ms: Option<u64>,
        /// What would have fitted.
        left: u64,
    },
    /// A calendar window of theirs is not the present one by the store's clock, which is known from now on: they want
    /// making again for [`StateStore::clock`].
    #[allow(dead_code)] // Only stores with a clock of their own say it.
    Elsewhen,
    /// The store cannot be asked.
    #[allow(dead_code)] // The store of one process always can.
    Unavailable(Unavailable),
}

/// The store cannot be asked; the reason in words that hold no address and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unavailable(pub(crate) String);

/// Claims and small values. Every call is atomic.
pub(crate) trait StateStore: Send + Sync + std::fmt::Debug {
    /// Grants all claims or none. Claims of one subject, measure and span add up.
    fn reserve<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Hold, Denied>>;

    /// The moment by the store's clock, by which the windows of claims are chosen: the caller's, unless the store is
    /// shared by processes whose clocks may differ.
    fn clock(&self, at_ms: i64) -> i64 {
        at_ms
    }

    /// How far each claim's cap is used; its amount does not matter.
    fn levels<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Vec<Level>, Unavailable>>;

    /// The value of a key that has not expired.
    fn get<'a>(&'a self, space: &'a str, key: &'a str, at_ms: i64)
    -> BoxFuture<'a, Result<Option<Bytes>, Unavailable>>;

    /// Sets a value, for ever or for so many milliseconds.
    fn put<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: Option<u64>,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>>;

    /// Sets a value for so many milliseconds that is asked for by its key alone: [`Self::list`] need not tell it.
    fn keep<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: u64,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.put(space, key, value, Some(ttl_ms), at_ms)
    }

    /// Takes a value away; false when there was none.
    fn remove<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<bool, Unavailable>>;

    /// The keys and values of a space that have not expired, in the order of their keys.
    fn list<'a>(&'a self, space: &'a str, at_ms: i64) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, Unavailable>>;

    /// The values nearest to a place, within its space and scope and at most so many, the nearest first; none where the
    /// store cannot compare vectors.
    fn nearest<'a>(&'a self, _spot: &'a Spot, _most: usize) -> BoxFuture<'a, Result<Vec<Near>, Unavailable>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Sets the value of a key at a place, for so many milliseconds; does nothing where the store cannot compare vectors.
    fn put_near<'a>(
        &'a self,
        _spot: &'a Spot,
        _key: &'a str,
        _value: Bytes,
        _ttl_ms: u64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Waits until everything that was settled so far is counted where others see it.
    fn flush(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Gives back what is held in advance, then flushes. The store goes on to work afterwards.
    fn close(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.flush()
    }
}
