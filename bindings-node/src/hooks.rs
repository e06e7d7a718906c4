//! Hooks in JavaScript: a call of the core in, a call of a JavaScript function on its own thread out, its decision back.

use clawrouters::{Decision, Error, Hook, HookCall, HookFailure, HookFuture, HookOptions, OnHookFailure, Stage};
use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use serde_json::{Value, json};

use crate::errors::thrown;

/// A function that is called from the worker and keeps no process alive. It gives a promise of JSON text, which never
/// rejects: `{"returned": ...}` or `{"failed": "..."}`.
type Callback = ThreadsafeFunction<String, Promise<String>, String, Status, false, true>;

/// A JavaScript function as the core sees it.
struct JsHook {
    callback: Callback,
    name: String,
}

impl Hook for JsHook {
    fn name(&self) -> &str {
        &self.name
    }

    fn before(&self, call: HookCall) -> HookFuture<'_> {
        self.ask(call)
    }

    fn after(&self, call: HookCall) -> HookFuture<'_> {
        self.ask(call)
    }
}

impl JsHook {
    fn ask(&self, call: HookCall) -> HookFuture<'_> {
        Box::pin(async move {
            let text = json!({"body": call.body, "context": call.context()}).to_string();
            let unreachable = |_| HookFailure::new("cannot be called");
            let promise = self.callback.call_async(text).await.map_err(unreachable)?;
            let answer: Value = serde_json::from_str(&promise.await.map_err(unreachable)?)
                .map_err(|_| HookFailure::new("returned what JSON cannot carry"))?;
            match answer.get("failed").and_then(Value::as_str) {
                Some(what) => Err(HookFailure::new(what)),
                None => Decision::from_json(call.stage, answer.get("returned").cloned().unwrap_or(Value::Null)),
            }
        })
    }
}

/// Adds a function that is asked `before` requests are sent or `after` they are answered.
pub(crate) fn add(
    router: &clawrouters::Router,
    stage: &str,
    callback: &Function<'_, String, Promise<String>>,
    name: String,
    on_failure: Option<&str>,
    timeout_ms: Option<f64>,
) -> napi::Result<()> {
    let mut options = HookOptions::default();
    options = match on_failure {
        None => options,
        Some("refuse") => options.on_failure(OnHookFailure::Refuse),
        Some("pass") => options.on_failure(OnHookFailure::Pass),
        Some(_) => return Err(thrown(&Error::invalid_request("onFailure", "must be \"refuse\" or \"pass\""))),
    };
    options = match timeout_ms {
        None => options,
        Some(limit) if limit >= 1.0 => options.timeout_ms(limit as u64),
        Some(_) => return Err(thrown(&Error::invalid_request("timeoutMs", "must be at least 1"))),
    };
    let stage = if stage == "before" { Stage::Before } else { Stage::After };
    let callback: Callback = callback.build_threadsafe_function().weak::<true>().build()?;
    router.add_hook_at(stage, JsHook { callback, name }, options);
    Ok(())
}
