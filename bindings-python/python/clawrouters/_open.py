"""What both routers share: a configuration in, the native router and its drop-in clients out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _encode, _native
from ._errors import invalid_config
from ._types import TargetHealth
from ._view import View, wrap_list

if TYPE_CHECKING:
    from ._shadow import Shadow

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


class Opened:
    """The native router behind a public one."""

    def __init__(self, config: Config | None = None) -> None:
        self._native = native(config)
        self._shadow: Shadow | None = None
        self._budgets: Shadow | None = None

    def _set_shadow(self, shadow: Shadow) -> None:
        before, self._shadow = self._shadow, shadow
        shadow.open(self._native)
        if before is not None:
            before.close()

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
