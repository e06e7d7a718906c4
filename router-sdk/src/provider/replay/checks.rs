//! One recording and its family in; what is checked of every family out.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};

use super::answer::identities;
use super::{Answer, Language, Notes, Recording};
use crate::provider::openai::tests::sse::Splitter;
use crate::provider::turns::replay::Cuts;
use crate::provider::{Cause, Failure, Framing, Progress, Provider, Target, family};
use crate::transport;
use crate::wire::{ChatChunk, chunks_of};

pub(super) fn check(language: &Language, recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    let spoken = family(language.family);
    if recording.status >= 400 {
        return notes.note("error", error(spoken, recording));
    }
    match recording.kind.as_str() {
        "json" if recording.body.is_object() && (language.answers)(recording) => {
            notes.note("whole", whole(spoken, target, recording))
        }
        "sse" | "events_jsonl" | "ndjson" | "eventstream_base64" => {
            let bytes = (language.bytes)(recording);
            if spoken.framing() == Framing::Sse {
                notes.note("reader", reader(&bytes, cuts));
            }
            notes.note("stream", stream(spoken, target, &bytes, cuts));
        }
        "empty" => {
            let empty = spoken.decode(target, b"").is_err_and(|f| f.cause == Cause::Empty);
            notes.note("empty", if empty { Ok(()) } else { Err("an empty body is not Empty".into()) });
        }
        _ => {}
    }
}

/// A failure in words.
pub(in crate::provider) fn told(failure: &Failure) -> String {
    format!("{}: {}", failure.cause.as_str(), failure.message)
}

fn whole(spoken: &dyn Provider, target: &Target, recording: &Recording) -> Result<(), String> {
    let reply = match spoken.decode(target, &recording.bytes()) {
        Ok(reply) => reply,
        // Whether there is really nothing in it is checked by the family.
        Err(failure) if matches!(failure.cause, Cause::Empty | Cause::ModelFault) => return Ok(()),
        Err(failure) => return Err(told(&failure)),
    };
    if let Some(usage) = &reply.usage {
        identities(usage, &reply.body["usage"])?;
    }
    let choices = reply.body["choices"].as_array().cloned().unwrap_or_default();
    let field = |name: &str| -> String { choices.iter().filter_map(|c| c["message"][name].as_str()).collect() };
    let answer = Answer::of(&chunks_of(reply.clone()))?;
    if answer.text != field("content") || answer.reasoning != field("reasoning_content") {
        return Err("as chunks it says something else".into());
    }
    let calls = choices.iter().filter_map(|c| c["message"]["tool_calls"].as_array()).map(Vec::len).sum::<usize>();
    if answer.calls.len() != calls || answer.usage != reply.usage {
        return Err("as chunks it has other calls or counts".into());
    }
    answer.check()
}

/// Bytes cut anywhere make the same events as the plainest reader makes of the whole.
fn reader(bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let mut splitter = Splitter::default();
    let mut plain = splitter.push(bytes);
    plain.extend(splitter.finish());
    let read =
        events(Framing::Sse, bytes, cuts, 40).into_iter().collect::<Result<Vec<_>, _>>().map_err(|f| told(&f))?;
    if read == plain { Ok(()) } else { Err("the reader of events reads otherwise".into()) }
}

/// The events of a stream cut into pieces of at most `longest` bytes: name and data.
pub(in crate::provider) fn events(
    framing: Framing,
    bytes: &[u8],
    cuts: &mut Cuts,
    longest: usize,
) -> Vec<Result<(String, String), Failure>> {
    let pieces: Vec<Result<Bytes, Failure>> = cuts.cut(bytes, longest).into_iter().map(Ok).collect();
    let events = transport::events(framing, Box::pin(futures_util::stream::iter(pieces)));
    let events = events.map(|event| event.map(|e| (e.name, e.data)));
    events.collect::<Vec<_>>().now_or_never().expect("a stream at hand never waits")
}

/// The chunks of a stream cut into pieces of at most `longest` bytes, and the failure that ended it.
pub(in crate::provider) fn chunks(
    spoken: &dyn Provider,
    target: &Target,
    bytes: &[u8],
    cuts: &mut Cuts,
    longest: usize,
) -> (Vec<ChatChunk>, Option<Failure>) {
    let mut decoder = spoken.decoder(target);
    let mut out = Vec::new();
    for event in events(spoken.framing(), bytes, cuts, longest) {
        match event.and_then(|(name, data)| decoder.event(&name, &data, &mut out)) {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => break,
            Err(failure) => return (out, Some(failure)),
        }
    }
    decoder.end(&mut out);
    (out, None)
}

fn stream(spoken: &dyn Provider, target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let (one, failure) = chunks(spoken, target, bytes, cuts, usize::MAX >> 34);
    let bodies = |chunks: &[ChatChunk]| chunks.iter().map(|c| (c.body.clone(), c.usage)).collect::<Vec<_>>();
    let wanted = bodies(&one);
    for longest in [3, 40, 900] {
        let (cut, other) = chunks(spoken, target, bytes, cuts, longest);
        if bodies(&cut) != wanted || other.map(|f| f.cause) != failure.as_ref().map(|f| f.cause) {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    if let Some(failure) = failure {
        return Err(told(&failure));
    }
    let answer = Answer::of(&one)?;
    // A stream that was recorded without its end says nothing of how it ended; the family looks into that.
    if answer.finish.is_empty() { Ok(()) } else { answer.check() }
}

/// What a status may mean, whatever the words.
fn fits(status: u16, cause: Cause) -> bool {
    match status {
        401 | 403 => matches!(cause, Cause::Auth | Cause::ModelMissing | Cause::ContentRefused | Cause::Quota),
        402 => matches!(cause, Cause::Quota | Cause::RateLimited),
        404 => matches!(cause, Cause::ModelMissing | Cause::Caller | Cause::Unsupported | Cause::Auth),
        413 => matches!(cause, Cause::TooLarge | Cause::ContextTooLong),
        429 => matches!(cause, Cause::RateLimited | Cause::Quota | Cause::TooLarge | Cause::Overloaded),
        503 | 529 => matches!(cause, Cause::Overloaded | Cause::Quota | Cause::ContextTooLong),
        500..=599 => !matches!(cause, Cause::Unknown | Cause::Malformed | Cause::Caller),
        _ => !matches!(cause, Cause::Unknown | Cause::Malformed | Cause::Empty),
    }
}

/// What the words must be taken for.
const SPELLED: [(&str, Cause); 19] = [
    ("does not exist or you do not have access", Cause::ModelMissing),
    ("is not a valid model id", Cause::ModelMissing),
    ("invalid model", Cause::ModelMissing),
    ("supported api model names", Cause::ModelMissing),
    ("specified model not found", Cause::ModelMissing),
    ("api deployment for this resource", Cause::ModelMissing),
    ("is not found for api version", Cause::ModelMissing),
    ("api key", Cause::Auth),
    ("authentication fails", Cause::Auth),
    ("unsupported parameter", Cause::Unsupported),
    ("does not support 'system'", Cause::Unsupported),
    ("does not support this tool_choice", Cause::Unsupported),
    ("unknown variant", Cause::Unsupported),
    ("logprobs are not enabled", Cause::Unsupported),
    ("available context size", Cause::ContextTooLong),
    ("prompt is too long", Cause::ContextTooLong),
    ("did not call a tool", Cause::ModelFault),
    ("rate-limited upstream", Cause::RateLimited),
    ("above maximum value", Cause::Caller),
];

fn error(spoken: &dyn Provider, recording: &Recording) -> Result<(), String> {
    let failure = spoken.explain_error(recording.status, &recording.headers, &recording.bytes());
    let message = failure.message.to_lowercase();
    let spelled = SPELLED.iter().find(|(part, _)| message.contains(part)).map(|(_, cause)| *cause);
    if spelled.is_some_and(|cause| cause != failure.cause) || !fits(recording.status, failure.cause) {
        return Err(format!("{} became {}", recording.status, told(&failure)));
    }
    Ok(())
}
