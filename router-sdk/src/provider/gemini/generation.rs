//! A model in; what its generation of Gemini can do, out.

use crate::catalog::Model;

/// The generations, as far as requests differ by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Generation {
    /// Gemma, which Google serves beside Gemini.
    Gemma,
    /// Gemini up to 2.0.
    Two,
    /// Gemini 2.5, which thinks within a budget.
    TwoFive,
    /// Gemini 3 and later, which think at a level and sign their tool calls.
    Three,
}

/// Reads the generation off the id; what cannot be read counts as new.
pub(super) fn generation(model: &Model) -> Generation {
    let id = model.id.rsplit('/').next().unwrap_or_default();
    let Some(rest) = id.strip_prefix("gemini-") else {
        return if id.starts_with("gemma") { Generation::Gemma } else { Generation::Three };
    };
    if rest.starts_with("gemma") {
        return Generation::Gemma;
    }
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    match number.trim_end_matches('.').parse::<f32>() {
        Ok(number) if number < 2.5 => Generation::Two,
        Ok(number) if number < 3.0 => Generation::TwoFive,
        _ => Generation::Three,
    }
}
