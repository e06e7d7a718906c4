"""The drop-in: requests of an httpx or httpx2 client in, answers of the router's door out."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import re
from typing import TYPE_CHECKING, Any

from ._errors import ClawRoutersError, invalid_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._native import Feed, Router

_LIBRARIES = ("httpx", "httpx2")


def client(router: Router, lib: str | None, options: dict[str, Any]) -> Any:
    """A blocking client of `lib` whose transport is the door."""
    library = _library(lib)
    transport = _sync_transport(library)(router)
    return library.Client(**{"trust_env": False, **options, "transport": transport})


def async_client(router: Router, lib: str | None, options: dict[str, Any]) -> Any:
    """An asyncio client of `lib` whose transport is the door."""
    library = _library(lib)
    transport = _async_transport(library)(router)
    return library.AsyncClient(**{"trust_env": False, **options, "transport": transport})


def _library(lib: str | None) -> Any:
    name = lib or _library_of_openai() or next((n for n in _LIBRARIES if importlib.util.find_spec(n)), "httpx")
    if name not in _LIBRARIES:
        raise invalid_config("lib", "must be 'httpx' or 'httpx2'")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise invalid_config("lib", f"{name} is not installed: pip install openai, or pip install {name}") from error


def _library_of_openai() -> str | None:
    """The HTTP library that the installed openai package depends on."""
    try:
        requires = importlib.metadata.requires("openai") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for requirement in requires:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        if name and name.group() in _LIBRARIES and "extra ==" not in requirement:
            return name.group()
    return None


def _send(router: Router, library: Any, request: Any, body: bytes) -> Feed:
    try:
        return router.door(request.method, str(request.url), request.headers.raw, body)
    except ClawRoutersError as error:
        raise library.LocalProtocolError(str(error), request=request) from error


def _read_timeout(request: Any) -> float | None:
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return timeout


def _late(library: Any, request: Any) -> Exception:
    error: Exception = library.ReadTimeout("nothing came from the router in time", request=request)
    return error


def _response(library: Any, first: list[Any] | None, stream: Any, request: Any) -> Any:
    if not first:
        raise library.RemoteProtocolError("the router closed without an answer", request=request)
    status, headers = first[0]
    stream.ready = first[1:]
    return library.Response(status, headers=headers, stream=stream, request=request)


@functools.cache
def _sync_transport(library: Any) -> Any:
    class Body(library.SyncByteStream):  # type: ignore[misc]
        """The answer's bytes as they come; closing it stops the provider."""

        def __init__(self, feed: Feed, request: Any) -> None:
            self.feed = feed
            self.request = request
            self.ready: list[bytes] = []

        def __iter__(self) -> Iterator[bytes]:
            timeout = _read_timeout(self.request)
            batch: list[bytes] | None = self.ready
            while batch is not None:
                yield from batch
                try:
                    batch = self.feed.take(timeout)
                except TimeoutError:
                    self.feed.close()
                    raise _late(library, self.request) from None

        def close(self) -> None:
            self.feed.close()

    class DoorTransport(library.BaseTransport):  # type: ignore[misc]
        """Hands requests to the door instead of the network."""

        def __init__(self, router: Router) -> None:
            self.router = router

        def handle_request(self, request: Any) -> Any:
            feed = _send(self.router, library, request, request.read())
            try:
                first = feed.take(_read_timeout(request))
                return _response(library, first, Body(feed, request), request)
            except TimeoutError:
                feed.close()
                raise _late(library, request) from None

    return DoorTransport


@functools.cache
def _async_transport(library: Any) -> Any:
    from . import _bridge

    class Body(library.AsyncByteStream):  # type: ignore[misc]
        """The answer's bytes as they come; closing it stops the provider."""

        def __init__(self, feed: Feed, request: Any) -> None:
            self.feed = feed
            self.request = request
            self.ready: list[bytes] = []

        async def __aiter__(self) -> AsyncIterator[bytes]:
            timeout = _read_timeout(self.request)
            batch: list[bytes] | None = self.ready
            while batch is not None:
                for part in batch:
                    yield part
                try:
                    batch = await _bridge.take(self.feed, timeout)
                except TimeoutError:
                    self.feed.close()
                    raise _late(library, self.request) from None

        async def aclose(self) -> None:
            self.feed.close()

    class AsyncDoorTransport(library.AsyncBaseTransport):  # type: ignore[misc]
        """Hands requests to the door instead of the network."""

        def __init__(self, router: Router) -> None:
            self.router = router

        async def handle_async_request(self, request: Any) -> Any:
            feed = _send(self.router, library, request, await request.aread())
            try:
                first = await _bridge.take(feed, _read_timeout(request))
                return _response(library, first, Body(feed, request), request)
            except TimeoutError:
                feed.close()
                raise _late(library, request) from None
            except BaseException:
                feed.close()
                raise

    return AsyncDoorTransport
