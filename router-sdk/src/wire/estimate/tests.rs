//! Sample texts of the project's own in; estimates are held against counts that the real tokenizers made of them.

use serde_json::{Value, json};

use super::*;

const SAMPLES_OF: [(&str, &str); 21] = [
    ("arabic_1", include_str!("../../../tests/tokens/arabic_1.txt")),
    ("arabic_2", include_str!("../../../tests/tokens/arabic_2.txt")),
    ("arabic_3", include_str!("../../../tests/tokens/arabic_3.txt")),
    ("chinese_1", include_str!("../../../tests/tokens/chinese_1.txt")),
    ("chinese_2", include_str!("../../../tests/tokens/chinese_2.txt")),
    ("chinese_3", include_str!("../../../tests/tokens/chinese_3.txt")),
    ("code_1", include_str!("../../../tests/tokens/code_1.txt")),
    ("code_2", include_str!("../../../tests/tokens/code_2.txt")),
    ("code_3", include_str!("../../../tests/tokens/code_3.txt")),
    ("english_1", include_str!("../../../tests/tokens/english_1.txt")),
    ("english_2", include_str!("../../../tests/tokens/english_2.txt")),
    ("english_3", include_str!("../../../tests/tokens/english_3.txt")),
    ("japanese_1", include_str!("../../../tests/tokens/japanese_1.txt")),
    ("japanese_2", include_str!("../../../tests/tokens/japanese_2.txt")),
    ("japanese_3", include_str!("../../../tests/tokens/japanese_3.txt")),
    ("json_1", include_str!("../../../tests/tokens/json_1.txt")),
    ("json_2", include_str!("../../../tests/tokens/json_2.txt")),
    ("json_3", include_str!("../../../tests/tokens/json_3.txt")),
    ("russian_1", include_str!("../../../tests/tokens/russian_1.txt")),
    ("russian_2", include_str!("../../../tests/tokens/russian_2.txt")),
    ("russian_3", include_str!("../../../tests/tokens/russian_3.txt")),
];
const COUNTS: &str = include_str!("../../../tests/tokens/counts.json");

/// Tokenizers by their name in the counts. Claude's stands for the last published one, without the scale to today's.
const COUNTED: [(Tokenizer, &str); 8] = [
    (Tokenizer::O200k, "o200k"),
    (Tokenizer::Cl100k, "cl100k"),
    (Tokenizer::Claude, "claude"),
    (Tokenizer::Gemini, "gemini"),
    (Tokenizer::Llama, "llama"),
    (Tokenizer::Mistral, "mistral"),
    (Tokenizer::DeepSeek, "deepseek"),
    (Tokenizer::Qwen, "qwen"),
];

#[test]
fn every_class_of_text_is_within_a_tenth_for_every_tokenizer() {
    let counts: Value = serde_json::from_str(COUNTS).unwrap();
    let mut off = Vec::new();
    for (name, text) in SAMPLES_OF {
        for (tokenizer, column) in COUNTED {
            let real = counts[name][column].as_f64().unwrap();
            let estimate = estimate_tokens_for(tokenizer, text) as f64 / f64::from(tokenizer.weights().1);
            let error = estimate / real - 1.0;
            if error.abs() > 0.1 {
                off.push(format!("{name} by {column}: {estimate} for {real}"));
            }
        }
    }
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn the_plain_estimate_is_the_one_for_todays_openai_models() {
    for (_, text) in SAMPLES_OF {
        assert_eq!(estimate_tokens(text), estimate_tokens_for(Tokenizer::O200k, text));
    }
    assert_eq!(estimate_tokens(""), 0);
    assert!(estimate_tokens("a") >= 1);
}

#[test]
fn newer_claudes_make_more_tokens_of_the_same_text() {
    let text = SAMPLES_OF[9].1;
    let (before, since) =
        (estimate_tokens_for(Tokenizer::Claude, text), estimate_tokens_for(Tokenizer::ClaudeNext, text));
    // 1.3 / 1.055 = 1.232.
    assert!((1.22..1.25).contains(&(since as f64 / before as f64)), "{before} {since}");
}

#[test]
fn long_texts_are_sampled_and_come_out_alike() {
    for (name, text) in SAMPLES_OF {
        let characters = text.chars().count();
        let times = SAMPLE_ABOVE / characters + 3;
        let long = text.repeat(times);
        assert!(long.chars().count() > SAMPLE_ABOVE);
        let (sampled, counted) = (estimate_tokens(&long) as f64, estimate_tokens(text) as f64 * times as f64);
        assert!((sampled / counted - 1.0).abs() < 0.04, "{name}: {sampled} for {counted}");
        assert_eq!(estimate_tokens(&long), estimate_tokens(&long));
    }
}

#[test]
fn texts_of_every_kind_and_length_are_estimated() {
    for c in [
        'a',
        'Z',
        '1',
        ' ',
        '\n',
        '{',
        'é',
        'я',
        'ب',
        '中',
        'あ',
        'カ',
        '한',
        '。',
        'α',
        'ก',
        '😀',
        '\u{20000}',
        '\0',
        '\u{feff}',
    ] {
        for times in [1, 2, 1_000, 70_000, 300_000] {
            let tokens = estimate_tokens(&c.to_string().repeat(times));
            assert!(tokens <= 4 * times as u64 + 4, "{c:?} {times}: {tokens}");
        }
    }
}

fn request(content: Value) -> ChatRequest {
    ChatRequest::from_value(json!({"model": "m", "messages": [{"role": "user", "content": content}]})).unwrap()
}

/// A PNG's head that states a size.
fn png(width: u32, height: u32) -> String {
    use base64::Engine;
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[test]
fn pictures_cost_what_their_provider_takes_for_them() {
    // One message is 4 tokens and the opening of the reply 3; the rest is the picture.
    let tokens = |url: &str, detail: &str, tokenizer| {
        let part = json!([{"type": "image_url", "image_url": {"url": url, "detail": detail}}]);
        estimate_request_tokens_for(tokenizer, &request(part)) - 7
    };
    let picture = png(1920, 1080);
    // 1365 by 768 after shrinking the short side: 3 by 2 tiles, 85 + 6 * 170.
    assert_eq!(tokens(&picture, "auto", Tokenizer::O200k), 1_105);
    assert_eq!(tokens(&picture, "low", Tokenizer::O200k), 85);
    // 1568 by 882: 1,382,976 / 750 is 1,843.97, of which no more than 1,600 are kept.
    assert_eq!(tokens(&picture, "auto", Tokenizer::Claude), 1_600);
    // 800 by 600: 480,000 / 750.
    assert_eq!(tokens(&png(800, 600), "auto", Tokenizer::Claude), 640);
    // 3 by 2 tiles of 768.
    assert_eq!(tokens(&picture, "auto", Tokenizer::Gemini), 6 * 258);
    assert_eq!(tokens(&png(384, 384), "auto", Tokenizer::Gemini), 258);
    // 1540 by 866: 55 by 31 squares of 28.
    assert_eq!(tokens(&picture, "auto", Tokenizer::Qwen), 55 * 31);
    // Unknown sizes are a megapixel: 768 by 768 after shrinking, four tiles.
    for url in ["https://example.org/a.png", "data:image/png;base64,AAAA", "data:image/png;base64,!", "data:,"] {
        assert_eq!(tokens(url, "auto", Tokenizer::O200k), 85 + 4 * 170, "{url}");
    }
    // What a head may claim is bounded.
    assert!(tokens(&png(u32::MAX >> 1, u32::MAX >> 1), "auto", Tokenizer::Claude) <= 1_600);
    assert!(tokens(&png(u32::MAX >> 1, 1), "auto", Tokenizer::Qwen) <= 56);
}

#[test]
fn sound_and_documents_cost_by_their_length() {
    let wav = json!([{"type": "input_audio", "input_audio": {"format": "wav", "data": "A".repeat(640_000)}}]);
    // 480,000 bytes are ten seconds.
    assert_eq!(estimate_request_tokens_for(Tokenizer::O200k, &request(wav.clone())), 7 + 100);
    assert_eq!(estimate_request_tokens_for(Tokenizer::Gemini, &request(wav)), 7 + 320);
    let pdf = "A".repeat(200_000);
    let pdf = json!([{"type": "file", "file": {"file_data": format!("data:application/pdf;base64,{pdf}")}}]);
    // 150,021 bytes: four pages.
    assert_eq!(estimate_request_tokens_for(Tokenizer::Gemini, &request(pdf)), 7 + 4 * 258);
}

#[test]
fn tools_schemas_and_messages_add_their_overhead() {
    let plain = request(json!("Hello there, how are you?"));
    let mut body = plain.body().clone();
    let tool = json!({"type": "function", "function": {"name": "f", "description": "Adds.", "parameters": {"type": "object"}}});
    body.insert("tools".into(), json!([tool]));
    let with_tool = ChatRequest::from_value(Value::Object(body.clone())).unwrap();
    let text = estimate_tokens(&tool.to_string());
    let added = estimate_request_tokens(&with_tool) - estimate_request_tokens(&plain);
    assert!((text + 6..=text + 10).contains(&added), "{added} for {text}");
    let claude = |request| estimate_request_tokens_for(Tokenizer::Claude, request);
    assert!(claude(&with_tool) - claude(&plain) > 340);
    body.insert(
        "response_format".into(),
        json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}),
    );
    let with_schema = ChatRequest::from_value(Value::Object(body)).unwrap();
    assert!(estimate_request_tokens(&with_schema) > estimate_request_tokens(&with_tool) + 10);
}

#[cfg(feature = "exact-tokens")]
#[test]
fn real_counts_are_those_of_the_samples() {
    let counts: Value = serde_json::from_str(COUNTS).unwrap();
    for (name, text) in SAMPLES_OF {
        for (tokenizer, column) in COUNTED {
            let count = count_tokens(tokenizer, text);
            let own = matches!(tokenizer, Tokenizer::O200k | Tokenizer::Cl100k);
            assert_eq!(count.exact, own);
            if own {
                assert_eq!(Some(count.tokens), counts[name][column].as_u64(), "{name} by {column}");
            }
        }
    }
    let text = request(json!("Hello there, how are you?"));
    // 7 tokens of text, 4 of the message, 3 of the opening.
    assert_eq!(RequestSize::of(&text, true).tokens(Tokenizer::O200k), 14);
}

#[cfg(not(feature = "exact-tokens"))]
#[test]
fn counts_say_that_they_are_estimates() {
    let count = count_tokens(Tokenizer::O200k, "Hello");
    assert_eq!(count, TokenCount { tokens: estimate_tokens("Hello"), exact: false });
}
