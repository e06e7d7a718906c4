"""The fake provider as a process: scripts in, base URLs and recorded requests out."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_ids = itertools.count(1)


def target_dir() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def binary() -> Path:
    """The program, built when it is not there."""
    for profile in ("ci", "debug", "release"):
        path = target_dir() / profile / "fake-provider"
        if path.exists():
            return path
    subprocess.run(["cargo", "build", "--profile", "ci", "-p", "fake-provider"], cwd=ROOT, check=True)
    return target_dir() / "ci" / "fake-provider"


class Fake:
    def __init__(self) -> None:
        self.process = subprocess.Popen([binary()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip().rsplit(" ", 1)[-1]
        info = self.ask("GET", "/_info")
        self.refused, self.silent = info["refused_port"], info["silent_port"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def script(self, script: dict[str, Any]) -> Scripted:
        run = f"py-{os.getpid()}-{next(_ids)}"
        self.ask("PUT", f"/_scripts/{run}", script)
        return Scripted(self, run)

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Scripted:
    """One script under an id of its own."""

    def __init__(self, fake: Fake, run: str) -> None:
        self.fake = fake
        self.run = run
        self.base = f"http://{fake.address}/{run}"

    def requests(self) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = self.fake.ask("GET", f"/_scripts/{self.run}")["requests"]
        return asked

    def until(self, happened: Callable[[list[dict[str, Any]]], bool], seconds: float = 3.0) -> list[dict[str, Any]]:
        """The recorded requests once `happened` is true of them, or after `seconds` as they are."""
        end = time.monotonic() + seconds
        while not happened(asked := self.requests()) and time.monotonic() < end:
            time.sleep(0.01)
        return asked

    def config(self, *names: str, **more: Any) -> dict[str, Any]:
        """A configuration with these providers, each with one model of an own price."""
        names = names or ("alpha",)
        return {
            "providers": {
                n: {"kind": "openai", "base_url": f"{self.base}/{n}/v1", "api_key": "key-" + n} for n in names
            },
            "models": [{"id": f"{n}/big", "price": {"input": 1.0, "output": 2.0}} for n in names],
            "aliases": {"pair": [f"{n}/big" for n in names]},
            **more,
        }
