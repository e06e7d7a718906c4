//! The kept token against an endpoint on loopback: fetched once, shared, renewed in time, given up when refused.

use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use http::HeaderMap;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::credential::grant::{Grant, Kind};
use crate::credential::{Credentials, TokenSource};
use crate::provider::{Cause, Failure, HttpRequest};
use crate::transport::HttpTransport;

struct Place {
    fake: FakeProvider,
    http: HttpTransport,
    credentials: Arc<Credentials>,
}

/// An endpoint that gives these replies one after the other.
async fn place(replies: Value) -> Place {
    let fake = FakeProvider::start().await.unwrap();
    fake.script("t", serde_json::from_value(json!({"providers": {"login": replies}})).unwrap());
    let url = format!("{}/login/token", fake.base("t"));
    let kind = Kind::Client { id: "app".into(), secret: "the-client-secret".to_owned().into(), scope: "s".into() };
    let source = TokenSource::new(Grant { url, kind, quota_project: None });
    let credentials = Arc::new(Credentials::Token(Arc::new(source)));
    Place { fake, http: HttpTransport::new(Duration::from_secs(3)), credentials }
}

fn gives(token: &str, lasts: f64) -> Value {
    json!({"body": {"access_token": token, "expires_in": lasts, "token_type": "Bearer"}})
}

impl Place {
    async fn bearer(&self) -> Result<String, Failure> {
        let request =
            HttpRequest { url: "http://127.0.0.1:9/x".into(), headers: HeaderMap::new(), body: bytes::Bytes::new() };
        let request = self.credentials.apply(&self.http, request).await?;
        let value = &request.headers["authorization"];
        assert!(value.is_sensitive());
        Ok(value.to_str().unwrap().to_owned())
    }

    fn asked(&self) -> usize {
        self.fake.requests("t").len()
    }
}

fn unauthorised() -> Failure {
    Failure::new(Cause::Auth, "no").with_status(401)
}

#[tokio::test]
async fn a_token_is_fetched_once_and_shared() {
    let place = place(json!([gives("one", 3600.0), gives("two", 3600.0)])).await;
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    let asked = place.fake.requests("t");
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/token"));
    assert_eq!(asked[0].body, "grant_type=client_credentials&client_id=app&client_secret=the-client-secret&scope=s");
}

#[tokio::test]
async fn many_at_once_ask_for_one() {
    let mut slow = gives("one", 3600.0);
    slow["delay_ms"] = 100.into();
    let place = place(json!([slow, gives("two", 3600.0)])).await;
    let all = futures_util::future::join_all((0..20).map(|_| place.bearer())).await;
    assert!(all.into_iter().all(|bearer| bearer.unwrap() == "Bearer one"));
    assert_eq!(place.asked(), 1);
}

#[tokio::test]
async fn an_expired_token_is_replaced_and_an_old_one_renewed_early() {
    let place = place(json!([gives("one", 0.5), gives("two", 3600.0)])).await;
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    // After four fifths of its life, and before its end.
    tokio::time::sleep(Duration::from_millis(430)).await;
    assert_eq!(place.bearer().await.unwrap(), "Bearer two");
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn a_valid_token_outlives_a_failed_renewal() {
    let place = place(json!([gives("one", 1.0), {"status": 503, "body": "down"}])).await;
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    tokio::time::sleep(Duration::from_millis(850)).await;
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    tokio::time::sleep(Duration::from_millis(250)).await;
    let failure = place.bearer().await.unwrap_err();
    assert_eq!(
        (failure.cause, failure.message.as_str()),
        (Cause::Connect, "the token endpoint answered 503 without a token")
    );
}

#[tokio::test]
async fn a_refused_token_is_given_up_once() {
    let place = place(json!([gives("one", 3600.0), gives("two", 3600.0), gives("three", 3600.0)])).await;
    place.bearer().await.unwrap();
    let sent = Instant::now();
    assert!(!place.credentials.rejected(&Failure::new(Cause::Auth, "no").with_status(403), sent));
    assert_eq!(place.bearer().await.unwrap(), "Bearer one");
    // Two requests on their way with the same token: one renewal serves both.
    assert!(place.credentials.rejected(&unauthorised(), sent));
    assert_eq!(place.bearer().await.unwrap(), "Bearer two");
    assert!(place.credentials.rejected(&unauthorised(), sent));
    assert_eq!(place.bearer().await.unwrap(), "Bearer two");
    assert!(!Credentials::InHeaders.rejected(&unauthorised(), sent));
}

#[tokio::test]
async fn tokens_and_secrets_are_known_to_be_secret() {
    let place = place(json!([gives("token-one", 3600.0), gives("token-two", 3600.0)])).await;
    place.bearer().await.unwrap();
    place.credentials.rejected(&unauthorised(), Instant::now());
    place.bearer().await.unwrap();
    let secrets: Vec<String> = place.credentials.secrets().iter().map(|s| s.expose_secret().to_owned()).collect();
    assert_eq!(secrets, ["token-two", "token-one", "the-client-secret"]);
    let shown = format!("{:?}", place.credentials);
    assert!(!shown.contains("token-two") && !shown.contains("the-client-secret"), "{shown}");
}

#[tokio::test]
async fn a_token_never_goes_where_others_can_read_it() {
    let place = place(json!([gives("one", 3600.0)])).await;
    let request =
        HttpRequest { url: "http://models.example/x".into(), headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let failure = place.credentials.apply(&place.http, request).await.unwrap_err();
    assert_eq!((failure.cause, place.asked()), (Cause::Auth, 0));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_a_connect_error() {
    let fake = FakeProvider::start().await.unwrap();
    let url = format!("http://127.0.0.1:{}/token", fake.refused_port());
    let kind = Kind::Client { id: "a".into(), secret: "s".to_owned().into(), scope: "s".into() };
    let source = TokenSource::new(Grant { url, kind, quota_project: None });
    let place = Place {
        fake,
        http: HttpTransport::new(Duration::from_secs(3)),
        credentials: Arc::new(Credentials::Token(Arc::new(source))),
    };
    assert_eq!(place.bearer().await.unwrap_err().cause, Cause::Connect);
}
