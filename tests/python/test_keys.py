"""Keys of callers in Python's terms: the drop-in, both routers, moments, what is printed, a file and a fork."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from clawrouters import (
    AsyncRouter,
    AuthenticationError,
    InvalidConfigError,
    InvalidRequestError,
    PermissionDeniedError,
    Router,
)
from conftest import HELLO
from fake import Scripted


def keyed(hello: Scripted, **keys: Any) -> dict[str, Any]:
    return {**hello.config(), "keys": keys or {"memory": True}}


def test_a_key_is_made_listed_changed_and_ended(hello: Scripted) -> None:
    router = Router(keyed(hello))
    end = datetime(2027, 1, 31, 12, tzinfo=timezone.utc)
    key = router.keys.create(name="acme", tags={"team": "x"}, limits={"requests_per_minute": 60}, expires_at=end)
    assert key.id.startswith("key_")
    assert key.secret.startswith("cr_")
    assert len(key.secret) == 52
    assert key.expires_at == "2027-01-31T12:00:00Z"
    assert key.limits.requests_per_minute == 60
    (listed,) = router.keys.list()
    assert "secret" not in listed
    assert (listed.id, listed.name, listed.hint) == (key.id, "acme", f"{key.secret[:7]}...")
    assert router.keys.update(key.id, name=None, owner="o").name is None
    found = router.keys.get(key.id)
    assert found is not None
    assert (found.owner, found.tags.team, found.disabled) == ("o", "x", False)
    assert router.keys.disable(key.id).disabled
    with pytest.raises(AuthenticationError) as refused:
        router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=key.secret)
    assert refused.value.code == "key_disabled"
    router.keys.enable(key.id)
    newer = router.keys.rotate(key.id, grace_s=60)
    for secret in (key.secret, newer.secret):
        reply = router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=secret)
        assert reply.text == "Hello there."
    assert router.keys.delete(key.id)
    assert not router.keys.delete(key.id)
    assert router.keys.get(key.id) is None
    assert router.entries()[-1].caller == key.id


def test_a_secret_is_not_shown_by_accident(hello: Scripted) -> None:
    key = Router(keyed(hello)).keys.create(name="acme")
    assert key.secret not in repr(key)
    assert key.secret not in str(key)
    assert pickle.loads(pickle.dumps(key)).secret == key.secret


def test_bad_arguments_name_the_field(hello: Scripted) -> None:
    router = Router(keyed(hello))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"expires_at": datetime(2027, 1, 31)}, "expires_at"),
        ({"models": ["nobody/knows"]}, "models[0]"),
        ({"nonsense": 1}, "nonsense"),
    ]
    for settings, field in cases:
        with pytest.raises(InvalidRequestError) as fault:
            router.keys.create(**settings)
        assert fault.value.param == field
    with pytest.raises(InvalidRequestError) as fault:
        router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=5)  # type: ignore[call-overload]
    assert fault.value.param == "api_key"
    with pytest.raises(InvalidConfigError):
        Router(hello.config()).keys.list()


def test_models_and_plans_are_those_of_the_key(hello: Scripted) -> None:
    router = Router(keyed(hello))
    key = router.keys.create(models=["alpha/big"], strategies=["best"])
    names = [model.id for model in router.models.list(api_key=key.secret).data]
    assert "alpha/big" in names
    assert "auto:cheapest" not in names
    assert all(name.startswith(("auto", "alpha/big", "pair")) for name in names)
    plan = router.explain(model="alpha/big", messages=HELLO, api_key=key.secret)
    assert plan.model == "alpha/big"
    with pytest.raises(PermissionDeniedError):
        router.explain(model="auto:cheapest", messages=HELLO, api_key=key.secret)
    with pytest.raises(AuthenticationError):
        router.explain(model="alpha/big", messages=HELLO)


def test_the_asyncio_router_has_the_same_calls(hello: Scripted) -> None:
    async def main() -> None:
        router = AsyncRouter(keyed(hello))
        key = await router.keys.create(name="a")
        reply = await router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=key.secret)
        assert reply.text == "Hello there."
        await router.keys.update(key.id, owner="o")
        assert [k.owner for k in await router.keys.list()] == ["o"]
        newer = await router.keys.rotate(key.id)
        with pytest.raises(AuthenticationError):
            await router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=key.secret)
        await router.keys.disable(key.id)
        await router.keys.enable(key.id)
        assert (await router.keys.get(key.id)) is not None
        await router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=newer.secret)
        assert await router.keys.delete(key.id)

    asyncio.run(main())


def knock(router: Router, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any]:
    """Status and JSON of the door, as the drop-in clients get them."""
    method, data = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    feed = router._native.door(method, f"http://router/v1{path}", sent, data)
    items: list[Any] = []
    while (batch := feed.take()) is not None:
        items.extend(batch)
    (status, _), *pieces = items
    return status, json.loads(b"".join(pieces))


def test_the_bearer_of_a_drop_in_is_the_key(hello: Scripted) -> None:
    router = Router(keyed(hello))
    key = router.keys.create(models=["alpha/big"])
    bearer = {"authorization": f"Bearer {key.secret}"}

    def ask(headers: dict[str, str], model: str = "alpha/big") -> tuple[int, Any]:
        return knock(router, "/chat/completions", headers, {"model": model, "messages": HELLO})

    assert ask(bearer)[0] == 200
    assert ask({"x-api-key": key.secret})[0] == 200
    for headers in ({}, {"authorization": "Bearer sk-unused"}):
        status, refused = ask(headers)
        assert (status, refused["error"]["type"]) == (401, "authentication_error")
    assert ask(bearer, "alpha/other")[0] == 403
    assert ask({**bearer, "x-clawrouters-fallbacks": "alpha/other"})[0] == 403
    listed = knock(router, "/models", bearer)[1]["data"]
    assert {m["id"] for m in listed if not m["id"].startswith("auto")} <= {"alpha/big", "pair"}
    assert knock(router, "/models", {})[0] == 401
    open_to_all = Router(hello.config())
    body = {"model": "alpha/big", "messages": HELLO}
    status, _ = knock(open_to_all, "/chat/completions", {"authorization": "Bearer cr_any"}, body)
    assert status == 200, "without a key store a bearer is nobody's business"


def test_a_file_keeps_keys_between_routers_and_in_a_fork(hello: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    router = Router(keyed(hello, path=str(path), refresh_ms=100))
    key = router.keys.create(name="kept")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Router(keyed(hello, path=str(path), refresh_ms=100))
    assert again.chat.completions.create(model="alpha/big", messages=HELLO, api_key=key.secret).text == "Hello there."
    child = os.fork()
    if child == 0:
        try:
            # SQLite's rules forbid that a child has a connection of its parent.
            if os.path.isdir("/proc/self/fd"):
                links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
                assert not [link for link in links if "keys.db" in os.path.realpath(link)]
            router.keys.disable(key.id)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    found = again.keys.get(key.id)
    assert found is not None
    assert found.disabled
    other = tmp_path / "other.db"
    other.write_text("no database " * 1000)
    with pytest.raises(InvalidConfigError, match="is no file of keys"):
        Router(keyed(hello, path=str(other)))


def test_credentials_need_a_master_key(hello: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "keys.db")
    with pytest.raises(InvalidConfigError) as fault:
        Router(keyed(hello, path=path)).keys.create(credentials={"alpha": "key-of-the-tenant"})
    assert fault.value.param == "keys.seal_env"
    monkeypatch.setenv("MASTER_OF_KEYS", "00" * 32)
    router = Router(keyed(hello, path=path, seal_env="MASTER_OF_KEYS"))
    key = router.keys.create(credentials={"alpha": "key-of-the-tenant"})
    assert key.credentials == ["alpha"]
    router.chat.completions.create(model="alpha/big", messages=HELLO, api_key=key.secret)
    (request,) = hello.requests()
    assert request["headers"]["authorization"] == "Bearer key-of-the-tenant"
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"key-of-the-tenant" not in held
    assert key.secret.encode() not in held
