//! JSON that a model was asked for in words: its answer in, the same without a code fence around it out.

use std::collections::HashMap;

use serde_json::Value;

use crate::provider::{Failure, Progress, StreamDecoder};
use crate::wire::{ChatChunk, ChatResponse, Usage};

const FENCE: &str = "```";
/// A first line longer than this opens no code.
const OPENING: usize = 24;

/// Takes the fences off a whole reply.
pub(super) fn whole(mut response: ChatResponse) -> ChatResponse {
    for choice in response.body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::String(text)) = choice.get_mut("message").and_then(|m| m.get_mut("content"))
            && let Some(inner) = inside(text)
        {
            *text = inner;
        }
    }
    response
}

/// What stands in the fence; `None` where the text is not one fenced block.
fn inside(text: &str) -> Option<String> {
    let (opening, rest) = text.trim().strip_prefix(FENCE)?.split_once('\n')?;
    let inner = rest.strip_suffix(FENCE)?;
    (opening.len() <= OPENING && !opening.contains('`')).then(|| inner.trim().to_owned())
}

/// Takes the fences off a stream.
pub(super) struct Unfenced {
    inner: Box<dyn StreamDecoder>,
    choices: HashMap<u64, State>,
}

/// How far the text of a choice has been read.
enum State {
    /// So much has come, and it may yet become the opening of a fence.
    Start(String),
    /// In a fence, and so much at the end may be the closing of it.
    Inside(String),
    /// In text without one.
    Plain,
}

impl Unfenced {
    pub(super) fn new(inner: Box<dyn StreamDecoder>) -> Self {
        Self { inner, choices: HashMap::new() }
    }

    fn pass(&mut self, made: Vec<ChatChunk>, out: &mut Vec<ChatChunk>) {
        for mut chunk in made {
            for choice in chunk.body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
                let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
                let ends = choice.get("finish_reason").is_some_and(Value::is_string);
                let said = choice.pointer("/delta/content").and_then(Value::as_str);
                if said.is_none() && !ends {
                    continue;
                }
                let state = self.choices.entry(index).or_insert_with(|| State::Start(String::new()));
                let mut text = state.read(said.unwrap_or_default());
                if ends {
                    text.push_str(&state.rest());
                }
                let written = said.is_some() || !text.is_empty();
                if let (true, Some(delta)) = (written, choice.get_mut("delta").and_then(Value::as_object_mut)) {
                    delta.insert("content".into(), text.into());
                }
            }
            // What is held back is no output yet.
            let mut passed = ChatChunk::from_body(std::mem::take(&mut chunk.body), chunk.usage);
            passed.portions = std::mem::take(&mut chunk.portions);
            out.push(passed);
        }
    }
}

impl State {
    /// Takes more text and gives what is certain.
    fn read(&mut self, more: &str) -> String {
        match self {
            Self::Plain => more.to_owned(),
            Self::Start(held) => {
                held.push_str(more);
                let text = held.trim_start();
                if FENCE.starts_with(text) {
                    return String::new();
                }
                let Some(opened) = text.strip_prefix(FENCE) else {
                    let all = std::mem::take(held);
                    *self = Self::Plain;
                    return all;
                };
                match opened.split_once('\n') {
                    Some((opening, rest)) if opening.len() <= OPENING && !opening.contains('`') => {
                        let rest = rest.to_owned();
                        *self = Self::Inside(String::new());
                        self.read(&rest)
                    }
                    None if opened.len() <= OPENING => String::new(),
                    _ => {
                        let all = std::mem::take(held);
                        *self = Self::Plain;
                        all
                    }
                }
            }
            Self::Inside(held) => {
                held.push_str(more);
                let certain = held.trim_end_matches(|c: char| c.is_whitespace() || c == '`').len();
                let tail = held.split_off(certain);
                std::mem::replace(held, tail)
            }
        }
    }

    /// What is left at the end of the text.
    fn rest(&mut self) -> String {
        match std::mem::replace(self, Self::Plain) {
            Self::Start(held) => held,
            Self::Inside(held) if held.trim() == FENCE => String::new(),
            Self::Inside(held) => held,
            Self::Plain => String::new(),
        }
    }
}

impl StreamDecoder for Unfenced {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let mut made = Vec::new();
        let progress = self.inner.event(name, data, &mut made);
        self.pass(made, out);
        progress
    }

    fn usage_so_far(&self) -> Option<Usage> {
        self.inner.usage_so_far()
    }

    fn holds_finish(&self) -> bool {
        self.inner.holds_finish()
    }

    fn end(&mut self, out: &mut Vec<ChatChunk>) {
        let mut made = Vec::new();
        self.inner.end(&mut made);
        self.pass(made, out);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_text_that_is_one_fenced_block_is_unwrapped() {
        assert_eq!(inside("```json\n{\"a\": 1}\n```").as_deref(), Some("{\"a\": 1}"));
        assert_eq!(inside("\n```\n[1]\n```\n").as_deref(), Some("[1]"));
        for other in ["{\"a\": \"```\"}", "See:\n```json\n{}\n```", "```json {} ```", "```json\n{}", ""] {
            assert_eq!(inside(other), None, "{other}");
        }
    }

    /// Says each event as text; `!` ends the choice.
    struct Echo;
    impl StreamDecoder for Echo {
        fn event(&mut self, _: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
            out.push(match data {
                "!" => ChatChunk::delta("i", 1, "m", json!({}), Some("stop")),
                text => ChatChunk::delta("i", 1, "m", json!({"content": text}), None),
            });
            Ok(Progress::More)
        }
        fn end(&mut self, _: &mut Vec<ChatChunk>) {}
    }

    fn streamed(pieces: &[&str]) -> String {
        let (mut fenced, mut out) = (Unfenced::new(Box::new(Echo)), Vec::new());
        for piece in pieces.iter().chain(&["!"]) {
            assert!(fenced.event("", piece, &mut out).is_ok());
        }
        out.iter().map(ChatChunk::text).collect()
    }

    #[test]
    fn streams_say_the_same_however_they_are_cut() {
        let texts = [
            ("```json\n{\"a\": 1}\n```", "{\"a\": 1}"),
            ("\n```\n[1, \"`\"]\n```\n", "[1, \"`\"]"),
            ("{\"a\": \"```\"}", "{\"a\": \"```\"}"),
            ("plain `code`\n", "plain `code`\n"),
            ("```json\n{\"cut\": ", "{\"cut\": "),
            ("``", "``"),
            (
                "```a line that is much too long to open a fence\nx\n```",
                "```a line that is much too long to open a fence\nx\n```",
            ),
        ];
        for (text, wanted) in texts {
            assert_eq!(streamed(&[text]), wanted);
            for cut in (1..text.len()).filter(|at| text.is_char_boundary(*at)) {
                let (one, two) = text.split_at(cut);
                assert_eq!(streamed(&[one, two]), wanted, "{text} cut at {cut}");
            }
            let single: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(streamed(&single.iter().map(String::as_str).collect::<Vec<_>>()), wanted);
        }
    }

    #[test]
    fn what_is_held_back_is_no_output() {
        let (mut fenced, mut out) = (Unfenced::new(Box::new(Echo)), Vec::new());
        for piece in ["``", "`json", "\n"] {
            assert!(fenced.event("", piece, &mut out).is_ok());
        }
        assert!(out.iter().all(|chunk| !chunk.output));
    }
}
