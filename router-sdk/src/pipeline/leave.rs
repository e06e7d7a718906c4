//! What leaves for a provider and what leaves for the caller: text taken out of a request, put back into its answer,
//! which the hooks have seen before.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};

use super::Shared;
use super::close::answered;
use crate::account::{Books, Line};
use crate::cache::Remembering;
use crate::error::Error;
use crate::hooks::{self, Asked};
use crate::redact::{self, Redacted, Restorer, Vault};
use crate::session::Following;
use crate::wire::{ChatChunk, ChatRequest, ChatResponse, EmbeddingRequest};

/// Takes out of a request what must not leave.
pub(super) fn redacted(shared: &Shared, request: &mut ChatRequest) -> Redacted {
    if shared.redact.is_empty() {
        return Redacted::default();
    }
    redact::chat(request, shared.redact, shared.setup.config.redact.restore)
}

/// The same for embeddings, whose vectors nothing can be put back into.
pub(super) fn redacted_inputs(shared: &Shared, request: &mut EmbeddingRequest) -> Redacted {
    if shared.redact.is_empty() {
        return Redacted::default();
    }
    redact::embedding(request, shared.redact)
}

/// A whole answer on its way to the caller.
pub(super) struct Left {
    pub(super) response: ChatResponse,
    pub(super) line: Line,
    pub(super) vault: Option<Arc<Vault>>,
    pub(super) remembering: Remembering,
    pub(super) following: Option<Following>,
}

/// Finishes a whole answer: what was taken out is put back, the hooks are asked, the books closed.
///
/// # Errors
/// A hook's refusal.
pub(super) async fn leave(after: &Asked, left: Left, books: &mut Books) -> Result<ChatResponse, Error> {
    let Left { response, line, vault, remembering, following } = left;
    let mut response = answered(response, &line, books);
    if let Some(vault) = vault {
        redact::reply(&mut response.body, &vault);
    }
    // What is kept is what the provider said: every later answer goes by the hooks of its own moment.
    let said = after.as_ref().map(|_| response.body.clone());
    let asked = hooks::Answered { caller: books.caller(), tags: books.tags(), stream: false, route: &books.route };
    match hooks::after(after, asked, &mut response.body).await {
        Ok(tags) => books.tag(tags),
        Err(error) => {
            let route = books.close(Some(error.kind()));
            return Err(error.with_route_id(&route.request_id).with_attempts(route.attempts.clone()));
        }
    }
    response.route = books.close(None);
    if let Some(following) = following {
        following.whole(&response.body, &response.route);
    }
    remembering.whole(said.as_ref().unwrap_or(&response.body), response.usage, &response.route);
    Ok(response)
}

/// A stream with what was taken out put back.
pub(super) fn restored(
    chunks: impl Stream<Item = Result<ChatChunk, Error>> + Send,
    vault: Arc<Vault>,
) -> impl Stream<Item = Result<ChatChunk, Error>> + Send {
    let mut restorer = Restorer::new(vault);
    chunks.map(move |item| match item {
        Ok(mut chunk) => {
            restorer.chunk(&mut chunk);
            Ok(chunk)
        }
        Err(error) => Err(restorer.error(error)),
    })
}
