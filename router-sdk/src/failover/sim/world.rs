//! A world of chance: dice in, a configuration, its places and how it is asked out.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::dice::Dice;
use super::fault::Mood;
use super::stand_in::Place;
use crate::config::Config;
use crate::provider::Family;
use crate::setup::{Environment, Setup};

const KINDS: [(&str, Family); 3] =
    [("openai", Family::OpenAi), ("anthropic", Family::Anthropic), ("gemini", Family::Gemini)];
const BALANCES: [&str; 7] =
    ["weighted", "round_robin", "least_busy", "lowest_latency", "lowest_usage", "cheapest", "hash"];

/// One seed's surroundings.
pub(super) struct World {
    pub(super) config: Config,
    pub(super) places: HashMap<String, Place>,
    /// What callers write for a model, first choice first.
    models: Vec<String>,
    pub(super) total_ms: u64,
    pub(super) rates: BTreeMap<String, (u64, u64)>,
}

impl World {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let count = dice.between(1, 5);
        let mut world = Self {
            config: Config::default(),
            places: HashMap::new(),
            models: Vec::new(),
            total_ms: dice.one_of(&[2_000, 10_000, 60_000]),
            rates: BTreeMap::new(),
        };
        let (mut providers, mut models) = (json!({}), Vec::new());
        for number in 0..count {
            let name = format!("p{number}");
            world.models.push(format!("{name}/m"));
            world.provider(&name, &mut providers, &mut models, dice);
        }
        let mut config = json!({
            "timeouts": {"first_token_ms": dice.one_of(&[300, 1_000, 4_000]), "idle_ms": dice.one_of(&[300, 1_500]),
                "whole_ms": dice.one_of(&[800, 5_000]), "total_ms": world.total_ms},
            "retry": {"max_attempts": dice.between(1, 4), "max_total_attempts": dice.between(1, 8),
                "wait_for_hint_ms": dice.one_of(&[0, 0, 500]), "budget_tokens": dice.between(0, 12),
                "backoff_ms": dice.one_of(&[10, 500]), "backoff_max_ms": 2_000},
            "breaker": {"failures": dice.between(1, 5), "cooldown_ms": dice.one_of(&[300, 2_000]),
                "cooldown_max_ms": 8_000, "quota_rest_ms": dice.one_of(&[4_000, 60_000]),
                "key_rest_ms": dice.one_of(&[1_000, 30_000])},
            "on_interrupt": dice.one_of(&["resume", "resume", "resume", "restart", "error"]),
            "balance": dice.one_of(&BALANCES),
        });
        if dice.percent(30) {
            config["breaker"]["probe_interval_ms"] = json!(dice.one_of(&[100, 900]));
        }
        if dice.percent(20) {
            config["timeouts"]["min_tokens_per_second"] = json!(dice.one_of(&[0.5, 20.0]));
        }
        if dice.percent(35) {
            config["hedge"] = json!({"share": dice.one_of(&[0.1, 0.5, 1.0])});
            if dice.percent(70) {
                config["hedge"]["after_ms"] = json!(dice.one_of(&[0, 30, 300]));
            }
        }
        if dice.percent(20) {
            world.provider("shade", &mut providers, &mut models, dice);
            config["shadow"] = json!({"model": "shade/m", "share": dice.one_of(&[0.3, 1.0])});
        }
        if dice.percent(40) {
            config["limits"] = limits(dice, &world.models);
            config["budgets"] = budgets(dice, &world.models);
        }
        if dice.percent(30) {
            let members: Vec<Value> = world.models.iter().map(|m| json!({"model": m})).collect();
            config["aliases"] = json!({"group": {"models": members, "balance": dice.one_of(&BALANCES)}});
            world.models.insert(0, "group".to_owned());
        }
        (config["providers"], config["models"]) = (providers, Value::Array(models));
        world.config = Config::from_value(config).unwrap();
        world
    }

    fn provider(&mut self, name: &str, providers: &mut Value, models: &mut Vec<Value>, dice: &mut Dice) {
        let (kind, family) = dice.one_of(&KINDS);
        let mut own = json!({"kind": kind, "base_url": format!("http://{name}.invalid/v1")});
        let at_once = dice.percent(20).then(|| u32::try_from(dice.between(1, 5)).unwrap());
        if let Some(most) = at_once {
            own["max_concurrency"] = json!(most);
        }
        if dice.percent(10) {
            own["requests_per_minute"] = json!(dice.between(1, 12));
        }
        let mut place = |key: &str, at: Option<String>| {
            let hash = at.map_or(String::new(), |at| format!("#{at}"));
            let place = Place {
                name: format!("{name}/m{hash}"),
                label: format!("{name}{hash}"),
                family,
                mood: Mood::draw(dice),
                at_once,
            };
            self.places.insert(key.to_owned(), place);
        };
        match name.len() + models.len() % 3 {
            // Every third provider has several keys, every third several deployments.
            3 => {
                let keys: Vec<String> = (1..=2).map(|i| format!("secret-{name}-{i}")).collect();
                keys.iter().enumerate().for_each(|(i, key)| place(key, Some(format!("key-{}", i + 1))));
                own["api_keys"] = json!(keys);
            }
            4 => {
                let listed = (1..=3).map(|i| {
                    let key = format!("secret-{name}-{i}");
                    place(&key, Some(i.to_string()));
                    json!({"api_key": key, "priority": u8::from(i == 3)})
                });
                own["deployments"] = listed.collect();
            }
            _ => {
                let key = format!("secret-{name}");
                place(&key, None);
                own["api_key"] = json!(key);
            }
        }
        providers[name] = own;
        let (input, output) = (dice.between(1, 6), dice.between(1, 20));
        // A dollar a million tokens is 1000 nano-dollars a token.
        self.rates.insert(format!("{name}/m"), (input * 1_000, output * 1_000));
        models.push(json!({"id": format!("{name}/m"), "price": {"input": input, "output": output},
            "context_window": 200_000, "max_output_tokens": 8_000,
            "capabilities": {"assistant_prefill": dice.percent(50)}}));
    }

    pub(super) fn setup(&self) -> Setup {
        Setup::build(self.config.clone(), &Environment::Fixed(BTreeMap::new())).unwrap()
    }

    /// A request with this number; the deadline it sets itself, if any.
    pub(super) fn request(&self, number: u64, stream: bool, dice: &mut Dice) -> (Value, Option<u64>) {
        let mut models = self.models.clone();
        let first = if models[0] == "group" { 0 } else { dice.index(models.len()) };
        let model = models.swap_remove(first);
        let fallbacks: Vec<String> = if model == "group" { Vec::new() } else { models };
        let deadline = dice.percent(30).then(|| dice.between(1, 6_000));
        let mut route = json!({"fallbacks": fallbacks, "tags": {"n": number.to_string()}});
        if let Some(deadline) = deadline {
            route["deadline_ms"] = json!(deadline);
        }
        if dice.percent(20) {
            route["on_interrupt"] = json!(dice.one_of(&["resume", "restart", "error"]));
        }
        let mut body = json!({"model": model, "stream": stream, "route": route,
            "messages": [{"role": "user", "content": format!("Tell me story #{number}#")}]});
        if dice.percent(30) && stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        (body, deadline)
    }
}

/// Limits that some requests run into.
fn limits(dice: &mut Dice, models: &[String]) -> Value {
    let mut limits = json!({"global": {"requests_per_minute": dice.between(3, 30), "concurrency": dice.between(1, 8),
        "tokens_per_hour": dice.one_of(&[9_000, 1_000_000])}});
    if dice.percent(50) {
        limits["queue_ms"] = json!(dice.one_of(&[50, 3_000]));
    }
    if dice.percent(50) {
        limits["models"] = json!({models[0].clone(): {"requests_per_second": dice.between(1, 4), "concurrency": 2}});
    }
    limits
}

/// Budgets that some requests run into. A request holds at most a tenth of a dollar.
fn budgets(dice: &mut Dice, models: &[String]) -> Value {
    let budget = |usd: f64, dice: &mut Dice| json!({"usd": usd, "hard_stop": dice.percent(50), "soft": 0.5});
    let mut budgets = json!({"global": budget(dice.one_of(&[0.02, 0.2, 10.0]), dice)});
    if dice.percent(50) {
        budgets["models"] = json!({models[0].clone(): budget(dice.one_of(&[0.05, 10.0]), dice)});
    }
    budgets
}
