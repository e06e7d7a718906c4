"""The ledger from Python: usage, exports, reports, callbacks, forks, full disks and ends of programs."""

from __future__ import annotations

import asyncio
import csv
import json
import logging
import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from clawrouters import AsyncRouter, InternalError, InvalidConfigError, InvalidRequestError, LedgerFile, Router
from conftest import HELLO

SANDBOX: dict[str, Any] = {"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}}


def config(**ledger: Any) -> dict[str, Any]:
    return {**SANDBOX, "ledger": ledger}


def ask(router: Router, team: str = "a") -> Any:
    return router.chat.completions.create(model="auto", messages=HELLO, route={"tags": {"team": team}})


def run(program: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_another_strategy_would_have_cost(tmp_path: Path) -> None:
    async def aside(path: Path) -> Any:
        async with AsyncRouter(SANDBOX) as router:
            return await router.what_if("cheapest", path, since="1h")

    with Router(config()) as router:
        for _ in range(3):
            router.chat.completions.create(model="auto:best", messages=HELLO)
        told = router.what_if("cheapest", where={"strategy": "best"})
        assert (told.requests, told.changed, told.strategy) == (3, 3, "cheapest")
        assert told.actual.cost_nanos == router.usage().total.cost_nanos
        assert 0 < told.instead.cost < told.actual.cost
        assert told.instead.quality <= told.actual.quality
        assert router.export(tmp_path / "log.jsonl") == 3
        assert asyncio.run(aside(tmp_path / "log.jsonl")).to_dict() == told.to_dict()
        assert router.what_if("cheapest", until="2020-01-01").requests == 0
        with pytest.raises(InvalidRequestError, match="cheapest, balanced, best or fastest") as fault:
            router.what_if("dearest")
        assert fault.value.param == "strategy"
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            router.what_if("best", tmp_path / "none.csv")


def test_usage_exports_and_reports(tmp_path: Path) -> None:
    db = tmp_path / "log.db"
    with Router(config(sqlite=str(db))) as router:
        for team in ("a", "a", "b"):
            reply = ask(router, team)
        usage = router.usage(group_by=["tag:team"], since=datetime.now(timezone.utc) - timedelta(hours=1))
        assert (usage.source, usage.total.requests) == ("sqlite", 3)
        assert {row.group["tag:team"]: row.requests for row in usage.rows} == {"a": 2, "b": 1}
        assert usage.total.cost_nanos == sum(e.cost_nanos for e in router.entries())
        assert usage.total.best_single.requests > 0
        assert router.usage(until=datetime.now(timezone.utc) - timedelta(hours=1)).total.requests == 0
        assert router.usage(where={"tag": ["team=b", "team=c"]}).total.requests == 1
        assert router.export(tmp_path / "out.csv") == 3
        router.report(tmp_path / "report.html", since="1h")
        (sink,) = router.ledger().sinks
        assert (sink.name, sink.written, sink.waiting, sink.dropped, sink.fault) == ("sqlite", 3, 0, 0, None)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as lines:
        table = list(csv.DictReader(lines))
    assert table[2]["request_id"] == reply.route.request_id
    assert json.loads(table[2]["tags"]) == {"team": "b"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    file = LedgerFile(db)
    assert file.usage(group_by="day").total.requests == 3
    assert file.export(tmp_path / "out.jsonl", where={"tag": "team=a"}) == 2


def test_odd_questions_name_their_field(tmp_path: Path) -> None:
    router = Router(SANDBOX)
    for asked, field in (
        ({"group_by": "colour"}, "group_by"),
        ({"since": "soon"}, "since"),
        ({"where": {"x": "y"}}, "where.x"),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            router.usage(**asked)
        assert refused.value.param == field
    with pytest.raises(InvalidRequestError, match=r"\.csv"):
        router.export(tmp_path / "out.parquet")
    with pytest.raises(InvalidRequestError, match=r"\.html"):
        router.report(tmp_path / "report.pdf")
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        LedgerFile(tmp_path / "none.db").usage()
    with pytest.raises(InvalidConfigError) as missing:
        Router(config(sqlite=str(tmp_path / "no" / "log.db")))
    assert missing.value.param == "ledger.sqlite"


def test_a_closed_router_refuses(tmp_path: Path) -> None:
    with Router(config(jsonl=str(tmp_path / "log.jsonl"), flush_ms=60_000)) as router:
        ask(router)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    with pytest.raises(InvalidRequestError, match="closed"):
        ask(router)


def test_a_callback_is_called_on_a_thread_and_close_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    router = Router(SANDBOX)
    heard: list[tuple[str, str]] = []

    def hear(entry: Any) -> None:
        heard.append((entry.request_id, threading.current_thread().name))
        if len(heard) == 1:
            raise ValueError("a fault of the callback")

    router.on_entry(hear)
    ids = [ask(router).route.request_id for _ in range(5)]
    with caplog.at_level(logging.ERROR, logger="clawrouters"):
        router.close()
    assert [request for request, _ in heard] == ids
    assert threading.current_thread().name not in {name for _, name in heard}
    assert "the callback of on_entry failed" in caplog.text
    with pytest.raises(TypeError):
        Router(SANDBOX).on_entry(3)  # type: ignore[arg-type]


def test_a_callback_of_the_asyncio_router_is_awaited(tmp_path: Path) -> None:
    async def main() -> list[str]:
        heard: list[str] = []

        async def hear(entry: Any) -> None:
            await asyncio.sleep(0)
            heard.append(entry.request_id)

        async with AsyncRouter(config(sqlite=str(tmp_path / "log.db"))) as router:
            router.on_entry(hear)
            reply = await router.chat.completions.create(model="auto", messages=HELLO)
            assert (await router.usage(group_by="model")).rows[0].group["model"] == reply.model
            assert await router.export(tmp_path / "out.ndjson") == 1
            await router.report(tmp_path / "report.html")
            await router.flush()
        return [*heard, reply.route.request_id]

    heard, asked = asyncio.run(main())
    assert heard == asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_parent_and_forked_children_write_one_file(tmp_path: Path) -> None:
    db = str(tmp_path / "log.db")
    program = """
import os, sys
from clawrouters import Router
sandbox = {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}
router = Router({"providers": sandbox, "ledger": {"sqlite": sys.argv[1], "flush_ms": 5}})
hello = [{"role": "user", "content": "Hi"}]
def ask(name):
    router.chat.completions.create(model="auto", messages=hello, route={"tags": {"by": name}})
children = []
for n in range(4):
    # The ledger's thread writes these while the process forks.
    for _ in range(25):
        ask("parent")
    child = os.fork()
    if child == 0:
        for _ in range(50):
            ask("child")
        router.close()
        os._exit(0)
    children.append(child)
codes = [os.waitpid(child, 0)[1] for child in children]
router.close()
assert codes == [0, 0, 0, 0], codes
counts = {row.group["tag:by"]: row.requests for row in router.usage(group_by="tag:by").rows}
assert (counts["child"], counts["parent"]) == (200, 100), counts
"""
    run(program, db)
    assert LedgerFile(db).usage(where={"tag": "by=child"}).total.requests == 200


def test_the_end_of_the_program_loses_nothing(tmp_path: Path) -> None:
    program = """
import sys
from clawrouters import Router
base = {"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}}
router = Router({**base, "ledger": {"sqlite": sys.argv[1], "flush_ms": 60000}})
heard = []
router.on_entry(lambda entry: print("heard", flush=True))
for _ in range(3):
    router.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
"""
    db = str(tmp_path / "log.db")
    assert run(program, db).split() == ["heard"] * 3
    assert LedgerFile(db).usage().total.requests == 3


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
def test_a_file_that_cannot_grow_holds_no_request_up(tmp_path: Path) -> None:
    program = """
import resource, sys
from clawrouters import InternalError, Router
base = {"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}}
router = Router({**base, "ledger": {"sqlite": sys.argv[1], "flush_ms": 10, "queue": 5000}})
def ask(count):
    for _ in range(count):
        router.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
ask(10)
router.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
failed = None
for _ in range(40):
    ask(25)
    try:
        router.flush()
    except InternalError as error:
        failed = str(error)
        break
assert failed and "sqlite" in failed, failed
state = router.ledger().sinks[0]
assert state.fault and state.waiting > 0, state
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
router.flush()
print(router.usage().total.requests, len(router.entries()))
"""
    stored, asked = run(program, str(tmp_path / "log.db")).split()
    assert stored == asked


def test_the_command_line(tmp_path: Path) -> None:
    db = str(tmp_path / "log.db")
    with Router(config(sqlite=db)) as router:
        ask(router)

    def cli(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "clawrouters", *words], capture_output=True, text=True)

    out = cli("report", "--db", db, "--out", str(tmp_path / "r.html"))
    assert (out.returncode, out.stderr) == (0, "")
    assert "ClawRouters report" in (tmp_path / "r.html").read_text(encoding="utf-8")
    out = cli("usage", "--db", db, "--group-by", "day,model")
    assert json.loads(out.stdout)["total"]["requests"] == 1
    out = cli("export", "--db", db, "--out", str(tmp_path / "r.csv"))
    assert out.stdout.startswith("1 requests")
    out = cli("report", "--db", str(tmp_path / "none"), "--out", "r.html")
    assert out.returncode == 1
    assert "cannot be read" in out.stderr


def test_a_stuck_file_is_told_by_flush(tmp_path: Path) -> None:
    db = tmp_path / "log.db"
    router = Router(config(sqlite=str(db), flush_ms=10))
    ask(router)
    router.flush()
    # In a process of its own: locks do not hold between two copies of SQLite in one process.
    program = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
other.execute("ROLLBACK")
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    ask(router)
    with pytest.raises(InternalError, match="locked"):
        router.flush()
    other.communicate()
    router.close()
    assert LedgerFile(db).usage().total.requests == 2
