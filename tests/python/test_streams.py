"""Streams: chunks in order, context managers, and closing that stops the provider."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest
from clawrouters import AsyncRouter, Router
from conftest import HELLO
from fake import Fake, Scripted


def closed_early(asked: list[dict[str, Any]]) -> bool:
    return len(asked) == 1 and asked[0]["closed_early"] is True


def test_chunks_come_in_order_and_the_last_has_the_route(hello: Scripted) -> None:
    with Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there."
    assert [c.object for c in chunks] == ["chat.completion.chunk"] * len(chunks)
    assert [c.route is not None for c in chunks] == [False] * (len(chunks) - 1) + [True]
    assert stream.route is not None
    assert stream.route.model == "alpha/big"
    assert stream.route.cost is not None
    assert stream.route.first_token_ms is not None


def test_text_alone(hello: Scripted) -> None:
    stream = Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    assert "".join(stream.text_stream) == "Hello there."
    assert next(iter(stream), None) is None


def test_chunks_arrive_while_the_provider_is_still_writing(slow: Scripted) -> None:
    start = time.monotonic()
    with Router(slow.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True) as stream:
        assert next(stream.text_stream)
        assert time.monotonic() - start < 1.2


@pytest.mark.parametrize("way", ["close", "with", "drop"])
def test_giving_up_a_stream_closes_the_connection(slow: Scripted, way: str) -> None:
    stream: Any = Router(slow.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    next(stream)
    if way == "close":
        stream.close()
        assert list(stream) == []
    elif way == "with":
        with stream:
            pass
    else:
        del stream
        gc.collect()
    assert slow.until(closed_early)[0]["closed_early"] is True


def test_closing_from_another_thread_ends_a_waiting_reader(slow: Scripted) -> None:
    stream = Router(slow.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    next(stream)
    timer = threading.Timer(0.2, stream.close)
    timer.start()
    start = time.monotonic()
    assert len(list(stream)) < 4
    assert time.monotonic() - start < 1
    timer.join()


async def first_chunk(run: Scripted) -> Any:
    router = AsyncRouter(run.config())
    stream = await router.chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    await stream.__anext__()
    return stream


@pytest.mark.parametrize("way", ["close", "with", "drop", "loop ends"])
def test_giving_up_an_async_stream_closes_the_connection(slow: Scripted, way: str) -> None:
    async def main() -> None:
        stream = await first_chunk(slow)
        if way == "close":
            await stream.close()
            assert [c async for c in stream] == []
        elif way == "with":
            async with stream:
                pass
        elif way == "drop":
            del stream
            gc.collect()

    asyncio.run(main())
    gc.collect()
    assert slow.until(closed_early)[0]["closed_early"] is True


def test_cancelling_a_reader_closes_the_connection(slow: Scripted) -> None:
    async def main() -> None:
        async def read() -> None:
            stream = await first_chunk(slow)
            async for _ in stream:
                pass

        task = asyncio.create_task(read())
        await asyncio.sleep(0.6)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asyncio.to_thread(slow.until, closed_early))[0]["closed_early"] is True

    asyncio.run(main())


def test_async_chunks_text_and_route(hello: Scripted) -> None:
    async def main() -> None:
        router = AsyncRouter(hello.config())
        async with await router.chat.completions.create(model="alpha/big", messages=HELLO, stream=True) as stream:
            chunks = [c async for c in stream]
        assert "".join(c.text for c in chunks) == "Hello there."
        assert stream.route is not None
        assert stream.route.provider == "alpha"
        again = await router.chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
        assert [t async for t in again.text_stream]

    asyncio.run(main())


def test_failures_before_the_first_output_go_to_the_next(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"status": 503, "error": {}}], "beta": [{"say": "Saved."}]}})
    router = Router(run.config("alpha", "beta"))
    with router.chat.completions.create(model="pair", messages=HELLO, stream=True) as stream:
        assert "".join(stream.text_stream) == "Saved."
    assert stream.route is not None
    assert [(a.target, a.status) for a in stream.route.attempts] == [("alpha/big", 503), ("beta/big", 200)]


def test_a_long_stream_loses_nothing(fake: Fake) -> None:
    pieces = [f"{i} " for i in range(3000)]
    run = fake.script({"providers": {"alpha": [{"chunks": pieces, "say": "".join(pieces)}]}})
    with Router(run.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True) as stream:
        first = next(stream)
        # The reader is slower than the provider: the rest waits.
        time.sleep(0.3)
        assert first.text + "".join(stream.text_stream) == "".join(pieces)
