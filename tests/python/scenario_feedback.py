"""Scores of a scenario: what is told of a call's answer in, the request and its score out."""

from __future__ import annotations

from typing import Any


def due(scenario: dict[str, Any], route: Any) -> tuple[str, float] | None:
    """The request that is scored after a call, and its score; None where nothing is told."""
    said = scenario.get("feedback")
    if isinstance(said, dict) and "request_id" in said:
        return said["request_id"], said["score"]
    if route is None or said is None:
        return None
    score = said.get(route.model) if isinstance(said, dict) else said
    return None if score is None else (route.request_id, score)
