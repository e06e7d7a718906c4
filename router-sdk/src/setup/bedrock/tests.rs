//! How Bedrock is found: config and environment in; deployments, models and refusals out.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::provider::Target;

fn env(pairs: &[(&str, &str)]) -> Environment {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::Fixed(pairs.collect::<BTreeMap<_, _>>())
}

fn setup(config: Value, pairs: &[(&str, &str)]) -> Result<Setup, Error> {
    Setup::build(Config::from_value(config)?, &env(pairs))
}

fn target(setup: &Setup, name: &str) -> Target {
    setup.resolve(name, "model").unwrap()
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s")];

#[test]
fn general_credentials_reach_bedrock_by_name_and_never_by_auto() {
    let setup = setup(json!({}), &[KEYS[0], KEYS[1], ("AWS_REGION", "eu-central-1")]).unwrap();
    let deployment = setup.deployments.get("bedrock").unwrap();
    assert_eq!(deployment.base_url, "https://bedrock-runtime.eu-central-1.amazonaws.com");
    assert!(deployment.key.is_none(), "an access key id is no bearer key");
    assert!(matches!(deployment.credentials, Credentials::Aws(_)));
    assert!(setup.eligible.is_empty());
    let named = [KEYS[0], KEYS[1], ("CLAWROUTERS_PROVIDERS", "bedrock")];
    assert_eq!(self::setup(json!({}), &named).unwrap().eligible, ["bedrock"]);
}

#[test]
fn a_bearer_key_stands_in_a_header() {
    let setup = setup(json!({}), &[("AWS_BEARER_TOKEN_BEDROCK", "key"), ("AWS_DEFAULT_REGION", "us-west-2")]).unwrap();
    let target = target(&setup, "bedrock/amazon.nova-lite-v1:0");
    assert_eq!(target.headers(None)["authorization"], "Bearer key");
    assert_eq!(target.deployment.base_url, "https://bedrock-runtime.us-west-2.amazonaws.com");
    assert!(target.catalogued);
}

#[test]
fn half_a_pair_of_keys_is_passed_over_unless_bedrock_is_named() {
    assert!(!setup(json!({}), &[KEYS[0]]).unwrap().deployments.contains_key("bedrock"));
    let fault = setup(json!({"providers": {"bedrock": {}}}), &[KEYS[0]]).err().unwrap();
    assert!(fault.message().contains("AWS_SECRET_ACCESS_KEY"), "{}", fault.message());
}

#[test]
fn the_region_may_come_with_the_profile_at_the_first_send() {
    let setup = setup(json!({"providers": {"bedrock": {"profile": "work"}}}), &[]).unwrap();
    assert!(setup.deployments["bedrock"].base_url.contains("{region}"));
}

#[test]
fn settings_that_cannot_be_are_refused_with_their_name() {
    let cases = [
        (json!({"bedrock": {"region": "us-east-1.evil.example/"}}), "providers.bedrock.region"),
        (json!({"bedrock": {"access_key_id": "A"}}), "providers.bedrock.secret_access_key"),
        (json!({"bedrock": {"secret_access_key": "A"}}), "providers.bedrock.access_key_id"),
        (json!({"bedrock": {"session_token": "A"}}), "providers.bedrock.access_key_id"),
        (json!({"bedrock": {"api_key": " "}}), "providers.bedrock.api_key"),
        (json!({"bedrock": {"access_key_id": "A", "secret_access_key": "two words"}}), "secret_access_key"),
        (
            json!({"bedrock": {"access_key_id": "A", "secret_access_key": "B", "profile": "p"}}),
            "providers.bedrock.profile",
        ),
        (json!({"bedrock": {"api_key": "k", "profile": "p"}}), "providers.bedrock.api_key"),
        (json!({"bedrock": {"inference_profile": "mars"}}), "providers.bedrock.inference_profile"),
        (json!({"openai": {"api_key": "k", "region": "us-east-1"}}), "providers.openai.region"),
        (json!({"x": {"kind": "sandbox", "profile": "p"}}), "providers.x.profile"),
    ];
    for (providers, key) in cases {
        let fault = setup(json!({"providers": providers}), &[]).err().unwrap();
        assert!(fault.message().contains(key), "{key}: {}", fault.message());
    }
    let fault = setup(json!({"providers": {"bedrock": {}}}), &[("AWS_REGION", "a/b")]).err().unwrap();
    assert!(fault.message().contains("AWS_REGION"), "{}", fault.message());
}

#[test]
fn inference_profiles_have_the_facts_of_their_model() {
    let setup = setup(json!({}), &[KEYS[0], KEYS[1]]).unwrap();
    let bare = target(&setup, "bedrock/amazon.nova-lite-v1:0").model;
    for id in [
        "me.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    ] {
        let found = target(&setup, &format!("bedrock/{id}"));
        assert!(found.known, "{id}");
        assert_eq!(found.model.id, id);
        assert_eq!(found.model.context_window, bare.context_window, "{id}");
    }
    let own = target(&setup, "aws/arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc123");
    assert!(!own.known);
}

#[test]
fn a_preferred_place_leads_to_its_profiles_where_there_are_some() {
    let config = json!({"providers": {"bedrock": {"inference_profile": "us"}}});
    let setup = setup(config, &KEYS).unwrap();
    let id = |name: &str| target(&setup, &format!("bedrock/{name}")).model.id.clone();
    assert_eq!(id("anthropic.claude-sonnet-4-6"), "us.anthropic.claude-sonnet-4-6");
    assert_eq!(id("nova-lite"), "us.amazon.nova-lite-v1:0");
    assert_eq!(id("eu.anthropic.claude-sonnet-4-6"), "eu.anthropic.claude-sonnet-4-6");
    assert_eq!(id("openai.gpt-oss-120b-1:0"), "openai.gpt-oss-120b-1:0");
    assert_eq!(id("from.the-future-v1:0"), "from.the-future-v1:0");
}

#[test]
fn auto_sees_no_profiles_of_other_places() {
    let ids = |config: Value, pairs: &[(&str, &str)]| -> Vec<String> {
        setup(config, pairs).unwrap().auto_models().into_iter().map(|t| t.model.id.clone()).collect()
    };
    let europe = json!({"providers": {"bedrock": {"region": "eu-west-1"}}});
    let found = ids(europe, &KEYS);
    assert!(found.iter().any(|id| id.starts_with("eu.")) && found.iter().any(|id| id.starts_with("global.")));
    for place in ["us.", "us-gov.", "apac.", "jp.", "au."] {
        assert!(!found.iter().any(|id| id.starts_with(place)), "{place}");
    }
    let preferred = json!({"providers": {"bedrock": {"region": "eu-west-1", "inference_profile": "eu"}}});
    let found = ids(preferred, &KEYS);
    let sonnet: Vec<&String> = found.iter().filter(|id| id.ends_with("anthropic.claude-sonnet-4-6")).collect();
    assert_eq!(sonnet, ["eu.anthropic.claude-sonnet-4-6"]);
    assert!(!ids(json!({"providers": {"bedrock": {}}}), &KEYS).iter().any(|id| id.starts_with("us.")));
}

#[test]
fn another_name_and_address_speak_the_same_language() {
    let config =
        json!({"providers": {"aws-lab": {"kind": "bedrock", "base_url": "http://127.0.0.1:9/", "api_key": "k"}}});
    let setup = setup(config, &[]).unwrap();
    let target = target(&setup, "aws-lab/anything");
    assert_eq!(
        (target.deployment.family, target.deployment.base_url.as_str()),
        (Family::Bedrock, "http://127.0.0.1:9")
    );
}
