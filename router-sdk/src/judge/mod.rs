//! The second tier of classification: a task that is in doubt in, another word on its difficulty out.
//!
//! It is asked only where the doubt would change the choice and the difference is worth more than the question. Its word
//! moves the difficulty within the classifier's own doubt; whatever goes wrong, the classifier's word stands. The word is a
//! model's (`question`), or that of the examples whose vectors the ask's own is nearest to (`likeness`).

mod doubt;
mod examples;
mod likeness;
mod question;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use moka::sync::Cache;
use ring::digest;
use tokio::sync::OnceCell;

use crate::account::Books;
use crate::cache::LocalModel;
use crate::config::JudgeConfig;
use crate::failover::{self, Sender};
use crate::provider::Target;
use crate::wire::ChatRequest;

pub(crate) use doubt::{band, settled, stakes};
use likeness::Known;
pub(crate) use question::{ANSWER_TOKENS, excerpt, question};

type Key = [u8; 32];

/// The question's own limit comes first, for the health of the target hears of it.
const GRACE: Duration = Duration::from_millis(50);

/// The judge of a router, with what it has said lately.
pub(crate) struct Judge {
    pub(crate) settings: JudgeConfig,
    words: Cache<Key, Arc<OnceCell<f64>>>,
    /// The examples with their vectors, made when they are first needed.
    known: OnceCell<Known>,
    /// The embedding model on disk, where one is configured.
    pub(crate) on_disk: Option<Arc<LocalModel>>,
}

/// A word on a difficulty, and what was sent for it.
pub(crate) struct Word {
    /// From 0 to 1; nothing when the judge failed, was late or may not be asked now.
    pub(crate) difficulty: Option<f64>,
    /// False where the word was remembered or came from a question of another request.
    pub(crate) asked: bool,
    /// What was paid for it in nano-dollars; absent when a price is unknown.
    pub(crate) cost_nanos: Option<u64>,
}

/// Makes vectors of texts, in their order, and says what it cost; nothing when it failed.
pub(crate) type Embed<'a> = &'a (dyn Fn(Vec<String>) -> BoxFuture<'a, Option<Vectors>> + Send + Sync);

/// Vectors and what they cost in nano-dollars; absent when the price is unknown.
pub(crate) struct Vectors {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) cost_nanos: Option<u64>,
}

impl Judge {
    pub(crate) fn new(settings: &JudgeConfig, on_disk: Option<Arc<LocalModel>>) -> Self {
        let words = Cache::builder()
            .max_capacity(settings.cache_entries)
            .time_to_live(Duration::from_secs(settings.cache_ttl_s))
            .build();
        Self { settings: settings.clone(), words, known: OnceCell::new(), on_disk }
    }

    /// The difficulty of the examples that an ask is most like. Equal asks at the same time are one.
    pub(crate) async fn likened(&self, ask: &str, embed: Embed<'_>, limit: Duration) -> Word {
        let cell = self.words.get_with(digest_of(["", ask]), Arc::default);
        let paid = Paid::default();
        let asked = cell.get_or_try_init(|| self.liken(ask, embed, &paid));
        let said = tokio::time::timeout(limit + GRACE, asked).await;
        let (asked, cost_nanos) = paid.told();
        Word { difficulty: said.ok().and_then(Result::ok).copied(), asked, cost_nanos }
    }

    async fn liken(&self, ask: &str, embed: Embed<'_>, paid: &Paid) -> Result<f64, ()> {
        let made = |texts: Vec<String>| async {
            paid.begin();
            let made = embed(texts).await.ok_or(())?;
            paid.add(made.cost_nanos);
            Ok(made.vectors)
        };
        let known = self.known.get_or_try_init(|| async {
            let examples = examples::of(&self.settings);
            let vectors = made(examples.iter().map(|(prompt, _)| prompt.clone()).collect()).await?;
            Known::new(vectors, examples.into_iter().map(|(_, difficulty)| difficulty)).ok_or(())
        });
        let known = known.await?;
        let own = made(vec![ask.to_owned()]).await?.into_iter().next().ok_or(())?;
        known.difficulty(own).ok_or(())
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
        let paid = Paid::default();
        // Boxed, for the walk that asks is itself what a question goes through in part.
        let ask: BoxFuture<'_, _> = Box::pin(self.ask(sender, target, question, tokens, limit, books, &paid));
        let asked = cell.get_or_try_init(|| ask);
        let said = tokio::time::timeout(limit + GRACE, asked).await;
        let (asked, cost_nanos) = paid.told();
        Word { difficulty: said.ok().and_then(Result::ok).copied(), asked, cost_nanos }
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
        paid: &Paid,
    ) -> Result<f64, ()> {
        let Some(mut own) = books.aside("judge") else { return Err(()) };
        let (limit_ms, what) = (limit.as_millis() as u64, "it was a question to the judge");
        let asked = failover::ask_aside(sender, target, question, tokens, limit_ms, what, &mut own);
        let Some(outcome) = asked.await else {
            own.discard();
            return Err(());
        };
        paid.begin();
        paid.add(own.close(outcome.as_ref().err().map(failover::error_kind)).cost_nanos);
        question::grade(outcome.map_err(|_| ())?.text()).ok_or(())
    }
}

/// What was paid, as far as it went.
#[derive(Default)]
struct Paid(Mutex<(bool, Option<u64>)>);

impl Paid {
    fn with<T>(&self, f: impl FnOnce(&mut (bool, Option<u64>)) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something is sent.
    fn begin(&self) {
        self.with(|paid| {
            if !paid.0 {
                *paid = (true, Some(0));
            }
        });
    }

    fn add(&self, cost: Option<u64>) {
        self.with(|paid| paid.1 = paid.1.zip(cost).map(|(sum, more)| sum.saturating_add(more)));
    }

    /// Whether anything was sent, and the sum. Nothing sent costs nothing.
    fn told(&self) -> (bool, Option<u64>) {
        self.with(|paid| if paid.0 { *paid } else { (false, Some(0)) })
    }
}

fn key(question: &ChatRequest) -> Key {
    let texts = question.messages().iter().map(|message| message.get("content").and_then(serde_json::Value::as_str));
    digest_of(std::iter::once(question.model()).chain(texts.map(Option::unwrap_or_default)))
}

fn digest_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Key {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    let mut key = Key::default();
    key.copy_from_slice(context.finish().as_ref());
    key
}
