//! A candidate in; leave of limits and budgets to ask it out, with the output limit that they have room for.

use super::journey::{Journey, Wording};
use super::verdict::Then;
use crate::account::Books;
use crate::error::Error;
use crate::select::Candidate;

impl Journey {
    /// Holds what a send to the candidate may use of limits and budgets; those that have no room for it pass it over,
    /// after a wait where one is `patient`.
    pub(super) async fn hold(
        &mut self,
        candidate: &Candidate,
        wording: &Wording,
        patient: bool,
        books: &mut Books,
    ) -> Result<Option<(u64, String)>, Then> {
        let asked = books.hold(&candidate.target, &wording.request, candidate.worst_nanos, wording.rest, patient);
        asked.await.map_err(|error| {
            let error = error.with_allowances(books.route.limits.clone());
            books.route.reasons.push(format!("{} was passed over: {}", candidate.target.place(), error.message()));
            let sooner = |denied: &Error| {
                denied.retry_after().is_none_or(|old| error.retry_after().is_some_and(|new| new < old))
            };
            if self.denied.as_ref().is_none_or(sooner) {
                self.denied = Some(error);
            }
            Then::Next
        })
    }
}
