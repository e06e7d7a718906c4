"""The asyncio face: `AsyncRouter`, with the shape of the OpenAI client."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _encode, _keys, _learning, _ledger
from ._cache import Cache
from ._open import Config, Opened
from ._stream import AsyncStream
from ._types import ChatCompletion, EmbeddingList, Explanation, ModelList, Task
from ._view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Unpack

    from . import _native
    from ._budget import BudgetEvent, QuotaState
    from ._ledger import GroupBy, Moment, Path, Where
    from ._params import CompletionParams, EmbeddingInput, EmbeddingParams, Message
    from ._types import ShadowReply


async def _take(feed: _native.Feed) -> list[Any]:
    """The items of a feed that has one or none; leaving early cancels the call."""
    from . import _bridge

    try:
        return await _bridge.take(feed) or []
    except BaseException:
        feed.close()
        raise


class AsyncCompletions:
    """`router.chat.completions`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    @overload
    async def create(
        self,
        *,
        messages: Iterable[Message],
        model: str = ...,
        stream: Literal[False] = ...,
        **params: Unpack[CompletionParams],
    ) -> ChatCompletion: ...

    @overload
    async def create(
        self,
        *,
        messages: Iterable[Message],
        model: str = ...,
        stream: Literal[True],
        **params: Unpack[CompletionParams],
    ) -> AsyncStream: ...

    @overload
    async def create(
        self, *, messages: Iterable[Message], model: str = ..., stream: bool, **params: Unpack[CompletionParams]
    ) -> ChatCompletion | AsyncStream: ...

    async def create(
        self, *, messages: Any = None, model: Any = "auto", stream: bool = False, **params: Any
    ) -> ChatCompletion | AsyncStream:
        """Answers a chat request, whole or streamed; cancelling the task stops the provider.

        Takes the parameters of the OpenAI client; `model` may be `auto`, `auto:cheapest`, an alias,
        `provider/model` or a bare model name, `route` holds routing options, `timeout` is in seconds, `api_key` is
        the caller's `cr_` key.
        """
        key = _keys.taken(params)
        body = _encode.request(model, messages, stream, params)
        if stream:
            return await AsyncStream._open(self._native.stream(body, key))
        (raw,) = await _take(self._native.chat(body, key))
        reply: ChatCompletion = ChatCompletion._parse(raw)
        return reply


class AsyncChat:
    """`router.chat`."""

    def __init__(self, router: _native.Router) -> None:
        self.completions = AsyncCompletions(router)


class AsyncEmbeddings:
    """`router.embeddings`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    async def create(self, *, input: EmbeddingInput, model: str, **params: Unpack[EmbeddingParams]) -> EmbeddingList:
        """One vector for each input; cancelling the task stops the provider.

        Takes the parameters of the OpenAI client and `input_type` (`query`, `document`, ...); the model is always
        named, `route` holds routing options, whose fallbacks must be the same model, `timeout` is in seconds,
        `api_key` is the caller's `cr_` key.
        """
        rest: dict[str, Any] = dict(params)
        key = _keys.taken(rest)
        (raw,) = await _take(self._native.embed(_encode.embedding(model, input, rest), key))
        reply: EmbeddingList = EmbeddingList._parse(raw)
        return reply


class AsyncModels:
    """`router.models`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    async def list(self, *, api_key: str | None = None) -> ModelList:
        """The models that can be asked for, by the holder of `api_key` where it is given."""
        return ModelList({"object": "list", "data": json.loads(self._native.models(_keys.checked(api_key)))})


class AsyncRouter(Opened):
    """Routes chat requests to the providers that are configured, inside this process, for asyncio.

    `config` is a mapping, the path of a TOML file, or nothing: then the environment decides, as with `from_env`.
    A router may be shared by event loops and threads and used after a fork.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.chat = AsyncChat(self._native)
        self.embeddings = AsyncEmbeddings(self._native)
        self.models = AsyncModels(self._native)
        self.cache = Cache(self._native)
        self.keys = _keys.AsyncKeys(self._native)
        self.learning = _learning.AsyncLearning(self._native)

    @classmethod
    def from_env(cls) -> AsyncRouter:
        """A router for the providers whose keys are in the environment."""
        return cls()

    async def embed(self, *, input: EmbeddingInput, model: str, **params: Unpack[EmbeddingParams]) -> EmbeddingList:
        """The same as `embeddings.create`."""
        return await self.embeddings.create(input=input, model=model, **params)

    async def classify(
        self,
        *,
        messages: Iterable[Message],
        model: str = "auto",
        stream: bool = False,
        **params: Unpack[CompletionParams],
    ) -> Task:
        """What the request asks for; nothing is sent. Takes the keywords of `create`."""
        rest: dict[str, Any] = dict(params)
        _keys.taken(rest)
        return Task(json.loads(self._native.classify(_encode.request(model, messages, stream, rest))))

    async def explain(
        self,
        *,
        messages: Iterable[Message],
        model: str = "auto",
        stream: bool = False,
        **params: Unpack[CompletionParams],
    ) -> Explanation:
        """The plan for the request; nothing is sent. Takes the keywords of `create`."""
        rest: dict[str, Any] = dict(params)
        key = _keys.taken(rest)
        return Explanation(json.loads(self._native.explain(_encode.request(model, messages, stream, rest), key)))

    def on_shadow(self, callback: Callable[[ShadowReply], object]) -> None:
        """Calls `callback` with every reply of the shadow, on the event loop that is running; the last one set counts.

        A coroutine is awaited before the next call. What the callback raises is logged under `clawrouters`. Some
        hundreds of replies wait for a slow callback; what comes then is dropped and the number is logged. It holds
        until `close` or the end of the loop; raises `RuntimeError` when no loop is running.
        """
        from ._shadow import LoopShadow

        self._set_shadow(LoopShadow(callback))

    async def _settled(self) -> None:
        if self._telemetry is not None:
            import asyncio

            await asyncio.to_thread(self._settle_telemetry)

    def on_entry(self, callback: Callable[[View], object]) -> None:
        """Calls `callback` with every request that is closed from now on, on the event loop that is running.

        A coroutine is awaited before the next call. What the callback raises is logged under `clawrouters`.
        `ledger.queue` entries wait for a slow callback; what comes then is dropped and counted in `ledger()`. It holds
        until `close`, which waits some seconds for calls that are due. Do not await `flush` or `close` in it.
        """
        from ._entries import LoopEntries

        self._listen(LoopEntries(callback))

    async def usage(
        self, group_by: GroupBy = None, since: Moment = None, until: Moment = None, where: Where = None
    ) -> View:
        """What requests used and cost; takes what `Router.usage` takes."""
        (raw,) = await _take(self._native.usage(_ledger.query(group_by, since, until, where)))
        return View(json.loads(raw))

    async def export(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> int:
        """Writes requests to a `.csv`, `.jsonl` or `.ndjson` file; returns their number."""
        (raw,) = await _take(self._native.export(os.fspath(path), _ledger.query(None, since, until, where)))
        return int(raw)

    async def report(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> None:
        """Writes a report of costs, savings, latencies and errors: one HTML file that loads nothing else."""
        await _take(self._native.report(os.fspath(path), _ledger.query(None, since, until, where)))

    async def feedback(self, request_id: str, score: float) -> None:
        """Tells how good an answer was, from 0 (useless) to 1 (just right), once for each.

        `request_id` is that of its route. Needs `learning` in the configuration.
        """
        await _take(self._native.learning("feedback", _learning.arguments(request_id=request_id, score=score)))

    async def what_if(
        self,
        strategy: str,
        entries: Path | None = None,
        since: Moment = None,
        until: Moment = None,
        where: Where = None,
    ) -> View:
        """What past requests would have cost under another strategy; takes and gives what `Router.what_if` does."""
        path = None if entries is None else os.fspath(entries)
        (raw,) = await _take(self._native.what_if(strategy, path, _ledger.query(None, since, until, where)))
        return View(json.loads(raw))

    async def quota(self, subject: str) -> QuotaState:
        """How the limits and budgets of a subject stand.

        A subject is `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or `provider:NAME`.
        """
        from ._budget import QuotaState

        (raw,) = await _take(self._native.quota(subject)) or []
        return QuotaState(json.loads(raw))

    def on_budget(self, callback: Callable[[BudgetEvent], object]) -> None:
        """Calls `callback` with every budget that reaches its soft limit, or refuses a request, once a window.

        It runs on the event loop as the callback of `on_shadow` does; the last one set counts.
        """
        from ._budget import LoopBudgets

        self._set_budgets(LoopBudgets(callback))

    async def flush(self) -> None:
        """Waits until every closed request is with every sink of the ledger: on the disk, for files.

        Raises `InternalError` when a sink cannot be written; its entries go on waiting for it.
        """
        await _take(self._native.flush())
        await self._settled()

    async def close(self) -> None:
        """Refuses further calls and waits as `flush` does; `on_shadow`, `on_entry` and `on_budget` end."""
        try:
            await _take(self._native.close())
        finally:
            await self._settled()
            self._end_callbacks()
            await self._finish_entries()

    async def __aenter__(self) -> AsyncRouter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
