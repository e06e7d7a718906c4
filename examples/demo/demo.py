"""The demo in Python: a few prompts, a live stream and a provider that dies, over the same file as the Rust demo.

Without provider keys in the environment, or with CLAWROUTERS_SANDBOX=1, every answer comes from the built-in sandbox.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from clawrouters import ClawRoutersError, Router

SHORT_RUN = 8
PROVIDERS = ["anthropic", "deepseek", "google", "groq", "mistral", "moonshot", "openai", "xai"]


def sandbox(latency: float, dead: str | None = None) -> dict[str, Any]:
    """Every provider as a sandbox; one may be dead."""
    providers: dict[str, Any] = {name: {"kind": "sandbox", "sandbox": {"latency": latency}} for name in PROVIDERS}
    if dead is not None:
        providers[dead]["sandbox"]["fail"] = {"status": 503}
    return {"providers": providers}


def real_providers() -> bool:
    """Whether `auto` can reach a provider with what the environment holds."""
    if os.environ.get("CLAWROUTERS_SANDBOX", "").strip() not in ("", "0"):
        return False
    try:
        Router.from_env().explain(model="auto", messages=[{"role": "user", "content": "hello"}])
    except ClawRoutersError:
        return False
    return True


def request(entry: dict[str, Any]) -> dict[str, Any]:
    """The keywords of `create` for one entry of the file."""
    text = entry.get("prompt", "")
    if repeat := entry.get("repeat"):
        text = f"{text}\n\n{repeat['text'] * repeat['times']}"
    messages = entry.get("messages") or [{"role": "user", "content": text}]
    return {"model": "auto", "messages": messages, **entry.get("fields", {})}


def dollars(amount: float | None) -> str:
    return "unknown" if amount is None else f"${amount:.6f}"


def ask(router: Router, entry: dict[str, Any]) -> None:
    """Asks one prompt and prints its row."""
    route = router.chat.completions.create(**request(entry)).route
    difficulty = "-" if route.difficulty is None else f"{route.difficulty:.2f}"
    row = f"{entry['title']:<26}{route.task or '-':<17}{difficulty:>10}  {route.model:<38}"
    print(row + f"{dollars(route.cost):>11}{dollars(route.saved):>11}")


def stream(router: Router) -> None:
    """Prints one answer token by token."""
    print("\nA live stream:\n\n  ", end="")
    messages = [{"role": "user", "content": "In three sentences: why do cats purr?"}]
    with router.chat.completions.create(model="auto:fastest", messages=messages, stream=True) as chunks:
        for chunk in chunks:
            print(chunk.text, end="", flush=True)
            if chunk.route:
                print(f"\n\n  {chunk.route.model}, {chunk.route.latency_ms:.0f} ms")


def outage(sandboxed: bool, model: str) -> None:
    """A dead provider stands before a living one."""
    config: dict[str, Any]
    if sandboxed:
        config = sandbox(0.05, dead="openai")
        config["aliases"] = {"careful": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"]}
    else:
        dead = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
        config = {"providers": {"dead": dead, model.split("/")[0]: {}}, "aliases": {"careful": ["dead/any", model]}}
    messages = [{"role": "user", "content": "Answer with one word: what is the opposite of north?"}]
    reply = Router(config).chat.completions.create(model="careful", messages=messages)
    print('\nThe first provider of the list "careful" is dead:')
    for attempt in reply.route.attempts:
        print(f"  {attempt.target} -> {attempt.verdict}, {attempt.latency_ms:.1f} ms")


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/demo/prompts.json")
    entries = json.loads(path.read_text(encoding="utf-8"))[:SHORT_RUN]
    sandboxed = not real_providers()
    label = "SANDBOX, no key used, no money spent" if sandboxed else "real providers, costs money"
    print(f"\nClawRouters demo, Python: {len(entries)} prompts ({label})\n")
    router = Router(sandbox(0.05)) if sandboxed else Router.from_env()
    for entry in entries:
        ask(router, entry)
    stream(Router(sandbox(1.0)) if sandboxed else router)
    outage(sandboxed, router.entries()[0].model)


if __name__ == "__main__":
    main()
