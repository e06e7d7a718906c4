//! Several choices from a provider that gives one a request: one encoded request in; as many sends as choices, merged
//! into one reply or one stream, out. The first failure ends all.

use futures_util::future::try_join_all;
use futures_util::stream::{self, SelectAll, StreamExt};
use serde_json::{Value, json};

use super::attempt::{self, OpenStream};
use super::sender::Sender;
use crate::account::Line;
use crate::provider::{Cause, Failure, HttpRequest, Progress, StreamDecoder, Target};
use crate::transport::{Event, Events};
use crate::wire::{ChatChunk, ChatResponse, Object, Usage};

/// The most sends for one request: each pays for the prompt again.
pub(super) const MOST: u64 = 8;

/// Asks for whole replies and merges them.
pub(super) async fn whole(
    sender: &Sender,
    target: &Target,
    http: &HttpRequest,
    copies: u64,
    line: &Line,
) -> Result<ChatResponse, Failure> {
    // The books speak of the first send.
    let sends = (0..copies).map(|copy| attempt::one_whole(sender, target, http.clone(), (copy == 0).then_some(line)));
    Ok(merged(try_join_all(sends).await?))
}

/// Opens the streams and merges their events.
pub(super) async fn streams(
    sender: &Sender,
    target: &Target,
    http: &HttpRequest,
    copies: u64,
    line: &Line,
) -> Result<OpenStream, Failure> {
    let sends = (0..copies).map(|copy| attempt::one_stream(sender, target, http.clone(), (copy == 0).then_some(line)));
    let opened = try_join_all(sends).await?;
    let (mut events, mut branches) = (SelectAll::new(), Vec::with_capacity(opened.len()));
    for (place, open) in opened.into_iter().enumerate() {
        events.push(tagged(place, open.events));
        branches.push(Branch { decoder: open.decoder, ended: false, finished: false, usage: None });
    }
    let decoder = Box::new(Fan { branches, id: None });
    Ok(OpenStream {
        target: target.clone(),
        events: Box::pin(events),
        decoder,
        chunks: Default::default(),
        ended: false,
        skip_malformed: false,
        seat: None,
    })
}

/// Choices in the order of their sends, usage summed, everything else from the first.
fn merged(replies: Vec<ChatResponse>) -> ChatResponse {
    let mut choices = Vec::new();
    let portions: Option<Vec<Usage>> = replies.iter().map(|reply| reply.usage).collect();
    let mut first: Option<Object> = None;
    for mut reply in replies {
        if let Some(Value::Array(own)) = reply.body.shift_remove("choices") {
            choices.extend(own);
        }
        first.get_or_insert(reply.body);
    }
    for (index, choice) in choices.iter_mut().enumerate() {
        choice["index"] = index.into();
    }
    let mut body = first.unwrap_or_default();
    body.insert("choices".into(), choices.into());
    let portions = portions.unwrap_or_default();
    let usage = sum(&portions);
    match usage {
        Some(usage) => body.insert("usage".into(), usage.to_openai()),
        // Told for some and not for others it is worth no more than an estimate of all.
        None => body.shift_remove("usage"),
    };
    let mut response = ChatResponse::new(body, usage);
    response.portions = portions;
    response
}

/// All counts added up; a cost that the provider states counts only where each send has one.
fn sum(portions: &[Usage]) -> Option<Usage> {
    portions.iter().copied().reduce(|a, b| Usage {
        input: a.input.saturating_add(b.input),
        cached_read: a.cached_read.saturating_add(b.cached_read),
        cache_write: a.cache_write.saturating_add(b.cache_write),
        cache_write_1h: a.cache_write_1h.saturating_add(b.cache_write_1h),
        output: a.output.saturating_add(b.output),
        reasoning: a.reasoning.saturating_add(b.reasoning),
        audio_in: a.audio_in.saturating_add(b.audio_in),
        audio_out: a.audio_out.saturating_add(b.audio_out),
        estimated: a.estimated || b.estimated,
        service_tier: a.service_tier.or(b.service_tier),
        reported_cost_nanos: a.reported_cost_nanos.zip(b.reported_cost_nanos).map(|(a, b)| a.saturating_add(b)),
    })
}

/// Stands before an event's name; no provider's name of an event has one.
const TAG: char = '\u{1}';

/// Events of one stream with its place before their names, and one more that tells its end.
fn tagged(place: usize, events: Events) -> Events {
    let events = events.map(move |event| {
        let event = event?;
        Ok(Event { name: format!("{place}{TAG}{}", event.name), ..event })
    });
    let end = stream::once(async move { Ok(Event { name: format!("{place}{TAG}{TAG}"), data: String::new() }) });
    Box::pin(events.chain(end))
}

/// Decodes the events of several streams as the choices of one.
struct Fan {
    branches: Vec<Branch>,
    /// Id and time of the first chunk, which all chunks share.
    id: Option<(Value, Value)>,
}

struct Branch {
    decoder: Box<dyn StreamDecoder>,
    ended: bool,
    finished: bool,
    usage: Option<Usage>,
}

impl Fan {
    /// Takes what a branch made and gives it as a choice of the whole.
    fn place(&mut self, place: usize, made: Vec<ChatChunk>, out: &mut Vec<ChatChunk>) {
        for mut chunk in made {
            let Some(branch) = self.branches.get_mut(place) else { return };
            branch.finished |= chunk.finished;
            // Usage is told once, of all.
            branch.usage = chunk.usage.take().or(branch.usage);
            chunk.body.shift_remove("usage");
            let id = |field: &str| chunk.body.get(field).cloned().unwrap_or_default();
            let (own, created) = self.id.get_or_insert_with(|| (id("id"), id("created")));
            let (own, created) = (own.clone(), created.clone());
            let Some(choices) = chunk.body.get_mut("choices").and_then(Value::as_array_mut) else { continue };
            if choices.is_empty() {
                continue;
            }
            for choice in choices {
                choice["index"] = place.into();
            }
            chunk.body.insert("id".into(), own);
            chunk.body.insert("created".into(), created);
            out.push(chunk);
        }
    }

    /// A stream came to its end: it must have said why.
    fn close(&mut self, place: usize, out: &mut Vec<ChatChunk>) -> Result<(), Failure> {
        let Some(branch) = self.branches.get_mut(place).filter(|branch| !branch.ended) else { return Ok(()) };
        branch.ended = true;
        let mut made = Vec::new();
        branch.decoder.end(&mut made);
        self.place(place, made, out);
        if self.branches.get(place).is_some_and(|branch| branch.finished) {
            return Ok(());
        }
        let why = format!("the stream of choice {place} ended without a finish reason");
        Err(Failure::new(Cause::Truncated, why))
    }

    fn progress(&mut self, out: &mut Vec<ChatChunk>) -> Progress {
        if self.branches.iter().any(|branch| !branch.ended) {
            return Progress::More;
        }
        let portions: Option<Vec<Usage>> = self.branches.iter().map(|branch| branch.usage).collect();
        if let Some(usage) = portions.as_deref().and_then(sum) {
            let mut body = Object::new();
            body.insert("object".into(), "chat.completion.chunk".into());
            body.insert("choices".into(), json!([]));
            body.insert("usage".into(), usage.to_openai());
            let mut chunk = ChatChunk::from_body(body, Some(usage));
            chunk.portions = portions.unwrap_or_default();
            out.push(chunk);
        }
        Progress::Done
    }
}

impl StreamDecoder for Fan {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let tag = name.split_once(TAG).and_then(|(place, name)| Some((place.parse::<usize>().ok()?, name)));
        let Some((place, name)) = tag else { return Ok(Progress::More) };
        let Some(branch) = self.branches.get_mut(place).filter(|branch| !branch.ended) else {
            return Ok(Progress::More);
        };
        let mut done = name.starts_with(TAG);
        if !done {
            let mut made = Vec::new();
            done = branch.decoder.event(name, data, &mut made)? == Progress::Done;
            self.place(place, made, out);
        }
        if !done {
            return Ok(Progress::More);
        }
        self.close(place, out)?;
        Ok(self.progress(out))
    }

    fn end(&mut self, _out: &mut Vec<ChatChunk>) {
        // Each branch has said its last word when its own events ended.
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn reply(id: &str, text: &str, input: u64, output: u64) -> ChatResponse {
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
        let body = json!({"id": id, "choices": [choice], "usage": {"prompt_tokens": input}});
        let usage = Usage { input, output, ..Usage::default() };
        ChatResponse::new(body.as_object().unwrap().clone(), Some(usage))
    }

    #[test]
    fn replies_become_choices_of_one() {
        let one = merged(vec![reply("a", "x", 10, 1), reply("b", "y", 11, 2), reply("c", "z", 12, 3)]);
        assert_eq!(one.body["id"], "a");
        let choices = one.body["choices"].as_array().unwrap();
        let told: Vec<_> =
            choices.iter().map(|c| (c["index"].as_u64().unwrap(), c["message"]["content"].clone())).collect();
        assert_eq!(told, [(0, json!("x")), (1, json!("y")), (2, json!("z"))]);
        let usage = one.usage.unwrap();
        assert_eq!((usage.input, usage.output, one.portions.len()), (33, 6, 3));
        assert_eq!(one.body["usage"]["total_tokens"], 39);
        let mut silent = reply("b", "y", 0, 0);
        silent.usage = None;
        let one = merged(vec![reply("a", "x", 10, 1), silent]);
        assert!(one.usage.is_none() && one.portions.is_empty() && one.body.get("usage").is_none());
    }

    /// Says every event as text, `end` as a finish, `bye` as the last event.
    struct Echo;
    impl StreamDecoder for Echo {
        fn event(&mut self, _: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
            let usage = (data == "end").then(|| Usage { input: 5, output: 2, ..Usage::default() });
            let mut chunk = match data {
                "bye" => return Ok(Progress::Done),
                "bad" => return Err(Failure::malformed("bad")),
                "end" => ChatChunk::delta("own", 7, "m", json!({}), Some("stop")),
                text => ChatChunk::delta("own", 7, "m", json!({"content": text}), None),
            };
            chunk.usage = usage;
            out.push(chunk);
            Ok(Progress::More)
        }
        fn end(&mut self, _: &mut Vec<ChatChunk>) {}
    }

    fn fan(copies: usize) -> Fan {
        let branch = || Branch { decoder: Box::new(Echo), ended: false, finished: false, usage: None };
        Fan { branches: (0..copies).map(|_| branch()).collect(), id: None }
    }

    #[test]
    fn streams_are_told_apart_by_index_and_usage_comes_once() {
        let (mut fan, mut out) = (fan(2), Vec::new());
        let said = ["0\u{1}:a", "1\u{1}:b", "1\u{1}:end", "0\u{1}:c", "1\u{1}:bye", "1\u{1}:late", "0\u{1}:end"];
        for event in said {
            let (name, data) = event.split_once(':').unwrap();
            assert_eq!(fan.event(name, data, &mut out).unwrap(), Progress::More, "{event}");
        }
        assert_eq!(fan.event("0\u{1}\u{1}", "", &mut out).unwrap(), Progress::Done);
        let usage = out.pop().unwrap();
        let told: Vec<_> = out.iter().map(|c| c.body["choices"][0]["index"].as_u64().unwrap()).collect();
        assert_eq!(told, [0, 1, 1, 0, 0]);
        assert!(out.iter().all(|c| c.usage.is_none() && c.body["id"] == "own"));
        assert_eq!((usage.usage.unwrap().input, usage.usage.unwrap().output, usage.portions.len()), (10, 4, 2));
    }

    #[test]
    fn one_broken_stream_breaks_the_whole() {
        let (mut two, mut out) = (fan(2), Vec::new());
        two.event("0\u{1}", "a", &mut out).unwrap();
        assert_eq!(two.event("1\u{1}", "bad", &mut out).unwrap_err().cause, Cause::Malformed);
        let mut two = fan(2);
        two.event("0\u{1}", "end", &mut out).unwrap();
        assert_eq!(two.event("1\u{1}\u{1}", "", &mut out).unwrap_err().cause, Cause::Truncated);
    }
}
