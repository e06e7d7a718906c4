//! The multilingual word lists: rows of language, effect, weight and stems over folded text.

mod cjk;
mod cues;
mod eastern;
mod english;
mod european;
mod everyday;
mod forms;
mod habits;
mod hints;
mod neighbours;
mod talk;
mod tongues;
mod wishes;

use super::TaskKind;

/// What a matching row does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// Speaks for a kind.
    Kind(TaskKind),
    /// Raises the difficulty.
    Harder,
    /// Lowers the difficulty.
    Easier,
    /// Counts for its language.
    Tongue,
}

/// How the stems of a row are bound to word starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// An ASCII word boundary before each stem.
    Word,
    /// A blank or punctuation before each stem, for alphabets outside ASCII.
    Blank,
    /// Anywhere, for scripts without blanks and for signs.
    Free,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The language, or `any`.
    pub lang: &'static str,
    /// The short name shown as evidence.
    pub name: &'static str,
    /// What it does.
    pub effect: Effect,
    /// How much it counts.
    pub weight: f32,
    /// Where a stem may start.
    pub bound: Bound,
    /// Alternatives, in `regex` syntax; `\b` is the ASCII word boundary.
    pub stems: &'static str,
}

/// Languages whose common words are counted; their rows come first, in this order.
pub(crate) const TONGUES: [&str; 12] = ["en", "es", "fr", "de", "pt", "it", "nl", "pl", "tr", "sv", "id", "vi"];

/// Every row, in a fixed order.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    let all = [
        tongues::ROWS,
        english::ROWS,
        cues::ROWS,
        everyday::ROWS,
        habits::ROWS,
        forms::ROWS,
        wishes::ROWS,
        talk::ROWS,
        neighbours::ROWS,
        hints::ROWS,
        european::ROWS,
        eastern::ROWS,
        cjk::ROWS,
    ];
    all.into_iter().flatten()
}

/// How far a language may speak in a text with these common words:
/// its stems count only where the text can be in that language: `resume` is a noun in English.
pub(crate) fn fluency(lang: &str, tongues: &[u16]) -> f32 {
    let Some(own) = TONGUES.iter().position(|tongue| *tongue == lang) else {
        return 1.0;
    };
    let own = tongues[own];
    let most = tongues.iter().copied().max().unwrap_or(0);
    let english = tongues[0];
    match lang {
        "en" if own == 0 && most >= 2 => 0.5,
        "en" => 1.0,
        _ if most >= 2 && (own * 2 < english || own * 3 < most) => 0.0,
        _ => 1.0,
    }
}

const fn row(
    lang: &'static str,
    name: &'static str,
    effect: Effect,
    weight: f32,
    bound: Bound,
    stems: &'static str,
) -> Row {
    Row { lang, name, effect, weight, bound, stems }
}
