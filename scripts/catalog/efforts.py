"""Levels of effort: how the facts spell them in, one word of ours out."""

from __future__ import annotations

import re

from facts import Row, flag, words

# Weakest first. "on" is thinking of unstated strength, "" is not stated at all.
LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
ON = "on"
UNSTATED = ""

_IN_BRACKETS = re.compile(r"\(([^)]*)\)")


def of_variant(variant: str, label: str) -> str:
    """The level of a benchmark row, from its variant or else from its printed name."""
    stated = _level(variant)
    if stated != UNSTATED or not label:
        return stated
    for inside in _IN_BRACKETS.findall(label):
        stated = _level(inside)
        if stated != UNSTATED:
            return stated
    return UNSTATED


def _level(text: str) -> str:
    text = text.lower()
    if re.search(r"non-reasoning|no-?thinking|^none$|^base$", text):
        return "none"
    for word in ("minimal", "xhigh", "max", "medium", "low", "high"):
        if re.search(rf"(?<![a-z]){word}(?![a-su-z])", text):
            return word
    if re.search(r"reasoning|thinking|adaptive", text):
        return ON
    return UNSTATED


def default_effort(row: Row, maker: str) -> str | None:
    """The level the API applies when none is asked for, where that is known."""
    if flag(row["reasoning"]) is not True:
        return None
    levels = words(row["reasoning_effort_values"])
    if maker == "openai":
        if len(levels) == 1:
            return levels[0]
        # Its models take sampling parameters only while they do not think, so
        # one that takes them by default does not think by default.
        if "none" in levels and flag(row["temperature"]):
            return "none"
        return "medium" if "medium" in levels else None
    if maker == "anthropic" and "always_on" in row["reasoning_control"]:
        return "high" if "high" in levels else None
    return None


def scored_level(row: Row, maker: str) -> str:
    """The level whose scores stand for a request that asks for none."""
    known = default_effort(row, maker)
    if known is not None:
        return known
    if flag(row["reasoning"]) is not True:
        return UNSTATED
    control = row["reasoning_control"]
    if maker == "anthropic":
        # Thinking has to be asked for until the models that always do it.
        return "none" if "budget" in control or "toggle" in control else "high"
    return "high" if "high" in words(row["reasoning_effort_values"]) else ON


def top_level(row: Row) -> str:
    """The strongest level there is."""
    levels = words(row["reasoning_effort_values"])
    for level in reversed(LEVELS):
        if level in levels:
            return level
    return ON if flag(row["reasoning"]) else UNSTATED
