"""The keywords of `create` as types, for editors and type checkers; nothing here runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Message: TypeAlias = Any
"""A message: a mapping, a message of a reply, or any object with `to_dict` or `model_dump`."""


EmbeddingInput: TypeAlias = "str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]"
"""A text, texts, the ids of a text's tokens, or several lists of those."""


class MaxPrice(TypedDict, total=False):
    """Ceilings in US dollars per one million tokens."""

    input: float
    output: float


class CacheOptions(TypedDict, total=False):
    """How far this request may use the cache; `ttl_s` is how long its answer is kept, in seconds."""

    mode: Literal["use", "no-cache", "no-store", "off"]
    ttl_s: float


class RouteOptions(TypedDict, total=False):
    """How this request is routed; the words follow OpenRouter's."""

    strategy: Literal["cheapest", "balanced", "best", "fastest"]
    only: Sequence[str]
    ignore: Sequence[str]
    order: Sequence[str]
    fallbacks: Sequence[str]
    allow_fallbacks: bool
    require: Sequence[str]
    max_price: MaxPrice
    max_cost: float
    min_quality: float
    zdr: bool
    task: str
    difficulty: float
    baseline: str
    parameters: Literal["adapt", "drop", "error"]
    deadline_ms: int
    session: str
    on_interrupt: Literal["resume", "restart", "error"]
    priority: Literal["high", "normal", "low"]
    critical: bool
    on_malformed: Literal["break", "skip"]
    cache: CacheOptions
    tags: Mapping[str, str]
    traceparent: str
    tracestate: str


class CompletionParams(TypedDict, total=False):
    """The optional keywords of `create`, `classify` and `explain`.

    At run time any other keyword reaches the provider too; type checkers want those in `extra_body`.
    """

    models: Sequence[str]
    route: RouteOptions
    timeout: float | None
    api_key: str | None
    extra_body: Mapping[str, Any] | None
    audio: Mapping[str, Any] | None
    frequency_penalty: float | None
    function_call: str | Mapping[str, Any]
    functions: Sequence[Mapping[str, Any]]
    logit_bias: Mapping[str, int] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    max_tokens: int | None
    metadata: Mapping[str, str] | None
    modalities: Sequence[str] | None
    n: int | None
    parallel_tool_calls: bool
    prediction: Mapping[str, Any] | None
    presence_penalty: float | None
    prompt_cache_key: str
    prompt_cache_retention: str | None
    reasoning_effort: str | None
    response_format: Mapping[str, Any]
    safety_identifier: str
    seed: int | None
    service_tier: str | None
    stop: str | Sequence[str] | None
    store: bool | None
    stream_options: Mapping[str, Any] | None
    temperature: float | None
    tool_choice: str | Mapping[str, Any]
    tools: Sequence[Mapping[str, Any]]
    top_logprobs: int | None
    top_p: float | None
    user: str
    verbosity: str | None
    web_search_options: Mapping[str, Any]


class EmbeddingParams(TypedDict, total=False):
    """The optional keywords of `embeddings.create`; others go to the provider, for type checkers in `extra_body`."""

    models: Sequence[str]
    route: RouteOptions
    timeout: float | None
    api_key: str | None
    extra_body: Mapping[str, Any] | None
    dimensions: int | None
    encoding_format: Literal["float", "base64"] | None
    input_type: Literal["query", "document", "classification", "clustering", "similarity"] | None
    user: str
