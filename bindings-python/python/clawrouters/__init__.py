"""ClawRouters: an LLM router that lives inside your process."""

from typing import TYPE_CHECKING, Any

from ._async_router import AsyncRouter
from ._budget import BudgetEvent, BudgetState, LimitState, QuotaState
from ._cache import Cache, CacheStats
from ._errors import (
    APITimeoutError,
    AuthenticationError,
    BudgetExceededError,
    CancelledRequestError,
    ClawRoutersError,
    ContentRefusedError,
    ContextTooLongError,
    InternalError,
    InvalidConfigError,
    InvalidRequestError,
    NoCandidateError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitError,
    StreamInterruptedError,
)
from ._keys import ApiKey, AsyncKeys, IssuedKey, Keys
from ._learning import AsyncLearning, Learning
from ._ledger import LedgerFile
from ._observe import forward_logs, instrument
from ._params import CacheOptions, CompletionParams, EmbeddingInput, EmbeddingParams, Message, RouteOptions
from ._router import Router
from ._stream import AsyncStream, Stream
from ._types import (
    Attempt,
    Candidate,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    Choice,
    CompletionUsage,
    Embedding,
    EmbeddingList,
    EmbeddingUsage,
    Explanation,
    Judged,
    Model,
    ModelList,
    Refusal,
    Resumption,
    RouteInfo,
    SessionInfo,
    ShadowReply,
    TargetHealth,
    Task,
    ToolCall,
)

if TYPE_CHECKING:
    from ._evaluate import Evaluation, evaluate

__all__ = [
    "APITimeoutError",
    "ApiKey",
    "AsyncKeys",
    "AsyncLearning",
    "AsyncRouter",
    "AsyncStream",
    "Attempt",
    "AuthenticationError",
    "BudgetEvent",
    "BudgetExceededError",
    "BudgetState",
    "Cache",
    "CacheOptions",
    "CacheStats",
    "CancelledRequestError",
    "Candidate",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "Choice",
    "ClawRoutersError",
    "CompletionParams",
    "CompletionUsage",
    "ContentRefusedError",
    "ContextTooLongError",
    "Embedding",
    "EmbeddingInput",
    "EmbeddingList",
    "EmbeddingParams",
    "EmbeddingUsage",
    "Evaluation",
    "Explanation",
    "InternalError",
    "InvalidConfigError",
    "InvalidRequestError",
    "IssuedKey",
    "Judged",
    "Keys",
    "Learning",
    "LedgerFile",
    "LimitState",
    "Message",
    "Model",
    "ModelList",
    "NoCandidateError",
    "PermissionDeniedError",
    "ProviderUnavailableError",
    "QuotaState",
    "RateLimitError",
    "Refusal",
    "Resumption",
    "RouteInfo",
    "RouteOptions",
    "Router",
    "SessionInfo",
    "ShadowReply",
    "Stream",
    "StreamInterruptedError",
    "TargetHealth",
    "Task",
    "ToolCall",
    "evaluate",
    "forward_logs",
    "instrument",
]


def __getattr__(name: str) -> Any:
    # What few programs use is not part of what every import waits for.
    if name in ("Evaluation", "evaluate"):
        from . import _evaluate

        return getattr(_evaluate, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
