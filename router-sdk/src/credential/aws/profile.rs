//! AWS's shared files in; the keys and the region of one profile out.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Found, Keys, is_region};

/// A profile of the shared files. Nothing is read until it is needed.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) credentials: Option<PathBuf>,
    pub(crate) config: Option<PathBuf>,
}

impl Profile {
    /// What the files hold of it; a file that is not there holds nothing.
    pub(crate) fn read(&self) -> Found {
        let text = |path: &Option<PathBuf>| {
            path.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
        };
        find(&self.name, &text(&self.credentials), &text(&self.config))
    }
}

/// Finds a profile in the texts of the two files; keys of the credentials file come first.
fn find(name: &str, credentials: &str, config: &str) -> Found {
    let own = section(credentials, |header| header == name);
    let configured = section(config, |header| {
        let named = header.strip_prefix("profile").filter(|rest| rest.starts_with(char::is_whitespace));
        named.map_or(name == "default" && header == "default", |rest| rest.trim() == name)
    });
    let of = |settings: &[(String, String)], key: &str| {
        settings.iter().rev().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.clone())
    };
    let keys = [&own, &configured].into_iter().find_map(|settings| {
        let expires = ["x_security_token_expires", "aws_expiration", "expiration"];
        Some(Keys {
            access_key_id: of(settings, "aws_access_key_id")?,
            secret_access_key: SecretString::from(of(settings, "aws_secret_access_key")?),
            session_token: of(settings, "aws_session_token").map(SecretString::from),
            expires: expires.iter().find_map(|key| of(settings, key)?.parse::<Timestamp>().ok()),
        })
    });
    let ways = ["sso_session", "sso_start_url", "role_arn", "credential_process", "web_identity_token_file"];
    let other_way = ways.into_iter().find(|way| of(&own, way).or_else(|| of(&configured, way)).is_some());
    let region = of(&configured, "region").or_else(|| of(&own, "region")).filter(|region| is_region(region));
    Found { keys: keys.map(Arc::new), region, other_way }
}

/// The settings of a section; indented lines belong to the setting above them and are skipped.
fn section(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut inside = false;
    let mut out = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = trimmed.strip_prefix('[') {
            inside = header.split(']').next().is_some_and(|header| wanted(header.trim()));
        } else if inside
            && !line.starts_with(char::is_whitespace)
            && let Some((name, value)) = trimmed.split_once('=')
        {
            let comment = [" #", " ;"].iter().filter_map(|mark| value.find(mark)).min();
            let value = comment.map_or(value, |at| &value[..at]);
            out.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use secrecy::ExposeSecret;

    use super::*;

    const CREDENTIALS: &str = "\
# keys\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=secret/+=default\n\n[ work ]\n\
AWS_Access_Key_Id=ASIAWORK ; a comment\naws_secret_access_key = s # a comment\naws_session_token = token==\n\
x_security_token_expires = 2026-11-23T05:00:00Z\ns3 =\n  aws_access_key_id = WRONG\n[half]\naws_access_key_id = A\n";
    const CONFIG: &str = "\
[default]\nregion = eu-west-1\n[profile work]\nregion=us-west-2\naws_access_key_id = NEVER\n\
aws_secret_access_key = never\n[profile inconfig]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = c\n\
[work]\nregion = nowhere\n[profile sso]\nsso_session = corp\nregion = us-east-1\n[profile evil]\n\
region = evil.example/\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n";

    #[test]
    fn each_profile_gives_its_own_keys_and_region() {
        let found = find("default", CREDENTIALS, CONFIG);
        let keys = found.keys.unwrap();
        assert_eq!((keys.access_key_id.as_str(), found.region.as_deref()), ("AKIADEFAULT", Some("eu-west-1")));
        assert_eq!(keys.secret_access_key.expose_secret(), "secret/+=default");
        assert!(keys.session_token.is_none() && keys.expires.is_none());

        let found = find("work", CREDENTIALS, CONFIG);
        let keys = found.keys.unwrap();
        assert_eq!(keys.access_key_id, "ASIAWORK");
        assert_eq!(keys.secret_access_key.expose_secret(), "s");
        assert_eq!(keys.session_token.as_ref().map(ExposeSecret::expose_secret), Some("token=="));
        assert_eq!(keys.expires, Some("2026-11-23T05:00:00Z".parse().unwrap()));
        assert_eq!(found.region.as_deref(), Some("us-west-2"));

        let found = find("inconfig", CREDENTIALS, CONFIG);
        assert_eq!(found.keys.unwrap().access_key_id, "AKIACONFIG");
    }

    #[test]
    fn what_is_missing_or_of_another_kind_gives_no_keys() {
        for name in ["half", "absent", "profile work"] {
            assert!(find(name, CREDENTIALS, CONFIG).keys.is_none(), "{name}");
        }
        let sso = find("sso", CREDENTIALS, CONFIG);
        assert_eq!((sso.keys.is_none(), sso.other_way), (true, Some("sso_session")));
        assert_eq!(find("role", CREDENTIALS, CONFIG).other_way, Some("role_arn"));
    }

    #[test]
    fn a_region_that_would_lead_elsewhere_is_none() {
        assert_eq!(find("evil", CREDENTIALS, CONFIG).region, None);
    }
}
