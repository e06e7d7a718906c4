"""Closed requests: a native feed in, calls of a function out, on a thread of its own or on an event loop."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ._shadow import LoopShadow, Shadow, ThreadShadow
from ._view import View

if TYPE_CHECKING:
    from . import _native

_logger = logging.getLogger("clawrouters")
_open: WeakSet[_Entries] = WeakSet()
_LAST_CALL_SECONDS = 2.0


class _Entries(Shadow):
    """Calls a function with every closed request, one at a time."""

    _name = "on_entry"

    def open(self, router: _native.Router) -> None:
        """Asks for the entries; in a forked child this is done again."""
        self._feed = router.entry_feed(self.open)
        self._router = router
        _open.add(self)
        self._start(self._feed)

    def _call(self, raw: bytes) -> Any:
        try:
            return self._callback(View(json.loads(raw)))
        except Exception:
            _logger.exception("the callback of %s failed", self._name)
            return None


class ThreadEntries(ThreadShadow, _Entries):
    """The callback runs on a daemon thread."""


class LoopEntries(LoopShadow, _Entries):
    """The callback runs on the event loop that was running when it was set; it may be a coroutine function."""

    async def finish(self, seconds: float) -> None:
        """Waits for the calls that are due."""
        if asyncio.get_running_loop() is self._loop and self._task is not asyncio.current_task():
            await asyncio.wait([self._task], timeout=seconds)


@atexit.register
def _end() -> None:
    # Registered after the one that closes the threads, so that it runs before it.
    for listener in list(_open):
        listener._router.flush_within(_LAST_CALL_SECONDS)
        listener._router.end_entries()
