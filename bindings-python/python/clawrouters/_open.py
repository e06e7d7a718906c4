"""What both routers share: a configuration in, the native router and its drop-in clients out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from . import _encode, _native
from ._errors import invalid_config
from ._ledger import Ledger
from ._types import TargetHealth
from ._view import View, wrap_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._shadow import Shadow
    from ._telemetry import Telemetry

# How long `flush` and `close` wait for spans that are due.
_LAST_RECORDS_SECONDS = 5.0

_AnyHook = TypeVar("_AnyHook", bound="Callable[..., Any]")

Config = Mapping[str, Any] | str | os.PathLike[str]


def native(config: Config | None) -> _native.Router:
    """The native router for a mapping, the path of a TOML file, or nothing: the environment."""
    if config is None:
        return _native.Router.from_env()
    if isinstance(config, Mapping):
        return _native.Router.from_json(_encode.config(config))
    if isinstance(config, (str, os.PathLike)):
        return _native.Router.from_toml_file(os.fspath(config))
    raise invalid_config("config", f"must be a mapping or the path of a TOML file, not {type(config).__name__}")


class Opened(Ledger):
    """The native router behind a public one."""

    def __init__(self, config: Config | None = None) -> None:
        self._native = native(config)
        self._shadow: Shadow | None = None
        self._telemetry: Telemetry | None = None
        self._budgets: Shadow | None = None
        super().__init__(self._native)

    def _set_shadow(self, shadow: Shadow) -> None:
        before, self._shadow = self._shadow, shadow
        shadow.open(self._native)
        if before is not None:
            before.close()

    def _set_telemetry(self, telemetry: Telemetry) -> None:
        telemetry.open(self._native)
        self._telemetry = telemetry

    def _settle_telemetry(self) -> None:
        if self._telemetry is not None:
            self._telemetry.settle(_LAST_RECORDS_SECONDS)

    def metrics(self) -> str:
        """Everything counted so far as OpenMetrics text, which Prometheus reads.

        Requests, errors, tokens, cost, savings, times, attempts and how the targets stand. Counting begins with the
        first call, or with the router where the configuration's `telemetry.metrics` is true. Serve it as
        `application/openmetrics-text; version=1.0.0; charset=utf-8`.
        """
        return self._native.metrics()

    def _set_budgets(self, budgets: Shadow) -> None:
        before, self._budgets = self._budgets, budgets
        budgets.open(self._native)
        if before is not None:
            before.close()

    def _end_callbacks(self) -> None:
        for callback in (self._shadow, self._budgets):
            if callback is not None:
                callback.end(self._native)
                callback.close()
        self._shadow = self._budgets = None

    def before_request(
        self, hook: _AnyHook, *, name: str | None = None, on_failure: str | None = None, timeout_ms: int | None = None
    ) -> _AnyHook:
        """Asks `hook` about every request before it is admitted, classified and sent; also a decorator.

        `hook(request)` or `hook(request, context)` gets plain dicts and may be a coroutine function. It returns `None`,
        a changed request, or `{"request": ..., "tags": {...}}`; it refuses by raising `ContentRefusedError` or
        `PermissionDeniedError`. Several are asked in the order in which they were added, each about what the one
        before it left. What it raises else, or a time limit that passes, is its failure: `on_failure` ("refuse" or
        "pass") and `timeout_ms` replace the configuration's `hooks`.
        """
        self._add_hook("before", hook, name, on_failure, timeout_ms)
        return hook

    def after_response(
        self, hook: _AnyHook, *, name: str | None = None, on_failure: str | None = None, timeout_ms: int | None = None
    ) -> _AnyHook:
        """Asks `hook` about every chat answer; else as `before_request`, with `reply` for `request`.

        A whole answer may be changed before it is returned. A streamed one is seen as a whole reply after its last
        text: it may be labelled, or refused, which ends the stream with the error.
        """
        self._add_hook("after", hook, name, on_failure, timeout_ms)
        return hook

    def _add_hook(
        self, stage: str, hook: Any, name: str | None, on_failure: str | None, timeout_ms: int | None
    ) -> None:
        from ._hooks import Function

        function = Function(hook, name)
        self._native.add_hook(stage, function, function.name, on_failure, timeout_ms)

    def health(self) -> list[TargetHealth]:
        """How every target stands that was asked so far: breaker, rests, requests under way, latency, use."""
        return [TargetHealth(item) for item in json.loads(self._native.health())]

    def entries(self) -> list[View]:
        """The ledger: one entry for each closed request."""
        return wrap_list(json.loads(self._native.entries()))

    def http_client(self, lib: str | None = None, **options: Any) -> Any:
        """An HTTP client for `OpenAI(http_client=…)` whose requests go through this router.

        It is an `httpx.Client` or `httpx2.Client`, whichever the installed openai uses; `lib` decides otherwise.
        `options` are that class's own, such as `timeout`.
        """
        from . import _transport

        return _transport.client(self._native, lib, options)

    def async_http_client(self, lib: str | None = None, **options: Any) -> Any:
        """The same for `AsyncOpenAI(http_client=…)`: an `AsyncClient`."""
        from . import _transport

        return _transport.async_client(self._native, lib, options)
