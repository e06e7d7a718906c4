"""Callers' keys: `router.keys`, and the `api_key` of a call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from . import _encode
from ._errors import invalid_request
from ._view import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from typing_extensions import Unpack

    from . import _native


class KeyParams(TypedDict, total=False):
    """The settings of a key; a key of none may do everything that the router can."""

    name: str | None
    owner: str | None
    tags: Mapping[str, str] | None
    models: Sequence[str] | None
    providers: Sequence[str] | None
    strategies: Sequence[str] | None
    strategy: str | None
    limits: Mapping[str, int] | None
    budget: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    budgets: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    credentials: Mapping[str, str] | None
    expires_at: str | datetime | None


class ApiKey(View):
    """A key without its secret; moments are texts in RFC 3339."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"name", "owner", "strategy", "expires_at", "old_secret_until"})

    if TYPE_CHECKING:
        id: str
        hint: str
        name: str | None
        owner: str | None
        tags: View
        models: list[str]
        providers: list[str]
        strategies: list[str]
        strategy: str | None
        limits: View
        budgets: Any
        credentials: list[str]
        disabled: bool
        created_at: str
        expires_at: str | None
        old_secret_until: str | None


class IssuedKey(ApiKey):
    """A key with a secret that was made just now and is told this once; its `repr` hides it."""

    __slots__ = ()

    if TYPE_CHECKING:
        secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({ {**self._data, 'secret': '...'}!r})"


class Keys:
    """`router.keys`: makes, changes and ends the keys of callers.

    A change takes effect at once in this process, and within `keys.refresh_ms` in others on the same store.
    """

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        (raw,) = self._native.keys(name, _encode.to_json(arguments, invalid_request)).take() or []
        return json.loads(raw)

    def create(self, **settings: Unpack[KeyParams]) -> IssuedKey:
        """Makes a key; its `secret` is told here and never again."""
        return IssuedKey(self._call("create", _settings(dict(settings))))

    def get(self, id: str) -> ApiKey | None:
        """The key of an id, or None."""
        found = self._call("get", {"id": id})
        return None if found is None else ApiKey(found)

    def list(self) -> list[ApiKey]:
        """Every key, the oldest first, disabled and expired ones too."""
        return [ApiKey(key) for key in self._call("list", {})]

    def update(self, id: str, **settings: Unpack[KeyParams]) -> ApiKey:
        """Replaces the settings that are given; None takes one back to its default."""
        return ApiKey(self._call("update", {"id": id, "change": _settings(dict(settings))}))

    def disable(self, id: str) -> ApiKey:
        """Refuses the key's requests until it is enabled again."""
        return ApiKey(self._call("disable", {"id": id}))

    def enable(self, id: str) -> ApiKey:
        """Lets a disabled key be used again."""
        return ApiKey(self._call("enable", {"id": id}))

    def rotate(self, id: str, grace_s: int = 0) -> IssuedKey:
        """Gives a key another secret; the one before goes on for so many seconds, 0 ends it at once."""
        return IssuedKey(self._call("rotate", {"id": id, "grace_s": grace_s}))

    def delete(self, id: str) -> bool:
        """Takes a key away for good; False when there was none."""
        return bool(self._call("delete", {"id": id}))


class AsyncKeys:
    """`router.keys`: makes, changes and ends the keys of callers.

    A change takes effect at once in this process, and within `keys.refresh_ms` in others on the same store.
    """

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        from . import _bridge

        feed = self._native.keys(name, _encode.to_json(arguments, invalid_request))
        # A change that was begun is not taken back when its caller leaves.
        (raw,) = await _bridge.take(feed) or []
        return json.loads(raw)

    async def create(self, **settings: Unpack[KeyParams]) -> IssuedKey:
        """Makes a key; its `secret` is told here and never again."""
        return IssuedKey(await self._call("create", _settings(dict(settings))))

    async def get(self, id: str) -> ApiKey | None:
        """The key of an id, or None."""
        found = await self._call("get", {"id": id})
        return None if found is None else ApiKey(found)

    async def list(self) -> list[ApiKey]:
        """Every key, the oldest first, disabled and expired ones too."""
        return [ApiKey(key) for key in await self._call("list", {})]

    async def update(self, id: str, **settings: Unpack[KeyParams]) -> ApiKey:
        """Replaces the settings that are given; None takes one back to its default."""
        return ApiKey(await self._call("update", {"id": id, "change": _settings(dict(settings))}))

    async def disable(self, id: str) -> ApiKey:
        """Refuses the key's requests until it is enabled again."""
        return ApiKey(await self._call("disable", {"id": id}))

    async def enable(self, id: str) -> ApiKey:
        """Lets a disabled key be used again."""
        return ApiKey(await self._call("enable", {"id": id}))

    async def rotate(self, id: str, grace_s: int = 0) -> IssuedKey:
        """Gives a key another secret; the one before goes on for so many seconds, 0 ends it at once."""
        return IssuedKey(await self._call("rotate", {"id": id, "grace_s": grace_s}))

    async def delete(self, id: str) -> bool:
        """Takes a key away for good; False when there was none."""
        return bool(await self._call("delete", {"id": id}))


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with a moment as text."""
    expires = settings.get("expires_at")
    if expires is not None and hasattr(expires, "isoformat"):
        if getattr(expires, "tzinfo", None) is None:
            raise invalid_request("expires_at", "must have a time zone, such as datetime.now(timezone.utc)")
        settings["expires_at"] = expires.isoformat()
    return settings


def taken(params: dict[str, Any]) -> str | None:
    """The `api_key` among the keywords of a call, which is no part of its body."""
    return checked(params.pop("api_key", None))


def checked(key: Any) -> str | None:
    """A key as the native half takes it."""
    if key is None or isinstance(key, str):
        return key
    raise invalid_request("api_key", f"must be text, not {type(key).__name__}")
