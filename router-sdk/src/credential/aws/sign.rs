//! A request, keys, a region and a time in; the request with AWS's signature in its headers out.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_request};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::Keys;
use crate::provider::{Cause, Failure, HttpRequest};

/// The name under which Bedrock checks signatures.
pub(super) const BEDROCK: &str = "bedrock";

/// Signs host, date, token and content type. The path, which is escaped already, is escaped once more for it.
pub(super) fn sign(
    mut request: HttpRequest,
    keys: &Keys,
    region: &str,
    service: &str,
    now: SystemTime,
) -> Result<HttpRequest, Failure> {
    let fault = |_| Failure::new(Cause::Auth, "the request cannot be signed with these AWS credentials");
    let token = keys.session_token.as_ref().map(|token| token.expose_secret().to_owned());
    let secret = keys.secret_access_key.expose_secret();
    let identity = Credentials::new(&keys.access_key_id, secret, token, None, "clawrouters").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| Failure::new(Cause::Auth, "the request cannot be signed with these AWS credentials"))?
        .into();
    let content_type = request.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let signed = content_type.map(|value| ("content-type", value)).into_iter();
    let signable = SignableRequest::new("POST", &request.url, signed, SignableBody::Bytes(&request.body));
    let (instructions, _) = sign_request(signable.map_err(fault)?, &params).map_err(fault)?.into_parts();
    for (name, value) in instructions.headers() {
        let sound = HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value).ok());
        let (name, mut value) = sound
            .ok_or_else(|| Failure::new(Cause::Auth, "the AWS credentials have characters that keys never have"))?;
        value.set_sensitive(true);
        request.headers.insert(name, value);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    //! Signatures of AWS's published test suite, and of our own requests at a fixed time, worked out by another program.

    #![allow(clippy::unwrap_used)]

    use std::time::{Duration, UNIX_EPOCH};

    use http::HeaderMap;
    use secrecy::SecretString;

    use super::*;

    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo\
        IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T\
        x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2I\
        CCR/oLxBA==";

    fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
        Keys {
            access_key_id: id.to_owned(),
            secret_access_key: SecretString::from(secret),
            session_token: token.map(SecretString::from),
            expires: None,
        }
    }

    fn signed(url: &str, body: &'static str, keys: &Keys, region: &str, service: &str, at: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        headers.insert("x-own", HeaderValue::from_static("not signed"));
        let request = HttpRequest { url: url.to_owned(), headers, body: body.into() };
        let signed = sign(request, keys, region, service, UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        assert_eq!(signed.url, url);
        signed.headers
    }

    #[test]
    fn the_published_suite_is_met() {
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let cases = [
            (None, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                Some(TOKEN),
                "host;x-amz-date;x-amz-security-token",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ];
        for (token, names, signature) in cases {
            let keys = keys("AKIDEXAMPLE", SECRET, token);
            let headers = signed("https://example.amazonaws.com/", "", &keys, "us-east-1", "service", 1_440_938_160);
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            );
            assert_eq!(headers["authorization"], expected);
            assert_eq!(headers["x-amz-date"], "20150830T123600Z");
            assert_eq!(headers.get("x-amz-security-token").map(|t| t.to_str().unwrap()), token);
        }
    }

    #[test]
    fn our_own_requests_are_signed_with_the_path_escaped_twice() {
        let own = "AKIAOWN/20261123";
        let at = 1_795_407_300;
        let host = "https://bedrock-runtime.us-west-2.amazonaws.com";
        let url = format!("{host}/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse");
        let keys = keys("AKIAOWN", "secret", Some("session"));
        let headers = signed(&url, r#"{"messages":[]}"#, &keys, "us-west-2", BEDROCK, at);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential={own}/us-west-2/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
             Signature=39aa539c8dd9b286c7f1de72f2b6d0fdd70dfa908ed9f27446c36a3d3dbd373d"
        );
        assert_eq!(headers["authorization"], expected);
        assert!(headers["authorization"].is_sensitive() && headers["x-amz-security-token"].is_sensitive());

        let path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream";
        let keys = Keys { session_token: None, ..keys };
        let headers = signed(&format!("http://127.0.0.1:8099{path}"), "{}", &keys, "us-east-1", BEDROCK, at);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential={own}/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=34d15177fe87606c1b0a066d470959c8030ba4eff206aaf5f0c2f11f56ab1824"
        );
        assert_eq!(headers["authorization"], expected);
    }
}
