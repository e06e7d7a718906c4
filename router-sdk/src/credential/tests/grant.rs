//! Token endpoints: requests in their form, and replies of every kind.

use secrecy::ExposeSecret;

use crate::credential::grant::{Grant, Kind, is_private_address};
use crate::provider::Cause;

fn client() -> Grant {
    let kind = Kind::Client {
        id: "app id".into(),
        secret: "s3cret&value".to_owned().into(),
        scope: "https://x/.default".into(),
    };
    Grant { url: "https://login.example/token".into(), kind, quota_project: None }
}

#[test]
fn an_application_shows_its_secret_in_a_form() {
    let request = client().request().unwrap();
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(
        request.body,
        "grant_type=client_credentials&client_id=app+id&client_secret=s3cret%26value&scope=https%3A%2F%2Fx%2F.default"
    );
    assert!(!format!("{request:?} {:?}", client()).contains("s3cret"));
}

#[test]
fn a_sign_in_shows_what_it_left_behind_and_who_pays() {
    let kind = Kind::Refresh { id: "i".into(), secret: "s".to_owned().into(), token: "1//refresh".to_owned().into() };
    let grant = Grant { url: "http://127.0.0.1:1/token".into(), kind, quota_project: Some("payer".into()) };
    let body = grant.request().unwrap().body;
    assert_eq!(body, "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=1%2F%2Frefresh");
    let (name, value) = grant.header().unwrap();
    assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-goog-user-project", "payer"));
    assert!(client().header().is_none());
}

#[test]
fn tokens_are_read_however_their_life_is_written() {
    let lasts = |body: &str| client().read(200, body.as_bytes()).unwrap().lasts.as_secs();
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#), 3599);
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":"3599"}"#), 3599);
    assert_eq!(lasts(r#"{"access_token":"t"}"#), 300);
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":null}"#), 300);
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":1e300}"#), 86_400);
    assert_eq!(lasts(r#"{"access_token":"t","expires_in":-5}"#), 300);
    assert_eq!(client().read(200, br#"{"access_token":" t "}"#).unwrap().token.expose_secret(), "t");
}

#[test]
fn refusals_are_about_credentials_and_the_rest_about_the_endpoint() {
    let read = |status, body: &str| client().read(status, body.as_bytes()).unwrap_err();
    let refused =
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret s3cret&value."}"#;
    let failure = read(401, refused);
    assert_eq!((failure.cause, failure.code.as_deref(), failure.status), (Cause::Auth, Some("invalid_client"), None));
    assert_eq!(failure.message, "the token endpoint answered 401: AADSTS7000215: Invalid client secret ***.");
    assert_eq!(read(400, r#"{"error":"invalid_grant"}"#).message, "the token endpoint answered 400: invalid_grant");
    assert_eq!(read(200, "{}").cause, Cause::Auth);
    assert_eq!(read(200, r#"{"access_token":""}"#).message, "the token endpoint answered 200 without a token");
    for (status, body) in [(429, "{}"), (500, "oops"), (503, "<html>"), (302, "")] {
        let failure = read(status, body);
        let wanted = if status == 302 { Cause::Auth } else { Cause::Connect };
        assert_eq!(failure.cause, wanted, "{status}");
    }
}

#[test]
fn tokens_go_to_https_or_stay_here() {
    for url in
        ["https://a.example/x", "http://127.0.0.1:8080/x", "http://127.9.9.9/", "http://[::1]:1/", "http://localhost/x"]
    {
        assert!(is_private_address(url), "{url}");
    }
    for url in ["http://a.example/", "http://10.0.0.1/", "http://localhost.evil.example/", "ftp://localhost/", "x", ""]
    {
        assert!(!is_private_address(url), "{url}");
    }
}
