"""Replies of the shadow: a native feed in, calls of a function out, on a thread of its own or on an event loop."""

from __future__ import annotations

import atexit
import json
import logging
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ._types import ShadowReply

if TYPE_CHECKING:
    from collections.abc import Callable

    from . import _native
    from ._native import Feed
    from ._view import View

_logger = logging.getLogger("clawrouters")
_open: WeakSet[Shadow] = WeakSet()
# How long the end of the program waits for a callback that is running.
_LAST_CALL_SECONDS = 1.0


class Shadow:
    """Calls a function with every reply of the shadow, one at a time. What it raises is logged."""

    _name = "on_shadow"
    _what = "replies of the shadow"
    _view: type[View] = ShadowReply

    def __init__(self, callback: Callable[[Any], Any]) -> None:
        if not callable(callback):
            raise TypeError(f"callback must be callable, not {type(callback).__name__}")
        self._callback = callback
        self._feed: Feed | None = None

    def open(self, router: _native.Router) -> None:
        """Asks for the replies; in a forked child this is done again."""
        self._feed = self._ask(router)
        self._start(self._feed)

    def _ask(self, router: _native.Router) -> Feed:
        return router.shadow_replies(self.open)

    def end(self, router: _native.Router) -> None:
        """Asks for no more replies."""
        router.end_shadow()

    def close(self) -> None:
        """Ends the replies; one whose callback is running is the last."""
        if self._feed is not None:
            self._feed.close()

    def _start(self, feed: Feed) -> None:
        raise NotImplementedError

    def _call(self, raw: bytes) -> Any:
        item = json.loads(raw)
        if "lost" in item:
            _logger.warning("%d %s were dropped: the callback is too slow for them", item["lost"], self._what)
            return None
        try:
            return self._callback(self._view(item["reply"]))
        except Exception:
            _logger.exception("the callback of %s failed", self._name)
            return None


class ThreadShadow(Shadow):
    """The callback runs on a daemon thread."""

    def _start(self, feed: Feed) -> None:
        self._thread = threading.Thread(target=self._run, args=(feed,), name=f"clawrouters-{self._name}", daemon=True)
        _open.add(self)
        self._thread.start()

    def _run(self, feed: Feed) -> None:
        while (batch := feed.wait()) is not None:
            for raw in batch:
                self._call(raw)

    def join(self, seconds: float) -> None:
        """Waits for a callback that is running."""
        if self._thread is not threading.current_thread():
            self._thread.join(seconds)


class LoopShadow(Shadow):
    """The callback runs on the event loop that was running when it was set; it may be a coroutine function."""

    def open(self, router: _native.Router) -> None:
        import asyncio

        # Before anything is opened: without a loop there is nobody to call.
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._feed is None:
                raise
            _logger.warning("%s ended with the fork: no event loop is running in the child", self._name)
            return
        super().open(router)

    def _start(self, feed: Feed) -> None:
        self._task = self._loop.create_task(self._run(feed))

    async def _run(self, feed: Feed) -> None:
        from . import _bridge

        try:
            while (batch := await _bridge.take(feed)) is not None:
                for raw in batch:
                    called = self._call(raw)
                    if hasattr(called, "__await__"):
                        await self._finish(called)
        finally:
            feed.close()

    async def _finish(self, called: Any) -> None:
        try:
            await called
        except Exception:
            _logger.exception("the callback of %s failed", self._name)


@atexit.register
def _end() -> None:
    # A thread that waits inside the native half while the interpreter goes away cannot be ended in good order.
    threads = [shadow for shadow in _open if isinstance(shadow, ThreadShadow)]
    for shadow in threads:
        shadow.close()
    for shadow in threads:
        shadow.join(_LAST_CALL_SECONDS)
