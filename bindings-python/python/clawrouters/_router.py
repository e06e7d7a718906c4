"""The blocking face: `Router`, with the shape of the OpenAI client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _encode
from ._open import Config, Opened
from ._stream import Stream
from ._types import ChatCompletion, EmbeddingList, Explanation, ModelList, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Unpack

    from . import _native
    from ._params import CompletionParams, EmbeddingInput, EmbeddingParams, Message
    from ._budget import BudgetEvent, QuotaState
    from ._types import ShadowReply


class Completions:
    """`router.chat.completions`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    @overload
    def create(
        self,
        *,
        messages: Iterable[Message],
        model: str = ...,
        stream: Literal[False] = ...,
        **params: Unpack[CompletionParams],
    ) -> ChatCompletion: ...

    @overload
    def create(
        self,
        *,
        messages: Iterable[Message],
        model: str = ...,
        stream: Literal[True],
        **params: Unpack[CompletionParams],
    ) -> Stream: ...

    @overload
    def create(
        self, *, messages: Iterable[Message], model: str = ..., stream: bool, **params: Unpack[CompletionParams]
    ) -> ChatCompletion | Stream: ...

    def create(
        self, *, messages: Any = None, model: Any = "auto", stream: bool = False, **params: Any
    ) -> ChatCompletion | Stream:
        """Answers a chat request, whole or streamed.

        Takes the parameters of the OpenAI client; `model` may be `auto`, `auto:cheapest`, an alias,
        `provider/model` or a bare model name, `route` holds routing options, `timeout` is in seconds.
        """
        body = _encode.request(model, messages, stream, params)
        if stream:
            return Stream._open(self._native.stream(body))
        (raw,) = self._native.chat(body).take() or []
        reply: ChatCompletion = ChatCompletion._parse(raw)
        return reply


class Chat:
    """`router.chat`."""

    def __init__(self, router: _native.Router) -> None:
        self.completions = Completions(router)


class Embeddings:
    """`router.embeddings`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def create(self, *, input: EmbeddingInput, model: str, **params: Unpack[EmbeddingParams]) -> EmbeddingList:
        """One vector for each input.

        Takes the parameters of the OpenAI client and `input_type` (`query`, `document`, ...); the model is always
        named, `route` holds routing options, whose fallbacks must be the same model, `timeout` is in seconds.
        """
        (raw,) = self._native.embed(_encode.embedding(model, input, dict(params))).take() or []
        reply: EmbeddingList = EmbeddingList._parse(raw)
        return reply


class Models:
    """`router.models`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def list(self) -> ModelList:
        """The models that can be asked for."""
        return ModelList({"object": "list", "data": json.loads(self._native.models())})


class Router(Opened):
    """Routes chat requests to the providers that are configured, inside this process.

    `config` is a mapping, the path of a TOML file, or nothing: then the environment decides, as with `from_env`.
    A router may be shared by threads and used after a fork.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.chat = Chat(self._native)
        self.embeddings = Embeddings(self._native)
        self.models = Models(self._native)

    @classmethod
    def from_env(cls) -> Router:
        """A router for the providers whose keys are in the environment."""
        return cls()

    def embed(self, *, input: EmbeddingInput, model: str, **params: Unpack[EmbeddingParams]) -> EmbeddingList:
        """The same as `embeddings.create`."""
        return self.embeddings.create(input=input, model=model, **params)

    def classify(
        self,
        *,
        messages: Iterable[Message],
        model: str = "auto",
        stream: bool = False,
        **params: Unpack[CompletionParams],
    ) -> Task:
        """What the request asks for; nothing is sent. Takes the keywords of `create`."""
        return Task(json.loads(self._native.classify(_encode.request(model, messages, stream, dict(params)))))

    def explain(
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
        """Calls `callback` with every reply of the shadow, on one daemon thread; the last one set counts.

        What the callback raises is logged under `clawrouters`. Some hundreds of replies wait for a slow callback;
        what comes then is dropped and the number is logged. It holds until `close`, also in forked children. When the
        program ends, replies that have not come are not waited for.
        """
        from ._shadow import ThreadShadow

        self._set_shadow(ThreadShadow(callback))

    def quota(self, subject: str) -> QuotaState:
        """How the limits and budgets of a subject stand.

        A subject is `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or `provider:NAME`.
        """
        from ._budget import QuotaState

        (raw,) = self._native.quota(subject).take() or []
        return QuotaState(json.loads(raw))

    def on_budget(self, callback: Callable[[BudgetEvent], object]) -> None:
        """Calls `callback` with every budget that reaches its soft limit, or refuses a request, once a window.

        It runs on one daemon thread as the callback of `on_shadow` does; the last one set counts.
        """
        from ._budget import ThreadBudgets

        self._set_budgets(ThreadBudgets(callback))

    def flush(self) -> None:
        """Waits until every closed request is in the books."""
        self._native.flush().take()

    def close(self) -> None:
        """Closes the books; waits for them. `on_shadow` and `on_budget` end."""
        self._native.close().take()
        self._end_callbacks()

    def __enter__(self) -> Router:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
