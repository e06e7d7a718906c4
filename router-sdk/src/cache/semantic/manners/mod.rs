//! A language in, the words that it wraps an ask in without asking for anything else out.

mod germanic;
mod others;
mod romance;

use super::tongue::Tongue;

/// How a language wraps an ask. Phrases are words with blanks between them, longer ones first.
pub(super) struct Manners {
    /// What is said to who is met.
    pub(super) greetings: &'static [&'static str],
    /// Please, at the beginning, at the end or inside a wrapper.
    pub(super) polite: &'static [&'static str],
    /// Thanks, after a mark at the end.
    pub(super) thanks: &'static [&'static str],
    /// What stands before a question that is told: could you tell me, I would like to know.
    pub(super) telling: &'static [&'static str],
    /// What stands before something to do: could you, I want you to.
    pub(super) asking: &'static [&'static str],
    /// Words that begin a question; those that may also follow a first word that is spoken of come in `verbal`.
    pub(super) questions: &'static str,
    /// Verbs that begin a question: "hi is a word" greets nobody.
    pub(super) verbal: &'static str,
    /// Words that begin something to do. None of them speaks of words, so that please at its end is no word spoken of.
    pub(super) verbs: &'static str,
    /// Words after such a one that make it one thing to be done now: who asks "can you write poems" may want to know it.
    pub(super) particular: &'static str,
    /// Beginnings that mean the same as another.
    pub(super) starts: &'static [(&'static str, &'static str)],
    /// Beginnings that ask for the thing that follows, and what they say of it; nothing where they say no more than its name.
    pub(super) heads: &'static [(&'static str, &'static str)],
    /// Words after the first one or two of something that is asked for without a beginning: population of.
    pub(super) relating: &'static str,
    /// Words that begin what may stand at the beginning as well as at the end: in Python.
    pub(super) fronted: &'static str,
    /// What compares two things whose order means nothing, and the word between them.
    pub(super) pairs: (&'static [&'static str], &'static str),
    /// Words of an ask that speaks of words, whose last ones are no politeness.
    pub(super) mention: &'static str,
    /// Ends that mean the same as another.
    pub(super) ends: &'static [(&'static str, &'static str)],
}

/// A language that nothing is known of.
const NONE: Manners = Manners {
    greetings: &[],
    polite: &[],
    thanks: &[],
    telling: &[],
    asking: &[],
    questions: "",
    verbal: "",
    verbs: "",
    particular: "",
    starts: &[],
    heads: &[],
    relating: "",
    fronted: "",
    pairs: (&[], ""),
    mention: "",
    ends: &[],
};

/// The manners of a language.
pub(super) fn manners(tongue: Option<Tongue>) -> &'static Manners {
    let Some(tongue) = tongue else { return &NONE };
    match tongue {
        Tongue::English => &germanic::ENGLISH,
        Tongue::German => &germanic::GERMAN,
        Tongue::Dutch => &germanic::DUTCH,
        Tongue::French => &romance::FRENCH,
        Tongue::Spanish => &romance::SPANISH,
        Tongue::Italian => &romance::ITALIAN,
        Tongue::Portuguese => &romance::PORTUGUESE,
        Tongue::Polish => &others::POLISH,
        Tongue::Russian => &others::RUSSIAN,
        Tongue::Chinese => &others::CHINESE,
        Tongue::Japanese => &others::JAPANESE,
        Tongue::Korean => &others::KOREAN,
    }
}
