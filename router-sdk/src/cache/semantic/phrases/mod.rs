//! A language in, the phrases that change nothing of an ask in it out.

mod germanic;
mod others;
mod romance;

use super::tongue::Tongue;

/// What a language has too much of.
pub(super) struct Table {
    /// Words that change nothing anywhere.
    pub(super) anywhere: &'static str,
    /// Beginnings that only say that something is asked; longer ones first.
    pub(super) opening: &'static [&'static str],
    /// Phrases that mean the same as another one.
    pub(super) same: &'static [(&'static str, &'static str)],
    /// Ends that say nothing.
    pub(super) closing: &'static [&'static str],
}

/// The phrases of a language.
pub(super) fn table(tongue: Tongue) -> &'static Table {
    match tongue {
        Tongue::English => &germanic::ENGLISH,
        Tongue::German => &germanic::GERMAN,
        Tongue::French => &romance::FRENCH,
        Tongue::Spanish => &romance::SPANISH,
        Tongue::Italian => &romance::ITALIAN,
        Tongue::Portuguese => &romance::PORTUGUESE,
        Tongue::Dutch => &germanic::DUTCH,
        Tongue::Polish => &others::POLISH,
        Tongue::Russian => &others::RUSSIAN,
        Tongue::Chinese => &others::CHINESE,
        Tongue::Japanese => &others::JAPANESE,
        Tongue::Korean => &others::KOREAN,
    }
}
