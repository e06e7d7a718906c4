//! Going on after a stream broke: the state of the journey in, a stream of the rest or of a new answer out.

use std::sync::Arc;

use super::attempt::OpenStream;
use super::journey::{Answer, Journey, Wording};
use super::resume::{self, Form};
use super::verdict::Then;
use crate::account::{Books, Line};
use crate::provider::Target;

/// A stream that goes on with an answer.
pub(super) struct Continued {
    pub(super) open: OpenStream,
    pub(super) line: Line,
    pub(super) form: Form,
    /// White space at the end of the delivered text that the target was not shown.
    pub(super) unseen: String,
}

impl Journey {
    /// Asks for the rest of an answer: the other candidates in order, at last the one that broke off.
    pub(super) async fn rest_of(&mut self, broken: &Target, delivered: &str, books: &mut Books) -> Option<Continued> {
        for index in self.after_a_break(broken) {
            let Some(target) = self.candidates.get(index).map(|c| c.target.clone()) else { continue };
            let first = resume::form_for(&target, &self.request);
            // What rejects a message begun for it is asked once more in plain words.
            let forms =
                if first == Form::Prefill { &[Form::Prefill, Form::Instruction][..] } else { &[Form::Instruction] };
            for form in forms {
                let (request, unseen) = resume::continuation(&self.request, delivered, *form);
                match self
                    .once_more(
                        index,
                        Wording { request: Arc::new(request), rest: true, same: target.place() == broken.place() },
                        books,
                    )
                    .await
                {
                    Ok((open, line)) => return Some(Continued { open, line, form: *form, unseen }),
                    Err(_) if self.over() => return None,
                    Err(_) if !self.last.as_ref().is_some_and(|(failure, _)| resume::rejects_form(failure)) => break,
                    Err(_) => {}
                }
            }
        }
        None
    }

    /// Asks for the whole answer anew.
    pub(super) async fn anew(&mut self, broken: &Target, books: &mut Books) -> Option<(OpenStream, Line)> {
        for index in self.after_a_break(broken) {
            let wording = Wording { request: Arc::clone(&self.request), rest: false, same: false };
            if let Ok(opened) = self.once_more(index, wording, books).await {
                return Some(opened);
            }
            if self.over() {
                return None;
            }
        }
        None
    }

    async fn once_more(
        &mut self,
        index: usize,
        wording: Wording,
        books: &mut Books,
    ) -> Result<(OpenStream, Line), Then> {
        match self.ask(index, &wording, books).await? {
            Answer::Stream(open, line) => Ok((*open, line)),
            Answer::Whole(..) => Err(Then::Stop),
        }
    }

    /// The candidates in the order in which they are asked to go on. A break is the end of nobody's turn: candidates
    /// before the one that broke off may be asked too, and that one itself when nobody else is left.
    fn after_a_break(&self, broken: &Target) -> Vec<usize> {
        let is_broken = |at: &usize| self.candidates.get(*at).is_some_and(|c| c.target.place() == broken.place());
        let all = (0..self.candidates.len()).filter(|at| self.may_ask(*at));
        let (last, mut order): (Vec<usize>, Vec<usize>) = all.partition(is_broken);
        order.extend(last);
        order
    }

    /// True when nothing more may be sent for this request.
    pub(super) fn over(&self) -> bool {
        tokio::time::Instant::now() >= self.deadline || self.total >= self.sender.settings.retry.max_total_attempts
    }
}
