"""`router.feedback` and `router.learning`: scores of answers, and what they taught."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import _encode
from ._errors import invalid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import _native


def arguments(**given: Any) -> bytes:
    """The arguments of a call as JSON."""
    return _encode.to_json(given, invalid_request)


class Learning:
    """`router.learning`: what scores taught, kept as plain data that holds no word of any request."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def export(self) -> dict[str, Any]:
        """All that was learned, to be kept and given to `load`; `models` has the number of `scores` of each."""
        (raw,) = self._native.learning("export", b"{}").take() or []
        state: dict[str, Any] = json.loads(raw)
        return state

    def load(self, state: Mapping[str, Any]) -> None:
        """Puts what was exported in place of all that is known, for every process that shares the state."""
        self._native.learning("load", arguments(state=state)).take()

    def reset(self) -> None:
        """Forgets everything; answers that wait for a score go on waiting."""
        self._native.learning("reset", b"{}").take()


class AsyncLearning:
    """`router.learning`: what scores taught, kept as plain data that holds no word of any request."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    async def export(self) -> dict[str, Any]:
        """All that was learned, to be kept and given to `load`; `models` has the number of `scores` of each."""
        from . import _bridge

        (raw,) = await _bridge.take(self._native.learning("export", b"{}")) or []
        state: dict[str, Any] = json.loads(raw)
        return state

    async def load(self, state: Mapping[str, Any]) -> None:
        """Puts what was exported in place of all that is known, for every process that shares the state."""
        from . import _bridge

        await _bridge.take(self._native.learning("load", arguments(state=state)))

    async def reset(self) -> None:
        """Forgets everything; answers that wait for a score go on waiting."""
        from . import _bridge

        await _bridge.take(self._native.learning("reset", b"{}"))
