"""Requests and configurations to JSON: Python values in, UTF-8 bytes out, or an error that names the value at fault."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ._errors import ClawRoutersError, invalid_config, invalid_request
from ._view import View

_DEEPEST = 200
"""Levels of nesting that a search for a fault follows; deeper values are faults themselves."""


def request(
    model: Any,
    messages: Any,
    stream: bool,
    params: dict[str, Any],
) -> bytes:
    """The request body of one call."""
    if not isinstance(stream, bool):
        raise invalid_request("stream", "must be true or false")
    body: dict[str, Any] = {"model": model, "messages": messages}
    if stream:
        body["stream"] = True
    return _body(body, params)


def embedding(model: Any, texts: Any, params: dict[str, Any]) -> bytes:
    """The request body of one call for embeddings."""
    return _body({"model": model, "input": texts}, params)


def _body(body: dict[str, Any], params: dict[str, Any]) -> bytes:
    timeout = params.pop("timeout", None)
    extra = params.pop("extra_body", None)
    body.update(params)
    if "extra_headers" in body or "extra_query" in body:
        name = "extra_headers" if "extra_headers" in body else "extra_query"
        raise invalid_request(name, "is not forwarded; set providers.<name>.headers in the configuration")
    if extra is not None:
        if not isinstance(extra, Mapping):
            raise invalid_request("extra_body", "must be a mapping of request fields")
        body.update(extra)
    if timeout is not None:
        body["route"] = _with_deadline(body.get("route"), timeout)
    return to_json(body, invalid_request)


def _with_deadline(route: Any, timeout: Any) -> Any:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
        raise invalid_request("timeout", "must be a number of seconds above 0")
    if route is not None and not isinstance(route, Mapping):
        return route
    deadline = max(1, math.ceil(timeout * 1000))
    given = (route or {}).get("deadline_ms")
    if isinstance(given, int) and given < deadline:
        return route
    return {**(route or {}), "deadline_ms": deadline}


def config(value: Mapping[str, Any]) -> bytes:
    """The configuration as JSON."""
    return to_json(dict(value), invalid_config)


def to_json(body: dict[str, Any], fault: Callable[[str, str], ClawRoutersError]) -> bytes:
    """JSON bytes of `body`; `fault` makes the error for a value that JSON cannot hold."""
    try:
        return _ENCODER.encode(body).encode()
    except (TypeError, ValueError, RecursionError):
        # The search costs a walk of the whole body, so it waits until there is a fault.
        given = {name: value for name, value in body.items() if not _is_absent(value)}
        if len(given) < len(body):
            return to_json(given, fault)
        found = _find_fault(given, "", 0)
    param, fix = found or ("body", "cannot be written as JSON")
    raise fault(param, fix)


def _plain(value: Any) -> Any:
    """What the encoder writes in place of a value that it does not know."""
    if isinstance(value, View):
        return value._data
    if isinstance(value, type):
        raise TypeError("a class")
    to_dict = getattr(value, "to_dict", None)
    if callable(to_dict):
        return to_dict()
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__dataclass_fields__"):
        import dataclasses

        return dataclasses.asdict(value)
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _is_absent(value: Any) -> bool:
    """True for the markers with which openai says that a parameter was not given."""
    cls = type(value)
    return cls.__name__ in ("NotGiven", "Omit") and cls.__module__.startswith("openai")


def _find_fault(value: Any, path: str, depth: int) -> tuple[str, str] | None:
    """The path of the first value that JSON cannot hold, and how to fix it."""
    at = path or "body"
    if depth > _DEEPEST:
        return _top(at), "is nested too deeply or holds itself"
    if isinstance(value, str):
        return None if _is_unicode(value) else (at, "holds a lone surrogate: text must be valid Unicode")
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else (at, "must be a finite number, not NaN or infinity")
    if isinstance(value, dict):
        return _find_in_dict(value, path, depth)
    if isinstance(value, (list, tuple)):
        return _first(_find_fault(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value))
    try:
        plain = _plain(value)
    except Exception:
        return at, f"must be a JSON value, not {type(value).__name__}"
    return _find_fault(plain, path, depth + 1)


def _find_in_dict(value: dict[Any, Any], path: str, depth: int) -> tuple[str, str] | None:
    for name, item in value.items():
        if not isinstance(name, (str, int, float, bool, type(None))):
            return path or "body", f"has a key that is no string but {type(name).__name__}"
        if isinstance(name, str) and not _is_unicode(name):
            return path or "body", "has a key with a lone surrogate: text must be valid Unicode"
        inner = f"{path}.{name}" if path else str(name)
        found = _find_fault(item, inner, depth + 1)
        if found:
            return found
    return None


def _first(found: Any) -> tuple[str, str] | None:
    return next((fault for fault in found if fault), None)


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
