"""Errors: one class a kind, with every fact as an attribute."""

from __future__ import annotations

import pickle
from typing import Any

import clawrouters
import pytest
from clawrouters import ClawRoutersError, NoCandidateError, RateLimitError, Router, StreamInterruptedError, _errors
from conftest import HELLO
from fake import Fake

KINDS = {
    "InvalidRequest": clawrouters.InvalidRequestError,
    "InvalidConfig": clawrouters.InvalidConfigError,
    "Unauthenticated": clawrouters.AuthenticationError,
    "Forbidden": clawrouters.PermissionDeniedError,
    "RateLimited": clawrouters.RateLimitError,
    "BudgetExceeded": clawrouters.BudgetExceededError,
    "NoCandidate": clawrouters.NoCandidateError,
    "ContextTooLong": clawrouters.ContextTooLongError,
    "ContentRefused": clawrouters.ContentRefusedError,
    "ProviderUnavailable": clawrouters.ProviderUnavailableError,
    "Timeout": clawrouters.APITimeoutError,
    "Cancelled": clawrouters.CancelledRequestError,
    "StreamInterrupted": clawrouters.StreamInterruptedError,
    "Internal": clawrouters.InternalError,
}


@pytest.mark.parametrize(("kind", "cls"), KINDS.items())
def test_every_kind_has_its_class(kind: str, cls: type[ClawRoutersError]) -> None:
    error = _errors.from_native(f'{{"kind": "{kind}", "message": "m", "status_code": 418, "status": null}}')
    assert type(error) is cls
    assert isinstance(error, ClawRoutersError)
    assert (error.kind, error.message, error.status_code, error.status) == (kind, "m", 418, None)
    assert error.attempts == []
    assert error.partial is None


def test_kinds_that_come_later_are_the_base_class() -> None:
    error = _errors.from_native('{"kind": "Novel", "message": "m", "status_code": 400}')
    assert type(error) is ClawRoutersError
    assert error.kind == "Novel"


def test_a_provider_error_carries_its_facts(fake: Fake) -> None:
    failing = {
        "status": 429,
        "headers": {"retry-after": "7", "x-request-id": "req-9"},
        "error": {"code": "rate_limit_exceeded", "message": "slow down"},
    }
    run = fake.script({"providers": {"alpha": [failing]}})
    with pytest.raises(RateLimitError) as caught:
        Router(run.config()).chat.completions.create(model="alpha/big", messages=HELLO, timeout=3)
    error = caught.value
    assert (error.status, error.status_code, error.provider, error.model) == (429, 429, "alpha", "alpha/big")
    assert error.code == "rate_limit_exceeded"
    assert error.retry_after == pytest.approx(7, abs=0.5)
    assert error.request_id == "req-9"
    assert error.attempts[0].status == 429
    assert "key-alpha" not in str(error)


def test_errors_pickle_with_everything(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"status": 401, "error": {}}]}})
    with pytest.raises(clawrouters.AuthenticationError) as caught:
        Router(run.config()).chat.completions.create(model="alpha/big", messages=HELLO)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is clawrouters.AuthenticationError
    assert again.to_dict() == caught.value.to_dict()
    assert again.attempts == caught.value.attempts


def test_no_candidate_names_the_gate_of_each_model(fake: Fake) -> None:
    run = fake.script({"providers": {"alpha": [{"say": "Hi"}]}})
    config = run.config()
    config["models"][0]["context_window"] = 100
    with pytest.raises(ClawRoutersError) as caught:
        Router(config).chat.completions.create(
            model="pair", messages=[{"role": "user", "content": "word " * 5000}], route={"max_price": {"input": 0.1}}
        )
    error = caught.value
    assert isinstance(error, (NoCandidateError, clawrouters.ContextTooLongError))
    assert [r.model for r in error.refusals] == ["alpha/big"]
    assert run.requests() == []


def test_a_broken_stream_keeps_what_it_had(fake: Fake) -> None:
    reply: dict[str, Any] = {"say": "one two three", "chunks": 3, "fault": {"kind": "cut", "after_pieces": 2}}
    run = fake.script({"providers": {"alpha": [reply]}})
    stream = Router(run.config()).chat.completions.create(model="alpha/big", messages=HELLO, stream=True)
    pieces: list[str] = []
    with pytest.raises(StreamInterruptedError) as caught:
        pieces.extend(chunk.text for chunk in stream)
    text = "".join(pieces)
    assert text
    assert caught.value.partial is not None
    assert caught.value.partial.text == text
