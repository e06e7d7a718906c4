//! The door: an HTTP request in the OpenAI shape in, an HTTP response with a streamed body out, in this process.

mod body;
mod headers;
mod limits;
mod respond;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

pub use body::Body;

use crate::error::{Error, ErrorKind};
use crate::router::Router;
use crate::wire::{ChatRequest, EmbeddingRequest, OnInterrupt, RouteOptions};

/// Serves `/chat/completions`, `/embeddings` and `/models` under any host and path prefix.
///
/// It is a [`tower_service::Service`] that is always ready. Credentials and headers of the request are never sent on.
#[derive(Debug, Clone)]
pub struct Endpoint {
    router: Router,
}

impl Endpoint {
    pub(crate) fn new(router: Router) -> Self {
        Self { router }
    }

    /// Answers one request. Errors come as OpenAI error JSON with the right status.
    pub async fn call(&self, request: Request<Bytes>) -> Response<Body> {
        let path = request.uri().path().trim_end_matches('/').to_owned();
        let answered = if path.ends_with("/chat/completions") || path == "chat/completions" {
            if request.method() == Method::POST { self.chat(&request).await } else { Err(wrong_method(&path, "POST")) }
        } else if path.ends_with("/embeddings") || path == "embeddings" {
            if request.method() == Method::POST { self.embed(&request).await } else { Err(wrong_method(&path, "POST")) }
        } else if path.ends_with("/models") {
            if request.method() == Method::GET { self.models(&request).await } else { Err(wrong_method(&path, "GET")) }
        } else if let Some(model) = model_of(&path) {
            self.model(&request, &model).await
        } else {
            Err(respond::Refused::new(
                StatusCode::NOT_FOUND,
                Error::invalid_request(
                    "path",
                    format!("{path} is not served here; use /chat/completions, /embeddings or /models"),
                ),
            ))
        };
        answered.unwrap_or_else(respond::Refused::into_response)
    }

    async fn chat(&self, request: &Request<Bytes>) -> Result<Response<Body>, respond::Refused> {
        let key = self.key(request.headers());
        self.router.caller(key.as_ref()).await?;
        let mut chat = ChatRequest::from_json(request.body())?;
        headers::apply(request.headers(), chat.route_mut())?;
        self.settle_interrupts(chat.route_mut())?;
        if let Some(key) = key {
            chat = chat.with_api_key(key);
        }
        if chat.wants_stream() {
            let stream = self.router.stream(chat).await?;
            return Ok(respond::streamed(stream));
        }
        Ok(respond::whole(&self.router.chat(chat).await?))
    }

    /// Readers of OpenAI's chunks know no answer that begins anew, so a configured `restart` is `resume` here.
    fn settle_interrupts(&self, options: &mut RouteOptions) -> Result<(), Error> {
        match options.on_interrupt {
            Some(OnInterrupt::Restart) => Err(Error::invalid_request(
                "route.on_interrupt",
                "restart needs the typed interface, whose streams say where an answer begins anew; use resume or error",
            )),
            None if self.router.on_interrupt() == OnInterrupt::Restart => {
                options.on_interrupt = Some(OnInterrupt::Resume);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn embed(&self, request: &Request<Bytes>) -> Result<Response<Body>, respond::Refused> {
        let key = self.key(request.headers());
        self.router.caller(key.as_ref()).await?;
        let mut wanted = EmbeddingRequest::from_json(request.body())?;
        headers::apply(request.headers(), wanted.route_mut())?;
        if let Some(key) = key {
            wanted = wanted.with_api_key(key);
        }
        Ok(respond::embedded(&self.router.embed(wanted).await?))
    }

    async fn models(&self, request: &Request<Bytes>) -> Result<Response<Body>, respond::Refused> {
        let models = self.router.models_of(self.key(request.headers()).as_ref()).await?;
        Ok(respond::json(StatusCode::OK, &json!({"object": "list", "data": models})))
    }

    async fn model(&self, request: &Request<Bytes>, id: &str) -> Result<Response<Body>, respond::Refused> {
        let models = self.router.models_of(self.key(request.headers()).as_ref()).await?;
        let found = models.into_iter().find(|m| m.get("id").and_then(Value::as_str) == Some(id));
        found.map(|model| respond::json(StatusCode::OK, &model)).ok_or_else(|| {
            respond::Refused::new(StatusCode::NOT_FOUND, Error::invalid_request("model", "no such model; see /models"))
        })
    }

    /// The caller's key. Without a key store whatever a client sends in its place is nobody's business here.
    fn key(&self, headers: &HeaderMap) -> Option<SecretString> {
        if self.router.has_keys() { headers::api_key(headers) } else { None }
    }
}

/// The id in `…/models/ID`, which may hold slashes and may be percent-encoded.
fn model_of(path: &str) -> Option<String> {
    let (_, id) = path.rsplit_once("/models/")?;
    Some(id.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":").replace("%3a", ":"))
}

fn wrong_method(path: &str, right: &str) -> respond::Refused {
    let error = Error::new(ErrorKind::InvalidRequest, format!("{path} takes {right}")).with_param("method");
    respond::Refused::new(StatusCode::METHOD_NOT_ALLOWED, error)
}

impl tower_service::Service<Request<Bytes>> for Endpoint {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let endpoint = self.clone();
        Box::pin(async move { Ok(Endpoint::call(&endpoint, request).await) })
    }
}
