"""Every scenario of tests/scenarios, played through the blocking and the asyncio router."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import expectations
import pytest
import scenario_feedback
import scenario_hooks
from clawrouters import AsyncRouter, ClawRoutersError, Router
from fake import ROOT, Fake, Scripted
from scenario_keys import Ring


@dataclass
class Outcome:
    """What came of one call."""

    reply: Any = None
    chunks: list[Any] = field(default_factory=list)
    error: ClawRoutersError | None = None
    cancelled: bool = False
    ms: float = 0.0
    health: list[Any] = field(default_factory=list)
    ledger: list[Any] = field(default_factory=list)
    entry: Any = None
    quota: dict[str, Any] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    feedback: dict[str, Any] | None = None
    learned: Any = None
    call: int = 0
    stream: bool = False


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


def _filled(value: Any, run: Scripted, folder: Path) -> Any:
    places = {
        "${base}": run.base,
        "${tls}": run.base.replace("http://", "https://"),
        "${refused}": f"http://127.0.0.1:{run.fake.refused}",
        "${silent}": f"http://127.0.0.1:{run.fake.silent}",
        "${tmp}": folder.as_posix(),
    }
    text = json.dumps(value)
    for name, place in places.items():
        # A placeholder may stand for the whole origin or follow a scheme that is written out.
        text = text.replace(name, place)
    return json.loads(text)


@pytest.mark.parametrize(("scenario", "stream", "mode"), _scenarios())
def test_scenario(fake: Fake, scenario: dict[str, Any], stream: bool, mode: str, tmp_path: Path) -> None:
    run = fake.script(scenario.get("script", {"providers": {}}))
    config = _filled(scenario.get("config", {}), run, tmp_path)
    wanted = _list(scenario["expect"])
    request = _list(_filled(scenario["request"], run, tmp_path))
    scenario = {**scenario, "expect": wanted, "request": request}
    if "calls" in scenario:
        scenario["calls"] = _filled(scenario["calls"], run, tmp_path)
    play = _play if mode == "sync" else _play_async
    outcomes, events = play(scenario, config, stream)
    for outcome in outcomes:
        expectations.check_call(wanted[min(outcome.call, len(wanted) - 1)], outcome, outcome.stream)
    for i, question in enumerate(scenario.get("ledger", [])):
        expectations.part_of(question["answer"], outcomes[-1].ledger[i], f"ledger[{i}]")
    expectations.part_of(wanted[-1].get("cache", {}), outcomes[-1].cache, "cache")
    expectations.part_of(wanted[-1].get("learned", {}), outcomes[-1].learned or {}, "learned")
    expectations.check_requests(wanted[-1], run)
    if "budget_events" in wanted[-1]:
        expectations.part_of(wanted[-1]["budget_events"], events, "budget_events")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of(items: list[Any], i: int) -> Any:
    return items[min(i, len(items) - 1)]


def _missing(scenario: dict[str, Any], events: list[Any]) -> bool:
    return len(events) < len(scenario["expect"][-1].get("budget_events", []))


def _calls(scenario: dict[str, Any], stream: bool) -> list[tuple[dict[str, Any], bool]]:
    """The calls of a scenario, each with its own request, and whether it is streamed."""
    calls = scenario.get("calls", [{}] * scenario.get("repeat", 1))
    return [
        (
            {
                **scenario,
                "request": {**_of(scenario["request"], i), **own.get("request", {})},
                "cancel": own.get("cancel", scenario.get("cancel", {})),
                "feedback": own.get("feedback", scenario.get("feedback")),
            },
            own.get("stream", stream),
        )
        for i, own in enumerate(calls)
    ]


def _give_up(cancel: dict[str, Any], chunks: list[Any]) -> bool:
    after = cancel.get("after_chunks")
    return after is not None and sum(map(expectations.has_output, chunks)) >= after


def _opened(router: Any, scenario: dict[str, Any]) -> Any:
    scenario_hooks.add(router, scenario.get("hooks", []))
    return router


def _play(scenario: dict[str, Any], config: Any, stream: bool) -> tuple[list[Outcome], list[Any]]:
    router: Router | None = None
    outcomes: list[Outcome] = []
    events: list[Any] = []
    ring = Ring()

    def make(outcome: Outcome, own: dict[str, Any]) -> None:
        start = time.monotonic()
        try:
            assert router is not None
            _call(router, own, outcome.stream, outcome, ring.key_of(scenario, outcome.call))
        except ClawRoutersError as error:
            outcome.error = error
        except Cancelled:
            outcome.cancelled = True
        outcome.ms = (time.monotonic() - start) * 1000
        outcome.health = router.health() if router else []
        outcome.entry = ring.entry(router)
        for subject in _of(scenario["expect"], outcome.call).get("quota", {}) if router else ():
            outcome.quota[subject] = router.quota(subject).to_dict()
        told = scenario_feedback.due(own, expectations.route_of(outcome))
        try:
            if router and told:
                router.feedback(*told)
        except ClawRoutersError as error:
            outcome.feedback = {"kind": error.kind, "param": error.param}

    try:
        router = _opened(Router(config), scenario)
    except ClawRoutersError as error:
        return [Outcome(error=error)], events
    if "budget_events" in scenario["expect"][-1]:
        router.on_budget(lambda event: events.append(event.to_dict()))
    for i, (own, streamed) in enumerate(_calls(scenario, stream)):
        time.sleep(scenario.get("pause_ms", 0) / 1000 if i else 0)
        try:
            for name, arguments in ring.steps(scenario, i):
                ring.keep(name, arguments, getattr(router.keys, name)(**ring.filled(name, arguments)))
        except ClawRoutersError as error:
            outcomes.append(Outcome(call=i, stream=streamed, error=error))
            continue
        made = [Outcome(call=i, stream=streamed) for _ in range(scenario.get("at_once", 1))]
        outcomes += made
        if len(made) == 1:
            make(made[0], own)
            continue
        with ThreadPoolExecutor(len(made)) as threads:
            list(threads.map(make, made, [own] * len(made)))
    # When all have ended: one of many at once may come before another has counted.
    outcomes[-1].cache = router.cache.stats().to_dict()
    outcomes[-1].ledger = [_answer(router, question["ask"]) for question in scenario.get("ledger", [])]
    if "learned" in scenario["expect"][-1]:
        outcomes[-1].learned = router.learning.export()["models"]
    until = time.monotonic() + 1
    while _missing(scenario, events) and time.monotonic() < until:
        time.sleep(0.02)
    return outcomes, events


def _answer(router: Router, ask: dict[str, Any]) -> Any:
    try:
        return router.usage(**ask).to_dict()
    except ClawRoutersError as error:
        return {"kind": error.kind, "param": error.param}


def _call(router: Router, scenario: dict[str, Any], stream: bool, outcome: Outcome, key: dict[str, str]) -> None:
    cancel = scenario.get("cancel", {})
    if "after_ms" in cancel:
        _alarm(cancel["after_ms"])
    try:
        if scenario.get("operation") == "embed":
            outcome.reply = router.embeddings.create(**scenario["request"], **key)
            return
        answer = router.chat.completions.create(**{**scenario["request"], "stream": stream, **key})
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
        if "after_ms" in cancel:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _alarm(ms: float) -> None:
    """A blocking call is given up by a signal, as by Ctrl-C."""

    def ring(*_: object) -> None:
        raise Cancelled

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, ms / 1000)


def _play_async(scenario: dict[str, Any], config: Any, stream: bool) -> tuple[list[Outcome], list[Any]]:
    ring = Ring()

    async def make(router: AsyncRouter, outcome: Outcome, own: dict[str, Any]) -> None:
        start = time.monotonic()
        after = own.get("cancel", {}).get("after_ms")
        try:
            call = _call_async(router, own, outcome.stream, outcome, ring.key_of(scenario, outcome.call))
            await asyncio.wait_for(call, None if after is None else after / 1000)
        except ClawRoutersError as error:
            outcome.error = error
        except asyncio.TimeoutError:
            outcome.cancelled = True
        outcome.ms = (time.monotonic() - start) * 1000
        outcome.health = router.health()
        outcome.entry = ring.entry(router)
        for subject in _of(scenario["expect"], outcome.call).get("quota", {}):
            outcome.quota[subject] = (await router.quota(subject)).to_dict()
        told = scenario_feedback.due(own, expectations.route_of(outcome))
        try:
            if told:
                await router.feedback(*told)
        except ClawRoutersError as error:
            outcome.feedback = {"kind": error.kind, "param": error.param}

    async def main() -> tuple[list[Outcome], list[Any]]:
        outcomes: list[Outcome] = []
        events: list[Any] = []
        try:
            router = _opened(AsyncRouter(config), scenario)
        except ClawRoutersError as error:
            return [Outcome(error=error)], events
        if "budget_events" in scenario["expect"][-1]:
            router.on_budget(lambda event: events.append(event.to_dict()))
        for i, (own, streamed) in enumerate(_calls(scenario, stream)):
            await asyncio.sleep(scenario.get("pause_ms", 0) / 1000 if i else 0)
            try:
                for name, arguments in ring.steps(scenario, i):
                    ring.keep(name, arguments, await getattr(router.keys, name)(**ring.filled(name, arguments)))
            except ClawRoutersError as error:
                outcomes.append(Outcome(call=i, stream=streamed, error=error))
                continue
            made = [Outcome(call=i, stream=streamed) for _ in range(scenario.get("at_once", 1))]
            outcomes += made
            await asyncio.gather(*(make(router, outcome, own) for outcome in made))
        outcomes[-1].cache = router.cache.stats().to_dict()
        for question in scenario.get("ledger", []):
            try:
                outcomes[-1].ledger.append((await router.usage(**question["ask"])).to_dict())
            except ClawRoutersError as error:
                outcomes[-1].ledger.append({"kind": error.kind, "param": error.param})
        if "learned" in scenario["expect"][-1]:
            outcomes[-1].learned = (await router.learning.export())["models"]
        until = time.monotonic() + 1
        while _missing(scenario, events) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        return outcomes, events

    return asyncio.run(main())


async def _call_async(
    router: AsyncRouter, scenario: dict[str, Any], stream: bool, outcome: Outcome, key: dict[str, str]
) -> None:
    if scenario.get("operation") == "embed":
        outcome.reply = await router.embeddings.create(**scenario["request"], **key)
        return
    answer: Any = await router.chat.completions.create(**{**scenario["request"], "stream": stream, **key})
    if not stream:
        outcome.reply = answer
        return
    async with answer:
        async for chunk in answer:
            outcome.chunks.append(chunk)
            if _give_up(scenario.get("cancel", {}), outcome.chunks):
                outcome.cancelled = True
                return
