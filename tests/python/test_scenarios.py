"""Every scenario of tests/scenarios, played through the blocking and the asyncio router."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field
from typing import Any

import expectations
import pytest
from clawrouters import AsyncRouter, ClawRoutersError, Router
from fake import ROOT, Fake, Scripted


@dataclass
class Outcome:
    """What came of one call."""

    reply: Any = None
    chunks: list[Any] = field(default_factory=list)
    error: ClawRoutersError | None = None
    cancelled: bool = False
    ms: float = 0.0
    health: list[Any] = field(default_factory=list)
    quota: dict[str, Any] = field(default_factory=dict)


class Cancelled(Exception):
    """The caller gives up."""


def _scenarios() -> list[Any]:
    cases = []
    for path in sorted((ROOT / "tests" / "scenarios").glob("*.json")):
        for scenario in json.loads(path.read_text(encoding="utf-8")):
            streams = {True: [True], False: [False]}.get(scenario.get("stream", "both"), [False, True])
            if scenario.get("operation") == "embed":
                streams = [False]
            for stream in streams:
                for mode in ("sync", "async"):
                    name = f"{path.stem}: {scenario['name']} [{'stream' if stream else 'whole'}, {mode}]"
                    cases.append(pytest.param(scenario, stream, mode, id=name))
    return cases


def _filled(value: Any, run: Scripted) -> Any:
    places = {
        "${base}": run.base,
        "${tls}": run.base.replace("http://", "https://"),
        "${refused}": f"http://127.0.0.1:{run.fake.refused}",
        "${silent}": f"http://127.0.0.1:{run.fake.silent}",
    }
    text = json.dumps(value)
    for name, place in places.items():
        # A placeholder may stand for the whole origin or follow a scheme that is written out.
        text = text.replace(name, place)
    return json.loads(text)


@pytest.mark.parametrize(("scenario", "stream", "mode"), _scenarios())
def test_scenario(fake: Fake, scenario: dict[str, Any], stream: bool, mode: str) -> None:
    run = fake.script(scenario.get("script", {"providers": {}}))
    config = _filled(scenario.get("config", {}), run)
    wanted = _list(scenario["expect"])
    scenario = {**scenario, "expect": wanted, "request": _list(_filled(scenario["request"], run))}
    play = _play if mode == "sync" else _play_async
    outcomes, events = play(scenario, config, stream)
    for i, outcome in enumerate(outcomes):
        expectations.check_call(wanted[min(i, len(wanted) - 1)], outcome, stream)
    expectations.check_requests(wanted[-1], run)
    if "budget_events" in wanted[-1]:
        expectations.part_of(wanted[-1]["budget_events"], events, "budget_events")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of(items: list[Any], i: int) -> Any:
    return items[min(i, len(items) - 1)]


def _missing(scenario: dict[str, Any], events: list[Any]) -> bool:
    return len(events) < len(scenario["expect"][-1].get("budget_events", []))


def _give_up(cancel: dict[str, Any], chunks: list[Any]) -> bool:
    after = cancel.get("after_chunks")
    return after is not None and sum(map(expectations.has_output, chunks)) >= after


def _play(scenario: dict[str, Any], config: Any, stream: bool) -> tuple[list[Outcome], list[Any]]:
    router, outcomes, events = None, [], []
    for i in range(scenario.get("repeat", 1)):
        time.sleep(scenario.get("pause_ms", 0) / 1000 if i else 0)
        outcome = Outcome()
        outcomes.append(outcome)
        start = time.monotonic()
        try:
            if router is None:
                router = Router(config)
                if "budget_events" in scenario["expect"][-1]:
                    router.on_budget(lambda event: events.append(event.to_dict()))
            _call(router, {**scenario, "request": _of(scenario["request"], i)}, stream, outcome)
        except ClawRoutersError as error:
            outcome.error = error
        except Cancelled:
            outcome.cancelled = True
        outcome.ms = (time.monotonic() - start) * 1000
        outcome.health = router.health() if router else []
        for subject in _of(scenario["expect"], i).get("quota", {}) if router else ():
            outcome.quota[subject] = router.quota(subject).to_dict()
    until = time.monotonic() + 1
    while _missing(scenario, events) and time.monotonic() < until:
        time.sleep(0.02)
    return outcomes, events


def _call(router: Router, scenario: dict[str, Any], stream: bool, outcome: Outcome) -> None:
    cancel = scenario.get("cancel", {})
    if "after_ms" in cancel:
        _alarm(cancel["after_ms"])
    try:
        if scenario.get("operation") == "embed":
            outcome.reply = router.embeddings.create(**scenario["request"])
            return
        answer = router.chat.completions.create(**{**scenario["request"], "stream": stream})
        if not stream:
            outcome.reply = answer
            return
        with answer:
            for chunk in answer:
                outcome.chunks.append(chunk)
                if _give_up(cancel, outcome.chunks):
                    outcome.cancelled = True
                    return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _alarm(ms: float) -> None:
    """A blocking call is given up by a signal, as by Ctrl-C."""

    def ring(*_: object) -> None:
        raise Cancelled

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, ms / 1000)


def _play_async(scenario: dict[str, Any], config: Any, stream: bool) -> tuple[list[Outcome], list[Any]]:
    async def main() -> tuple[list[Outcome], list[Any]]:
        router, outcomes, events = None, [], []
        for i in range(scenario.get("repeat", 1)):
            await asyncio.sleep(scenario.get("pause_ms", 0) / 1000 if i else 0)
            outcome = Outcome()
            outcomes.append(outcome)
            start = time.monotonic()
            after = scenario.get("cancel", {}).get("after_ms")
            try:
                if router is None:
                    router = AsyncRouter(config)
                    if "budget_events" in scenario["expect"][-1]:
                        router.on_budget(lambda event: events.append(event.to_dict()))
                call = _call_async(router, {**scenario, "request": _of(scenario["request"], i)}, stream, outcome)
                await asyncio.wait_for(call, None if after is None else after / 1000)
            except ClawRoutersError as error:
                outcome.error = error
            except asyncio.TimeoutError:
                outcome.cancelled = True
            outcome.ms = (time.monotonic() - start) * 1000
            outcome.health = router.health() if router else []
            for subject in _of(scenario["expect"], i).get("quota", {}) if router else ():
                outcome.quota[subject] = (await router.quota(subject)).to_dict()
        until = time.monotonic() + 1
        while _missing(scenario, events) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        return outcomes, events

    return asyncio.run(main())


async def _call_async(router: AsyncRouter, scenario: dict[str, Any], stream: bool, outcome: Outcome) -> None:
    if scenario.get("operation") == "embed":
        outcome.reply = await router.embeddings.create(**scenario["request"])
        return
    answer: Any = await router.chat.completions.create(**{**scenario["request"], "stream": stream})
    if not stream:
        outcome.reply = answer
        return
    async with answer:
        async for chunk in answer:
            outcome.chunks.append(chunk)
            if _give_up(scenario.get("cancel", {}), outcome.chunks):
                outcome.cancelled = True
                return
