"""Spans, measurements, counters and log lines, as the application's own libraries get them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from clawrouters import AsyncRouter, ClawRoutersError, Router, forward_logs, instrument
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

SANDBOX = {
    "providers": {
        "openai": {"kind": "sandbox", "sandbox": {"latency": 0, "fail": {"count": 1, "status": 503}}},
        "anthropic": {"kind": "sandbox", "sandbox": {"latency": 0}},
    },
    "aliases": {"pair": ["openai/gpt-5.4", "anthropic/claude-opus-4-5"]},
}
HELLO = [{"role": "user", "content": "A private matter of ana@example.com."}]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Told:
    """Providers that keep what they are told."""

    def __init__(self, router: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        instrument(router, tracer_provider=self.tracers, meter_provider=meters)

    def spans(self) -> dict[str, Any]:
        spans = {span.name: span for span in self.exporter.get_finished_spans()}
        self.exporter.clear()
        return spans

    def metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        scopes = [s for r in data.resource_metrics for s in r.scope_metrics]
        return {m.name: m for s in scopes for m in s.metrics}


def ask(router: Router, **params: Any) -> Any:
    return router.chat.completions.create(**{"messages": HELLO, "model": "pair", **params})


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_a_span_with_a_child_for_each_attempt(stream: bool) -> None:
    router = Router(SANDBOX)
    told = Told(router)
    with told.tracers.get_tracer("application").start_as_current_span("outer") as outer:
        reply = ask(router, stream=stream, temperature=0.5, max_tokens=100, route={"tags": {"team": "x"}})
        text = "".join(c.choices[0].delta.content or "" for c in reply if c.choices) if stream else ""
    router.flush()
    spans = told.spans()
    assert set(spans) == {"outer", "chat pair", "attempt openai/gpt-5.4", "attempt anthropic/claude-opus-4-5"}
    chat = spans["chat pair"]
    assert chat.parent.span_id == outer.get_span_context().span_id
    assert chat.kind is trace.SpanKind.CLIENT
    assert chat.status.is_unset
    about = dict(chat.attributes)
    assert about["gen_ai.operation.name"] == "chat"
    assert about["gen_ai.provider.name"] == "anthropic"
    assert about["gen_ai.request.model"] == "pair"
    assert about["gen_ai.response.model"] == "anthropic/claude-opus-4-5"
    assert about["gen_ai.response.finish_reasons"] == ("stop",)
    assert about["gen_ai.request.stream"] is stream
    assert about["gen_ai.request.temperature"] == 0.5
    assert about["gen_ai.request.max_tokens"] == 100
    assert about["gen_ai.usage.input_tokens"] > 0
    assert about["gen_ai.usage.output_tokens"] > 0
    assert about["clawrouters.tags"] == ("team=x",)
    assert about["clawrouters.attempts"] == 2
    assert ("gen_ai.response.time_to_first_chunk" in about) is stream
    first, second = spans["attempt openai/gpt-5.4"], spans["attempt anthropic/claude-opus-4-5"]
    for attempt in (first, second):
        assert attempt.parent.span_id == chat.context.span_id
        assert chat.start_time <= attempt.start_time <= attempt.end_time <= chat.end_time
    assert first.status.status_code is trace.StatusCode.ERROR
    assert first.attributes["error.type"] == first.attributes["clawrouters.attempt.verdict"] == "overloaded"
    assert second.attributes["http.response.status_code"] == 200
    everything = json.dumps([span.to_json() for span in spans.values()])
    assert "private" not in everything
    assert not text or text not in everything


def test_measurements_are_those_of_the_conventions() -> None:
    router = Router(SANDBOX)
    told = Told(router)
    ask(router)
    router.flush()
    metrics = told.metrics()
    usage = {p.attributes["gen_ai.token.type"]: p for p in metrics["gen_ai.client.token.usage"].data.data_points}
    assert set(usage) == {"input", "output"}
    assert usage["input"].sum > 0
    assert usage["input"].explicit_bounds[:4] == (1, 4, 16, 64)
    (duration,) = metrics["gen_ai.client.operation.duration"].data.data_points
    assert duration.count == 1
    assert duration.explicit_bounds[0] == 0.01
    verdicts = {p.attributes["clawrouters.verdict"]: p.value for p in metrics["clawrouters.attempts"].data.data_points}
    assert verdicts == {"ok": 1, "overloaded": 1}


def test_errors_are_named() -> None:
    router = Router(SANDBOX)
    told = Told(router)
    with pytest.raises(ClawRoutersError):
        ask(router, model="nobody/nothing")
    router.flush()
    (span,) = told.spans().values()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes["error.type"] == "InvalidRequest"
    (duration,) = told.metrics()["gen_ai.client.operation.duration"].data.data_points
    assert duration.attributes["error.type"] == "InvalidRequest"
    assert "nobody" not in json.dumps(dict(duration.attributes)), "what callers write has no bounds"


def test_a_request_may_name_its_span_and_the_drop_in_has_a_header_for_it() -> None:
    router = Router(SANDBOX)
    told = Told(router)
    ask(router, route={"traceparent": PARENT})
    router.flush()
    span = told.spans()["chat pair"]
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(http_client=router.http_client(), api_key="unused", base_url="http://router/v1")
    client.chat.completions.create(model="pair", messages=HELLO, extra_headers={"traceparent": PARENT})
    with told.tracers.get_tracer("application").start_as_current_span("outer") as outer:
        client.chat.completions.create(model="pair", messages=HELLO)
    client.chat.completions.create(model="pair", messages=HELLO, extra_headers={"traceparent": "nonsense"})
    router.flush()
    named, within, free = (s for s in told.exporter.get_finished_spans() if s.name == "chat pair")
    assert f"{named.parent.span_id:016x}" == "b7ad6b7169203331"
    assert within.parent.span_id == outer.get_span_context().span_id
    assert free.parent is None


def test_text_comes_only_where_it_is_asked_for() -> None:
    router = Router({**SANDBOX, "telemetry": {"content": True}, "ledger": {"log_content": True}, "redact": ["email"]})
    told = Told(router)
    ask(router)
    router.flush()
    about = told.spans()["chat pair"].attributes
    assert "A private matter of [email]" in about["gen_ai.input.messages"]
    assert about["gen_ai.output.messages"]


def test_asyncio_tasks_have_each_their_own_span() -> None:
    async def main() -> None:
        async with AsyncRouter(SANDBOX) as router:
            told = Told(router)
            tracer = told.tracers.get_tracer("application")

            async def one(i: int) -> None:
                with tracer.start_as_current_span(f"outer {i}"):
                    await router.chat.completions.create(messages=HELLO, model=f"anthropic/claude-opus-4-{5 + i % 2}")

            await asyncio.gather(*(one(i) for i in range(20)))
            await router.flush()
            spans = told.exporter.get_finished_spans()
            outer = {span.context.span_id for span in spans if span.name.startswith("outer")}
            chats = [span for span in spans if span.name.startswith("chat")]
            assert {span.parent.span_id for span in chats} == outer
            assert len(chats) == 20

    asyncio.run(main())


def test_an_exporter_that_fails_harms_no_request(caplog: pytest.LogCaptureFixture) -> None:
    router = Router(SANDBOX)

    class Broken:
        def start_span(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("no")

    class Tracers:
        def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
            return Broken()

    instrument(router, tracer_provider=Tracers())
    assert ask(router).choices[0].message.content
    with caplog.at_level(logging.ERROR, "clawrouters"):
        router.flush()
    assert "telemetry could not be passed on" in caplog.text


def families(text: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_metrics_are_valid_openmetrics_text() -> None:
    router = Router({**SANDBOX, "telemetry": {"metrics": True}, "redact": ["email"]})
    ask(router)
    for _ in ask(router, stream=True):
        pass
    with pytest.raises(ClawRoutersError):
        ask(router, model="nobody/nothing")
    router.flush()
    text = router.metrics()
    found = families(text)
    assert sum(s.value for s in found["clawrouters_requests"].samples if s.name.endswith("_total")) == 3
    assert {s.labels["kind"] for s in found["clawrouters_errors"].samples} == {"InvalidRequest"}
    assert {s.labels["type"] for s in found["clawrouters_tokens"].samples} >= {"input", "output"}
    attempts = [s for s in found["clawrouters_attempts"].samples if s.name.endswith("_total")]
    assert sum(s.value for s in attempts if s.labels["verdict"] == "ok") == 2
    assert sum(s.value for s in attempts if s.labels["verdict"] == "overloaded") == 1
    assert {s.value for s in found["clawrouters_redacted"].samples if s.name.endswith("_total")} == {2}
    counts = [s.value for s in found["clawrouters_request_duration_seconds"].samples if s.name.endswith("_count")]
    assert sum(counts) == 3
    states = {s.labels["target"]: s.labels["state"] for s in found["clawrouters_target_state"].samples}
    assert "openai/gpt-5.4" in states
    assert "nobody" not in text
    assert "private" not in text
    assert list(plain_families(text)), "older readers take it too"


def test_counting_begins_with_the_first_look_where_it_was_not_asked_for_before() -> None:
    router = Router(SANDBOX)
    ask(router)
    router.flush()
    assert "clawrouters_requests" not in families(router.metrics())
    ask(router)
    router.flush()
    (sample,) = (s for s in families(router.metrics())["clawrouters_requests"].samples if s.name.endswith("_total"))
    assert sample.value == 1


def test_log_lines_come_to_the_logger_of_the_package(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "clawrouters"):
        forward_logs(logging.DEBUG)
        router = Router(SANDBOX)
        ask(router)
        until = time.monotonic() + 5
        while "attempt failed" not in caplog.text and time.monotonic() < until:
            time.sleep(0.01)
        assert "attempt failed" in caplog.text
        assert "private" not in caplog.text
        forward_logs(logging.ERROR)
        caplog.clear()
        ask(Router(SANDBOX))
        time.sleep(0.2)
        assert "attempt failed" not in caplog.text


def test_nothing_of_it_is_imported_before_it_is_wanted() -> None:
    program = (
        "import sys, clawrouters; clawrouters.Router({'providers': {'openai': {'kind': 'sandbox'}}});"
        "late = ('opentelemetry', 'clawrouters._telemetry', 'clawrouters._hooks');"
        "print([m for m in sys.modules if m.startswith(late)])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)
    assert ran.stdout.strip() == "[]"
