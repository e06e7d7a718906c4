//! Thinking: how it is asked for by each kind of model, and how earlier thinking goes back.

use serde_json::{Value, json};

use super::encode::{ask, weather};
use super::{modern, older, sent};

#[test]
fn effort_on_models_that_think_by_themselves() {
    let (body, _) = sent(&modern(), ask(json!({"reasoning_effort": "high", "temperature": 0.3})));
    assert_eq!(body["thinking"], json!({"type": "adaptive", "display": "summarized"}));
    assert_eq!(body["output_config"], json!({"effort": "high"}));
    assert!(body.get("temperature").is_none());
    let (body, adapted) = sent(&modern(), ask(json!({"reasoning_effort": "minimal"})));
    assert_eq!(body["output_config"]["effort"], "low");
    assert_eq!(adapted.len(), 1);
    let (body, _) = sent(&modern(), ask(json!({"reasoning_effort": "none"})));
    assert_eq!(body["thinking"], json!({"type": "disabled"}));
    let own = json!({"type": "enabled", "budget_tokens": 2_000});
    let (body, _) = sent(&modern(), ask(json!({"thinking": own, "reasoning_effort": "low"})));
    assert_eq!(body["thinking"], own);
}

#[test]
fn effort_on_models_with_a_budget() {
    let (body, _) = sent(&older(), ask(json!({"reasoning_effort": "medium"})));
    assert_eq!(body["thinking"], json!({"type": "enabled", "budget_tokens": 8_192}));
    assert!(body["max_tokens"].as_u64().unwrap() > 8_192);
    let (body, adapted) = sent(&older(), ask(json!({"reasoning_effort": "high", "max_tokens": 4_000})));
    assert_eq!(body["thinking"]["budget_tokens"], 4_000 - 512);
    assert_eq!(adapted.len(), 1);
    for extra in [
        json!({"reasoning_effort": "high", "max_tokens": 1_000}),
        json!({"reasoning_effort": "high", "tools": weather(), "tool_choice": "required"}),
    ] {
        let (body, adapted) = sent(&older(), ask(extra));
        assert!(body.get("thinking").is_none());
        assert_eq!(adapted.len(), 1);
    }
    assert!(sent(&older(), ask(json!({"reasoning_effort": "none"}))).0.get("thinking").is_none());
    let budget = json!({"reasoning": {"max_tokens": 3_000}});
    assert_eq!(sent(&older(), ask(budget)).0["thinking"]["budget_tokens"], 3_000);
}

fn loop_with(details: Value) -> Value {
    let call = json!({"id": "t", "type": "function", "function": {"name": "weather", "arguments": "{}"}});
    json!({"model": "m", "reasoning_effort": "low", "tools": weather(), "messages": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call], "reasoning_details": details},
        {"role": "tool", "tool_call_id": "t", "content": "sun"},
    ]})
}

#[test]
fn thinking_goes_back_where_it_was() {
    let details = json!([
        {"type": "reasoning.text", "text": "First", "signature": "s1", "format": "anthropic", "index": 0},
        {"type": "reasoning.encrypted", "data": "zzz", "format": "anthropic", "index": 2},
        {"type": "reasoning.text", "text": "not its own", "signature": "g", "format": "gemini", "index": 1},
        {"type": "reasoning.text", "text": "unsigned", "format": "anthropic", "index": 3},
    ]);
    let (body, adapted) = sent(&older(), loop_with(details));
    let expected = json!([
        {"type": "thinking", "thinking": "First", "signature": "s1"},
        {"type": "text", "text": "Let me see."},
        {"type": "redacted_thinking", "data": "zzz"},
        {"type": "tool_use", "id": "t", "name": "weather", "input": {}},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
    assert_eq!(body["thinking"]["type"], "enabled");
    assert!(adapted.is_empty());
}

#[test]
fn thinking_streamed_in_pieces_elsewhere_is_joined() {
    let piece =
        |text: &str| json!({"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0});
    let last = json!({"type": "reasoning.text", "signature": "s", "format": "anthropic-claude-v1", "index": 0});
    let (body, _) = sent(&older(), loop_with(json!([piece("Fir"), piece("st"), last])));
    assert_eq!(body["messages"][1]["content"][0], json!({"type": "thinking", "thinking": "First", "signature": "s"}));
}

#[test]
fn a_budget_model_does_not_think_on_in_a_loop_whose_thinking_is_lost() {
    let (body, adapted) = sent(&older(), loop_with(json!([])));
    assert!(body.get("thinking").is_none());
    assert_eq!(adapted.len(), 1);
}
