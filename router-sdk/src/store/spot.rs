//! Where a value stands among others that are compared by their vectors, and what is found near it.

use bytes::Bytes;

/// A place among values of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spot {
    /// Values whose vectors may be compared: of one maker and one length. Letters, digits and `-`.
    pub(crate) space: String,
    /// Only values of the same scope are found. Letters and digits.
    pub(crate) scope: String,
    /// Of length 1.
    pub(crate) vector: Vec<f32>,
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    /// Of its vector and the one that was looked for.
    pub(crate) cosine: f32,
    pub(crate) value: Bytes,
}
