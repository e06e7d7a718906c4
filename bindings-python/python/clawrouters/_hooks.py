"""Hooks: a call from the native half in, the application's function called and its decision given back out."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import ContentRefusedError, PermissionDeniedError

if TYPE_CHECKING:
    from ._native import Ask

Hook = Callable[..., Any]

_logger = logging.getLogger("clawrouters")
# A task that nobody holds may be collected before it is done.
_running: set[asyncio.Task[None]] = set()


class Function:
    """A hook with what is known of it once: how many arguments it takes and whether it is awaited."""

    __slots__ = ("awaited", "call", "name", "with_context")

    def __init__(self, call: Hook, name: str | None = None) -> None:
        if not callable(call):
            raise TypeError(f"a hook must be callable, not {type(call).__name__}")
        self.call = call
        self.name = name or getattr(call, "__name__", None) or type(call).__name__
        self.awaited = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
        self.with_context = _takes_two(call)

    def __call__(self, ask: Ask) -> Any:
        body = json.loads(ask.body())
        return self.call(body, json.loads(ask.context())) if self.with_context else self.call(body)


def _takes_two(call: Hook) -> bool:
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    return (
        len(required) >= 2
        or (len(positional) >= 2 and positional[1].name == "context")
        or any(p.kind is p.VAR_POSITIONAL for p in parameters)
    )


def serve(ask: Ask, blocking: bool) -> None:
    """Has a hook called, in the context of whoever made the call, and returns at once.

    A coroutine function runs on the caller's event loop, where the caller does not block it; everything else on a
    thread of its own, so that the time limit holds for functions that never return.
    """
    function: Function = ask.hook
    if function.awaited and not blocking:
        task = asyncio.get_running_loop().create_task(_answer(function, ask))
        _running.add(task)
        task.add_done_callback(_running.discard)
        return
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_call, function, ask), name="clawrouters-hook", daemon=True).start()


def _call(function: Function, ask: Ask) -> None:
    try:
        returned = function(ask)
        if isinstance(returned, Awaitable):
            returned = asyncio.run(_awaited(returned, ask))
    except BaseException as error:
        _failed(function, ask, error)
    else:
        _decided(function, ask, returned)


async def _answer(function: Function, ask: Ask) -> None:
    try:
        returned = await _awaited(function(ask), ask)
    except BaseException as error:
        _failed(function, ask, error)
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    else:
        _decided(function, ask, returned)


async def _awaited(returned: Awaitable[Any], ask: Ask) -> Any:
    """The coroutine's result; it is cancelled when nobody waits for it any more."""
    task = asyncio.ensure_future(returned)
    while not task.done():
        await asyncio.wait((task,), timeout=_LOOK_SECONDS)
        if not task.done() and not ask.waiting():
            task.cancel()
    return await task


# How often a hook that takes its time is looked after.
_LOOK_SECONDS = 0.25


def _decided(function: Function, ask: Ask, returned: Any) -> None:
    if isinstance(returned, Mapping):
        returned = dict(returned)
    try:
        ask.decide(json.dumps(returned, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
        ask.fail("returned what JSON cannot carry")


def _failed(function: Function, ask: Ask, error: BaseException) -> None:
    if isinstance(error, (ContentRefusedError, PermissionDeniedError)):
        ask.decide(json.dumps({"refuse": error.message, "kind": error.kind}).encode())
        return
    if ask.waiting():
        _logger.error("the hook %s failed", function.name, exc_info=error)
    ask.fail(f"raised {type(error).__name__}")
