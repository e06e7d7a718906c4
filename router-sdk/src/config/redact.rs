//! What is taken out of text: a list of kinds, or a table with them, in; settings out.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::redact::RedactKind;

/// What is taken out of text before it leaves for a provider. Written `["email", "card"]` or as a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redact {
    /// The kinds; none takes nothing out.
    pub kinds: Vec<RedactKind>,
    /// Puts back in the answer what was taken out, where the model names it by its placeholder. Default false.
    pub restore: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kinds: Vec<RedactKind>,
    #[serde(default)]
    restore: bool,
}

impl<'de> Deserialize<'de> for Redact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Redact;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of email, card, phone and api_key, or a table with kinds and restore")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Redact, A::Error> {
        let kinds = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(Redact { kinds, restore: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Redact, A::Error> {
        let Table { kinds, restore } = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Redact { kinds, restore })
    }
}
