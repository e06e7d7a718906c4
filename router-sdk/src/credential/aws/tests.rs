//! Credentials over the life of a router: read at the first send, kept, read again when they run out.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;

use super::*;

/// A folder with one credentials file, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("clawrouters-aws-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.join("credentials"), text).unwrap();
    }

    fn profile(&self) -> Profile {
        Profile { name: "default".into(), credentials: Some(self.0.join("credentials")), config: None }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn nowhere() -> Profile {
    Profile { name: "default".into(), credentials: None, config: None }
}

fn request() -> HttpRequest {
    let url = "https://bedrock-runtime.{region}.amazonaws.com/model/m/converse".to_owned();
    HttpRequest { url, headers: HeaderMap::new(), body: "{}".into() }
}

fn keys_of(id: &str, more: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = secret-{id}\n{more}\n")
}

fn who(aws: &Aws) -> String {
    let request = aws.apply(request()).unwrap();
    assert!(request.url.starts_with("https://bedrock-runtime.us-east-1.amazonaws.com/"), "{}", request.url);
    let text = request.headers["authorization"].to_str().unwrap();
    text.split_once("Credential=").unwrap().1.split_once('/').unwrap().0.to_owned()
}

fn refused(kind: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    headers
}

#[test]
fn a_bearer_key_is_not_signed_and_its_region_is_filled_in() {
    let aws = Aws::new(Some("eu-west-1".into()), Proof::Bearer, nowhere());
    let sent = aws.apply(request()).unwrap();
    assert_eq!(sent.url, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse");
    assert!(sent.headers.is_empty() && !aws.renewable());
    let lost = Aws::new(None, Proof::Bearer, nowhere()).apply(request()).unwrap_err();
    assert_eq!(lost.cause, Cause::Auth);
    assert!(lost.message.contains("AWS_REGION"), "{}", lost.message);
    // An address of the user's own needs no region.
    let own = HttpRequest { url: "http://127.0.0.1:9/model/m/converse".into(), ..request() };
    assert!(Aws::new(None, Proof::Bearer, nowhere()).apply(own).is_ok());
}

#[cfg(feature = "bedrock")]
#[test]
fn a_profile_is_read_at_the_first_send_and_kept() {
    let folder = Folder::new();
    let aws = Aws::new(None, Proof::Profile, folder.profile());
    let missing = aws.apply(request()).unwrap_err();
    assert_eq!(missing.cause, Cause::Auth);
    assert!(missing.message.contains("AWS"), "{}", missing.message);
    folder.write(&keys_of("FIRST", "region = us-east-1"));
    assert_eq!(who(&aws), "FIRST");
    folder.write(&keys_of("SECOND", "region = us-east-1"));
    assert_eq!(who(&aws), "FIRST");
}

#[cfg(feature = "bedrock")]
#[test]
fn keys_that_run_out_are_read_again() {
    let folder = Folder::new();
    let aws = Aws::new(Some("us-east-1".into()), Proof::Profile, folder.profile());
    folder.write(&keys_of("OLD", "x_security_token_expires = 2020-01-01T00:00:00Z"));
    assert_eq!(who(&aws), "OLD");
    folder.write(&keys_of("NEW", "x_security_token_expires = 2999-01-01T00:00:00Z"));
    assert_eq!(who(&aws), "NEW");
    folder.write(&keys_of("NEVER", ""));
    assert_eq!(who(&aws), "NEW");
}

#[cfg(feature = "bedrock")]
#[test]
fn a_refusal_of_spent_keys_is_worth_another_try_only_with_others() {
    let folder = Folder::new();
    let aws = Aws::new(Some("us-east-1".into()), Proof::Profile, folder.profile());
    folder.write(&keys_of("OLD", "aws_session_token = one"));
    assert_eq!(who(&aws), "OLD");
    let spent = refused("ExpiredTokenException:http://internal.example/coral/");
    assert!(!aws.renewed(403, &spent), "the same keys would be refused again");
    folder.write(&keys_of("OLD", "aws_session_token = two"));
    assert!(!aws.renewed(403, &refused("AccessDeniedException")));
    assert!(!aws.renewed(200, &spent));
    assert!(aws.renewed(403, &spent));
    let Ok(sent) = aws.apply(request()) else { return };
    assert_eq!(sent.headers["x-amz-security-token"], "two");
    let given = Proof::Given(Arc::clone(aws.found().keys.as_ref().unwrap()));
    assert!(!Aws::new(Some("us-east-1".into()), given, folder.profile()).renewed(403, &spent));
}

#[cfg(feature = "bedrock")]
#[test]
fn a_profile_of_another_kind_says_what_to_do() {
    let folder = Folder::new();
    folder.write("[default]\nregion = us-east-1\nsso_session = corp\n");
    let failure = Aws::new(None, Proof::Profile, folder.profile()).apply(request()).unwrap_err();
    assert_eq!(failure.cause, Cause::Auth);
    assert!(failure.message.contains("sso_session") && failure.message.contains("export-credentials"));
}

#[test]
fn nothing_secret_is_shown() {
    let keys = Keys {
        access_key_id: "AKIAID".into(),
        secret_access_key: SecretString::from("very-secret"),
        session_token: Some(SecretString::from("very-token")),
        expires: None,
    };
    let shown = format!("{:?}", Aws::new(None, Proof::Given(Arc::new(keys)), nowhere()));
    assert!(!shown.contains("very-"), "{shown}");
}

#[test]
fn regions_are_plain_words() {
    assert!(is_region("us-gov-west-1"));
    for text in ["", "us-east-1.evil.example", "us east", "US-EAST-1", "a/b", "x@y", &"a".repeat(40)] {
        assert!(!is_region(text), "{text}");
    }
}
