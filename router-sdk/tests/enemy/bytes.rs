//! Streams that break at every byte of their body, in every family.

use serde_json::{Value, json};

use crate::adversary_support::{ask, stage};
use crate::hear;

const TEXT: &str = "Señor 👋 said: *go* `f(x)`\n- 東京";
/// More than the longest body has, the answer included.
const LONGEST: usize = 3_000;
/// A body that was played to its end is not played any longer.
const WHOLE: usize = 3;

/// A breaker that never opens: each break is an attack of its own.
fn never_resting(kind: &str, base: &str) -> Value {
    let provider = |name: &str, path: &str| json!({"kind": kind, "base_url": format!("${{base}}/{name}{path}")});
    json!({
        "providers": {"alpha": provider("alpha", base), "beta": provider("beta", base)},
        "breaker": {"failures": 1_000_000, "window_calls": 1_000_000},
        "timeouts": {"idle_ms": 2_000, "first_token_ms": 4_000},
    })
}

async fn broken_at_every_byte(family: &str, path: &str) {
    let kinds = ["cut", "reset", "end"];
    let reply = |at: usize| json!({"family": family, "say": TEXT, "chunks": 2, "fault": {"kind": kinds[at % 3], "after_bytes": at}});
    let alpha: Vec<Value> = (0..LONGEST).map(reply).collect();
    let (_fake, router) =
        stage(json!({"alpha": alpha, "beta": [{"family": family, "say": TEXT}]}), never_resting(family, path)).await;
    let (mut resumed, mut whole) = (0, 0);
    for at in 0..LONGEST {
        let heard = hear(&router, ask(&["alpha/m", "beta/m"], json!({}))).await;
        assert!(heard.error.is_none(), "{family} at {at}: {:?}", heard.error);
        assert_eq!(heard.text, TEXT, "{family} at {at}");
        let route = heard.route.expect("a route");
        assert!(route.attempts.len() <= 2, "{family} at {at}: {:?}", route.attempts);
        resumed += route.resumed.len();
        whole = if route.attempts.len() == 1 { whole + 1 } else { 0 };
        if whole == WHOLE {
            break;
        }
    }
    assert!(resumed > 50 && whole == WHOLE, "{family}: {resumed} breaks after output");
    assert_eq!(router.spending().held_nanos, 0);
}

#[tokio::test]
async fn openai_breaks_at_every_byte() {
    broken_at_every_byte("openai", "/v1").await;
}

#[tokio::test]
async fn anthropic_breaks_at_every_byte() {
    broken_at_every_byte("anthropic", "").await;
}

#[tokio::test]
async fn gemini_breaks_at_every_byte() {
    broken_at_every_byte("gemini", "/v1beta").await;
}

#[tokio::test]
async fn bedrock_breaks_at_every_byte() {
    broken_at_every_byte("bedrock", "").await;
}
