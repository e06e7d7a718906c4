"""`router.cache`: what it tells and what it forgets, blocking and with asyncio, and the header of the drop-in."""

from __future__ import annotations

import asyncio

from clawrouters import AsyncRouter, CacheStats, Router
from fake import Fake

_ASK = [{"role": "user", "content": "Say hello."}]


def _config(base: str) -> dict[str, object]:
    alpha = {"kind": "openai", "base_url": f"{base}/alpha/v1", "api_key": "k"}
    return {"providers": {"alpha": alpha}, "cache": {"exact": {"ttl_s": 60}}}


def test_stats_and_clear(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "one"}, {"say": "two"}]}})
    with Router(_config(run.base)) as router:
        first = router.chat.completions.create(model="alpha/m", messages=_ASK)
        again = router.chat.completions.create(model="alpha/m", messages=_ASK)
        assert (first.route.cached, again.route.cached, again.text) == ("miss", "hit", "one")
        stats = router.cache.stats()
        assert isinstance(stats, CacheStats)
        assert (stats.hits, stats.misses, stats.entries) == (1, 1, 1)
        router.cache.clear()
        assert router.cache.stats().entries == 0
        anew = router.chat.completions.create(model="alpha/m", messages=_ASK, route={"cache": {"ttl_s": 5}})
        assert (anew.text, anew.route.cached) == ("two", "miss")
        assert [entry["cached"] for entry in router.entries()] == ["miss", "hit", "miss"]


def test_asyncio(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "one"}]}})

    async def main() -> None:
        async with AsyncRouter(_config(run.base)) as router:
            for _ in range(2):
                await router.chat.completions.create(model="alpha/m", messages=_ASK)
            assert router.cache.stats().hits == 1
            router.cache.clear()
            assert router.cache.stats().entries == 0

    asyncio.run(main())
