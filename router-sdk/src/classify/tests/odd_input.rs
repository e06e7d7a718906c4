//! Any JSON is read as far as it goes; needs are read from fields alone.

use serde_json::{Map, Value, json};

use super::{ask, body};
use crate::classify::{classify, needs};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn text(&mut self) -> String {
        const BITS: [&str; 28] = [
            "<",
            "</a-b>",
            "<a-b>",
            "```",
            "~~~",
            "\n",
            "\r\n",
            "\u{0}",
            "é",
            "日",
            "🙂",
            "\u{301}",
            ">",
            "- ",
            "1. ",
            "translate ",
            "$x=1$",
            "\\",
            "한",
            "ا",
            "{",
            "}",
            "\u{200f}",
            "def f(",
            "2026-11-22T10:00:00 ",
            "    at x (y:1)",
            "?",
            "<system-reminder>",
        ];
        (0..self.roll(40)).map(|_| BITS[self.roll(BITS.len())]).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        const NAMES: [&str; 16] = [
            "messages",
            "role",
            "content",
            "type",
            "text",
            "tools",
            "function",
            "tool_calls",
            "response_format",
            "n",
            "max_tokens",
            "tool_choice",
            "reasoning",
            "stop",
            "name",
            "image_url",
        ];
        match self.roll(if depth > 5 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(self.roll(1000) as f64 - 500.5),
            3 => json!(["user", "assistant", "system", "tool", "text", "image_url", "developer"][self.roll(7)]),
            4 | 5 => json!(self.text()),
            6 => (0..self.roll(5)).map(|_| self.value(depth + 1)).collect(),
            _ => Value::Object(
                (0..self.roll(6)).map(|_| (NAMES[self.roll(16)].to_owned(), self.value(depth + 1))).collect(),
            ),
        }
    }
}

#[test]
fn any_json_gives_a_sane_task() {
    let mut dice = Dice(7);
    for _ in 0..4_000 {
        let mut request = Map::new();
        let messages = (0..dice.roll(5)).map(|_| match dice.roll(3) {
            0 => dice.value(0),
            1 => json!({"role": "user", "content": dice.text()}),
            _ => json!({"role": dice.value(6), "content": dice.value(1), "tool_calls": dice.value(3)}),
        });
        request.insert("messages".to_owned(), messages.collect());
        for name in ["tools", "n", "response_format", "tool_choice", "max_tokens", "reasoning", "logprobs"] {
            if dice.roll(3) == 0 {
                request.insert(name.to_owned(), dice.value(2));
            }
        }
        let task = classify(&request);
        assert!((0.0..=1.0).contains(&task.difficulty) && (0.0..=1.0).contains(&task.confidence), "{request:?}");
    }
    for odd in
        [json!({"messages": 5}), json!({"messages": [null, 1, "x", []]}), json!({"messages": [{"role": "user"}]})]
    {
        assert!(classify(&body(odd)).no_evidence);
    }
}

#[test]
fn cut_text_is_cut_between_characters() {
    for unit in ["é", "日本", "🙂x", "а б", "\n\nab "] {
        for len in [1_000, 9_000, 70_000, 200_000] {
            let text = unit.repeat(len / unit.len() + 1);
            assert!((0.0..=1.0).contains(&ask(&text).difficulty));
        }
    }
}

#[test]
fn needs_are_read_from_the_fields() {
    let read = needs(&body(json!({
        "messages": [{"role": "developer", "content": "x"}, {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://a"}}, {"type": "input_audio", "input_audio": {}},
            {"type": "file", "file": {}}]}, {"role": "assistant", "content": "Sure:"}],
        "tools": [{"type": "function"}], "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": true,
        "response_format": {"type": "json_schema"}, "logprobs": true, "n": 2, "stream": true, "temperature": 0.0, "top_p": null,
        "stop": ["a"], "max_tokens": 5, "max_completion_tokens": 7, "reasoning_effort": "low"
    })));
    assert!(read.tools && read.forced_tool_choice && read.parallel_tools && read.vision && read.audio && read.pdf);
    assert!(read.json_schema && !read.json_mode && read.logprobs && read.n_gt_1 && read.stream && read.prefill);
    assert!(read.reasoning && read.system_prompt && !read.video);
    assert_eq!(read.params, ["temperature", "stop", "logprobs", "n", "reasoning_effort"]);
    assert_eq!(read.max_output_tokens, Some(7));
    let plain = needs(&body(json!({"messages": [{"role": "user", "content": "x"}], "tool_choice": "auto", "n": 1})));
    assert!(!plain.forced_tool_choice && !plain.n_gt_1 && !plain.prefill && !plain.tools);
}
