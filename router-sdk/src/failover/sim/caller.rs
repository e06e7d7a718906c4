//! One caller: a request and its patience in, how it went and what text it got out.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::dice::Dice;
use super::stand_in::Stage;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{self, Reply, Shared};
use crate::wire::{ChatRequest, RouteInfo};

/// When a caller walks away.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    Endless,
    /// At this await, counted from the first.
    Polls(u64),
    Time(Duration),
}

impl Patience {
    pub(super) fn draw(dice: &mut Dice, cancelled_of_100: u64) -> Self {
        if !dice.percent(cancelled_of_100) {
            return Self::Endless;
        }
        let most = dice.one_of(&[6, 40, 200]);
        if dice.percent(50) { Self::Polls(dice.between(0, most)) } else { Self::Time(dice.ms(0, 3_000)) }
    }
}

/// How a request went.
pub(super) enum Outcome {
    Answered(Arc<RouteInfo>),
    Failed(Error),
    Left,
}

/// What a caller reports.
pub(super) struct Report {
    pub(super) number: u64,
    pub(super) outcome: Outcome,
    pub(super) text: String,
    pub(super) took: Duration,
    /// Connections of the request that were open when it had just ended.
    pub(super) still_open: usize,
}

type Heard = Arc<Mutex<String>>;

pub(super) async fn call(
    shared: Arc<Shared>,
    stage: Arc<Stage>,
    number: u64,
    body: Value,
    stream: bool,
    patience: Patience,
) -> Report {
    stage.seen().callers.insert(number, tokio::task::id());
    let (started, heard) = (Instant::now(), Heard::default());
    let request = ChatRequest::from_value(body).unwrap();
    let answer = answered(shared, request, stream, Arc::clone(&heard));
    let polls = if let Patience::Polls(polls) = patience { polls } else { u64::MAX };
    let watched = Impatient { inner: Box::pin(answer), polls };
    let time = if let Patience::Time(time) = patience { time } else { Duration::from_secs(86_400) };
    // What is not finished by then is dropped here.
    let ended = tokio::time::timeout(time, watched).await.ok().flatten();
    let still_open = if ended.is_none() { stage.open(Some(number)) } else { 0 };
    let outcome = match ended {
        Some(Ok(route)) => Outcome::Answered(route),
        Some(Err(error)) => Outcome::Failed(error),
        None => Outcome::Left,
    };
    let word = match &outcome {
        Outcome::Answered(_) => "answered".to_owned(),
        Outcome::Failed(error) => format!("failed: {:?} {}", error.kind(), error.message()),
        Outcome::Left => "left".to_owned(),
    };
    stage.note(format!("#{number} {word}"));
    let text = heard.lock().unwrap().clone();
    Report { number, outcome, text, took: started.elapsed(), still_open }
}

async fn answered(
    shared: Arc<Shared>,
    request: ChatRequest,
    stream: bool,
    heard: Heard,
) -> Result<Arc<RouteInfo>, Error> {
    let mut stream = match pipeline::walk(&shared, request, stream).await? {
        Reply::Whole(reply) => {
            heard.lock().unwrap().push_str(reply.text());
            return Ok(reply.route);
        }
        Reply::Stream(stream) => stream,
    };
    let mut route = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let mut heard = heard.lock().unwrap();
        if chunk.restart {
            heard.clear();
        }
        heard.push_str(chunk.text());
        route = chunk.route.or(route);
    }
    route.ok_or_else(|| Error::new(ErrorKind::Internal, "a stream ended without its route"))
}

/// A future that is given up after so many polls.
struct Impatient<F> {
    inner: Pin<Box<F>>,
    polls: u64,
}

impl<F: Future> Future for Impatient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(cx).map(Some)
    }
}
