//! The hooks of a scenario, as data: what each does in, hooks of the router out.

use clawrouters::{Decision, Hook, HookCall, HookFailure, HookFuture, HookOptions, Router, Stage};
use serde_json::{Value, json};

struct Told(Value);

impl Hook for Told {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or("hook")
    }

    fn before(&self, call: HookCall) -> HookFuture<'_> {
        self.decide(call, "request")
    }

    fn after(&self, call: HookCall) -> HookFuture<'_> {
        self.decide(call, "reply")
    }
}

impl Told {
    fn decide(&self, call: HookCall, changed: &'static str) -> HookFuture<'_> {
        Box::pin(async move {
            let told = &self.0;
            if told["raises"] == true {
                return Err(HookFailure::new("raised Error"));
            }
            if told["hangs"] == true {
                std::future::pending::<()>().await;
            }
            if let Some(returned) = told.get("returns") {
                return Decision::from_json(call.stage, returned.clone());
            }
            let mut decision = json!({"tags": told["tags"], "refuse": told["refuse"], "kind": told["kind"]});
            if told["sets"].is_object() || told["says"].is_string() {
                let mut body = call.body;
                for (field, value) in told["sets"].as_object().into_iter().flatten() {
                    body[field] = value.clone();
                }
                if told["says"].is_string() {
                    body["choices"][0]["message"]["content"] = told["says"].clone();
                }
                decision[changed] = body;
            }
            Decision::from_json(call.stage, decision)
        })
    }
}

/// Adds the hooks of a scenario to its router.
pub fn add(router: &Router, hooks: &Value) {
    for told in hooks.as_array().into_iter().flatten() {
        let stage = if told["at"] == "after" { Stage::After } else { Stage::Before };
        router.add_hook_at(stage, Told(told.clone()), HookOptions::default());
    }
}
