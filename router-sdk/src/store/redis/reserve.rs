//! Claims in, a hold or the reason against it out: from slices where they suffice, else by one question to the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::keys::signed;
use super::link::Fault;
use super::local::{Local, State};
use super::queue::Correction;
use super::script::{self, Answer, Asked, level};
use super::slices::Granted;
use super::stopgap;
use crate::store::{Claim, Denied, Hold, Keeper, Part, Unavailable};

/// Numbers of an answer for one claim.
const EACH: usize = 6;

/// A question under way. Left without an answer, for whatever reason, it is undone: what the server may have granted on
/// it is taken back, and what was drawn for it from slices is given up.
struct Question<'a> {
    local: &'a Arc<Local>,
    claims: &'a [Claim],
    number: u64,
    /// By claim: what a slice covered.
    drawn: Vec<Option<Part>>,
    /// The places of claims that the server is asked about, and whether a slice is asked for with them.
    asked: Vec<(usize, bool)>,
    /// What is left of old slices and goes back with the question.
    back: Vec<Correction>,
    open: bool,
}

/// How far slices went.
enum Begun<'a> {
    Held(Vec<Part>),
    Asking(Question<'a>, Vec<Asked>),
    /// The server is known not to answer.
    Alone,
}

pub(super) async fn reserve(local: &Arc<Local>, claims: &[Claim], at_ms: i64) -> Result<Hold, Denied> {
    let begun = begin(local, claims);
    local.worker.attend(local);
    let (mut question, asked) = match begun {
        Begun::Held(parts) => return Ok(hold(local, parts)),
        Begun::Alone => return stopgap::reserve(local, claims, at_ms, Fault::Gone).await,
        Begun::Asking(question, asked) => (question, asked),
    };
    let call = script::reserve(local.at(Some(at_ms)), &local.process, question.number, &question.back, &asked);
    let sent = Instant::now();
    match local.run(&call).await {
        Ok(answer) => question.answered(&answer, sent),
        Err(fault) => {
            drop(question);
            stopgap::reserve(local, claims, at_ms, fault).await
        }
    }
}

fn begin<'a>(local: &'a Arc<Local>, claims: &'a [Claim]) -> Begun<'a> {
    let now = Instant::now();
    let mut state = local.state();
    let mut drawn = Vec::with_capacity(claims.len());
    for claim in claims {
        let part = state.slices.draw(claim, now);
        drawn.push(part.map(|(mark, level)| Part { claim: claim.clone(), mark, level }));
    }
    if drawn.iter().all(Option::is_some) {
        return Begun::Held(drawn.into_iter().flatten().collect());
    }
    if state.breaker.is_open() {
        refund(local, &mut state, &mut drawn, now);
        return Begun::Alone;
    }
    let (question, asked) = ask(local, claims, &mut state, drawn, now);
    Begun::Asking(question, asked)
}

fn hold(local: &Arc<Local>, parts: Vec<Part>) -> Hold {
    local.holds.fetch_add(1, Ordering::Relaxed);
    Hold::new(Arc::clone(local) as Arc<dyn Keeper>, parts)
}

fn ask<'a>(
    local: &'a Arc<Local>,
    claims: &'a [Claim],
    state: &mut State,
    drawn: Vec<Option<Part>>,
    now: Instant,
) -> (Question<'a>, Vec<Asked>) {
    let (mut places, mut back, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for (place, claim) in claims.iter().enumerate().filter(|(place, _)| drawn[*place].is_none()) {
        let question = state.slices.question(local.link.prefix(), claim, now, local.slices_are_taken());
        back.extend(question.back);
        back.extend(state.queue.take_of(&question.meter));
        places.push((place, question.want > 0));
        asked.push(Asked {
            meter: question.meter,
            amount: signed(claim.amount),
            cap: signed(claim.cap),
            want: signed(question.want),
        });
    }
    let number = local.next_call();
    (Question { local, claims, number, drawn, asked: places, back, open: true }, asked)
}

/// Gives up what was drawn.
fn refund(local: &Local, state: &mut State, drawn: &mut [Option<Part>], now: Instant) {
    let State { slices, queue, .. } = state;
    for part in drawn.iter_mut().filter_map(Option::take) {
        queue.correct(slices.settle(local.link.prefix(), &part, 0, now));
    }
}

impl Question<'_> {
    fn answered(&mut self, answer: &Answer, sent: Instant) -> Result<Hold, Denied> {
        match (answer.word, &answer.numbers[..]) {
            (0, numbers) if numbers.len() == self.asked.len() * EACH => Ok(self.granted(numbers, sent)),
            (1, &[claim, retry_after, left]) => {
                let claim = usize::try_from(claim).ok().and_then(|at| self.asked.get(at)).map_or(0, |asked| asked.0);
                let left = u64::try_from(left).unwrap_or(0);
                self.refused();
                Err(Denied::Full { claim, retry_after_ms: u64::try_from(retry_after).ok(), left })
            }
            (2, []) => {
                self.refused();
                Err(Denied::Elsewhen)
            }
            _ => Err(Denied::Unavailable(Unavailable("the shared state answered in another language".to_owned()))),
        }
    }

    fn granted(&mut self, numbers: &[i64], sent: Instant) -> Hold {
        self.open = false;
        let now = Instant::now();
        let mut state = self.local.state();
        let State { slices, queue, .. } = &mut *state;
        queue.acknowledge(self.number);
        for ((place, sliced), numbers) in self.asked.iter().zip(numbers.chunks_exact(EACH)) {
            let &[mark, used, held, reset, slice, present] = numbers else { continue };
            let claim = &self.claims[*place];
            let granted = Granted {
                mark,
                level: level(used, held, reset),
                slice: u64::try_from(slice).unwrap_or(0),
                until: u64::try_from(present).ok().map(|ms| sent + Duration::from_millis(ms)),
            };
            if let Some(old) = slices.answered(claim, Some(granted), *sliced, now) {
                queue.correct(old);
            }
            self.drawn[*place] = Some(Part { claim: claim.clone(), mark, level: granted.level });
        }
        drop(state);
        hold(self.local, self.drawn.drain(..).flatten().collect())
    }

    /// Nothing was counted; what went back with the question is back.
    fn refused(&mut self) {
        self.open = false;
        let mut state = self.local.state();
        if !self.back.is_empty() {
            state.queue.acknowledge(self.number);
        }
        self.over(&mut state);
    }

    fn over(&mut self, state: &mut State) {
        let now = Instant::now();
        for (place, sliced) in &self.asked {
            state.slices.answered(&self.claims[*place], None, *sliced, now);
        }
        refund(self.local, state, &mut self.drawn, now);
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if self.open {
            let mut state = self.local.state();
            state.queue.undo(self.number, std::mem::take(&mut self.back));
            self.over(&mut state);
            drop(state);
            self.local.wake.notify_one();
        }
    }
}
