//! Token counts before a call: text in, an estimate out, from how tokenizers treat each class of characters.

use serde_json::Value;

use super::ChatRequest;

/// Above this many bytes the count is projected from evenly spaced samples.
const SAMPLE_ABOVE: usize = 64 * 1024;
/// Length of one sample in bytes.
const SAMPLE: usize = 4 * 1024;
/// Tokens that every message costs besides its text (role and separators, as OpenAI documents for chat).
const PER_MESSAGE: u64 = 4;
/// Tokens of an image whose size is unknown: a 1024 by 1024 picture at OpenAI's and Anthropic's rates is 765 to 1,400.
const PER_IMAGE: u64 = 1_000;
/// Tokens of a document page set whose length is unknown.
const PER_FILE: u64 = 3_000;

/// Estimates the tokens of a text.
///
/// Runs of Latin letters cost about a token per 4.6 letters plus the remainder, digits one per three, symbols one per
/// 1.6, CJK 0.8 each, other scripts one per 2.2 letters: rounded averages of today's byte-pair vocabularies of 100k to 260k entries.
pub fn estimate_tokens(text: &str) -> u64 {
    if text.len() <= SAMPLE_ABOVE {
        return (weigh(text) / 100.0).ceil() as u64;
    }
    let samples = SAMPLE_ABOVE / SAMPLE;
    let stride = (text.len() - SAMPLE) / (samples - 1);
    let (mut weight, mut seen) = (0.0, 0usize);
    for i in 0..samples {
        let mut start = i * stride;
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let mut end = (start + SAMPLE).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        weight += weigh(&text[start..end]);
        seen += end - start;
    }
    (weight / 100.0 * text.len() as f64 / seen as f64).ceil() as u64
}

/// Hundredths of a token.
fn weigh(text: &str) -> f64 {
    let (mut total, mut word) = (0.0, 0u32);
    let mut digits = 0u32;
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            word += 1;
            continue;
        }
        total += flush(&mut word, &mut digits);
        match c {
            '0'..='9' => digits += 1,
            ' ' => {}
            '\n' | '\t' | '\r' => total += 35.0,
            '!'..='~' => total += 62.0,
            '\u{80}'..='\u{24f}' => total += 55.0,
            '\u{3040}'..='\u{30ff}' => total += 85.0,
            '\u{3400}'..='\u{9fff}' => total += 80.0,
            '\u{ac00}'..='\u{d7af}' => total += 80.0,
            '\u{400}'..='\u{52f}' => total += 38.0,
            '\u{600}'..='\u{6ff}' => total += 42.0,
            '\u{1f000}'..='\u{1ffff}' => total += 200.0,
            _ => total += 55.0,
        }
    }
    total + flush(&mut word, &mut digits)
}

fn flush(word: &mut u32, digits: &mut u32) -> f64 {
    let mut out = 0.0;
    if *word > 0 {
        // A common word is one token whatever its length; only long ones are split.
        out += if *word <= 7 { 108.0 } else { 108.0 + f64::from(*word - 7) * 19.0 };
        *word = 0;
    }
    if *digits > 0 {
        out += f64::from(digits.div_ceil(3)) * 100.0;
        *digits = 0;
    }
    out
}

/// Estimates the input tokens of a whole request: messages, tools, schema and media.
pub fn estimate_request_tokens(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages().iter().map(message_tokens).sum();
    let tools: u64 = request.get("tools").map_or(0, |t| estimate_tokens(&t.to_string()) + 8);
    let schema: u64 = request.get("response_format").map_or(0, |f| estimate_tokens(&f.to_string()));
    messages + tools + schema + 3
}

fn message_tokens(message: &Value) -> u64 {
    let mut total = PER_MESSAGE;
    match message.get("content") {
        Some(Value::String(text)) => total += estimate_tokens(text),
        Some(Value::Array(parts)) => total += parts.iter().map(part_tokens).sum::<u64>(),
        _ => {}
    }
    if let Some(calls) = message.get("tool_calls").filter(|c| !c.is_null()) {
        total += estimate_tokens(&calls.to_string());
    }
    for field in ["reasoning_content", "name"] {
        if let Some(text) = message.get(field).and_then(Value::as_str) {
            total += estimate_tokens(text);
        }
    }
    total
}

fn part_tokens(part: &Value) -> u64 {
    match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text").and_then(Value::as_str).map_or(0, estimate_tokens),
        Some("image_url") => PER_IMAGE,
        Some("file" | "input_audio" | "video_url") => PER_FILE,
        _ => estimate_tokens(&part.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_prose_is_near_four_and_a_half_characters_a_token() {
        let text = "The quick brown fox jumps over the lazy dog, and then it rests beside the river for a while.";
        let tokens = estimate_tokens(text);
        assert!((19..=24).contains(&tokens), "{tokens}");
    }

    #[test]
    fn sampling_agrees_with_counting() {
        let text = "Numbers 12345 and words, 漢字も少し。 ".repeat(4_000);
        let counted = (weigh(&text) / 100.0).ceil();
        let sampled = estimate_tokens(&text) as f64;
        assert!((sampled / counted - 1.0).abs() < 0.02, "{sampled} {counted}");
    }
}
