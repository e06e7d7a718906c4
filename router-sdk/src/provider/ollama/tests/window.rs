//! The context length: set only where it is needed, in wide steps, never beyond the model's window.

use serde_json::{Value, json};

use super::{at, plain_model, sent, thinker, with};
use crate::catalog::Model;

fn ask(words: usize, more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "word ".repeat(words)}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn context(body: &Value) -> Option<u64> {
    body.pointer("/options/num_ctx").and_then(Value::as_u64)
}

#[test]
fn small_requests_leave_the_server_its_own() {
    let (body, adapted) = sent(&plain_model(), ask(100, json!({})));
    assert_eq!((context(&body), adapted.len()), (None, 0));
    assert_eq!(body["truncate"], false);
}

#[test]
fn long_prompts_and_long_answers_get_room() {
    let (body, adapted) = sent(&plain_model(), ask(3_000, json!({})));
    assert_eq!(context(&body), Some(8_192));
    assert_eq!(adapted, ["num_ctx: sent as 8192, so that prompt and answer fit"]);
    assert_eq!(context(&sent(&plain_model(), ask(10, json!({"max_tokens": 9_000}))).0), Some(16_384));
    assert_eq!(context(&sent(&plain_model(), ask(20_000, json!({}))).0), Some(32_768));
    // Thinking takes room that nobody asked for in numbers.
    assert_eq!(context(&sent(&thinker(), ask(10, json!({}))).0), Some(16_384));
}

#[test]
fn the_window_of_the_model_is_the_most() {
    let target = with(Model { id: "m".into(), context_window: Some(10_000), ..Model::default() });
    assert_eq!(context(&sent(&target, ask(20_000, json!({}))).0), Some(10_000));
}

#[test]
fn the_callers_own_word_holds() {
    for more in [json!({"options": {"num_ctx": 5_000}}), json!({"num_ctx": 5_000})] {
        let (body, adapted) = sent(&plain_model(), ask(20_000, more));
        assert_eq!((context(&body), adapted.len()), (Some(5_000), 0));
    }
    assert_eq!(sent(&plain_model(), ask(1, json!({"truncate": true}))).0["truncate"], true);
}

#[test]
fn models_in_the_cloud_have_their_window_anyway() {
    let plain = |id: &str| Model { id: id.into(), ..Model::default() };
    for target in [at("https://ollama.com", plain("m")), at("http://127.0.0.1:9", plain("gpt-oss:120b-cloud"))] {
        assert_eq!(context(&sent(&target, ask(20_000, json!({}))).0), None);
    }
}
