"""Runtime manners: threads, event loops, forks, signals, cancellation, and the interpreter lock."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from clawrouters import AsyncRouter, ClawRoutersError, Router
from conftest import HELLO
from fake import Fake, Scripted


def closed_early(asked: list[dict[str, Any]]) -> bool:
    return len(asked) == 1 and asked[0]["closed_early"] is True


def ask(router: Router) -> str:
    return router.chat.completions.create(model="alpha/big", messages=HELLO).text


async def ask_async(router: AsyncRouter) -> str:
    return (await router.chat.completions.create(model="alpha/big", messages=HELLO)).text


def test_threads_share_a_router(hello: Scripted) -> None:
    router = Router(hello.config())
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ask(router), range(40))) == {"Hello there."}


def test_the_interpreter_lock_is_free_while_a_call_waits(late: Scripted) -> None:
    router = Router(late.config())
    thread = threading.Thread(target=ask, args=(router,))
    thread.start()
    time.sleep(0.1)
    start, worked = time.monotonic(), 0
    while thread.is_alive():
        sum(range(1000))
        worked += 1
    assert time.monotonic() - start > 2
    assert worked > 10_000
    thread.join()


def test_calls_of_one_event_loop_run_together(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi", "delay_ms": 400}]}})

    async def main() -> float:
        router = AsyncRouter(run.config())
        start = time.monotonic()
        assert set(await asyncio.gather(*(ask_async(router) for _ in range(20)))) == {"Hi"}
        return time.monotonic() - start

    assert asyncio.run(main()) < 2


def test_one_router_serves_many_event_loops_and_threads(hello: Scripted) -> None:
    router = AsyncRouter(hello.config())

    def loop() -> str:
        return asyncio.run(ask_async(router))

    assert [loop(), loop()] == ["Hello there."] * 2
    with ThreadPoolExecutor(4) as pool:
        assert [f.result() for f in [pool.submit(loop) for _ in range(8)]] == ["Hello there."] * 8


def test_a_loop_that_cannot_watch_sockets_works_too(hello: Scripted) -> None:
    class Plain(asyncio.SelectorEventLoop):
        # The loop's own wake-up socket goes by another method.
        def add_reader(self, *_: Any) -> None:  # type: ignore[override]
            raise NotImplementedError

    router = AsyncRouter(hello.config())
    loop = Plain()
    try:
        assert loop.run_until_complete(ask_async(router)) == "Hello there."
    finally:
        loop.close()


def test_cancelling_a_task_closes_the_connection(late: Scripted) -> None:
    async def main() -> None:
        router = AsyncRouter(late.config())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ask_async(router), 0.3)
        assert (await asyncio.to_thread(late.until, closed_early))[0]["closed_early"] is True
        await router.flush()
        assert [e.error for e in router.entries()] == ["Cancelled"]

    asyncio.run(main())


def test_a_signal_gets_through_a_blocking_call(late: Scripted) -> None:
    class Rung(Exception):
        pass

    def ring(*_: object) -> None:
        raise Rung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(Rung):
            ask(Router(late.config()))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - start < 1
    assert late.until(closed_early)[0]["closed_early"] is True


FORK = """
import json, os, sys
from clawrouters import Router, ClawRoutersError
router = Router(json.loads(sys.argv[1]))
ask = lambda: router.chat.completions.create(model="alpha/big", messages=[{"role": "user", "content": "Hi"}]).text
before = ask()
stream = router.chat.completions.create(
    model="alpha/big", messages=[{"role": "user", "content": "Hi"}], stream=True
)
pid = os.fork()
if pid == 0:
    try:
        assert ask() == "Hello there."
        stream._ready.clear()
        try:
            next(stream)
        except ClawRoutersError as error:
            assert "parent" in str(error), error
        else:
            os._exit(3)
        del stream
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if ask() == "Hello there." else 2)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert code == 0, code
assert "".join(c.text for c in stream) == "Hello there."
assert ask() == before == "Hello there."
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_parent_child_and_grandchild_work_after_a_fork(hello: Scripted) -> None:
    config = json.dumps(hello.config())
    done = subprocess.run([sys.executable, "-c", FORK, config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


EARLY_FORK = """
import json, os, signal, sys, threading, time
from clawrouters import Router
router = Router(json.loads(sys.argv[1]))
hello = [{"role": "user", "content": "Write me an e-mail from me@example.com in which I say hello."}]
def ask():
    return router.chat.completions.create(model="auto", messages=hello).text
threads = [threading.Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
time.sleep(float(sys.argv[2]))
pid = os.fork()
if pid == 0:
    # A hang would be the parent's too, whose output it shares.
    signal.alarm(20)
    os._exit(0 if ask() else 1)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
for thread in threads:
    thread.join()
assert code == 0, code
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("seconds", [0, 0.002, 0.01, 0.03, 0.06])
def test_a_child_forked_amid_the_first_calls_of_other_threads_answers(seconds: float) -> None:
    config = json.dumps(
        {
            "providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}},
            "cache": {"exact": {}, "semantic": {}},
            "redact": {"kinds": ["email", "phone", "api_key"]},
        }
    )
    program = [sys.executable, "-c", EARLY_FORK, config, str(seconds)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_multiprocessing_by_fork(hello: Scripted) -> None:
    program = (
        "import json, sys, multiprocessing as mp\n"
        "from clawrouters import Router\n"
        "router = Router(json.loads(sys.argv[1]))\n"
        "def ask(_):\n"
        "    hello = [{'role': 'user', 'content': 'x'}]\n"
        "    return router.chat.completions.create(model='alpha/big', messages=hello).text\n"
        "if __name__ == '__main__':\n"
        "    ask(0)\n"
        "    with mp.get_context('fork').Pool(3) as pool:\n"
        "        assert set(pool.map(ask, range(9))) == {'Hello there.'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(hello.config())], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr


def test_leaving_the_interpreter_with_calls_under_way_is_quiet(slow: Scripted) -> None:
    program = (
        "import json, sys, threading, asyncio\n"
        "from clawrouters import Router, AsyncRouter\n"
        "config = json.loads(sys.argv[1])\n"
        "hello = [{'role': 'user', 'content': 'x'}]\n"
        "stream = Router(config).chat.completions.create(model='alpha/big', messages=hello, stream=True)\n"
        "next(stream)\n"
        "async def main():\n"
        "    call = AsyncRouter(config).chat.completions.create(model='alpha/big', messages=hello)\n"
        "    task = asyncio.ensure_future(call)\n"
        "    await asyncio.sleep(0.1)\n"
        "asyncio.run(main())\n"
        "print('left')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(slow.config())], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")


def test_keyboard_interrupt_ends_a_program_that_waits(late: Scripted) -> None:
    program = (
        "import json, sys\n"
        "from clawrouters import Router\n"
        "router = Router(json.loads(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "router.chat.completions.create(model='alpha/big', messages=[{'role': 'user', 'content': 'x'}])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(late.config())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A runner in the background ignores the signal, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.stderr.read()
        assert process.wait(timeout=2) != 0


def test_import_is_quick_and_pulls_nothing_in() -> None:
    program = (
        # The processor's time: what else the machine does is not the import's fault.
        "import sys, time\n"
        "start = time.process_time()\n"
        "import clawrouters\n"
        "took = (time.process_time() - start) * 1000\n"
        "heavy = {'asyncio', 'httpx', 'httpx2', 'openai', 'pydantic', 'typing_extensions'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "print(took)\n"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(times) < 60


def test_errors_of_threads_do_not_mix(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"status": 400, "error": {"message": "no"}}], "beta": [{"say": "yes"}]}})
    router = Router(run.config("alpha", "beta"))

    def call(model: str) -> str:
        try:
            return router.chat.completions.create(model=model, messages=HELLO).text
        except ClawRoutersError as error:
            return str(error.model)

    models = ["alpha/big", "beta/big"] * 10
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(call, models)) == ["alpha/big", "yes"] * 10
