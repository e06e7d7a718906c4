"""State that processes share: limits over two processes and after a fork, against a real server where there is one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clawrouters import ClawRoutersError, Router
from conftest import HELLO
from fake import Scripted


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", *quiet]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.01)
    yield f"redis://127.0.0.1:{port}"
    process.kill()
    process.wait()


def shared(script: Scripted, url: str, per_minute: int) -> dict[str, Any]:
    state = {"url": url, "timeout_ms": 500}
    return script.config(limits={"global": {"requests_per_minute": per_minute}}, state=state)


def told_to_wait(error: ClawRoutersError) -> bool:
    return error.kind == "RateLimited" and error.retry_after is not None and error.retry_after > 50


def answered(config: dict[str, Any], calls: int) -> int:
    """How many of so many calls are answered; the others are told to wait."""
    router = Router(config)
    count = 0
    for _ in range(calls):
        try:
            router.chat.completions.create(model="alpha/big", messages=HELLO)
            count += 1
        except ClawRoutersError as error:
            if not told_to_wait(error):
                raise
    return count


CHILD = """
import json, sys
sys.path.insert(0, sys.argv[2])
from test_shared_state import answered
print(answered(json.loads(sys.argv[1]), 10))
"""


def test_two_processes_share_a_limit(hello: Scripted, server: str) -> None:
    config = shared(hello, server, 12)
    child = [sys.executable, "-c", CHILD, json.dumps(config), os.path.dirname(__file__)]
    processes = [subprocess.Popen(child, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(counts) == 12
    assert answered(config, 2) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_shares_it_too(hello: Scripted, server: str) -> None:
    config = shared(hello, server, 4)
    router = Router(config)
    router.chat.completions.create(model="alpha/big", messages=HELLO)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            router.chat.completions.create(model="alpha/big", messages=HELLO)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    for _ in range(2):
        router.chat.completions.create(model="alpha/big", messages=HELLO)
    assert answered(config, 2) == 0


def test_no_part_of_the_address_is_shown(hello: Scripted) -> None:
    config = hello.config(
        limits={"global": {"requests_per_minute": 1}},
        state={"url": "redis://someone:hunter2@127.0.0.1:1", "on_failure": {"limits": "closed"}},
    )
    with pytest.raises(ClawRoutersError) as raised:
        Router(config).chat.completions.create(model="alpha/big", messages=HELLO)
    assert raised.value.code == "state_unavailable"
    assert "hunter2" not in repr(raised.value) + str(raised.value)
    with pytest.raises(ClawRoutersError) as raised:
        Router({"state": {"url": "hunter2://x"}})
    assert "hunter2" not in repr(raised.value) + str(raised.value)
