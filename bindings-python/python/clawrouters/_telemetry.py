"""Telemetry: records of closed requests in, spans and measurements of the application's OpenTelemetry out; log lines of
the native half in, records of `logging` out."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

from . import _native
from ._errors import invalid_config
from ._shadow import ThreadShadow

if TYPE_CHECKING:
    from ._native import Feed
    from ._open import Opened

_logger = logging.getLogger("clawrouters")


def connect(router: Opened, tracer_provider: Any, meter_provider: Any) -> None:
    """Sends what `router` tells to these providers; see `instrument`."""
    try:
        from opentelemetry import metrics, trace
    except ImportError as error:
        raise invalid_config("instrument", "opentelemetry is not installed: pip install opentelemetry-api") from error
    tracer = trace.get_tracer("clawrouters", tracer_provider=tracer_provider)
    meter = metrics.get_meter("clawrouters", meter_provider=meter_provider)
    router._set_telemetry(Telemetry(tracer, meter))


def _current() -> tuple[str, str | None] | None:
    """The current span as `traceparent` and `tracestate`."""
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    return parent, context.trace_state.to_header() or None


class Telemetry(ThreadShadow):
    """Makes spans and measurements of records, on a daemon thread."""

    _name = "telemetry"

    def __init__(self, tracer: Any, meter: Any) -> None:
        self._tracer = tracer
        self._instruments = {i["name"]: _made(meter, i) for i in json.loads(_native.instruments())}
        self._done = 0
        self._moved = threading.Condition()
        super().__init__(lambda _: None)

    def open(self, router: _native.Router) -> None:
        """Asks for the records; in a forked child this is done again."""
        self._done = 0
        self._router = router
        self._feed = router.records(self.open, _current)
        self._start(self._feed)

    def settle(self, seconds: float) -> None:
        """Waits until what was told so far is passed on."""
        told = self._router.records_told()
        if self._thread is not threading.current_thread():
            with self._moved:
                self._moved.wait_for(lambda: self._done >= told, seconds)

    def _call(self, raw: bytes) -> None:
        item = json.loads(raw)
        if "lost" in item:
            _logger.warning("%d records of telemetry were dropped: the exporter is too slow for them", item["lost"])
            return
        try:
            self._span(item["span"], _context(item["span"]["parent"]))
            for measured in item["measurements"]:
                self._instruments[measured["instrument"]](measured["value"], measured["attributes"])
        except Exception:
            _logger.exception("telemetry could not be passed on")
        finally:
            with self._moved:
                self._done += 1
                self._moved.notify_all()

    def _span(self, told: dict[str, Any], parent: Any) -> None:
        from opentelemetry import trace

        span = self._tracer.start_span(
            told["name"],
            context=parent,
            kind=trace.SpanKind.CLIENT,
            attributes=told["attributes"],
            start_time=int(told["start"]),
        )
        if told["error"] is not None:
            span.set_status(trace.Status(trace.StatusCode.ERROR, told["error"]))
        within = trace.set_span_in_context(span, parent)
        for child in told["children"]:
            self._span(child, within)
        span.end(end_time=int(told["end"]))


def _made(meter: Any, told: dict[str, Any]) -> Any:
    about = {"unit": told["unit"], "description": told["description"]}
    if told["kind"] == "counter":
        return meter.create_counter(told["name"], **about).add
    if told["kind"] == "up_down_counter":
        return meter.create_up_down_counter(told["name"], **about).add
    try:
        return meter.create_histogram(
            told["name"], **about, explicit_bucket_boundaries_advisory=told["boundaries"]
        ).record
    except TypeError:  # Older versions of the API take no borders.
        return meter.create_histogram(told["name"], **about).record


def _context(parent: dict[str, Any] | None) -> Any:
    from opentelemetry import trace
    from opentelemetry.context import Context

    if parent is None:
        # An empty one: what is current on this thread is nobody's parent.
        return Context()
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if parent["sampled"] else trace.TraceFlags.DEFAULT)
    state = trace.TraceState.from_header([parent["state"]]) if parent["state"] else None
    span = trace.SpanContext(int(parent["trace_id"], 16), int(parent["span_id"], 16), True, flags, state)
    return trace.set_span_in_context(trace.NonRecordingSpan(span), Context())


_LEVELS = {"ERROR": logging.ERROR, "WARN": logging.WARNING, "INFO": logging.INFO, "DEBUG": logging.DEBUG, "TRACE": 5}
_lines: list[Feed] = []


def forward(level: int) -> None:
    """Passes log lines on; see `forward_logs`."""
    wanted = next((name for name, number in _LEVELS.items() if level >= number), "TRACE")
    feed = _native.logs(wanted)
    while _lines:
        _lines.pop().close()
    _lines.append(feed)
    threading.Thread(target=_forward, args=(feed,), name="clawrouters-logs", daemon=True).start()


def _forward(feed: Feed) -> None:
    while (batch := feed.wait()) is not None:
        for raw in batch:
            line = json.loads(raw)
            if "lost" in line:
                _logger.warning("%d lines of the log were dropped", line["lost"])
                continue
            fields = " ".join(f"{name}={value}" for name, value in line["fields"].items())
            _logger.log(
                _LEVELS[line["level"]], "%s", f"{line['message']} {fields}".strip(), extra={"fields": line["fields"]}
            )
