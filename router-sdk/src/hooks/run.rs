//! The hooks of a router and how one of them is run: a call in, its decision, or what its failure means, out.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;

use super::hook::Plain;
use super::{Decision, Hook, HookCall, HookFailure, HookOptions, Stage};
use crate::config::{HooksConfig, OnHookFailure};
use crate::error::{Error, ErrorKind};

/// The hooks that a request is held against.
pub(crate) type Asked = Option<Vec<Registered>>;

/// A hook with what holds for it.
#[derive(Clone)]
pub(crate) struct Registered {
    stage: Option<Stage>,
    hook: Arc<dyn Hook>,
    on_failure: OnHookFailure,
    pub(super) timeout: Duration,
}

/// The hooks of a router, in the order in which they were added.
pub(crate) struct Hooks {
    settings: HooksConfig,
    /// False while there are none: then nothing is locked.
    any: AtomicBool,
    list: RwLock<Arc<Vec<Registered>>>,
}

impl Hooks {
    pub(crate) fn new(settings: HooksConfig) -> Self {
        Self { settings, any: AtomicBool::new(false), list: RwLock::new(Arc::default()) }
    }

    /// Adds a hook behind those that are there; without a stage it is asked at both.
    pub(crate) fn add(&self, stage: Option<Stage>, hook: Arc<dyn Hook>, options: HookOptions) {
        let registered = Registered {
            stage,
            hook,
            on_failure: options.on_failure.unwrap_or(self.settings.on_failure),
            timeout: Duration::from_millis(options.timeout_ms.unwrap_or(self.settings.timeout_ms)),
        };
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Vec::clone(&list);
        next.push(registered);
        *list = Arc::new(next);
        self.any.store(true, Ordering::Release);
    }

    /// Adds a plain function.
    pub(crate) fn add_plain(&self, stage: Stage, decide: impl Fn(HookCall) -> Decision + Send + Sync + 'static) {
        self.add(Some(stage), Arc::new(Plain { stage, decide }), HookOptions::default());
    }

    /// Forgets all hooks.
    pub(crate) fn clear(&self) {
        let before = std::mem::take(&mut *self.list.write().unwrap_or_else(PoisonError::into_inner));
        self.any.store(false, Ordering::Release);
        // Outside of the lock: a hook may be the last to hold what has a say of its own when it is dropped.
        drop(before);
    }

    /// The hooks of a stage as they are now; nothing when there are none.
    pub(crate) fn at(&self, stage: Stage) -> Asked {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let list = Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner));
        let asked: Vec<Registered> =
            list.iter().filter(|r| r.stage.is_none_or(|only| only == stage)).cloned().collect();
        Some(asked).filter(|asked| !asked.is_empty())
    }
}

impl Registered {
    /// Asks the hook. What it says of the body is left to `accept`, whose refusal is the hook's failure.
    ///
    /// # Errors
    /// The hook's refusal, or its failure where that refuses.
    pub(super) async fn ask<T>(
        &self,
        call: HookCall,
        accept: impl FnOnce(Decision) -> Result<T, HookFailure>,
    ) -> Result<Option<T>, Error> {
        let stage = call.stage;
        let accepted = match self.decision(call).await {
            Ok(Decision { refusal: Some((kind, message)), .. }) => {
                return Err(Error::new(kind.kind(), message).with_code(Some("hook".into())));
            }
            Ok(decision) => accept(decision),
            Err(failure) => Err(failure),
        };
        match accepted {
            Ok(done) => Ok(Some(done)),
            Err(failure) => {
                let (hook, what) = (self.hook.name(), failure.what());
                tracing::warn!(hook, stage = stage.as_str(), what, "a hook failed");
                match self.on_failure {
                    OnHookFailure::Pass => Ok(None),
                    OnHookFailure::Refuse => Err(failed(hook, stage, what)),
                }
            }
        }
    }

    async fn decision(&self, call: HookCall) -> Result<Decision, HookFailure> {
        // Made inside of the guard, for a hook may panic before it gives a future.
        let asked = async {
            match call.stage {
                Stage::Before => self.hook.before(call).await,
                Stage::After => self.hook.after(call).await,
            }
        };
        let asked = AssertUnwindSafe(asked).catch_unwind();
        let decided = if self.hook.keeps_time() {
            asked.await
        } else {
            match tokio::time::timeout(self.timeout, asked).await {
                Ok(decided) => decided,
                Err(_) => return Err(HookFailure::too_slow(self.timeout)),
            }
        };
        decided.unwrap_or_else(|_| Err(HookFailure::new("panicked")))
    }
}

/// The error of a request that a failed hook holds up.
fn failed(hook: &str, stage: Stage, what: &str) -> Error {
    let about = match stage {
        Stage::Before => "request",
        Stage::After => "answer",
    };
    Error::new(ErrorKind::Forbidden, format!("the {about} was held back: the hook {hook} {what}"))
        .with_code(Some("hook_failed".into()))
}
