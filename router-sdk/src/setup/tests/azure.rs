//! Azure: both interfaces, deployment names, credentials, and the oddities of its replies.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Setup, encode, explain, fault, setup, spoken, streamed, target, url};
use crate::credential::Credentials;
use crate::provider::{Cause, Family};

const KEY: (&str, &str) = ("AZURE_OPENAI_API_KEY", "azure-key-1234");

fn azure(own: Value) -> Value {
    let mut own = own;
    own["api_key"] = "azure-key-1234".into();
    json!({"providers": {"azure": own}})
}

fn built(own: Value) -> Setup {
    setup(azure(own), &[]).unwrap()
}

#[test]
fn every_spelling_of_an_address_leads_to_one_of_two_interfaces() {
    let v1 = "https://r.openai.azure.com/openai/v1/chat/completions";
    let classic = "https://r.openai.azure.com/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21";
    let preview = "https://r.openai.azure.com/openai/v1/chat/completions?api-version=preview";
    let table = [
        (json!({"resource": "r"}), v1),
        (json!({"resource": "r", "api_version": "v1"}), v1),
        (json!({"resource": "r", "api_version": "preview"}), preview),
        (json!({"resource": "r", "api_version": "2024-10-21"}), classic),
        (json!({"base_url": "https://r.openai.azure.com"}), v1),
        (json!({"base_url": "https://r.openai.azure.com/openai/"}), v1),
        (json!({"base_url": "https://r.openai.azure.com/openai/v1/"}), v1),
        (json!({"base_url": "https://r.openai.azure.com/openai/v1/chat/completions"}), v1),
        (json!({"base_url": "https://r.openai.azure.com/openai/v1?api-version=preview"}), preview),
        (json!({"base_url": "https://r.openai.azure.com/", "api_version": "2024-10-21"}), classic),
        (
            json!({"base_url": "https://r.services.ai.azure.com/openai/v1"}),
            "https://r.services.ai.azure.com/openai/v1/chat/completions",
        ),
        (json!({"base_url": "http://127.0.0.1:9/x"}), "http://127.0.0.1:9/x/openai/v1/chat/completions"),
    ];
    for (own, wanted) in table {
        assert_eq!(url(&built(own.clone()), "azure/gpt-5", false), wanted, "{own}");
    }
}

#[test]
fn the_environment_of_other_clients_is_understood() {
    let v1 = "https://r.openai.azure.com/openai/v1/chat/completions";
    let classic = "https://r.openai.azure.com/openai/deployments/gpt-5/chat/completions?api-version=2024-06-01";
    let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/");
    for (env, wanted) in [
        (vec![KEY, endpoint], v1),
        (vec![KEY, endpoint, ("OPENAI_API_VERSION", "2024-06-01")], classic),
        (vec![KEY, endpoint, ("AZURE_OPENAI_API_VERSION", "2024-06-01")], classic),
        (vec![("AZURE_API_KEY", "k2"), ("AZURE_API_BASE", endpoint.1), ("AZURE_API_VERSION", "2024-06-01")], classic),
        (vec![KEY, ("AZURE_RESOURCE_NAME", "r")], v1),
        // A version that is meant for the older interface does not change an address that names the newer one.
        (vec![KEY, (endpoint.0, "https://r.openai.azure.com/openai/v1"), ("OPENAI_API_VERSION", "2024-06-01")], v1),
        (vec![endpoint, ("AZURE_OPENAI_AD_TOKEN", "entra")], v1),
    ] {
        assert_eq!(url(&setup(json!({}), &env).unwrap(), "azure/gpt-5", false), wanted, "{env:?}");
    }
    for env in
        [vec![KEY], vec![endpoint], vec![endpoint, ("AZURE_CLIENT_ID", "c")], vec![KEY, ("AZURE_RESOURCE_NAME", "a/b")]]
    {
        assert!(!setup(json!({}), &env).unwrap().deployments.contains_key("azure"), "{env:?}");
    }
    assert!(
        fault(json!({}), &[KEY, ("CLAWROUTERS_PROVIDERS", "azure")]).starts_with("providers.azure.base_url: is needed")
    );
}

#[test]
fn deployments_have_names_of_their_own_and_the_facts_of_their_model() {
    let own = json!({"resource": "r", "api_version": "2025-01-01-preview", "deployment_names": {"gpt-5-1": "prod", "gpt-5": "old_one"}});
    let built = built(own);
    let path = "https://r.openai.azure.com/openai/deployments/prod/chat/completions?api-version=2025-01-01-preview";
    // By an alias of the catalogue, by its id and by the deployment's name.
    for name in ["azure/gpt-5-1", "azure/gpt-5.1", "azure/prod"] {
        assert_eq!(url(&built, name, true), path, "{name}");
        let target = target(&built, name);
        assert_eq!((target.key().as_str(), target.known), ("azure/gpt-5.1", true));
        assert!(!target.model.prices.is_empty() && target.model.context_window.is_some());
    }
    let (_, body) = encode(
        &target(&built, "azure/gpt-5"),
        json!({"model": "x", "messages": [{"role": "user", "content": "Hi"}]}),
        false,
    );
    assert_eq!(body["model"], "old_one");
    // What is not in the map goes out as it was written, even where the catalogue knows it by another name.
    let written = target(&built, "azure/gpt-5-2");
    assert_eq!((written.wire_model().as_ref(), written.key().as_str()), ("gpt-5-2", "azure/gpt-5-2"));
    assert!(written.known && !written.model.prices.is_empty());
    assert!(!target(&built, "azure/my-finetune").known);
}

#[test]
fn auto_considers_what_was_deployed_and_nothing_else() {
    let keys = |own: Value, models: Value| {
        let mut config = azure(own);
        config["models"] = models;
        let mut keys: Vec<String> = setup(config, &[]).unwrap().auto_models().iter().map(super::Target::key).collect();
        keys.sort();
        keys
    };
    assert!(keys(json!({"resource": "r"}), json!([])).is_empty());
    let own = json!({"resource": "r", "deployment_names": {"gpt-5": "a", "mine": "b"}});
    assert_eq!(keys(own.clone(), json!([])), ["azure/gpt-5"]);
    let models =
        json!([{"id": "azure/mine", "quality": 50}, {"id": "azure/gpt-5", "quality": 50}, {"id": "azure/gpt-5-mini"}]);
    assert_eq!(keys(own, models), ["azure/gpt-5", "azure/gpt-5-mini", "azure/mine"]);
}

#[test]
fn several_resources_can_stand_side_by_side() {
    let resource =
        |name: &str| json!({"kind": "azure", "resource": name, "api_key": "k", "deployment_names": {"gpt-5": "d"}});
    let built = setup(json!({"providers": {"eu": resource("eu-1"), "us": resource("us-1")}}), &[]).unwrap();
    for (name, host) in [("eu", "eu-1"), ("us", "us-1")] {
        let target = target(&built, &format!("{name}/gpt-5"));
        assert_eq!(
            url(&built, &format!("{name}/gpt-5"), false),
            format!("https://{host}.openai.azure.com/openai/v1/chat/completions")
        );
        assert!(target.catalogued && !target.model.prices.is_empty());
        assert_eq!((target.key(), target.wire_model().as_ref()), (format!("{name}/gpt-5"), "d"));
    }
    assert_eq!(built.auto_models().len(), 2);
}

#[test]
fn older_versions_are_not_asked_for_what_they_do_not_know() {
    let sent = |version: &str| {
        let built = built(json!({"resource": "r", "api_version": version}));
        let messages = json!([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]);
        encode(
            &target(&built, "azure/my-model"),
            json!({"model": "m", "messages": messages, "max_completion_tokens": 9}),
            true,
        )
        .1
    };
    let old = sent("2024-06-01");
    assert_eq!((&old["max_tokens"], &old["messages"][0]["role"]), (&json!(9), &json!("system")));
    assert!(old.get("stream_options").is_none() && old.get("max_completion_tokens").is_none());
    let stable = sent("2024-10-21");
    assert_eq!((&stable["max_completion_tokens"], &stable["messages"][0]["role"]), (&json!(9), &json!("system")));
    assert_eq!(stable["stream_options"], json!({"include_usage": true}));
    assert_eq!(sent("2025-04-01-preview")["messages"][0]["role"], "developer");
}

#[test]
fn keys_and_tokens_go_into_their_own_headers() {
    let headers = |config: Value, env: &[(&str, &str)]| {
        let built = setup(config, env).unwrap();
        let asked = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        let headers = encode(&target(&built, "azure/gpt-5"), asked, false).0.http.headers;
        let told = |name: &str| headers.get(name).map(|v| (v.to_str().unwrap().to_owned(), v.is_sensitive()));
        (told("api-key"), told("authorization"))
    };
    let sensitive = |text: &str| Some((text.to_owned(), true));
    assert_eq!(headers(azure(json!({"resource": "r"})), &[]), (sensitive("azure-key-1234"), None));
    let token = json!({"providers": {"azure": {"resource": "r", "azure_ad_token": "entra-token"}}});
    assert_eq!(headers(token, &[KEY]), (None, sensitive("Bearer entra-token")));
    let named = json!({"providers": {"azure": {"resource": "r", "api_key_env": "MY_KEY"}}});
    assert_eq!(headers(named, &[("MY_KEY", "mine")]), (sensitive("mine"), None));
    let place = json!({"providers": {"azure": {"resource": "r"}}});
    assert_eq!(headers(place.clone(), &[KEY, ("AZURE_OPENAI_AD_TOKEN", "t")]), (sensitive("azure-key-1234"), None));
    assert_eq!(headers(place.clone(), &[("AZURE_AD_TOKEN", "t")]), (None, sensitive("Bearer t")));
    let application = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "s3cret-value")];
    assert_eq!(headers(place.clone(), &application), (None, None));
    let built = setup(place, &application).unwrap();
    let deployment = &built.deployments["azure"];
    assert!(matches!(deployment.credentials, Credentials::Token(_)));
    assert!(format!("{:?}", deployment.credentials).contains("https://login.microsoftonline.com/t/oauth2/v2.0/token"));
    assert!(deployment.secrets().iter().any(|s| s.expose_secret() == "s3cret-value"));
}

#[test]
fn mistakes_are_named_with_their_key() {
    let own = |own: Value| fault(json!({"providers": {"azure": own}}), &[]);
    let table = [
        (json!({"api_key": "k"}), "providers.azure.base_url: is needed"),
        (json!({"api_key": "k", "resource": "a b"}), "providers.azure.resource: must be the name"),
        (
            json!({"api_key": "k", "resource": "r", "base_url": "https://x"}),
            "providers.azure.resource: cannot stand beside",
        ),
        (
            json!({"api_key": "k", "base_url": "https://x/openai/deployments/d"}),
            "providers.azure.base_url: must end before /openai",
        ),
        (
            json!({"api_key": "k", "base_url": "https://x/openai/v1", "api_version": "2024-10-21"}),
            "providers.azure.api_version: is not for",
        ),
        (json!({"api_key": "k", "resource": "r", "api_version": "2024&x=1"}), "providers.azure.api_version: must be"),
        (
            json!({"api_key": "k", "resource": "r", "deployment_names": {"gpt-5": "a/b"}}),
            "providers.azure.deployment_names.gpt-5: must be",
        ),
        (
            json!({"api_key": "k", "resource": "r", "deployment_names": {"gpt-5.1": "a", "gpt-5-1": "b"}}),
            "providers.azure.deployment_names.gpt-5.1: names a model",
        ),
        (
            json!({"api_key": "k", "resource": "r", "deployment_names": ["a"]}),
            "providers.azure.deployment_names: must be a table",
        ),
        (json!({"resource": "r"}), "providers.azure.api_key: is needed: set AZURE_OPENAI_API_KEY"),
        (json!({"resource": "r", "client_id": "c"}), "providers.azure.client_secret: is needed"),
        (json!({"resource": "r", "client_id": "c", "client_secret": "s"}), "providers.azure.tenant_id: is needed"),
        (
            json!({"resource": "r", "client_id": "c", "client_secret": "s", "tenant_id": "a/b"}),
            "providers.azure.tenant_id: must be",
        ),
        (
            json!({"resource": "r", "client_id": "c", "client_secret": "s", "token_url": "http://x/t"}),
            "providers.azure.token_url: must be https",
        ),
        (
            json!({"base_url": "http://x", "client_id": "c", "client_secret": "s", "tenant_id": "t"}),
            "providers.azure.base_url: must be https",
        ),
        (
            json!({"resource": "r", "api_key": "k", "azure_ad_token": "t"}),
            "providers.azure.azure_ad_token: cannot stand beside",
        ),
        (
            json!({"resource": "r", "api_key": "k", "client_id": "c"}),
            "providers.azure.client_secret: cannot stand beside",
        ),
        (json!({"resource": "r", "azure_ad_token": " "}), "providers.azure.azure_ad_token: must be a token"),
        (
            json!({"resource": "r", "api_key": "k", "project": "p"}),
            "providers.azure.project: is only for kind = \"vertex\"",
        ),
        (json!({"resource": "r", "api_key": "k", "colour": "red"}), "providers.azure.colour: unknown key `colour`"),
    ];
    for (config, wanted) in table {
        let got = own(config.clone());
        assert!(got.starts_with(wanted), "{config}\n  {got}\n  {wanted}");
    }
    let plain = fault(json!({"providers": {"openai": {"api_key": "k", "deployment_names": {"a": "b"}}}}), &[]);
    assert!(plain.starts_with("providers.openai.deployment_names: is only for kind = \"azure\""), "{plain}");
}

#[test]
fn a_stream_begins_with_a_verdict_on_the_prompt() {
    let built = built(json!({"resource": "r"}));
    let target = target(&built, "azure/gpt-5");
    let clean = json!({"hate": {"filtered": false, "severity": "safe"}});
    let events = [
        json!({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": clean}]}),
        json!({"choices": [{"content_filter_results": {}, "delta": {"content": "", "refusal": null, "role": "assistant"}, "finish_reason": null, "index": 0}], "created": 5, "id": "c1", "model": "gpt-5", "object": "chat.completion.chunk", "usage": null}),
        json!({"choices": [{"content_filter_results": clean, "delta": {"content": "Hello"}, "finish_reason": null, "index": 0}], "created": 5, "id": "c1", "model": "gpt-5", "object": "chat.completion.chunk"}),
        json!({"choices": [{"content_filter_results": {}, "delta": {}, "finish_reason": "stop", "index": 0}], "created": 5, "id": "c1", "model": "gpt-5", "object": "chat.completion.chunk"}),
        json!({"choices": [], "created": 5, "id": "c1", "model": "gpt-5", "object": "chat.completion.chunk", "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 4}}}),
    ];
    let (text, finish, usage) = streamed(&target, &events).unwrap();
    let usage = usage.unwrap();
    assert_eq!((text.as_str(), finish.as_deref()), ("Hello", Some("stop")));
    assert_eq!((usage.input, usage.cached_read, usage.output), (11, 4, 3));
    let cut = [
        events[0].clone(),
        events[1].clone(),
        json!({"choices": [{"delta": {}, "finish_reason": "content_filter", "index": 0}]}),
    ];
    assert_eq!(streamed(&target, &cut).unwrap().1.as_deref(), Some("content_filter"));
}

#[test]
fn a_tool_call_is_said_and_read() {
    let built = built(json!({"resource": "r", "deployment_names": {"gpt-5": "d"}}));
    let target = target(&built, "azure/gpt-5");
    let tools =
        json!([{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]);
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "Look."}], "tools": tools, "tool_choice": "required"});
    let (_, body) = encode(&target, asked, false);
    assert_eq!((&body["tools"], &body["tool_choice"], &body["model"]), (&tools, &json!("required"), &json!("d")));
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let reply = json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-5",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {"role": "assistant", "content": null, "tool_calls": [call], "annotations": []}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}, "prompt_filter_results": [],
    });
    let reply = spoken(&target).decode(&target, reply.to_string().as_bytes()).unwrap();
    assert_eq!(
        (reply.finish_reason(), reply.tool_calls()[0]["function"]["name"].as_str()),
        (Some("tool_calls"), Some("look"))
    );
    assert_eq!(reply.usage.unwrap().input, 5);
}

#[test]
fn filtered_answers_and_prompts_are_told_apart() {
    let built = built(json!({"resource": "r"}));
    let target = target(&built, "azure/gpt-5");
    let filtered = json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-5",
        "choices": [{"content_filter_results": {"violence": {"filtered": true}}, "finish_reason": "content_filter", "index": 0}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9},
    });
    let reply = spoken(&target).decode(&target, filtered.to_string().as_bytes()).unwrap();
    assert_eq!((reply.finish_reason(), reply.text()), (Some("content_filter"), ""));
    let refused = json!({"error": {
        "message": "The response was filtered.", "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
    }});
    assert_eq!(explain(&target, 400, &refused).cause, Cause::ContentRefused);
    let failure = spoken(&target).decode(&target, refused.to_string().as_bytes()).unwrap_err();
    assert_eq!((failure.cause, failure.status), (Cause::ContentRefused, Some(400)));
}

#[test]
fn errors_with_numbers_as_text() {
    let built = built(json!({"resource": "r"}));
    let target = target(&built, "azure/gpt-5");
    let told = |status, code: &str, message: &str| {
        let failure = explain(&target, status, &json!({"error": {"code": code, "message": message}}));
        (failure.cause, failure.retry_after.map(|w| w.as_secs()))
    };
    assert_eq!(told(429, "429", "Please retry after 86400 seconds."), (Cause::RateLimited, Some(86_400)));
    assert_eq!(told(401, "401", "Access denied."), (Cause::Auth, None));
    assert_eq!(told(404, "DeploymentNotFound", "Wait a moment."), (Cause::ModelMissing, None));
    let headers = [("retry-after-ms", "0"), ("retry-after", "1")];
    let headers = headers.map(|(n, v)| (http::HeaderName::from_static(n), http::HeaderValue::from_static(v)));
    let failure = spoken(&target).explain_error(429, &headers.into_iter().collect(), b"{}");
    assert_eq!(failure.retry_after.map(|w| w.as_millis()), Some(1000));
}

#[test]
fn grok_leaves_cached_tokens_out_of_its_prompt() {
    let built = built(json!({"resource": "r", "deployment_names": {"grok-4": "g"}}));
    let counted = |name: &str| {
        let target = target(&built, name);
        assert_eq!(target.family(), Family::OpenAi);
        let reply = json!({
            "id": "c", "model": "x", "created": 1,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 3, "total_tokens": 203, "prompt_tokens_details": {"cached_tokens": 163}},
        });
        let usage = spoken(&target).decode(&target, reply.to_string().as_bytes()).unwrap().usage.unwrap();
        (usage.input, usage.cached_read)
    };
    assert_eq!(counted("azure/grok-4"), (363, 163));
    assert_eq!(counted("azure/gpt-5"), (200, 163));
    assert_eq!(url(&built, "azure/grok-4", false), "https://r.openai.azure.com/openai/v1/chat/completions");
    assert_eq!(target(&built, "azure/grok-4").wire_model(), "g");
}
