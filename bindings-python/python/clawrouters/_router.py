"""The blocking face: `Router`, with the shape of the OpenAI client."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _encode, _keys, _learning, _ledger
from ._cache import Cache
from ._open import Config, Opened
from ._stream import Stream
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
        `provider/model` or a bare model name, `route` holds routing options, `timeout` is in seconds, `api_key` is
        the caller's `cr_` key.
        """
        key = _keys.taken(params)
        body = _encode.request(model, messages, stream, params)
        if stream:
            return Stream._open(self._native.stream(body, key))
        (raw,) = self._native.chat(body, key).take() or []
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
        named, `route` holds routing options, whose fallbacks must be the same model, `timeout` is in seconds,
        `api_key` is the caller's `cr_` key.
        """
        rest: dict[str, Any] = dict(params)
        key = _keys.taken(rest)
        (raw,) = self._native.embed(_encode.embedding(model, input, rest), key).take() or []
        reply: EmbeddingList = EmbeddingList._parse(raw)
        return reply


class Models:
    """`router.models`."""

    def __init__(self, router: _native.Router) -> None:
        self._native = router

    def list(self, *, api_key: str | None = None) -> ModelList:
        """The models that can be asked for, by the holder of `api_key` where it is given."""
        return ModelList({"object": "list", "data": json.loads(self._native.models(_keys.checked(api_key)))})


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
        self.cache = Cache(self._native)
        self.keys = _keys.Keys(self._native)
        self.learning = _learning.Learning(self._native)

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
        rest: dict[str, Any] = dict(params)
        _keys.taken(rest)
        return Task(json.loads(self._native.classify(_encode.request(model, messages, stream, rest))))

    def explain(
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
        """Calls `callback` with every reply of the shadow, on one daemon thread; the last one set counts.

        What the callback raises is logged under `clawrouters`. Some hundreds of replies wait for a slow callback;
        what comes then is dropped and the number is logged. It holds until `close`, also in forked children. When the
        program ends, replies that have not come are not waited for.
        """
        from ._shadow import ThreadShadow

        self._set_shadow(ThreadShadow(callback))

    def on_entry(self, callback: Callable[[View], object]) -> None:
        """Calls `callback` with every request that is closed from now on, on a daemon thread of its own.

        What the callback raises is logged under `clawrouters`. `ledger.queue` entries wait for a slow callback; what
        comes then is dropped and counted in `ledger()`. It holds until `close`, which waits some seconds for calls
        that are due, also in forked children. Do not call `flush` or `close` from it.
        """
        from ._entries import ThreadEntries

        self._listen(ThreadEntries(callback))

    def usage(self, group_by: GroupBy = None, since: Moment = None, until: Moment = None, where: Where = None) -> View:
        """What requests used and cost: requests, tokens, cost, savings, errors, percentiles, cache hits.

        `group_by` is a word or several: `key`, `tag`, `tag:NAME`, `model`, `model_requested`, `provider`, `deployment`,
        `task`, `strategy`, `session`, `purpose`, `cached`, `error`, `day`, `hour`. `since` and `until` are datetimes,
        dates, milliseconds since 1970, texts such as `2026-11-01`, or so long before now, such as `7d`. `where` holds
        conditions by the same words. From the database where one is configured, else from memory.
        """
        (raw,) = self._native.usage(_ledger.query(group_by, since, until, where)).take() or []
        return View(json.loads(raw))

    def export(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> int:
        """Writes requests to a `.csv`, `.jsonl` or `.ndjson` file; returns their number."""
        (raw,) = self._native.export(os.fspath(path), _ledger.query(None, since, until, where)).take() or []
        return int(raw)

    def report(self, path: Path, since: Moment = None, until: Moment = None, where: Where = None) -> None:
        """Writes a report of costs, savings, latencies and errors: one HTML file that loads nothing else."""
        self._native.report(os.fspath(path), _ledger.query(None, since, until, where)).take()

    def feedback(self, request_id: str, score: float) -> None:
        """Tells how good an answer was, from 0 (useless) to 1 (just right), once for each.

        `request_id` is that of its route. Needs `learning` in the configuration.
        """
        self._native.learning("feedback", _learning.arguments(request_id=request_id, score=score)).take()

    def what_if(
        self,
        strategy: str,
        entries: Path | None = None,
        since: Moment = None,
        until: Moment = None,
        where: Where = None,
    ) -> View:
        """What past requests to `auto` would have cost under another strategy, and both expected qualities.

        Nothing is sent. `strategy` is `cheapest`, `balanced`, `best` or `fastest`; `entries` a file that `export`
        wrote, in place of this router's own ledger; `since`, `until` and `where` as in `usage`. The answer has
        `requests`, `changed`, `actual` and `instead` with `cost` in US dollars and `quality`, and the same by `tasks`
        and `models`; `left_out` counts requests that named their model, failed, came from the cache or have no price.
        Today's models are reckoned with the tokens of the answers that were given, at the prices of their days.
        """
        path = None if entries is None else os.fspath(entries)
        (raw,) = self._native.what_if(strategy, path, _ledger.query(None, since, until, where)).take() or []
        return View(json.loads(raw))

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
        """Waits until every closed request is with every sink of the ledger: on the disk, for files.

        Raises `InternalError` when a sink cannot be written; its entries go on waiting for it.
        """
        self._native.flush().take()
        self._settle_telemetry()

    def close(self) -> None:
        """Refuses further calls and waits as `flush` does; `on_shadow`, `on_entry` and `on_budget` end."""
        try:
            self._native.close().take()
        finally:
            self._settle_telemetry()
            self._end_callbacks()
            self._end_entries()

    def __enter__(self) -> Router:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
