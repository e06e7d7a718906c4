"""Streamed replies: a native feed of chunk JSON in, an iterator and context manager of chunks out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ._types import ChatCompletionChunk, RouteInfo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType

    from ._native import Feed


class _Pieces:
    """What both streams share: the feed, the chunks that have crossed, and the route once it is known."""

    def __init__(self, feed: Feed, first: list[bytes]) -> None:
        self._feed = feed
        self._ready: deque[bytes] = deque(first)
        self._closed = False
        self._last: ChatCompletionChunk | None = None

    @property
    def route(self) -> RouteInfo | None:
        """How the reply was made; known once the stream has ended."""
        return None if self._last is None else self._last.route

    def _chunk(self, raw: bytes) -> ChatCompletionChunk:
        chunk: ChatCompletionChunk = ChatCompletionChunk._parse(raw)
        self._last = chunk
        return chunk

    def _close(self) -> None:
        self._closed = True
        self._ready.clear()
        self._feed.close()


class Stream(_Pieces):
    """The chunks of a reply as they come. Closing it, or leaving its `with` block, stops the provider."""

    @classmethod
    def _open(cls, feed: Feed) -> Stream:
        # The feed's first item is empty: it says that the stream is open.
        first: list[Any] = feed.take() or []
        return cls(feed, first[1:])

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        ready = self._ready
        if not ready:
            batch = None if self._closed else self._feed.take()
            if batch is None:
                self._closed = True
                raise StopIteration
            ready.extend(batch)
        return self._chunk(ready.popleft())

    @property
    def text_stream(self) -> Iterator[str]:
        """The pieces of text alone."""
        return (chunk.text for chunk in self if chunk.text)

    def close(self) -> None:
        """Stops the stream; the provider's connection is closed if it is still sending."""
        self._close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()


class AsyncStream(_Pieces):
    """The chunks of a reply as they come. Closing it, or leaving its `async with` block, stops the provider."""

    @classmethod
    async def _open(cls, feed: Feed) -> AsyncStream:
        from . import _bridge

        try:
            # The feed's first item is empty: it says that the stream is open.
            first = await _bridge.take(feed) or []
        except BaseException:
            feed.close()
            raise
        return cls(feed, first[1:])

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        ready = self._ready
        if not ready:
            batch = None if self._closed else await self._take()
            if batch is None:
                self._closed = True
                raise StopAsyncIteration
            ready.extend(batch)
        return self._chunk(ready.popleft())

    async def _take(self) -> list[Any] | None:
        from . import _bridge

        try:
            return await _bridge.take(self._feed)
        except BaseException:
            self._close()
            raise

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """The pieces of text alone."""
        return (chunk.text async for chunk in self if chunk.text)

    async def close(self) -> None:
        """Stops the stream; the provider's connection is closed if it is still sending."""
        self._close()

    aclose = close

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
