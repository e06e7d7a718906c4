//! The two stages at which hooks run: requests, answers and ends of streams in, the same as the hooks leave them out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::assemble::Assembly;
use super::run::{Asked, Registered};
use super::{Decision, HookCall, HookFailure, Hooks, Operation, Stage};
use crate::error::Error;
use crate::redact::{self, Vault};
use crate::wire::{ChatChunk, ChatRequest, EmbeddingRequest, Object, RouteInfo, RouteOptions};

/// A request that hooks may change.
trait Changeable: Sized {
    const OPERATION: Operation;
    fn json(&self) -> Value;
    fn read(body: Value) -> Result<Self, Error>;
    fn options_mut(&mut self) -> &mut RouteOptions;
    /// Becomes the other, but for what never stands in JSON.
    fn become_like(&mut self, other: Self);
}

impl Changeable for ChatRequest {
    const OPERATION: Operation = Operation::Chat;
    fn json(&self) -> Value {
        self.to_json()
    }
    fn read(body: Value) -> Result<Self, Error> {
        Self::from_value(body)
    }
    fn options_mut(&mut self) -> &mut RouteOptions {
        self.route_mut()
    }
    fn become_like(&mut self, other: Self) {
        self.replace_by(other);
    }
}

impl Changeable for EmbeddingRequest {
    const OPERATION: Operation = Operation::Embeddings;
    fn json(&self) -> Value {
        self.to_json()
    }
    fn read(body: Value) -> Result<Self, Error> {
        Self::from_value(body)
    }
    fn options_mut(&mut self) -> &mut RouteOptions {
        self.route_mut()
    }
    fn become_like(&mut self, other: Self) {
        self.replace_by(other);
    }
}

/// Asks the hooks about a chat request.
///
/// # Errors
/// The first refusal, or the failure of a hook that may not fail.
pub(crate) async fn before_chat(
    hooks: &Hooks,
    caller: &str,
    stream: bool,
    request: &mut ChatRequest,
) -> Result<(), Error> {
    match hooks.at(Stage::Before) {
        None => Ok(()),
        Some(asked) => before(&asked, caller, stream, request).await,
    }
}

/// Asks the hooks about a request for embeddings.
///
/// # Errors
/// As [`before_chat`].
pub(crate) async fn before_embedding(hooks: &Hooks, caller: &str, request: &mut EmbeddingRequest) -> Result<(), Error> {
    match hooks.at(Stage::Before) {
        None => Ok(()),
        Some(asked) => before(&asked, caller, false, request).await,
    }
}

async fn before<R: Changeable>(asked: &[Registered], caller: &str, stream: bool, request: &mut R) -> Result<(), Error> {
    for hook in asked {
        let call = HookCall {
            stage: Stage::Before,
            operation: R::OPERATION,
            stream,
            caller: caller.to_owned(),
            request_id: String::new(),
            timeout: hook.timeout,
            tags: request.options_mut().tags.clone(),
            body: request.json(),
        };
        let read = |decision: Decision| {
            let changed = match decision.change {
                Some(body) => Some(R::read(body).map_err(|error| {
                    let at = error.param().unwrap_or("body").to_owned();
                    HookFailure::new(format!("returned a request that is not valid at {at}"))
                })?),
                None => None,
            };
            Ok((changed, decision.tags))
        };
        if let Some((changed, tags)) = hook.ask(call, read).await? {
            if let Some(changed) = changed {
                request.become_like(changed);
            }
            request.options_mut().tags.extend(tags);
        }
    }
    Ok(())
}

/// What is known of a request when its answer is there.
#[derive(Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) caller: &'a str,
    pub(crate) tags: &'a BTreeMap<String, String>,
    pub(crate) stream: bool,
    pub(crate) route: &'a RouteInfo,
}

/// Asks the hooks about an answer. Returns the labels that they add; an answer that was streamed cannot be changed.
///
/// # Errors
/// The first refusal, or the failure of a hook that may not fail.
pub(crate) async fn after(
    asked: &Asked,
    answered: Answered<'_>,
    body: &mut Object,
) -> Result<BTreeMap<String, String>, Error> {
    let mut added = BTreeMap::new();
    let Answered { caller, tags, stream, route } = answered;
    for hook in asked.iter().flatten() {
        let mut shown = body.clone();
        shown.insert("clawrouters".into(), route.to_json());
        let mut known = tags.clone();
        known.extend(added.clone());
        let call = HookCall {
            stage: Stage::After,
            operation: Operation::Chat,
            stream,
            caller: caller.to_owned(),
            request_id: route.request_id.clone(),
            timeout: hook.timeout,
            tags: known,
            body: Value::Object(shown),
        };
        if let Some((changed, tags)) = hook.ask(call, |decision| accepted(decision, stream)).await? {
            if let Some(changed) = changed {
                *body = changed;
            }
            added.extend(tags);
        }
    }
    Ok(added)
}

/// An answer has at least one choice with a message, or it is none.
fn accepted(decision: Decision, stream: bool) -> Result<(Option<Object>, BTreeMap<String, String>), HookFailure> {
    let changed = match decision.change {
        None => None,
        // What was streamed is with the caller already.
        Some(_) if stream => return Err(HookFailure::new("changed an answer that has been streamed")),
        Some(Value::Object(mut body)) => {
            let choices = body.get("choices").and_then(Value::as_array);
            let whole = choices.is_some_and(|choices| {
                !choices.is_empty() && choices.iter().all(|c| c.get("message").is_some_and(Value::is_object))
            });
            if !whole {
                return Err(HookFailure::new("returned a reply without choices that hold a message"));
            }
            body.shift_remove("clawrouters");
            Some(body)
        }
        Some(_) => return Err(HookFailure::new("returned a reply that is no table")),
    };
    Ok((changed, decision.tags))
}

/// What is done at the end of a stream, before its books are closed: the hooks are asked about the whole answer.
pub(crate) struct Ending {
    asked: Asked,
    vault: Option<Arc<Vault>>,
    caller: String,
    tags: BTreeMap<String, String>,
    said: Assembly,
}

impl Ending {
    /// An ending for a stream; nothing where no hook wants to see answers.
    pub(crate) fn new(
        asked: Asked,
        caller: &str,
        tags: &BTreeMap<String, String>,
        vault: Option<Arc<Vault>>,
    ) -> Option<Box<Self>> {
        asked.is_some().then(|| {
            Box::new(Self { asked, vault, caller: caller.to_owned(), tags: tags.clone(), said: Assembly::default() })
        })
    }

    /// A chunk on its way to the caller.
    pub(crate) fn note(&mut self, chunk: &ChatChunk) {
        self.said.note(chunk);
    }

    /// The answer begins anew.
    pub(crate) fn anew(&mut self) {
        self.said = Assembly::default();
    }

    /// Asks the hooks about the answer; the labels that they add.
    ///
    /// # Errors
    /// As [`after`].
    pub(crate) async fn ask(self: Box<Self>, route: &RouteInfo) -> Result<BTreeMap<String, String>, Error> {
        let mut body = self.said.reply(route);
        if let Some(vault) = &self.vault {
            redact::reply(&mut body, vault);
        }
        let answered = Answered { caller: &self.caller, tags: &self.tags, stream: true, route };
        after(&self.asked, answered, &mut body).await
    }
}
