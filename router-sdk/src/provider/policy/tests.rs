#![allow(clippy::unwrap_used, clippy::expect_used)] // A test may.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Catalog, Model, ParameterRules};
use crate::provider::turns::replay;
use crate::provider::{Deployment, Family};

/// A model of the catalogue at its provider, as its row has it.
fn listed(provider: &str, id: &str) -> Target {
    let catalog = Catalog::builtin();
    let vendor = catalog.vendor(provider).unwrap();
    let family = Family::parse(&vendor.kind).unwrap();
    let model = catalog.get(provider, id).unwrap_or_else(|| unreachable!("{provider}/{id} is in the catalogue"));
    let mut target = replay::target(family, "http://127.0.0.1:9", Model::clone(&model));
    let deployment = Arc::get_mut(&mut target.deployment).unwrap();
    deployment.provider = provider.to_owned();
    deployment.quirks = vendor.quirks.clone();
    target
}

/// The same with another model.
fn own(provider: &str, model: Model) -> Target {
    let catalog = Catalog::builtin();
    let vendor = catalog.vendor(provider).unwrap();
    let mut target = replay::target(Family::parse(&vendor.kind).unwrap(), "http://127.0.0.1:9", model);
    let deployment: &mut Deployment = Arc::get_mut(&mut target.deployment).unwrap();
    deployment.provider = provider.to_owned();
    deployment.quirks = vendor.quirks.clone();
    target
}

fn ask(extra: Value) -> ChatRequest {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    ChatRequest::from_value(body).unwrap()
}

fn sent(target: &Target, extra: Value, policy: ParameterPolicy) -> (Value, Vec<String>) {
    let encoded = encode(&ask(extra), target, false, policy).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}

/// The field that the policy `error` refuses.
fn refused(target: &Target, extra: Value) -> String {
    let failure = encode(&ask(extra), target, false, ParameterPolicy::Error).unwrap_err();
    assert_eq!(failure.cause, Cause::Unsupported);
    let param = failure.param.expect("a field");
    assert!(failure.message.starts_with(&format!("{param}: {}", target.deployment.provider)), "{}", failure.message);
    param
}

use ParameterPolicy::{Adapt, Drop, Error};

#[test]
fn reasoning_models_of_the_catalogue() {
    let model = listed("openai", "gpt-5");
    let all = json!({
        "temperature": 0.2, "top_p": 0.5, "stop": ["x"], "presence_penalty": 0.3, "frequency_penalty": 0.3,
        "logprobs": true, "top_logprobs": 2, "logit_bias": {"1": 1}, "max_tokens": 99,
    });
    for policy in [Adapt, Drop] {
        let (body, adapted) = sent(&model, all.clone(), policy);
        let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["model", "stream", "messages", "max_completion_tokens"]);
        // Nothing goes unsaid: eight parameters left out, one renamed.
        assert_eq!(adapted.len(), 9, "{adapted:?}");
        assert!(adapted.iter().filter(|a| a.contains(": left out, the model does not take it")).count() == 8);
    }
    for (name, value) in all.as_object().unwrap() {
        if name != "max_tokens" {
            assert_eq!(refused(&model, json!({name: value})), *name);
        }
    }
    // Another name for the same is no loss, and what holds without a parameter anyway needs none.
    let (body, adapted) = sent(&model, json!({"max_tokens": 99, "temperature": 1, "logprobs": false}), Error);
    assert_eq!((body["max_completion_tokens"].as_u64(), adapted.len()), (Some(99), 1));
}

#[test]
fn values_out_of_range_are_lowered_left_out_or_refused() {
    let groq = listed("groq", "llama-3.3-70b-versatile");
    let moonshot = own("moonshot", Model { id: "m".into(), ..Model::default() });
    assert_eq!(sent(&moonshot, json!({"temperature": 1.5}), Adapt).0["temperature"], 1.0);
    let (body, adapted) = sent(&moonshot, json!({"temperature": 1.5}), Drop);
    assert!(body.get("temperature").is_none());
    assert_eq!(adapted, ["temperature: left out, moonshot does not take it as it is"]);
    assert_eq!(refused(&moonshot, json!({"temperature": 1.5})), "temperature");
    assert_eq!(sent(&moonshot, json!({"temperature": 0.5}), Error).0["temperature"], 0.5);

    let stops = json!({"stop": ["a", "b", "c", "d", "e"]});
    assert_eq!(sent(&groq, stops.clone(), Adapt).0["stop"], json!(["a", "b", "c", "d"]));
    assert!(sent(&groq, stops.clone(), Drop).0.get("stop").is_none());
    assert_eq!(refused(&groq, stops), "stop");

    let mistral = own("mistral", Model { id: "m".into(), ..Model::default() });
    let (body, _) = sent(&mistral, json!({"seed": 7}), Error);
    assert_eq!(body["random_seed"], 7);
}

#[test]
fn efforts_and_tool_choices_of_compatible_vendors() {
    let tools =
        json!([{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]);
    let forced = json!({"tools": tools, "tool_choice": {"type": "function", "function": {"name": "g"}}});
    let moonshot = own("moonshot", Model { id: "m".into(), ..Model::default() });
    let (body, adapted) = sent(&moonshot, forced.clone(), Adapt);
    assert_eq!((&body["tool_choice"], body["tools"].as_array().unwrap().len()), (&json!("auto"), 1));
    assert_eq!(adapted.len(), 2);
    let (body, adapted) = sent(&moonshot, forced.clone(), Drop);
    assert!(body.get("tool_choice").is_none() && body["tools"].as_array().unwrap().len() == 2, "{body}");
    assert_eq!(adapted, ["tool_choice: left out, moonshot does not take it as it is"]);
    assert!(["tools", "tool_choice"].contains(&refused(&moonshot, forced).as_str()));

    let (body, _) = sent(&moonshot, json!({"reasoning_effort": "none"}), Error);
    assert_eq!(body["thinking"]["type"], "disabled");
    assert_eq!(refused(&moonshot, json!({"reasoning_effort": "low"})), "reasoning_effort");
    assert!(sent(&moonshot, json!({"reasoning_effort": "low"}), Drop).0.get("thinking").is_none());
}

#[test]
fn a_schema_that_is_not_native_stays_unless_the_policy_is_error() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}});
    let older = own("anthropic", Model { id: "claude-sonnet-4-0".into(), ..Model::default() });
    for target in [own("deepseek", Model { id: "m".into(), ..Model::default() }), older] {
        for policy in [Adapt, Drop] {
            let (body, adapted) = sent(&target, format.clone(), policy);
            assert!(body.to_string().contains("integer"), "{body}");
            assert!(adapted[0].starts_with("response_format: "), "{adapted:?}");
        }
        assert_eq!(refused(&target, format.clone()), "response_format");
    }
    let openai = listed("openai", "gpt-4.1");
    assert!(sent(&openai, format, Error).1.is_empty());
}

#[test]
fn anthropic() {
    let plain = own("anthropic", Model { id: "claude-sonnet-4-0".into(), ..Model::default() });
    assert_eq!(sent(&plain, json!({"temperature": 1.4}), Adapt).0["temperature"], 1);
    assert!(sent(&plain, json!({"temperature": 1.4}), Drop).0.get("temperature").is_none());
    assert_eq!(refused(&plain, json!({"temperature": 1.4})), "temperature");

    let both = json!({"temperature": 0.4, "top_p": 0.9});
    for policy in [Adapt, Drop] {
        let (body, adapted) = sent(&plain, both.clone(), policy);
        assert!(body["temperature"] == 0.4 && body.get("top_p").is_none() && adapted.len() == 1);
    }
    assert_eq!(refused(&plain, both), "top_p");
    // What is left out for one reason no longer stands in the way of the other.
    let (body, adapted) = sent(&plain, json!({"temperature": 1.4, "top_p": 0.9}), Drop);
    assert!(body["top_p"] == 0.9 && body.get("temperature").is_none() && adapted.len() == 1, "{adapted:?}");

    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let forced =
        |thinking: Value| json!({"tools": tools, "tool_choice": "required", "thinking": thinking, "max_tokens": 4000});
    let budgeted = forced(json!({"type": "enabled", "budget_tokens": 2000}));
    let (body, adapted) = sent(&plain, budgeted.clone(), Adapt);
    assert!(body.get("thinking").is_none() && body["tool_choice"]["type"] == "any");
    assert_eq!(adapted, ["thinking: left out, a forced tool call forbids it"]);
    assert_eq!(refused(&plain, budgeted), "thinking");
    assert_eq!(sent(&plain, forced(json!({"type": "adaptive"})), Error).0["thinking"]["type"], "adaptive");

    let budget = |tokens: u64| json!({"thinking": {"type": "enabled", "budget_tokens": tokens}, "max_tokens": 4000});
    assert_eq!(sent(&plain, budget(3000), Error).0["thinking"]["budget_tokens"], 3000);
    assert_eq!(sent(&plain, budget(4000), Adapt).0["thinking"]["budget_tokens"], 3488);
    assert!(sent(&plain, budget(4000), Drop).0.get("thinking").is_none());
    assert_eq!(refused(&plain, budget(9000)), "thinking");

    let limited = own("anthropic", Model { id: "m".into(), max_output_tokens: Some(50), ..Model::default() });
    for (name, policy) in [("max_tokens", Adapt), ("max_completion_tokens", Drop)] {
        assert_eq!(sent(&limited, json!({name: 90}), policy).0["max_tokens"], 50);
    }
    assert_eq!(refused(&limited, json!({"max_completion_tokens": 90})), "max_tokens");
    assert_eq!(refused(&limited, json!({"seed": 1})), "seed");
    assert_eq!(refused(&limited, json!({"presence_penalty": 1})), "presence_penalty");
    assert_eq!(refused(&limited, json!({"logprobs": true})), "logprobs");
}

#[test]
fn gemini() {
    let three = listed("google", "gemini-3.1-pro-preview");
    let five = listed("google", "gemini-2.5-flash");
    let thinking = |target: &Target, effort: &str, policy| {
        sent(target, json!({"reasoning_effort": effort}), policy).0["generationConfig"]["thinkingConfig"].clone()
    };
    assert_eq!(thinking(&three, "high", Error)["thinkingLevel"], "high");
    assert_eq!(thinking(&five, "low", Error)["thinkingBudget"], 1024);
    assert!(thinking(&five, "low", Error).get("thinkingLevel").is_none());
    assert!(thinking(&three, "high", Error).get("thinkingBudget").is_none());
    // A level that it does not have.
    assert!(["low", "medium", "high"].contains(&thinking(&three, "xhigh", Adapt)["thinkingLevel"].as_str().unwrap()));
    assert_eq!(thinking(&three, "xhigh", Drop), Value::Null);
    assert_eq!(refused(&three, json!({"reasoning_effort": "xhigh"})), "reasoning_effort");
    assert_eq!(refused(&three, json!({"logit_bias": {"1": 2}})), "logit_bias");
    let six = json!({"stop": ["a", "b", "c", "d", "e", "f"]});
    assert!(sent(&three, six.clone(), Drop).0.get("generationConfig").is_none());
    assert_eq!(refused(&three, six), "stop");
    let rules = ParameterRules { temperature_max: Some(1.0), ..ParameterRules::default() };
    let cool = own("google", Model { id: "gemini-3-x".into(), parameters: rules, ..Model::default() });
    assert_eq!(sent(&cool, json!({"temperature": 2}), Adapt).0["generationConfig"]["temperature"], 1.0);
    assert!(sent(&cool, json!({"temperature": 2}), Drop).0.get("generationConfig").is_none());
    assert_eq!(refused(&cool, json!({"temperature": 2})), "temperature");
}

#[test]
fn what_the_conversation_needs_is_adapted_whatever_the_policy() {
    let mistral = own("mistral", Model { id: "m".into(), ..Model::default() });
    let body = json!({"model": "m", "cache_control": {"type": "ephemeral"}, "messages": [
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]});
    let encoded = encode(&ChatRequest::from_value(body).unwrap(), &mistral, false, Error).unwrap();
    assert_eq!(encoded.adapted.len(), 2, "{:?}", encoded.adapted);
}

fn two_tools(choice: Value) -> Value {
    let tools =
        json!([{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]);
    json!({"tools": tools, "tool_choice": choice})
}

fn named_g() -> Value {
    two_tools(json!({"type": "function", "function": {"name": "g"}}))
}

#[test]
fn responses() {
    let model = Model { id: "m".into(), mode: crate::catalog::Mode::Responses, ..Model::default() };
    let rules = ParameterRules { temperature_max: Some(1.0), ..ParameterRules::default() };
    let target = own("openai", Model { parameters: rules, max_output_tokens: Some(50), ..model.clone() });
    let warm = json!({"temperature": 1.5});
    assert_eq!(sent(&target, warm.clone(), Adapt).0["temperature"], 1.0);
    assert!(sent(&target, warm.clone(), Drop).0.get("temperature").is_none());
    assert_eq!(refused(&target, warm), "temperature");
    assert_eq!(sent(&target, json!({"max_tokens": 90}), Adapt).0["max_output_tokens"], 50);
    assert!(sent(&target, json!({"max_completion_tokens": 90}), Drop).0.get("max_output_tokens").is_none());
    assert_eq!(refused(&target, json!({"max_tokens": 90})), "max_tokens");
    for (name, value) in [("seed", json!(1)), ("stop", json!("x")), ("logit_bias", json!({"1": 2}))] {
        assert!(sent(&target, json!({name: value}), Drop).0.get(name).is_none());
        assert_eq!(refused(&target, json!({name: value})), name);
    }
    let shy = crate::catalog::Capabilities { forced_tool_choice: Some(false), ..Default::default() };
    let shy = own("openai", Model { capabilities: shy, ..model });
    let (body, adapted) = sent(&shy, named_g(), Adapt);
    assert_eq!((&body["tool_choice"], body["tools"].as_array().unwrap().len()), (&json!("auto"), 1), "{adapted:?}");
    let (body, _) = sent(&shy, named_g(), Drop);
    assert!(body.get("tool_choice").is_none() && body["tools"].as_array().unwrap().len() == 2, "{body}");
    assert!(["tools", "tool_choice"].contains(&refused(&shy, named_g()).as_str()));
    // The same in the interface's own words is no loss.
    let plain = json!({"max_completion_tokens": 30, "temperature": 0.5, "tools": named_g()["tools"]});
    assert_eq!(sent(&target, plain, Error).0["max_output_tokens"], 30);
}

#[test]
fn bedrock() {
    let claude =
        own("bedrock", Model { id: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".into(), ..Model::default() });
    assert_eq!(sent(&claude, json!({"temperature": 1.5}), Adapt).0["inferenceConfig"]["temperature"], 1.0);
    assert!(sent(&claude, json!({"temperature": 1.5}), Drop).0.pointer("/inferenceConfig/temperature").is_none());
    assert_eq!(refused(&claude, json!({"temperature": 1.5})), "temperature");
    assert_eq!(sent(&claude, json!({"stop": ["a", " "]}), Adapt).0["inferenceConfig"]["stopSequences"], json!(["a"]));
    assert!(sent(&claude, json!({"stop": ["a", " "]}), Drop).0.pointer("/inferenceConfig/stopSequences").is_none());
    assert_eq!(refused(&claude, json!({"stop": ["a", " "]})), "stop");
    for (name, value) in [("seed", json!(1)), ("service_tier", json!("scale")), ("logit_bias", json!({"1": 2}))] {
        for policy in [Adapt, Drop] {
            let (_, adapted) = sent(&claude, json!({name: value}), policy);
            assert!(adapted.iter().any(|a| a.starts_with(&format!("{name}: left out, "))), "{adapted:?}");
        }
        assert_eq!(refused(&claude, json!({name: value})), name);
    }
    let format = json!({"response_format": {"type": "json_object"}});
    for policy in [Adapt, Drop] {
        let (body, adapted) = sent(&claude, format.clone(), policy);
        assert!(body["system"].to_string().contains("JSON") && adapted.len() == 1, "{adapted:?}");
    }
    assert_eq!(refused(&claude, format), "response_format");
    // A model that knows no names gets the named tool alone, which comes to the same.
    let other = own("bedrock", Model { id: "mistral.mistral-large-3-675b-instruct".into(), ..Model::default() });
    let (body, adapted) = sent(&other, named_g(), Error);
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert!(body["toolConfig"]["tools"].as_array().unwrap().len() == 1 && adapted.len() == 1, "{adapted:?}");
    // Neither a name of a document nor tools of the history are parameters.
    let file = json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}});
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look"}, file]},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ]});
    let encoded = encode(&ChatRequest::from_value(body).unwrap(), &claude, false, Error).unwrap();
    assert_eq!(encoded.adapted.len(), 2, "{:?}", encoded.adapted);
}

#[test]
fn cohere() {
    let cohere = own("cohere", Model { id: "m".into(), ..Model::default() });
    assert_eq!(sent(&cohere, json!({"temperature": 1.5}), Adapt).0["temperature"], 1.0);
    assert!(sent(&cohere, json!({"temperature": 1.5}), Drop).0.get("temperature").is_none());
    assert_eq!(refused(&cohere, json!({"temperature": 1.5})), "temperature");
    let stops = json!({"stop": ["a", "b", "c", "d", "e", "f"]});
    assert_eq!(sent(&cohere, stops.clone(), Adapt).0["stop_sequences"].as_array().unwrap().len(), 5);
    assert!(sent(&cohere, stops.clone(), Drop).0.get("stop_sequences").is_none());
    assert_eq!(refused(&cohere, stops), "stop");
    for (name, value) in [("logit_bias", json!({"1": 2})), ("service_tier", json!("flex"))] {
        assert!(sent(&cohere, json!({name: value}), Drop).0.get(name).is_none());
        assert_eq!(refused(&cohere, json!({name: value})), name);
    }
    let shy = crate::catalog::Capabilities { forced_tool_choice: Some(false), ..Default::default() };
    let shy = own("cohere", Model { id: "m".into(), capabilities: shy, ..Model::default() });
    assert_eq!(sent(&shy, named_g(), Adapt).0["tools"].as_array().unwrap().len(), 1);
    assert_eq!(sent(&shy, named_g(), Drop).0["tools"].as_array().unwrap().len(), 2);
    assert_eq!(refused(&shy, named_g()), "tool_choice");
    // Where a call can be required, the named tool alone comes to the same; so does a budget for an effort.
    let (body, _) = sent(&cohere, named_g(), Error);
    assert_eq!((&body["tool_choice"], body["tools"].as_array().unwrap().len()), (&json!("REQUIRED"), 1));
    assert_eq!(sent(&cohere, json!({"reasoning_effort": "low"}), Error).0["thinking"]["token_budget"], 1_024);
}

#[test]
fn ollama() {
    let ollama = own("ollama", Model { id: "m".into(), ..Model::default() });
    for (name, value) in [("logit_bias", json!({"1": 2})), ("parallel_tool_calls", json!(false))] {
        assert!(sent(&ollama, json!({name: value}), Drop).0.get(name).is_none());
        assert_eq!(refused(&ollama, json!({name: value})), name);
    }
    let (body, adapted) = sent(&ollama, named_g(), Adapt);
    assert!(body["tools"].as_array().unwrap().len() == 1 && adapted.len() == 1, "{adapted:?}");
    assert_eq!(sent(&ollama, named_g(), Drop).0["tools"].as_array().unwrap().len(), 2);
    assert_eq!(refused(&ollama, named_g()), "tool_choice");
    assert_eq!(refused(&ollama, two_tools("required".into())), "tool_choice");
    // Without tools none is called, and a window that the prompt needs is no parameter of the caller's.
    assert!(sent(&ollama, two_tools("none".into()), Error).0.get("tools").is_none());
    assert!(sent(&ollama, json!({"max_tokens": 9_000}), Error).0["options"]["num_ctx"].as_u64() > Some(9_000));
    assert_eq!(sent(&ollama, json!({"reasoning_effort": "low"}), Adapt).0["think"], true);
    assert!(sent(&ollama, json!({"reasoning_effort": "low"}), Drop).0.get("think").is_none());
    assert_eq!(refused(&ollama, json!({"reasoning_effort": "low"})), "reasoning_effort");
}
