//! A fake provider and a router in front of it: a script and settings in, both out.

#![allow(dead_code)] // Each test binary uses its own part.

use clawrouters::{ChatRequest, Config, Router};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

/// The script's id on the fake provider; every test has a fake provider of its own.
pub const ID: &str = "a";

/// A fake provider that answers by `providers`, and a router whose `alpha`, `beta`, … are its OpenAI-shaped providers.
///
/// `settings` is laid over the config at its top; prices are 1 and 2 USD, cached input 0.1 USD per 1M tokens.
pub async fn stage(providers: Value, settings: Value) -> (FakeProvider, Router) {
    let fake = FakeProvider::start().await.expect("the fake provider");
    let names: Vec<String> = providers.as_object().expect("providers").keys().cloned().collect();
    fake.script(ID, serde_json::from_value(json!({"providers": providers})).expect("a script"));
    let base = fake.base(ID);
    let mut config = json!({"providers": {}, "models": []});
    for name in &names {
        config["providers"][name] =
            json!({"kind": "openai", "base_url": format!("{base}/{name}/v1"), "api_key": "sk-alpha-0123456789"});
        let price = json!({"input": 1.0, "output": 2.0, "cached_input": 0.1, "cache_write": 1.25});
        let model =
            json!({"id": format!("{name}/m"), "price": price, "context_window": 100_000, "max_output_tokens": 8_000});
        config["models"].as_array_mut().expect("a list").push(model);
    }
    lay(&mut config, &settings, &base);
    (fake, Router::new(Config::from_value(config).expect("a config")).expect("a router"))
}

fn lay(into: &mut Value, over: &Value, base: &str) {
    match (into, over) {
        (into, Value::Array(over)) => {
            let filled = over.iter().map(|value| {
                let mut filled = Value::Null;
                lay(&mut filled, value, base);
                filled
            });
            *into = filled.collect();
        }
        (into @ Value::Null, Value::Object(over)) => {
            *into = json!({});
            lay(into, &Value::Object(over.clone()), base);
        }
        (Value::Object(into), Value::Object(over)) => {
            for (key, value) in over {
                lay(into.entry(key.clone()).or_insert(Value::Null), value, base);
            }
        }
        (into, Value::String(text)) => *into = json!(text.replace("${base}", base)),
        (into, over) => *into = over.clone(),
    }
}

/// A request of one message to `models`, the first of which is its `model`.
pub fn ask(models: &[&str], more: Value) -> ChatRequest {
    let mut body = json!({"model": models[0], "messages": [{"role": "user", "content": "Hello there"}]});
    if models.len() > 1 {
        body["models"] = json!(models[1..]);
    }
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    ChatRequest::from_value(body).expect("a request")
}

/// How often a provider was asked.
pub fn asked(fake: &FakeProvider, provider: &str) -> usize {
    fake.requests(ID).iter().filter(|r| r.provider == provider).count()
}

/// Everything of a stream: the JSON of its chunks and its error.
pub async fn read(router: &Router, request: ChatRequest) -> (Vec<Value>, Option<clawrouters::Error>) {
    let mut chunks = Vec::new();
    let mut stream = match router.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return (chunks, Some(error)),
    };
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => chunks.push(chunk.to_json()),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}
