"""The hooks of a scenario, as data: what each does in, hooks of the router out."""

from __future__ import annotations

import asyncio
from typing import Any


def add(router: Any, hooks: list[dict[str, Any]]) -> None:
    for told in hooks:
        register = router.after_response if told["at"] == "after" else router.before_request
        register(_hook(told, "reply" if told["at"] == "after" else "request"), name=told.get("name", "hook"))


def _hook(told: dict[str, Any], changed: str) -> Any:
    async def hook(body: dict[str, Any]) -> Any:
        if told.get("raises"):
            raise RuntimeError("as it was told to")
        if told.get("hangs"):
            await asyncio.sleep(60)
        if "returns" in told:
            return told["returns"]
        decision = {name: told.get(name) for name in ("tags", "refuse", "kind")}
        if "sets" in told or "says" in told:
            body.update(told.get("sets", {}))
            if "says" in told:
                body["choices"][0]["message"]["content"] = told["says"]
            decision[changed] = body
        return decision

    return hook
