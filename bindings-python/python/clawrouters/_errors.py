"""The error table: the core's error JSON in, one exception class a kind out."""

from __future__ import annotations

import json
from typing import Any

from ._view import View, wrap_list


class ClawRoutersError(Exception):
    """Base of every error that this package raises.

    `kind` is the stable name to branch on when a class is not convenient.
    """

    kind: str = "Internal"
    message: str
    param: str | None
    """The request field or configuration key at fault."""
    code: str | None
    """The provider's own error code."""
    provider: str | None
    """The provider that failed last."""
    model: str | None
    """The `provider/model` that failed last."""
    status: int | None
    """The provider's last HTTP status, if one answered."""
    status_code: int
    """The provider's last HTTP status, or the one that stands for this kind."""
    retry_after: float | None
    """Seconds to wait before asking again."""
    request_id: str | None
    attempts: list[View]
    """Every send made for the request, in the order in which they ended."""
    partial: View | None
    """What had arrived when a stream broke: `text` and `usage`."""
    refusals: list[View]
    """For `NoCandidateError`: each `model`, the `gate` that refused it and the `reason`."""
    limits: View | None
    """For `RateLimitError` and `BudgetExceededError`: how the caller's limits stand, of `requests` and of `tokens`."""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self._fields = {**fields, "message": message}
        self.message = message
        self.kind = fields.get("kind") or type(self).kind
        for name in ("param", "code", "provider", "model", "status", "retry_after", "request_id"):
            setattr(self, name, fields.get(name))
        self.status_code = fields.get("status_code") or self.status or _STATUS.get(self.kind, 500)
        self.attempts = wrap_list(fields.get("attempts") or [])
        self.refusals = wrap_list(fields.get("refusals") or [])
        partial = fields.get("partial")
        self.partial = None if partial is None else View(partial)
        limits = fields.get("limits")
        self.limits = None if limits is None else View(limits)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._fields)

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain values."""
        return {"kind": self.kind, "status_code": self.status_code, **self._fields}


class InvalidRequestError(ClawRoutersError):
    """The request is malformed: fix the field that `param` names."""

    kind = "InvalidRequest"


class InvalidConfigError(ClawRoutersError):
    """The configuration is malformed or incomplete: fix the key that `param` names."""

    kind = "InvalidConfig"


class AuthenticationError(ClawRoutersError):
    """The caller's key is missing or wrong, or a provider refused its key."""

    kind = "Unauthenticated"


class PermissionDeniedError(ClawRoutersError):
    """The caller or the provider key may not do this."""

    kind = "Forbidden"


class RateLimitError(ClawRoutersError):
    """Every way to answer is rate limited; see `retry_after`."""

    kind = "RateLimited"


class BudgetExceededError(ClawRoutersError):
    """A budget is spent, or a provider account has no credit left."""

    kind = "BudgetExceeded"


class NoCandidateError(ClawRoutersError):
    """No configured model can do this request; see `refusals`."""

    kind = "NoCandidate"


class ContextTooLongError(ClawRoutersError):
    """The prompt does not fit the model's context window."""

    kind = "ContextTooLong"


class ContentRefusedError(ClawRoutersError):
    """A provider refused the content."""

    kind = "ContentRefused"


class ProviderUnavailableError(ClawRoutersError):
    """Providers failed or all candidates are resting; see `attempts` and `retry_after`."""

    kind = "ProviderUnavailable"


class APITimeoutError(ClawRoutersError):
    """A time limit passed."""

    kind = "Timeout"


class CancelledRequestError(ClawRoutersError):
    """The caller cancelled."""

    kind = "Cancelled"


class StreamInterruptedError(ClawRoutersError):
    """A stream broke after output had begun; see `partial`."""

    kind = "StreamInterrupted"


class InternalError(ClawRoutersError):
    """A fault of this library."""

    kind = "Internal"


_CLASSES: dict[str, type[ClawRoutersError]] = {
    cls.kind: cls
    for cls in (
        InvalidRequestError,
        InvalidConfigError,
        AuthenticationError,
        PermissionDeniedError,
        RateLimitError,
        BudgetExceededError,
        NoCandidateError,
        ContextTooLongError,
        ContentRefusedError,
        ProviderUnavailableError,
        APITimeoutError,
        CancelledRequestError,
        StreamInterruptedError,
        InternalError,
    )
}

# For errors that are raised on this side of the border; the core states its own.
_STATUS = {"InvalidRequest": 400, "InvalidConfig": 400, "Cancelled": 499}


def _rebuild(cls: type[ClawRoutersError], fields: dict[str, Any]) -> ClawRoutersError:
    fields = dict(fields)
    return cls(fields.pop("message"), **fields)


def from_native(text: str) -> ClawRoutersError:
    """The exception for an error of the core, given as JSON."""
    fields = json.loads(text)
    return _rebuild(_CLASSES.get(fields["kind"], ClawRoutersError), fields)


def invalid_request(param: str, fix: str) -> InvalidRequestError:
    """An `InvalidRequestError` that names the field and the fix."""
    return InvalidRequestError(f"{param}: {fix}", param=param)


def invalid_config(param: str, fix: str) -> InvalidConfigError:
    """An `InvalidConfigError` that names the key and the fix."""
    return InvalidConfigError(f"{param}: {fix}", param=param)
