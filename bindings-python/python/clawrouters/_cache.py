"""`router.cache`: how the cache stands, and forgetting what it keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ._view import View

if TYPE_CHECKING:
    from . import _native


class CacheStats(View):
    """What the cache of a router did since the router was made; `saved` in US dollars."""

    __slots__ = ()

    if TYPE_CHECKING:
        hits: int
        semantic_hits: int
        joined: int
        misses: int
        bypasses: int
        stored: int
        entries: int
        bytes: int
        semantic_entries: int
        semantic_bytes: int
        saved: float


class Cache:
    """`router.cache`. Neither method waits for anything, so both serve blocking and asyncio code."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def stats(self) -> CacheStats:
        """Hits, misses, what is kept and what was saved; all zeros where no cache is configured."""
        return CacheStats(json.loads(self._native.cache_stats()))

    def clear(self) -> None:
        """Forgets every answer that this process keeps; what a fleet shares stays until its time is over."""
        self._native.clear_cache()
