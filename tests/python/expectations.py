"""What a scenario expects against what came: an outcome and the fake provider's record in, assertions out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fake import Scripted


def part_of(wanted: Any, got: Any, at: str) -> None:
    """Asserts that `wanted` is part of `got`."""
    if isinstance(wanted, dict):
        assert isinstance(got, dict), f"{at}: {got!r} is no object"
        for name, value in wanted.items():
            assert name in got, f"{at}.{name} is missing in {got!r}"
            part_of(value, got[name], f"{at}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(got, list), f"{at}: {got!r} is no list"
        assert len(wanted) == len(got), f"{at}: wanted {wanted!r}, got {got!r}"
        for i, (one, other) in enumerate(zip(wanted, got, strict=True)):
            part_of(one, other, f"{at}[{i}]")
    elif isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        assert isinstance(got, (int, float)), f"{at}: {got!r} is no number"
        assert not isinstance(got, bool), f"{at}: {got!r} is no number"
        assert float(wanted) == float(got), f"{at}: wanted {wanted!r}, got {got!r}"
    else:
        assert type(wanted) is type(got), f"{at}: wanted {wanted!r}, got {got!r}"
        assert wanted == got, f"{at}: wanted {wanted!r}, got {got!r}"


def _is_part(wanted: Any, got: Any) -> bool:
    try:
        part_of(wanted, got, "")
    except AssertionError:
        return False
    return True


def _first(chunk: Any) -> Any:
    """What the chunk says of the first choice; it may speak of others alone."""
    return next((c for c in chunk.get("choices") or [] if c.get("index", 0) == 0), None)


def _delta(chunk: Any) -> Any:
    choice = _first(chunk)
    return None if choice is None else choice.delta


def has_output(chunk: Any) -> bool:
    delta = _delta(chunk)
    return delta is not None and any(delta.get(n) for n in ("content", "reasoning_content", "refusal", "tool_calls"))


def _joined(outcome: Any, stream: bool, name: str) -> str:
    if not stream:
        return outcome.reply.choices[0].message.get(name) or ""
    return "".join(_delta(c).get(name) or "" for c in outcome.chunks if _delta(c) is not None)


def _tool_calls(outcome: Any, stream: bool) -> list[dict[str, Any]]:
    if not stream:
        listed = outcome.reply.choices[0].message.tool_calls or []
        return [{"id": c.id, "name": c.function.name, "arguments": c.function.arguments} for c in listed]
    calls: dict[int, dict[str, Any]] = {}
    for chunk in outcome.chunks:
        delta = _delta(chunk)
        for piece in (delta is not None and delta.tool_calls) or []:
            call = calls.setdefault(piece.index, {"id": None, "name": None, "arguments": ""})
            call["id"] = call["id"] or piece.id
            if piece.function is not None:
                call["name"] = call["name"] or piece.function.name
                call["arguments"] += piece.function.arguments or ""
    return [calls[i] for i in sorted(calls)]


def _finish_reason(outcome: Any, stream: bool) -> str | None:
    if not stream:
        reason: str | None = outcome.reply.choices[0].finish_reason
        return reason
    firsts = [choice for choice in map(_first, outcome.chunks) if choice is not None]
    return next((c.finish_reason for c in reversed(firsts) if c.finish_reason), None)


def _route(outcome: Any, stream: bool) -> Any:
    if outcome.error is not None or outcome.cancelled:
        return None
    return outcome.chunks[-1].route if stream else outcome.reply.route


def route_of(outcome: Any) -> Any:
    """The route of an answer; None where there is none."""
    return _route(outcome, outcome.stream) if outcome.chunks or outcome.reply is not None else None


def check_call(wanted: dict[str, Any], outcome: Any, stream: bool) -> None:
    if "error" in wanted:
        assert outcome.error is not None, f"no error but {outcome.reply or outcome.chunks!r}"
        _check_error(wanted["error"], outcome.error)
    elif not outcome.cancelled and outcome.error is not None:
        raise outcome.error
    if "feedback" in wanted:
        part_of(wanted["feedback"], outcome.feedback, "feedback")
    else:
        assert outcome.feedback is None, outcome.feedback
    _check_content(wanted, outcome, stream)
    _check_route(wanted, outcome, stream)
    if "partial" in wanted:
        assert outcome.error is not None
        assert outcome.error.partial is not None
        assert outcome.error.partial.text == wanted["partial"]
    for subject, part in wanted.get("quota", {}).items():
        part_of(part, outcome.quota[subject], f"quota of {subject}")
    for target, part in wanted.get("health", {}).items():
        (got,) = [t.to_dict() for t in outcome.health if t.target == target]
        part_of(part, got, f"health of {target}")
    if "entry" in wanted:
        part_of(wanted["entry"], outcome.entry, "entry")
    if "min_ms" in wanted:
        assert outcome.ms >= wanted["min_ms"]
    if "max_ms" in wanted:
        assert outcome.ms <= wanted["max_ms"]


def _check_error(wanted: dict[str, Any], error: Any) -> None:
    assert error.kind == wanted["kind"], str(error)
    for name in ("message", "status", "provider", "model", "code", "param", "request_id"):
        if name in wanted:
            assert getattr(error, name) == wanted[name], f"{name} of {error.to_dict()!r}"
    if "retry_after" in wanted:
        assert error.retry_after == pytest.approx(wanted["retry_after"])
    if "retry_after_at_most" in wanted:
        assert error.retry_after is not None
        assert 0 <= error.retry_after <= wanted["retry_after_at_most"]
    refused = [r.to_dict() for r in error.refusals]
    for refusal in wanted.get("refusals", []):
        assert any(_is_part(refusal, r) for r in refused), f"{refusal} is not among {refused}"


def _check_content(wanted: dict[str, Any], outcome: Any, stream: bool) -> None:
    if "text" in wanted:
        assert _joined(outcome, stream, "content") == wanted["text"]
    if "reasoning" in wanted:
        assert _joined(outcome, stream, "reasoning_content") == wanted["reasoning"]
    if "tool_calls" in wanted:
        got = _tool_calls(outcome, stream)
        for call, one in zip(wanted["tool_calls"], got, strict=False):
            if isinstance(call.get("arguments"), dict):
                one["arguments"] = json.loads(one["arguments"])
        part_of(wanted["tool_calls"], got, "tool_calls")
    if "finish_reason" in wanted:
        assert _finish_reason(outcome, stream) == wanted["finish_reason"]
    if "reply" in wanted and not stream:
        part_of(wanted["reply"], outcome.reply.to_dict(), "reply")
    if "some_chunk" in wanted and stream:
        chunks = [c.to_dict() for c in outcome.chunks]
        assert any(_is_part(wanted["some_chunk"], c) for c in chunks), f"no such chunk in {chunks!r}"


def _check_route(wanted: dict[str, Any], outcome: Any, stream: bool) -> None:
    route = _route(outcome, stream)
    for name in ("model", "provider"):
        if name in wanted:
            assert route[name] == wanted[name]
    if "usage" in wanted:
        part_of(wanted["usage"], route.usage.to_dict(), "usage")
    if "cached" in wanted:
        assert route.cached == wanted["cached"]
    if "route" in wanted:
        part_of(wanted["route"], route.to_dict(), "route")
    if "cost_usd" in wanted:
        cost = wanted["cost_usd"]
        assert route.cost is None if cost is None else route.cost == pytest.approx(cost, abs=1.1e-9, rel=0)
    attempts = (outcome.error if route is None else route) and (outcome.error if route is None else route).attempts
    records = [a.to_dict() for a in attempts or []]
    if "attempts" in wanted:
        part_of(wanted["attempts"], records, "attempts")
    if "last_attempt" in wanted:
        part_of(wanted["last_attempt"], records[-1], "last_attempt")


_OF_ALL_CALLS = {
    "requests",
    "requests_of",
    "requests_at_most",
    "requests_at_least",
    "providers_asked",
    "connections",
}


def check_requests(wanted: dict[str, Any], run: Scripted) -> None:
    if not _OF_ALL_CALLS & set(wanted):
        return
    asked = run.until(lambda all_asked: all(r.get("ended_ms") is not None for r in all_asked), seconds=1.0)
    if "requests" in wanted:
        names = [r["provider"] for r in asked]
        assert len(asked) == len(wanted["requests"]), f"asked {names}"
        for one, got in zip(wanted["requests"], asked, strict=True):
            _check_request(one, got)
    count = {p: sum(r["provider"] == p for r in asked) for p in {r["provider"] for r in asked}}
    for provider, number in wanted.get("requests_of", {}).items():
        assert count.get(provider, 0) == number, f"requests of {provider}"
    for provider, number in wanted.get("requests_at_most", {}).items():
        assert count.get(provider, 0) <= number, f"requests of {provider}"
    for provider, number in wanted.get("requests_at_least", {}).items():
        assert count.get(provider, 0) >= number, f"requests of {provider}"
    if "providers_asked" in wanted:
        assert len(count) == wanted["providers_asked"], f"asked {sorted(count)}"
    if "connections" in wanted:
        assert len({r["connection"] for r in asked}) == wanted["connections"]


def _check_request(wanted: dict[str, Any], got: dict[str, Any]) -> None:
    for name in ("provider", "method", "path", "query", "closed_early"):
        if name in wanted:
            assert got[name] == wanted[name], f"{name} of {got!r}"
    headers = {n.lower(): v for n, v in got["headers"].items()}
    for name, value in wanted.get("headers", {}).items():
        assert headers.get(name) == value, f"header {name}"
    for name in wanted.get("headers_absent", []):
        assert name not in headers, f"header {name}"
    body = got["body"]
    if "body" in wanted:
        part_of(wanted["body"], body, "body")
    for name in wanted.get("body_has", []):
        assert name in body, f"body has no {name}"
    for name in wanted.get("body_absent", []):
        assert name not in body, f"body has {name}"
    for path, texts in wanted.get("body_contains", {}).items():
        value = body
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        for text in [texts] if isinstance(texts, str) else texts:
            assert text in compact, f"{path} does not contain {text!r}: {compact}"
