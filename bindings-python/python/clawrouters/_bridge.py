"""Feeds in asyncio: a running native call in, its next batch out without blocking the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ._native import Port

if TYPE_CHECKING:
    from ._native import Feed

_ports: WeakKeyDictionary[asyncio.AbstractEventLoop, Port] = WeakKeyDictionary()


def _port(loop: asyncio.AbstractEventLoop) -> Port:
    port = _ports.get(loop)
    if port is None:
        try:
            port = Port.socket()
            loop.add_reader(port.fileno(), port.drain)
        except NotImplementedError:
            port = Port(loop)
        _ports[loop] = port
    return port


async def take(feed: Feed, timeout: float | None = None) -> list[Any] | None:
    """Everything that is ready, waiting for the first item; `None` at the end.

    Raises `TimeoutError` when nothing came within `timeout` seconds.
    """
    batch = feed.poll()
    if batch is None or batch:
        return batch
    loop = asyncio.get_running_loop()
    port = _port(loop)
    while True:
        future: asyncio.Future[None] = loop.create_future()
        if feed.notify(port, future):
            if timeout is None:
                await future
            else:
                await _within(loop, future, timeout)
        batch = feed.poll()
        if batch is None or batch:
            return batch


async def _within(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], timeout: float) -> None:
    def expire() -> None:
        if not future.done():
            future.set_exception(TimeoutError("nothing came in time"))

    timer = loop.call_later(timeout, expire)
    try:
        await future
    finally:
        timer.cancel()
