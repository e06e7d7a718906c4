//! The door: a fetch in JavaScript's terms in, status, headers and a whole or streamed body out.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use clawrouters::{Body, Error};
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response};
use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, PromiseRaw, Uint8ArraySlice};
use napi_derive::napi;
use tokio::sync::{Mutex, Notify};

use crate::drop_on_worker;
use crate::errors::guarded;
use crate::stream::at_once;

/// What a reader takes in one piece; more gains nothing.
const PIECE: usize = 64 * 1024;

/// An HTTP request as `fetch` takes it.
#[napi(object, object_to_js = false)]
pub struct Inbound<'a> {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Name, value, name, value, each on a line of its own.
    pub headers: String,
    /// The body.
    pub body: Option<Either<String, Uint8ArraySlice<'a>>>,
}

impl fmt::Debug for Inbound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Inbound<'_> {
    pub(crate) fn into_request(self) -> Result<Request<Bytes>, Error> {
        let body = match self.body {
            None => Bytes::new(),
            Some(Either::A(text)) => Bytes::from(text),
            Some(Either::B(bytes)) => Bytes::copy_from_slice(&bytes),
        };
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.url.as_str())
            .body(body)
            .map_err(|_| Error::invalid_request("url", "must be an http address, and the method an HTTP method"))?;
        let mut lines = self.headers.split('\n');
        while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
            let fault = || Error::invalid_request("headers", "must hold HTTP header names and values");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault())?;
            let value = HeaderValue::from_str(value).map_err(|_| fault())?;
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }
}

/// An HTTP response: a whole body is here at once, a streamed one comes piece by piece.
#[napi]
pub struct Door {
    status: u16,
    headers: String,
    whole: Option<Vec<u8>>,
    rest: Arc<Mutex<Option<Body>>>,
    closed: Arc<Notify>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Door {
    pub(crate) async fn open(response: Response<Body>) -> Result<Self, Error> {
        let (head, mut body) = response.into_parts();
        let streamed =
            head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let mut whole = None;
        if !streamed {
            let mut bytes = Vec::new();
            while let Some(piece) = body.next_batch().await {
                bytes.extend_from_slice(&piece);
            }
            whole = Some(bytes);
        }
        let mut headers = String::with_capacity(512);
        for (name, value) in &head.headers {
            // Header values of the door are text; one that is not would not survive JavaScript either.
            if let Ok(value) = value.to_str() {
                let gap = if headers.is_empty() { "" } else { "\n" };
                headers.extend([gap, name.as_str(), "\n", value]);
            }
        }
        Ok(Self {
            status: head.status.as_u16(),
            headers,
            whole,
            rest: Arc::new(Mutex::new(streamed.then_some(body))),
            closed: Arc::new(Notify::new()),
        })
    }
}

#[napi]
impl Door {
    /// The status.
    #[napi(getter)]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Name, value, name, value, each on a line of its own.
    #[napi(getter)]
    pub fn headers(&self) -> &str {
        &self.headers
    }

    /// The whole body, once; null for a streamed one.
    #[napi]
    pub fn take_whole(&mut self) -> Option<Buffer> {
        self.whole.take().map(Buffer::from)
    }

    /// The next piece of a streamed body; null at its end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<Buffer>>> {
        let (rest, closed) = (Arc::clone(&self.rest), Arc::clone(&self.closed));
        env.spawn_future(guarded(async move {
            let mut held = rest.lock().await;
            let Some(body) = held.as_mut() else {
                return Ok(None);
            };
            let (piece, done) = tokio::select! {
                biased;
                () = closed.notified() => (None, true),
                piece = ready(body) => piece,
            };
            if done {
                *held = None;
            }
            Ok(piece.map(Buffer::from))
        }))
    }

    /// Stops the body and the provider's request.
    #[napi]
    pub fn close(&self) {
        self.closed.notify_one();
        let rest = Arc::clone(&self.rest);
        napi::bindgen_prelude::spawn(async move {
            *rest.lock().await = None;
        });
    }
}

/// Waits for bytes, then takes what else is ready; and whether that was all.
async fn ready(body: &mut Body) -> (Option<Vec<u8>>, bool) {
    let Some(first) = body.next_batch().await else {
        return (None, true);
    };
    let mut piece = Vec::from(first);
    while piece.len() < PIECE {
        match at_once(|| body.next_batch().now_or_never()).await {
            Some(Some(more)) => piece.extend_from_slice(&more),
            Some(None) => return (Some(piece), true),
            None => break,
        }
    }
    (Some(piece), false)
}

impl Drop for Door {
    fn drop(&mut self) {
        drop_on_worker(std::mem::take(&mut self.rest));
    }
}
