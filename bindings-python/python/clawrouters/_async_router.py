"""The asyncio face: `AsyncRouter`, with the shape of the OpenAI client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _encode
from ._open import Config, Opened
from ._stream import AsyncStream
from ._types import ChatCompletion, EmbeddingList, Explanation, ModelList, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Unpack

    from . import _native
    from ._params import CompletionParams, EmbeddingInput, EmbeddingParams, Message
    from ._budget import BudgetEvent, QuotaState
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
        `provider/model` or a bare model name, `route` holds routing options, `timeout` is in seconds.
        """
        body = _encode.request(model, messages, stream, params)
        if stream:
            return await AsyncStream._open(self._native.stream(body))
        (raw,) = await _take(self._native.chat(body))
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
        named, `route` holds routing options, whose fallbacks must be the same model, `timeout` is in seconds.
        """
        (raw,) = await _take(self._native.embed(_encode.embedding(model, input, dict(params))))
        reply: EmbeddingList = EmbeddingList._parse(raw)
        return reply


class AsyncModels:
    """`router.models`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    async def list(self) -> ModelList:
        """The models that can be asked for."""
        return ModelList({"object": "list", "data": json.loads(self._native.models())})


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
        return Task(json.loads(self._native.classify(_encode.request(model, messages, stream, dict(params)))))

    async def explain(
        self,
        *,
        messages: Iterable[Message],
        model: str = "auto",
        stream: bool = False,
        **params: Unpack[CompletionParams],
    ) -> Explanation:
        """The plan for the request; nothing is sent. Takes the keywords of `create`."""
        return Explanation(json.loads(self._native.explain(_encode.request(model, messages, stream, dict(params)))))

    def on_shadow(self, callback: Callable[[ShadowReply], object]) -> None:
        """Calls `callback` with every reply of the shadow, on the event loop that is running; the last one set counts.

        A coroutine is awaited before the next call. What the callback raises is logged under `clawrouters`. Some
        hundreds of replies wait for a slow callback; what comes then is dropped and the number is logged. It holds
        until `close` or the end of the loop; raises `RuntimeError` when no loop is running.
        """
        from ._shadow import LoopShadow

        self._set_shadow(LoopShadow(callback))

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
        """Waits until every closed request is in the books."""
        await _take(self._native.flush())

    async def close(self) -> None:
        """Closes the books; waits for them. `on_shadow` and `on_budget` end."""
        await _take(self._native.close())
        self._end_callbacks()

    async def __aenter__(self) -> AsyncRouter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
