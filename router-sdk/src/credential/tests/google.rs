//! Google's credentials files, and the statements that service accounts sign.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::{KEY, OLDER_KEY};
use crate::credential::GoogleFile;

fn service_account(key: &str) -> Value {
    json!({
        "type": "service_account", "project_id": "p-1", "private_key_id": "kid", "private_key": key,
        "client_email": "a@p-1.iam.example", "token_uri": "http://127.0.0.1:9/token", "universe_domain": "googleapis.com",
    })
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[test]
fn a_service_account_signs_who_it_is() {
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap() else {
        panic!("another key")
    };
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    for key in [KEY, OLDER_KEY] {
        let file = GoogleFile::read(&service_account(key).to_string()).unwrap();
        assert_eq!((file.project.as_deref(), file.grant.url.as_str()), (Some("p-1"), "http://127.0.0.1:9/token"));
        let form = form(&file.grant.request().unwrap().body);
        assert_eq!(form[0], ("grant_type".into(), "urn:ietf:params:oauth:grant-type:jwt-bearer".into()));
        let (name, statement) = &form[1];
        assert_eq!((name.as_str(), form.len()), ("assertion", 2));
        let (said, signature) = statement.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
        public.verify(said.as_bytes(), &signature).unwrap();
        let parts: Vec<Value> = said
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT", "kid": "kid"}));
        let (issued, expires) = (parts[1]["iat"].as_i64().unwrap(), parts[1]["exp"].as_i64().unwrap());
        assert_eq!(expires - issued, 3600);
        assert!((jiff::Timestamp::now().as_second() - issued).abs() < 60);
        assert_eq!(parts[1]["iss"], "a@p-1.iam.example");
        assert_eq!(parts[1]["aud"], "http://127.0.0.1:9/token");
        assert_eq!(parts[1]["scope"], "https://www.googleapis.com/auth/cloud-platform");
        assert!(!format!("{file:?}").contains("iam.example"));
    }
}

#[test]
fn a_sign_in_has_a_refresh_token_and_may_name_who_pays() {
    let text = json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r", "quota_project_id": "q",
        "account": "", "universe_domain": "googleapis.com",
    });
    let file = GoogleFile::read(&text.to_string()).unwrap();
    assert_eq!(file.grant.url, "https://oauth2.googleapis.com/token");
    assert_eq!((file.project.as_deref(), file.grant.quota_project.as_deref()), (Some("q"), Some("q")));
}

#[test]
fn files_that_cannot_be_used_say_why_without_quoting() {
    let mut plain = service_account(KEY);
    plain["token_uri"] = "http://tokens.example/".into();
    let mut keyless = service_account(KEY);
    keyless.as_object_mut().unwrap().shift_remove("private_key");
    let table = [
        (json!("text").to_string(), "is not the JSON of Google credentials"),
        ("{".to_owned(), "is not the JSON of Google credentials"),
        (json!({}).to_string(), "has no type"),
        (json!({"type": "external_account"}).to_string(), "is of type external_account"),
        (
            json!({"type": "authorized_user", "client_id": "c", "client_secret": "s"}).to_string(),
            "has no refresh_token",
        ),
        (plain.to_string(), "has a token_uri that is neither https nor on this machine"),
        (keyless.to_string(), "has no private_key"),
        (service_account("-----BEGIN JUNK").to_string(), "private_key must be an RSA key in PEM"),
        (service_account(&KEY.replace('A', "B")).to_string(), "private_key must be an RSA key in PEM"),
    ];
    for (text, wanted) in table {
        let why = GoogleFile::read(&text).unwrap_err();
        assert!(why.starts_with(wanted), "{why} and not {wanted}");
    }
}
