//! One address in, the bytes behind it and what they are out: resolved once, pinned, bounded in size and time.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};

use super::address;
use super::sniff::{self, sniff};
use crate::config::{MEDIA_TOGETHER, MediaConfig};
use crate::error::Error;
use crate::provider::MediaKind;
use crate::transport::tls;

/// Redirects followed.
const REDIRECTS: usize = 3;

/// Fetches media. Certificates are read at the first fetch.
pub(crate) struct Fetcher {
    pub(super) settings: MediaConfig,
    connect: Duration,
    tls: OnceLock<Result<rustls::ClientConfig, Error>>,
}

/// What was behind an address.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) mime: String,
    pub(super) bytes: Bytes,
}

/// Why nothing could be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The words, which never hold the address beyond its host.
    Refused(String),
    /// The time of the whole request is up.
    Deadline,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl Fetcher {
    pub(crate) fn new(settings: MediaConfig, connect: Duration) -> Self {
        Self { settings, connect, tls: OnceLock::new() }
    }

    /// Fetches what a part of this kind needs. `together` counts the bytes of all fetches of a request.
    pub(super) async fn fetch(
        &self,
        url: &str,
        kind: MediaKind,
        together: &AtomicU64,
        deadline: Instant,
    ) -> Result<Fetched, Fault> {
        let own = Instant::now() + Duration::from_millis(self.settings.timeout_ms);
        let limit = own.min(deadline);
        match timeout_at(limit, self.follow(url, kind, together)).await {
            Ok(fetched) => fetched.map_err(Fault::from),
            Err(_) if limit == deadline => Err(Fault::Deadline),
            Err(_) => Err(Fault::Refused(format!("could not be fetched within {} ms", self.settings.timeout_ms))),
        }
    }

    /// Redirects are followed by hand, since each may lead inside.
    async fn follow(&self, url: &str, kind: MediaKind, together: &AtomicU64) -> Result<Fetched, String> {
        let mut url = address::url(url, &self.settings)?;
        for _ in 0..=REDIRECTS {
            let reply = self.get(&url).await?;
            let status = reply.status().as_u16();
            match status {
                200 => return self.read(reply, kind, together).await,
                301 | 302 | 303 | 307 | 308 => {
                    url = address::redirect(&url, reply.headers().get(LOCATION), &self.settings)?;
                }
                _ => return Err(format!("could not be fetched: {} answered {status}", host(&url))),
            }
        }
        Err(format!("could not be fetched: more than {REDIRECTS} redirects"))
    }

    /// Asks the very address that was checked: the name is not looked up a second time.
    async fn get(&self, url: &Url) -> Result<Response, String> {
        let addresses = self.resolve(url).await?;
        let client = self.client(url, &addresses)?;
        client.get(url.clone()).send().await.map_err(|e| {
            let what = if e.is_connect() { "cannot be reached" } else { "broke the connection off" };
            format!("could not be fetched: {} {what}", host(url))
        })
    }

    async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, String> {
        let name = host(url).trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let found: Vec<SocketAddr> = match name.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => {
                let unknown = |_| format!("could not be fetched: the host {name} is not known");
                tokio::net::lookup_host((name.as_str(), port)).await.map_err(unknown)?.collect()
            }
        };
        if found.is_empty() {
            return Err(format!("could not be fetched: the host {name} has no address"));
        }
        // One address inside makes the name suspect as a whole.
        if !self.settings.allow_private && found.iter().any(|a| !address::public(a.ip())) {
            return Err(format!("is on {name}, an address inside a private network, which is not fetched from"));
        }
        Ok(found)
    }

    /// A client that knows one host by the addresses that were checked, and sends nothing but the request.
    pub(super) fn client(&self, url: &Url, addresses: &[SocketAddr]) -> Result<reqwest::Client, String> {
        let tls = self.tls.get_or_init(tls).as_ref().map_err(|e| e.message().to_owned())?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .resolve_to_addrs(host(url), addresses)
            // A proxy would look the name up itself, and may stand inside.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("clawrouters/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| "cannot be fetched: the HTTP client cannot be built".to_owned())
    }

    async fn read(&self, mut reply: Response, kind: MediaKind, together: &AtomicU64) -> Result<Fetched, String> {
        let most = self.settings.max_bytes;
        let too_large = || format!("is larger than {most} bytes, the limit of media.max_bytes");
        if reply.headers().get(CONTENT_ENCODING).is_some_and(|e| e != "identity") {
            return Err("came compressed, which was not asked for".into());
        }
        let stated = reply.headers().get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).map(sniff::plain);
        if reply.content_length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = reply.chunk().await.map_err(|_| "could not be fetched: the reply broke off")? {
            let size = piece.len() as u64;
            if bytes.len() as u64 + size > most {
                return Err(too_large());
            }
            if together.fetch_add(size, Ordering::Relaxed) + size > MEDIA_TOGETHER {
                return Err(format!("is too much: all media of a request have {MEDIA_TOGETHER} bytes at most"));
            }
            bytes.extend_from_slice(&piece);
        }
        let mime = judged(kind, stated.as_deref(), bytes.get(..sniff::HEAD).unwrap_or(&bytes))?;
        Ok(Fetched { mime, bytes: bytes.freeze() })
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// The media type of a file for a part of this kind: what the bytes say counts before what the server says.
fn judged(kind: MediaKind, stated: Option<&str>, head: &[u8]) -> Result<String, String> {
    if head.is_empty() {
        return Err("is empty".into());
    }
    let found = sniff(head);
    let mime = found.or(stated).unwrap_or_default();
    let is = MediaKind::of(mime);
    let fits = match kind {
        // Pictures that do not look like any known one would be refused by every provider.
        MediaKind::Image => is == kind && found.is_some(),
        // A picture may be given as a file.
        MediaKind::Document => {
            (is == kind && !mime.is_empty() && mime != "text/html") || (is == MediaKind::Image && found.is_some())
        }
        // Containers for film also carry sound alone.
        MediaKind::Audio => is == kind || (is == MediaKind::Video && stated.is_some_and(|s| s.starts_with("audio/"))),
        MediaKind::Video => is == kind,
    };
    if !fits {
        let what = if mime.is_empty() { "of an unknown type" } else { mime };
        return Err(format!("is {what}, not what the part needs: {}", kind.as_str()));
    }
    let mime = if kind == MediaKind::Audio && is == MediaKind::Video { stated.unwrap_or(mime) } else { mime };
    Ok(mime.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_count_before_what_the_server_says() {
        assert_eq!(judged(MediaKind::Image, Some("image/jpeg"), PNG).as_deref(), Ok("image/png"));
        assert_eq!(judged(MediaKind::Image, Some("application/octet-stream"), PNG).as_deref(), Ok("image/png"));
        assert_eq!(judged(MediaKind::Document, Some("image/png"), PNG).as_deref(), Ok("image/png"));
        assert_eq!(judged(MediaKind::Document, Some("text/csv"), b"a,b").as_deref(), Ok("text/csv"));
        assert_eq!(judged(MediaKind::Document, None, b"%PDF-1.4").as_deref(), Ok("application/pdf"));
        assert_eq!(judged(MediaKind::Audio, Some("audio/webm"), b"\x1a\x45\xdf\xa3").as_deref(), Ok("audio/webm"));
    }

    #[test]
    fn what_the_part_does_not_need_is_refused() {
        for (kind, stated, head) in [
            (MediaKind::Image, Some("text/html"), &b"<html>"[..]),
            (MediaKind::Image, Some("image/png"), b"<!doctype html>"),
            (MediaKind::Image, Some("image/svg+xml"), b"<svg>"),
            (MediaKind::Image, Some("application/pdf"), b"%PDF-1.4"),
            (MediaKind::Document, Some("text/html"), b"<html>"),
            (MediaKind::Document, None, b"whatever"),
            (MediaKind::Audio, Some("video/mp4"), b"\0\0\0\x20ftypisom"),
            (MediaKind::Video, Some("image/png"), PNG),
            (MediaKind::Image, Some("image/png"), b""),
        ] {
            assert!(judged(kind, stated, head).is_err(), "{kind:?} {stated:?}");
        }
    }
}
