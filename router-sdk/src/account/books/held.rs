//! What the books hold of limits and budgets: sends before they are made in, leave or a refusal out.

use std::sync::Arc;

use super::{Books, Outcome};
use crate::account::Line;
use crate::account::line::Metered;
use crate::admit::{Extension, SendHold, Ticket, Want};
use crate::error::{Error, ErrorKind};
use crate::provider::Target;
use crate::store::{Amounts, Hold};
use crate::wire::{AttemptRecord, ChatRequest, Tokenizer, Usage, estimate_tokens_for};

/// Bytes of output after which it is counted anew how much has been said.
const METER: usize = 256;

/// A usage as amounts of limits and budgets.
pub(super) fn amounts(requests: u64, usage: Option<&Usage>, cost_nanos: Option<u64>) -> Amounts {
    Amounts {
        requests,
        input_tokens: usage.map_or(0, |usage| usage.input),
        output_tokens: usage.map_or(0, |usage| usage.output),
        nanos: cost_nanos.unwrap_or(0),
    }
}

/// What a request used in all its attempts. One that failed and that nobody bills has not been made. Money is counted
/// by the attempts themselves.
pub(super) fn used(attempts: &[AttemptRecord], error: Option<ErrorKind>) -> Amounts {
    let billed = error.is_none() || attempts.iter().any(|attempt| attempt.usage.is_some());
    let sum = |part: fn(&Usage) -> u64| {
        attempts.iter().filter_map(|a| a.usage.as_ref().map(part)).fold(0u64, u64::saturating_add)
    };
    Amounts {
        requests: u64::from(billed),
        input_tokens: sum(|usage| usage.input),
        output_tokens: sum(|usage| usage.output),
        nanos: 0,
    }
}

impl Books {
    /// The standing of the request with its limits and budgets; absent where nothing is limited.
    pub(crate) fn ticket(&self) -> Option<&Arc<Ticket>> {
        self.reservation.as_ref()?.ticket()
    }

    /// Counts the worst case of a candidate as held.
    pub(crate) fn expect(&mut self, worst_nanos: Option<u64>) {
        if let (Some(reservation), Some(nanos)) = (&mut self.reservation, worst_nanos) {
            reservation.raise(nanos);
        }
    }

    /// Keeps what is held for the calls for embeddings that come next.
    pub(crate) fn keep(&mut self, hold: SendHold) {
        self.calls = Some((self.route.attempts.len(), hold));
    }

    /// Gives back what was held for a send that is not made.
    pub(crate) fn give_back(&mut self) {
        self.pending = None;
    }

    /// Counts what calls for embeddings used in place of what was held for them.
    pub(crate) fn settle_calls(&mut self) {
        let Some((from, hold)) = self.calls.take() else { return };
        let calls = self.route.attempts.get(from..).unwrap_or_default();
        let nanos = calls.iter().filter_map(|call| call.cost_nanos).fold(0u64, u64::saturating_add);
        let input = calls.iter().filter_map(|call| call.usage).map(|usage| usage.input).fold(0u64, u64::saturating_add);
        hold.settle(Amounts { requests: 1, input_tokens: input, output_tokens: 0, nanos });
    }

    /// What embeddings of so many tokens would cost at a target.
    pub(crate) fn want_embeddings(&self, target: &Target, tokens: u64) -> Want {
        Want::embedding(target, tokens, self.date)
    }

    /// Holds what a send to a target may use of limits and budgets: the output limit to send with it, and why, where it
    /// had to be cut. `rest` asks for the rest of an answer; `alone` has nowhere else to go.
    ///
    /// # Errors
    /// `RateLimited` or `BudgetExceeded`; `ProviderUnavailable` when nobody can say.
    pub(crate) async fn hold(
        &mut self,
        target: &Target,
        request: &ChatRequest,
        worst_nanos: Option<u64>,
        rest: bool,
        alone: bool,
    ) -> Result<Option<(u64, String)>, Error> {
        self.pending = None;
        let leave = match self.ticket().map(Arc::clone) {
            None => None,
            Some(ticket) => {
                let counted = self.size.as_ref().map(|size| size.tokens(Tokenizer::of(&target.model)));
                let said = self.carried.filter(|_| rest).map_or(0, |usage| usage.output);
                let tokens = counted.unwrap_or(self.input_tokens).saturating_add(said);
                let want = Want::chat(request, target, tokens, self.date);
                Some(ticket.send(want, said, alone).await.map_err(|refused| refused.error())?)
            }
        };
        self.expect(worst_nanos);
        Ok(leave.and_then(|leave| {
            self.pending = Some(leave.hold);
            leave.limit
        }))
    }

    /// The attempt is given up because its budget carries no more of it.
    pub(crate) fn stopped(&mut self, line: &Line) {
        self.take(line);
        let mut open = line.open();
        let usage = self.billed(&open);
        let outcome = Outcome { verdict: "budget_exceeded", then: "stop", why: "the budget carries no more of it" };
        self.record(&mut open, outcome, usage);
    }
}

impl Line {
    /// What has to be held before more of the answer is read; nothing where enough is.
    pub(crate) fn extension(&self) -> Option<Extension> {
        let mut open = self.open();
        open.hold.as_ref()?;
        let fresh = open.text.len() + open.hidden.len() - open.metered.text - open.metered.hidden;
        if fresh >= METER {
            let tokenizer = Tokenizer::of(&open.target.model);
            let count = |text: &str, from: usize| estimate_tokens_for(tokenizer, text.get(from..).unwrap_or_default());
            let more = count(&open.text, open.metered.text) + count(&open.hidden, open.metered.hidden);
            let tokens = open.metered.tokens.saturating_add(more);
            open.metered = Metered { text: open.text.len(), hidden: open.hidden.len(), tokens };
        }
        let said = open.metered.tokens;
        open.hold.as_ref()?.extension(said)
    }

    /// Keeps what was held in addition.
    pub(crate) fn extended(&self, hold: Option<Hold>, output: u64) {
        if let Some(held) = &mut self.open().hold {
            held.extended(hold, output);
        }
    }
}
