//! One cell of the matrix: a fault, a family, whole or streamed, and who else is there.

use std::fmt;

use super::table::Row;

/// Stands in the table where a situation is not played.
pub const NOT_TRIED: &str = "-";
pub const FAMILIES: [&str; 4] = ["openai", "anthropic", "gemini", "bedrock"];

/// Who else is there, and how long the fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    Another,
    Once,
    Alone,
}

/// One cell.
pub struct Cell<'a> {
    pub row: &'a Row,
    pub family: &'static str,
    pub stream: bool,
    pub situation: Situation,
    pub expected: &'a str,
}

impl<'a> Cell<'a> {
    pub fn all(table: &'a [Row]) -> Vec<Self> {
        let mut cells = Vec::new();
        for row in table {
            for family in FAMILIES {
                for stream in [false, true] {
                    let Some(ways) = row.ways(family, stream) else { continue };
                    let each = [
                        (Situation::Another, &ways.another),
                        (Situation::Once, &ways.once),
                        (Situation::Alone, &ways.alone),
                    ];
                    let each = each.into_iter().filter(|(_, expected)| expected.as_str() != NOT_TRIED);
                    cells.extend(each.map(|(situation, expected)| Cell { row, family, stream, situation, expected }));
                }
            }
        }
        cells
    }

    /// The name of its first target's provider; the second is called the same with `-2`.
    pub fn provider(&self) -> String {
        let form = if self.stream { "stream" } else { "whole" };
        let situation = format!("{:?}", self.situation).to_lowercase();
        format!("{}-{}-{form}-{situation}", self.row.id, self.family)
    }

    pub fn models(&self) -> Vec<String> {
        let provider = self.provider();
        match self.situation {
            Situation::Another => vec![format!("{provider}/m"), format!("{provider}-2/m")],
            _ => vec![format!("{provider}/m")],
        }
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider())
    }
}
