//! The second tier of classification: a task that is in doubt in, a model's word on its difficulty out.
//!
//! It is asked only where the doubt would change the choice and the difference is worth more than the question. Its word
//! moves the difficulty within the classifier's own doubt; whatever goes wrong, the classifier's word stands.

mod doubt;
mod question;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use moka::sync::Cache;
use ring::digest;
use tokio::sync::OnceCell;

use crate::account::Books;
use crate::config::JudgeConfig;
use crate::failover::{self, Sender};
use crate::provider::Target;
use crate::wire::{ChatRequest, RouteInfo};

pub(crate) use doubt::{band, settled, stakes};
pub(crate) use question::{ANSWER_TOKENS, excerpt, question};

type Key = [u8; 32];

/// The question's own limit comes first, for the health of the target hears of it.
const GRACE: Duration = Duration::from_millis(50);

/// The judge of a router, with what it has said lately.
pub(crate) struct Judge {
    pub(crate) settings: JudgeConfig,
    words: Cache<Key, Arc<OnceCell<f64>>>,
}

/// A word on a difficulty, and the books of the question where one was sent for it.
pub(crate) struct Word {
    /// From 0 to 1; nothing when the judge failed, was late or may not be asked now.
    pub(crate) difficulty: Option<f64>,
    /// How the question went; absent where the word was remembered or came from a question of another request.
    pub(crate) route: Option<Arc<RouteInfo>>,
}

impl Judge {
    pub(crate) fn new(settings: &JudgeConfig) -> Self {
        let words = Cache::builder()
            .max_capacity(settings.cache_entries)
            .time_to_live(Duration::from_secs(settings.cache_ttl_s))
            .build();
        Self { settings: settings.clone(), words }
    }

    /// Asks, or remembers. Equal questions at the same time are one question.
    pub(crate) async fn word(
        &self,
        sender: &Arc<Sender>,
        target: &Target,
        question: &ChatRequest,
        tokens: u64,
        limit: Duration,
        books: &mut Books,
    ) -> Word {
        let cell = self.words.get_with(key(question), Arc::default);
        let mut route = None;
        // Boxed, for the walk that asks is itself what a question goes through in part.
        let ask: BoxFuture<'_, _> = Box::pin(self.ask(sender, target, question, tokens, limit, books, &mut route));
        let asked = cell.get_or_try_init(|| ask);
        let said = tokio::time::timeout(limit + GRACE, asked).await;
        Word { difficulty: said.ok().and_then(Result::ok).copied(), route }
    }

    #[allow(clippy::too_many_arguments)] // What a send takes, and where its books are put.
    async fn ask(
        &self,
        sender: &Arc<Sender>,
        target: &Target,
        question: &ChatRequest,
        tokens: u64,
        limit: Duration,
        books: &mut Books,
        route: &mut Option<Arc<RouteInfo>>,
    ) -> Result<f64, ()> {
        let Some(mut own) = books.aside("judge") else { return Err(()) };
        let (limit_ms, what) = (limit.as_millis() as u64, "it was a question to the judge");
        let asked = failover::ask_aside(sender, target, question, tokens, limit_ms, what, &mut own);
        let Some(outcome) = asked.await else {
            own.discard();
            return Err(());
        };
        *route = Some(own.close(outcome.as_ref().err().map(failover::error_kind)));
        question::grade(outcome.map_err(|_| ())?.text()).ok_or(())
    }
}

fn key(question: &ChatRequest) -> Key {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(question.model().as_bytes());
    for message in question.messages() {
        context.update(&[0]);
        context.update(message.get("content").and_then(serde_json::Value::as_str).unwrap_or_default().as_bytes());
    }
    let mut key = Key::default();
    key.copy_from_slice(context.finish().as_ref());
    key
}
