"""The OpenAI objects and our own, as lazy views: what fields each has, and what reads as None when absent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ._view import View

if TYPE_CHECKING:
    from collections.abc import Iterator


class Attempt(View):
    """One send to one target."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset(
        {"deployment", "status", "request_id", "first_token_ms", "usage", "cost", "cost_source"}
    )

    if TYPE_CHECKING:
        target: str
        provider: str
        deployment: str | None
        verdict: str
        then: str
        why: str
        status: int | None
        request_id: str | None
        started_ms: float
        latency_ms: float
        first_token_ms: float | None
        usage: View | None
        cost: float | None
        cost_source: str | None


class Resumption(View):
    """A stream that broke after output had begun, and who went on with it."""

    __slots__ = ()

    if TYPE_CHECKING:
        to: str
        after_chars: int
        cause: str
        form: str
        # `from` is a keyword of Python: it is read as an item.


class Judged(View):
    """A second opinion on a difficulty, and what came of it."""

    __slots__ = ()

    if TYPE_CHECKING:
        model: str
        said: float | None
        to: float | None
        remembered: bool
        latency_ms: float
        cost: float | None
        # `from` is a keyword of Python: it is read as an item.


class SessionInfo(View):
    """The conversation of a request, and what was decided for it; money in US dollars."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: str
        decision: Literal["began", "stayed", "escalated", "eased", "switched", "left"]
        reason: str
        model: str
        turns: int
        warm_tokens: int
        lost: float
        # `from` is a keyword of Python: it is read as an item.


class RouteInfo(View):
    """How a reply was made; money in US dollars, times in milliseconds."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "attempts": Attempt,
        "judge": Judged,
        "session": SessionInfo,
        "resumed": Resumption,
    }
    _optional: ClassVar[frozenset[str]] = frozenset(
        {
            "deployment",
            "effort",
            "task",
            "difficulty",
            "confidence",
            "judge",
            "session",
            "cost",
            "cost_source",
            "baseline",
            "baseline_model",
            "saved",
            "usage",
            "first_token_ms",
            "limits",
        }
    )

    if TYPE_CHECKING:
        request_id: str
        model_requested: str
        model: str
        provider: str
        deployment: str | None
        sandbox: bool
        effort: str | None
        strategy: str
        task: str | None
        difficulty: float | None
        confidence: float | None
        judge: Judged | None
        session: SessionInfo | None
        reasons: list[str]
        adapted: list[str]
        redacted: dict[str, int]
        cost: float | None
        cost_source: str | None
        baseline: float | None
        baseline_model: str | None
        saved: float | None
        cached: Literal["hit", "miss", "semantic", "bypass"]
        usage: View | None
        latency_ms: float
        first_token_ms: float | None
        resumed: list[Resumption]
        attempts: list[Attempt]


class Function(View):
    """The function that a tool call names."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"name", "arguments"})

    if TYPE_CHECKING:
        name: str
        arguments: str


class ToolCall(View):
    """A call of a tool, or on a stream a piece of one."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"function": Function}
    _optional: ClassVar[frozenset[str]] = frozenset({"id", "type", "function"})

    if TYPE_CHECKING:
        index: int
        id: str
        type: str
        function: Function


class ChatCompletionMessage(View):
    """The assistant's message; may be appended to `messages` as it is."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"tool_calls": ToolCall, "function_call": Function}
    _optional: ClassVar[frozenset[str]] = frozenset(
        {"content", "refusal", "tool_calls", "function_call", "audio", "annotations"}
    )

    if TYPE_CHECKING:
        role: str
        content: str | None
        refusal: str | None
        tool_calls: list[ToolCall] | None
        function_call: Function | None
        audio: View | None
        annotations: list[View] | None


class ChoiceDelta(ChatCompletionMessage):
    """What a chunk adds to the message."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = ChatCompletionMessage._optional | {"role"}


class Choice(View):
    """One answer."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"message": ChatCompletionMessage}
    _optional: ClassVar[frozenset[str]] = frozenset({"finish_reason", "logprobs"})

    if TYPE_CHECKING:
        index: int
        message: ChatCompletionMessage
        finish_reason: str | None
        logprobs: View | None


class ChunkChoice(View):
    """One answer's part of a chunk."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"delta": ChoiceDelta}
    _optional: ClassVar[frozenset[str]] = frozenset({"finish_reason", "logprobs"})

    if TYPE_CHECKING:
        index: int
        delta: ChoiceDelta
        finish_reason: str | None
        logprobs: View | None


class PromptTokensDetails(View):
    """What the input tokens were made of."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"cached_tokens", "audio_tokens"})

    if TYPE_CHECKING:
        cached_tokens: int | None
        audio_tokens: int | None


class CompletionTokensDetails(View):
    """What the output tokens were made of."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset(
        {"reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"}
    )

    if TYPE_CHECKING:
        reasoning_tokens: int | None
        audio_tokens: int | None
        accepted_prediction_tokens: int | None
        rejected_prediction_tokens: int | None


class CompletionUsage(View):
    """Tokens of a reply."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "prompt_tokens_details": PromptTokensDetails,
        "completion_tokens_details": CompletionTokensDetails,
    }
    _optional: ClassVar[frozenset[str]] = frozenset({"prompt_tokens_details", "completion_tokens_details"})

    if TYPE_CHECKING:
        prompt_tokens: int
        completion_tokens: int
        total_tokens: int
        prompt_tokens_details: PromptTokensDetails | None
        completion_tokens_details: CompletionTokensDetails | None


class Reply(View):
    """What whole replies and chunks share: JSON bytes that are parsed when a field is first read."""

    __slots__ = ("_json",)
    _json: bytes

    if TYPE_CHECKING:
        id: str
        object: str
        created: int
        model: str
        usage: CompletionUsage | None
        service_tier: str | None
        system_fingerprint: str | None

    def __getattr__(self, name: str) -> Any:
        if name == "_data":
            self._data = data = json.loads(self._json)
            del self._json
            return data
        return View.__getattr__(self, name)

    @classmethod
    def _parse(cls, raw: bytes) -> Any:
        reply = cls.__new__(cls)
        reply._json = raw
        return reply


class ChatCompletion(Reply):
    """A whole reply in the OpenAI shape, with how it was made under `route`."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "choices": Choice,
        "usage": CompletionUsage,
        "clawrouters": RouteInfo,
    }
    _optional: ClassVar[frozenset[str]] = frozenset({"usage", "service_tier", "system_fingerprint"})

    if TYPE_CHECKING:
        choices: list[Choice]
        clawrouters: RouteInfo

    @property
    def route(self) -> RouteInfo:
        """How the reply was made: model, cost, savings, every attempt."""
        route: RouteInfo = self["clawrouters"]
        return route

    @property
    def text(self) -> str:
        """The text of the first choice; empty when the reply is tool calls alone."""
        choices = self._data.get("choices")
        content = choices[0].get("message", {}).get("content") if choices else None
        return content if isinstance(content, str) else ""


class ChatCompletionChunk(Reply):
    """One piece of a streamed reply in the OpenAI shape; the last one says under `route` how it was made.

    Where `restart` is true the answer begins anew: it has no choices, and what came before it is void.
    """

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "choices": ChunkChoice,
        "usage": CompletionUsage,
        "clawrouters": RouteInfo,
    }
    _optional: ClassVar[frozenset[str]] = frozenset({"usage", "service_tier", "system_fingerprint", "clawrouters"})

    if TYPE_CHECKING:
        choices: list[ChunkChoice]
        clawrouters: RouteInfo | None

    @property
    def route(self) -> RouteInfo | None:
        """How the reply was made, on the last chunk."""
        route: RouteInfo | None = None if self.restart else self["clawrouters"]
        return route

    @property
    def restart(self) -> bool:
        """True when the answer begins anew; only streams with `on_interrupt="restart"` have such a chunk."""
        said = self._data.get("clawrouters")
        return bool(said and said.get("restart"))

    @property
    def text(self) -> str:
        """The text that this chunk adds to the first choice."""
        choices = self._data.get("choices")
        delta = choices[0].get("delta") if choices else None
        content = delta.get("content") if delta else None
        return content if isinstance(content, str) else ""


class ShadowReply(View):
    """What the shadow made of a copy of a request: its reply, or the error with `kind` and `message`."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"reply": ChatCompletion, "clawrouters": RouteInfo}
    _optional: ClassVar[frozenset[str]] = frozenset({"reply", "error"})

    if TYPE_CHECKING:
        request_id: str
        reply: ChatCompletion | None
        error: View | None
        clawrouters: RouteInfo

    @property
    def route(self) -> RouteInfo:
        """How the copy went and what it cost; its `request_id` is the copy's own."""
        route: RouteInfo = self["clawrouters"]
        return route

    @property
    def text(self) -> str:
        """The text of the shadow's reply; empty where it failed."""
        return "" if self.reply is None else self.reply.text


class TargetHealth(View):
    """How one target stands, or one key after it was refused."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"last_failure", "first_token_ms", "first_token_p95_ms"})

    if TYPE_CHECKING:
        target: str
        state: Literal["closed", "open", "half_open", "recovering", "throttled"]
        retry_after: float
        failures: int
        last_failure: str | None
        in_flight: int
        first_token_ms: float | None
        first_token_p95_ms: float | None
        requests_minute: int
        tokens_minute: int


class Embedding(View):
    """The vector of one input: numbers, or base64 where that was asked for."""

    __slots__ = ()

    if TYPE_CHECKING:
        object: str
        index: int
        embedding: list[float]


class EmbeddingUsage(View):
    """Tokens of all inputs."""

    __slots__ = ()

    if TYPE_CHECKING:
        prompt_tokens: int
        total_tokens: int


class EmbeddingList(Reply):
    """Vectors in the order of their inputs, with how they were made under `route`."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "data": Embedding,
        "usage": EmbeddingUsage,
        "clawrouters": RouteInfo,
    }
    _optional: ClassVar[frozenset[str]] = frozenset()

    if TYPE_CHECKING:
        data: list[Embedding]
        usage: EmbeddingUsage  # type: ignore[assignment]
        clawrouters: RouteInfo

    @property
    def route(self) -> RouteInfo:
        """How the reply was made: model, cost, every call."""
        route: RouteInfo = self["clawrouters"]
        return route

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors alone."""
        return [item["embedding"] for item in self._data["data"]]


class Task(View):
    """What a request asks for."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"script"})

    if TYPE_CHECKING:
        kind: str
        scored_as: str
        difficulty: float
        confidence: float
        evidence: list[View]
        no_evidence: bool
        success: View
        needs: View
        script: str | None
        ask_chars: int
        context_chars: int
        inherited: bool


class Candidate(View):
    """A model that would be tried, with its expected quality and cost in US dollars."""

    __slots__ = ()
    _optional: ClassVar[frozenset[str]] = frozenset({"effort", "quality", "cost", "worst_cost", "experience"})

    if TYPE_CHECKING:
        model: str
        provider: str
        sandbox: bool
        effort: str | None
        quality: float | None
        cost: float | None
        worst_cost: float | None
        experience: float | None


class Refusal(View):
    """A model that cannot answer: the gate that refused it and the reason in words."""

    __slots__ = ()

    if TYPE_CHECKING:
        model: str
        gate: str
        reason: str


class Explanation(View):
    """The plan for a request: its task, the candidates in order and the models that were refused."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {
        "task": Task,
        "session": SessionInfo,
        "candidates": Candidate,
        "refused": Refusal,
    }
    _optional: ClassVar[frozenset[str]] = frozenset({"task", "difficulty", "model", "session", "baseline"})

    if TYPE_CHECKING:
        task: Task | None
        difficulty: float | None
        input_tokens: int
        strategy: str
        automatic: bool
        model: str | None
        session: SessionInfo | None
        reasons: list[str]
        baseline: str | None
        candidates: list[Candidate]
        refused: list[Refusal]
        resting: list[View]


class Model(View):
    """A model that can be asked for."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: str
        object: str
        created: int
        owned_by: str


class ModelList(View):
    """The models that can be asked for: iterate it, or read `data`."""

    __slots__ = ()
    _children: ClassVar[dict[str, type[View]]] = {"data": Model}

    if TYPE_CHECKING:
        object: str
        data: list[Model]

    def __iter__(self) -> Iterator[Model]:  # type: ignore[override]
        return (Model(item) for item in self._data["data"])

    def __len__(self) -> int:
        return len(self._data["data"])
