//! Vertex AI: addresses by publisher and place, credentials, and what differs from each publisher's own interface.

use serde_json::{Value, json};

use super::{Setup, encode, explain, fault, setup, spoken, streamed, target, url};
use crate::credential::Credentials;
use crate::provider::{Cause, Family};

const TOKEN: (&str, &str) = ("GOOGLE_VERTEX_ACCESS_TOKEN", "ya29.token-value");
const KEY_FILE: &str = include_str!("../../credential/tests/key.pem");

fn built(own: Value) -> Setup {
    let mut own = own;
    own["access_token"] = "ya29.token-value".into();
    setup(json!({"providers": {"vertex": own}}), &[]).unwrap()
}

fn here() -> Setup {
    built(json!({"project": "p-1", "location": "us-east5"}))
}

fn asked() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
}

fn account() -> Value {
    json!({
        "type": "service_account", "project_id": "from-file", "private_key": KEY_FILE, "client_email": "a@x.example",
        "token_uri": "http://127.0.0.1:9/token",
    })
}

#[test]
fn every_place_has_a_host() {
    let path = "publishers/google/models/gemini-3.5-flash:generateContent";
    for (location, host) in [
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ] {
        let built = built(json!({"project": "p-1", "location": location}));
        let wanted = format!("https://{host}/v1/projects/p-1/locations/{location}/{path}");
        assert_eq!(url(&built, "vertex/gemini-3.5-flash", false), wanted);
    }
    let anywhere = built(json!({"project": "p-1"}));
    assert!(url(&anywhere, "vertex/gemini-3.5-flash", false).contains("/locations/global/"));
    let own = built(json!({"project": "p-1", "base_url": "http://127.0.0.1:9/a/"}));
    let local = format!("http://127.0.0.1:9/a/v1/projects/p-1/locations/global/{path}");
    assert_eq!(url(&own, "vertex/gemini-3.5-flash", false), local);
    let whole = built(json!({"base_url": "http://127.0.0.1:9/v1beta1/projects/q/locations/l"}));
    let whole = url(&whole, "vertex/gemini-3.5-flash", false);
    assert_eq!(whole, format!("http://127.0.0.1:9/v1beta1/projects/q/locations/l/{path}"));
}

#[test]
fn every_publisher_has_an_address_and_a_language() {
    let built = here();
    let root = "https://us-east5-aiplatform.googleapis.com/v1/projects/p-1/locations/us-east5";
    let table = [
        (
            "gemini-3.5-flash",
            Family::Gemini,
            "publishers/google/models/gemini-3.5-flash:generateContent",
            "publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
        ),
        ("endpoints/77", Family::Gemini, "endpoints/77:generateContent", "endpoints/77:streamGenerateContent?alt=sse"),
        (
            "claude-opus-5@default",
            Family::Anthropic,
            "publishers/anthropic/models/claude-opus-5:rawPredict",
            "publishers/anthropic/models/claude-opus-5:streamRawPredict",
        ),
        (
            "claude-opus-5",
            Family::Anthropic,
            "publishers/anthropic/models/claude-opus-5:rawPredict",
            "publishers/anthropic/models/claude-opus-5:streamRawPredict",
        ),
        (
            "claude-opus-4-1@20250805",
            Family::Anthropic,
            "publishers/anthropic/models/claude-opus-4-1@20250805:rawPredict",
            "publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict",
        ),
        (
            "claude-unheard-of",
            Family::Anthropic,
            "publishers/anthropic/models/claude-unheard-of:rawPredict",
            "publishers/anthropic/models/claude-unheard-of:streamRawPredict",
        ),
        (
            "mistralai/mistral-medium-3",
            Family::OpenAi,
            "publishers/mistralai/models/mistral-medium-3:rawPredict",
            "publishers/mistralai/models/mistral-medium-3:streamRawPredict",
        ),
        (
            "meta/llama-4-scout-17b-16e-instruct-maas",
            Family::OpenAi,
            "endpoints/openapi/chat/completions",
            "endpoints/openapi/chat/completions",
        ),
    ];
    for (model, family, whole, stream) in table {
        let name = format!("vertex/{model}");
        assert_eq!(target(&built, &name).family(), family, "{model}");
        assert_eq!(url(&built, &name, false), format!("{root}/{whole}"));
        assert_eq!(url(&built, &name, true), format!("{root}/{stream}"));
    }
    let partner = encode(&target(&built, "vertex/meta/llama-4-scout-17b-16e-instruct-maas"), asked(), true).1;
    assert_eq!(partner["model"], "meta/llama-4-scout-17b-16e-instruct-maas");
    assert_eq!(partner["stream_options"], json!({"include_usage": true}));
}

#[test]
fn the_token_is_a_bearer_for_every_publisher() {
    let built = here();
    for model in ["gemini-3.5-flash", "claude-opus-5", "codestral-2501", "meta/llama-4-scout-17b-16e-instruct-maas"] {
        let (encoded, _) = encode(&target(&built, &format!("vertex/{model}")), asked(), false);
        let headers = &encoded.http.headers;
        assert_eq!(headers["authorization"], "Bearer ya29.token-value", "{model}");
        assert!(headers["authorization"].is_sensitive());
        for other in ["x-goog-api-key", "x-api-key", "anthropic-version"] {
            assert!(!headers.contains_key(other), "{model} {other}");
        }
    }
}

#[test]
fn credentials_come_from_config_file_or_environment() {
    let source = |setup: &Setup| matches!(setup.deployments["vertex"].credentials, Credentials::Token(_));
    let inline = setup(json!({"providers": {"vertex": {"credentials": account()}}}), &[]).unwrap();
    assert!(source(&inline) && url(&inline, "vertex/gemini-3.5-flash", false).contains("/projects/from-file/"));
    let text = setup(json!({"providers": {"vertex": {"credentials": account().to_string(), "project": "own"}}}), &[]);
    assert!(url(&text.unwrap(), "vertex/gemini-3.5-flash", false).contains("/projects/own/"));
    let path = std::env::temp_dir().join(format!("clawrouters-account-{}.json", std::process::id()));
    std::fs::write(&path, account().to_string()).unwrap();
    let path = path.to_str().unwrap();
    let filed = setup(json!({"providers": {"vertex": {"credentials_file": path}}}), &[TOKEN]).unwrap();
    assert!(source(&filed));
    let found =
        setup(json!({}), &[("GOOGLE_APPLICATION_CREDENTIALS", path), ("VERTEXAI_LOCATION", "asia-east1")]).unwrap();
    assert!(source(&found) && !found.eligible.contains(&"vertex".to_owned()));
    assert!(
        url(&found, "vertex/claude-opus-5", false)
            .starts_with("https://asia-east1-aiplatform.googleapis.com/v1/projects/from-file/")
    );
    let named =
        setup(json!({}), &[("GOOGLE_APPLICATION_CREDENTIALS", path), ("CLAWROUTERS_PROVIDERS", "vertex")]).unwrap();
    assert!(named.eligible.contains(&"vertex".to_owned()));
    std::fs::remove_file(path).unwrap();
    let token = setup(json!({}), &[TOKEN, ("GOOGLE_CLOUD_PROJECT", "g")]).unwrap();
    assert!(!source(&token) && url(&token, "vertex/gemini-3.5-flash", false).contains("/projects/g/"));
    for env in [vec![TOKEN], vec![("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/at/all.json")]] {
        assert!(!setup(json!({}), &env).unwrap().deployments.contains_key("vertex"), "{env:?}");
    }
    assert!(!format!("{:?}", inline.deployments["vertex"]).contains("PRIVATE"));
}

#[test]
fn a_key_needs_no_project() {
    let built = setup(json!({"providers": {"vertex": {"api_key": "express-key"}}}), &[]).unwrap();
    let (encoded, _) = encode(&target(&built, "vertex/gemini-3.5-flash"), asked(), false);
    let wanted = "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-3.5-flash:generateContent";
    assert_eq!(encoded.http.url, wanted);
    assert_eq!(encoded.http.headers["x-goog-api-key"], "express-key");
    assert!(!encoded.http.headers.contains_key("authorization"));
    let placed =
        setup(json!({"providers": {"vertex": {"api_key": "k", "project": "p", "location": "eu"}}}), &[]).unwrap();
    assert!(url(&placed, "vertex/gemini-3.5-flash", false).contains("/v1/projects/p/locations/eu/"));
}

#[test]
fn mistakes_are_named_with_their_key() {
    let table = [
        (json!({}), "providers.vertex.credentials: are needed"),
        (json!({"access_token": "t"}), "providers.vertex.project: is needed"),
        (json!({"access_token": "t", "project": "a/b"}), "providers.vertex.project: must be"),
        (json!({"access_token": "t", "project": "p", "location": "x/y"}), "providers.vertex.location: must be"),
        (json!({"access_token": " ", "project": "p"}), "providers.vertex.access_token: must be"),
        (
            json!({"access_token": "t", "api_key": "k", "project": "p"}),
            "providers.vertex.access_token: cannot stand beside api_key",
        ),
        (
            json!({"access_token": "t", "project": "p", "base_url": "http://x.example"}),
            "providers.vertex.base_url: must be https",
        ),
        (json!({"credentials": 4}), "providers.vertex.credentials: must be a table, or JSON as text"),
        (
            json!({"credentials": {"type": "external_account"}}),
            "providers.vertex.credentials: is of type external_account",
        ),
        (
            json!({"credentials_file": "/nowhere/at/all.json"}),
            "providers.vertex.credentials_file: /nowhere/at/all.json cannot be read",
        ),
        (
            json!({"access_token": "t", "project": "p", "deployment_names": {"a": "b"}}),
            "providers.vertex.deployment_names: is only for kind = \"azure\"",
        ),
    ];
    for (own, wanted) in table {
        let got = fault(json!({"providers": {"vertex": own}}), &[]);
        assert!(got.starts_with(wanted), "{own}\n  {got}\n  {wanted}");
    }
}

#[test]
fn claude_has_its_version_in_the_body_and_its_model_in_the_address() {
    let built = here();
    let target = target(&built, "vertex/claude-opus-4-1@20250805");
    let request = json!({
        "model": "m", "max_tokens": 100, "anthropic_beta": ["b-1"],
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Look."}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
    });
    let (encoded, body) = encode(&target, request.clone(), false);
    assert_eq!((&body["anthropic_version"], &body["system"]), (&json!("vertex-2023-10-16"), &json!("Be brief.")));
    assert_eq!((&body["tools"][0]["name"], &body["max_tokens"]), (&json!("look"), &json!(100)));
    assert!(body.get("model").is_none() && body.get("stream").is_none());
    assert_eq!(encoded.http.headers["anthropic-beta"], "b-1");
    let (_, streaming) = encode(&target, request, true);
    assert_eq!((&streaming["stream"], streaming.get("model")), (&json!(true), None));
}

#[test]
fn claude_answers_as_it_does_at_home() {
    let built = here();
    let target = target(&built, "vertex/claude-opus-5");
    let reply = json!({
        "id": "msg_vrtx_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "stop_reason": "tool_use",
        "content": [{"type": "text", "text": "So."}, {"type": "tool_use", "id": "toolu_vrtx_1", "name": "look", "input": {"a": 1}}],
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 0, "output_tokens": 3},
    });
    let reply = spoken(&target).decode(&target, reply.to_string().as_bytes()).unwrap();
    let usage = reply.usage.unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("So.", Some("tool_calls")));
    assert_eq!((usage.input, usage.cached_read, usage.output), (12, 7, 3));
    let events = [
        json!({"type": "vertex_event"}),
        json!({"type": "message_start", "message": {"id": "m", "model": "claude-opus-5", "usage": {"input_tokens": 4, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        json!({"type": "message_stop"}),
    ];
    let (text, finish, usage) = streamed(&target, &events).unwrap();
    assert_eq!((text.as_str(), finish.as_deref(), usage.unwrap().output), ("Hi", Some("stop"), 2));
    let broken =
        [events[1].clone(), json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})];
    assert_eq!(streamed(&target, &broken).unwrap_err().cause, Cause::Overloaded);
    let spent = json!({"error": {"code": 429, "message": "Quota exceeded for requests with base model.", "status": "RESOURCE_EXHAUSTED"}});
    assert_eq!(explain(&target, 429, &spent).cause, Cause::RateLimited);
}

#[test]
fn gemini_takes_labels_and_no_ids() {
    let built = here();
    let target = target(&built, "vertex/gemini-3.5-flash");
    let request = json!({
        "model": "m",
        "metadata": {"team": "blue-1", "Team": "x", "9th": "x", "free": "no spaces", "ville": "été"},
        "messages": [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "seen"},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
    });
    let (encoded, body) = encode(&target, request, false);
    assert_eq!(body["labels"], json!({"team": "blue-1", "ville": "été"}));
    let left_out = encoded.adapted.iter().filter(|what| what.starts_with("metadata.")).count();
    assert_eq!((left_out, encoded.adapted.contains(&"metadata sent as labels".to_owned())), (3, true));
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"], json!({"name": "look", "args": {"a": 1}}));
    assert!(body["contents"][2]["parts"][0]["functionResponse"].get("id").is_none());
    let own = json!({"model": "m", "labels": {"a": "b"}, "metadata": {"c": "d"}, "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(encode(&target, own, false).1["labels"], json!({"a": "b"}));
}

#[test]
fn gemini_answers_in_words_or_numbers() {
    let built = here();
    let target = target(&built, "vertex/gemini-3.5-flash");
    let reply = |reason: Value| {
        json!({
            "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": reason, "avgLogprobs": -0.5}],
            "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 9, "trafficType": 1, "promptTokensDetails": [{"modality": 4, "tokenCount": 2}]},
            "modelVersion": "gemini-3.5-flash", "createTime": "2026-01-01T00:00:00Z", "responseId": "r",
        })
    };
    for (reason, wanted) in
        [(json!("STOP"), "stop"), (json!(1), "stop"), (json!(2), "length"), (json!(3), "content_filter")]
    {
        let whole = spoken(&target).decode(&target, reply(reason.clone()).to_string().as_bytes()).unwrap();
        let usage = whole.usage.unwrap();
        assert_eq!((whole.text(), whole.finish_reason()), ("Hi", Some(wanted)));
        assert_eq!((usage.input, usage.output, usage.reasoning, usage.audio_in), (4, 5, 3, 2));
        assert_eq!(streamed(&target, &[reply(reason)]).unwrap().1.as_deref(), Some(wanted));
    }
    assert_eq!(
        spoken(&target).decode(&target, reply(json!(99)).to_string().as_bytes()).unwrap_err().cause,
        Cause::ModelFault
    );
    let armored = json!({"promptFeedback": {"blockReason": "MODEL_ARMOR"}, "usageMetadata": {"promptTokenCount": 4}});
    let blocked = spoken(&target).decode(&target, armored.to_string().as_bytes()).unwrap();
    assert_eq!(blocked.finish_reason(), Some("content_filter"));
    let listed = json!([{"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}}]);
    assert_eq!(explain(&target, 429, &listed).cause, Cause::RateLimited);
}
