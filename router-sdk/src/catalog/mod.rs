//! Facts about models, prices and vendors come in as embedded data; typed, lazily read lookups go out.
//!
//! [`Catalog::builtin`] costs next to nothing: a provider's models are read
//! the first time somebody asks for them. Money is integer pico-dollars a
//! token ([`price`]), unknown facts are `None` and never `false`.

mod capability;
mod class;
mod embedded;
mod embedding;
mod error;
mod load;
mod lookup;
mod model;
mod price;
mod row;
mod score;
mod vendor;

#[cfg(test)]
mod consistency;

pub use capability::{Capabilities, ParameterRules, Reasoning, ReasoningControl};
pub use class::TaskClass;
pub use embedding::{EmbeddingKind, EmbeddingRules, InputType};
pub use error::CatalogError;
pub use lookup::Catalog;
pub use model::{EffortScores, Mode, Model, Status};
pub use price::{DayWindow, OffPeak, PricePeriod, Rates, Tier, usd_per_million_to_pico, utc_week_minute};
pub use score::{Basis, Score, Scores};
pub use vendor::{Auth, EffortStyle, Quirks, ToolIdFormat, Vendor};
