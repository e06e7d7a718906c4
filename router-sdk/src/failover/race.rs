//! Hedging: a send that is slow to start in, the first of two answers out. The slower one is cancelled, both are in the
//! books.

use std::time::Duration;

use tokio::time::Instant;

use super::Seat;
use super::journey::{Answer, Journey, Raced, Wording};
use super::send::{Send, seated};
use super::verdict::Signal;
use crate::account::{Books, Line};
use crate::provider::{Failure, Target};

/// A second target that was asked.
struct Second {
    target: Target,
    seat: Seat,
    line: Line,
}

impl Journey {
    /// The answer to a send, or that of the next candidate when hedging is due and it is the quicker one.
    pub(super) async fn first_of(
        &mut self,
        index: usize,
        send: Send,
        wording: &Wording,
        seat: &mut Seat,
        books: &mut Books,
    ) -> Result<Raced, Failure> {
        let Some(after) = self.hedge_after(index, seat) else { return send.go().await.map(Raced::Own) };
        let (own_target, own_line) = (send.target.clone(), send.line.clone());
        let own = send.go();
        tokio::pin!(own);
        if let Ok(outcome) = tokio::time::timeout(after, &mut own).await {
            return outcome.map(Raced::Own);
        }
        let Some((mut second, other)) = self.second(index, wording, books).await else {
            return own.await.map(Raced::Own);
        };
        let other = other.go();
        tokio::pin!(other);
        tokio::select! {
            outcome = &mut own => match outcome {
                Ok(answer) => {
                    books.outrun(&second.line);
                    Ok(Raced::Own(answer))
                }
                Err(failure) => match other.await {
                    Ok(answer) => {
                        let failure = failure.without(&own_target.deployment);
                        if self.hear(&failure, &own_target, seat) == Signal::Silence {
                            self.spent.push(index);
                        }
                        self.file(&failure, &own_target, Some(&own_line), "next", "another was asked already", books);
                        Ok(Raced::Other(won(answer, second)))
                    }
                    Err(of_second) => {
                        self.lost(of_second, &mut second, books);
                        Err(failure)
                    }
                },
            },
            outcome = &mut other => match outcome {
                Ok(answer) => {
                    books.outrun(&own_line);
                    Ok(Raced::Other(won(answer, second)))
                }
                Err(of_second) => {
                    self.lost(of_second, &mut second, books);
                    own.await.map(Raced::Own)
                }
            },
        }
    }

    /// How long to wait before a second target is asked; absent when it is not to be asked.
    fn hedge_after(&self, index: usize, seat: &Seat) -> Option<Duration> {
        let hedge = &self.sender.settings.hedge;
        if hedge.share <= 0.0 || !self.another_after(index) {
            return None;
        }
        hedge.after_ms.map(Duration::from_millis).or_else(|| seat.p95())
    }

    /// The next candidate that can be asked, if the share of hedged requests allows it.
    async fn second(&mut self, index: usize, wording: &Wording, books: &mut Books) -> Option<(Second, Send)> {
        if self.total >= self.sender.settings.retry.max_total_attempts {
            return None;
        }
        let at = self.standing_after(index).next()?;
        let candidate = self.candidates.get(at).cloned()?;
        if !self.sender.hedges.take() {
            return None;
        }
        let seat = self.sender.health.claim(&candidate.target, self.tokens, Instant::now()).ok()?;
        // The first one is not listened to meanwhile.
        let limit = self.hold(&candidate, wording, false, books).await.ok()?;
        let send = self.prepare(at, &candidate.target, wording, limit, books).await.ok()?;
        self.spent.push(at);
        Some((Second { target: candidate.target, seat, line: send.line.clone() }, send))
    }

    /// The second target failed.
    fn lost(&mut self, failure: Failure, second: &mut Second, books: &mut Books) {
        let failure = failure.without(&second.target.deployment);
        self.hear(&failure, &second.target, &mut second.seat);
        self.file(&failure, &second.target, Some(&second.line), "next", "the first is still being waited for", books);
    }
}

/// The second target was the quicker one.
fn won(answer: Answer, mut second: Second) -> Answer {
    second.seat.success(second.line.sent(), second.line.seconds_to_first());
    seated(answer, second.seat)
}
