"""Health, the shadow's replies, and streams that begin anew."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from clawrouters import AsyncRouter, Router, ShadowReply
from conftest import HELLO
from fake import Fake, Scripted


def shadowed(run: Scripted, share: float = 1.0, **more: Any) -> dict[str, Any]:
    return run.config("alpha", "beta", shadow={"model": "beta/big", "share": share}, **more)


@pytest.fixture
def both(fake: Fake) -> Scripted:
    return fake.script({"providers": {"alpha": [{"say": "From alpha."}], "beta": [{"say": "From beta."}]}})


def ask(router: Router) -> str:
    return router.chat.completions.create(model="alpha/big", messages=HELLO).text


def until(happened: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_health_tells_how_targets_stand(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi"}], "beta": [{"status": 503, "error": {}}]}})
    router = Router(run.config("alpha", "beta", retry={"max_attempts": 1}, breaker={"failures": 1}))
    assert router.health() == []
    ask(router)
    with pytest.raises(Exception, match="beta"):
        router.chat.completions.create(model="beta/big", messages=HELLO)
    good, bad = router.health()
    assert (good.target, good.state, good.failures, good.last_failure) == ("alpha/big", "closed", 0, None)
    assert good.requests_minute == 1
    assert good.first_token_ms is not None
    assert good.first_token_p95_ms is None
    assert (bad.target, bad.state, bad.last_failure) == ("beta/big", "open", "overloaded")
    assert 0 < bad.retry_after <= 2
    assert AsyncRouter(run.config()).health() == []


def test_a_callback_gets_the_shadows_replies_on_a_thread_of_its_own(both: Scripted) -> None:
    replies: list[tuple[ShadowReply, str]] = []
    with Router(shadowed(both)) as router:
        router.on_shadow(lambda reply: replies.append((reply, threading.current_thread().name)))
        answer = router.chat.completions.create(model="alpha/big", messages=HELLO)
        until(lambda: replies)
        reply, thread = replies[0]
        assert (answer.text, reply.text, thread) == ("From alpha.", "From beta.", "clawrouters-on_shadow")
        assert reply.request_id == answer.route.request_id != reply.route.request_id
        assert reply.reply is not None
        assert (reply.route.model, reply.error) == ("beta/big", None)
        assert reply.route.cost == pytest.approx(2e-5)
        assert sorted(e.purpose for e in router.entries()) == ["request", "shadow"]


def test_a_failed_shadow_has_an_error(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi"}], "beta": [{"status": 400, "error": {"message": "odd"}}]}})
    replies: list[ShadowReply] = []
    with Router(shadowed(run)) as router:
        router.on_shadow(replies.append)
        ask(router)
        until(lambda: replies)
    error: Any = replies[0].error
    assert (error.kind, replies[0].reply, replies[0].text) == ("InvalidRequest", None, "")


def test_what_a_callback_raises_is_logged_and_harms_nothing(both: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def broken(reply: ShadowReply) -> None:
        seen.append(reply.text)
        raise ValueError("of mine")

    with caplog.at_level(logging.ERROR, "clawrouters"), Router(shadowed(both)) as router:
        router.on_shadow(broken)
        assert [ask(router), ask(router)] == ["From alpha."] * 2
        until(lambda: len(seen) == 2)
        until(lambda: len(caplog.records) == 2)
    assert "of mine" in str(caplog.records[0].exc_info)
    with pytest.raises(TypeError, match="callable"):
        router.on_shadow("no function")  # type: ignore[arg-type]


def test_the_last_callback_counts_and_close_ends_it(both: Scripted) -> None:
    first: list[ShadowReply] = []
    second: list[ShadowReply] = []
    router = Router(shadowed(both))
    router.on_shadow(first.append)
    router.on_shadow(second.append)
    ask(router)
    until(lambda: second)
    assert first == []
    router.close()
    until(lambda: not [t for t in threading.enumerate() if t.name == "clawrouters-shadow"])


def test_a_slow_callback_holds_up_no_call_and_what_it_misses_is_told(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi"}], "beta": [{"status": 400, "error": {}}]}})
    go, seen = threading.Event(), []

    def slow(reply: ShadowReply) -> None:
        seen.append(reply)
        go.wait(30)

    # Both the queue and the feed take 256; the first reply is in the callback.
    calls = 600
    with caplog.at_level(logging.WARNING, "clawrouters"), Router(shadowed(run)) as router:
        router.on_shadow(slow)
        for _ in range(calls):
            assert ask(router) == "Hi"
        until(lambda: sum(e.purpose == "shadow" for e in router.entries()) == calls)
        assert len(seen) <= 1
        go.set()
        until(lambda: any("dropped" in r.message for r in caplog.records))
        lost = lambda: sum(int(str(r.args[0])) for r in caplog.records if r.args and "dropped" in r.message)  # noqa: E731
        until(lambda: len(seen) + lost() == calls)
        assert len(seen) > 256


def test_async_callbacks_run_on_the_loop(both: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        loop, seen = asyncio.get_running_loop(), asyncio.Queue[str]()

        async def compare(reply: ShadowReply) -> None:
            assert asyncio.get_running_loop() is loop
            await seen.put(reply.text)
            raise ValueError("of mine")

        async with AsyncRouter(shadowed(both)) as router:
            router.on_shadow(compare)
            for _ in range(2):
                await router.chat.completions.create(model="alpha/big", messages=HELLO)
                assert await asyncio.wait_for(seen.get(), 5) == "From beta."
            router.on_shadow(lambda reply: seen.put_nowait(reply.request_id))
            answer = await router.chat.completions.create(model="alpha/big", messages=HELLO)
            assert await asyncio.wait_for(seen.get(), 5) == answer.route.request_id

    with caplog.at_level(logging.ERROR, "clawrouters"):
        asyncio.run(main())
    assert [r.message for r in caplog.records] == ["the callback of on_shadow failed"] * 2
    with pytest.raises(RuntimeError, match="loop"):
        AsyncRouter(shadowed(both)).on_shadow(print)


FORK = """
import json, os, sys, threading
from clawrouters import Router
router = Router(json.loads(sys.argv[1]))
came = threading.Event()
router.on_shadow(lambda reply: came.set())
def ask():
    hello = [{"role": "user", "content": "x"}]
    assert router.chat.completions.create(model="alpha/big", messages=hello).text == "From alpha."
    assert came.wait(5), "no reply"
    came.clear()
ask()
pid = os.fork()
if pid == 0:
    try:
        assert len(router.entries()) == 0
        ask()
        ask()
        router.close()
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert code == 0, code
ask()
"""

# Ends in the middle of things: a thread that waits, a copy under way, no close.
LEAVE = """
import json, sys
from clawrouters import Router
router = Router(json.loads(sys.argv[1]))
router.on_shadow(print)
router.chat.completions.create(model="alpha/big", messages=[{"role": "user", "content": "x"}])
"""


@pytest.mark.parametrize("program", [FORK, LEAVE], ids=["fork", "leave"])
def test_callbacks_outlive_forks_and_never_hold_up_the_end(both: Scripted, program: str) -> None:
    config = json.dumps(shadowed(both))
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program, config], capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_a_router_that_goes_away_ends_its_thread(both: Scripted) -> None:
    router = Router(shadowed(both))
    router.on_shadow(print)
    del router
    gc.collect()
    until(lambda: not [t for t in threading.enumerate() if t.name == "clawrouters-shadow"])


BROKEN: list[Any] = [{"chunks": ["One ", "two ", "three."], "fault": {"kind": "cut", "after_pieces": 2}}]


def test_a_stream_that_begins_anew_says_so(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": BROKEN, "beta": [{"say": "One two three."}]}})
    config = run.config("alpha", "beta", on_interrupt="restart")
    chunks = list(Router(config).chat.completions.create(model="pair", messages=HELLO, stream=True))
    at = [c.restart for c in chunks].index(True)
    assert (chunks[at].route, chunks[at].choices, chunks[at].text) == (None, [], "")
    assert "".join(c.text for c in chunks[at:]) == "One two three."
    route = chunks[-1].route
    assert route is not None
    assert [r.form for r in route.resumed] == ["restart"]
    assert route.resumed[0]["from"] == "alpha/big"
    assert [a.then for a in route.attempts] == ["restart", "done"]

    async def main() -> list[bool]:
        stream = await AsyncRouter(config).chat.completions.create(model="pair", messages=HELLO, stream=True)
        return [chunk.restart async for chunk in stream]

    assert asyncio.run(main()).count(True) == 1
