"""What every line of the openai package must do through the router's HTTP clients; run by `test_dropins.py`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from clawrouters import AsyncRouter, InvalidConfigError, Router
from conftest import HELLO
from fake import Fake, Scripted
from openai import AsyncOpenAI, OpenAI

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
]


def closed_early(asked: list[dict[str, Any]]) -> bool:
    return len(asked) == 1 and asked[0]["closed_early"] is True


def client(run: Scripted, *names: str, **options: Any) -> OpenAI:
    return OpenAI(api_key="unused", http_client=Router(run.config(*names)).http_client(), **options)


def async_client(run: Scripted, *names: str, **options: Any) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="unused", http_client=AsyncRouter(run.config(*names)).async_http_client(), **options)


def test_the_line_under_test_is_the_one_installed() -> None:
    assert openai.__version__ == os.environ["EXPECTED_OPENAI"]
    http = Router({"providers": {"a": {"kind": "sandbox"}}}).http_client()
    assert type(http).__module__.split(".")[0] == os.environ["EXPECTED_LIBRARY"]


def test_lib_overrides_and_wrong_libs_are_named() -> None:
    router = Router({"providers": {"a": {"kind": "sandbox"}}})
    name = os.environ["EXPECTED_LIBRARY"]
    assert type(router.http_client(lib=name)).__module__.split(".")[0] == name
    with pytest.raises(InvalidConfigError, match="httpx2"):
        router.http_client(lib="requests")


def test_embeddings(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"embed": 2}]}})
    openai_client = client(run)
    answer = openai_client.embeddings.with_raw_response.create(model="alpha/big", input=["hello", "cats"])
    reply = answer.parse()
    assert [item.embedding for item in reply.data] == [[5.0, 1.0], [4.0, 1.0]]
    assert reply.usage.total_tokens == 4
    assert answer.headers["x-clawrouters-model"] == "alpha/big"
    # Four tokens at a dollar a million.
    assert answer.headers["x-clawrouters-cost"] == "0.000004000"
    floats = openai_client.embeddings.create(model="alpha/big", input="hello", encoding_format="float")
    assert floats.data[0].embedding == [5.0, 1.0]
    with pytest.raises(openai.BadRequestError) as caught:
        openai_client.embeddings.create(model="auto", input="hello")
    assert caught.value.param == "model"


def test_async_embeddings(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"embed": 2}]}})

    async def main() -> None:
        reply = await async_client(run).embeddings.create(model="alpha/big", input="hello")
        assert reply.data[0].embedding == [5.0, 1.0]

    asyncio.run(main())


def test_whole(hello: Scripted) -> None:
    reply = client(hello).chat.completions.create(model="alpha/big", messages=HELLO)
    assert reply.choices[0].message.content == "Hello there."
    assert reply.model == "alpha/big"
    assert reply.usage is not None
    extra: Any = reply.model_extra
    assert extra["clawrouters"]["cost"] == pytest.approx(2e-5)
    assert "unused" not in str(hello.requests()[0]["headers"])


def test_headers_say_how_it_went(hello: Scripted) -> None:
    raw = client(hello).chat.completions.with_raw_response.create(model="alpha/big", messages=HELLO)
    assert raw.headers["x-clawrouters-model"] == "alpha/big"
    assert raw.headers["x-clawrouters-provider"] == "alpha"
    assert float(raw.headers["x-clawrouters-cost"]) == pytest.approx(2e-5)
    assert raw.headers["x-request-id"]
    assert raw.parse().choices[0].message.content == "Hello there."


def test_streamed(hello: Scripted) -> None:
    with client(hello).chat.completions.create(model="alpha/big", messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there."
    last: Any = chunks[-1].model_extra
    assert last["clawrouters"]["model"] == "alpha/big"


def test_streams_are_incremental_and_closing_cancels(slow: Scripted) -> None:
    start = time.monotonic()
    stream = client(slow).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    next(iter(stream))
    assert time.monotonic() - start < 1.2
    stream.close()
    assert slow.until(closed_early)[0]["closed_early"] is True


def test_tool_calls_whole_and_streamed(fake: Fake) -> None:
    call = {"id": "call_1", "name": "weather", "arguments": {"city": "Lima"}}
    run = fake.script({"providers": {"alpha": [{"tool_calls": [call]}, {"say": "Sunny."}, {"tool_calls": [call]}]}})
    ai = client(run)
    create: Callable[..., Any] = ai.chat.completions.create
    messages: list[Any] = list(HELLO)
    message = create(model="alpha/big", messages=messages, tools=TOOLS).choices[0].message
    assert message.tool_calls[0].function.arguments.replace(" ", "") == '{"city":"Lima"}'
    messages += [message, {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]
    assert create(model="alpha/big", messages=messages, tools=TOOLS).choices[0].message.content == "Sunny."
    pieces = [
        piece
        for chunk in create(model="alpha/big", messages=HELLO, tools=TOOLS, stream=True)
        for choice in chunk.choices
        for piece in choice.delta.tool_calls or []
    ]
    assert pieces[0].function.name == "weather"
    assert "".join(p.function.arguments or "" for p in pieces).replace(" ", "") == '{"city":"Lima"}'


@pytest.mark.parametrize("stream", [False, True])
def test_failing_over(fake: Fake, stream: bool) -> None:
    run = fake.script({"providers": {"alpha": [{"status": 503, "error": {}}], "beta": [{"say": "Saved."}]}})
    create: Callable[..., Any] = client(run, "alpha", "beta").chat.completions.create
    answer = create(model="pair", messages=HELLO, stream=stream)
    if stream:
        assert "".join(c.choices[0].delta.content or "" for c in answer if c.choices) == "Saved."
    else:
        assert answer.choices[0].message.content == "Saved."
        assert answer.model == "beta/big"
    assert [r["provider"] for r in run.requests()] == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (429, openai.RateLimitError),
        (400, openai.BadRequestError),
    ],
)
def test_errors_are_the_classes_of_the_package(fake: Fake, status: int, cls: type[openai.APIStatusError]) -> None:
    headers = {"retry-after": "30"} if status == 429 else {}
    run = fake.script({"providers": {"alpha": [{"status": status, "headers": headers, "error": {"message": "no"}}]}})
    with pytest.raises(cls) as caught:
        client(run).with_options(timeout=20).chat.completions.create(
            model="alpha/big", messages=HELLO, extra_body={"route": {"deadline_ms": 2000}}
        )
    assert caught.value.status_code == status
    assert isinstance(caught.value.body, dict)


def test_spent_retries_are_not_repeated_by_the_package(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"status": 500, "error": {}}]}})
    with pytest.raises(openai.InternalServerError):
        client(run).chat.completions.create(
            model="alpha/big", messages=HELLO, extra_body={"route": {"deadline_ms": 3000}}
        )
    assert len(run.requests()) == 2


def test_bad_requests_are_the_package_s_own(hello: Scripted) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client(hello).chat.completions.create(model="alpha/big", messages=[])
    assert caught.value.param == "messages"
    with pytest.raises(openai.NotFoundError):
        client(hello).get("/no/such/path", cast_to=object)


def test_the_client_s_timeout_is_honoured(late: Scripted) -> None:
    with pytest.raises(openai.APITimeoutError):
        client(late, timeout=0.2, max_retries=0).chat.completions.create(model="alpha/big", messages=HELLO)
    assert late.until(closed_early)[0]["closed_early"] is True


def test_the_timeout_counts_between_pieces_of_a_stream(slow: Scripted) -> None:
    stream = client(slow, timeout=0.2, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        list(stream.chat.completions.create(model="alpha/big", messages=HELLO, stream=True))


def test_models(hello: Scripted) -> None:
    ids = [m.id for m in client(hello).models.list()]
    assert {"auto", "alpha/big"} <= set(ids)


def test_another_base_url_is_the_same_door(hello: Scripted) -> None:
    ai = client(hello, base_url="http://localhost:1/any/prefix")
    assert ai.chat.completions.create(model="alpha/big", messages=HELLO).choices[0].message.content


def test_broken_stream_raises(fake: Fake) -> None:
    reply = {"say": "one two three", "chunks": 3, "fault": {"kind": "cut", "after_pieces": 2}}
    run = fake.script({"providers": {"alpha": [reply]}})
    with pytest.raises(openai.APIError):
        list(client(run).chat.completions.create(model="alpha/big", messages=HELLO, stream=True))


def test_async_whole_streamed_and_together(hello: Scripted) -> None:
    async def main() -> None:
        async with async_client(hello) as ai:
            reply = await ai.chat.completions.create(model="alpha/big", messages=HELLO)
            assert reply.choices[0].message.content == "Hello there."
            stream = await ai.chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
            text = ""
            async for chunk in stream:
                text += chunk.choices[0].delta.content or "" if chunk.choices else ""
            assert text == "Hello there."
            calls = [ai.chat.completions.create(model="alpha/big", messages=HELLO) for _ in range(10)]
            assert {r.choices[0].message.content for r in await asyncio.gather(*calls)} == {"Hello there."}
            assert "auto" in [m.id async for m in ai.models.list()]

    asyncio.run(main())


def test_async_tool_calls_failing_over_and_errors(fake: Fake) -> None:
    call = {"id": "call_1", "name": "weather", "arguments": {"city": "Lima"}}
    run = fake.script({"providers": {"alpha": [{"status": 503, "error": {}}], "beta": [{"tool_calls": [call]}]}})
    bad = fake.script({"providers": {"alpha": [{"status": 401, "error": {}}]}})

    async def main() -> None:
        ai = async_client(run, "alpha", "beta")
        reply: Any = await ai.chat.completions.create(model="pair", messages=HELLO, tools=TOOLS)
        assert reply.choices[0].message.tool_calls[0].function.name == "weather"
        with pytest.raises(openai.AuthenticationError):
            await async_client(bad).chat.completions.create(model="alpha/big", messages=HELLO)

    asyncio.run(main())


def test_async_closing_cancelling_and_timeouts_close_the_connection(fake: Fake, slow: Scripted, late: Scripted) -> None:
    after = fake.script({"providers": {"alpha": [{"say": "late", "delay_ms": 3000}]}})

    async def main() -> None:
        stream = await async_client(slow).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
        await stream.__anext__()
        await stream.close()
        assert (await asyncio.to_thread(slow.until, closed_early))[0]["closed_early"] is True

        call = async_client(late).chat.completions.create(model="alpha/big", messages=HELLO)
        task = asyncio.ensure_future(call)
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asyncio.to_thread(late.until, closed_early))[0]["closed_early"] is True

        ai = async_client(after, timeout=0.2, max_retries=0)
        with pytest.raises(openai.APITimeoutError):
            await ai.chat.completions.create(model="alpha/big", messages=HELLO)
        assert (await asyncio.to_thread(after.until, closed_early))[0]["closed_early"] is True

    asyncio.run(main())


THREE = ["One ", "two ", "three."]


def broken(kind: str) -> dict[str, Any]:
    return {"chunks": THREE, "fault": {"kind": kind, "after_pieces": 2}}


@pytest.mark.parametrize("kind", ["cut", "reset", "end", "in_stream_error", "malformed"])
def test_a_stream_that_breaks_after_output_is_whole(fake: Fake, kind: str) -> None:
    run = fake.script({"providers": {"alpha": [broken(kind)], "beta": [{"say": "One two three."}]}})
    stream = client(run, "alpha", "beta").chat.completions.create(model="pair", messages=HELLO, stream=True)
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "One two three."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    last: Any = chunks[-1].model_extra
    assert [r["to"] for r in last["clawrouters"]["resumed"]] == ["beta/big"]

    async def main() -> str:
        ai = async_client(run, "alpha", "beta")
        answer = await ai.chat.completions.create(model="pair", messages=HELLO, stream=True)
        return "".join([c.choices[0].delta.content or "" async for c in answer if c.choices])

    assert asyncio.run(main()) == "One two three."


def test_malformed_chunks_can_be_left_out(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [broken("malformed")]}})
    stream = client(run).chat.completions.create(
        model="alpha/big", messages=HELLO, stream=True, extra_body={"route": {"on_malformed": "skip"}}
    )
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "One two three."
    assert len(run.requests()) == 1


def test_a_stream_that_nobody_completes_ends_in_the_sdks_error(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [broken("cut"), {"status": 500, "error": {}}]}})
    stream = client(run).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    pieces: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        pieces.extend(c.choices[0].delta.content or "" for c in stream)
    assert "".join(pieces) == "One two "
    assert caught.value.code == "StreamInterrupted"
    body: Any = caught.value.body
    assert body["clawrouters"]["partial"]["text"] == "One two "


def test_restart_needs_the_typed_interface(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [broken("cut")], "beta": [{"say": "One two three."}]}})
    with pytest.raises(openai.BadRequestError) as caught:
        client(run, "alpha", "beta").chat.completions.create(
            model="pair", messages=HELLO, stream=True, extra_body={"route": {"on_interrupt": "restart"}}
        )
    assert caught.value.param == "route.on_interrupt"
    router = Router(run.config("alpha", "beta", on_interrupt="restart"))
    ai = OpenAI(api_key="unused", http_client=router.http_client())
    stream = ai.chat.completions.create(model="pair", messages=HELLO, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "One two three."


def test_the_package_s_api_key_is_the_caller_s_key(hello: Scripted) -> None:
    router = Router(hello.config(keys={"memory": True}))
    key = router.keys.create(models=["alpha/big"])
    ai = OpenAI(api_key=key.secret, http_client=router.http_client())
    assert ai.chat.completions.create(model="alpha/big", messages=HELLO).choices[0].message.content == "Hello there."
    assert {m.id for m in ai.models.list() if not m.id.startswith("auto")} <= {"alpha/big", "pair"}
    with pytest.raises(openai.PermissionDeniedError):
        ai.chat.completions.create(model="alpha/other", messages=HELLO)
    stranger = OpenAI(api_key="sk-unused", http_client=router.http_client())
    with pytest.raises(openai.AuthenticationError) as refused:
        stranger.chat.completions.create(model="alpha/big", messages=HELLO)
    assert refused.value.code == "key_malformed"
    assert router.entries()[-1].caller == key.id
