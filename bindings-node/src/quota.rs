//! Budgets that run out: what the core hands over on its worker in, calls of a JavaScript function out.

use napi::Result;
use napi::bindgen_prelude::Function;

use crate::shadow;

/// Calls `callback` with `{"reply": {...}, "lost": n}` as JSON text for each budget that runs out.
pub(crate) fn hand_over(router: &clawrouters::Router, callback: &Function<'_, String, ()>) -> Result<()> {
    shadow::handed(callback, |hand| router.on_budget(move |event| hand(event.to_json())))
}
