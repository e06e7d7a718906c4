"""Rows of models.csv in, the lines of the data files out, by provider."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import efforts
import makers
import prices
from facts import Row, day, flag, number, whole, words

Json = dict[str, Any]

# Columns of abilities, in the order in which they are written.
_ABILITIES = (
    ("tools", "tools"),
    ("parallel_tools", "parallel_tools"),
    ("tool_choice", "tool_choice_param"),
    ("forced_tool_choice", "forced_tool_choice"),
    ("vision", "vision"),
    ("audio_in", "audio_in"),
    ("video_in", "video_in"),
    ("pdf", "pdf"),
    ("json_mode", "json_mode"),
    ("json_schema", "json_schema"),
    ("streaming", "streaming"),
    ("system_prompt", "system_prompt"),
    ("assistant_prefill", "assistant_prefill"),
    ("reasoning", "reasoning"),
)
# What a provider does not take, no model of it takes; the columns have these names.
_VENDOR_SETTLES = ("json_schema", "forced_tool_choice")
# Served behind a chat interface without holding conversations.
_NO_CHAT = re.compile(
    r"content-safety|guard|^esm|sparsedrive|bevformer|streampetr|active-speaker|gliner|"
    r"riva-translate|nano-banana|usdvalidate|ember-1$|reward|mistral-code-fim"
)
_SAMPLING = ("temperature", "top_p")
_OPENAI_THINKING = (
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "presence_penalty",
    "stop",
    "top_logprobs",
)
_XAI_THINKING = ("frequency_penalty", "presence_penalty", "stop")
_STATUS = {"beta": "preview", "deprecated": "deprecated", "retired": "retired"}
# Where Claude is spoken to in its own form.
_CLAUDE_NATIVE = ("anthropic", "azure", "bedrock", "vertex")
_SHARED_BY_SNAPSHOT = (
    "context_window",
    "max_input_tokens",
    "max_output_tokens",
    "temperature",
    "family",
    "sunset_date",
    "prompt_cache_min_tokens",
    "open_weights",
    "knowledge_cutoff",
)
_DATED = re.compile(r"-(\d{4}-\d\d-\d\d|\d{8})$")


def build(rows: list[Row], schedule: list[Row], vendors: list[Json], as_of: str) -> dict[str, list[Json]]:
    """The lines of every provider's file, without aliases."""
    refused = {
        vendor["name"]: {ability for ability in _VENDOR_SETTLES if vendor.get("quirks", {}).get(ability) is False}
        for vendor in vendors
    }
    changes: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for change in schedule:
        changes[change["genai_prices_provider"], change["model_id"]].append(change)
    by_name = {(row["provider"], row["model_id"]): row for row in rows}
    rows = [_filled(row, by_name) for row in rows]
    batch_only = {
        (row["provider"], row["model_id"].removesuffix(":batch")): row
        for row in rows
        if row["model_id"].endswith(":batch")
    }
    found: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        key = (row["provider"], row["model_id"])
        if not _wanted(row, as_of):
            continue
        row = _with_batch(row, batch_only.get(key))
        row = {**row, **dict.fromkeys(refused.get(row["provider"], ()), "false")}
        found[row["provider"]].append(_line(row, changes.get(key, [])))
    for lines in found.values():
        lines.sort(key=lambda line: line["id"])
    return dict(found)


def _wanted(row: Row, as_of: str) -> bool:
    gone = row["status"] == "retired" or (row["sunset_date"] and row["sunset_date"] < as_of)
    if gone or row["model_id"].endswith(":batch"):
        return False
    return row["mode"] == "embedding" or not _NO_CHAT.search(row["canonical"])


def _with_batch(row: Row, batch: Row | None) -> Row:
    """Folds a provider's batch-only twin into the model it is a twin of."""
    if batch is None or row["batch_input"] or not batch["price_input"]:
        return row
    return {**row, "batch_input": batch["price_input"], "batch_output": batch["price_output"]}


def _filled(row: Row, by_name: dict[tuple[str, str], Row]) -> Row:
    """A dated snapshot takes what is unknown of it from the name that points to it."""
    name = _DATED.sub("", row["model_id"])
    twin = by_name.get((row["provider"], name))
    if name == row["model_id"] or twin is None or twin["canonical"] != row["canonical"]:
        return row
    shared = [column for _, column in _ABILITIES] + list(_SHARED_BY_SNAPSHOT)
    filled = {column: twin[column] for column in shared if not row[column]}
    unsaid = row["reasoning_control"] in ("", "none", "unspecified")
    if unsaid and not row["reasoning_effort_values"]:
        for column in ("reasoning_control", "reasoning_effort_values"):
            filled[column] = twin[column]
    return {**row, **filled}


def _line(row: Row, changes: list[Row]) -> Json:
    maker = makers.maker_of(row["canonical"], row["model_id"])
    periods = prices.periods(row, changes)
    can = [name for name, column in _ABILITIES if flag(row[column]) is True]
    cannot = [name for name, column in _ABILITIES if flag(row[column]) is False]
    name = row["display_name"]
    line: Json = {
        "id": row["model_id"],
        "name": name if name != row["model_id"] else None,
        "maker": maker,
        "canonical": row["canonical"],
        "family": row["family"],
        "released": day(row["release_date"]),
        "mode": row["mode"] if row["mode"] != "chat" else None,
        "context_window": whole(row["context_window"]),
        "max_input": whole(row["max_input_tokens"]),
        "max_output": whole(row["max_output_tokens"]),
        "prices": periods,
        "price_sources": whole(row["n_price_sources_agreeing"]),
        "can": " ".join(can),
        "cannot": " ".join(cannot),
        "parameters": _parameters(row, maker),
        "reasoning": _reasoning(row, maker),
        "status": _STATUS.get(row["status"]),
        "sunset": day(row["sunset_date"]),
        "free": _free(row) or None,
        "open_weights": flag(row["open_weights"]),
        "embedding_dim": whole(row["embedding_dim"]),
        "knowledge_cutoff": row["knowledge_cutoff"],
        "prompt_cache_min": whole(row["prompt_cache_min_tokens"]),
    }
    return {key: value for key, value in line.items() if value not in (None, "", [], {})}


def _free(row: Row) -> bool:
    """Free, cheap in exchange for data, or with a price that is only a surcharge."""
    if flag(row["free_or_zero_priced"]) or row["model_id"].endswith("-contributor"):
        return True
    if row["mode"] == "embedding":
        return number(row["price_input"]) == 0
    return 0 in (number(row["price_input"]), number(row["price_output"]))


def _parameters(row: Row, maker: str) -> Json:
    rejects: list[str] = []
    if flag(row["temperature"]) is False and row["mode"] != "embedding":
        rejects.extend(_SAMPLING)
        if maker == "openai" and row["provider"] in ("openai", "azure"):
            rejects.extend(_OPENAI_THINKING)
    if row["provider"] == "xai" and flag(row["reasoning"]):
        rejects.extend(_XAI_THINKING)
    return {"rejects": sorted(set(rejects))} if rejects else {}


def _reasoning(row: Row, maker: str) -> Json:
    if flag(row["reasoning"]) is not True:
        return {}
    control = set(row["reasoning_control"].split("+"))
    levels = words(row["reasoning_effort_values"])
    low, _, high = row["reasoning_budget_range"].partition("..")
    budget_min = int(low) if low and int(low) >= 0 else None
    found: Json = {
        "control": _control(row, maker, control, levels),
        "efforts": levels,
        "budget_min": budget_min,
        "budget_max": int(high) if high else None,
        "default_effort": efforts.default_effort(row, maker),
        "can_disable": _can_disable(control, levels, budget_min),
        "takes_budget": True if "budget" in control else None,
    }
    return {key: value for key, value in found.items() if value not in (None, [])}


def _control(row: Row, maker: str, control: set[str], levels: list[str]) -> str:
    if "effort" in control:
        if maker == "anthropic" and row["provider"] in _CLAUDE_NATIVE:
            # Before "max" came, a budget was the way and effort an addition.
            return "adaptive" if "max" in levels or "budget" not in control else "budget"
        return "effort"
    for word in ("budget", "toggle", "always_on"):
        if word in control:
            return word
    return "unspecified"


def _can_disable(control: set[str], levels: list[str], budget_min: int | None) -> bool | None:
    if "always_on" in control:
        return False
    if "toggle" in control or "none" in levels or budget_min == 0:
        return True
    return None
