//! Spans and measurements of a router as an exporter of OpenTelemetry gets them, and the spans of callers around them.

use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, SpanId};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;

use super::super::Export;
use super::PARENT;
use crate::config::Config;
use crate::router::Router;
use crate::wire::ChatRequest;

struct World {
    router: Router,
    traces: SdkTracerProvider,
    spans: InMemorySpanExporter,
    meters: SdkMeterProvider,
    metrics: InMemoryMetricExporter,
}

fn world(more: serde_json::Value) -> World {
    let mut config = json!({"providers": {
        "openai": {"kind": "sandbox", "sandbox": {"latency": 0.0, "fail": {"after": 1, "count": 1, "status": 503}}},
        "anthropic": {"kind": "sandbox", "sandbox": {"latency": 0.0}},
    }, "aliases": {"pair": ["openai/gpt-5.4", "anthropic/claude-opus-4-5"]}});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
    let traces = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let meters = SdkMeterProvider::builder().with_periodic_exporter(metrics.clone()).build();
    router.instrument(Export::new(traces.tracer("clawrouters"), &meters.meter("clawrouters"))).unwrap();
    World { router, traces, spans, meters, metrics }
}

impl World {
    async fn ask(&self, request: ChatRequest) {
        self.router.chat(request).await.unwrap();
        self.router.flush().await.unwrap();
    }

    fn take(&self) -> Vec<SpanData> {
        let spans = self.spans.get_finished_spans().unwrap();
        self.spans.reset();
        spans
    }
}

fn hello() -> ChatRequest {
    ChatRequest::new("pair", "a private matter")
}

fn of(span: &SpanData, name: &str) -> Option<String> {
    span.attributes.iter().find(|a| a.key.as_str() == name).map(|a| a.value.as_str().into_owned())
}

#[tokio::test]
async fn attempts_are_children_and_the_caller_is_the_parent() {
    let world = world(json!({}));
    world.ask(hello()).await;
    let spans = world.take();
    let names: Vec<&str> = spans.iter().map(|s| s.name.as_ref()).collect();
    assert_eq!(names, ["attempt openai/gpt-5.4", "chat pair"]);
    assert_eq!(spans[1].parent_span_id, SpanId::INVALID);

    let tracer = world.traces.tracer("application");
    let outer = Context::new().with_span(tracer.start("outer"));
    let outer_id = outer.span().span_context().clone();
    world.ask(hello()).with_context(outer.clone()).await;
    drop(outer);
    let spans = world.take();
    let chat = spans.iter().find(|s| s.name == "chat pair").unwrap();
    assert_eq!(chat.parent_span_id, outer_id.span_id());
    assert_eq!(chat.span_context.trace_id(), outer_id.trace_id());
    assert_eq!(chat.span_kind, SpanKind::Client);
    let attempts: Vec<&SpanData> = spans.iter().filter(|s| s.name.starts_with("attempt ")).collect();
    assert_eq!(attempts.len(), 2);
    for attempt in &attempts {
        assert_eq!(attempt.parent_span_id, chat.span_context.span_id());
        assert!(attempt.start_time >= chat.start_time && attempt.end_time <= chat.end_time);
    }
    assert!(matches!(&attempts[0].status, Status::Error { description } if description == "overloaded"));
    assert_eq!(of(attempts[0], "error.type").as_deref(), Some("overloaded"));
    assert_eq!(of(chat, "gen_ai.provider.name").as_deref(), Some("anthropic"));
    let text = format!("{spans:?}");
    assert!(!text.contains("private matter"), "no text without telemetry.content");
}

#[tokio::test]
async fn a_request_may_name_its_span() {
    let world = world(json!({}));
    let body = json!({"model": "pair", "messages": [{"role": "user", "content": "Hi"}],
        "route": {"traceparent": PARENT, "tracestate": "a=b"}});
    world.ask(ChatRequest::from_value(body).unwrap()).await;
    let chat = world.take().pop().unwrap();
    assert_eq!(chat.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(chat.parent_span_id.to_string(), "b7ad6b7169203331");
    assert!(chat.parent_span_is_remote);
    assert_eq!(chat.span_context.trace_state().get("a"), Some("b"));
}

#[tokio::test]
async fn text_comes_only_where_it_is_asked_for() {
    let world = world(json!({"telemetry": {"content": true}, "ledger": {"log_content": true}, "redact": ["email"]}));
    world.ask(ChatRequest::new("pair", "a private matter of ana@example.com")).await;
    let chat = world.take().pop().unwrap();
    let said = of(&chat, "gen_ai.input.messages").unwrap();
    assert!(said.contains("private matter of [email]"), "{said}");
    assert!(of(&chat, "gen_ai.output.messages").is_some_and(|text| !text.is_empty()));
}

#[tokio::test]
async fn instruments_are_those_of_the_conventions() {
    let world = world(json!({}));
    world.ask(hello()).await;
    world.meters.force_flush().unwrap();
    let told = world.metrics.get_finished_metrics().unwrap();
    let names: Vec<&str> =
        told.iter().flat_map(|r| r.scope_metrics()).flat_map(|s| s.metrics()).map(|m| m.name()).collect();
    for name in ["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "clawrouters.attempts"] {
        assert!(names.contains(&name), "{names:?}");
    }
}
