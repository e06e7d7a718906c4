//! Spans, measurements and counters of made-up entries.

mod export;

use std::sync::Arc;

use serde_json::json;

use super::{Attribute, Facts, Metrics, Record, TraceContext};
use crate::account::Entry;
use crate::admit::Caller;
use crate::error::ErrorKind;
use crate::wire::{AttemptRecord, RouteInfo, Usage};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn attempt(target: &str, verdict: &str, started_ms: f64, latency_ms: f64) -> AttemptRecord {
    AttemptRecord {
        target: target.into(),
        provider: target.split('/').next().unwrap().into(),
        deployment: None,
        verdict: verdict.into(),
        then: if verdict == "ok" { "done" } else { "next" },
        why: "",
        status: Some(if verdict == "ok" { 200 } else { 503 }),
        request_id: Some("req_1".into()),
        started_ms,
        latency_ms,
        first_token_ms: None,
        usage: (verdict == "ok").then(|| Usage { input: 10, output: 5, ..Usage::default() }),
        cost_nanos: Some(2_000),
        cost: Some(0.000_002),
        cost_source: None,
    }
}

fn entry(model: &str) -> Entry {
    let mut route = RouteInfo {
        request_id: "cr-1".into(),
        model_requested: "auto".into(),
        model: model.into(),
        provider: model.split('/').next().unwrap().into(),
        strategy: "balanced",
        cost_nanos: Some(2_000),
        baseline_nanos: Some(5_000),
        usage: Some(Usage { input: 10, cached_read: 4, output: 5, reasoning: 2, ..Usage::default() }),
        latency_ms: 30.0,
        first_token_ms: Some(12.0),
        ..RouteInfo::default()
    };
    route.redacted.insert("email", 2);
    route.attempts = vec![attempt("mistral/large", "overloaded", 1.0, 9.0), attempt(model, "ok", 10.0, 20.0)];
    let trace = TraceContext::parse(PARENT, Some("a=b"));
    let mut facts = Facts { operation: "chat", trace, told: true, ..Facts::default() };
    facts.finished(json!({"id": "chatcmpl-1", "choices": [{"finish_reason": "stop"}]}).as_object().unwrap());
    facts.parameters = vec![("gen_ai.request.temperature", 1.0), ("gen_ai.request.max_tokens", 64.0)];
    Entry {
        at_ms: 1_700_000_000_000,
        caller: Caller::default(),
        tags: [("team".to_owned(), "x".to_owned())].into(),
        stream: true,
        purpose: "request",
        route: Arc::new(route),
        error: None,
        session: Some("talk".into()),
        content: None,
        facts,
    }
}

#[test]
fn a_request_is_one_span_with_a_child_for_each_attempt() {
    let span = Record::of(&entry("xai/grok"), false).span;
    assert_eq!(span.name, "chat auto");
    assert_eq!(span.start_nanos, 1_700_000_000_000_000_000);
    assert_eq!(span.end_nanos - span.start_nanos, 30_000_000);
    assert_eq!(span.parent.as_ref().unwrap().trace_id, "0af7651916cd43dd8448eb211c80319c");
    let of = |name: &str| span.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_json());
    assert_eq!(of("gen_ai.operation.name").unwrap(), "chat");
    assert_eq!(of("gen_ai.provider.name").unwrap(), "x_ai");
    assert_eq!(of("gen_ai.response.model").unwrap(), "xai/grok");
    assert_eq!(of("gen_ai.response.id").unwrap(), "chatcmpl-1");
    assert_eq!(of("gen_ai.response.finish_reasons").unwrap(), json!(["stop"]));
    assert_eq!(of("gen_ai.usage.input_tokens").unwrap(), 10);
    assert_eq!(of("gen_ai.usage.cache_read.input_tokens").unwrap(), 4);
    assert_eq!(of("gen_ai.usage.reasoning.output_tokens").unwrap(), 2);
    assert_eq!(of("gen_ai.request.max_tokens").unwrap(), json!(64));
    assert_eq!(of("gen_ai.request.temperature").unwrap(), json!(1.0));
    assert_eq!(of("clawrouters.saved_usd").unwrap(), json!(0.000_003));
    assert_eq!(of("clawrouters.tags").unwrap(), json!(["team=x"]));
    assert_eq!(of("clawrouters.redacted").unwrap(), 2);
    assert_eq!(of("gen_ai.conversation.id").unwrap(), "talk");
    assert_eq!(of("error.type"), None);
    let [first, second] = &span.children[..] else { panic!("two children") };
    assert_eq!((first.name.as_str(), first.error.as_deref()), ("attempt mistral/large", Some("overloaded")));
    assert_eq!(first.start_nanos - span.start_nanos, 1_000_000);
    assert_eq!(first.end_nanos, second.start_nanos);
    assert!(!second.attributes.iter().any(|(name, _)| name.starts_with("gen_ai.usage")), "tokens count once");
}

#[test]
fn a_request_without_an_answer_names_its_error() {
    let mut entry = entry("");
    entry.error = Some(ErrorKind::NoCandidate);
    Arc::make_mut(&mut entry.route).attempts.clear();
    let record = Record::of(&entry, false);
    assert_eq!(record.span.error.as_deref(), Some("NoCandidate"));
    assert!(record.span.attributes.contains(&("error.type", Attribute::from("NoCandidate"))));
    assert!(record.span.attributes.contains(&("gen_ai.provider.name", Attribute::from("clawrouters"))));
}

#[test]
fn measurements_name_nothing_that_a_caller_makes_up() {
    let record = Record::of(&entry("xai/grok"), false);
    let values: Vec<_> = record.measurements.iter().map(|m| (m.instrument, m.value)).collect();
    assert!(
        values.contains(&("gen_ai.client.token.usage", 10.0)) && values.contains(&("gen_ai.client.token.usage", 5.0))
    );
    assert!(values.contains(&("gen_ai.client.operation.duration", 0.03)));
    assert!(values.contains(&("gen_ai.client.operation.time_to_first_chunk", 0.012)));
    assert!(values.contains(&("clawrouters.cost", 0.000_002)) && values.contains(&("clawrouters.saved", 0.000_003)));
    assert_eq!(values.iter().filter(|(name, _)| *name == "clawrouters.attempts").count(), 2);
    for m in &record.measurements {
        for (name, value) in &m.attributes {
            let text = value.to_json().to_string();
            assert!(
                !["auto", "cr-1", "req_1", "team", "chatcmpl"].iter().any(|own| text.contains(own)),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn a_traceparent_is_read_as_w3c_says() {
    let parsed = TraceContext::parse(PARENT, Some(" ")).unwrap();
    assert_eq!((parsed.span_id.as_str(), parsed.sampled, parsed.state), ("b7ad6b7169203331", true, None));
    assert!(!TraceContext::parse(&PARENT.replace("-01", "-00"), None).unwrap().sampled);
    assert!(TraceContext::parse(&PARENT.replacen("00-", "cc-", 1).replace("-01", "-01-more"), None).is_some());
    for bad in [
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-é1",
    ] {
        assert!(TraceContext::parse(bad, None).is_none(), "{bad}");
    }
}

#[test]
fn counters_are_openmetrics_text() {
    let metrics = Metrics::default();
    metrics.count(&entry("xai/grok"));
    metrics.count(&entry("xai/grok"));
    let text = metrics.text(&[]).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("# TYPE clawrouters_requests counter"), "{text}");
    let line = "clawrouters_requests_total{model=\"xai/grok\",provider=\"xai\",operation=\"chat\",purpose=\"request\",stream=\"true\"} 2";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("clawrouters_tokens_total{model=\"xai/grok\",provider=\"xai\",type=\"input\"} 20"), "{text}");
    assert!(text.contains("clawrouters_redacted_total{kind=\"email\"} 4"), "{text}");
    assert!(
        text.contains("clawrouters_request_duration_seconds_count{operation=\"chat\",provider=\"xai\"} 2"),
        "{text}"
    );
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[test]
fn labels_are_bounded_and_escaped() {
    let metrics = Metrics::default();
    metrics.count(&entry("odd\"\n\\/model"));
    for i in 0..400 {
        metrics.count(&entry(&format!("p{i}/m{i}")));
    }
    let text = metrics.text(&[]).unwrap();
    assert!(text.contains(r#"model="odd\"\n\\/model""#), "{text}");
    assert!(text.contains("model=\"other\""));
    let series = text.lines().filter(|line| line.starts_with("clawrouters_requests_total")).count();
    assert!(series <= 201, "{series}");
}
