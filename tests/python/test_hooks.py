"""Hooks: what they may do, how they fail, where they run, on both routers and through the drop-in."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from typing import Any

import clawrouters
import pytest
from clawrouters import AsyncRouter, ContentRefusedError, PermissionDeniedError, Router

SANDBOX = {"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}}
MODEL = "openai/gpt-5.4"
HELLO = [{"role": "user", "content": "Name a colour."}]
WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


def ask(router: Router, **params: Any) -> Any:
    return router.chat.completions.create(**{"messages": HELLO, "model": MODEL, **params})


def drain(stream: Any) -> str:
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


def with_hooks(**settings: Any) -> Router:
    return Router({**SANDBOX, "hooks": settings} if settings else SANDBOX)


@pytest.mark.parametrize("stream", [False, True])
def test_a_before_hook_changes_and_labels_the_request(stream: bool) -> None:
    router = with_hooks()
    seen: list[Any] = []

    @router.before_request
    def first(request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request)
        return {"request": {**request, "temperature": 0.5}, "tags": {"first": "yes"}}

    @router.before_request
    def second(request: dict[str, Any], context: dict[str, Any]) -> None:
        seen.append((request, context))

    reply = ask(router, stream=stream, route={"tags": {"own": "1"}})
    if stream:
        assert drain(reply)
    assert seen[0]["messages"] == HELLO
    assert seen[0]["route"] == {"tags": {"own": "1"}}
    request, context = seen[1]
    assert request["temperature"] == 0.5
    assert request["route"]["tags"] == {"own": "1", "first": "yes"}
    assert context["stage"] == "before"
    assert context["operation"] == "chat"
    assert context["caller"] == "anonymous"
    assert context["stream"] is stream
    router.flush()
    assert dict(router.entries()[0].tags) == {"own": "1", "first": "yes"}


def test_the_changed_request_is_the_one_that_is_routed() -> None:
    router = with_hooks()
    router.before_request(lambda request: {**request, "model": MODEL})
    reply = ask(router, model="no/such-model")
    assert reply.clawrouters.model == MODEL
    assert reply.clawrouters.model_requested == MODEL


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("error", [ContentRefusedError, PermissionDeniedError])
def test_a_before_hook_refuses(stream: bool, error: type[Exception]) -> None:
    router = with_hooks()

    @router.before_request
    def no(request: dict[str, Any]) -> None:
        raise error("not in this house")

    with pytest.raises(error, match="not in this house") as caught:
        ask(router, stream=stream)
    assert caught.value.code == "hook"
    router.flush()
    (entry,) = router.entries()
    assert entry.error == error.kind
    assert entry.attempts == []


def test_an_after_hook_changes_labels_and_refuses_whole_answers() -> None:
    router = with_hooks()

    @router.after_response
    def shout(reply: dict[str, Any]) -> dict[str, Any]:
        assert reply["clawrouters"]["model"] == MODEL
        reply["choices"][0]["message"]["content"] = "SHOUTED"
        return {"reply": reply, "tags": {"shouted": "yes"}}

    reply = ask(router)
    assert reply.choices[0].message.content == "SHOUTED"
    assert reply.clawrouters.model == MODEL
    assert reply.clawrouters.cost is not None
    router.flush()
    assert dict(router.entries()[0].tags) == {"shouted": "yes"}
    router.after_response(lambda reply: {"refuse": "no shouting", "kind": "Forbidden"})
    with pytest.raises(PermissionDeniedError, match="no shouting") as caught:
        ask(router)
    assert [a.verdict for a in caught.value.attempts] == ["ok"]
    router.flush()
    assert router.entries()[1].error == "Forbidden"
    assert router.entries()[1].usage.output > 0, "what was answered is paid for"


def test_an_after_hook_sees_a_stream_as_a_reply_and_labels_or_refuses_it_late() -> None:
    router = with_hooks()
    seen: list[Any] = []

    @router.after_response
    def look(reply: dict[str, Any], context: dict[str, Any]) -> dict[str, Any] | None:
        seen.append((reply, context))
        if len(seen) > 1:
            raise ContentRefusedError("too late, but no")
        return {"tags": {"seen": "1"}}

    text = drain(ask(router, stream=True))
    reply, context = seen[0]
    assert reply["object"] == "chat.completion"
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": text}
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["completion_tokens"] > 0
    assert context["stream"] is True
    assert context["request_id"]
    router.flush()
    assert dict(router.entries()[0].tags) == {"seen": "1"}
    got: list[str] = []
    with pytest.raises(ContentRefusedError, match="too late") as caught:
        got.extend(c.choices[0].delta.content or "" for c in ask(router, stream=True) if c.choices)
    assert caught.value.partial is not None
    assert caught.value.partial.text == text
    router.flush()
    assert router.entries()[1].error == "ContentRefused"


FAILURES = [
    (lambda request: 1 / 0, "raised ZeroDivisionError"),
    (lambda request: 7, "returned neither"),
    (lambda request: {**request, "messages": "no list"}, "not valid at messages"),
    (lambda request: {"messages": "no list"}, "not valid at model"),
    (lambda request: {"messages": {1, 2}}, "JSON cannot carry"),
    (lambda request: {"request": {**request, "temperature": float("nan")}}, "JSON cannot carry"),
    (lambda request: time.sleep(30), "took longer than 150 ms"),
    (lambda request: asyncio.sleep(30), "took longer than 150 ms"),
]


@pytest.mark.parametrize(("hook", "what"), FAILURES)
def test_what_fails_refuses_or_passes_as_the_policy_says(
    hook: Any, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "clawrouters")
    router = with_hooks(timeout_ms=150)
    router.before_request(hook, name="guard")
    begun = time.monotonic()
    with pytest.raises(PermissionDeniedError, match=f"the hook guard {what}|the hook guard .*{what}") as caught:
        ask(router)
    assert time.monotonic() - begun < 10
    assert caught.value.code == "hook_failed"
    assert "colour" not in str(caught.value)
    passing = with_hooks(timeout_ms=150, on_failure="pass")
    passing.before_request(hook)
    assert ask(passing).choices[0].message.content


def test_one_hook_may_have_its_own_policy_and_time() -> None:
    router = with_hooks(timeout_ms=60_000)
    router.before_request(lambda request: time.sleep(30), on_failure="pass", timeout_ms=100)
    begun = time.monotonic()
    assert ask(router).choices[0].message.content
    assert time.monotonic() - begun < 10
    with pytest.raises(clawrouters.InvalidRequestError, match="on_failure"):
        router.before_request(print, on_failure="maybe")
    with pytest.raises(clawrouters.InvalidRequestError, match="timeout_ms"):
        router.before_request(print, timeout_ms=0)
    with pytest.raises(TypeError):
        router.before_request("no function")


def test_coroutine_functions_work_on_the_blocking_router_also_inside_a_running_loop() -> None:
    router = with_hooks()
    seen: list[str] = []

    @router.before_request
    async def look(request: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        seen.append(WHO.get())

    WHO.set("me")
    ask(router)

    async def inside() -> None:
        ask(router)

    asyncio.run(inside())
    assert seen == ["me", "me"], "hooks run in the context of the caller"


def test_hooks_run_in_the_context_of_the_caller_and_may_call_the_router() -> None:
    router = with_hooks()
    seen: list[str] = []

    def look(request: dict[str, Any]) -> None:
        seen.append(WHO.get())
        if len(seen) == 1:
            ask(router)

    router.before_request(look)
    WHO.set("caller")
    ask(router)
    assert seen == ["caller", "caller"]


def test_async_router_awaits_on_the_callers_loop_and_puts_functions_on_threads() -> None:
    async def main() -> None:
        router = AsyncRouter(SANDBOX)
        home = threading.get_ident()
        seen: list[tuple[str, bool, str]] = []

        @router.before_request
        async def awaited(request: dict[str, Any]) -> None:
            await asyncio.sleep(0.01)
            seen.append(("awaited", threading.get_ident() == home, WHO.get()))

        @router.before_request
        def plain(request: dict[str, Any]) -> None:
            time.sleep(0.01)
            seen.append(("plain", threading.get_ident() == home, WHO.get()))

        WHO.set("task")
        await router.chat.completions.create(messages=HELLO, model=MODEL)
        assert seen == [("awaited", True, "task"), ("plain", False, "task")]
        stream = await router.chat.completions.create(messages=HELLO, model=MODEL, stream=True)
        assert [c async for c in stream]
        assert len(seen) == 4
        many = [router.chat.completions.create(messages=HELLO, model=MODEL) for _ in range(50)]
        await asyncio.gather(*many)
        assert len(seen) == 104
        await router.close()

    asyncio.run(main())


def test_a_cancelled_call_ends_its_hook() -> None:
    async def main() -> None:
        router = AsyncRouter(SANDBOX)
        ended = asyncio.Event()

        @router.before_request
        async def slow(request: dict[str, Any]) -> None:
            try:
                await asyncio.sleep(30)
            finally:
                ended.set()

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(router.chat.completions.create(messages=HELLO, model=MODEL), 0.1)
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(main())


def test_a_slow_reader_is_not_the_hooks_time() -> None:
    router = with_hooks(timeout_ms=200)
    router.after_response(lambda reply: {"tags": {"seen": "1"}})
    stream = ask(router, stream=True)
    first = next(iter(stream))
    assert first
    time.sleep(0.6)
    for _ in stream:
        time.sleep(0.02)
    router.flush()
    assert dict(router.entries()[0].tags) == {"seen": "1"}


def test_embeddings_are_seen_before_they_are_sent() -> None:
    router = with_hooks()
    seen: list[Any] = []
    router.before_request(lambda request, context: seen.append((request, context["operation"])))
    with pytest.raises(clawrouters.ClawRoutersError):
        router.embed(model="no/such-model", input="a cat")
    assert seen == [({"model": "no/such-model", "input": "a cat"}, "embeddings")]


@pytest.mark.parametrize("stream", [False, True])
def test_hooks_hold_for_the_drop_in(stream: bool) -> None:
    openai = pytest.importorskip("openai")
    router = with_hooks()
    client = openai.OpenAI(http_client=router.http_client(), api_key="unused", base_url="http://router/v1")
    router.before_request(lambda request: {**request, "model": MODEL})
    reply = client.chat.completions.create(model="gpt-anything", messages=HELLO, stream=stream)
    if stream:
        assert "".join(c.choices[0].delta.content or "" for c in reply if c.choices)
    else:
        assert reply.choices[0].message.content

    @router.before_request
    def no(request: dict[str, Any]) -> None:
        raise PermissionDeniedError("closed today")

    with pytest.raises(openai.PermissionDeniedError, match="closed today"):
        client.chat.completions.create(model="gpt-anything", messages=HELLO, stream=stream)


def test_close_forgets_hooks() -> None:
    router = with_hooks()

    class Held:
        pass

    import gc
    import weakref

    held = Held()
    alive = weakref.ref(held)
    router.before_request(lambda request, held=held: None)
    del held
    router.close()
    gc.collect()
    for _ in range(100):
        if alive() is None:
            break
        time.sleep(0.01)
    assert alive() is None
