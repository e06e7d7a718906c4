"""What the tests share: a clean environment and one fake provider."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fake import Fake, Scripted

_KEYS = re.compile(r"^CLAWROUTERS_|_API_KEY$|_TOKEN$|^(OLLAMA|OPENAI|ANTHROPIC|GEMINI|GOOGLE|AWS|HF|AZURE)_")
for _name in [n for n in os.environ if _KEYS.search(n)]:
    del os.environ[_name]

HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="session")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def hello(fake: Fake) -> Scripted:
    """One provider that says hello."""
    return fake.script({"providers": {"alpha": [{"say": "Hello there."}]}})


@pytest.fixture
def slow(fake: Fake) -> Scripted:
    """One provider whose replies take seconds, whole or streamed."""
    return fake.script({"providers": {"alpha": [{"say": "one two three four five six", "chunks": 6, "chunk_ms": 400}]}})


@pytest.fixture
def late(fake: Fake) -> Scripted:
    """One provider that answers after three seconds."""
    return fake.script({"providers": {"alpha": [{"say": "late", "delay_ms": 3000}]}})
