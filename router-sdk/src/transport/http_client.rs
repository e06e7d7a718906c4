//! HTTP requests in, replies from the network out, over one pooled client that is built at first use.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use rustls_platform_verifier::BuilderVerifierExt;

use super::{HttpReply, Transport};
use crate::error::{Error, ErrorKind};
use crate::provider::{Cause, Failure, HttpRequest};

/// Sends over the network. Certificates are read and the pool is made at the first send.
pub(crate) struct HttpTransport {
    client: OnceLock<Result<reqwest::Client, Error>>,
    connect: Duration,
}

impl HttpTransport {
    pub(crate) fn new(connect: Duration) -> Self {
        Self { client: OnceLock::new(), connect }
    }

    fn client(&self) -> Result<&reqwest::Client, Error> {
        self.client.get_or_init(|| build(self.connect)).as_ref().map_err(Clone::clone)
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        Box::pin(async move {
            let client = self.client().map_err(|e| Failure::new(Cause::Unknown, e.message().to_owned()))?;
            let sent = client.post(&request.url).headers(request.headers).body(request.body).send().await;
            let reply = sent.map_err(|e| {
                let cause = if e.is_connect() { Cause::Connect } else { Cause::Reset };
                Failure::new(cause, describe(e))
            })?;
            let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
            let body = reply.bytes_stream().map(|piece| piece.map_err(|e| Failure::new(Cause::Truncated, describe(e))));
            Ok(HttpReply { status, headers, body: Box::pin(body) })
        })
    }

    fn alive<'a>(&'a self, url: &'a str, headers: HeaderMap) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Ok(client) = self.client() else { return false };
            client.get(url).headers(headers).send().await.is_ok_and(|reply| !reply.status().is_server_error())
        })
    }
}

/// An error's chain of causes without the URL, which may name a tenant.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

fn fault(what: String) -> Error {
    Error::new(ErrorKind::Internal, format!("the HTTP client cannot be built: {what}"))
}

/// The certificates of the platform and the protocols spoken.
pub(crate) fn tls() -> Result<rustls::ClientConfig, Error> {
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|e| fault(e.to_string()))?
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn build(connect: Duration) -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .connect_timeout(connect)
        // A redirect would carry the prompt and keys in own headers to wherever it points.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The failover loop is the only owner of retries.
        .retry(reqwest::retry::never())
        .user_agent(concat!("clawrouters/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| fault(e.without_url().to_string()))
}
