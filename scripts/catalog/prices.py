"""Prices of one model: cells in USD for 1M tokens in, dated periods of rates out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from facts import Row, number

# The order of the list in the data files.
FIELDS = (
    "input",
    "output",
    "cached_input",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_in",
    "audio_out",
)
_FOLLOWS_OUTPUT = ("output", "reasoning", "audio_out")

Rates = dict[str, float]
Json = dict[str, Any]


def periods(row: Row, changes: list[Row]) -> list[Json]:
    """All periods of a model, earliest first; empty when its price is unknown."""
    base = _base(row)
    if "input" not in base and "output" not in base:
        return []
    now: Json = {"rates": listed(base)}
    tiers = _tiers(row, base)
    if tiers:
        now["tiers"] = [{"above": above, "rates": listed(rates)} for above, rates in tiers]
    quiet = _off_peak(row, base)
    if quiet:
        now["off_peak"] = quiet
    batch = _batch(row, base)
    if batch:
        now["batch"] = listed(batch)
    found = [now]
    for change in sorted(changes, key=lambda one: one["effective_from"]):
        start = date.fromisoformat(change["effective_from"])
        found[-1]["until"] = (start - timedelta(days=1)).isoformat()
        rates = moved(base, _given(change, "{}"))
        later: Json = {"from": start.isoformat(), "rates": listed(rates)}
        if batch:
            later["batch"] = listed(moved(batch, _scaled_pair(batch, base, rates)))
        found.append(later)
    return found


def listed(rates: Rates) -> list[float | int | None]:
    """Rates as a list without its unknown tail."""
    cells: list[float | int | None] = [_short(rates.get(name)) for name in FIELDS]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def moved(base: Rates, named: Rates) -> Rates:
    """New rates: what is named, and the rest moved in proportion to prompt or completion."""
    result: Rates = {}
    for name in FIELDS:
        if name in named:
            result[name] = named[name]
        elif name in base:
            lead = "output" if name in _FOLLOWS_OUTPUT else "input"
            result[name] = round(base[name] * _ratio(base, named, lead), 6)
    return result


def _ratio(base: Rates, named: Rates, lead: str) -> float:
    before, after = base.get(lead), named.get(lead)
    return after / before if before and after is not None else 1.0


def _base(row: Row) -> Rates:
    rates = _given(row, "price_{}")
    cached, prompt = rates.get("cached_input"), rates.get("input")
    if cached is not None and prompt is not None and cached > prompt:
        # No provider charges more for what it has kept: the cell is a mistake.
        del rates["cached_input"]
    if rates.get("reasoning") == rates.get("output"):
        rates.pop("reasoning", None)
    return rates


def _given(row: Row, pattern: str) -> Rates:
    found: Rates = {}
    for name in FIELDS:
        value = number(row.get(pattern.format(name), ""))
        if value is not None and value >= 0:
            found[name] = value
    return found


def _tiers(row: Row, base: Rates) -> list[tuple[int, Rates]]:
    steps: list[tuple[int, Rates]] = []
    if row["tiers_json"]:
        for step in json.loads(row["tiers_json"]):
            if step["above"] > 0:
                named = {name: float(step[name]) for name in FIELDS if name in step}
                steps.append((int(step["above"]), named))
    elif row["tier_threshold_tokens"]:
        steps.append((int(row["tier_threshold_tokens"]), _given(row, "tier_{}")))
    result = []
    for above, named in sorted(steps, key=lambda step: step[0]):
        # A zero beside a base rate that is unknown or not zero means "not stated".
        kept = {name: value for name, value in named.items() if value or base.get(name) == 0}
        rates = moved(base, kept)
        if rates != base:
            result.append((above, rates))
    return result


def _off_peak(row: Row, base: Rates) -> Json | None:
    if not row["off_peak_json"]:
        return None
    cell = json.loads(row["off_peak_json"])
    named = {
        ours: float(cell[theirs])
        for ours, theirs in (("input", "input"), ("output", "output"), ("cached_input", "cached"))
        if theirs in cell
    }
    windows = []
    for window in cell["windows"]:
        days = sum(1 << (weekday - 1) for weekday in window["weekdays"])
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            start, _, end = span.partition("-")
            windows.append({"days": days, "from": _minute(start), "until": _minute(end) or 1440})
    return {"windows": windows, "rates": listed(moved(base, named))}


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _batch(row: Row, base: Rates) -> Rates | None:
    named = _given(row, "batch_{}")
    dearer = any(named.get(name, 0) > base.get(name, 0) for name in ("input", "output"))
    return moved(base, named) if named and not dearer else None


def _scaled_pair(batch: Rates, before: Rates, after: Rates) -> Rates:
    return {name: round(batch[name] * _ratio(before, after, name), 6) for name in ("input", "output") if name in batch}


def _short(value: float | None) -> float | int | None:
    if value is None:
        return None
    value = round(value, 6)
    return int(value) if value == int(value) else value
