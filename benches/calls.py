"""Times calls and streams from Python in turn with http.client and aiohttp, against the fake provider.

Usage: python benches/calls.py target/ci/fake-provider     (needs clawrouters from a release wheel, and aiohttp)
"""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable

import aiohttp
from clawrouters import AsyncRouter, Router

CHUNKS = 200
MESSAGES = [{"role": "user", "content": "Name three rivers."}]
PATH = "/b/alpha/v1/chat/completions"
PLAIN = {"model": "m", "messages": MESSAGES}
STREAMED = {**PLAIN, "stream": True, "stream_options": {"include_usage": True}}


def start(binary: str) -> tuple[subprocess.Popen[str], str]:
    """The fake provider with one scripted reply, and its address."""
    server = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().split()[-1]
    usage = {"input": 9, "output": CHUNKS}
    reply = {"say": "word " * CHUNKS, "chunks": ["word "] * CHUNKS, "usage": usage}
    script = json.dumps({"providers": {"alpha": [reply]}}).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://{address}/_scripts/b", data=script, method="PUT")).read()
    return server, address


def data_lines(line: bytes) -> bool:
    """Reads one line of a stream; true where it held a chunk."""
    if not line.startswith(b"data: ") or line.startswith(b"data: [DONE"):
        return False
    json.loads(line[6:])
    return True


def in_turn(one: Callable[[], object], other: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Medians of both in microseconds, a tenth of the rounds thrown away."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds + rounds // 10):
        for run, kept in zip((one, other), times, strict=True):
            began = time.perf_counter()
            run()
            if i >= rounds // 10:
                kept.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


def tell(what: str, plain: float, router: float) -> None:
    """One line of the table."""
    print(f"{what}: plain {plain:.0f} us, router {router:.0f} us = {router / plain:.2f}x")


def blocking(address: str, config: dict[str, object]) -> None:
    """Calls and streams of Router beside http.client."""
    host, port = address.split(":")
    plain, router = http.client.HTTPConnection(host, int(port)), Router(config)
    headers = {"content-type": "application/json"}

    def ask(body: dict[str, object]) -> http.client.HTTPResponse:
        plain.request("POST", PATH, json.dumps(body), headers)
        return plain.getresponse()

    def routed_stream() -> None:
        for chunk in router.chat.completions.create(model="alpha/m", messages=MESSAGES, stream=True):
            _ = chunk.choices and chunk.choices[0].delta.content

    def routed() -> str | None:
        return router.chat.completions.create(model="alpha/m", messages=MESSAGES).choices[0].message.content

    tell("call", *in_turn(lambda: json.loads(ask(PLAIN).read()), routed, 2_000))
    tell("stream of 200 chunks", *in_turn(lambda: [data_lines(line) for line in ask(STREAMED)], routed_stream, 200))


async def awaited(address: str, config: dict[str, object]) -> None:
    """Calls and streams of AsyncRouter beside aiohttp."""
    router = AsyncRouter(config)

    async def median(run: Callable[[], Awaitable[object]], rounds: int) -> float:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            await run()
            times.append((time.perf_counter() - began) * 1e6)
        return statistics.median(times[rounds // 10 :])

    async with aiohttp.ClientSession() as session:

        async def plain() -> object:
            async with session.post(f"http://{address}{PATH}", json=PLAIN) as reply:
                return await reply.json()

        async def plain_stream() -> None:
            async with session.post(f"http://{address}{PATH}", json=STREAMED) as reply:
                async for line in reply.content:
                    data_lines(line)

        async def routed() -> str | None:
            reply = await router.chat.completions.create(model="alpha/m", messages=MESSAGES)
            return reply.choices[0].message.content

        async def routed_stream() -> None:
            async for chunk in await router.chat.completions.create(model="alpha/m", messages=MESSAGES, stream=True):
                _ = chunk.choices and chunk.choices[0].delta.content

        for _ in range(2):
            tell("async call", await median(plain, 2_000), await median(routed, 2_000))
            tell("async stream", await median(plain_stream, 200), await median(routed_stream, 200))


def main() -> None:
    """Runs everything against one server."""
    server, address = start(sys.argv[1])
    provider = {"kind": "openai", "base_url": f"http://{address}/b/alpha/v1", "api_key": "k"}
    models = [{"id": "alpha/m", "price": {"input": 1, "output": 2}}]
    config: dict[str, object] = {"providers": {"alpha": provider}, "models": models}
    blocking(address, config)
    asyncio.run(awaited(address, config))
    assert server.stdin is not None
    server.stdin.close()


if __name__ == "__main__":
    main()
