"""The stubs: a typed program passes mypy --strict, a wrong one does not, and the native stub fits the module."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from fake import ROOT

GOOD = """
from clawrouters import AsyncRouter, ChatCompletion, InvalidRequestError, Router, RouteInfo

def ask(router: Router) -> str | None:
    reply: ChatCompletion = router.chat.completions.create(
        model="auto:best", messages=[{"role": "user", "content": "Hi"}], temperature=0.5, route={"max_cost": 0.01}
    )
    route: RouteInfo = reply.route
    cost: float | None = route.cost
    attempts: list[str] = [a.target for a in route.attempts]
    print(cost, attempts, reply.usage and reply.usage.total_tokens)
    for chunk in router.chat.completions.create(messages=[], stream=True):
        print(chunk.choices[0].delta.content, chunk.text)
    try:
        difficulty: float = router.classify(messages=[]).difficulty
        print(difficulty, router.explain(messages=[]).candidates)
    except InvalidRequestError as error:
        print(error.param, error.retry_after)
    return reply.choices[0].message.content

async def ask_async(router: AsyncRouter) -> str:
    async with router:
        reply = await router.chat.completions.create(messages=[{"role": "user", "content": "Hi"}])
        stream = await router.chat.completions.create(messages=[], stream=True)
        async with stream:
            async for chunk in stream:
                print(chunk.text)
        return reply.text
"""

BAD = {
    "an unknown keyword": "Router().chat.completions.create(messages=[], temprature=1)",
    "a wrong type": "Router().chat.completions.create(messages=[], temperature='hot')",
    "a wrong strategy": "Router().chat.completions.create(messages=[], route={'strategy': 'quick'})['x']",
    "a stream taken for a reply": "Router().chat.completions.create(messages=[], stream=True).choices",
}


def mypy(*arguments: str, cwd: Any = ROOT) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "MYPYPATH": str(ROOT / "bindings-python" / "python")}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


def test_a_typed_program_passes(tmp_path: Any) -> None:
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    done = mypy("mypy", "--strict", "good.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("what", BAD)
def test_wrong_programs_do_not(tmp_path: Any, what: str) -> None:
    (tmp_path / "bad.py").write_text(f"from clawrouters import Router\n{BAD[what]}\n", encoding="utf-8")
    done = mypy("mypy", "--strict", "bad.py", cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "bad.py:2" in done.stdout


def test_the_native_stub_fits_the_module() -> None:
    done = mypy("mypy.stubtest", "clawrouters._native", "--ignore-disjoint-bases")
    assert done.returncode == 0, done.stdout + done.stderr
