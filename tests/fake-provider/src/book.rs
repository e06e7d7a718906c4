//! Scripts and what was asked of them: requests in, their replies out, and a record of every request.

use crate::asked::Asked;
use crate::plan::{Plan, plan};
use crate::reply::Reply;
use crate::request::Request;
use crate::script::Script;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

/// One request that reached the fake provider.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// The provider it was sent to.
    pub provider: String,
    /// The HTTP method.
    pub method: String,
    /// The path after the provider's name.
    pub path: String,
    /// The query without the question mark.
    pub query: String,
    /// The headers, names in lower case; repeated ones are joined with a comma.
    pub headers: BTreeMap<String, String>,
    /// The body parsed, or as a string where it is not JSON.
    pub body: Value,
    /// Milliseconds from the script's arrival to the request's.
    pub at_ms: u64,
    /// Milliseconds from the script's arrival to the end of the reply; absent while it runs.
    pub ended_ms: Option<u64>,
    /// Whether the sender went away before the reply had ended.
    pub closed_early: bool,
    /// Which of the provider's scripted replies it got, from 0; absent where none was left.
    pub reply: Option<usize>,
    /// Which of the server's connections it came over; equal numbers mean a reused one.
    pub connection: u64,
}

/// Says which record a reply belongs to.
#[derive(Debug)]
pub(crate) struct Ticket {
    id: String,
    run: u64,
    at: usize,
}

#[derive(Debug)]
struct Running {
    script: Script,
    run: u64,
    since: Instant,
    turns: HashMap<String, usize>,
    requests: Vec<Recorded>,
}

/// All scripts of one server.
#[derive(Debug, Default)]
pub(crate) struct Book {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<String, Running>,
    runs: u64,
}

impl Book {
    /// Starts a script, in place of one under the same id and its records.
    pub(crate) fn put(&self, id: &str, script: Script) {
        let mut state = self.state();
        state.runs += 1;
        let running =
            Running { script, run: state.runs, since: Instant::now(), turns: HashMap::new(), requests: Vec::new() };
        state.running.insert(id.to_owned(), running);
    }

    /// Forgets a script; says whether there was one.
    pub(crate) fn remove(&self, id: &str) -> bool {
        self.state().running.remove(id).is_some()
    }

    /// The requests of a script in the order they came in; nothing where there is no such script.
    pub(crate) fn requests(&self, id: &str) -> Option<Vec<Recorded>> {
        self.state().running.get(id).map(|running| running.requests.clone())
    }

    /// Records a request and plans its reply.
    pub(crate) fn take(
        &self,
        request: &Request,
        place: &Place<'_>,
        base: &str,
        connection: u64,
    ) -> (Option<Ticket>, Plan) {
        let body = request.json_or_text();
        let Some((ticket, number, reply)) = self.record(request, place, &body, connection) else {
            let reply = complaint(&format!("no script under the id {:?}", place.id));
            return (None, self.planned(&reply, request, place, &body, 0, base));
        };
        let reply =
            reply.unwrap_or_else(|| complaint(&format!("script exhausted for the provider {:?}", place.provider)));
        let plan = self.planned(&reply, request, place, &body, number, base);
        (Some(ticket), plan)
    }

    fn planned(
        &self,
        reply: &Reply,
        request: &Request,
        place: &Place<'_>,
        body: &Value,
        number: u64,
        base: &str,
    ) -> Plan {
        let asked = Asked::new(reply.family, place.rest, request.query(), body, number);
        plan(reply, &asked, base, SystemTime::now())
    }

    fn record(
        &self,
        request: &Request,
        place: &Place<'_>,
        body: &Value,
        connection: u64,
    ) -> Option<(Ticket, u64, Option<Reply>)> {
        let mut state = self.state();
        let running = state.running.get_mut(place.id)?;
        let turn = running.turns.entry(place.provider.to_owned()).or_default();
        let provider = running.script.providers.get(place.provider);
        let found = provider.and_then(|script| script.reply(*turn, running.script.repeat));
        *turn += 1;
        let (at, reply) = (found.map(|(at, _)| at), found.map(|(_, reply)| reply.clone()));
        running.requests.push(Recorded {
            provider: place.provider.to_owned(),
            method: request.method.clone(),
            path: place.rest.to_owned(),
            query: request.query().to_owned(),
            headers: request.headers.clone(),
            body: body.clone(),
            at_ms: millis(running.since),
            ended_ms: None,
            closed_early: false,
            reply: at,
            connection,
        });
        let ticket = Ticket { id: place.id.to_owned(), run: running.run, at: running.requests.len() - 1 };
        Some((ticket, running.requests.len() as u64, reply))
    }

    /// Notes that a reply has ended.
    pub(crate) fn end(&self, ticket: &Ticket, closed_early: bool) {
        let mut state = self.state();
        let running = state.running.get_mut(&ticket.id);
        let Some(running) = running.filter(|running| running.run == ticket.run) else {
            return;
        };
        let ended = millis(running.since);
        if let Some(record) = running.requests.get_mut(ticket.at) {
            record.ended_ms = Some(ended);
            record.closed_early = closed_early;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request is addressed to: `/{id}/{provider}{rest}`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) id: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) rest: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(path: &'a str) -> Self {
        let (id, after) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        let end = after.find('/').unwrap_or(after.len());
        Self { id, provider: &after[..end], rest: &after[end..] }
    }
}

fn complaint(words: &str) -> Reply {
    let error = json!({ "error": { "message": words, "type": "fake_provider_script" } });
    Reply { status: Some(500), body: Some(error), ..Reply::default() }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_paths() {
        let place = Place::of("/run-1/alpha/v1/chat/completions");
        assert_eq!((place.id, place.provider, place.rest), ("run-1", "alpha", "/v1/chat/completions"));
        let short = Place::of("/run-1/alpha");
        assert_eq!((short.id, short.provider, short.rest), ("run-1", "alpha", ""));
    }
}
