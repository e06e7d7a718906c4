//! A scripted stand-in for LLM providers on loopback: scripts in, provider-shaped HTTP replies and a
//! record of every request out.
//!
//! One server plays any number of providers for any number of tests at once. A test puts a [`Script`]
//! under an id of its own and sends its requests to `http://127.0.0.1:PORT/{id}/{provider}/…`; each
//! provider answers from its queue of replies in the wire form of its family (OpenAI chat
//! completions, Anthropic Messages, Gemini generateContent, Bedrock Converse) or with raw bytes, and misbehaves where
//! the reply says so. `README.md` beside this crate lists every key of a reply.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use fake_provider::{FakeProvider, Script};
//!
//! let fake = FakeProvider::start().await?;
//! let script: Script = serde_json::from_value(serde_json::json!({
//!     "providers": { "alpha": [{ "family": "openai", "say": "hello" }] }
//! }))?;
//! fake.script("my-test", script);
//! let base_url = format!("{}/alpha/v1", fake.base("my-test"));
//! # assert!(base_url.starts_with("http://127.0.0.1:"));
//! assert!(fake.requests("my-test").is_empty());
//! # Ok(())
//! # }
//! ```

mod anthropic;
mod asked;
mod bedrock;
mod body;
mod book;
mod connection;
mod control;
mod dates;
mod embeddings;
mod error_body;
mod fault;
mod gemini;
mod gzip;
mod head;
mod openai;
mod plan;
mod player;
mod reply;
mod request;
mod script;
mod server;
mod spelling;
mod text;
mod unreachable;

pub use book::Recorded;
pub use error_body::ErrorSpec;
pub use fault::{Fault, FaultKind};
pub use reply::{Chunks, Family, Framing, Reply, Split, ToolCall, Trickle, Usage};
pub use script::{ProviderScript, Script};
pub use server::FakeProvider;
