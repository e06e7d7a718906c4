"""Whole calls: requests in every form that Python gives them, replies as views."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from clawrouters import AsyncRouter, InvalidConfigError, InvalidRequestError, Router
from conftest import HELLO
from fake import Fake, Scripted


def test_reply_reads_by_attribute_item_and_dict(hello: Scripted) -> None:
    with Router(hello.config()) as router:
        reply = router.chat.completions.create(model="alpha/big", messages=HELLO)
    assert reply.choices[0].message.content == "Hello there."
    assert reply["choices"][0]["message"]["content"] == "Hello there."
    assert reply.text == "Hello there."
    assert reply.to_dict()["choices"][0]["message"]["content"] == "Hello there."
    assert reply.object == "chat.completion"
    assert reply.model == "alpha/big"
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 10
    assert "clawrouters" in reply
    assert "nothing" not in reply


def test_absent_optional_fields_read_as_none_and_others_do_not_exist(hello: Scripted) -> None:
    reply = Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    assert reply.choices[0].message.tool_calls is None
    assert reply.choices[0].message.refusal is None
    assert reply.choices[0].message.audio is None
    assert reply.model_dump()["choices"][0]["message"]["audio"] is None
    assert "audio" not in reply.model_dump(exclude_none=True)["choices"][0]["message"]
    assert "audio" not in reply.to_dict()["choices"][0]["message"]
    with pytest.raises(AttributeError, match="no_such_field"):
        _ = reply.no_such_field
    with pytest.raises(KeyError):
        reply["no_such_field"]


def test_unknown_reply_fields_are_reachable(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi", "extra": {"vendor": {"trace": [1, 2]}}}]}})
    reply = Router(run.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    assert reply.vendor.trace == [1, 2]


def test_route_says_how_the_reply_was_made(hello: Scripted) -> None:
    reply = Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    route = reply.route
    assert route == reply.clawrouters
    assert (route.model, route.provider, route.sandbox) == ("alpha/big", "alpha", False)
    assert route.cost == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)
    assert [(a.target, a.verdict, a.status) for a in route.attempts] == [("alpha/big", "ok", 200)]
    assert route.task is None
    assert route.latency_ms > 0


def test_replies_copy_and_pickle(hello: Scripted) -> None:
    reply = Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    assert pickle.loads(pickle.dumps(reply)) == reply
    assert copy.deepcopy(reply).choices[0].message.content == "Hello there."
    unread = Router(hello.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    assert pickle.loads(pickle.dumps(unread)).text == "Hello there."


def test_a_reply_message_goes_back_in_as_it_is(fake: Fake) -> None:
    call = {"id": "call_1", "name": "look", "arguments": {"at": "sky"}}
    run = fake.script({"providers": {"alpha": [{"tool_calls": [call]}, {"say": "Blue."}]}})
    router = Router(run.config())
    tools: list[Any] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    messages: list[Any] = list(HELLO)
    first = router.chat.completions.create(model="alpha/big", messages=messages, tools=tools)
    asked = first.choices[0].message.tool_calls
    assert asked is not None
    assert asked[0].function.name == "look"
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": asked[0].id, "content": "blue"}]
    second = router.chat.completions.create(model="alpha/big", messages=messages, tools=tools)
    assert second.text == "Blue."
    sent = run.requests()[1]["body"]["messages"]
    assert sent[1]["tool_calls"][0]["id"] == "call_1"


def test_foreign_models_dataclasses_and_tuples_are_written_as_json(hello: Scripted) -> None:
    from openai.types.chat import ChatCompletionMessage

    @dataclass
    class Turn:
        role: str
        content: str

    router = Router(hello.config())
    openai_message = ChatCompletionMessage(role="assistant", content="Earlier.")
    router.chat.completions.create(
        model="alpha/big", messages=(HELLO[0], openai_message, Turn("user", "Again.")), stop=("END",)
    )
    body = hello.requests()[0]["body"]
    assert [m["content"] for m in body["messages"]] == ["Say hello.", "Earlier.", "Again."]
    assert body["stop"] == ["END"]


def test_openai_markers_for_not_given_are_left_out(hello: Scripted) -> None:
    from openai import NOT_GIVEN, omit

    router = Router(hello.config())
    params: dict[str, Any] = {"temperature": NOT_GIVEN, "top_p": omit, "seed": 7}
    router.chat.completions.create(model="alpha/big", messages=HELLO, **params)
    body = hello.requests()[0]["body"]
    assert body["seed"] == 7
    assert "temperature" not in body
    assert "top_p" not in body


def test_unknown_keywords_and_extra_body_reach_the_provider(hello: Scripted) -> None:
    router = Router(hello.config())
    extra = {"top_k": 5, "seed": 2}
    create: Any = router.chat.completions.create
    create(model="alpha/big", messages=HELLO, seed=1, min_p=0.1, extra_body=extra)
    body = hello.requests()[0]["body"]
    assert (body["top_k"], body["seed"], body["min_p"]) == (5, 2, 0.1)


class Odd:
    pass


def _loop() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    ("params", "param", "said"),
    [
        ({"temperature": float("nan")}, "temperature", "NaN"),
        ({"temperature": float("inf")}, "temperature", "finite"),
        ({"logit_bias": {"50": float("nan")}}, "logit_bias.50", "NaN"),
        ({"messages": [{"role": "user", "content": "bad \ud800 text"}]}, "messages[0].content", "surrogate"),
        ({"user": "\udfff"}, "user", "surrogate"),
        ({"metadata": {"\ud800": "x"}}, "metadata", "surrogate"),
        ({"metadata": {"x": Odd()}}, "metadata.x", "Odd"),
        ({"metadata": {"x": b"bytes"}}, "metadata.x", "bytes"),
        ({"metadata": {("a", 1): "x"}}, "metadata", "tuple"),
        ({"metadata": _loop()}, "metadata", "holds itself"),
        ({"response_format": Odd}, "response_format", "type"),
        ({"messages": []}, "messages", "at least one"),
        ({"messages": "Hi"}, "messages", "list"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "one of"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]},
            "messages[0].tool_call_id",
            "tool call",
        ),
        ({"model": ""}, "model", "required"),
        ({"model": 5}, "model", "string"),
        ({"stream": "yes"}, "stream", "true or false"),
        ({"timeout": 0}, "timeout", "above 0"),
        ({"timeout": float("nan")}, "timeout", "above 0"),
        ({"timeout": "5"}, "timeout", "number of seconds"),
        ({"extra_body": 5}, "extra_body", "mapping"),
        ({"extra_headers": {"x": "y"}}, "extra_headers", "configuration"),
        ({"route": {"stratgy": "best"}}, "route", "stratgy"),
    ],
)
def test_bad_requests_name_the_field_and_send_nothing(
    hello: Scripted, params: dict[str, Any], param: str, said: str
) -> None:
    router = Router(hello.config())
    call: dict[str, Any] = {"model": "alpha/big", "messages": HELLO, **params}
    with pytest.raises(InvalidRequestError, match=said) as caught:
        router.chat.completions.create(**call)
    assert caught.value.param is not None
    assert caught.value.param.startswith(param)
    assert caught.value.status_code == 400
    assert hello.requests() == []


def test_a_prompt_of_fifty_megabytes_is_refused(hello: Scripted) -> None:
    with pytest.raises(InvalidRequestError, match="messages"):
        Router(hello.config()).chat.completions.create(
            model="alpha/big", messages=[{"role": "user", "content": "x" * 50_000_000}]
        )
    assert hello.requests() == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"stratgy": "best"}, "stratgy"),
        ({"strategy": 5}, "strategy"),
        ({"timeouts": {"connect_ms": float("nan")}}, "timeouts.connect_ms"),
        (5, "config"),
        ("/no/such/file.toml", "config"),
    ],
)
def test_bad_configurations_name_the_key(config: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=said):
        Router(config)


def test_a_toml_file_configures_the_same(hello: Scripted, tmp_path: Any) -> None:
    path = tmp_path / "router.toml"
    path.write_text(
        f'[providers.alpha]\nkind = "openai"\nbase_url = "{hello.base}/alpha/v1"\napi_key = "k"\n', encoding="utf-8"
    )
    for given in (path, str(path)):
        reply = Router(given).chat.completions.create(model="alpha/any-model", messages=HELLO)
        assert reply.text == "Hello there."


def test_classify_and_explain_take_the_keywords_of_create(hello: Scripted) -> None:
    router = Router(hello.config())
    messages: list[Any] = [{"role": "user", "content": "Translate into French: good morning"}]
    task = router.classify(messages=messages, temperature=0.1)
    assert task.kind == "translation"
    assert 0 <= task.difficulty <= 1
    plan = router.explain(messages=messages, model="pair", route={"strategy": "cheapest"}, timeout=5)
    assert [c.model for c in plan.candidates] == ["alpha/big"]
    assert hello.requests() == []


def test_models_are_listed_in_the_openai_shape(hello: Scripted) -> None:
    listed = Router(hello.config()).models.list()
    ids = [model.id for model in listed]
    assert {"auto", "auto:cheapest", "pair", "alpha/big"} <= set(ids)
    assert listed.object == "list"
    assert len(listed) == len(listed.data) == len(ids)


def test_entries_are_the_closed_requests(hello: Scripted) -> None:
    router = Router(hello.config())
    router.chat.completions.create(model="alpha/big", messages=HELLO, route={"tags": {"team": "red"}})
    router.flush()
    (entry,) = router.entries()
    assert entry.model == "alpha/big"
    assert entry.tags.team == "red"
    assert entry.error is None


def test_a_closed_router_refuses_calls(hello: Scripted) -> None:
    with Router(hello.config()) as router:
        router.chat.completions.create(model="alpha/big", messages=HELLO)
    with pytest.raises(InvalidRequestError, match="closed"):
        router.chat.completions.create(model="alpha/big", messages=HELLO)
    assert len(router.entries()) == 1


def test_timeout_is_the_deadline_of_the_call(late: Scripted) -> None:
    from clawrouters import APITimeoutError

    with pytest.raises(APITimeoutError) as caught:
        Router(late.config()).chat.completions.create(model="alpha/big", messages=HELLO, timeout=0.2)
    assert caught.value.kind == "Timeout"


def test_from_env_offers_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWROUTERS_SANDBOX", "1")
    for router in (Router.from_env(), Router()):
        reply = router.chat.completions.create(messages=HELLO)
        assert reply.route.sandbox is True
        assert reply.text
    assert AsyncRouter.from_env().entries() == []


def test_without_any_key_the_error_names_both_fixes() -> None:
    with pytest.raises(InvalidConfigError, match="CLAWROUTERS_SANDBOX") as caught:
        Router.from_env().chat.completions.create(messages=HELLO)
    assert "API_KEY" in str(caught.value) or "key" in str(caught.value)
