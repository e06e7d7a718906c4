//! What the cells run on: one fake provider and one router with two providers a cell.

use std::collections::HashMap;

use clawrouters::{Config, Router};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

use super::cell::{Cell, Situation};

pub const ID: &str = "faults";
/// What every target means to say.
pub const TEXT: &str =
    "Grüße 👋 aus **Tōkyō** (東京): `x = f(x)` and\n- one row\n- one row more\n\nThat is all, folks.";
/// How a stream cuts it; `after_pieces` counts these.
pub const PIECES: [&str; 6] = [
    "Grüße 👋 aus ",
    "**Tōkyō** (東",
    "京): `x = f(x)` and",
    "\n- one row\n- ",
    "one row more\n\n",
    "That is all, folks.",
];
pub const FIRST_OUTPUT_MS: u64 = 1_500;
pub const TOTAL_MS: u64 = 4_000;

pub struct Ground {
    pub fake: FakeProvider,
    pub router: Router,
}

impl Ground {
    pub async fn lay(cells: &[Cell<'_>]) -> Self {
        let fake = FakeProvider::start().await.expect("the fake provider");
        let mut script = json!({});
        let mut config = json!({
            "providers": {},
            "models": [],
            "timeouts": {
                "connect_ms": 500, "first_token_ms": FIRST_OUTPUT_MS, "whole_ms": FIRST_OUTPUT_MS, "idle_ms": 600,
                "total_ms": TOTAL_MS,
            },
            // Cells share a router and so its purse of retries, which is no matter of this test.
            "retry": {"backoff_ms": 20, "backoff_max_ms": 40, "budget_tokens": 1_000_000},
        });
        for cell in cells {
            let provider = cell.provider();
            let broken = merged(cell.row.reply(cell.family), cell.family);
            let replies = match cell.situation {
                Situation::Once => json!([broken, good(cell.family)]),
                _ => json!([broken]),
            };
            script[&provider] = replies;
            add(&mut config, &fake, &provider, cell.family, cell.row.address.as_deref());
            if cell.situation == Situation::Another {
                let second = format!("{provider}-2");
                script[&second] = json!([good(cell.family)]);
                add(&mut config, &fake, &second, cell.family, None);
            }
        }
        fake.script(ID, serde_json::from_value(json!({"providers": script})).expect("a script"));
        let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
        Self { fake, router }
    }

    /// How many requests reached each provider.
    pub fn requests(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for request in self.fake.requests(ID) {
            *counts.entry(request.provider).or_default() += 1;
        }
        counts
    }
}

fn good(family: &str) -> Value {
    json!({"family": family, "chunks": PIECES})
}

/// The row's reply laid over a good one.
fn merged(reply: Value, family: &str) -> Value {
    let literal = ["body", "body_base64", "error"].iter().any(|key| reply.get(key).is_some());
    let mut base = if literal { json!({"family": family}) } else { good(family) };
    for (key, value) in reply.as_object().into_iter().flatten() {
        base[key] = value.clone();
    }
    base
}

fn add(config: &mut Value, fake: &FakeProvider, provider: &str, family: &str, address: Option<&str>) {
    let own = match address {
        None => format!("{}/{provider}", fake.base(ID)),
        Some("refused") => format!("http://127.0.0.1:{}", fake.refused_port()),
        Some("silent") => format!("http://127.0.0.1:{}", fake.silent_port()),
        Some("tls") => format!("https://{}/{ID}/{provider}", fake.addr()),
        Some("dns") => "http://no-such-host.invalid".to_owned(),
        Some(other) => panic!("no address is called {other}"),
    };
    let path = match family {
        "openai" => "/v1",
        "gemini" => "/v1beta",
        _ => "",
    };
    let mut row = json!({"kind": family, "base_url": format!("{own}{path}"), "api_key": "key-0123456789"});
    if family == "bedrock" {
        row["region"] = json!("us-east-1");
    }
    config["providers"][provider] = row;
    let model = json!({
        "id": format!("{provider}/m"), "price": {"input": 1.0, "output": 2.0}, "context_window": 100_000,
        "max_output_tokens": 8_000,
    });
    config["models"].as_array_mut().expect("a list").push(model);
}
